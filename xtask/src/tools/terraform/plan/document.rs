//! The parts of Terraform's JSON that are read.

use std::collections::BTreeMap;

use anyhow::bail;
use serde::Deserialize;
use serde_json::Value;

use super::change::{Action, OUTPUT};
use super::difference::Sides;

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) format_version: String,
    #[serde(default)]
    pub(super) errored: bool,
    #[serde(default)]
    pub(super) resource_changes: Vec<ResourceChange>,
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
    pub(super) change: ValueChange,
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

    /// The outputs, as if they were resources.
    pub(super) fn outputs(&self) -> Vec<ResourceChange> {
        let output = |(name, change): (&String, &ValueChange)| ResourceChange {
            address: format!("{OUTPUT}.{name}"),
            kind: OUTPUT.to_owned(),
            previous_address: None,
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
    /// What is done; `None` if nothing is.
    pub(super) fn action(&self) -> anyhow::Result<Option<Action>> {
        let actions: Vec<_> = self.change.actions.iter().map(String::as_str).collect();
        Ok(match actions[..] {
            ["read"] => None,
            ["no-op"] if self.change.importing.is_some() => Some(Action::Import),
            ["no-op"] if self.previous_address.as_ref().is_some_and(|before| *before != self.address) => {
                Some(Action::Move)
            }
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
