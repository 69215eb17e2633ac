//! Consent that carries over: a run that is taken up again need not ask for what was agreed to already.

use crate::report::screen::Tone;
use crate::run::digest::UnitPlan;
use crate::tasks::context::Resumed;
use crate::tasks::session::Session;

/// How consent was given, if the run that this one goes on with was given it for exactly these changes. What differs is
/// told.
pub(super) fn over(session: &Session<'_>, plans: &[UnitPlan]) -> Option<String> {
    let resumed = session.context.resumed.as_ref()?;
    let screen = &session.context.screen;
    let differences = differences(resumed, plans);
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

/// What differs from what was agreed to, unit by unit.
fn differences(resumed: &Resumed, plans: &[UnitPlan]) -> Vec<String> {
    let mut lines = Vec::new();
    for plan in plans.iter().filter(|plan| !plan.plan.is_empty()) {
        let Some(agreed) = resumed.agreed.get(&plan.label) else {
            lines.push(format!("  {}   was not agreed to", plan.label));
            continue;
        };
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
            lines.push(format!("  {}   the same resources, with other values", plan.label));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::Planned;
    use crate::tools::terraform::plan::{Action, Change, Own, Plan};

    fn plan(addresses: &[&str], values: &str) -> UnitPlan {
        let change = |address: &&str| Change {
            action: Action::Add,
            address: (*address).to_owned(),
            kind: "null_resource".to_owned(),
            differences: Vec::new(),
            expected: None,
        };
        let changes = addresses.iter().map(change).collect();
        let plan = Plan { changes, values_sha256: values.to_owned(), ..Plan::default() };
        UnitPlan { label: "dev".to_owned(), plan, sha256: String::new(), own: Own::default(), wanted: Vec::new() }
    }

    fn resumed(plan: &UnitPlan) -> Resumed {
        let planned = Planned {
            unit: "dev".to_owned(),
            changes: plan.shown(),
            changes_sha256: plan.plan.values_sha256.clone(),
            plan_sha256: "of another file".to_owned(),
        };
        Resumed { run: "r".to_owned(), agreed: [("dev".to_owned(), planned)].into() }
    }

    #[test]
    fn consent_covers_the_same_changes_with_the_same_values_and_nothing_else() {
        let agreed = plan(&["a", "b"], "1");
        let told = |now: &UnitPlan| differences(&resumed(&agreed), std::slice::from_ref(now));
        assert!(told(&plan(&["a", "b"], "1")).is_empty());
        assert!(told(&plan(&[], "")).is_empty(), "nothing is left to agree to");
        assert_eq!(told(&plan(&["a", "c"], "2")), ["  dev   + add c", "  dev   - add b"]);
        assert_eq!(told(&plan(&["a", "b"], "2")), ["  dev   the same resources, with other values"]);
        let other = UnitPlan { label: "prod".to_owned(), ..plan(&["a"], "1") };
        assert_eq!(told(&other), ["  prod   was not agreed to"]);
        assert!(!differences(&resumed(&plan(&["a"], "")), &[plan(&["a"], "")]).is_empty(), "no hash covers nothing");
    }
}
