//! Units of Terraform alone: the fixtures `standalone-*`, and small trees for each rule.

use super::{Tree, fixture, texts};
use crate::model::ImageName;
use crate::repo::{Repository, Unit, UnitKind, UnitTag};

fn shown(unit: &Unit, image: ImageName) -> String {
    let Some(uses) = unit.image(image) else { return "-".to_owned() };
    let uri = uses.uri.as_result().map_or_else(|why| format!("?{why}"), |uri| uri.repository().to_owned());
    let tag = uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
    let pins: Vec<_> = uses.deciders.iter().filter_map(|decider| decider.pin.as_ref()).collect();
    let mut pins: Vec<_> = pins.iter().map(|pin| format!("{}:{}", pin.file, pin.line)).collect();
    pins.dedup();
    format!("{uri}:{tag} by {}", if pins.is_empty() { "no pin".to_owned() } else { pins.join(" and ") })
}

fn summaries(repo: &Repository) -> Vec<String> {
    assert_eq!(texts(repo.all_problems()), "");
    let summary = |unit: &Unit| {
        assert_eq!(unit.kind, UnitKind::Terraform);
        for pin in unit.images.values().flatten().flat_map(|uses| &uses.deciders).filter_map(|it| it.pin.as_ref()) {
            let bytes = repo.bytes_of(&pin.file).expect("it was read");
            assert_eq!(bytes[pin.span.clone()], *format!("{:?}", pin.value).as_bytes(), "{pin:?}");
        }
        let region = unit.region.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
        let [runner, kaniko] = ImageName::ALL.map(|image| shown(unit, image));
        let account = unit.account.value().map_or_else(|| "no account".to_owned(), ToString::to_string);
        format!("{} in {account} {region}: {runner} | {kaniko}", unit.path)
    };
    repo.units.iter().map(summary).collect()
}

#[test]
fn standalone_units_in_all_their_shapes_are_read() {
    let cases: [(&str, &[&str]); 10] = [
        (
            "standalone-tfvars",
            &[
                "live/dev/us-east-1/runner in 100000000004 dev us-east-1: \
                 ecs-deploy-runner:v0.52.1 by live/dev/us-east-1/runner/terraform.tfvars:7 and \
                 live/dev/us-east-1/runner/terraform.tfvars:14 | -",
                "live/prod/us-east-1/runner in 100000000006 prod us-east-1: \
                 ecs-deploy-runner:v0.50.12 by live/prod/us-east-1/runner/terraform.tfvars:7 and \
                 live/prod/us-east-1/runner/terraform.tfvars:14 | -",
                "live/shared/us-east-1/runner in 100000000002 shared us-east-1: \
                 ecs-deploy-runner:v0.52.1 by live/shared/us-east-1/runner/terraform.tfvars:7 and \
                 live/shared/us-east-1/runner/terraform.tfvars:14 | \
                 kaniko:v0.52.1 by live/shared/us-east-1/runner/terraform.tfvars:20",
            ],
        ),
        (
            "standalone-plain",
            &["pipelines in no account us-west-2: \
               ecs-deploy-runner:v0.52.1 by pipelines/main.tf:11 | kaniko:v0.52.0 by pipelines/main.tf:27"],
        ),
        (
            "standalone-standard",
            &[". in 100000000004 100000000004 eu-west-1: \
               ecs-deploy-runner:v0.52.1 by main.tf:8 | kaniko:v0.52.0 by configuration.tf:7"],
        ),
        (
            "standalone-vendored",
            &["live/dev in 100000000004 100000000004 us-east-1: ecs-deploy-runner:v0.57.4 by \
               live/dev/main.tf:14 and live/dev/main.tf:17 and vendor/runner/variables.tf:14 | kaniko:v0.57.1 by live/dev/main.tf:20"],
        ),
        (
            "standalone-defaults",
            &["pipelines in 100000000004 100000000004 eu-west-1: \
               ecs-deploy-runner:v0.59.1 by pipelines/variables.tf:17 | kaniko:v0.58.0 by pipelines/variables.tf:27"],
        ),
        (
            "standalone-tutorial",
            &[". in 100000000004 100000000004 us-west-2: \
               ecs-deploy-runner:v0.51.4 by locals.tf:9 | kaniko:v0.51.4 by locals.tf:10"],
        ),
        (
            "standalone-images-map",
            &["ci in 100000000005 100000000005 us-east-2: \
               ecs-deploy-runner:deploy-runner-v1 by ci/main.tf:13 | ecs-deploy-runner:kaniko-v1 by ci/main.tf:13"],
        ),
        (
            "standalone-order",
            &["runner in 100000000006 100000000006 us-east-1: \
               ecs-deploy-runner:v0.5.0 by runner/9.auto.tfvars.json:3 | kaniko:v0.6.0 by runner/9.auto.tfvars.json:2"],
        ),
        (
            "standalone-unknown",
            &["runner in 100000000004 100000000004 us-east-1: \
               ?`module.ecr.urls` is an output of another module:\
               ?the variable `tag` has no default, and no tfvars file sets it by runner/main.tf:17 and \
               runner/main.tf:18 | kaniko:?it depends on which workspace is selected by no pin"],
        ),
        (
            "standalone-wrapper",
            &[
                "live/dev in 100000000004 100000000004 us-east-1: ecs-deploy-runner:v0.57.4 by live/dev/main.tf:9 | \
                 kaniko:v0.57.1 by modules/pipelines/main.tf:7",
                "live/prod in 100000000006 100000000006 us-east-1: ecs-deploy-runner:v0.57.6 by live/prod/main.tf:9 | -",
            ],
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(summaries(&fixture(name).open()), expected, "{name}");
    }
}

pub(super) const PROVIDER: &str =
    "provider \"aws\" {\n  region = \"us-east-1\"\n  allowed_account_ids = [\"100000000004\"]\n}\n";
const SOURCE: &str = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1";

/// A call that gives the planner this tag.
pub(super) fn call(tag: &str) -> String {
    let image = format!("{{ docker_image = \"100000000004.dkr.ecr.us-east-1.amazonaws.com/x\", docker_tag = {tag} }}");
    format!(
        "module \"runner\" {{\n  source = \"{SOURCE}\"\n  terraform_planner_config = {{ container_image = {image} }}\n}}\n"
    )
}

/// What the planner's tag is in a folder with these files beside the provider: a tag, a reason, or a problem.
pub(super) fn tag_in(files: &[(&str, &str)]) -> String {
    let tree = Tree::new(&[("unit/provider.tf", PROVIDER)]);
    files.iter().for_each(|(name, text)| tree.write(&format!("unit/{name}"), text.as_bytes()));
    let repo = tree.open();
    let problems = texts(repo.all_problems());
    if let Some(first) = problems.lines().next() {
        return format!("!{first}");
    }
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("the planner uses it");
    uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string)
}

#[test]
fn names_mean_what_they_mean_to_terraform() {
    for (tag, rest, expected) in [
        ("\"v1\"", "", "v1"),
        ("local.a", "locals {\n  a = local.b\n}\nlocals {\n  b = \"v1\"\n}\n", "v1"),
        ("local.a", "locals {\n  a = local.a\n}\n", "!`local.a` refers to itself"),
        ("local.a", "", "!there is no local `a`"),
        ("try(local.a, \"v1\")", "", "!there is no local `a`"),
        ("var.a", "", "!there is no variable `a`"),
        ("try(find_in_parent_folders(), \"v1\")", "", "v1"),
        ("get_env(\"X\", \"v1\")", "", "!there is no function named `get_env` outside Terragrunt"),
        ("data.x.y.z", "", "?`data.x.y.z` is read from outside by a data source"),
        ("aws_x.y[0].z", "", "?`aws_x.y` is known only to Terraform"),
        ("[for a in [\"v1\"] : a][0]", "", "v1"),
        ("[for var in [{ a = \"v1\" }] : var.a][0]", "", "v1"),
        ("\"v${length(path.module)}\"", "", "v1"),
        ("each.value", "", "?`each.value` differs from instance to instance"),
        ("dependency.x.outputs.y", "", "?`dependency.x.outputs.y` is known only to Terraform"),
        ("var.a", "variable \"a\" {\n  default = local.b\n}\n", "!the value of a variable may not refer to `local.b`"),
        ("var.a", "variable \"a\" {}\nvariable \"a\" {}\n", "!`a` is defined twice"),
    ] {
        assert_eq!(tag_in(&[("main.tf", &call(tag)), ("rest.tf", rest)]), expected, "{tag} with {rest}");
    }
}

#[test]
fn values_get_the_type_of_their_variable() {
    for (declared, value, tag, expected) in [
        ("string", "1.10", "var.a", "1.1"),
        ("string", "true", "var.a", "true"),
        (
            "string",
            "[]",
            "var.a",
            "!the value of variable `a` does not fit its type: a string is needed, this is a list",
        ),
        ("number", "\"010\"", "\"v${var.a}\"", "v10"),
        ("bool", "\"1\"", "var.a ? \"v1\" : \"v2\"", "v1"),
        ("list(string)", "[1, \"v2\"]", "join(\"-\", var.a)", "1-v2"),
        ("set(string)", "[\"b\", \"a\", \"b\"]", "join(\"-\", var.a)", "a-b"),
        ("map(string)", "{ a = 1 }", "var.a.a", "1"),
        ("map(any)", "{ a = 1, b = \"x\" }", "var.a.a == \"1\" ? \"v1\" : \"v2\"", "v1"),
        ("map(map(any))", "{ a = { x = 7 }, b = { x = \"v1\" } }", "var.a.a.x == \"7\" ? \"v1\" : \"v2\"", "v1"),
        ("list(object({ a = any }))", "[{ a = 7 }, { a = \"x\" }]", "var.a[0].a == \"7\" ? \"v1\" : \"v2\"", "v1"),
        ("tuple([string, number])", "[1, 2]", "\"v${join(\"-\", var.a)}\"", "v1-2"),
        ("object({ a = string })", "{ a = 1, b = 2 }", "join(\"-\", keys(var.a))", "a"),
        (
            "object({ a = string })",
            "{}",
            "var.a.a",
            "!the value of variable `a` does not fit its type: the attribute `a` is missing",
        ),
        ("object({ a = optional(string) })", "{}", "coalesce(var.a.a, \"v1\")", "v1"),
        ("object({ a = optional(string, \"v1\") })", "{ a = null }", "var.a.a", "v1"),
        ("object({ a = optional(object({ b = optional(string, \"v1\") }), {}) })", "{}", "var.a.a.b", "v1"),
        ("map(object({ a = optional(string, \"v1\") }))", "{ x = {} }", "var.a[\"x\"].a", "v1"),
        ("any", "{ a = \"v1\" }", "var.a.a", "v1"),
        ("strange(string)", "\"v1\"", "var.a", "?the type `strange(…)` is not worked out"),
    ] {
        let variable = format!("variable \"a\" {{\n  type = {declared}\n}}\n");
        let by_tfvars =
            [("main.tf", call(tag)), ("variables.tf", variable), ("terraform.tfvars", format!("a = {value}\n"))];
        let by_default = [
            ("main.tf", call(tag)),
            ("variables.tf", format!("variable \"a\" {{\n  type = {declared}\n  default = {value}\n}}\n")),
        ];
        for files in [&by_tfvars[..], &by_default] {
            let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
            assert_eq!(tag_in(&files), expected, "{declared} = {value}");
        }
    }
}

#[test]
fn what_terraform_would_refuse_or_nobody_can_know_is_said() {
    let variable = "variable \"a\" {\n  default = \"v1\"\n}\n";
    let settings = "[workspace.metadata.xtask]\npass-environment = [\"TF_VAR_*\"]\n";
    let tree = Tree::new(&[("unit/provider.tf", PROVIDER), ("unit/main.tf", &call("var.a")), ("unit/v.tf", variable)]);
    let tag = |repo: &Repository| match &repo.units[0].image(ImageName::DeployRunner).expect("it is used").tag {
        UnitTag::One(tag) => tag.to_string(),
        UnitTag::Differ => "differs".to_owned(),
        UnitTag::Unknown(reason) => reason.clone(),
    };
    assert_eq!(tag(&tree.open()), "v1");
    tree.write("Cargo.toml", settings.as_bytes());
    assert_eq!(tag(&tree.open()), "it depends on the environment variable `TF_VAR_a`");
    tree.write("unit/terraform.tfvars", b"a = \"v2\"\n");
    assert_eq!(tag(&tree.open()), "v2");

    let main = call("var.a");
    let json = "{\"variable\": {\"a\": {\"default\": \"v1\"}}}";
    let expected = "?`var.a` is defined in `unit/v.tf.json`, and JSON is not worked out";
    assert_eq!(tag_in(&[("main.tf", &main), ("v.tf.json", json)]), expected);
    let json = format!("{{\"module\": {{\"runner\": [{{\"source\": \"{SOURCE}\"}}]}}}}");
    assert_eq!(tag_in(&[("main.tf.json", &json)]), "!a runner's module that is called in JSON is not worked out");
    let expected = "!a module has files that only OpenTofu reads, and the folder that calls it has none";
    let (calls, own) = ("module \"a\" {\n  source = \"./m\"\n}\n", call("\"v1\""));
    assert_eq!(tag_in(&[("main.tf", calls), ("m/main.tf", &own), ("m/more.tofu", "")]), expected);
    assert_eq!(tag_in(&[("main.tofu", calls), ("m/main.tf", "}"), ("m/main.tofu", &own)]), "v1");
    let overriding = "module \"other\" {}\n";
    let expected = "!`other` is overridden here and defined nowhere";
    assert_eq!(tag_in(&[("main.tf", &main), ("v.tf", variable), ("override.tf", overriding)]), expected);
    assert!(tag_in(&[("main.tf", &main), ("v.tf", "}")]).starts_with("!cannot parse `unit/v.tf`: "));
}
