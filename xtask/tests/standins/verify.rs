//! `verify`: what runs, proven by ECS, Lambda and ECR of every account.

use super::sandbox::{Sandbox, unit};

#[test]
fn all_that_runs_is_proven_with_one_session_per_account() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["verify"]).run().is("verify");
    // One session proves the identity, one asks.
    assert_eq!(sandbox.log().of("aws-vault").len(), 12, "two sessions per account");
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn what_was_bumped_and_not_applied_differs() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["verify"]).run().exits(5).is("verify-not-applied");
}

#[test]
fn tag_that_somebody_else_applied_is_found() {
    let sandbox = Sandbox::bumped().fault("wrong-tag-running:stage");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    sandbox.xtask(["apply-all", "--yes", "--account", "stage", "--account", "dev", "--account", "shared"]).run();
    let accounts = ["verify", "--account", "dev", "--account", "stage"];
    sandbox.xtask(accounts).run().exits(5).is("verify-wrong-tag-running");
    let json = sandbox.xtask(accounts).args(["--format", "json"]).run().exits(5).json();
    assert_eq!(json["all_verified"], false);
    let checks = |n: usize| json["units"][n]["checks"].as_array().unwrap().clone();
    assert!(checks(0).iter().all(|check| check["verdict"] == "verified"), "{json}");
    let wrong = checks(1).into_iter().find(|check| check["name"] == "terraform-planner").unwrap();
    assert_eq!((&wrong["running"], &wrong["wanted"]), (&"v0.52.1".into(), &"v1.3.0".into()), "{wrong}");
}

#[test]
fn name_of_the_runner_comes_from_the_inputs() {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}\ninputs = {{\n  name = \"other-runner\"\n}}\n"));
    let said = sandbox.xtask(["verify", "--account", "dev"]).run().exits(5);
    for (family, why) in [
        ("other-runner-terraform-planner", "there is no active task definition of the name in its inputs"),
        ("other-runner-invoker", "there is no such function"),
    ] {
        assert!(said.out.contains(family) && said.out.contains(&format!("!  dev: {why}")), "{said:?}");
    }
}

#[test]
fn name_that_nobody_knows_offline_is_not_proven() {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}\ninputs = {{\n  name = run_cmd(\"hostname\")\n}}\n"));
    let said = sandbox.xtask(["verify", "--account", "dev"]).run().exits(5).says("1 of 1 unit is not verified");
    assert!(said.out.contains("the name of the runner is not known, because"), "{said:?}");
    // The stand-in for terraform knows no outputs.
    said.says("Outputs      dev   not read: ");
}

#[test]
fn wrong_account_is_asked_nothing() {
    let sandbox = Sandbox::new().fault("wrong-account:dev");
    sandbox.xtask(["verify"]).run().exits(3).prints_nothing();
    assert!(sandbox.log().asked().is_empty());
}

#[test]
fn dry_run_prints_every_question_ready_to_paste() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["verify", "--account", "dev", "--dry-run", "--verbose"]).run().exits(0);
    assert!(said.out.contains(r#""family":"ecs-deploy-runner-terraform-planner""#), "{said:?}");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn each_wave_ends_with_its_proof() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    let proofs: Vec<_> = said.err.lines().filter(|line| line.starts_with("Verified ")).collect();
    assert_eq!(proofs[0], "Verified     dev   2 task definitions at v1.3.0, digests match ECR", "{said:?}");
    assert_eq!(
        proofs.last().unwrap(),
        &"Verified     prod   2 task definitions at v1.3.0, digests match ECR",
        "{said:?}"
    );
}

#[test]
fn ecr_is_asked_behind_the_first_wave_only() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let asked = || sandbox.log().n_asked("DescribeImages");
    let before = asked();
    sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    assert_eq!(asked() - before, 4, "two images before the plans, and again behind the first of three waves");
}

#[test]
fn tag_that_does_not_run_stops_the_run_before_the_next_wave() {
    let sandbox = Sandbox::bumped().fault("wrong-tag-running:dev");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(1);
    assert!(said.err.contains("what the repository says does not run in `dev`"), "{said:?}");
    assert_eq!(sandbox.log().applied(), ["100000000004"], "nothing was applied after the first wave");
}

#[test]
fn foreign_revision_where_nothing_is_to_be_applied_is_a_refusal_that_says_how_to_take_it_away() {
    let sandbox = Sandbox::bumped().fault("wrong-tag-running:dev");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let apply = || sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run();
    apply().exits(1);
    sandbox.clear_log();
    apply()
        .exits(3)
        .says("to take it away: aws-vault exec your-dev -- aws ecs deregister-task-definition --region us-east-1");
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn policy_that_became_wider_than_could_be_seen_before_its_apply_stops_the_run_before_the_next_wave() {
    let sandbox = Sandbox::bumped().fault("wider-policy:dev");
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(1);
    let said =
        said.says("the apply changed more than another revision of a task definition, which could not be seen before");
    said.says("aws_iam_policy.invoke policy.Statement[0].Action  ecs:RunTask -> *");
    assert_eq!(sandbox.log().applied(), ["100000000004"], "nothing was applied after the first wave");
    let run = sandbox.xtask(["runs", "--format", "json"]).run().exits(0);
    assert!(run.out.contains("failed"), "{run:?}");
}

#[test]
fn wave_knows_the_names_of_task_families_by_the_outputs_of_its_units() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}\ninputs = {{\n  name = run_cmd(\"hostname\")\n}}\n"));
    let apply = ["apply-all", "--yes", "--account", "dev"];
    let proven = "Verified     dev   2 task definitions at v1.3.0, digests match ECR";
    sandbox.xtask(apply).run().exits(0).says(proven);
    sandbox.xtask(apply).run().exits(0).says("nothing to apply").says(proven);
}
