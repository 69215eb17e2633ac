//! A new user with thirty profiles and nothing else: from a repository without settings to proven accounts.

use std::fs;

use super::command::Xtask;
use super::sandbox::{ACCOUNTS, Sandbox};

const ROLES: [&str; 5] =
    ["AWSReadOnlyAccess", "AdministratorAccess", "Billing", "DatabaseAdministrator", "PowerUserAccess"];

/// Thirty profiles as `aws configure sso` writes them, five roles in each of six accounts.
fn thirty(sandbox: &Sandbox) {
    let mut text =
        "[sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n".to_owned();
    for (name, id) in ACCOUNTS {
        for role in ROLES {
            text += &format!(
                "\n[profile acme-{name}.{role}]\nsso_session = acme\nsso_account_id = {id}\nsso_role_name = {role}\n"
            );
        }
    }
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/config"), text).unwrap();
}

/// A sandbox whose profiles are those, and whose credential tool is the AWS CLI alone.
fn new_user() -> Sandbox {
    let profiles = ACCOUNTS.iter().flat_map(|(name, id)| ROLES.map(|role| (format!("acme-{name}.{role}"), *id)));
    let sandbox = profiles.fold(Sandbox::new(), |sandbox, (name, id)| sandbox.vault_profile(&name, id));
    let sandbox = sandbox.without_setting("profile");
    fs::remove_file(sandbox.tool("aws-vault")).unwrap();
    fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    thirty(&sandbox);
    sandbox
}

fn fix(sandbox: &Sandbox) -> Xtask<'_> {
    sandbox.xtask(["doctor", "v1.3.0", "--fix"]).env("NO_COLOR", "1")
}

#[test]
fn one_command_leads_from_thirty_profiles_to_proven_accounts() {
    let sandbox = new_user();
    let mut terminal = fix(&sandbox).at_a_terminal(60, 120);
    terminal.wait_for("Number [1]: ");
    terminal.types("1");
    terminal.wait_for("Write this? [y/N] ");
    terminal.types("y");
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert!(text.contains("6 accounts verified"), "{text}");
    let written = sandbox.read(".xtask/local.toml");
    let expected =
        "credentials = [\"env\", \"AWS_PROFILE={profile}\"]\nprofile = \"acme-{account}.AdministratorAccess\"\n";
    assert_eq!(written, expected);
    let again = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    assert_eq!(again["units"][0]["profile"], "acme-dev.AdministratorAccess");
}

#[test]
fn where_nobody_can_be_asked_nothing_is_written_and_the_patterns_are_told() {
    let sandbox = new_user();
    let said = fix(&sandbox).args(["--yes"]).run().exits(3);
    said.says("profile = \"acme-{account}.AdministratorAccess\"").says("there is no terminal to ask at");
    assert!(!sandbox.repo().join(".xtask/local.toml").exists());
}

#[test]
fn number_that_is_not_offered_writes_nothing() {
    let sandbox = new_user();
    let mut terminal = fix(&sandbox).at_a_terminal(60, 120);
    terminal.wait_for("Number [1]: ");
    terminal.types("9");
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(text.contains("answer with a number from 1 to 5"), "{text}");
    assert!(!sandbox.repo().join(".xtask/local.toml").exists());
}

#[test]
fn role_that_cannot_apply_is_not_called_ok_without_a_word() {
    let sandbox = new_user();
    let said =
        sandbox.xtask(["doctor", "v1.3.0", "--offline"]).env("XTASK_PROFILE", "acme-{account}.AWSReadOnlyAccess");
    let said = said.env("XTASK_CREDENTIALS", "env AWS_PROFILE={profile}").run();
    assert!(
        said.out.contains("warn  profiles                 roles that, by their names, can read"),
        "{}",
        said.screen()
    );
    assert!(said.out.contains("dev   acme-dev.AWSReadOnlyAccess   role `AWSReadOnlyAccess`"), "{}", said.screen());
    assert!(!said.out.contains("ok    profiles"), "{}", said.screen());
}

#[test]
fn adopt_asks_which_profiles_are_meant_and_writes_them_where_git_does_not_look() {
    let sandbox = new_user();
    fs::remove_file(sandbox.repo().join("Cargo.toml")).unwrap();
    let adopt = sandbox.xtask(["adopt".into(), "--into".into(), sandbox.repo()]).cwd(sandbox.top().join("home"));
    let mut terminal = adopt.env("NO_COLOR", "1").at_a_terminal(60, 120);
    terminal.wait_for("Number [1]: ");
    terminal.types("");
    terminal.wait_for("[y/N] ");
    terminal.types("y");
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert_eq!(sandbox.read(".xtask/local.toml"), "profile = \"acme-{account}.AdministratorAccess\"\n");
    assert!(!sandbox.read("Cargo.toml").contains("acme"), "what is a person's is not committed");
}
