//! `verify --smoke`: each runner plans once, and ECS tells whether its container started.

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use super::command::Xtask;
use super::sandbox::{Sandbox, unit};
use crate::real::doctor::encoded;
use crate::real::gate::Gate;

const DEV: [&str; 6] = ["verify", "--smoke", "--ref=main", "--yes", "--account", "dev"];

fn smoke(sandbox: &Sandbox) -> Xtask<'_> {
    sandbox.xtask(DEV)
}

/// What infrastructure-deployer was asked, and in which account.
fn asked(sandbox: &Sandbox) -> Vec<String> {
    sandbox.log().of("infrastructure-deployer").iter().map(|call| call.argv().join(" ")).collect()
}

/// Has the invoker of dev let a plan pass these options and no others.
fn let_planner_pass(sandbox: &Sandbox, options: &[&str]) {
    let script = json!({ "infrastructure-deploy-script": { "allowed_options": options } });
    let variables = encoded(&json!({ "terraform-planner": script }));
    fs::write(sandbox.world().join("accounts/100000000004/lambda.json"), variables.to_string()).unwrap();
}

#[test]
fn a_runner_that_starts_is_proven_by_ecs() {
    let sandbox = Sandbox::new();
    smoke(&sandbox).run().exits(0).is("smoke");
    assert_eq!(
        asked(&sandbox),
        ["--aws-region us-east-1 -- terraform-planner infrastructure-deploy-script --ref main --binary terragrunt \
          --command plan --deploy-path dev/us-east-1/mgmt/ecs-deploy-runner"]
    );
    assert_eq!(sandbox.log().n_asked("DescribeTasks"), 1);
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn a_plan_that_fails_inside_proves_the_start_all_the_same() {
    let sandbox = Sandbox::new().fault("start:plan");
    let said = smoke(&sandbox).run().exits(0);
    assert!(said.out.contains("started  its plan failed"), "{said:?}");
    let json = smoke(&sandbox).args(["--format=json"]).run().exits(0).json();
    let start = json["units"][0]["checks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&start["subject"], &start["verdict"]), (&"start".into(), &"verified".into()), "{json}");
    assert!(start["task"].as_str().unwrap().starts_with("arn:aws:ecs:us-east-1:100000000004:task/ecs-deploy-runner/"));
}

#[test]
fn what_keeps_a_container_from_starting_is_named_with_its_remedy() {
    for (fault, snapshot) in [("pull", "smoke-pull"), ("secret", "smoke-secret"), ("network", "smoke-network")] {
        let sandbox = Sandbox::new().fault(&format!("start:{fault}"));
        smoke(&sandbox).run().exits(5).is(snapshot);
    }
}

#[test]
fn a_runner_whose_image_is_gone_does_not_start() {
    let sandbox = Sandbox::new();
    sandbox.change_images("ecs-deploy-runner", Vec::clear);
    let said = smoke(&sandbox).run().exits(5);
    assert!(said.out.contains("!  dev: the runner's image is not in ECR: CannotPullContainerError"), "{said:?}");
    assert!(said.out.contains("to do: which tag the unit has: cargo xtask status"), "{said:?}");
}

#[test]
fn what_the_invoker_refuses_is_not_proven_and_nobody_is_asked_about_a_task() {
    let sandbox = Sandbox::new().fault("start:option");
    let said = smoke(&sandbox).run().exits(5);
    assert!(said.out.contains("?  dev: the runner's invoker does not allow an option of this plan"), "{said:?}");
    assert_eq!(sandbox.log().n_asked("DescribeTasks"), 0);
}

#[test]
fn a_runner_whose_invoker_would_refuse_is_told_and_left_out_before_any_other_starts() {
    let with = |options: &[&str]| {
        let sandbox = Sandbox::new();
        let_planner_pass(&sandbox, options);
        sandbox
    };
    let both = ["verify", "--smoke", "--ref=main", "--yes", "--account", "dev", "--account", "stage"];
    let why = "its invoker lets no plan pass --binary and --deploy-path";
    let sandbox = with(&["--ref", "--command"]);
    let said = sandbox.xtask(both).run().exits(5).says(why);
    assert!(said.out.contains(&format!("?  dev: the runner was not asked: {why}")), "{said:?}");
    assert!(said.err.find(why) < said.err.find("Smoke test   stage"), "{said:?}");
    let asked_of = asked(&sandbox);
    assert!(asked_of.len() == 1 && asked_of[0].ends_with(&unit("stage")), "{asked_of:?}");
    let sandbox = with(&["--ref", "--binary", "--command", "--deploy-path"]);
    sandbox.xtask(both).run().exits(0).says("2 containers started");
}

#[test]
fn a_task_that_nobody_waits_for_is_told_with_the_command_that_stops_it() {
    let sandbox = Sandbox::new().fault("start:timeout");
    let said = smoke(&sandbox).run().exits(5);
    assert!(said.out.contains("its container has not started yet: the task is PENDING"), "{said:?}");
    said.says("the ECS task of dev may still be at work: arn:aws:ecs:us-east-1:100000000004:task/ecs-deploy-runner/")
        .says("to stop it: aws-vault exec your-dev -- aws ecs stop-task --region us-east-1 --task arn:aws:ecs:");
}

#[test]
fn only_the_runners_of_the_selection_are_started() {
    let sandbox = Sandbox::new();
    let two = ["verify", "--smoke", "--ref=main", "--yes", "--account", "stage", "--account", "shared"];
    sandbox.xtask(two).run().exits(0).says("2 containers started").says_nothing_of("your-prod");
    let asked = asked(&sandbox);
    assert!(asked.len() == 2 && asked.iter().any(|call| call.ends_with(&unit("stage"))), "{asked:?}");
}

#[test]
fn without_consent_nothing_is_started_and_the_commands_are_shown() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["verify", "--smoke", "--ref=main", "--account", "dev"]).run().exits(3).is("smoke-no-consent");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn a_dry_run_prints_the_commands_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let said = smoke(&sandbox).args(["--dry-run", "--verbose"]).run().exits(0);
    assert!(
        said.out.contains("# Smoke test: dev\n#   dev   aws-vault exec your-dev -- infrastructure-deployer"),
        "{said:?}"
    );
    assert!(said.out.contains("-- terraform-planner infrastructure-deploy-script --ref main"), "{said:?}");
    assert!(said.out.ends_with("# then, for each task that one of them names: aws ecs describe-tasks\n"), "{said:?}");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn without_infrastructure_deployer_it_says_where_that_comes_from() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.tool("infrastructure-deployer")).unwrap();
    smoke(&sandbox).run().exits(3).says("`infrastructure-deployer` not found on PATH").says("terraform-aws-ci");
    sandbox.xtask(["verify", "--account", "dev"]).run().exits(0);
}

#[test]
fn wrong_account_starts_nothing() {
    let sandbox = Sandbox::new().fault("wrong-account:dev");
    smoke(&sandbox).run().exits(3);
    assert!(asked(&sandbox).is_empty());
}

#[test]
fn a_runner_of_another_name_is_asked_through_its_own_invoker() {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}\ninputs = {{\n  name = \"blue\"\n}}\n"));
    let said = smoke(&sandbox).run().exits(5);
    assert!(said.out.contains("?  dev: no task was started"), "it is not deployed: {said:?}");
    assert!(asked(&sandbox)[0].starts_with("--aws-region us-east-1 --invoker-function-id blue-invoker -- "));
}

#[test]
fn two_runners_of_one_unit_are_both_asked() {
    let sandbox = Sandbox::new();
    let folder = "dev/eu-west-1/pipelines";
    fs::create_dir_all(sandbox.repo().join(folder)).unwrap();
    let module = |name: &str| {
        format!(
            r#"
module "{name}" {{
  source = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v1.3.0"
  name   = "{name}"

  terraform_planner_config = {{
    infrastructure_live_repositories = ["git@github.com:acme/live.git"]
    container_image = {{
      docker_image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner"
      docker_tag   = "v0.52.1"
    }}
  }}
}}
"#
        )
    };
    let provider = r#"
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["100000000004"]
}
"#;
    sandbox.write(&format!("{folder}/main.tf"), format!("{provider}{}{}", module("blue"), module("green")));
    let said = sandbox.xtask(["verify", "--smoke", "--ref=main", "--yes", "--unit", folder]).run();
    let mut asked: Vec<_> = asked(&sandbox).iter().map(|words| words.split(' ').nth(3).unwrap().to_owned()).collect();
    asked.sort();
    assert_eq!(asked, ["blue-invoker", "green-invoker"], "{}", said.screen());
}

#[test]
fn branch_and_repository_are_those_of_the_checkout() {
    let sandbox = Sandbox::new();
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        let output = git.args(identity).args(args).current_dir(sandbox.repo()).env("HOME", sandbox.top()).output();
        assert!(output.unwrap().status.success(), "{args:?}");
    };
    let in_git = || {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", sandbox.world().join("bin").display());
        sandbox.xtask(["verify", "--smoke", "--yes", "--account", "dev"]).env("PATH", path)
    };
    let one = r#"["https://github.com/sample/infrastructure-live.git"]"#;
    sandbox.xtask(["verify", "--smoke", "--account", "dev"]).run().exits(3).says("name it: --ref main");
    fs::remove_dir(sandbox.repo().join(".git")).unwrap();
    git(&["init", "--quiet", "--initial-branch=work"]);
    git(&["commit", "--quiet", "--allow-empty", "--message=x"]);
    git(&["remote", "add", "origin", "git@github.com:sample/infrastructure-live.git"]);
    in_git().run().exits(0);
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let several = r#"["https://github.com/sample/modules.git", "https://github.com/sample/infrastructure-live.git"]"#;
    sandbox.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", one, several);
    let_planner_pass(&sandbox, &["--repo", "--ref", "--binary", "--command", "--deploy-path"]);
    in_git().run().exits(0);
    let asked = asked(&sandbox);
    assert!(asked[0].contains(" --ref work --binary "), "{asked:?}");
    let expected = "--repo https://github.com/sample/infrastructure-live.git --ref main";
    assert!(asked[1].contains(expected), "{asked:?}");
    sandbox.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", "sample/infrastructure-live.git", "sample/live.git");
    let said = in_git().run().exits(5);
    assert!(said.out.contains("none of its `infrastructure_live_repositories` is the `origin`"), "{said:?}");
}

#[test]
fn whoever_leaves_hears_which_task_lives_on_and_the_journal_has_it() {
    let sandbox = Sandbox::new();
    let gate = Gate::open();
    sandbox.build_gate(Some(gate.port()));
    let mut running = smoke(&sandbox).start();
    let held = gate.next();
    running.wait_until_it_says("the task runs, and plans");
    running.signal(Signal::INT);
    running.wait_until_it_says("Stopping");
    running.signal(Signal::INT);
    running.finish().exits(130).is("smoke-interrupted");
    held.let_go();
    let runs = sandbox.xtask(["runs", "--format=json"]).run().exits(0).json()["runs"].clone();
    let shown = sandbox.xtask(["runs", "show", runs[0]["run"].as_str().unwrap()]).run().exits(0).out;
    assert!(shown.contains("Task         dev   arn:aws:ecs:us-east-1:100000000004:task/ecs-deploy-runner/"), "{shown}");
}

#[test]
fn the_run_is_kept_with_what_was_proven() {
    let sandbox = Sandbox::new().fault("start:secret");
    smoke(&sandbox).run().exits(5);
    let runs = sandbox.xtask(["runs", "--format=json"]).run().exits(0).json()["runs"].clone();
    assert_eq!((runs.as_array().unwrap().len(), &runs[0]["result"]), (1, &"differs".into()));
    let shown = sandbox.xtask(["runs", "show", runs[0]["run"].as_str().unwrap()]).run().exits(0).out;
    assert!(shown.contains("dev  failed"), "{shown}");
    assert!(shown.contains("a secret that the task needs is not there: ResourceInitializationError"), "{shown}");
}
