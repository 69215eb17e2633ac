//! `status`: all tags at a glance, and what about the pins needs a look.

use super::sandbox::{Sandbox, unit};

/// `dev` has a tag of its own, `common.hcl` a pin that nobody uses and a local that terragrunt fails on.
fn untidy() -> Sandbox {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let image = "docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"";
    let config = format!("{{ container_image = {{ {image}, docker_tag = \"v0.51.8\" }} }}");
    let own = format!(
        "\ninputs = {{\n  terraform_planner_config = {config}\n  terraform_applier_config = {config}\n  steampipe_runner_config = {{ container_image = {{ docker_image = \"x\", docker_tag = \"v0.3.5\" }} }}\n}}\n"
    );
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}{own}"));
    sandbox.edit(
        "common.hcl",
        "locals {",
        "locals {\n  old_kaniko_image_tag = \"v0.38.10\"\n  broken = file(\"gone.txt\")\n",
    );
    sandbox
}

#[test]
fn units_that_are_alike_are_one_row() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["status"]).run().is("status");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
}

#[test]
fn what_needs_a_look_is_named_below_the_table() {
    let sandbox = untidy();
    sandbox.xtask(["status"]).run().is("status-untidy");
    sandbox.xtask(["status", "--format", "markdown"]).run().is("status-markdown");
    sandbox.xtask(["status", "--format", "json", "--image", "kaniko"]).run().is("status-json");
}

#[test]
fn check_exits_with_5_unless_every_unit_gets_the_tag() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["status", "--check", "v0.52.1"]).run().exits(0);
    sandbox.xtask(["status", "--check", "v1.3.0"]).run().is("status-check");
    sandbox.edit(
        "common.hcl",
        r#"kaniko_container_image_tag        = "v0.52.1""#,
        r#"kaniko_container_image_tag        = "v0.53.0""#,
    );
    sandbox.xtask(["status", "--check", "v0.52.1"]).run().exits(5);
    sandbox.xtask(["status", "--check", "v0.52.1", "--image", "deploy-runner"]).run().exits(0);
    let json = sandbox.xtask(["status", "--check", "v0.52.1", "--format", "json"]).run().exits(5).json();
    assert_eq!(json["all_at_tag"], false);
}

#[test]
fn check_does_not_pass_what_is_unknown() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#"run_cmd("git", "describe")"#);
    sandbox.xtask(["status", "--check", "v0.52.1"]).run().is("status-unknown");
}

#[test]
fn markdown_is_for_status_alone() {
    Sandbox::new().xtask(["units", "--format", "markdown"]).run().exits(2).prints_nothing().is("markdown-refused");
}
