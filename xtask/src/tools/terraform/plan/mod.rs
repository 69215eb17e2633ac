//! A saved plan, as `terraform show -json` prints it
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).

mod after;
mod alike;
mod change;
mod commands;
mod containers;
mod difference;
mod document;
mod expected;
pub mod families;
mod wanted;

pub use after::Surprise;
pub use alike::Own;
pub use change::{Action, Change, OUTPUT, TAINTED};
pub use containers::{is_image_path, split as split_image};
pub use difference::{Difference, Side, is_private};
pub use expected::Why;
pub use wanted::{Images, Wanted, gives};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::model::{AccountId, Reach, is_secret_name};
use crate::tools::hash::sha256;
use crate::tools::secrets;
use crate::tools::terraform::elsewhere;
use crate::tools::terraform::state::State;
use commands::Command;
use difference::Sides;
use document::{Document, ResourceChange};
use expected::{Case, Ground, TASK, why, without_revision};

/// What a plan would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The resources and outputs that it touches, in the plan's order.
    pub changes: Vec<Change>,
    /// What would act elsewhere than in the account that was proven.
    pub elsewhere: Vec<Reach>,
    /// The same of providers, by what the plan's JSON tells of them.
    pub providers_elsewhere: Vec<Reach>,
    /// Whether the task definitions have the images that the repository says.
    pub images: Images,
    /// Why applying it would not bring about all that is configured.
    pub incomplete: Vec<String>,
    /// The conditions of the configuration that don't hold.
    pub failed_checks: Vec<String>,
    /// What applying it runs, as far as the plan tells.
    pub runs: Vec<String>,
    /// Every text among the values that the module is given.
    pub inputs: Vec<String>,
    /// Those of them whose names say that they are secret.
    pub secrets: Vec<String>,
    /// The hash of all that it changes, and of the configuration and the values that this comes from, provisioners included:
    /// the same for two plans that do the same, and empty for one that does nothing or changes what is sensitive.
    pub values_sha256: String,
}

impl Plan {
    /// Names a command that runs where a resource, or something in a module, is destroyed; the address is as it is written in
    /// some module of the unit.
    pub fn runs_at_the_end_of(&mut self, from: &str, command: &str) {
        let from = commands::without_keys(from);
        let is_it = |address: &str| {
            let address = format!(".{}.", commands::without_keys(address));
            address.contains(&format!(".{from}."))
        };
        for change in self.changes.iter_mut().filter(|it| it.action == Action::Destroy && is_it(&it.address)) {
            change.notes.push(format!("runs {}", kind_of(command)));
            self.runs.push(format!("{command} of {}", change.address));
        }
    }

    /// The same with other words in every text of it that is shown.
    pub fn in_words(&mut self, words: impl Fn(&str) -> String) {
        let lists = [&mut self.incomplete, &mut self.failed_checks, &mut self.runs, &mut self.images.wrong];
        lists.into_iter().flatten().for_each(|text| *text = words(text));
        for change in &mut self.changes {
            change.address = words(&change.address);
            change.notes.iter_mut().for_each(|note| *note = words(note));
            change.differences.iter_mut().for_each(|difference| difference.in_words(&words));
        }
    }

    /// Whether applying it would change nothing at all.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What is not after an apply as it was before, in what was changed although its new text could not be seen, besides
/// revisions of task definitions. `shown` is the plan that was applied, `state` the state after it.
pub fn surprises(shown: &str, state: &State, reading: Reading<'_>) -> anyhow::Result<Vec<Surprise>> {
    let document = Document::read(shown).context("`show -json` printed no plan that can be read")?;
    let outputs = document.outputs();
    let touched = touched(&document, &outputs)?;
    let changes = changes(&document, &touched, &commands::of(&document.configuration), reading);
    Ok(after::surprises(&touched, &changes, state, reading))
}

/// The values that the module is given whose names say that they are secret.
pub fn secret_inputs(shown: &str) -> anyhow::Result<Vec<String>> {
    Ok(secrets_of(&Document::read(shown).context("`show -json` printed no plan that can be read")?))
}

fn secrets_of(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for (name, variable) in document.variables.as_object().into_iter().flatten() {
        secrets::inside(&variable["value"], is_secret_name(name), &mut found);
    }
    found
}

/// What a plan touches, with what it does to it.
fn touched<'d>(
    document: &'d Document,
    outputs: &'d [ResourceChange],
) -> anyhow::Result<Vec<(Action, &'d ResourceChange)>> {
    let mut touched = Vec::new();
    for resource in document.resource_changes.iter().chain(outputs) {
        if let Some(action) = resource.action()? {
            touched.push((action, resource));
        }
    }
    Ok(touched)
}

/// What the plan of a unit is read with.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The account that was proven.
    pub account: &'a AccountId,
    /// The roles that the settings declare.
    pub assumed_roles: &'a [String],
    /// The images that the unit is to have.
    pub wanted: &'a [Wanted],
}

/// Reads what Terraform printed for `show -json`.
pub fn read(output: &str, reading: Reading<'_>) -> anyhow::Result<Plan> {
    let document = Document::read(output).context("`show -json` printed no plan that can be read")?;
    if !document.format_version.starts_with("1.") {
        bail!("the plan has format version {}, and only 1.x is known", document.format_version);
    }
    if document.errored {
        bail!("the plan is of a run that failed, and covers only a part of the unit");
    }
    let account = reading.account;
    let outputs = document.outputs();
    let touched = touched(&document, &outputs)?;
    let commands = commands::of(&document.configuration);
    let mut changes = changes(&document, &touched, &commands, reading);
    changes.extend(document.action_invocations.iter().map(|it| Change::run(&it.address)));
    let triggered = touched.iter().flat_map(|(action, resource)| triggered(&commands, *action, resource));
    let programs = commands.iter().filter(|command| !command.is_provisioner);
    let of_resources = triggered.chain(programs).map(|command| format!("{} of {}", command.text, command.address));
    let of_actions = document.action_invocations.iter().map(|it| it.address.clone());
    let mut runs: Vec<_> = of_resources.chain(of_actions).collect();
    runs.sort();
    runs.dedup();
    let mut inputs = Vec::new();
    texts(&document.variables, &mut inputs);
    Ok(Plan {
        changes,
        elsewhere: elsewhere::in_state(&document.prior_state, account, reading.assumed_roles),
        providers_elsewhere: elsewhere::in_providers(&document.configuration, account, reading.assumed_roles),
        images: wanted::check(&document.planned_values, reading.wanted),
        incomplete: document.incomplete(),
        failed_checks: document.failed_checks(),
        runs,
        inputs,
        secrets: secrets_of(&document),
        values_sha256: hash_of(&touched, &json!([document.configuration, document.variables])),
    })
}

fn changes(
    document: &Document,
    touched: &[(Action, &ResourceChange)],
    commands: &[Command],
    reading: Reading<'_>,
) -> Vec<Change> {
    let remade = remade(touched, reading.account);
    let ground = Ground { wanted: reading.wanted, remade: &remade, account: reading.account.as_str() };
    let one = |(action, resource): &(Action, &ResourceChange)| {
        let is_added = *action == Action::Add && resource.kind == TASK;
        let before = is_added.then(|| predecessor(document, resource)).flatten();
        let runs: Vec<_> = triggered(commands, *action, resource).collect();
        change(*action, resource, before, ground, &runs)
    };
    touched.iter().map(one).collect()
}

/// The provisioners that a change runs.
fn triggered<'c>(
    commands: &'c [Command],
    action: Action,
    resource: &ResourceChange,
) -> impl Iterator<Item = &'c Command> {
    let address = commands::without_keys(&resource.address);
    let runs = matches!(action, Action::Add | Action::Replace | Action::Destroy);
    commands.iter().filter(move |it| runs && it.is_provisioner && it.address == address)
}

fn change(
    action: Action,
    resource: &ResourceChange,
    predecessor: Option<&Value>,
    ground: Ground<'_>,
    runs: &[&Command],
) -> Change {
    let differences = match action {
        Action::Add if predecessor.is_some() => {
            difference::between(Sides { before: predecessor, ..resource.change.sides() })
        }
        // All of it goes, or nothing does.
        Action::Destroy | Action::Forget | Action::Move | Action::Import | Action::Run => Vec::new(),
        Action::Add | Action::Change | Action::Replace => difference::between(resource.change.sides()),
    };
    let (address, kind) = (&resource.address, &resource.kind);
    // What takes the place of another is held to what that was.
    let judged = if predecessor.is_some() { Action::Replace } else { action };
    let name = |values: &Value| values["function_name"].as_str().map(str::to_owned);
    let function =
        name(&resource.change.before).filter(|_| name(&resource.change.before) == name(&resource.change.after));
    let case = Case { action: judged, kind, function: function.as_deref(), differences: &differences };
    let origin = resource.origin();
    // A command may do anything, whatever it is triggered by; and an update takes nothing over.
    let expected = why(case, ground).filter(|_| runs.is_empty() && origin.is_none());
    let tainted = resource.is_tainted().then(|| TAINTED.to_owned());
    let mut runs: Vec<_> = runs.iter().map(|command| format!("runs {}", kind_of(&command.text))).collect();
    runs.dedup();
    let notes = origin.into_iter().chain(tainted).chain(runs).collect();
    Change { action, address: address.clone(), kind: kind.clone(), differences, expected, notes }
}

/// The task definition of the same family that was there before one is added: under another address, or until somebody
/// else deregistered it.
fn predecessor<'d>(document: &'d Document, added: &ResourceChange) -> Option<&'d Value> {
    let family = added.change.after["family"].as_str()?;
    let drifted = document.resource_drift.iter().filter(|it| it.kind == TASK).map(|it| &it.change.before);
    let mut there = Vec::new();
    task_definitions(&document.prior_state["values"]["root_module"], &mut there);
    drifted.chain(there).find(|values| values["family"] == family)
}

fn task_definitions<'d>(module: &'d Value, found: &mut Vec<&'d Value>) {
    let resources = module["resources"].as_array().into_iter().flatten();
    found.extend(resources.filter(|it| it["mode"] == "managed" && it["type"] == TASK).map(|it| &it["values"]));
    module["child_modules"].as_array().into_iter().flatten().for_each(|child| task_definitions(child, found));
}

/// The first word of what is run.
fn kind_of(command: &str) -> &str {
    command.split(' ').next().unwrap_or(command)
}

/// The ARNs, without revisions, of the task definitions that get another revision, or how those end.
fn remade(touched: &[(Action, &ResourceChange)], account: &AccountId) -> Vec<String> {
    let tasks = touched.iter().filter(|(_, resource)| resource.kind == TASK);
    let arn = |(action, resource): &(Action, &ResourceChange)| match action {
        Action::Replace => resource.change.before["arn"].as_str().map(|arn| without_revision(arn).to_owned()),
        // Its predecessor has been destroyed already, by an apply that then failed.
        Action::Add => resource.change.after["family"].as_str().map(|it| format!(":{account}:task-definition/{it}")),
        _ => None,
    };
    tasks.filter_map(arn).collect()
}

/// Everything that is done, in one order. Empty, which is equal to nothing, where a part of it is sensitive: nobody could
/// tell from it whether that part is the same.
fn hash_of(touched: &[(Action, &ResourceChange)], made_from: &Value) -> String {
    let hides = |value: &Value, mask: &Value| masked(value, mask) != *value;
    let is_hidden = |(_, resource): &(Action, &ResourceChange)| {
        let change = &resource.change;
        hides(&change.before, &change.before_sensitive) || hides(&change.after, &change.after_sensitive)
    };
    if touched.iter().any(is_hidden) {
        return String::new();
    }
    let mut all: Vec<_> = touched
        .iter()
        .map(|(action, resource)| {
            let change = &resource.change;
            json!([resource.address, action.as_str(), change.before, change.after, change.after_unknown,]).to_string()
        })
        .collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort();
    all.push(made_from.to_string());
    sha256(all.join("\n"))
}

fn masked(value: &Value, mask: &Value) -> Value {
    match (value, mask) {
        (_, Value::Bool(true)) => "(sensitive)".into(),
        (Value::Object(parts), Value::Object(mask)) => {
            let part = |(name, value): (&String, &Value)| {
                (name.clone(), masked(value, mask.get(name).unwrap_or(&Value::Null)))
            };
            Value::Object(parts.iter().map(part).collect())
        }
        (Value::Array(parts), Value::Array(mask)) => {
            let part = |(n, value)| masked(value, mask.get(n).unwrap_or(&Value::Null));
            Value::Array(parts.iter().enumerate().map(part).collect())
        }
        (value, _) => value.clone(),
    }
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| texts(part, found)),
        Value::Object(parts) => parts.values().for_each(|part| texts(part, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
