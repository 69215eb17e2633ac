//! The table, case by case.

use super::*;

const OLD: &str = "2.dkr.ecr.us-east-1.amazonaws.com/runner:v0.52.1";
const NEW: &str = "2.dkr.ecr.us-east-1.amazonaws.com/runner:v1.3.0";
const ARN: &str = "arn:aws:ecs:us-east-1:100000000004:task-definition/runner-planner";

fn value(text: &str) -> Side {
    match text {
        "" => Side::Nothing,
        "?" => Side::Unknown,
        "***" => Side::Sensitive,
        text => Side::Value(text.to_owned()),
    }
}

fn judged(action: Action, kind: &str, differences: &[(&str, &str, &str)]) -> Option<Why> {
    let differences: Vec<_> = differences
        .iter()
        .map(|(path, before, after)| Difference {
            path: (*path).to_owned(),
            before: value(before),
            after: value(after),
        })
        .collect();
    let wanted = [Wanted {
        image: "deploy-runner".to_owned(),
        repository: Some("2.dkr.ecr.us-east-1.amazonaws.com/runner".to_owned()),
        tag: Some("v1.3.0".to_owned()),
    }];
    let remade = [ARN.to_owned()];
    let ground = Ground { wanted: &wanted, remade: &remade, account: "100000000004" };
    why(Case { action, kind, function: Some("ecs-deploy-runner-invoker"), differences: &differences }, ground)
}

#[test]
fn only_what_an_update_moves_is_expected() {
    use Action::{Add, Change, Destroy, Forget, Import, Move, Replace};
    let image = ("container_definitions[0].image", OLD, NEW);
    let revised = (format!("{ARN}:3"), format!("{ARN}:4"));
    let (before, after) = (revised.0.as_str(), revised.1.as_str());
    let document = format!("{{\"Resource\":\"{ARN}:3\"}}");
    let other = "arn:aws:ecs:us-east-1:100000000004:task-definition/another:4";
    let [any, any_but_one] = ["3", "4"].map(|n| format!("arn:aws:ecs:us-east-1:100000000004:task-definition/*:{n}"));
    let (any, any_but_one) = (any.as_str(), any_but_one.as_str());
    let elsewhere = "arn:aws:ecs:us-east-1:100000000006:task-definition/runner-planner:4";
    for (action, kind, differences, expected) in [
        (
            Replace,
            TASK,
            &[image, ("arn", before, "?"), ("revision", "3", "?"), ("id", "x", "?")][..],
            Some(Why::ImageTag),
        ),
        (Replace, TASK, &[image, ("memory", "512", "1024")], None),
        (Replace, TASK, &[image, ("container_definitions[0].environment.TOKEN", "a", "b")], None),
        (Replace, TASK, &[("container_definitions[0].image", OLD, "evil/runner:v1.3.0")], None),
        (Replace, TASK, &[("container_definitions[0].image", NEW, OLD)], None),
        (Replace, TASK, &[("container_definitions", "[]", "?")], None),
        (Replace, TASK, &[("container_definitions", "***", "***")], None),
        (Replace, TASK, &[("arn", before, "?")], None),
        (Add, TASK, &[("container_definitions[0].image", "", NEW), ("memory", "", "512")], None),
        (Add, TASK, &[("container_definitions[0].image", "", OLD)], None),
        (Add, TASK, &[("container_definitions", "", "?")], None),
        (Destroy, TASK, &[image], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, after)], Some(Why::TaskArn)),
        (Change, "aws_iam_policy", &[("policy", &document, "?")], Some(Why::TaskArnUnseen)),
        (Change, "aws_iam_policy", &[("policy", "{\"Resource\":\"*\"}", "?")], None),
        (Change, "aws_iam_policy", &[("policy", &document.replace(":3", "-of-another:3"), "?")], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, "*")], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[1]", "", after)], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[1]", "", other)], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, other)], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, &format!("{ARN}:*"))], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, ARN)], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", any, any_but_one)], None),
        (Change, "aws_iam_policy", &[("policy.Statement[0].Resource[0]", before, elsewhere)], None),
        (
            Change,
            "aws_iam_policy",
            &[("policy.Statement[0].Action", "a", "*"), ("policy.Statement[0].Resource[0]", before, after)],
            None,
        ),
        (Change, "aws_iam_policy", &[], None),
        (Replace, "aws_iam_policy", &[("policy", &document, "?")], None),
        (
            Change,
            "aws_cloudwatch_event_target",
            &[("ecs_target[0].task_definition_arn", before, "?")],
            Some(Why::TaskArnUnseen),
        ),
        (Change, LAMBDA, &[("source_code_hash", "a", "b"), ("last_modified", "t", "?")], Some(Why::SourceHash)),
        (
            Change,
            LAMBDA,
            &[
                ("source_code_hash", "a", "b"),
                ("filename", "/r/.terragrunt-cache/a/b/x.zip", "/r/.terragrunt-cache/c/d/x.zip"),
            ],
            Some(Why::SourceHash),
        ),
        (Change, LAMBDA, &[("source_code_hash", "a", "b"), ("filename", "/a/x.zip", "/tmp/x.zip")], None),
        (Change, LAMBDA, &[("source_code_hash", "a", "b"), ("handler", "a", "b")], None),
        (Change, LAMBDA, &[("last_modified", "t", "?")], None),
        (
            Add,
            "terraform_data",
            &[("triggers_replace[0]", "", NEW), ("id", "", "?"), ("input.arn", "", after)],
            Some(Why::TaskArn),
        ),
        (Replace, "terraform_data", &[("triggers_replace[0]", OLD, NEW), ("id", "x", "?")], Some(Why::ImageTag)),
        (Replace, "terraform_data", &[("triggers_replace[0]", "a", "b")], None),
        (Replace, "null_resource", &[("triggers.always", "1", "2")], None),
        (Destroy, "terraform_data", &[], None),
        (Change, OUTPUT, &[("", "3", "?")], Some(Why::Output)),
        (Change, OUTPUT, &[("", "a", "b")], None),
        (Add, OUTPUT, &[("", "", "b")], Some(Why::Output)),
        (Destroy, OUTPUT, &[("", "a", "")], None),
        (Add, "aws_iam_role", &[("name", "", "x")], None),
        (Change, "aws_iam_role", &[("assume_role_policy", "a", "b")], None),
        (Move, TASK, &[], None),
        (Import, TASK, &[], None),
        (Forget, TASK, &[], None),
    ] {
        assert_eq!(judged(action, kind, differences), expected, "{action} {kind} {differences:?}");
    }
}

#[test]
fn only_the_invokers_code_may_change_unseen() {
    let difference = Difference { path: "source_code_hash".to_owned(), before: value("a"), after: value("b") };
    let case = |function| Case {
        action: Action::Change,
        kind: LAMBDA,
        function,
        differences: std::slice::from_ref(&difference),
    };
    let ground = Ground { wanted: &[], remade: &[], account: "100000000004" };
    assert_eq!(why(case(Some("ecs-deploy-runner-invoker")), ground), Some(Why::SourceHash));
    assert_eq!(why(case(Some("payments")), ground), None, "whatever its module is called");
    assert_eq!(why(case(None), ground), None);
}
