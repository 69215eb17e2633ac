//! What `generate` writes, as far as it decides a tag, a region or an account.

use super::{Tree, texts};
use crate::model::ImageName;
use crate::repo::Unit;

const DIR: &str = "dev/us-east-1/mgmt/ecs-deploy-runner";
const IMAGE: &str =
    "{ container_image = { docker_image = \"100000000004.dkr.ecr.us-east-1.amazonaws.com/r\", docker_tag = \"v1\" } }";

fn with<T>(unit: &str, more: &[(&str, &str)], told: impl FnOnce(&Unit) -> T) -> T {
    let source = "terraform {\n  source = \"git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5\"\n}\n";
    let unit = format!("{source}{unit}");
    let file = format!("{DIR}/terragrunt.hcl");
    let accounts = ("accounts.json", r#"{"dev": "100000000004"}"#);
    let tree = Tree::new(&[more, &[accounts, (&file, &unit)]].concat());
    let repo = tree.open();
    assert_eq!(repo.units.len(), 1, "{}", texts(repo.all_problems()));
    told(&repo.units[0])
}

fn region(unit: &str, more: &[(&str, &str)]) -> String {
    let unit = format!("{unit}\ninputs = {{\n  aws_region = \"eu-west-1\"\n  terraform_planner_config = {IMAGE}\n}}\n");
    with(&unit, more, |unit| unit.region.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string))
}

fn block(path: &str, more: &str, region: &str) -> String {
    let provider = format!("provider \"aws\" {{\n  region = {region}\n}}");
    format!("generate \"{path}\" {{\n  path = \"{path}\"\n  {more}\n  contents = <<EOF\n{provider}\nEOF\n}}\n")
}

const OVERWRITE: &str = "if_exists = \"overwrite\"";

#[test]
fn region_is_that_of_the_provider_that_is_really_written() {
    let given = "\"eu-west-1\"";
    assert_eq!(region(&block("provider.tf", OVERWRITE, given), &[]), "eu-west-1");
    assert_eq!(region(&block("provider.txt", OVERWRITE, given), &[]), "us-east-1");
    assert_eq!(region(&block("provider.tf", &format!("{OVERWRITE}\n  disable = true"), given), &[]), "us-east-1");
    let beside = (&*format!("{DIR}/provider.tf"), "provider \"aws\" {\n  region = \"eu-central-1\"\n}\n");
    assert_eq!(region(&block("provider.tf", "if_exists = \"skip\"", given), &[beside]), "eu-central-1");
    assert_eq!(region(&block("provider.tf", OVERWRITE, given), &[beside]), "eu-west-1");
    let overriding = block("provider_override.tf", OVERWRITE, "\"eu-west-2\"");
    assert_eq!(region(&(block("provider.tf", OVERWRITE, given) + &overriding), &[]), "eu-west-2");
    let map = "generate = {\n  provider = {\n    path = \"provider.tf\"\n    if_exists = \"overwrite\"\n    contents = \"provider \\\"aws\\\" {\\n region = \\\"eu-west-3\\\"\\n}\\n\"\n  }\n}\n";
    assert_eq!(region(map, &[]), "eu-west-3");
    let read = "generate = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals.generate\n";
    assert_eq!(region(read, &[("common.hcl", &format!("locals {{\n{map}}}\n"))]), "eu-west-3");
}

#[test]
fn region_of_a_provider_that_is_not_written_out_is_an_inputs_or_unknown() {
    assert_eq!(region(&block("provider.tf", OVERWRITE, "var.aws_region"), &[]), "eu-west-1");
    let unknown = region(&block("provider.tf", OVERWRITE, "var.elsewhere"), &[]);
    let reason = "?its provider says it, and no input gives `elsewhere` (dev/us-east-1/";
    assert!(unknown.starts_with(reason), "{unknown}");
    let unknown = region(&block("provider.tf", OVERWRITE, "\"${dependency.d.outputs.r}\""), &[]);
    assert!(unknown.starts_with("?its provider says it, and it is not a plain string"), "{unknown}");
}

#[test]
fn values_are_found_in_a_map_of_generated_files_however_it_is_written() {
    let entry = |tag: &str| {
        let contents = IMAGE.replace("v1", tag).replace('"', "\\\"");
        format!(
            "{{ path = \"x.auto.tfvars\", if_exists = \"overwrite\", contents = \"terraform_planner_config = {contents}\\n\" }}"
        )
    };
    let tag = |unit: &str, common: &str| {
        let unit = format!(
            "locals {{\n  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals\n}}\n{unit}\n\
             inputs = {{\n  terraform_planner_config = {IMAGE}\n}}\n"
        );
        with(&unit, &[("common.hcl", &format!("locals {{\n{common}\n}}\n"))], |unit| {
            let uses = unit.image(ImageName::DeployRunner).expect("it is used");
            uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string)
        })
    };
    let common = format!("  generate = {{ tags = {} }}\n  one = {}", entry("v2"), entry("v3"));
    assert_eq!(tag("generate = local.common.generate", &common), "v2");
    assert_eq!(tag("generate = { one = local.common.one }", &common), "v3");
    assert_eq!(tag("generate = merge(local.common.generate, { tags = local.common.one })", &common), "v3");
    let unknown = tag("generate = dependency.d.outputs.generate", &common);
    assert!(unknown.starts_with("?which files are generated is not known: `dependency.d.outputs"), "{unknown}");
}

/// The tag that the unit gets, with an input that gives `v1`.
fn tag(unit: &str, more: &[(&str, &str)]) -> String {
    let unit = format!("{unit}\ninputs = {{\n  terraform_planner_config = {IMAGE}\n}}\n");
    with(&unit, more, |unit| {
        let uses = unit.image(ImageName::DeployRunner).expect("it is used");
        uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string)
    })
}

fn values(tag: &str) -> String {
    format!("terraform_planner_config = {}\n", IMAGE.replace("v1", tag))
}

fn of_values(label: &str, more: &str, tag: &str) -> String {
    let contents = values(tag);
    format!(
        "generate \"{label}\" {{\n  path = \"x.auto.tfvars\"\n  if_exists = \"overwrite\"\n  {more}\n  contents = <<EOF\n{contents}EOF\n}}\n"
    )
}

#[test]
fn two_blocks_that_write_one_file_leave_unknown_what_it_says() {
    let two = of_values("a", "", "v2") + &of_values("b", "", "v3");
    assert_eq!(tag(&of_values("a", "", "v2"), &[]), "v2");
    assert_eq!(tag(&two, &[]), "?two blocks `generate` write `x.auto.tfvars`, and either may be the last");
    assert_eq!(tag(&(of_values("a", "disable = true", "v2") + &of_values("b", "", "v3")), &[]), "v3");
    let given = "\"eu-west-1\"";
    let other = block("provider.tf", OVERWRITE, "\"eu-west-2\"").replace("generate \"provider.tf\"", "generate \"b\"");
    let unknown = region(&(block("provider.tf", OVERWRITE, given) + &other), &[]);
    assert!(unknown.starts_with("?two blocks `generate` write `provider.tf`, and either may be the last"), "{unknown}");
}

#[test]
fn file_that_a_disabled_block_may_remove_is_unknown() {
    let beside = (&*format!("{DIR}/x.auto.tfvars"), &*values("v2"));
    assert_eq!(tag(&of_values("a", "disable = true", "v3"), &[beside]), "v2");
    let removed = tag(&of_values("a", "disable = true\n  if_disabled = \"remove\"", "v3"), &[beside]);
    assert_eq!(removed, "?whether `x.auto.tfvars` is removed, as `if_disabled` says, depends on terragrunt's version");
    let unknown = tag(&of_values("a", "disable = dependency.d.outputs.x", "v3"), &[]);
    assert!(unknown.starts_with("?whether `x.auto.tfvars` is generated is not known: "), "{unknown}");
}

#[test]
fn hidden_file_of_values_that_may_be_copied_is_unknown() {
    let hidden = (&*format!("{DIR}/.x.auto.tfvars"), &*values("v2"));
    assert_eq!(tag("", &[hidden]), "v1");
    let unit = "terraform {\n  include_in_copy = [\".x.auto.tfvars\"]\n}\n";
    let source = "  source = \"git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5\"\n";
    let file = format!("{DIR}/terragrunt.hcl");
    let text = format!(
        "{}\ninputs = {{\n  terraform_planner_config = {IMAGE}\n}}\n",
        unit.replace("{\n", &format!("{{\n{source}"))
    );
    let accounts = ("accounts.json", r#"{"dev": "100000000004"}"#);
    let repo = Tree::new(&[hidden, accounts, (&file, &text)]).open();
    let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
    let reason = "whether `.x.auto.tfvars` is copied depends on `include_in_copy`, which is not worked out";
    assert_eq!(uses.tag.reason(), Some(reason));
}

#[test]
fn input_that_is_the_text_of_an_expression_is_read_as_terraform_does() {
    for text in [format!("jsonencode({IMAGE})"), format!("{:?}", IMAGE.replace('\n', " "))] {
        let unit = format!("inputs = {{\n  terraform_planner_config = {text}\n}}\n");
        let tag = with(&unit, &[], |unit| {
            unit.image(ImageName::DeployRunner)
                .map(|uses| uses.tag.as_result().map(ToString::to_string).map_err(str::to_owned))
        });
        assert_eq!(tag, Some(Ok("v1".to_owned())), "{text}");
    }
}

#[test]
fn terraform_beside_a_unit_that_a_disabled_block_may_remove_is_unknown() {
    let beside = (&*format!("{DIR}/provider.tf"), "provider \"aws\" {\n  region = \"eu-central-1\"\n}\n");
    let block = |if_disabled: &str| {
        block("provider.tf", &format!("{OVERWRITE}\n  disable = true{if_disabled}"), "\"eu-west-1\"")
    };
    assert_eq!(region(&block(""), &[beside]), "eu-central-1");
    assert_eq!(region(&block("\n  if_disabled = \"skip\""), &[beside]), "eu-central-1");
    let unknown = region(&block("\n  if_disabled = \"remove\""), &[beside]);
    assert!(unknown.starts_with("?whether `provider.tf` is removed, as `if_disabled` says, depends"), "{unknown}");
    // Without such a file there is nothing to remove.
    assert_eq!(region(&block("\n  if_disabled = \"remove\""), &[]), "us-east-1");
}

#[test]
fn part_of_a_module_on_this_disk_that_a_disabled_block_may_remove_leaves_the_tag_unknown() {
    let module = "module \"r\" {\n  source = \"git::x//modules/ecs-deploy-runner?ref=v1\"\n  terraform_planner_config = local.planner\n}\n";
    let locals = format!("locals {{\n  planner = {IMAGE}\n}}\n");
    let unit = |more: &str| {
        format!(
            "terraform {{\n  source = \"../../../../modules/own\"\n}}\ngenerate \"x\" {{\n  path = \"x.tf\"\n  {OVERWRITE}\n  disable = true{more}\n  contents = \"\"\n}}\n"
        )
    };
    let accounts = ("accounts.json", r#"{"dev": "100000000004"}"#);
    let tag = |more: &str, name: &str| {
        let file = format!("{DIR}/terragrunt.hcl");
        let part = format!("modules/own/{name}");
        let repo =
            Tree::new(&[accounts, (&file, &unit(more)), ("modules/own/main.tf", module), (&part, &locals)]).open();
        let uses = repo.units[0].image(ImageName::DeployRunner).expect("it is used");
        uses.tag.as_result().map_or_else(|why| format!("?{why}"), ToString::to_string)
    };
    assert_eq!(tag("", "x.tf"), "v1");
    assert_eq!(tag("\n  if_disabled = \"remove\"", "y.tf"), "v1");
    assert!(tag("\n  if_disabled = \"remove\"", "x.tf").starts_with("?`x.tf` is generated and may decide it"));
}

#[test]
fn two_blocks_of_one_name_are_a_fault_unless_the_include_is_merged_deeply() {
    let given = "\"eu-west-1\"";
    let root = |merge: &str| format!("include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n{merge}}}\n");
    let own = block("provider.tf", OVERWRITE, "\"eu-west-2\"");
    let included = ("root.hcl", &*block("provider.tf", OVERWRITE, given));
    assert_eq!(region(&root(""), &[included]), "eu-west-1");
    assert_eq!(region(&(root("  merge_strategy = \"deep\"\n") + &own), &[included]), "eu-west-2");
    for twice in [root("") + &own, own.clone() + &own] {
        let told = with(&twice, &[included], |unit| texts(unit.problems.iter()));
        assert!(told.contains("terragrunt refuses two `generate` with one name: `provider.tf`"), "{told}");
    }
}
