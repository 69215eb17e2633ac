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
