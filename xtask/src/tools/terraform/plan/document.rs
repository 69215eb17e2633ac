//! The parts of Terraform's JSON that are read.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::change::{Action, OUTPUT};
use super::difference::Sides;

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) format_version: String,
    #[serde(default)]
    pub(super) errored: bool,
    /// Whether everything that differs is planned; Terraform says so since 1.8, OpenTofu doesn't.
    complete: Option<bool>,
    #[serde(default)]
    deferred_changes: Vec<IgnoredAny>,
    #[serde(default)]
    checks: Vec<Check>,
    #[serde(default)]
    pub(super) action_invocations: Vec<Invocation>,
    #[serde(default)]
    pub(super) resource_changes: Vec<ResourceChange>,
    /// What somebody else has changed since the last apply.
    #[serde(default)]
    pub(super) resource_drift: Vec<ResourceChange>,
    #[serde(default)]
    output_changes: BTreeMap<String, ValueChange>,
    #[serde(default)]
    pub(super) prior_state: Value,
    #[serde(default)]
    pub(super) planned_values: Value,
    #[serde(default)]
    pub(super) variables: Value,
    #[serde(default)]
    pub(super) configuration: Value,
}

#[derive(Deserialize)]
pub(super) struct ResourceChange {
    pub(super) address: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    previous_address: Option<String>,
    action_reason: Option<String>,
    pub(super) change: ValueChange,
}

/// Something that a provider does besides resources, since Terraform 1.14.
#[derive(Deserialize)]
pub(super) struct Invocation {
    pub(super) address: String,
}

/// A condition in the configuration: a `check` block, or one of a resource, output or variable.
#[derive(Deserialize)]
struct Check {
    address: CheckAddress,
    status: String,
    #[serde(default)]
    instances: Vec<CheckInstance>,
}

#[derive(Deserialize)]
struct CheckAddress {
    to_display: String,
}

#[derive(Deserialize)]
struct CheckInstance {
    #[serde(default)]
    problems: Vec<CheckProblem>,
}

#[derive(Deserialize)]
struct CheckProblem {
    message: String,
}

#[derive(Clone, Deserialize)]
pub(super) struct ValueChange {
    actions: Vec<String>,
    #[serde(default)]
    pub(super) before: Value,
    #[serde(default)]
    pub(super) after: Value,
    #[serde(default)]
    pub(super) after_unknown: Value,
    #[serde(default)]
    pub(super) before_sensitive: Value,
    #[serde(default)]
    pub(super) after_sensitive: Value,
    importing: Option<Value>,
}

impl Document {
    /// The one document that Terraform printed, with nothing before it and nothing after it.
    pub(super) fn read(output: &str) -> serde_json::Result<Self> {
        serde_json::from_str(output)
    }

    /// Why applying it would not bring about all that is configured.
    pub(super) fn incomplete(&self) -> Vec<String> {
        let says_so = (self.complete == Some(false)).then(|| "Terraform says that the plan is not complete".to_owned());
        let n = self.deferred_changes.len();
        let deferred = (n > 0).then(|| format!("changes that can't be planned yet: {n}"));
        says_so.into_iter().chain(deferred).collect()
    }

    /// The conditions that don't hold.
    pub(super) fn failed_checks(&self) -> Vec<String> {
        let failed = self.checks.iter().filter(|check| matches!(check.status.as_str(), "fail" | "error"));
        let told = |check: &Check| {
            let problems = check.instances.iter().flat_map(|instance| &instance.problems);
            let messages: Vec<_> = problems.map(|problem| problem.message.as_str()).collect();
            let head = format!("{} does not hold", check.address.to_display);
            if messages.is_empty() { head } else { format!("{head}: {}", messages.join("; ")) }
        };
        failed.map(told).collect()
    }

    /// The outputs, as if they were resources.
    pub(super) fn outputs(&self) -> Vec<ResourceChange> {
        let output = |(name, change): (&String, &ValueChange)| ResourceChange {
            address: format!("{OUTPUT}.{name}"),
            kind: OUTPUT.to_owned(),
            previous_address: None,
            action_reason: None,
            change: change.clone(),
        };
        self.output_changes.iter().map(output).collect()
    }
}

impl ValueChange {
    pub(super) fn sides(&self) -> Sides<'_> {
        Sides {
            before: Some(&self.before),
            after: Some(&self.after),
            before_sensitive: &self.before_sensitive,
            after_sensitive: &self.after_sensitive,
            unknown: &self.after_unknown,
        }
    }
}

impl ResourceChange {
    /// Whether it is made anew because an earlier apply of it failed half-way.
    pub(super) fn is_tainted(&self) -> bool {
        self.action_reason.as_deref() == Some("replace_because_tainted")
    }

    /// What it was before it came into this unit's state, or under this address: told whatever else is done to it.
    pub(super) fn origin(&self) -> Option<String> {
        let imported = self.change.importing.as_ref().map(|importing| match &importing["id"] {
            Value::String(id) => format!("imports {id}"),
            _ => "imports something that is known after the apply only".to_owned(),
        });
        imported.or_else(|| self.moved_from().map(|before| format!("moved from {before}")))
    }

    fn moved_from(&self) -> Option<&str> {
        self.previous_address.as_deref().filter(|before| *before != self.address)
    }

    /// What is done; `None` if nothing is.
    pub(super) fn action(&self) -> anyhow::Result<Option<Action>> {
        let actions: Vec<_> = self.change.actions.iter().map(String::as_str).collect();
        Ok(match actions[..] {
            ["read"] => None,
            ["no-op"] if self.change.importing.is_some() => Some(Action::Import),
            ["no-op"] if self.moved_from().is_some() => Some(Action::Move),
            ["no-op"] => None,
            ["create"] => Some(Action::Add),
            ["update"] => Some(Action::Change),
            ["delete"] => Some(Action::Destroy),
            ["forget"] => Some(Action::Forget),
            ["delete", "create"] | ["create", "delete"] | ["create", "forget"] => Some(Action::Replace),
            _ => bail!("the plan wants to `{}` {}, which is not known", actions.join(", "), self.address),
        })
    }
}
