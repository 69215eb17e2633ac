//! A plan in words.

use serde_json::Value;

use super::change::{Action, Change};
use super::plan::Plan;
use super::resource::TASK;
use crate::out;

/// Prints a plan as Terraform prints it.
pub(super) fn print(plan: &Plan) {
    for before in plan.changes.iter().filter(|change| change.before.is_some()) {
        let id = before.before.as_ref().and_then(|before| before.get("id")).and_then(Value::as_str).unwrap_or_default();
        out::line(&format!("{}: Refreshing state... [id={id}]", before.address()));
    }
    if !plan.does_something() {
        out::line("\nNo changes. Your infrastructure matches the configuration.\n");
        out::line("Terraform has compared your real infrastructure against your configuration");
        out::line("and found no differences, so no changes are needed.");
        return;
    }
    out::line("\nTerraform used the selected providers to generate the following execution");
    out::line("plan. Resource actions are indicated with the following symbols:");
    for (action, sign) in [
        (Action::Create, "  + create"),
        (Action::Update, "  ~ update in-place"),
        (Action::Delete, "  - destroy"),
        (Action::Replace, "-/+ destroy and then create replacement"),
    ] {
        if plan.changes.iter().any(|change| change.action == action) {
            out::line(sign);
        }
    }
    out::line("\nTerraform will perform the following actions:");
    plan.changes.iter().filter(|change| change.does_something()).for_each(print_change);
    let count = plan.count();
    out::line(&format!("\nPlan: {} to add, {} to change, {} to destroy.", count.add, count.change, count.destroy));
}

fn print_change(change: &Change) {
    let (verb, sign) = match change.action {
        Action::Create => ("will be created", "  +"),
        Action::Update => ("will be updated in-place", "  ~"),
        Action::Replace => ("must be replaced", "-/+"),
        Action::Delete => ("will be destroyed", "  -"),
        Action::NoOp => return,
    };
    out::line(&format!("\n  # {} {verb}", change.address()));
    out::line(&format!("{sign} resource \"{}\" \"{}\" {{", change.kind, change.name));
    let empty = serde_json::Map::new();
    let (before, after) = (change.before.as_ref().unwrap_or(&empty), change.after.as_ref().unwrap_or(&empty));
    for (name, value) in after.iter().filter(|(name, value)| before.get(*name) != Some(*value)) {
        let why = if change.action == Action::Replace && change.kind == TASK { " # forces replacement" } else { "" };
        match before.get(name) {
            Some(old) => out::line(&format!("      ~ {name} = {old} -> {value}{why}")),
            None => out::line(&format!("      + {name} = {value}")),
        }
    }
    for name in &change.unknown {
        match before.get(name) {
            Some(old) => out::line(&format!("      ~ {name} = {old} -> (known after apply)")),
            None => out::line(&format!("      + {name} = (known after apply)")),
        }
    }
    out::line("    }");
}
