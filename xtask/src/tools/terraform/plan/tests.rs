//! What a plan is read as.

use super::*;

fn plan(document: Value) -> anyhow::Result<Plan> {
    let account = AccountId::parse("100000000004").unwrap();
    read(&document.to_string(), Reading { account: &account, assumed_roles: &[], wanted: &[] })
}

fn with_change(change: Value) -> anyhow::Result<Vec<Action>> {
    let document = json!({ "format_version": "1.2", "resource_changes": [change] });
    Ok(plan(document)?.changes.into_iter().map(|change| change.action).collect())
}

#[test]
fn every_kind_of_change_is_told_apart() {
    for (actions, expected) in [
        (json!(["no-op"]), vec![]),
        (json!(["read"]), vec![]),
        (json!(["create"]), vec![Action::Add]),
        (json!(["update"]), vec![Action::Change]),
        (json!(["delete"]), vec![Action::Destroy]),
        (json!(["forget"]), vec![Action::Forget]),
        (json!(["delete", "create"]), vec![Action::Replace]),
        (json!(["create", "delete"]), vec![Action::Replace]),
    ] {
        let found = with_change(json!({ "address": "a.b", "change": { "actions": actions } }));
        assert_eq!(found.unwrap(), expected, "{actions}");
    }
    let moved = json!({ "address": "a.b", "previous_address": "a.c", "change": { "actions": ["no-op"] } });
    assert_eq!(with_change(moved).unwrap(), [Action::Move]);
    let imported = json!({ "address": "a.b", "change": { "actions": ["no-op"], "importing": {} } });
    assert_eq!(with_change(imported).unwrap(), [Action::Import]);
}

#[test]
fn what_is_not_known_is_refused_rather_than_passed_over() {
    assert!(with_change(json!({ "address": "a.b", "change": { "actions": ["explode"] } })).is_err());
    assert!(plan(json!({ "format_version": "2.0" })).is_err());
    assert!(plan(json!({ "format_version": "1.2", "errored": true })).is_err());
    let account = AccountId::parse("100000000004").unwrap();
    assert!(read("nothing here", Reading { account: &account, assumed_roles: &[], wanted: &[] }).is_err());
}

#[test]
fn a_plan_of_outputs_alone_is_not_empty() {
    let outputs = |action: &str| {
        plan(json!({ "format_version": "1.2", "output_changes": { "x": { "actions": [action] } } })).unwrap()
    };
    assert!(!outputs("update").is_empty());
    assert!(outputs("no-op").is_empty());
}

#[test]
fn policy_that_names_a_replaced_task_definition_is_expected_although_its_text_is_not_known() {
    let arn = |id: &str| format!("arn:aws:ecs:us-east-1:{id}:task-definition/runner:3");
    let of = |policy: &str| {
        let task = json!({
            "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition",
            "change": { "actions": ["delete", "create"], "before": { "arn": arn("100000000004") }, "after": {}, "after_unknown": { "arn": true } },
        });
        let policy = json!({
            "address": "aws_iam_policy.x", "type": "aws_iam_policy",
            "change": { "actions": ["update"], "before": { "policy": policy }, "after": {}, "after_unknown": { "policy": true } },
        });
        plan(json!({ "format_version": "1.2", "resource_changes": [task, policy] })).unwrap().changes[1].expected
    };
    assert_eq!(of(&format!("{{\"Resource\":\"{}\"}}", arn("100000000004"))), Some(Why::TaskArnUnseen));
    assert_eq!(of("{\"Resource\":\"*\"}"), None);
}

#[test]
fn hash_of_the_changes_is_that_of_what_is_done_and_none_where_something_is_sensitive() {
    let hash = |value: &str, unknown: bool, is_sensitive: bool| {
        let change = |address: &str| {
            json!({ "address": address, "type": "t", "change": {
                "actions": ["update"], "before": { "v": "old" }, "after": { "v": value },
                "after_unknown": { "u": unknown }, "before_sensitive": {}, "after_sensitive": { "v": is_sensitive },
            }})
        };
        let both = |changes: [Value; 2]| {
            plan(json!({ "format_version": "1.2", "resource_changes": changes })).unwrap().values_sha256
        };
        let one = both([change("a.a"), change("a.b")]);
        assert_eq!(one, both([change("a.b"), change("a.a")]), "the order says nothing");
        one
    };
    assert_eq!(hash("new", false, false), hash("new", false, false));
    assert_ne!(hash("new", false, false), hash("other", false, false));
    assert_ne!(hash("new", false, false), hash("new", true, false));
    assert_eq!(hash("new", false, true), "", "what nobody may see can't be said to be the same");
}

/// The expected reason, notes and what is run of the one change of a plan with this configuration.
fn one(change: Value, configuration: Value) -> (Option<Why>, Vec<String>, Vec<String>) {
    let account = AccountId::parse("100000000004").unwrap();
    let wanted = [Wanted {
        image: "deploy-runner".to_owned(),
        repository: Some("x/runner".to_owned()),
        tag: Some("v2".to_owned()),
    }];
    let document = json!({ "format_version": "1.2", "resource_changes": [change], "configuration": { "root_module": configuration } });
    let reading = Reading { account: &account, assumed_roles: &[], wanted: &wanted };
    let plan = read(&document.to_string(), reading).unwrap();
    let [change] = &plan.changes[..] else { panic!("one change") };
    (change.expected, change.notes.clone(), plan.runs)
}

#[test]
fn whatever_triggers_a_provisioner_has_to_be_looked_at() {
    let record = |actions: Value| {
        json!({ "address": "terraform_data.x[\"a\"]", "type": "terraform_data", "change": {
            "actions": actions, "before": { "input": "x/runner:v1" }, "after": { "input": "x/runner:v2" },
        } })
    };
    let exec = json!([{ "type": "local-exec", "expressions": { "command": { "constant_value": "curl evil" } } }]);
    let with = json!({ "resources": [{ "address": "terraform_data.x", "mode": "managed", "provisioners": exec }] });
    let runs = vec!["local-exec `curl evil` of terraform_data.x".to_owned()];
    let noted = vec!["runs local-exec".to_owned()];
    assert_eq!(one(record(json!(["delete", "create"])), json!({})), (Some(Why::ImageTag), vec![], vec![]));
    assert_eq!(one(record(json!(["delete", "create"])), with.clone()), (None, noted.clone(), runs.clone()));
    assert_eq!(one(record(json!(["create"])), with.clone()), (None, noted, runs));
    assert_eq!(one(record(json!(["update"])), with), (Some(Why::ImageTag), vec![], vec![]), "a change runs none");
}

#[test]
fn tainted_resource_says_so() {
    let task = json!({ "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition", "action_reason": "replace_because_tainted",
        "change": { "actions": ["delete", "create"], "before": { "image": "x/runner:v1" }, "after": { "image": "x/runner:v2" } } });
    assert_eq!(one(task, json!({})), (Some(Why::ImageTag), vec!["tainted".to_owned()], vec![]));
}

#[test]
fn what_a_plan_says_besides_its_changes_is_kept() {
    let plan = plan(json!({
        "format_version": "1.2", "complete": false, "deferred_changes": [{ "reason": "unknown" }],
        "checks": [
            { "address": { "to_display": "check.health" }, "status": "fail", "instances": [{ "problems": [{ "message": "it is down" }] }] },
            { "address": { "to_display": "output.x" }, "status": "pass" },
            { "address": { "to_display": "var.x" }, "status": "error" },
        ],
        "action_invocations": [{ "address": "action.aws_lambda_invoke.x" }],
    }))
    .unwrap();
    assert_eq!(
        plan.incomplete,
        ["Terraform says that the plan is not complete", "changes that can't be planned yet: 1"]
    );
    assert_eq!(plan.failed_checks, ["check.health does not hold: it is down", "var.x does not hold"]);
    assert_eq!(plan.runs, ["action.aws_lambda_invoke.x"]);
    assert!(!plan.is_empty() && plan.changes[0].expected.is_none(), "what is run has to be looked at");
}

#[test]
fn added_task_definition_is_held_to_the_one_that_was_there_before() {
    let values = |tag: &str, role: &str| {
        let containers = json!([{ "name": "r", "image": format!("x/runner:{tag}") }]).to_string();
        json!({ "family": "runner", "container_definitions": containers, "task_role_arn": role })
    };
    let expected = |drift: Option<Value>, role: &str| {
        let added = json!({ "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition", "change": {
            "actions": ["create"], "after": values("v2", role), "after_unknown": { "arn": true, "revision": true },
        } });
        let drift: Vec<_> = drift
            .into_iter()
            .map(|before| json!({ "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition", "change": { "actions": ["delete"], "before": before } }))
            .collect();
        let account = AccountId::parse("100000000004").unwrap();
        let wanted =
            [Wanted { image: "r".to_owned(), repository: Some("x/runner".to_owned()), tag: Some("v2".to_owned()) }];
        let document = json!({ "format_version": "1.2", "resource_changes": [added], "resource_drift": drift });
        let reading = Reading { account: &account, assumed_roles: &[], wanted: &wanted };
        read(&document.to_string(), reading).unwrap().changes[0].expected
    };
    assert_eq!(expected(None, "a"), None, "there is nothing to compare it with");
    assert_eq!(expected(Some(values("v1", "a")), "a"), Some(Why::ImageTag));
    assert_eq!(expected(Some(values("v1", "a")), "b"), None, "another role");
}

#[test]
fn what_could_not_be_seen_before_an_apply_is_compared_after_it() {
    let arn = |n: u32| format!("arn:aws:ecs:us-east-1:100000000004:task-definition/runner:{n}");
    let policy = |action: &str, resources: Vec<String>| {
        json!({ "Statement": [{ "Action": action, "Resource": resources }] }).to_string()
    };
    let task = json!({ "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition", "change": {
        "actions": ["delete", "create"], "before": { "arn": arn(3) }, "after": {}, "after_unknown": { "arn": true } } });
    let change = json!({ "address": "module.m.aws_iam_policy.x", "type": "aws_iam_policy", "change": {
        "actions": ["update"], "before": { "name": "x", "policy": policy("ecs:RunTask", vec![arn(3)]) },
        "after": { "name": "x" }, "after_unknown": { "policy": true } } });
    let shown = json!({ "format_version": "1.2", "resource_changes": [task, change] }).to_string();
    let account = AccountId::parse("100000000004").unwrap();
    let reading = Reading { account: &account, assumed_roles: &[], wanted: &[] };
    let after = |policy: Option<String>| {
        let resource = |policy| json!({ "address": "module.m.aws_iam_policy.x", "mode": "managed", "type": "aws_iam_policy", "values": { "name": "x", "policy": policy }, "sensitive_values": {} });
        let resources: Vec<_> = policy.map(resource).into_iter().collect();
        let state = json!({ "format_version": "1.0", "values": { "root_module": { "child_modules": [{ "resources": resources }] } } });
        let told = |it: &Surprise| {
            let path = it.difference.as_ref().map_or("gone", |difference| &difference.path);
            format!("{} {path}", it.address)
        };
        surprises(&shown, &State::read(&state.to_string()).unwrap(), reading)
            .unwrap()
            .iter()
            .map(told)
            .collect::<Vec<_>>()
    };
    assert!(after(Some(policy("ecs:RunTask", vec![arn(4)]))).is_empty(), "another revision");
    assert_eq!(after(Some(policy("*", vec![arn(4)]))), ["module.m.aws_iam_policy.x policy.Statement[0].Action"]);
    let wider = after(Some(policy("ecs:RunTask", vec![arn(4), arn(5).replace("runner", "other")])));
    assert_eq!(wider, ["module.m.aws_iam_policy.x policy.Statement[0].Resource[1]"]);
    assert_eq!(after(None), ["module.m.aws_iam_policy.x gone"]);
    assert!(State::read("no state").is_err());
}

#[test]
fn what_is_taken_over_or_moved_is_never_expected_whatever_else_is_done_to_it() {
    let task =
        |tag: &str| json!({ "container_definitions": json!([{ "image": format!("x/runner:{tag}") }]).to_string() });
    let replaced = |more: Value| {
        let mut change = json!({
            "address": "aws_ecs_task_definition.x", "type": "aws_ecs_task_definition",
            "change": { "actions": ["delete", "create"], "before": task("v1"), "after": task("v2") },
        });
        for (key, value) in more.as_object().unwrap() {
            let place = if key == "importing" { &mut change["change"][key] } else { &mut change[key] };
            *place = value.clone();
        }
        let document = json!({ "format_version": "1.2", "resource_changes": [change] }).to_string();
        let wanted = [Wanted { image: "r".to_owned(), repository: None, tag: Some("v2".to_owned()) }];
        let account = AccountId::parse("100000000004").unwrap();
        read(&document, Reading { account: &account, assumed_roles: &[], wanted: &wanted }).unwrap().changes.remove(0)
    };
    assert_eq!(replaced(json!({})).expected, Some(Why::ImageTag));
    let imported = replaced(json!({ "importing": { "id": "arn:of:somebody" } }));
    assert_eq!((imported.expected, imported.notes), (None, vec!["imports arn:of:somebody".to_owned()]));
    let moved = replaced(json!({ "previous_address": "aws_ecs_task_definition.y" }));
    assert_eq!((moved.expected, moved.notes), (None, vec!["moved from aws_ecs_task_definition.y".to_owned()]));
}

#[test]
fn what_runs_where_a_resource_is_removed_is_named_with_it_and_marks_its_row() {
    let change = |address: &str, action: &str| json!({ "address": address, "change": { "actions": [action] } });
    let changes =
        [change("module.m[\"a\"].x.old[0]", "delete"), change("x.older", "delete"), change("x.old", "update")];
    let mut plan = plan(json!({ "format_version": "1.2", "resource_changes": changes })).unwrap();
    plan.runs_at_the_end_of("x.old", "local-exec `echo bye`");
    assert_eq!(plan.runs, ["local-exec `echo bye` of module.m[\"a\"].x.old[0]"]);
    let notes: Vec<_> = plan.changes.iter().map(|change| change.notes.concat()).collect();
    assert_eq!(notes, ["runs local-exec", "", ""]);
}
