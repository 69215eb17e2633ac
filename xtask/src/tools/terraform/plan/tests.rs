//! What a plan is read as.

use super::*;

fn plan(document: Value) -> anyhow::Result<Plan> {
    let account = AccountId::parse("100000000004").unwrap();
    read(&format!("a line of a log\n{document}\n"), Reading { account: &account, assumed_roles: &[], wanted: &[] })
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
