//! The digest as text.

use std::fmt::Write as _;

use crate::report::screen::count;
use crate::run::digest::{Digest, Group};
use crate::tools::terraform::plan::Action;

/// What all plans would do, as it is shown before the consent.
pub fn text(digest: &Digest) -> String {
    let mut text = String::new();
    for group in &digest.groups {
        text.push('\n');
        group_text(&mut text, group);
    }
    if !digest.unchanged.is_empty() {
        let n = digest.unchanged.len();
        let _ = write!(text, "\n  {:<13}{}   nothing to change\n", count(n, "unit"), digest.unchanged.join(" "));
    }
    let looks = if digest.losing.is_empty() {
        "nothing".to_owned()
    } else {
        format!("{} may lose something for good: marked with !", digest.losing.join(", "))
    };
    let _ = write!(text, "\n  Look here    {looks}\n");
    text
}

fn group_text(text: &mut String, group: &Group) {
    let n = group.labels.len();
    let same = if n == 1 { "" } else { "each " };
    let counts: Vec<_> = Action::ALL
        .iter()
        .map(|action| (action, group.changes.iter().filter(|change| change.action == *action).count()))
        .filter(|(_, n)| *n > 0)
        .map(|(action, n)| format!("{n} to {action}"))
        .collect();
    let _ = writeln!(text, "  {:<13}{}   {same}{}", count(n, "unit"), group.labels.join(" "), counts.join(", "));
    for change in &group.changes {
        let mark = if change.loses() { '!' } else { ' ' };
        let _ = writeln!(text, "  {mark} {:<9}{}", change.action.as_str(), change.address);
    }
    if group.n_outputs > 0 {
        let _ = writeln!(text, "    {:<9}{}", "change", count(group.n_outputs, "output"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::digest::UnitPlan;
    use crate::tools::terraform::plan::{Change, Plan};

    #[test]
    fn the_digest_names_every_address_and_what_is_lost() {
        let change = |action, address: &str| Change {
            action,
            address: address.to_owned(),
            kind: "aws_ecs_task_definition".to_owned(),
        };
        let usual = vec![change(Action::Replace, "m.planner"), change(Action::Change, "m.policy")];
        let plan = |label: &str, changes: Vec<Change>| UnitPlan {
            label: label.to_owned(),
            plan: Plan { changes, ..Plan::default() },
            sha256: String::new(),
        };
        let digest = Digest::of(&[
            plan("dev", usual.clone()),
            plan("logs", usual),
            plan("prod", vec![change(Action::Destroy, "m.bucket")]),
            plan("qa", vec![]),
        ]);
        assert_eq!(
            text(&digest),
            "
  2 units      dev logs   each 1 to change, 1 to replace
    replace  m.planner
    change   m.policy

  1 unit       prod   1 to destroy
  ! destroy  m.bucket

  1 unit       qa   nothing to change

  Look here    prod may lose something for good: marked with !
"
        );
    }
}
