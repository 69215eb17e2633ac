//! `why`: the way of a tag, from the unit to the line that decides it.

use super::sandbox::{Sandbox, unit};

#[test]
fn way_of_a_tag_ends_in_its_pin() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["why", &unit("dev")]).run().is("why");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
}

#[test]
fn unit_may_be_named_by_its_account_and_one_image_picked() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["why", "shared", "kaniko"]).run().is("why-one-image");
    sandbox.xtask(["why", "shared", "kaniko", "--format", "json"]).run().is("why-json");
}

#[test]
fn what_a_unit_overrides_is_shown_as_not_used() {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let own = "\ninputs = {\n  terraform_planner_config = {\n    container_image = {\n      docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"\n      docker_tag   = format(\"%s-%s\", local.base, \"rc1\")\n    }\n  }\n  terraform_applier_config = null\n}\n\nlocals {\n  base = \"v1.4.0\"\n}\n";
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}{own}"));
    sandbox.xtask(["why", "dev"]).run().is("why-overridden");
}

#[test]
fn unknown_tag_is_shown_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#"run_cmd("git", "describe")"#);
    sandbox.xtask(["why", "dev"]).run().is("why-unknown");
}

#[test]
fn unit_that_is_not_there_and_image_that_is_not_used_select_nothing() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["why", "nope"]).run().exits(4).prints_nothing().is("why-no-unit");
    sandbox.xtask(["why", "dev", "kaniko"]).run().exits(4).prints_nothing().is("why-no-image");
}

#[test]
fn file_that_holds_pins_and_is_no_unit_is_told_with_the_units_that_get_them() {
    let sandbox = Sandbox::new();
    for (folder, name) in [("", "common.hcl"), ("", "./common.hcl"), ("dev", "../common.hcl")] {
        let said = sandbox.xtask(["why", name]).cwd(sandbox.repo().join(folder)).run().exits(4).prints_nothing();
        said.says("`common.hcl` is no unit; it has tags that units get")
            .says("deploy-runner v0.52.1 in 6 units: dev logs prod security shared stage")
            .says("kaniko v0.52.1 in 1 unit: shared")
            .says("cargo xtask status")
            .says("cargo xtask why dev");
    }
    sandbox.xtask(["why", "accounts.json"]).run().exits(4).says("there is no unit `accounts.json`");
}
