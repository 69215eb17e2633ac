//! What `apply-all` holds itself to: the plans that were shown, in the account that was proven, and nothing lost unasked.

use std::fs;

use super::sandbox::{ACCOUNTS, Sandbox, unit};

const YES: [&str; 2] = ["apply-all", "--yes"];

/// A sandbox in which the plan of shared destroys the task definition of the image builder.
fn destroying() -> Sandbox {
    let sandbox = Sandbox::new();
    let file = format!("{}/terragrunt.hcl", unit("shared"));
    let text = sandbox.read(&file);
    let (before, _) = text.split_once("locals {").unwrap();
    sandbox.write(&file, before);
    sandbox
}

#[test]
fn plan_file_that_was_changed_since_it_was_shown_is_not_applied() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let running = sandbox.xtask(YES).args(["--jobs=1", "--account=dev", "--account=stage", "--account=prod"]).start();
    let held = gate.next();
    let plans = sandbox.state_files();
    let plan = |name: &str| plans.iter().find(|path| path.ends_with(name)).unwrap();
    // A plan of the same shape, which terraform would take.
    fs::copy(plan("plans/dev.tfplan"), plan("plans/stage.tfplan")).unwrap();
    held.let_go();
    let said = running.finish().exits(1);
    said.says("Failed       stage   the plan file is not the one that was consented to").says("1 done, 1 not started");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn state_with_resources_of_another_account_is_refused() {
    let sandbox = Sandbox::bumped();
    let state = |id: &str| sandbox.world().join(format!("state/{id}/{}.tfstate", unit("dev")));
    let text = fs::read_to_string(state("100000000004")).unwrap();
    fs::write(state("100000000004"), text.replace(":100000000004:", ":100000000006:")).unwrap();
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(3).is("guards-foreign-state");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn what_is_lost_for_good_needs_more_than_yes() {
    let sandbox = destroying();
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(3).is("guards-destroy");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn what_is_lost_for_good_can_be_allowed() {
    let sandbox = destroying();
    sandbox.xtask(YES).args(["--allow", "destroy"]).run().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000002"]);
}

#[test]
fn every_process_that_works_in_an_account_has_the_keys_of_its_unit() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).run().exits(0);
    let log = sandbox.log();
    for call in log.calls() {
        let Some((account, id)) = ACCOUNTS.iter().find(|(account, _)| call.cwd().contains(&unit(account))) else {
            continue;
        };
        let is_wrapper = call.tool() == "aws-vault";
        assert_eq!(call.account(), (!is_wrapper).then_some(*id), "{} in {account}", call.tool());
    }
}
