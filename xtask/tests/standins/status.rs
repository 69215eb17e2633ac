//! `status`: all tags at a glance, and what about the pins needs a look.

use std::fs;

use super::said::Said;
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

/// Versions that should move together and don't, and an attribute that newer releases of terragrunt don't parse.
fn apart() -> Sandbox {
    let sandbox = Sandbox::new();
    let scripts = "shared/us-east-1/_regional/container_images";
    for folder in [scripts, ".circleci", "_ci/scripts"] {
        fs::create_dir_all(sandbox.repo().join(folder)).unwrap();
    }
    for (image, version) in [("deploy_runner", "v0.50.6"), ("kaniko", "v0.52.1")] {
        let text = format!("#!/usr/bin/env bash\nreadonly DOCKERFILE_REPO_REF=\"{version}\"\n");
        sandbox.write(&format!("{scripts}/build_{image}_image.sh"), text);
    }
    sandbox.write(".circleci/config.yml", "env:\n  MODULE_CI_VERSION: v0.51.4\n");
    sandbox.write("_ci/scripts/install.sh", "MODULE_CI_VERSION=v0.51.4\n");
    sandbox.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", "v0.104.6", "v0.103.0");
    let stage = format!("{}/terragrunt.hcl", unit("stage"));
    let worker = "ec2_worker_pool_configuration = { ami_filters = { filters = [{ name = \"name\", values = [\"ecs-deploy-runner-worker-v0.99.0-*\"] }] } }";
    sandbox.write(&stage, format!("{}\nskip = false\n\ninputs = {{\n  {worker}\n}}\n", sandbox.read(&stage)));
    sandbox
}

#[test]
fn versions_that_do_not_go_together_are_named() {
    let sandbox = apart();
    sandbox.xtask(["status"]).run().is("status-apart");
    sandbox.xtask(["status", "--format", "markdown"]).run().is("status-apart-markdown");
    sandbox.xtask(["status", "--format", "json", "--image", "deploy-runner"]).run().is("status-apart-json");
}

#[test]
fn line_that_decides_the_ref_of_the_module_is_shown_where_units_differ() {
    let sandbox = Sandbox::new();
    let shown = |sandbox: &Sandbox| sandbox.xtask(["status"]).run().exits(0).out;
    assert!(!shown(&sandbox).contains("module by"), "it is one line for all units");
    let dev = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&dev);
    let source = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner";
    sandbox.write(&dev, format!("{text}\nterraform {{\n  source = \"{source}?ref=v0.104.7\"\n}}\n"));
    let line = sandbox.read(&dev).lines().position(|line| line.contains("v0.104.7")).unwrap() + 1;
    let shown = shown(&sandbox);
    assert!(shown.contains(&format!("  module by own terragrunt.hcl:{line}\n")), "{shown}");
    assert!(shown.contains("  module by _envcommon/mgmt/ecs-deploy-runner.hcl:"), "{shown}");
}

#[test]
fn terragrunt_is_asked_for_its_version_only_where_that_matters_and_missed_by_nobody() {
    let sandbox = apart();
    fs::remove_file(sandbox.tool("terragrunt")).unwrap();
    let said = sandbox.xtask(["status"]).run().exits(0);
    assert!(said.out.contains("`skip` is an error for terragrunt v0.93.0 and newer"), "{}", said.screen());
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

#[test]
fn default_of_a_variable_that_is_set_here_and_not_passed_on_is_said_to_be_used() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#"get_env("RUNNER_TAG", "v0.52.1")"#);
    let run = |sandbox: &Sandbox, args: &[&str]| sandbox.xtask(args.iter().copied()).env("RUNNER_TAG", "v9.9.9").run();
    let status = run(&sandbox, &["status"]).exits(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = "the default of `get_env` is used: RUNNER_TAG is set in this shell, and is not passed on";
    assert_eq!(status.matches(note).count(), 2, "once for each place: {status}");
    assert!(status.contains("v0.52.1") && !status.contains("v9.9.9"), "{status}");
    let why = run(&sandbox, &["why", "dev"]).exits(0);
    assert!(why.out.contains("  RUNNER_TAG is set in this shell, and is not passed on   common.hcl:"), "{}", why.out);
    for command in [&["units"][..], &["status"], &["why", "dev"]] {
        let json = run(&sandbox, &[command, &["--format", "json"]].concat()).exits(0).json();
        assert_eq!(json["units"][0]["defaults_used"][0]["variable"], "RUNNER_TAG", "{json:#}");
    }
    // Where it isn't set, there is nothing to say; where it is passed on, its value counts.
    assert!(!sandbox.xtask(["status"]).run().exits(0).out.contains("RUNNER_TAG is set"));
    let sandbox = sandbox.setting("pass-environment", r#"["RUNNER_TAG"]"#);
    let status = run(&sandbox, &["status"]).exits(0).out;
    assert!(status.contains("v9.9.9") && !status.contains("is set in this shell"), "{status}");
}

/// All that is on the screen, however its lines are broken.
fn words(said: &Said) -> String {
    said.screen().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn variable_without_a_default_is_told_to_be_unset_or_not_passed_on_and_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#"get_env("RUNNER_TAG")"#);
    let line = r#"pass-environment = ["RUNNER_TAG"]"#;
    let run = |args: &[&str]| sandbox.xtask(args.iter().copied()).env("RUNNER_TAG", "v9.9.9").run();
    for args in [&["status"][..], &["units"], &["bump-tags", "v1.3.0", "--offline", "--check"]] {
        let withheld = words(&run(args));
        let sentence = format!("RUNNER_TAG is set in this shell, and is not passed on; if it is meant: {line}");
        assert!(withheld.contains(&sentence) && !withheld.contains("is not set"), "{withheld}");
        let unset = words(&sandbox.xtask(args.iter().copied()).run());
        for part in ["the environment variable `RUNNER_TAG` is not set", "give `get_env` a default", line] {
            assert!(unset.contains(part), "{part}: {unset}");
        }
    }
    sandbox.edit("common.hcl", r#"get_env("RUNNER_TAG")"#, r#"try(get_env("RUNNER_TAG"), "v0.52.1")"#);
    assert!(run(&["status"]).exits(0).out.contains("RUNNER_TAG is set in this shell"));
}

#[test]
fn runner_whose_image_nothing_recognises_does_not_pass_a_check() {
    let sandbox = Sandbox::new();
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/standalone-own-names");
    for file in ["ci/main.tf", "modules/runner/main.tf"] {
        fs::create_dir_all(sandbox.repo().join(file).parent().unwrap()).unwrap();
        sandbox.write(file, fs::read_to_string(fixture.join(format!("{file}.in"))).unwrap());
    }
    let status = words(&sandbox.xtask(["status", "--check", "v0.52.1"]).run().exits(5));
    assert!(status.contains("nothing says which of the two it is"), "{status}");
    let why = words(&sandbox.xtask(["why", "ci"]).run().exits(0));
    assert!(why.contains("<- unknown: `container_images.r` has its image from"), "{why}");
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline", "--allow", "old-module"]).run().exits(3).says("in ci");
}
