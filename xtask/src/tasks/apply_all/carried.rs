//! Consent that carries over: a run that is taken up again need not ask for what was agreed to already.

use crate::report::screen::Tone;
use crate::run::digest::UnitPlan;
use crate::run::event::INTERRUPTED;
use crate::run::journal::Selected;
use crate::tasks::context::{FailedApply, Resumed};
use crate::tasks::ready::Workable;
use crate::tasks::record;
use crate::tasks::session::Session;
use crate::tools::terraform::plan::{Action, TAINTED};

/// How consent was given, if the run that this one goes on with was given it for exactly these changes. What differs is
/// told.
pub(super) fn over(session: &Session<'_>, plans: &[UnitPlan], units: &[Workable<'_>]) -> Option<String> {
    let resumed = session.context.resumed.as_ref()?;
    let screen = &session.context.screen;
    let now: Vec<_> = units.iter().map(record::unit).collect();
    let differences = differences(resumed, plans, &now);
    if differences.is_empty() {
        screen.say(Tone::Good, "Consent", format!("carried over from run {}: the same changes", resumed.run));
        return Some(format!("carried over from {}", resumed.run));
    }
    if !resumed.agreed.is_empty() {
        let about = format!("from what was agreed to in run {}, so it is asked again", resumed.run);
        screen.insist(Tone::Warning, "Differs", about);
        differences.iter().for_each(|line| screen.insist_line(line));
    }
    None
}

/// Says of what Terraform makes anew after an apply that did not succeed whose apply that was.
pub(super) fn name_half_done(resumed: Option<&Resumed>, plans: &mut [UnitPlan], units: &[Workable<'_>]) {
    let Some(resumed) = resumed else { return };
    for plan in plans {
        let unit = units.iter().find(|unit| unit.label == plan.label);
        if let Some(apply) = unit.and_then(|unit| resumed.failed.get(unit.unit.path.as_str())) {
            half_done_by(apply, plan);
        }
    }
}

fn half_done_by(apply: &FailedApply, plan: &mut UnitPlan) {
    let run = &apply.run;
    let whose = match apply.result.as_str() {
        "failed" => "whose apply failed",
        INTERRUPTED => "whose apply was interrupted",
        _ => "whose apply was not seen to end",
    };
    for change in &mut plan.plan.changes {
        for note in change.notes.iter_mut().filter(|note| *note == TAINTED) {
            *note = format!("{TAINTED} by run {run}, {whose}");
        }
        if change.action == Action::Add && apply.replaced.contains(&change.address) {
            change.notes.insert(0, format!("destroyed, not created, by run {run}, {whose}"));
        }
    }
}

/// What differs from what was agreed to, unit by unit.
fn differences(resumed: &Resumed, plans: &[UnitPlan], units: &[Selected]) -> Vec<String> {
    let mut lines = Vec::new();
    for plan in plans.iter().filter(|plan| !plan.plan.is_empty()) {
        let Some(agreed) = resumed.agreed.get(&plan.label) else {
            lines.push(format!("  {}   was not agreed to", plan.label));
            continue;
        };
        // The label of a unit may be the name of its account, which may be another one by now.
        if !units.iter().any(|unit| unit.label == plan.label && resumed.units.contains(unit)) {
            lines.push(format!("  {}   was in another account, region or folder", plan.label));
            continue;
        }
        if agreed.changes_sha256 == plan.plan.values_sha256 && !agreed.changes_sha256.is_empty() {
            continue;
        }
        let now = plan.shown();
        let more =
            now.iter().filter(|line| !agreed.changes.contains(line)).map(|line| format!("  {}   + {line}", plan.label));
        let less =
            agreed.changes.iter().filter(|line| !now.contains(line)).map(|line| format!("  {}   - {line}", plan.label));
        let before = lines.len();
        lines.extend(more.chain(less));
        if lines.len() == before {
            lines.push(format!("  {}   the same resources, with other values, commands or files", plan.label));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::Planned;
    use crate::tools::terraform::plan::{Change, Own, Plan};

    fn plan(addresses: &[&str], values: &str) -> UnitPlan {
        let change = |address: &&str| Change {
            action: Action::Add,
            address: (*address).to_owned(),
            kind: "null_resource".to_owned(),
            differences: Vec::new(),
            expected: None,
            notes: Vec::new(),
        };
        let changes = addresses.iter().map(change).collect();
        let plan = Plan { changes, values_sha256: values.to_owned(), ..Plan::default() };
        UnitPlan {
            label: "dev".to_owned(),
            plan,
            sha256: String::new(),
            own: Own::default(),
            wanted: Vec::new(),
            bound: crate::tools::bound::Bounds::default(),
            runs: Vec::new(),
            options: Vec::new(),
            ephemeral: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn resumed(plan: &UnitPlan) -> Resumed {
        let planned = Planned {
            unit: "dev".to_owned(),
            changes: plan.shown(),
            changes_sha256: plan.plan.values_sha256.clone(),
            plan_sha256: "of another file".to_owned(),
        };
        Resumed {
            run: "r".to_owned(),
            agreed: [("dev".to_owned(), planned)].into(),
            units: vec![unit("4")],
            failed: std::collections::BTreeMap::new(),
        }
    }

    fn unit(account_id: &str) -> Selected {
        let [label, path, account, region] = ["dev", "dev/x", "dev", "us-east-1"].map(str::to_owned);
        Selected { label, path, account, account_id: account_id.to_owned(), region }
    }

    #[test]
    fn consent_covers_the_same_changes_with_the_same_values_and_nothing_else() {
        let agreed = plan(&["a", "b"], "1");
        let told = |now: &UnitPlan| differences(&resumed(&agreed), std::slice::from_ref(now), &[unit("4")]);
        assert!(told(&plan(&["a", "b"], "1")).is_empty());
        assert!(told(&plan(&[], "")).is_empty(), "nothing is left to agree to");
        assert_eq!(told(&plan(&["a", "c"], "2")), ["  dev   + add c", "  dev   - add b"]);
        assert_eq!(told(&plan(&["a", "b"], "2")), ["  dev   the same resources, with other values, commands or files"]);
        let other = UnitPlan { label: "prod".to_owned(), ..plan(&["a"], "1") };
        assert_eq!(told(&other), ["  prod   was not agreed to"]);
        assert!(
            !differences(&resumed(&plan(&["a"], "")), &[plan(&["a"], "")], &[unit("4")]).is_empty(),
            "no hash covers nothing"
        );
    }
    #[test]
    fn consent_does_not_carry_over_into_another_account() {
        let agreed = plan(&["a"], "1");
        let told = |units: &[Selected]| differences(&resumed(&agreed), std::slice::from_ref(&agreed), units);
        assert!(told(&[unit("4")]).is_empty());
        assert_eq!(told(&[unit("6")]), ["  dev   was in another account, region or folder"]);
        assert!(!told(&[]).is_empty());
    }

    #[test]
    fn what_an_apply_left_half_done_is_called_so() {
        let left = |result: &str| {
            let mut plan = plan(&["aws_ecs_task_definition.x", "null_resource.y", "null_resource.z"], "1");
            plan.plan.changes[0].notes = vec![TAINTED.to_owned(), "runs local-exec".to_owned()];
            plan.plan.changes[2].action = Action::Change;
            let replaced = ["null_resource.y", "null_resource.z"].map(str::to_owned).into();
            half_done_by(&FailedApply { run: "k3f".to_owned(), result: result.to_owned(), replaced }, &mut plan);
            plan.plan.changes.iter().map(|change| change.notes.join(", ")).collect::<Vec<_>>()
        };
        assert_eq!(
            left("failed"),
            [
                "tainted by run k3f, whose apply failed, runs local-exec",
                "destroyed, not created, by run k3f, whose apply failed",
                "",
            ]
        );
        assert!(left("interrupted")[0].starts_with("tainted by run k3f, whose apply was interrupted"));
    }
}
