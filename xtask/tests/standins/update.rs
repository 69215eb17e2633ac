//! `update`: everything as one run, each part only where its outcome doesn't hold yet.

use super::sandbox::{ACCOUNTS, Sandbox};
use crate::real::gate::Gate;

const TAG: &str = "v1.3.0";

/// How often an image was built.
fn n_builds(sandbox: &Sandbox) -> usize {
    sandbox.log().of("infrastructure-deployer").len()
}

#[test]
fn images_tags_and_units_are_updated_in_one_run() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["update", TAG, "--yes", "--jobs", "1"]).run().exits(0).is("update");
    assert_eq!(n_builds(&sandbox), 2);
    assert!(!sandbox.read("common.hcl").contains("v0.52.1"));
    assert_eq!(sandbox.log().applied().len(), ACCOUNTS.len());
}

#[test]
fn module_of_the_runner_moves_with_the_tags_and_is_applied() {
    let sandbox = Sandbox::new();
    let file = "_envcommon/mgmt/ecs-deploy-runner.hcl";
    let before = sandbox.read(file);
    let update = ["update", TAG, "--module-ref", "v0.127.0", "--yes"];
    let dry = sandbox.xtask(update).args(["--dry-run", "--verbose"]).run().exits(0);
    assert!(dry.out.contains("?ref=v0.127.0"), "the change is shown: {}", dry.screen());
    assert_eq!(sandbox.read(file), before);
    sandbox.xtask(update).run().exits(0).says("module to v0.127.0").says("module in 6 units");
    assert_eq!(sandbox.read(file), before.replace("v0.104.6", "v0.127.0"));
    assert!(sandbox.read("common.hcl").contains(&format!("\"{TAG}\"")));
    assert_eq!(sandbox.log().applied().len(), ACCOUNTS.len());
    sandbox.clear_log();
    sandbox.xtask(update).run().exits(0).says("no file is changed");
    assert!(sandbox.log().applied().is_empty(), "it is done already");
}

#[test]
fn repeated_it_does_nothing_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["update", TAG, "--yes"]).run().exits(0);
    sandbox.clear_log();
    sandbox.xtask(["update", TAG, "--yes", "--jobs", "1"]).run().exits(0).is("update-again");
    assert_eq!(n_builds(&sandbox), 0);
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn a_pull_request_can_come_between() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["update", TAG, "--yes", "--until", "images"]).run().exits(0).says("next: cargo xtask update v1.3.0");
    assert_eq!((n_builds(&sandbox), sandbox.read("common.hcl")), (2, before));
    sandbox.clear_log();
    sandbox.xtask(["update", TAG, "--yes", "--until", "bump"]).run().exits(0).is("update-until-bump");
    assert_eq!(n_builds(&sandbox), 0, "they are there already");
    assert!(!sandbox.read("common.hcl").contains("v0.52.1"));
    assert!(sandbox.log().of("terragrunt").is_empty());
    sandbox.xtask(["update", TAG, "--yes"]).run().exits(0);
    assert_eq!(sandbox.log().applied().len(), ACCOUNTS.len());
}

#[test]
fn an_image_that_cannot_be_built_keeps_tags_and_units_as_they_are() {
    let sandbox = Sandbox::new().fault("no-image");
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["update", TAG, "--yes", "--jobs", "1"]).run().exits(1).is("update-no-image");
    assert_eq!(sandbox.read("common.hcl"), before);
    assert!(sandbox.log().of("terragrunt").is_empty());
}

#[test]
fn only_what_is_missing_is_built() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images", TAG, "--image", "kaniko"]).run().exits(0);
    sandbox.clear_log();
    sandbox.xtask(["update", TAG, "--yes", "--until", "images"]).run().exits(0).says("was there already");
    assert_eq!(n_builds(&sandbox), 1);
}

#[test]
fn without_the_deployer_it_goes_on_as_long_as_nothing_has_to_be_built() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images", TAG]).run().exits(0);
    std::fs::remove_file(sandbox.tool("infrastructure-deployer")).unwrap();
    sandbox.xtask(["update", TAG, "--yes"]).run().exits(0);
    let refused = sandbox.xtask(["update", "v1.2.0", "--yes"]).run().exits(3);
    refused.says("`infrastructure-deployer` is not on the PATH").says("an image is missing in ECR");
}

#[test]
fn one_wrong_account_keeps_everything_from_being_done() {
    let sandbox = Sandbox::new().fault("wrong-account:prod");
    sandbox.xtask(["update", TAG, "--yes"]).run().exits(3).says("belong to another account");
    assert!(sandbox.log().nothing_worked());
    assert!(sandbox.read("common.hcl").contains("v0.52.1"));
}

#[test]
fn a_dry_run_prints_every_part_and_touches_nothing() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["update", TAG, "--dry-run", "--verbose"]).run().exits(0).is("dry-run-update");
    assert!(sandbox.log().calls().is_empty());
    assert!(sandbox.read("common.hcl").contains("v0.52.1"));
}

#[test]
fn going_back_is_an_update_to_the_older_release_and_is_named_a_downgrade() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["update", TAG, "--yes"]).run().exits(0);
    let back = sandbox.xtask(["update", "v0.52.1", "--yes"]).run().exits(0);
    back.says("Downgrade");
    assert!(!sandbox.read("common.hcl").contains(TAG));
}

#[test]
fn repository_that_is_another_after_the_builds_is_refused_before_anything_is_moved_or_planned() {
    let prod = "prod/us-east-1/mgmt/ecs-deploy-runner";
    type Change<'a> = (&'a str, &'a dyn Fn(&Sandbox));
    let changes: [Change<'_>; 2] = [
        ("files have been changed since this update began", &|sandbox| {
            sandbox.write(&format!("{prod}/terragrunt.hcl"), "# another branch\n");
        }),
        ("prod/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl", &|sandbox| {
            std::fs::remove_dir_all(sandbox.repo().join(prod)).unwrap();
        }),
    ];
    for (said, change) in changes {
        let sandbox = Sandbox::new();
        sandbox.push("ecs-deploy-runner", TAG);
        let before = sandbox.read("common.hcl");
        let gate = Gate::open();
        sandbox.build_gate(Some(gate.port()));
        let running = sandbox.xtask(["update", TAG, "--yes", "--jobs", "1"]).start();
        let held = gate.next();
        change(&sandbox);
        held.let_go();
        running.finish().exits(3).says(said).says("nothing was planned or applied");
        assert_eq!(sandbox.read("common.hcl"), before);
        assert!(sandbox.log().of("terragrunt").is_empty());
    }
}

#[test]
fn unit_that_is_new_after_the_builds_is_refused_before_anything_is_planned() {
    let sandbox = Sandbox::new();
    sandbox.push("ecs-deploy-runner", TAG);
    let gate = Gate::open();
    sandbox.build_gate(Some(gate.port()));
    let running = sandbox.xtask(["update", TAG, "--yes", "--jobs", "1"]).start();
    let held = gate.next();
    let (from, to) = ("dev/us-east-1/mgmt/ecs-deploy-runner", "dev/us-west-2/mgmt/ecs-deploy-runner");
    std::fs::create_dir_all(sandbox.repo().join(to)).unwrap();
    let text = sandbox.read(&format!("{from}/terragrunt.hcl"));
    sandbox.write(&format!("{to}/terragrunt.hcl"), text);
    let region = sandbox.read("dev/us-east-1/region.hcl").replace("us-east-1", "us-west-2");
    sandbox.write("dev/us-west-2/region.hcl", region);
    held.let_go();
    running.finish().exits(3).says("dev/us-west-2/mgmt/ecs-deploy-runner   is new");
    assert!(sandbox.log().of("terragrunt").is_empty());
}
