//! A saved plan, as `terraform show -json` prints it
//! (<https://developer.hashicorp.com/terraform/internals/json-format>).

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::model::AccountId;
use crate::tools::terraform::{elsewhere, values};

/// What a plan would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The resources that it touches, in the plan's order.
    pub changes: Vec<Change>,
    /// How many outputs get another value.
    pub n_outputs: usize,
    /// The hash of the changes with all their values: equal for two plans that would do exactly the same.
    pub values_sha256: String,
    /// What would act in another account than the one that was proven.
    pub elsewhere: Vec<String>,
}

impl Plan {
    /// Whether applying it would change nothing at all.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.n_outputs == 0
    }
}

/// One resource that a plan touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// Where, such as `module.ecs_deploy_runner.aws_ecs_task_definition.planner`.
    pub address: String,
    /// The type of the resource, such as `aws_ecs_task_definition`.
    pub kind: String,
}

/// Types of which nothing is lost when one is destroyed and made anew: a new revision, or a record in the state alone.
const LOSES_NOTHING: [&str; 3] = ["aws_ecs_task_definition", "null_resource", "terraform_data"];

impl Change {
    /// Whether something may be gone for good: what is destroyed or forgotten, and what is made anew without what it held.
    pub fn loses(&self) -> bool {
        match self.action {
            Action::Destroy | Action::Forget => true,
            Action::Replace => !LOSES_NOTHING.contains(&self.kind.as_str()),
            Action::Move | Action::Import | Action::Add | Action::Change => false,
        }
    }
}

/// What is done to a resource, gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It gets another address in the state, and is otherwise left alone.
    Move,
    /// It is taken into the state, and is otherwise left alone.
    Import,
    /// It is made.
    Add,
    /// It is changed in place.
    Change,
    /// It is destroyed and made anew.
    Replace,
    /// It is taken out of the state, and lives on.
    Forget,
    /// It is destroyed.
    Destroy,
}

impl Action {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] =
        [Self::Add, Self::Change, Self::Replace, Self::Destroy, Self::Forget, Self::Import, Self::Move];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Import => "import",
            Self::Add => "add",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Deserialize)]
struct Document {
    format_version: String,
    #[serde(default)]
    errored: bool,
    #[serde(default)]
    resource_changes: Vec<ResourceChange>,
    #[serde(default)]
    output_changes: BTreeMap<String, OutputChange>,
    #[serde(default)]
    prior_state: Value,
    #[serde(default)]
    configuration: Value,
}

#[derive(Deserialize)]
struct ResourceChange {
    address: String,
    #[serde(rename = "type", default)]
    kind: String,
    previous_address: Option<String>,
    change: ActionsOf,
}

#[derive(Deserialize)]
struct ActionsOf {
    actions: Vec<String>,
    importing: Option<Value>,
}

#[derive(Deserialize)]
struct OutputChange {
    actions: Vec<String>,
}

/// Reads what terragrunt printed for `show -json`. Lines around the document, which some versions log to the same place,
/// are passed over. `assumed_roles` are the roles that the settings declare.
pub fn read(output: &str, account: &AccountId, assumed_roles: &[String]) -> anyhow::Result<Plan> {
    let (document, text): (Document, &str) = output
        .lines()
        .filter(|line| line.starts_with('{'))
        .find_map(|line| Some((serde_json::from_str(line).ok()?, line)))
        .context("`show -json` printed no plan that can be read")?;
    if !document.format_version.starts_with("1.") {
        bail!("the plan has format version {}, and only 1.x is known", document.format_version);
    }
    if document.errored {
        bail!("the plan is of a run that failed, and covers only a part of the unit");
    }
    let mut changes = Vec::new();
    for resource in &document.resource_changes {
        if let Some(action) = action_of(resource)? {
            changes.push(Change { action, address: resource.address.clone(), kind: resource.kind.clone() });
        }
    }
    let n_outputs = document.output_changes.values().filter(|change| change.actions != ["no-op"]).count();
    let elsewhere = elsewhere::find(&document.prior_state, &document.configuration, account, assumed_roles);
    let values_sha256 = values::sha256(&serde_json::from_str(text)?);
    Ok(Plan { changes, n_outputs, values_sha256, elsewhere })
}

fn action_of(resource: &ResourceChange) -> anyhow::Result<Option<Action>> {
    let actions: Vec<_> = resource.change.actions.iter().map(String::as_str).collect();
    Ok(match actions[..] {
        ["read"] => None,
        ["no-op"] if resource.change.importing.is_some() => Some(Action::Import),
        ["no-op"] if resource.previous_address.as_ref().is_some_and(|before| *before != resource.address) => {
            Some(Action::Move)
        }
        ["no-op"] => None,
        ["create"] => Some(Action::Add),
        ["update"] => Some(Action::Change),
        ["delete"] => Some(Action::Destroy),
        ["forget"] => Some(Action::Forget),
        ["delete", "create"] | ["create", "delete"] | ["create", "forget"] => Some(Action::Replace),
        _ => bail!("the plan wants to `{}` {}, which is not known", actions.join(", "), resource.address),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(document: Value) -> anyhow::Result<Plan> {
        read(&format!("a line of a log\n{document}\n"), &AccountId::parse("100000000004").unwrap(), &[])
    }

    fn with_change(change: Value) -> anyhow::Result<Vec<Action>> {
        let document = serde_json::json!({ "format_version": "1.2", "resource_changes": [change] });
        Ok(plan(document)?.changes.into_iter().map(|change| change.action).collect())
    }

    #[test]
    fn every_kind_of_change_is_told_apart() {
        for (actions, expected) in [
            (serde_json::json!(["no-op"]), vec![]),
            (serde_json::json!(["read"]), vec![]),
            (serde_json::json!(["create"]), vec![Action::Add]),
            (serde_json::json!(["update"]), vec![Action::Change]),
            (serde_json::json!(["delete"]), vec![Action::Destroy]),
            (serde_json::json!(["forget"]), vec![Action::Forget]),
            (serde_json::json!(["delete", "create"]), vec![Action::Replace]),
            (serde_json::json!(["create", "delete"]), vec![Action::Replace]),
        ] {
            let found = with_change(serde_json::json!({ "address": "a.b", "change": { "actions": actions } }));
            assert_eq!(found.unwrap(), expected, "{actions}");
        }
        let moved =
            serde_json::json!({ "address": "a.b", "previous_address": "a.c", "change": { "actions": ["no-op"] } });
        assert_eq!(with_change(moved).unwrap(), [Action::Move]);
        let imported = serde_json::json!({ "address": "a.b", "change": { "actions": ["no-op"], "importing": {} } });
        assert_eq!(with_change(imported).unwrap(), [Action::Import]);
    }

    #[test]
    fn what_is_not_known_is_refused_rather_than_passed_over() {
        assert!(with_change(serde_json::json!({ "address": "a.b", "change": { "actions": ["explode"] } })).is_err());
        assert!(plan(serde_json::json!({ "format_version": "2.0" })).is_err());
        assert!(plan(serde_json::json!({ "format_version": "1.2", "errored": true })).is_err());
        assert!(read("nothing here", &AccountId::parse("100000000004").unwrap(), &[]).is_err());
    }

    #[test]
    fn a_replacement_loses_what_the_resource_held() {
        let change = |action, kind: &str| Change { action, address: "a".to_owned(), kind: kind.to_owned() };
        assert!(change(Action::Replace, "aws_ecr_repository").loses());
        assert!(change(Action::Destroy, "aws_ecs_task_definition").loses());
        assert!(!change(Action::Replace, "aws_ecs_task_definition").loses());
        assert!(!change(Action::Change, "aws_ecr_repository").loses());
    }

    #[test]
    fn a_plan_of_outputs_alone_is_not_empty() {
        let document =
            serde_json::json!({ "format_version": "1.2", "output_changes": { "x": { "actions": ["update"] } } });
        assert!(!plan(document).unwrap().is_empty());
        let document =
            serde_json::json!({ "format_version": "1.2", "output_changes": { "x": { "actions": ["no-op"] } } });
        assert!(plan(document).unwrap().is_empty());
    }
}
