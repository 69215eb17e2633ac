//! `bump-tags` where tags are kept elsewhere than in `common.hcl`, for some units, and beside HCL.

use std::fs;

use super::sandbox::{Sandbox, unit};

const IMAGE: &str = "docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"";

/// The file of an account's unit.
fn file(account: &str) -> String {
    format!("{}/terragrunt.hcl", unit(account))
}

/// Gives an account's unit inputs of its own.
fn with_own_tag(sandbox: &Sandbox, account: &str, tag: &str) {
    let config = format!("{{ container_image = {{ {IMAGE}, docker_tag = {tag} }} }}");
    let inputs =
        format!("\ninputs = {{\n  terraform_planner_config = {config}\n  terraform_applier_config = {config}\n}}\n");
    let text = sandbox.read(&file(account));
    sandbox.write(&file(account), text + &inputs);
}

fn write(sandbox: &Sandbox, file: &str, text: &str) {
    let path = sandbox.repo().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Build scripts and a pipeline, as a Reference Architecture has them.
fn with_scripts() -> Sandbox {
    let sandbox = Sandbox::new();
    let folder = "shared/us-east-1/_regional/container_images";
    let script =
        "#!/usr/bin/env bash\nreadonly DOCKERFILE_REPO_REF=\"v0.50.6\"\nbuild --ref \"$DOCKERFILE_REPO_REF\"\n";
    write(&sandbox, &format!("{folder}/build_deploy_runner_image.sh"), script);
    write(&sandbox, &format!("{folder}/build_kaniko_image.sh"), "DOCKERFILE_REPO_REF=\"${1:-main}\"\n");
    write(&sandbox, ".github/workflows/pipeline.yml", "env:\r\n  MODULE_CI_VERSION: v0.52.1 # ours\r\n");
    sandbox
}

#[test]
fn unit_with_a_tag_of_its_own_moves_too() {
    let sandbox = Sandbox::new();
    with_own_tag(&sandbox, "stage", "\"v0.49.0\"");
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().is("bump-own-tag");
    sandbox.xtask(["status", "--check", "v1.3.0"]).run().exits(0);
}

#[test]
fn pin_that_decides_others_too_needs_consent_and_changes_nothing_without() {
    let sandbox = Sandbox::new();
    with_own_tag(&sandbox, "stage", "\"v0.49.0\"");
    let before = sandbox.read("common.hcl");
    let args = ["bump-tags", "v1.3.0", "--offline", "--account", "dev", "--image", "deploy-runner"];
    sandbox.xtask(args).run().is("bump-also-no-terminal");
    sandbox.xtask(args).args(["--check", "--format=json"]).run().is("bump-also-json");
    assert_eq!(sandbox.read("common.hcl"), before);
    sandbox
        .xtask(args)
        .args(["--yes"])
        .run()
        .exits(0)
        .says("next: cargo xtask apply-all --account dev\n")
        .says("Not applied  in 4 units that moved by the same pin: logs prod security shared\n")
        .says("to apply all that is left: cargo xtask apply-all\n");
    assert!(sandbox.read("common.hcl").contains("deploy_runner_container_image_tag = \"v1.3.0\""));
    // Its own pin decides nothing else, and nobody has to be asked.
    let args = ["bump-tags", "v1.3.0", "--offline", "--account", "stage"];
    sandbox.xtask(args).run().exits(0).says_nothing_of("Also");
    assert!(sandbox.read(&file("stage")).contains("\"v1.3.0\""));
}

#[test]
fn images_of_units_that_change_all_the_same_are_asked_for_too() {
    let sandbox = Sandbox::new();
    let args = ["bump-tags", "v1.3.0", "--account", "dev", "--image", "deploy-runner", "--yes"];
    sandbox.xtask(args).run().exits(3).says("ecs-deploy-runner:v1.3.0 is not in ECR");
    assert_eq!(sandbox.log().n_asked("DescribeImages"), 1);
}

#[test]
fn unit_that_cannot_get_the_tag_is_left_out_where_that_is_allowed() {
    let sandbox = Sandbox::new();
    with_own_tag(&sandbox, "stage", "run_cmd(\"print-tag\")");
    let before = sandbox.read("common.hcl");
    let args = ["bump-tags", "v1.3.0", "--offline"];
    sandbox.xtask(args).run().is("bump-refused-unknown");
    assert_eq!(sandbox.read("common.hcl"), before);
    sandbox.xtask(args).args(["--allow", "partial-bump"]).run().is("bump-partial");
    let json = sandbox.xtask(args).args(["--allow", "partial-bump", "--format=json"]).run().exits(0).json();
    assert_eq!(json["left"][0]["unit"], unit("stage"));
}

#[test]
fn downgrades_and_tags_that_are_no_releases_are_named() {
    let sandbox = Sandbox::new();
    with_own_tag(&sandbox, "dev", "\"deploy-runner-v1\"");
    sandbox.xtask(["bump-tags", "v0.50.12", "--offline"]).run().is("bump-downgrade");
}

#[test]
fn scripts_and_pipelines_are_named_and_moved_where_that_is_asked_for() {
    let sandbox = with_scripts();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0).is("bump-outside");
    let script = "shared/us-east-1/_regional/container_images/build_deploy_runner_image.sh";
    let before = sandbox.read(script);
    sandbox.xtask(["bump-tags", "v1.4.0", "--check", "--format=json"]).run().is("bump-outside-json");
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline", "--scripts"]).run().exits(0).is("bump-scripts");
    assert_eq!(sandbox.read(script), before.replace("v0.50.6", "v1.3.0"));
    let pipeline = "env:\r\n  MODULE_CI_VERSION: v1.3.0 # ours\r\n";
    assert_eq!(sandbox.read(".github/workflows/pipeline.yml"), pipeline);
    let refused = sandbox.xtask(["bump-tags", "deploy-runner-v2", "--offline", "--scripts"]).run().exits(3);
    refused.says("`deploy-runner-v2` is no release, so `DOCKERFILE_REPO_REF` can't be moved to it");
}

#[test]
fn named_pin_moves_what_cannot_be_found() {
    let sandbox = Sandbox::new();
    sandbox.edit(
        "common.hcl",
        "deploy_runner_container_image_tag = \"v0.52.1\"",
        "runner_version = \"0.52.1\"\n  deploy_runner_container_image_tag = \"v${local.runner_version}\"",
    );
    let args = ["bump-tags", "v1.3.0", "--offline"];
    sandbox.xtask(args).run().exits(3).says("hint: or name what holds the version: --pin FILE:KEY\n");
    sandbox.xtask(args).args(["--pin", "common.hcl:runner_version"]).run().exits(0).is("bump-pin");
    sandbox.xtask(["status", "--check", "v1.3.0"]).run().exits(0);
    sandbox.xtask(args).args(["--pin", "common.hcl"]).run().exits(2);
    sandbox.xtask(args).args(["--pin", "common.hcl:gone"]).run().exits(3).says("there is no plain string `gone`");
}

#[test]
fn tag_that_the_module_is_too_old_for_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", "ref=v0.104.6", "ref=v0.90.2");
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().is("bump-refused-old-module");
    assert_eq!(sandbox.read("common.hcl"), before);
    let args = ["bump-tags", "v1.3.0", "--offline", "--allow", "old-module"];
    sandbox.xtask(args).run().exits(0).says("Allowed      module v0.90.2 is too old for images v1.3.0");
}
