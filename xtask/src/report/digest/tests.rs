//! Whole digests, as they look on a screen of 80 columns.

use super::*;
use crate::run::digest::UnitPlan;
use crate::tools::bound::Bounds;
use crate::tools::terraform::plan::{Action, Difference, Own, Plan, Side, Wanted, Why};

const RUNNER: &str = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner";
const KANIKO: &str = "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko";

fn difference(path: &str, before: Side, after: Side) -> Difference {
    Difference { path: path.to_owned(), before, after }
}

fn value(text: &str) -> Side {
    Side::Value(text.to_owned())
}

fn change(action: Action, name: &str, differences: Vec<Difference>, expected: Option<Why>) -> Change {
    let kind = name.split('.').next().unwrap_or_default().to_owned();
    Change {
        action,
        address: format!("module.ecs_deploy_runner.{name}"),
        kind,
        differences,
        expected,
        notes: Vec::new(),
    }
}

fn task(name: &str, image: &str) -> Change {
    let (old, new) = (value(&format!("{image}:v0.52.1")), value(&format!("{image}:v1.3.0")));
    let differences = vec![difference("container_definitions[0].image", old, new)];
    change(Action::Replace, &format!("aws_ecs_task_definition.{name}"), differences, Some(Why::ImageTag))
}

fn usual() -> Vec<Change> {
    let policy = vec![difference("policy", value("{}"), Side::Unknown)];
    let lambda = vec![difference("source_code_hash", value("a"), value("b"))];
    vec![
        task("planner", RUNNER),
        task("applier", RUNNER),
        change(Action::Change, "aws_iam_policy.invoke", policy, Some(Why::TaskArnUnseen)),
        change(Action::Change, "aws_lambda_function.invoker", lambda, Some(Why::SourceHash)),
        Change {
            action: Action::Change,
            address: "output.ecs_task_arns".to_owned(),
            kind: OUTPUT.to_owned(),
            differences: vec![difference("", value("[]"), Side::Unknown)],
            expected: Some(Why::Output),
            notes: Vec::new(),
        },
    ]
}

fn builder() -> Vec<Change> {
    usual().into_iter().chain([task("image_builder", KANIKO)]).collect()
}

fn unit(label: &str, changes: Vec<Change>) -> UnitPlan {
    let wanted = |image: &str, repository: &str| Wanted {
        image: image.to_owned(),
        repository: Some(repository.to_owned()),
        tag: Some("v1.3.0".to_owned()),
    };
    UnitPlan {
        label: label.to_owned(),
        plan: Plan { changes, ..Plan::default() },
        sha256: String::new(),
        own: Own { account_id: "100000000004".to_owned(), account: label.to_owned(), region: "us-east-1".to_owned() },
        wanted: vec![wanted("deploy-runner", RUNNER), wanted("kaniko", KANIKO)],
        bound: Bounds::default(),
        runs: Vec::new(),
        options: Vec::new(),
        ephemeral: Vec::new(),
        notes: Vec::new(),
    }
}

/// The digest, every line of which fits, unless it has a word that doesn't.
fn shown(units: &[UnitPlan]) -> String {
    let text = text(&Digest::of(units), WIDTH);
    for line in text.lines() {
        let has_long_word = line.split(' ').any(|word| shown_width(word) > WIDTH - INDENT);
        assert!(shown_width(line) <= WIDTH || has_long_word, "too long: {line}");
    }
    text
}

fn five() -> Vec<UnitPlan> {
    ["dev", "stage", "prod", "logs", "security"].map(|label| unit(label, usual())).into()
}

#[test]
fn usual_update() {
    let mut units = five();
    units.push(unit("shared", builder()));
    insta::assert_snapshot!("usual", shown(&units));
}

#[test]
fn what_an_update_does_not_make_comes_first_with_its_attributes() {
    let mut units = five();
    let task = vec![
        difference(
            "container_definitions[0].image",
            value(&format!("{RUNNER}:v0.52.1")),
            value(&format!("{RUNNER}:v1.3.0")),
        ),
        difference("container_definitions[0].environment.GITHUB_TOKEN", value("old"), value("new")),
        difference("container_definitions[0].secrets", Side::Sensitive, Side::Sensitive),
        difference("memory", value("512"), value("1024")),
        difference("task_role_arn", value("arn:aws:iam::100000000004:role/a-role-with-a-long-name"), Side::Unknown),
    ];
    units[2].plan.changes[0] = change(Action::Replace, "aws_ecs_task_definition.planner", task, None);
    let group = vec![difference("ingress[0].cidr_blocks[0]", Side::Nothing, value("0.0.0.0/0"))];
    units[2].plan.changes.push(change(Action::Change, "aws_security_group.runner", group, None));
    units[2].plan.images.unchecked.push("images: its plan has no task definition".to_owned());
    units[1].plan.images.unchecked.push("images: its plan has no task definition".to_owned());
    insta::assert_snapshot!("look-here", shown(&units));
}

#[test]
fn what_may_be_lost_for_good_is_marked() {
    let mut units = five();
    for unit in &mut units[..2] {
        unit.plan.changes.push(change(Action::Destroy, "aws_ecr_repository.images[\"a.b\"]", vec![], None));
    }
    let name = vec![difference("name", value("a"), value("b"))];
    units[2].plan.changes.push(change(Action::Replace, "aws_security_group.runner", name, None));
    units[3].plan.changes.push(change(Action::Forget, "aws_iam_role.old", vec![], None));
    insta::assert_snapshot!("destroys", shown(&units));
}

#[test]
fn units_that_do_different_things_are_groups_of_their_own() {
    let mut units = five();
    units[0].plan.changes.pop();
    units[1].plan.changes.clear();
    units[2].plan.changes.insert(
        0,
        change(Action::Move, "module.inner[\"x.y\"].aws_iam_role.that_has_a_rather_long_name_for_a_role", vec![], None),
    );
    units.push(unit("shared", builder()));
    insta::assert_snapshot!("mixed", shown(&units));
}

#[test]
fn many_units_fit_a_screen() {
    let mut units: Vec<_> = (1..=22).map(|n| unit(&format!("acme-team-{n:02}"), usual())).collect();
    units.extend([unit("shared", builder()), unit("prod", vec![])]);
    insta::assert_snapshot!("many", shown(&units));
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!("nothing", shown(&[unit("dev", vec![]), unit("prod", vec![])]));
}

#[test]
fn tags_of_any_length_are_told() {
    let mut units = five();
    let image = |tag: &str| value(&format!("{RUNNER}:{}", tag.repeat(128)));
    for unit in &mut units {
        let differences = vec![difference("container_definitions[0].image", image("a"), image("b"))];
        unit.plan.changes[0] = change(Action::Replace, "aws_ecs_task_definition.x", differences, Some(Why::ImageTag));
    }
    let shown = shown(&units);
    assert_eq!([shown.matches('b').count() >= 128, shown.matches("deploy-runner").count() > 1], [true; 2], "{shown}");
}

#[test]
fn older_release_is_called_a_downgrade() {
    let told = |before: &str, after: &str| {
        let mut units = five();
        for unit in &mut units {
            let [before, after] = [before, after].map(|tag| value(&format!("{RUNNER}:{tag}")));
            let differences = vec![difference("container_definitions[0].image", before, after)];
            let kind = "aws_ecs_task_definition.x";
            unit.plan.changes = vec![change(Action::Replace, kind, differences, Some(Why::ImageTag))];
        }
        shown(&units)
    };
    let back = "  Review       a downgrade of deploy-runner: v1.3.0 -> v1.2.0 (all units)\n               \
                otherwise no unexpected changes\n";
    assert!(told("v1.3.0", "v1.2.0").contains(back), "{}", told("v1.3.0", "v1.2.0"));
    for (before, after) in [("v1.2.0", "v1.10.0"), ("v1.3.0", "nightly"), ("nightly", "v1.3.0")] {
        assert!(told(before, after).contains("Review       no unexpected changes"), "{before} {after}");
    }
}

#[test]
fn what_has_to_be_looked_at_is_shown_in_full() {
    let mut units = five();
    let mut names: Vec<_> =
        (1..=12).map(|n| difference(&format!("input.name_{n:02}"), value("a"), value("b"))).collect();
    names.push(difference("input.principal", value("100000000006"), value("*")));
    let role = "arn:aws:iam::100000000004:role/a-role-whose-name-is-long-and-ends-with";
    names.push(difference("input.role", value(&format!("{role}-reader")), value(&format!("{role}-administrator"))));
    let rule = "10.0.0.0/16 ".repeat(300);
    names.push(difference("input.rules", value(&rule), value(&format!("{rule}0.0.0.0/0"))));
    names.push(difference("input.script", value(&"a".repeat(1500)), value(&"b".repeat(1500))));
    units[2].plan.changes.push(change(Action::Change, "terraform_data.x", names, None));
    let added = vec![
        difference("arn", Side::Nothing, Side::Unknown),
        difference("id", Side::Nothing, Side::Unknown),
        difference("policy.Statement[0].Action", Side::Nothing, value("*")),
        difference("policy.Statement[0].Resource", Side::Nothing, value(&format!("{role}-of-somebody"))),
        difference("password", Side::Nothing, value("swordfish")),
    ];
    units[2].plan.changes.push(change(Action::Add, "aws_iam_role_policy.x", added, None));
    insta::assert_snapshot!("in-full", shown(&units[2..3]));
}
