//! `build-images` where it follows this repository, where a build goes wrong, and where its task outlives the runner.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::sandbox::Sandbox;
use crate::real::gate::Gate;

const KANIKO: [&str; 3] = ["build-images", "v1.3.0", "--image=kaniko"];
const FOLDER: &str = "shared/us-east-1/_regional/container_images";

/// A build script in the shape of a Reference Architecture's, with a fork and tools of its own.
fn script(image: &str, repository: &str) -> String {
    format!(
        r#"#!/usr/bin/env bash
set -e
readonly DOCKERFILE_REPO="https://github.com/acme/terraform-aws-ci.git"
readonly DOCKERFILE_REPO_REF="v0.52.1"
readonly DOCKERFILE_CONTEXT_PATH="modules/ecs-deploy-runner/docker/{image}"
readonly DEPLOY_RUNNER_REGION="us-east-1"
readonly ECR_REPO_NAME="{repository}"
readonly TERRAFORM_VERSION="1.6.3"

function run {{
  local -r account_id="$(jq -r .shared.id accounts.json)"
  infrastructure-deployer --aws-region "$DEPLOY_RUNNER_REGION" -- docker-image-builder build-docker-image \
    --repo "$DOCKERFILE_REPO" \
    --ref "$DOCKERFILE_REPO_REF" \
    --context-path "$DOCKERFILE_CONTEXT_PATH" \
    --docker-image-tag "$account_id.dkr.ecr.us-east-1.amazonaws.com/$ECR_REPO_NAME:$DOCKERFILE_REPO_REF" \
    --build-arg GITHUB_OAUTH_TOKEN="$GITHUB_OAUTH_TOKEN" \
    --build-arg "module_ci_tag=$DOCKERFILE_REPO_REF" \
    --build-arg "terraform_version=$TERRAFORM_VERSION"
}}
run
"#
    )
}

fn with_scripts() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.repo().join(FOLDER)).unwrap();
    sandbox.write(&format!("{FOLDER}/build_deploy_runner_image.sh"), script("deploy-runner", "ecs-deploy-runner"));
    sandbox.write(&format!("{FOLDER}/build_kaniko_image.sh"), script("kaniko", "kaniko"));
    sandbox
}

/// The value of each option of the only build there was.
fn options(sandbox: &Sandbox, option: &str) -> Vec<String> {
    let log = sandbox.log();
    let builds = log.of("infrastructure-deployer");
    assert_eq!(builds.len(), 1, "{builds:?}");
    let argv = builds[0].argv();
    argv.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1].to_owned()).collect()
}

fn set_tasks(sandbox: &Sandbox, status: &str) {
    let file = sandbox.world().join("accounts/100000000002/tasks.json");
    let mut tasks: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    tasks.as_object_mut().unwrap().values_mut().for_each(|known| known["status"] = status.into());
    fs::write(file, tasks.to_string()).unwrap();
}

#[test]
fn arguments_are_those_of_the_repositorys_own_scripts() {
    let sandbox = with_scripts();
    sandbox.xtask(KANIKO).run().exits(0).is("builds-script");
    assert_eq!(options(&sandbox, "--repo"), ["https://github.com/acme/terraform-aws-ci.git"]);
    assert_eq!(options(&sandbox, "--ref"), ["v1.3.0"]);
    assert_eq!(options(&sandbox, "--env-secret"), ["github-token=GITHUB_OAUTH_TOKEN"]);
    assert_eq!(options(&sandbox, "--build-arg"), ["module_ci_tag=v1.3.0", "terraform_version=1.6.3"]);
}

#[test]
fn script_that_is_not_understood_keeps_everything_from_being_built() {
    let sandbox = with_scripts();
    sandbox.edit(&format!("{FOLDER}/build_kaniko_image.sh"), r#""1.6.3""#, "$(cat .terraform-version)");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(3).is("builds-script-not-understood");
    assert!(sandbox.log().calls().is_empty());
    sandbox.xtask(KANIKO).args(["--allow=ignore-script"]).run().exits(0);
    assert_eq!(options(&sandbox, "--build-arg"), ["module_ci_tag=v1.3.0"]);
}

#[test]
fn script_that_pushes_elsewhere_than_the_units_pull_from_is_refused() {
    let sandbox = with_scripts();
    sandbox.edit(&format!("{FOLDER}/build_kaniko_image.sh"), r#"NAME="kaniko""#, r#"NAME="builder""#);
    let said = sandbox.xtask(KANIKO).run().exits(3);
    said.says("pushes to repository `builder`, and the units say `kaniko` for image `kaniko`");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn settings_win_over_scripts_and_the_command_line_over_both() {
    let image = r#"[{ name = "kaniko", context-path = "modules/ecs-deploy-runner/docker/kaniko", build-args = { terraform_version = "1.7.0", x = "1" } }]"#;
    let sandbox = with_scripts()
        .setting("image", image)
        .setting("build", r#"{ max-wait-time = "1h", task-cpu = 2048, task-memory = 8192, launch-type = "EC2", invoker-function-id = "edr" }"#);
    sandbox.xtask(KANIKO).args(["--build-arg", "x=2"]).run().exits(0).says("--build-arg x=2 ");
    assert_eq!(options(&sandbox, "--build-arg"), ["module_ci_tag=v1.3.0", "terraform_version=1.7.0", "x=2"]);
    for (option, value) in [
        ("--max-wait-time", "1h"),
        ("--task-cpu", "2048"),
        ("--task-memory", "8192"),
        ("--task-launch-type", "EC2"),
        ("--invoker-function-id", "edr"),
    ] {
        assert_eq!(options(&sandbox, option), [value]);
    }
    sandbox
        .xtask(KANIKO)
        .args(["--build-arg", "NPM_TOKEN=x"])
        .run()
        .exits(2)
        .says("would put a secret on a command line");
}

#[test]
fn further_image_is_built_when_it_is_asked_for() {
    let image = r#"[{ name = "steampipe-runner", dockerfile-repo = "https://github.com/acme/steampipe.git", context-path = "docker", tag = "v0.3.5", env-secrets = [] }]"#;
    let sandbox = Sandbox::new().setting("image", image);
    sandbox.create_repository("steampipe-runner");
    sandbox.xtask(["build-images", "--image=other"]).run().exits(2).says("(deploy-runner, kaniko, steampipe-runner)");
    sandbox.xtask(["build-images", "--image=steampipe-runner"]).run().exits(0);
    let target = "100000000002.dkr.ecr.us-east-1.amazonaws.com/steampipe-runner:v0.3.5";
    assert_eq!(options(&sandbox, "--docker-image-tag"), [target]);
    assert_eq!(options(&sandbox, "--build-arg"), [""; 0]);
    sandbox.clear_log();
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    assert_eq!(sandbox.log().of("infrastructure-deployer").len(), 2, "only the two that make a runner");
}

#[test]
fn image_that_is_there_is_left_alone_with_the_command_that_would_delete_it() {
    let sandbox = Sandbox::new();
    sandbox.push("kaniko", "v1.3.0");
    sandbox.xtask(KANIKO).run().exits(0).is("builds-was-there");
    assert!(sandbox.log().of("infrastructure-deployer").is_empty());
    let json = sandbox.xtask(KANIKO).args(["--format=json"]).run().exits(0).json();
    assert_eq!(
        (&json["images"][0]["verdict"], &json["images"][0]["bytes"]),
        (&"was-there".into(), &412_345_678.into())
    );
}

#[test]
fn every_known_failure_is_told_with_its_cause_and_its_remedy() {
    for (name, cause, remedy) in [
        (
            "build:old-kaniko",
            "the deployed runner can't hand the GitHub token to the build",
            "build this one image by hand",
        ),
        ("no-secret", "the deployed runner can't hand the GitHub token to the build", "build this one image by hand"),
        ("build:no-token", "the deployed runner can't hand the GitHub token", "build this one image by hand"),
        ("build:option", "the runner's invoker does not allow an option", "allow it in the runner's configuration"),
        ("build:repo", "does not allow this repository of Dockerfiles", "add it to `allowed_repos`"),
        ("build:regex", "a regular expression in `allowed_repos_regex`", "mend it in the runner's configuration"),
        ("build:empty", "an option of the build was given without a value", "leave the option out"),
        ("build:flag", "the script in the runner has no option `--secret`", "it is called `--env-secret`"),
        ("build:not-started", "ECS could not get the task ready: its secrets", "look at what ECS says, at the ARNs"),
        ("build:pull", "the image that builds is not in ECR", "which tag of kaniko the unit has"),
        ("build:token", "GitHub did not accept the token that the runner has", "renew the personal access token"),
        ("build:clone", "GitHub did not accept the token that the runner has", "renew the personal access token"),
        ("build:capacity", "the cluster has no room for the task", "wait until another task has ended"),
        (
            "build:disk",
            "the disk of the runner's ECS task is full: /kaniko/0/layer.tar",
            "give the task more ephemeral",
        ),
        ("build:memory", "the runner's ECS task ran out of memory", "give it more: `task-memory`"),
        ("build:pull-limit", "Docker Hub lets the runner's address pull no more", "try again in some hours"),
        ("build:push", "ECR did not let the runner push the image", "the role of the docker image builder's task"),
        ("build:immutable", "the tag is in ECR already", "run the command again, which takes the image"),
        ("build:invoker", "the runner's invoker is not in this account and region", "if the runner is not called"),
    ] {
        let sandbox = Sandbox::new().fault(name);
        let said = sandbox.xtask(KANIKO).run().exits(1);
        let said = said.says(cause).says(&format!("to do: {remedy}")).says("log: .xtask/runs/");
        said.says_nothing_of("may still be at work").says_nothing_of("ssh-add").says_nothing_of("--jobs");
    }
}

#[test]
fn both_forms_of_the_log_are_followed() {
    let sandbox = Sandbox::new().fault("terminal-log");
    let said = sandbox.xtask(KANIKO).run().exits(0);
    said.says("  kaniko   asking the runner's invoker\n").says("  kaniko   the task runs, and builds\n");
}

#[test]
fn task_that_nobody_waits_for_keeps_the_image_from_being_built_twice() {
    let sandbox = Sandbox::new().fault("build:timeout");
    sandbox.xtask(KANIKO).run().exits(1).is("builds-timeout");
    let sandbox = sandbox.no_faults();
    sandbox.clear_log();
    sandbox.xtask(KANIKO).run().exits(3).is("builds-still-at-work");
    assert!(sandbox.log().of("infrastructure-deployer").is_empty());
    set_tasks(&sandbox, "STOPPED");
    sandbox.xtask(KANIKO).run().exits(0).says("built in");
    sandbox.clear_log();
    sandbox.xtask(KANIKO).run().exits(0);
    assert_eq!(sandbox.log().n_asked("DescribeTasks"), 0, "it is settled");
}

#[test]
fn task_of_a_runner_that_was_killed_is_found_in_its_log() {
    let sandbox = Sandbox::new();
    let gate = Gate::open();
    sandbox.build_gate(Some(gate.port()));
    let mut running = sandbox.xtask(KANIKO).start();
    let held = gate.next();
    running.wait_until_it_says("the task runs, and builds");
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code, None);
    sandbox.build_gate(None);
    sandbox.xtask(KANIKO).run().exits(3).says("an earlier build of image `kaniko` is still at work");
    let killed = runs(&sandbox).swap_remove(1);
    assert_eq!((&killed["result"], &killed["units"]), (&"unknown".into(), &"1 image unknown".into()));
    held.let_go();
    let lock = fs::File::options().write(true).open(sandbox.repo().join(".xtask/locks/image.kaniko.lock")).unwrap();
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    drop(lock);
    sandbox.xtask(KANIKO).run().exits(0).says("was there already");
    let shown = show(&sandbox, &killed);
    assert!(shown.contains("  kaniko  succeeded") && shown.contains("a later run found the image in ECR"), "{shown}");
}

/// All runs, newest first.
fn runs(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.xtask(["runs", "--format=json"]).run().exits(0).json()["runs"].as_array().unwrap().clone()
}

fn show(sandbox: &Sandbox, run: &Value) -> String {
    sandbox.xtask(["runs", "show", run["run"].as_str().unwrap()]).run().exits(0).out
}

#[test]
fn journal_has_each_image_its_task_and_what_became_of_it() {
    let sandbox = Sandbox::new();
    sandbox.push("ecs-deploy-runner", "v1.3.0");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let shown = show(&sandbox, &runs(&sandbox)[0]);
    let row = |name: &str| shown.lines().find(|line| line.starts_with(&format!("  {name} "))).unwrap();
    for (name, reason) in [("deploy-runner", "was there already"), ("kaniko", "built")] {
        assert!(row(name).contains(" succeeded ") && row(name).ends_with(reason), "{shown}");
    }
    assert!(shown.contains("Task         kaniko   arn:aws:ecs:us-east-1:100000000002:task/"), "{shown}");
    let sandbox = Sandbox::new().fault("no-image");
    sandbox.xtask(KANIKO).run().exits(1);
    let run = runs(&sandbox).swap_remove(0);
    assert_eq!((&run["result"], &run["units"]), (&"failed".into(), &"1 image failed".into()));
    let shown = show(&sandbox, &run);
    assert!(shown.contains("not in ECR after the build"), "{shown}");
    let sandbox = sandbox.no_faults();
    sandbox.xtask(["runs", "resume"]).run().exits(0).says("built in");
}

#[test]
fn interrupted_build_names_its_task_and_how_to_stop_it() {
    let sandbox = Sandbox::new();
    let gate = Gate::open();
    sandbox.build_gate(Some(gate.port()));
    let mut running = sandbox.xtask(KANIKO).start();
    let _held = gate.next();
    running.wait_until_it_says("the task runs, and builds");
    running.signal(Signal::INT);
    running.wait_until_it_says("Stopping");
    running.signal(Signal::INT);
    running.finish().exits(130).is("builds-interrupted");
}

#[test]
fn busy_ecr_is_asked_again_a_bounded_number_of_times() {
    let sandbox = Sandbox::new().fault("busy-ecr");
    sandbox.xtask(KANIKO).run().exits(0);
    let sandbox = Sandbox::new().fault("always-busy-ecr");
    sandbox.xtask(KANIKO).run().exits(3).is("builds-busy");
    assert!(sandbox.log().of("infrastructure-deployer").is_empty());
}

#[test]
fn missing_repository_is_told_in_its_own_words() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", "amazonaws.com/kaniko", "amazonaws.com/kaniko-2");
    let said = sandbox.xtask(KANIKO).run().exits(3);
    said.says("there is no ECR repository `kaniko-2` in 100000000002 shared, us-east-1");
    assert!(sandbox.log().of("infrastructure-deployer").is_empty());
}
