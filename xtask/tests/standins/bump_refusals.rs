//! When `bump-tags` refuses: then every file is as it was.

use super::command::Xtask;
use super::sandbox::{Sandbox, unit};

/// Runs it, and makes sure that `common.hcl` is as before.
#[track_caller]
fn refused(sandbox: &Sandbox, command: Xtask<'_>, snapshot: &str) {
    let before = sandbox.read("common.hcl");
    command.run().exits(3).is(snapshot);
    assert_eq!(sandbox.read("common.hcl"), before);
}

#[test]
fn missing_image_keeps_its_tag_from_moving() {
    let sandbox = Sandbox::new();
    refused(&sandbox, sandbox.xtask(["bump-tags", "v1.3.0"]), "bump-refused-missing-image");
}

#[test]
fn missing_image_can_be_allowed() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["bump-tags", "v1.3.0", "--allow", "unverified-image"]).run().exits(0);
    said.is("bump-tags-unverified-image");
    assert!(sandbox.read("common.hcl").contains(r#""v1.3.0""#));
}

#[test]
fn wrong_credentials_prove_no_image() {
    let sandbox = Sandbox::new().fault("wrong-account:shared");
    let command = sandbox.xtask(["bump-tags", "v1.3.0", "--allow", "unverified-image"]);
    refused(&sandbox, command, "bump-refused-wrong-account");
    assert!(sandbox.log().asked().is_empty());
}

#[test]
fn unit_whose_own_tag_is_worked_out_is_named_with_its_line() {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("stage"));
    let overriding = "
inputs = {
  terraform_planner_config = {
    container_image = {
      docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"
      docker_tag   = format(\"v0.%d.0\", 49)
    }
  }
}
";
    sandbox.write(&file, sandbox.read(&file) + overriding);
    refused(&sandbox, sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]), "bump-refused-override");
}

#[test]
fn tag_that_is_no_plain_string_is_named_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#"tag = "v0.52.1""#, r#"tag = "v${"0.52.1"}""#);
    refused(&sandbox, sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]), "bump-refused-template");
}

#[test]
fn unreadable_hcl_is_shown_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", "locals {", "locals {{");
    refused(&sandbox, sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]), "bump-refused-syntax");
}
