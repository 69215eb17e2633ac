//! What Terraform is given in units of Terragrunt beside their inputs.

use std::collections::BTreeMap;
use std::fs;

use super::{Tree, account, fixture, texts};
use crate::model::ImageName;
use crate::repo::{Repository, Request, Unit, plan_bump};

fn deciders(unit: &Unit) -> Vec<String> {
    let all = unit.images.values().flatten().flat_map(|uses| &uses.deciders);
    let shown = all.map(|it| {
        let tag = it.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string);
        let place = it.pin.as_ref().map_or_else(|| "no pin".to_owned(), |pin| pin.place().to_string());
        let place = place.replace("/us-east-1/mgmt/ecs-deploy-runner", "");
        format!("{} {tag} {place}", it.configuration.trim_end_matches("_config"))
    });
    shown.collect()
}

fn of<'r>(repo: &'r Repository, account: &str) -> &'r Unit {
    repo.units.iter().find(|unit| unit.is_in(account)).expect("it is there")
}

#[test]
fn files_arguments_and_the_environment_win_over_inputs_in_terraforms_order() {
    let tree = fixture("given");
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let said: Vec<_> = repo
        .units
        .iter()
        .flat_map(|unit| deciders(unit).into_iter().map(|line| format!("{}: {line}", account(unit).name)))
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_change_of_tags_reaches_whatever_decides() {
    let tree = fixture("given");
    let repo = tree.open();
    let wanted: BTreeMap<_, _> = ImageName::ALL.map(|image| (image, "v9.9.9".parse().expect("a tag"))).into();
    let request = Request { old_module: true, ..Request::for_all(&repo, wanted) };
    let bump = plan_bump(&repo, &request).unwrap_or_else(|failures| panic!("{}", texts(failures.iter())));
    bump.edits.iter().for_each(|edit| fs::write(&edit.path, &edit.after).expect("it is written"));
    insta::assert_snapshot!(bump.diff());
    for unit in &tree.open().units {
        for decider in unit.images.values().flatten().flat_map(|uses| &uses.deciders) {
            assert_eq!(decider.tag.value().map(ToString::to_string).as_deref(), Some("v9.9.9"), "{}", unit.path);
        }
    }
}

const ACCOUNTS: (&str, &str) = ("accounts.json", r#"{"dev": "100000000004"}"#);
const UNIT: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
const VALUES: &str = "dev/us-east-1/mgmt/ecs-deploy-runner/terraform.tfvars";

fn image(tag: &str) -> String {
    format!("{{ container_image = {{ docker_image = \"1.dkr.ecr.us-east-1.amazonaws.com/x\", docker_tag = {tag} }} }}")
}

/// The planner's tag, with this in the `terraform` block and `v2` in a file of values.
fn planner(block: &str, more: &str) -> String {
    let values = format!("terraform_planner_config = {}\n", image("\"v2\""));
    let inputs = format!("inputs = {{\n  terraform_planner_config = {}\n}}\n", image("\"v1\""));
    let unit =
        format!("terraform {{\n  source = \"git::x//modules/ecs-deploy-runner?ref=v1\"\n{block}}}\n{inputs}{more}");
    let tree = Tree::new(&[ACCOUNTS, (UNIT, &unit), (VALUES, &values)]);
    let repo = tree.open();
    let lines = deciders(of(&repo, "dev"));
    lines.into_iter().find(|line| line.starts_with("terraform_planner")).expect("it has a planner")
}

#[test]
fn what_cannot_be_known_leaves_no_tag_known() {
    let arguments = |text: &str| format!("  extra_arguments \"x\" {{\n    commands = [\"plan\"]\n    {text}\n  }}\n");
    let plain = "terraform_planner v2 dev/terraform.tfvars:1";
    for (block, tag) in [
        (String::new(), plain),
        (arguments("arguments = [\"-var=other=${dependency.x.outputs.y}\"]"), plain),
        (arguments("arguments = [\"-lock-timeout=${dependency.x.outputs.y}\"]"), plain),
        (
            arguments("arguments = [\"-var=terraform_planner_config=${dependency.x.outputs.y}\"]"),
            "`dependency.x.outputs.y` is an output of another unit",
        ),
        (
            arguments("arguments = [dependency.x.outputs.y]"),
            "an argument that is passed to `plan` is not known: `dependency.x.outputs.y` is an output of another unit",
        ),
        (
            arguments("required_var_files = [\"nowhere.tfvars\"]"),
            "the file of values `nowhere.tfvars` that is passed on is missing",
        ),
        (arguments("optional_var_files = [\"nowhere.tfvars\"]"), plain),
        (
            arguments("env_vars = { TF_CLI_ARGS_plan = \"-var-file=x.tfvars\" }"),
            "what `TF_CLI_ARGS_plan` in `env_vars` passes on is not worked out",
        ),
        (
            arguments("arguments = [\"-var-file=../x.tfvars\"]"),
            "the file of values `../x.tfvars` lies outside the folder that terraform runs in",
        ),
        (
            "  exclude_from_copy = [\"*.tfvars\"]\n".to_owned(),
            "whether `terraform.tfvars` is copied depends on `exclude_from_copy`, which is not worked out",
        ),
        (
            "  extra_arguments \"x\" {\n    commands = [\"apply\"]\n    arguments = [dependency.x.outputs.y]\n  }\n"
                .to_owned(),
            plain,
        ),
    ] {
        assert!(planner(&block, "").contains(tag), "{block}: {}", planner(&block, ""));
    }
    let generated = |attributes: &str| format!("generate \"x\" {{\n  {attributes}\n}}\n");
    for (more, tag) in [
        (
            generated("path = \"x.auto.tfvars\"\n  contents = dependency.x.outputs.y"),
            "what is generated as `x.auto.tfvars` is not known",
        ),
        (generated("path = \"x.auto.tfvars\"\n  disable = true\n  contents = dependency.x.outputs.y"), plain),
        (generated("path = \"terraform.tfvars\"\n  if_exists = \"skip\"\n  contents = dependency.x.outputs.y"), plain),
        (generated("path = \"provider.tf\"\n  contents = dependency.x.outputs.y"), plain),
    ] {
        assert!(planner("", &more).contains(tag), "{more}: {}", planner("", &more));
    }
}

#[test]
fn a_null_input_wins_over_terraform_tfvars_alone() {
    let values = format!("terraform_planner_config = {}\n", image("\"v2\""));
    let inputs = format!(
        "inputs = {{\n  terraform_planner_config = null\n  terraform_applier_config = {}\n}}\n",
        image("\"v1\"")
    );
    let tree = Tree::new(&[ACCOUNTS, (UNIT, &inputs), (VALUES, &values)]);
    assert_eq!(deciders(of(&tree.open(), "dev")), [format!("terraform_applier v1 {}", "dev/terragrunt.hcl:3")]);
    tree.write(&VALUES.replace("terraform.", "z.auto."), values.as_bytes());
    assert_eq!(deciders(of(&tree.open(), "dev")).len(), 2);
}

/// What a unit of a module that takes its tag from its own default gets, with another part of its configuration.
fn with_module(more: &str, beside: &[(&str, &str)]) -> Vec<String> {
    let call = format!(
        "module \"r\" {{\n  source = \"../mgmt/ecs-deploy-runner\"\n  terraform_planner_config = {}\n}}\n",
        image("var.tag")
    );
    let main = format!("variable \"tag\" {{\n  default = \"v0.1.0\"\n}}\n{call}");
    let unit = format!("terraform {{\n  source = \"../../../../modules//own\"\n}}\n{more}");
    let runner = "variable \"terraform_planner_config\" {}\n";
    let mut files = vec![
        ACCOUNTS,
        (UNIT, &unit),
        ("modules/own/main.tf", &main),
        ("modules/mgmt/ecs-deploy-runner/main.tf", runner),
    ];
    files.extend_from_slice(beside);
    let repo = Tree::new(&files).open();
    assert_eq!(texts(repo.all_problems()), "");
    let reasons = repo.units[0].images.values().flatten().filter_map(|uses| uses.tag.reason().map(str::to_owned));
    deciders(&repo.units[0]).into_iter().chain(reasons).collect()
}

#[test]
fn what_generated_terraform_may_decide_is_unknown() {
    let decided = ["terraform_planner v0.1.0 modules/own/main.tf:2"];
    let generated = |path: &str, contents: &str| {
        let more = format!(
            "generate \"x\" {{\n  path = \"{path}\"\n  if_exists = \"overwrite\"\n  contents = <<EOF\n{contents}\nEOF\n}}\n"
        );
        with_module(&more, &[])
    };
    let unknown =
        |name: &str| vec![format!("`{name}` is generated and may decide it, which is not worked out ({UNIT}:7)")];
    let variable = "variable \"tag\" {\n  default = \"v0.2.0\"\n}";
    let call = "module \"x\" {\n  source = \"git::x//modules/mgmt/ecs-deploy-runner\"\n}";
    assert_eq!(generated("provider.tf", "provider \"aws\" {}"), decided);
    assert_eq!(generated("more.tf", "variable \"more\" {}"), decided);
    assert_eq!(generated("x_override.tf", variable), unknown("x_override.tf"));
    assert_eq!(generated("main.tf", variable), unknown("main.tf"), "it replaces the module's file");
    assert_eq!(generated("./more.tf", call), unknown("more.tf"));
    let override_file = UNIT.replace("terragrunt.hcl", "x_override.tf");
    assert_eq!(with_module("", &[(&override_file, variable)]), ["terraform_planner v0.2.0 dev/x_override.tf:2"]);
    let json = r#"{"module": {"r": {"terraform_planner_config": null}}}"#;
    let reason = "`modules/own/x_override.tf.json` overrides `module.r`, and JSON is not worked out";
    assert!(with_module("", &[("modules/own/x_override.tf.json", json)]).iter().any(|line| line.contains(reason)));
}

#[test]
fn what_the_provider_of_a_module_on_this_disk_says_is_what_counts() {
    let provider = "variable \"aws_region\" {}\nprovider \"aws\" {\n  region = var.aws_region\n  allowed_account_ids = [\"100000000006\"]\n}\n";
    let module = format!("variable \"terraform_planner_config\" {{}}\n{provider}");
    let unit = format!(
        "terraform {{\n  source = \"../../../../modules//mgmt/ecs-deploy-runner\"\n}}\ninputs = {{\n  aws_region = \"eu-west-1\"\n  terraform_planner_config = {}\n}}\n",
        image("\"v0.1.0\"")
    );
    let repo = Tree::new(&[ACCOUNTS, (UNIT, &unit), ("modules/mgmt/ecs-deploy-runner/main.tf", &module)]).open();
    assert_eq!(repo.units[0].region.value().map(ToString::to_string).as_deref(), Some("eu-west-1"));
    let problems = texts(repo.all_problems());
    assert!(problems.starts_with("two places name different accounts"), "{problems}");
}
