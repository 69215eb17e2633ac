//! The credential wrapper: a template without a shell, or none at all.

use std::process::{Command, Stdio};

use super::sandbox::Sandbox;

/// The variables that aws-vault gives to a program, as a CI job or a person would take them over.
fn keys_of(sandbox: &Sandbox, profile: &str) -> Vec<(String, String)> {
    let mut vault = Command::new(sandbox.tool("aws-vault"));
    vault.args(["exec", profile, "--", "/usr/bin/env"]).env_clear().stdin(Stdio::null());
    let output = vault.output().unwrap();
    assert!(output.status.success());
    let pairs = String::from_utf8(output.stdout).unwrap();
    let pairs: Vec<_> = pairs.lines().map(|line| line.split_once('=').unwrap()).collect();
    sandbox.clear_log();
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn credentials_of_the_environment_cannot_be_those_of_several_accounts() {
    let sandbox = Sandbox::bumped().setting("credentials", "[]");
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).is("credentials-several-accounts");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn credentials_of_the_environment_do_for_one_account() {
    let sandbox = Sandbox::bumped().setting("credentials", "[]").without_setting("profile");
    let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]);
    let keys = keys_of(&sandbox, "your-dev");
    let said = keys.into_iter().fold(command, |command, (name, value)| command.env(name, value)).run().exits(0);
    said.says("Images       ECR was not asked for ecs-deploy-runner:v1.3.0: its registry lies in another account");
    let log = sandbox.log();
    assert!(log.of("aws-vault").is_empty());
    // ECS of the account itself proves what runs.
    assert!(log.of("aws").iter().all(|call| call.account() == Some("100000000004")), "{log:?}");
    assert_eq!(log.applied(), ["100000000004"]);
}

#[test]
fn credentials_of_the_environment_that_are_another_accounts_are_refused() {
    let sandbox = Sandbox::bumped().setting("credentials", "[]");
    let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]);
    let keys = keys_of(&sandbox, "your-prod");
    let said = keys.into_iter().fold(command, |command, (name, value)| command.env(name, value)).run();
    said.exits(3).is("credentials-other-account");
    assert!(sandbox.log().of("terraform").is_empty());
}

#[test]
fn without_keys_in_the_environment_the_aws_cli_is_asked() {
    // The stand-in for the AWS CLI has no keys either, and says so.
    let sandbox = Sandbox::bumped().setting("credentials", "[]");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3).says("there are no valid credentials");
    assert_eq!(sandbox.log().of("aws")[0].argv(), ["configure", "export-credentials", "--format", "process"]);
}

#[test]
fn words_of_the_template_arrive_unsplit() {
    let profile = r#"it's a "profile" of dev"#;
    let template =
        r#"["aws-vault", "--pass-dir=~/my keys/{account} $HOME", "exec", "--region={region}", "{profile}", "--"]"#;
    let sandbox = Sandbox::bumped()
        .setting("credentials", template)
        .setting("profile", r#"'''it's a "profile" of {account}'''"#)
        .vault_profile(profile, "100000000004")
        .vault_profile(r#"it's a "profile" of shared"#, "100000000002");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(0);
    let log = sandbox.log();
    for call in log.of("aws-vault").iter().filter(|call| !call.argv()[3].ends_with("shared")) {
        let words = ["--pass-dir=~/my keys/dev $HOME", "exec", "--region=us-east-1", profile, "--"];
        assert_eq!(call.argv()[..words.len()], words);
    }
    assert_eq!(log.applied(), ["100000000004"]);
}

#[test]
fn session_is_opened_once_per_account_before_anything_runs() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    let log = sandbox.log();
    let calls = log.calls();
    let profiles: Vec<_> = calls[..6].iter().map(|call| call.argv()[1]).collect();
    assert_eq!(profiles, ["your-dev", "your-logs", "your-prod", "your-security", "your-shared", "your-stage"]);
}

#[test]
fn placeholder_that_means_nothing_is_refused() {
    let sandbox = Sandbox::bumped().setting("credentials", r#"["aws-vault", "exec", "{name}", "--"]"#);
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).says("{name}");
    assert!(sandbox.log().calls().is_empty());
}
