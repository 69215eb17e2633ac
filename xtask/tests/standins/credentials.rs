//! The credential wrapper: a template without a shell, or none at all.

use std::process::{Command, Stdio};

use super::command::Xtask;
use super::sandbox::{ACCOUNTS, Sandbox};

/// The variables that aws-vault gives to a program, as a CI job or a person would take them over.
pub(super) fn keys_of(sandbox: &Sandbox, profile: &str) -> Vec<(String, String)> {
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
    assert!(log.asked().iter().all(|asked| asked.account() == "100000000004"), "{log:?}");
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
    let log = sandbox.log();
    assert_eq!(log.of("aws")[0].argv(), ["configure", "export-credentials", "--format", "process"]);
    assert!(log.of("aws")[0].env_names().contains(&"AWS_REGION"), "a role is assumed in the unit's region");
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

/// Writes the AWS config file of the person.
fn config(sandbox: &Sandbox, text: &str) {
    std::fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    std::fs::write(sandbox.top().join("home/.aws/config"), text).unwrap();
}

#[test]
fn credential_tool_gets_the_region_of_the_unit_where_its_profile_has_none() {
    let sandbox = Sandbox::bumped();
    let others = ACCOUNTS.iter().filter(|(name, _)| *name != "dev");
    let others: String = others.map(|(name, _)| format!("[profile your-{name}]\n")).collect();
    let sees_region = |text: &str| {
        config(&sandbox, &format!("{text}{others}"));
        sandbox.clear_log();
        sandbox.xtask(["identity"]).env("AWS_REGION", "eu-west-3").run().exits(0);
        let log = sandbox.log();
        let vaults = log.of("aws-vault");
        let dev = vaults.iter().find(|call| call.argv()[1] == "your-dev").unwrap();
        dev.env_names().contains(&"AWS_REGION")
    };
    assert!(sees_region("[profile your-dev]\n"));
    assert!(!sees_region("[profile your-dev]\nregion = eu-west-1\n"));
}

#[test]
fn what_sets_up_a_credential_tool_reaches_it_and_no_program() {
    let sandbox = Sandbox::bumped();
    let names = ["AWS_MFA_SERIAL", "KRB5CCNAME", "OKTA_AWSCLI_ORG_DOMAIN", "PINENTRY_USER_DATA", "SAML2AWS_URL"];
    let names = names.into_iter().chain(["VAULT_ADDR", "WSL_DISTRO_NAME", "WAYLAND_DISPLAY"]).collect::<Vec<_>>();
    let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]);
    let command = names.iter().fold(command, |command, name| command.env(*name, "x"));
    // Providers read these, too, so that it is said that they don't get them.
    command.run().exits(0).says("Left out").says("VAULT_ADDR, set in this shell");
    let log = sandbox.log();
    for call in log.calls().iter().filter(|call| call.argv() != ["--version"]) {
        let seen = call.env_names();
        let n_seen = names.iter().filter(|name| seen.contains(name)).count();
        assert_eq!(n_seen, if call.tool() == "aws-vault" { names.len() } else { 0 }, "{}: {seen:?}", call.tool());
    }
}

#[test]
fn profile_whose_keys_come_from_the_machine_is_refused_by_name() {
    let sandbox = Sandbox::bumped();
    for source in ["Environment", "EcsContainer", "Ec2InstanceMetadata"] {
        let base = format!("[profile base]\ncredential_source = {source}\n");
        config(&sandbox, &format!("{base}[profile your-dev]\nsource_profile = base\n"));
        let said = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3);
        said.says(&format!("profile `your-dev` takes its keys from `credential_source = {source}`"))
            .says("by its `source_profile` `base`")
            .says("XTASK_CREDENTIALS='[]' AWS_PROFILE=your-dev");
    }
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn kind_of_endpoints_that_the_shell_or_a_profile_asks_for_is_that_of_every_program() {
    let sandbox = Sandbox::bumped();
    let sees = |command: Xtask<'_>, name: &str| {
        sandbox.clear_log();
        command.run();
        let log = sandbox.log();
        let calls: Vec<_> = log.calls().into_iter().filter(|call| call.account() == Some("100000000004")).collect();
        assert!(calls.iter().any(|call| call.tool() == "terraform"), "{log:?}");
        calls.iter().all(|call| call.env_names().contains(&name))
    };
    let plan = || sandbox.xtask(["apply-all", "--plan-only", "--account", "dev"]);
    assert!(!sees(plan(), "AWS_USE_FIPS_ENDPOINT"));
    assert!(sees(plan().env("AWS_USE_FIPS_ENDPOINT", "true"), "AWS_USE_FIPS_ENDPOINT"));
    config(&sandbox, "[profile your-shared]\n[profile your-dev]\nuse_dualstack_endpoint = true\n");
    assert!(sees(plan(), "AWS_USE_DUALSTACK_ENDPOINT"));
}

#[test]
fn no_profile_is_missing_where_none_is_used() {
    let sandbox = Sandbox::new().setting("credentials", "[]").without_setting("profile");
    let said = sandbox.xtask(["units"]).run().exits(0);
    assert!(!said.out.contains('?') && said.out.contains("100000000004  -        v0.52.1"), "{}", said.screen());
    let json = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    assert!(json["units"][0].get("unresolved").is_none(), "{json}");
}

#[test]
fn web_identity_of_the_environment_needs_no_aws_cli() {
    let sandbox = Sandbox::bumped().setting("credentials", "[]").without_setting("profile");
    let token = sandbox.top().join("tmp/token");
    std::fs::write(&token, "rehearsal-web-identity\n").unwrap();
    let apply = |account: &str| {
        let role = format!("arn:aws:iam::{account}:role/ci");
        let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).env("AWS_ROLE_ARN", role);
        command.env("AWS_WEB_IDENTITY_TOKEN_FILE", &token).run()
    };
    apply("100000000006").exits(3).says("the credentials for account `dev` belong to another account");
    apply("100000000004").exits(0).says("1 of 1 account verified");
    let log = sandbox.log();
    assert_eq!(log.applied(), ["100000000004"]);
    assert!(log.of("aws").is_empty(), "{log:?}");
    let with_token = |call: &super::log::Call<'_>| call.env_names().contains(&"AWS_WEB_IDENTITY_TOKEN_FILE");
    assert!(!log.calls().iter().any(with_token), "no program sees the token");
    std::fs::write(&token, "another's").unwrap();
    let said = apply("100000000004").exits(3).says("InvalidIdentityToken: No OpenIDConnect provider found");
    said.says("AWS refused the request");
    std::fs::remove_file(&token).unwrap();
    apply("100000000004").exits(3).says("the web identity gives no keys of role `arn:aws:iam::100000000004:role/ci`");
}
