//! What the shell of the person has in it does not decide what happens: it is left out, said, or refused.

use super::command::Xtask;
use super::sandbox::Sandbox;

const ROLE_OF_PROD: &str = "arn:aws:iam::100000000006:role/allow-full-access-from-other-accounts";

fn apply_dev(sandbox: &Sandbox) -> Xtask<'_> {
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"])
}

#[test]
fn session_of_aws_vault_is_refused_in_our_own_words() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--yes"]).env("AWS_VAULT", "your-dev").run().exits(3).is("environment-aws-vault");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn endpoint_that_is_not_the_one_of_the_settings_is_refused() {
    let sandbox = Sandbox::bumped();
    let foreign = |name: &str| sandbox.xtask(["apply-all", "--yes"]).env(name, "http://127.0.0.1:1").run().exits(3);
    foreign("AWS_ENDPOINT_URL").is("environment-endpoint");
    foreign("AWS_ENDPOINT_URL_STS").is("environment-endpoint-sts");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn role_of_the_shell_reaches_nobody_and_that_is_said() {
    let sandbox = Sandbox::bumped();
    apply_dev(&sandbox)
        .env("AWS_ROLE_ARN", ROLE_OF_PROD)
        .run()
        .exits(0)
        .says("Left out     AWS_ROLE_ARN, set in this shell");
    let log = sandbox.log();
    assert!(log.calls().iter().all(|call| !call.env_names().contains(&"AWS_ROLE_ARN")), "{log:?}");
    assert_eq!(log.applied(), ["100000000004"]);
}

#[test]
fn outer_guard_stops_a_role_that_the_settings_let_through() {
    let sandbox = Sandbox::bumped().setting("pass-environment", r#"["AWS_ROLE_ARN"]"#);
    apply_dev(&sandbox).env("AWS_ROLE_ARN", ROLE_OF_PROD).run().exits(3).is("environment-role-passed");
    assert!(sandbox.log().of("terraform").is_empty());
    assert_eq!(sandbox.tags_in_state("dev"), ["v0.52.1"]);
}

#[test]
fn what_steers_terragrunt_and_terraform_does_not_get_through() {
    let sandbox = Sandbox::bumped();
    let names = [
        "TG_FILTER",
        "TG_WORKING_DIR",
        "TERRAGRUNT_SOURCE",
        "TG_SOURCE_UPDATE",
        "TF_CLI_ARGS",
        "TF_CLI_ARGS_apply",
        "TF_VAR_name",
        "TF_WORKSPACE",
        "AWS_PROFILE",
        "CARGO_TARGET_DIR",
    ];
    let command = names.into_iter().fold(apply_dev(&sandbox), |command, name| command.env(name, "-destroy"));
    command.run().exits(0).says("Left out").says("TF_CLI_ARGS, TF_CLI_ARGS_apply");
    let log = sandbox.log();
    let sets_itself = |tool: &str, name: &str| match name {
        "TG_SOURCE_UPDATE" => tool == "terragrunt" || tool == "terraform",
        "TF_VAR_name" => tool == "terraform",
        _ => false,
    };
    for call in log.calls() {
        let seen = call.env_names();
        let seen: Vec<_> = names.iter().filter(|name| seen.contains(name) && !sets_itself(call.tool(), name)).collect();
        assert!(seen.is_empty(), "{} saw {seen:?}", call.tool());
    }
}

#[test]
fn source_update_is_for_plans_alone_and_retries_are_off_for_applies() {
    let sandbox = Sandbox::bumped();
    apply_dev(&sandbox).run().exits(0);
    let log = sandbox.log();
    let mut commands = Vec::new();
    for call in log.of("terragrunt").into_iter().filter(|call| call.account().is_some()) {
        let (names, command) = (call.env_names(), call.argv()[0]);
        for name in ["TG_SOURCE_UPDATE", "TERRAGRUNT_SOURCE_UPDATE"] {
            assert_eq!(names.contains(&name), command == "plan", "{name} for {command}");
        }
        for name in ["TG_NO_AUTO_RETRY", "TERRAGRUNT_NO_AUTO_RETRY"] {
            assert_eq!(names.contains(&name), command == "apply", "{name} for {command}");
        }
        assert!(names.contains(&"TG_BACKEND_REQUIRE_BOOTSTRAP"), "for {command}");
        commands.push(command.to_owned());
    }
    assert_eq!(commands, ["plan", "apply"]);
}

#[test]
fn tools_get_exactly_the_keys_that_were_proven() {
    let sandbox = Sandbox::bumped();
    let command =
        apply_dev(&sandbox).env("AWS_ACCESS_KEY_ID", "AKIAFROMTHESHELL0000").env("AWS_SECRET_ACCESS_KEY", "x");
    command.run().exits(0).says("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY");
    let log = sandbox.log();
    for call in log.calls().iter().filter(|call| ["terragrunt", "terraform"].contains(&call.tool())) {
        let version = matches!(call.argv()[0], "--version");
        assert_eq!(call.account(), (!version).then_some("100000000004"), "{call:?}");
        assert!(!call.env_names().contains(&"AWS_VAULT"), "{call:?}");
    }
}

#[test]
fn what_leads_to_a_mirror_reaches_terraform_through_the_wrapper() {
    let sandbox = Sandbox::bumped();
    let names = ["TF_CLI_CONFIG_FILE", "TF_TOKEN_app_terraform_io", "CHECKPOINT_DISABLE"];
    let command = names.into_iter().fold(apply_dev(&sandbox), |command, name| command.env(name, "/nowhere"));
    command.run().exits(0).says_nothing_of("Left out");
    let log = sandbox.log();
    let calls = log.of("terraform");
    assert!(!calls.is_empty());
    for call in calls {
        let seen = call.env_names();
        assert!(names.iter().all(|name| seen.contains(name)), "{call:?}");
    }
}

#[test]
fn whatever_is_dropped_is_said_when_all_goes_well_and_when_it_does_not() {
    let dropped = [
        "AWS_ROLE_ARN",
        "AWS_PROFILE",
        "AWS_REGION",
        "TF_CLI_ARGS",
        "TF_LOG",
        "TF_PLUGIN_CACHE_DIR",
        "TF_VAR_name",
        "TG_FILTER",
        "TERRAGRUNT_SOURCE",
        "TOFU_CPU_PROFILE",
        "GITHUB_TOKEN",
        "GIT_AUTHOR_NAME",
        "VAULT_TOKEN",
    ];
    for (fault, code) in [(None, 0), (Some("wrong-account:dev"), 3), (Some("fail:dev"), 1)] {
        let sandbox = Sandbox::bumped();
        let sandbox = fault.into_iter().fold(sandbox, Sandbox::fault);
        let command = dropped.into_iter().fold(apply_dev(&sandbox), |command, name| command.env(name, "any"));
        dropped.into_iter().fold(command.run().exits(code), |said, name| said.says(name));
        // None of them was lost on a way that nobody speaks of. The region that aws-vault sees is the unit's, and what a
        // credential tool may be set up by ends at the guard.
        for call in sandbox.log().calls().iter().filter(|call| call.tool() == "aws-vault") {
            let seen = call.env_names();
            let mut lost = dropped.iter().filter(|name| !["AWS_REGION", "VAULT_TOKEN"].contains(*name));
            assert!(lost.all(|name| !seen.contains(name)), "{call:?}");
        }
        assert!(sandbox.log().of("terraform").iter().all(|call| !call.env_names().contains(&"VAULT_TOKEN")));
    }
}
