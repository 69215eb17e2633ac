//! What all plans of a run would do, on one screen: units whose plans do the same are shown together.

use std::collections::BTreeMap;

use crate::tools::terraform::plan::{Change, Plan};

/// A plan and whose it is.
#[derive(Clone, Debug)]
pub struct UnitPlan {
    /// The unit's label.
    pub label: String,
    /// What it would do.
    pub plan: Plan,
    /// The hash of the plan file that this was read from.
    pub sha256: String,
}

impl UnitPlan {
    /// What it would do, as it is shown: a line for each resource, and one for the outputs.
    pub fn shown(&self) -> Vec<String> {
        let resources = self.plan.changes.iter().map(|change| format!("{} {}", change.action, change.address));
        let n = self.plan.n_outputs;
        resources.chain((n > 0).then(|| format!("change {n} outputs"))).collect()
    }
}

/// Units whose plans do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their labels, in order.
    pub labels: Vec<String>,
    /// What each of them does: gravest first, then by address.
    pub changes: Vec<Change>,
    /// How many outputs each of them changes.
    pub n_outputs: usize,
}

/// What all plans would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Units with changes, those that do the most first.
    pub groups: Vec<Group>,
    /// Units without any.
    pub unchanged: Vec<String>,
    /// Units that may lose something for good: see [`Change::loses`].
    pub losing: Vec<String>,
}

impl Digest {
    /// Puts the plans together.
    pub fn of(plans: &[UnitPlan]) -> Self {
        let mut groups: BTreeMap<(Vec<Change>, usize), Vec<String>> = BTreeMap::new();
        let mut unchanged = Vec::new();
        let mut losing = Vec::new();
        for UnitPlan { label, plan, .. } in plans {
            if plan.is_empty() {
                unchanged.push(label.clone());
                continue;
            }
            if plan.changes.iter().any(Change::loses) {
                losing.push(label.clone());
            }
            let mut changes = plan.changes.clone();
            changes.sort_by(|a, b| b.action.cmp(&a.action).then_with(|| a.address.cmp(&b.address)));
            groups.entry((changes, plan.n_outputs)).or_default().push(label.clone());
        }
        let mut groups: Vec<_> =
            groups.into_iter().map(|((changes, n_outputs), labels)| Group { labels, changes, n_outputs }).collect();
        groups.sort_by(|a, b| b.labels.len().cmp(&a.labels.len()).then_with(|| a.labels.cmp(&b.labels)));
        Self { groups, unchanged, losing }
    }

    /// How many units would be changed.
    pub fn n_changing(&self) -> usize {
        self.groups.iter().map(|group| group.labels.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::terraform::plan::Action;

    fn plan(label: &str, changes: &[(Action, &str)]) -> UnitPlan {
        let changes = changes
            .iter()
            .map(|(action, address)| Change {
                action: *action,
                address: (*address).to_owned(),
                kind: "aws_ecs_task_definition".to_owned(),
            })
            .collect();
        UnitPlan { label: label.to_owned(), plan: Plan { changes, ..Plan::default() }, sha256: String::new() }
    }

    #[test]
    fn units_that_do_the_same_are_shown_together() {
        let same = [(Action::Replace, "b"), (Action::Change, "a")];
        let reversed = [(Action::Change, "a"), (Action::Replace, "b")];
        let digest = Digest::of(&[
            plan("dev", &same),
            plan("logs", &reversed),
            plan("shared", &[(Action::Replace, "b")]),
            plan("prod", &[]),
        ]);
        let labels: Vec<_> = digest.groups.iter().map(|group| group.labels.join(" ")).collect();
        assert_eq!(labels, ["dev logs", "shared"]);
        assert_eq!(digest.groups[0].changes[0].action, Action::Replace, "the gravest comes first");
        assert_eq!(digest.unchanged, ["prod"]);
        assert_eq!(digest.n_changing(), 3);
        assert!(digest.losing.is_empty());
    }

    #[test]
    fn what_loses_something_is_singled_out() {
        let digest = Digest::of(&[plan("dev", &[(Action::Destroy, "a")]), plan("prod", &[(Action::Forget, "a")])]);
        assert_eq!(digest.losing, ["dev", "prod"]);
    }
}
