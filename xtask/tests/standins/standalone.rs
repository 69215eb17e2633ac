//! Units of Terraform alone beside those of Terragrunt: told, bumped, and left out of an apply where it is said.

use std::fs;

use serde_json::json;

use super::sandbox::{Sandbox, unit};

const FOLDER: &str = "dev/eu-west-1/pipelines";

const MAIN: &str = r#"provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["100000000004"]
}

variable "runner_tag" {
  type = string
}

locals {
  image = {
    docker_image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner"
    docker_tag   = var.runner_tag
  }
}

module "runner" {
  source = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v1.3.0"

  terraform_planner_config = { container_image = local.image }
  terraform_applier_config = { container_image = local.image }
}
"#;

const TFVARS: &str = "# moved by hand so far\r\nrunner_tag=\"v0.52.1\" # keep\r\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.repo().join(FOLDER)).unwrap();
    sandbox.write(&format!("{FOLDER}/main.tf"), MAIN);
    sandbox.write(&format!("{FOLDER}/terraform.tfvars"), TFVARS);
    sandbox
}

#[test]
fn units_of_terraform_are_listed_with_their_pins() {
    let sandbox = sandbox();
    let said = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    let expected = json!({
        "path": FOLDER,
        "kind": "terraform",
        "profile": "your-dev",
        "region": "eu-west-1",
        "tag": "v0.52.1",
    });
    let found = &said["units"][0];
    let tag = &found["images"]["deploy-runner"]["tag"];
    let found = json!({
        "path": found["path"], "kind": found["kind"], "profile": found["profile"], "region": found["region"], "tag": tag,
    });
    assert_eq!(found, expected);
    let pin = said["pins"].as_array().unwrap().iter().find(|pin| pin["file"] == format!("{FOLDER}/terraform.tfvars"));
    assert_eq!(pin.unwrap()["key"], "runner_tag");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
}

#[test]
fn values_of_variables_move_and_not_a_byte_besides() {
    let sandbox = sandbox();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline", "--unit", FOLDER]).run().exits(0).says_nothing_of("Also");
    let expected = TFVARS.replace("v0.52.1", "v1.3.0");
    assert_eq!(sandbox.read(&format!("{FOLDER}/terraform.tfvars")), expected);
    assert!(sandbox.read("common.hcl").contains("\"v0.52.1\""), "nobody asked for that");
}

#[test]
fn apply_all_names_what_it_leaves_out_and_refuses_what_it_cannot_apply() {
    let sandbox = sandbox();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v1.3.0""#);
    for selection in [["--unit", FOLDER, "--unit", &unit("dev")].as_slice(), &["--unit", FOLDER]] {
        let refusal = "1 unit of Terraform alone cannot be applied from here\n  --> dev/eu-west-1/pipelines\n";
        sandbox.xtask(["apply-all", "--yes"]).args(selection).run().exits(3).says(refusal);
    }
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
    sandbox.push("ecs-deploy-runner", "v1.3.0");
    let said = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(0);
    said.says("Left out     dev/eu-west-1/pipelines   of Terraform alone: to be applied by hand\n");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}
