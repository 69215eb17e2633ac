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

/// The proofs of one step: the subcommand that followed, and whether the outer guard's word was taken for it.
fn inner_proofs(sandbox: &Sandbox, step: &str) -> Vec<(String, bool)> {
    let mut files: Vec<_> = sandbox.state_files();
    files.retain(|path| path.parent().unwrap().ends_with(step) && path.to_str().unwrap().contains("/inner."));
    files.sort();
    let proofs =
        files.iter().map(|path| serde_json::from_slice::<serde_json::Value>(&fs::read(path).unwrap()).unwrap());
    let told = proofs.map(|proof| {
        assert_eq!((&proof["verdict"], &proof["account"]), (&"verified".into(), &"100000000004".into()), "{proof}");
        assert!(proof["arn"].as_str().unwrap().starts_with("arn:aws:sts::100000000004:"), "{proof}");
        (proof["command"].as_str().unwrap().to_owned(), proof["same_keys"] == true)
    });
    told.collect()
}

#[test]
fn apply_is_proven_by_sts_twice_and_what_only_reads_once_for_the_same_keys() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).args(["--account", "dev"]).run().exits(0);
    let step = |command: &str, same_keys: bool| (command.to_owned(), same_keys);
    assert_eq!(inner_proofs(&sandbox, "attempts/dev.plan"), [step("init", true), step("plan", true)]);
    assert_eq!(inner_proofs(&sandbox, "attempts/dev.show"), [step("show", true)], "without terragrunt");
    assert_eq!(inner_proofs(&sandbox, "attempts/dev.apply"), [step("init", true), step("apply", false)]);
    let is_outer = |path: &std::path::PathBuf| path.ends_with("outer.json");
    let outer = sandbox.state_files().into_iter().filter(is_outer);
    let of_dev =
        outer.filter(|path| fs::read_to_string(path).unwrap().contains("\"account\":\"100000000004\"")).count();
    assert_eq!(sandbox.log().n_identities("100000000004"), of_dev + 1, "STS was asked for each, and for the apply");
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
    sandbox.xtask(YES).args(["--allow", "destroy"]).run().exits(3).says("after reading the digest: --allow unexpected");
    assert!(sandbox.log().applies().is_empty());
    sandbox.xtask(YES).args(["--allow", "destroy", "--allow", "unexpected"]).run().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000002"]);
}

#[test]
fn what_an_update_does_not_make_needs_more_than_yes() {
    let sandbox = Sandbox::bumped();
    let state = sandbox.world().join(format!("state/100000000004/{}.tfstate", unit("dev")));
    let text = fs::read_to_string(&state).unwrap();
    assert!(text.contains("8192"));
    // Somebody has changed the task definition by hand.
    fs::write(&state, text.replace("8192", "512")).unwrap();
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(3).is("guards-unexpected");
    assert!(sandbox.log().applies().is_empty());
    sandbox.xtask(YES).args(["--allow", "unexpected"]).run().exits(0);
    assert_eq!(sandbox.log().applied().len(), 6);
}

#[test]
fn plan_with_other_images_than_the_repository_says_is_refused() {
    let sandbox = Sandbox::bumped();
    // The stand-in takes a local of this name for the tag, although nothing refers to it.
    let locals = "locals {\n  deploy_runner_container_image_tag = \"v0.52.1\"\n}\ninclude \"root\"";
    sandbox.edit(&format!("{}/terragrunt.hcl", unit("dev")), "include \"root\"", locals);
    sandbox.xtask(YES).args(["--jobs=1"]).run().exits(3).is("guards-other-image");
    assert!(sandbox.log().applies().is_empty());
    // The proof after the wave looks at the plan before it suspects anybody else.
    let said = sandbox.xtask(YES).args(["--account", "dev", "--allow", "other-image"]).run().exits(0);
    said.says(
        "Not verified dev   your own configuration gives this tag: module.ecs_deploy_runner.aws_ecs_task_definition.",
    )
    .says("has 100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v0.52.1 in the plan")
    .says_nothing_of("somebody else");
}

#[test]
fn plan_that_was_made_with_a_mock_is_refused() {
    let sandbox = Sandbox::bumped();
    let mock = "dependency \"ecr\" {\n  config_path = \"../ecr\"\n  mock_outputs = {\n    \
                url = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"\n  }\n}\ninclude \"root\"";
    sandbox.edit(&format!("{}/terragrunt.hcl", unit("dev")), "include \"root\"", mock);
    sandbox.xtask(YES).args(["--jobs=1", "--account=dev"]).run().exits(3).is("guards-mock");
    assert!(sandbox.log().applies().is_empty());
    sandbox.xtask(YES).args(["--account=dev", "--allow=mock"]).run().exits(0);
    let only_for_validate = "  mock_outputs_allowed_terraform_commands = [\"validate\"]\n  mock_outputs = {";
    sandbox.edit(&format!("{}/terragrunt.hcl", unit("dev")), "  mock_outputs = {", only_for_validate);
    sandbox.xtask(YES).args(["--account=dev"]).run().exits(0);
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

#[test]
fn unit_that_is_being_applied_from_another_root_is_left_alone() {
    let sandbox = Sandbox::bumped();
    for name in ["accounts.json", "Cargo.toml"] {
        fs::copy(sandbox.repo().join(name), sandbox.top().join(name)).unwrap();
    }
    let around = || sandbox.xtask(["apply-all", "--yes", "--account=dev"]).cwd(sandbox.top().to_owned());
    let gate = sandbox.gate();
    let running = sandbox.xtask(["apply-all", "--yes", "--account=dev"]).start();
    let held = gate.next();
    let said = around().run().exits(1);
    said.says("another program that we started is still at work here").says("[repo]/.xtask/locks/dev~1us-east-1");
    held.let_go();
    running.finish().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
    around().run().exits(0).says("nothing to apply");
}
