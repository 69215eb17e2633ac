//! `terraform show` of a saved plan, as JSON above all.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::change::{Action, Change};
use super::plan::Plan;
use super::resource::{Attributes, MODULE, TASK, address};
use super::state::State;
use super::{Folder, VERSION, describe, error, keys};
use crate::args::Parsed;
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// Prints a saved plan, or the state of the unit.
pub(super) fn run(world: &World, flags: &Parsed) -> Outcome {
    let [file] = flags.rest.as_slice() else { return state(world, flags) };
    let plan = Plan::read(Path::new(file)).map_err(|why| {
        error(
            "Failed to read the given file as a state or plan file",
            &format!("State read error: Error loading statefile: open {why}\n\nPlan read error: couldn't load the provided path as either a local plan file (open {why})"),
        )
    })?;
    match flags.is_set("json") {
        true => out::line(&json(&plan).to_string()),
        false => describe::print(&plan),
    }
    Ok(())
}

fn state(world: &World, flags: &Parsed) -> Outcome {
    if !flags.is_set("json") {
        return Err(Refusal::new(1, "rehearsal: the stand-in for terraform shows states as JSON only"));
    }
    let keys = keys(world)?;
    let state = State::read(&world.state(&keys.account, &Folder::current()?.initialized_key()?))?;
    let resources = state.resources();
    let resources: Vec<Value> = resources.iter().map(|it| managed(&it.kind, &it.name, &it.attributes)).collect();
    let mut json = json!({ "format_version": "1.0" });
    if !resources.is_empty() {
        json["terraform_version"] = VERSION.into();
        json["values"] = json!({ "root_module": module(resources) });
    }
    out::line(&json.to_string());
    Ok(())
}

/// The plan as Terraform's JSON, <https://developer.hashicorp.com/terraform/internals/json-format>.
fn json(plan: &Plan) -> Value {
    let mut json = json!({
        "format_version": "1.2",
        "terraform_version": VERSION,
        "variables": plan.variables,
        "planned_values": {
            "outputs": { "ecs_task_families": { "sensitive": false, "value": families(plan) } },
            "root_module": of_plan(plan.changes.iter().filter_map(|change| Some((change, change.after.as_ref()?)))),
        },
        "resource_changes": plan.changes.iter().map(resource_change).collect::<Vec<_>>(),
        "configuration": {
            "provider_config": {
                "aws": { "name": "aws", "full_name": PROVIDER, "expressions": { "region": { "constant_value": plan.region } } },
            },
            "root_module": { "module_calls": { "ecs_deploy_runner": { "source": "./ecs-deploy-runner", "module": {} } } },
        },
        "timestamp": plan.timestamp,
        "applyable": plan.does_something(),
        "complete": true,
        "errored": false,
    });
    if !plan.lineage.is_empty() {
        let before = plan.changes.iter().filter_map(|change| Some((change, change.before.as_ref()?)));
        json["prior_state"] = json!({ "format_version": "1.0", "terraform_version": VERSION, "values": { "root_module": of_plan(before) } });
    }
    json
}

/// The families by container, as the module puts them out.
fn families(plan: &Plan) -> Map<String, Value> {
    let tasks = plan.changes.iter().filter(|change| change.kind == TASK).filter_map(|change| change.after.as_ref());
    let families = tasks.filter_map(|task| task.get("family")?.as_str());
    let container = |family: &str| family.trim_start_matches("ecs-deploy-runner-").to_owned();
    families.map(|family| (container(family), family.into())).collect()
}

fn of_plan<'a>(resources: impl Iterator<Item = (&'a Change, &'a Attributes)>) -> Value {
    module(resources.map(|(change, values)| managed(&change.kind, &change.name, values)).collect())
}

fn managed(kind: &str, name: &str, values: &Attributes) -> Value {
    json!({
        "address": address(kind, name),
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": PROVIDER,
        "schema_version": 1,
        "values": values,
        "sensitive_values": {},
    })
}

fn module(resources: Vec<Value>) -> Value {
    json!({ "child_modules": [{ "resources": resources, "address": MODULE }] })
}

fn resource_change(change: &Change) -> Value {
    let unknown: Map<String, Value> = change.unknown.iter().map(|name| (name.clone(), true.into())).collect();
    let mut json = json!({
        "address": change.address(),
        "module_address": MODULE,
        "mode": "managed",
        "type": change.kind,
        "name": change.name,
        "provider_name": PROVIDER,
        "change": {
            "actions": change.action.names(),
            "before": change.before,
            "after": change.after,
            "after_unknown": unknown,
            "before_sensitive": if change.before.is_some() { json!({}) } else { json!(false) },
            "after_sensitive": if change.after.is_some() { json!({}) } else { json!(false) },
        },
    });
    if change.action == Action::Replace && change.kind == TASK {
        json["change"]["replace_paths"] = json!([["container_definitions"]]);
        json["action_reason"] = "replace_because_cannot_update".into();
    }
    json
}
