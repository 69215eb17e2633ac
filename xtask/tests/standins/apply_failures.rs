//! `apply-all` when something fails: nothing new starts, and the next run repairs it.

use super::sandbox::{ACCOUNTS, Sandbox, unit};

const YES: [&str; 2] = ["apply-all", "--yes"];

#[test]
fn failed_unit_is_repaired_by_the_next_run_which_leaves_the_others_alone() {
    let sandbox = Sandbox::bumped().fault("fail:prod");
    sandbox
        .xtask(YES)
        .args(["--jobs=1"])
        .run()
        .exits(1)
        .says("  | Error: creating ECS")
        .without_tails()
        .is("apply-all-fail-prod");
    assert_eq!(sandbox.log().applied().len(), 5);
    sandbox.clear_log();
    // What is made anew has no predecessor any more that it could be held to.
    sandbox.xtask(YES).run().exits(3).says("--allow unexpected");
    sandbox.xtask(YES).args(["--allow", "unexpected"]).run().exits(0).says("nothing to change");
    assert_eq!(sandbox.log().applied(), ["100000000006"]);
    for (account, _) in ACCOUNTS {
        assert_eq!(sandbox.tags_in_state(account), ["v1.3.0"], "{account}");
    }
}

#[test]
fn failure_in_the_first_wave_keeps_production_from_starting() {
    let sandbox = Sandbox::bumped().fault("fail:dev");
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(1).without_tails().is("apply-all-fail-dev");
    let log = sandbox.log();
    assert_eq!(log.applies(), [("100000000004", true), ("100000000004", false)]);
    assert_eq!(sandbox.tags_in_state("prod"), ["v0.52.1"]);
}

#[test]
fn what_runs_beside_a_failure_finishes() {
    let sandbox = Sandbox::bumped().fault("fail:dev");
    let gate = sandbox.gate();
    let args = ["--jobs=2", "--waves=all", "--account=dev", "--account=logs", "--account=stage"];
    let running = sandbox.xtask(YES).args(args).start();
    let (first, second) = (gate.next(), gate.next());
    let (dev, logs) = if first.account() == "dev" { (first, second) } else { (second, first) };
    assert_eq!((dev.account(), logs.account()), ("dev", "logs"));
    dev.let_go();
    let mut running = running;
    running.wait_until_it_says("Failed       dev");
    logs.let_go();
    running.finish().exits(1).says("1 failed, 1 done, 1 not started");
    assert_eq!(sandbox.log().applied(), ["100000000001"]);
    assert_eq!(sandbox.tags_in_state("logs"), ["v1.3.0"]);
}

#[test]
fn wrong_credentials_of_one_account_keep_all_from_being_touched() {
    let sandbox = Sandbox::bumped().fault("wrong-account:dev");
    sandbox.xtask(YES).run().exits(3).is("apply-all-wrong-account");
    assert!(sandbox.log().nothing_worked());
}

#[test]
fn refused_run_leaves_neither_plans_nor_programs_behind() {
    let refused = Sandbox::bumped().fault("wrong-account:shared");
    refused.xtask(YES).run().exits(3);
    refused.xtask(["build-images", "v1.3.0"]).run().exits(3);
    refused.xtask(["bump-tags", "v1.4.0"]).run().exits(3);
    let failed = Sandbox::bumped().fault("fail:dev");
    failed.xtask(YES).run().exits(1);
    for sandbox in [refused, failed] {
        let left = sandbox.state_files().into_iter().filter(|path| {
            let name = path.file_name().unwrap();
            name == "xtask" || name == "terraform" || path.to_str().unwrap().contains("/plans/")
        });
        let left: Vec<_> = left.collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn every_wrong_account_is_named() {
    let sandbox = Sandbox::bumped().fault("wrong-account:dev").fault("wrong-account:stage");
    let said = sandbox.xtask(YES).run().exits(3);
    said.says("for 2 accounts belong to another account")
        .says("2 of 6 accounts")
        .says("expected  100000000004 dev,")
        .says("expected  100000000005 stage,");
}

#[test]
fn unit_that_cannot_be_planned_keeps_all_from_being_applied() {
    let sandbox = Sandbox::bumped();
    // The stand-in for terragrunt reads less HCL than we do.
    sandbox.edit(
        &format!("{}/terragrunt.hcl", unit("dev")),
        "include \"root\"",
        "iam_role = \"nonsense\"\ninclude \"root\"",
    );
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(1).is("apply-all-fail-plan");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn role_of_another_account_is_refused_before_anything_starts() {
    let sandbox = Sandbox::bumped();
    let role = "iam_role = \"arn:aws:iam::100000000006:role/deploy\"\ninclude \"root\"";
    sandbox.edit(&format!("{}/terragrunt.hcl", unit("dev")), "include \"root\"", role);
    sandbox.xtask(YES).run().exits(3).is("apply-all-redirected");
    assert!(sandbox.log().nothing_worked());
    sandbox.xtask(["apply-all", "--yes", "--account", "logs"]).run().exits(0);
}

#[test]
fn inner_guard_stops_a_unit_whose_hcl_takes_another_role() {
    let sandbox = Sandbox::bumped();
    // Written so that nobody can tell offline whose role it is.
    let role = "iam_role = \"arn:aws:iam::100000000006:role/${run_cmd(\"printf\", \"deploy\")}\"\ninclude \"root\"";
    sandbox.edit(&format!("{}/terragrunt.hcl", unit("dev")), "include \"root\"", role);
    let before = sandbox.log().calls().len();
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(1).is("apply-all-iam-role");
    let log = sandbox.log();
    assert!(log.applies().is_empty());
    // Not even `init` ran with the keys of prod that terragrunt had taken.
    let of_prod = log.calls()[before..].iter().filter(|call| call.account() == Some("100000000006")).count();
    assert_eq!(of_prod, 0, "{log:?}");
    for (account, _) in ACCOUNTS {
        assert_eq!(sandbox.tags_in_state(account), ["v0.52.1"], "{account}");
    }
}
