//! What has to change so that a state becomes what the inputs want.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::resource::{Attributes, Inputs, LAMBDA, POLICY, Resource, TASK, address, policy_of};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    NoOp,
    Create,
    Update,
    Replace,
    Delete,
}

impl Action {
    /// The actions as the JSON of a plan lists them.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::NoOp => &["no-op"],
            Self::Create => &["create"],
            Self::Update => &["update"],
            Self::Replace => &["delete", "create"],
            Self::Delete => &["delete"],
        }
    }
}

/// The change of one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) before: Option<Attributes>,
    /// Without what is known only after the apply.
    pub(super) after: Option<Attributes>,
    /// Attributes that are known only after the apply.
    pub(super) unknown: Vec<String>,
}

impl Change {
    pub(super) fn address(&self) -> String {
        address(&self.kind, &self.name)
    }

    /// Whether anything is done.
    pub(super) fn does_something(&self) -> bool {
        self.action != Action::NoOp
    }
}

/// Counts of what is added, changed and destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) destroy: usize,
}

impl Count {
    /// Adds what one change does.
    pub(super) fn add(&mut self, action: Action) {
        self.add += usize::from(matches!(action, Action::Create | Action::Replace));
        self.change += usize::from(action == Action::Update);
        self.destroy += usize::from(matches!(action, Action::Delete | Action::Replace));
    }

    /// Counts what changes do.
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut count = Self::default();
        changes.iter().for_each(|change| count.add(change.action));
        count
    }
}

/// Compares a state with what is wanted, in the order in which it is applied.
pub(super) fn changes(prior: &[Resource], inputs: &Inputs) -> Vec<Change> {
    let wanted = inputs.wanted();
    let mut changes: Vec<Change> = Vec::new();
    for wanted in &wanted {
        let before = prior.iter().find(|prior| prior.address() == wanted.address());
        let stale = wanted.kind == POLICY && policy_is_stale(before, &changes);
        changes.push(change(before, wanted, stale));
    }
    for gone in prior.iter().filter(|prior| !wanted.iter().any(|wanted| wanted.address() == prior.address())) {
        changes.push(Change {
            kind: gone.kind.clone(),
            name: gone.name.clone(),
            action: Action::Delete,
            before: Some(gone.attributes.clone()),
            after: None,
            unknown: Vec::new(),
        });
    }
    changes
}

fn change(before: Option<&Resource>, wanted: &Resource, stale: bool) -> Change {
    let computed: &[&str] = match wanted.kind.as_str() {
        TASK => &["arn", "id", "revision"],
        POLICY => &["arn", "id", "policy"],
        _ => &["arn", "id", "last_modified"],
    };
    let same =
        |before: &Resource| wanted.attributes.iter().all(|(name, value)| before.attributes.get(name) == Some(value));
    let (action, unknown): (Action, &[&str]) = match before {
        None => (Action::Create, computed),
        Some(before) if same(before) && !stale => (Action::NoOp, &[]),
        Some(_) => match wanted.kind.as_str() {
            TASK => (Action::Replace, computed),
            LAMBDA => (Action::Update, &["last_modified"]),
            _ => (Action::Update, &["policy"]),
        },
    };
    let mut after = match (action, before) {
        (Action::Create | Action::Replace, _) | (_, None) => Attributes::new(),
        (_, Some(before)) => before.attributes.clone(),
    };
    after.extend(wanted.attributes.clone());
    after.retain(|name, _| !unknown.contains(&name.as_str()));
    Change {
        kind: wanted.kind.clone(),
        name: wanted.name.clone(),
        action,
        before: before.map(|before| before.attributes.clone()),
        after: Some(after),
        unknown: unknown.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Whether the policy names other task definitions than there will be.
fn policy_is_stale(before: Option<&Resource>, tasks: &[Change]) -> bool {
    if tasks.iter().any(Change::does_something) {
        return true;
    }
    let arn = |task: &Change| task.before.as_ref()?.get("arn").and_then(Value::as_str).map(str::to_owned);
    let arns: Vec<String> = tasks.iter().filter_map(arn).collect();
    before
        .is_some_and(|before| before.text("policy") != policy_of(&arns.iter().map(String::as_str).collect::<Vec<_>>()))
}
