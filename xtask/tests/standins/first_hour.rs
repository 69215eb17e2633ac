//! A new user with thirty profiles and nothing else: from a repository without settings to proven accounts.

use std::fs;
use std::process::ExitStatus;

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

/// Answers with the first of what is offered, and agrees to what will be written.
fn takes_the_first(sandbox: &Sandbox) -> (ExitStatus, String) {
    let mut terminal = fix(sandbox).at_a_terminal(60, 120);
    terminal.wait_for("Number [1]: ");
    terminal.types("1");
    terminal.wait_for("Write this? [y/N] ");
    terminal.types("y");
    terminal.finish()
}

#[test]
fn one_command_leads_from_thirty_profiles_to_proven_accounts() {
    let sandbox = new_user();
    let (status, text) = takes_the_first(&sandbox);
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
fn slip_of_the_keyboard_is_asked_about_again_and_the_end_of_input_writes_nothing() {
    let sandbox = new_user();
    let mut terminal = fix(&sandbox).at_a_terminal(60, 120);
    for (n, slip) in ["9", "one", "0"].into_iter().enumerate() {
        terminal.wait_until("it is asked again", |shown| shown.matches("Number [1]: ").count() == n + 1);
        terminal.types(slip);
    }
    terminal.wait_until("it is asked again", |shown| shown.matches("Number [1]: ").count() == 4);
    assert_eq!(terminal.text().matches("Type a number from 1 to 5").count(), 3, "{}", terminal.text());
    assert_eq!(terminal.text().matches("Which profiles are meant").count(), 1, "the list is shown once");
    terminal.types("\x04");
    let (status, text) = terminal.finish();
    assert_eq!(status.code(), Some(3), "{text}");
    assert!(text.contains("nothing was written: no number was chosen"), "{text}");
    assert!(!sandbox.repo().join(".xtask/local.toml").exists());
}

#[test]
fn profile_that_is_named_like_those_of_the_other_accounts_is_proposed() {
    let sandbox = Sandbox::new().without_setting("profile");
    let leads = |name: &str, id: &str| format!("[profile {name}]\nrole_arn = arn:aws:iam::{id}:role/Admin\n");
    let name = |name: &str| if name == "stage" { "odd".to_owned() } else { format!("your-{name}") };
    let all: String = ACCOUNTS.iter().map(|(account, id)| leads(&name(account), id)).collect();
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/config"), all + &leads("other-dev", "100000000004")).unwrap();
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.says("dev = \"your-dev\"   # or other-dev");
    let mut terminal = sandbox.xtask(["doctor", "--offline", "--fix"]).env("NO_COLOR", "1").at_a_terminal(60, 120);
    terminal.wait_for("Number [1]: ");
    terminal.types("");
    terminal.wait_for("Write this? [y/N] ");
    terminal.types("y");
    let (_, text) = terminal.finish();
    assert!(text.contains(" 1  your-dev") && text.contains(" 2  other-dev"), "{text}");
    assert!(sandbox.read(".xtask/local.toml").contains("dev = \"your-dev\""), "{text}");
}

#[test]
fn keys_by_the_names_of_the_accounts_are_proposed_although_no_file_tells_whose_they_are() {
    let sandbox = ACCOUNTS.iter().fold(Sandbox::new(), |sandbox, (name, id)| sandbox.vault_profile(name, id));
    let sandbox = sandbox.without_setting("profile");
    fs::remove_file(sandbox.tool("aws-vault")).unwrap();
    fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    let keys = |(name, _): &(&str, &str)| format!("[{name}]\naws_access_key_id = A\naws_secret_access_key = b\n\n");
    fs::create_dir_all(sandbox.top().join("home/.aws")).unwrap();
    fs::write(sandbox.top().join("home/.aws/credentials"), ACCOUNTS.iter().map(keys).collect::<String>()).unwrap();
    let (status, text) = takes_the_first(&sandbox);
    assert!(status.success() && text.contains("6 accounts verified"), "{text}");
    assert!(sandbox.read(".xtask/local.toml").contains("profile = \"{account}\""), "{text}");
}

#[test]
fn pattern_that_is_in_no_file_is_replaced_by_one_that_is() {
    let sandbox = new_user();
    let local = "credentials = [\"env\", \"AWS_PROFILE={profile}\"]\nprofile = \"acme-{account}\"\n";
    fs::create_dir_all(sandbox.repo().join(".xtask")).unwrap();
    sandbox.write(".xtask/local.toml", local);
    let (status, text) = takes_the_first(&sandbox);
    assert!(status.success() && text.contains("6 accounts verified"), "{text}");
    assert_eq!(sandbox.read(".xtask/local.toml"), local.replace("{account}", "{account}.AdministratorAccess"));
}

#[test]
fn id_that_is_none_is_asked_for_again() {
    let sandbox = Sandbox::new();
    let source = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1";
    fs::create_dir(sandbox.repo().join("alone")).unwrap();
    sandbox.write("alone/terragrunt.hcl", format!("terraform {{\n  source = \"{source}\"\n}}\n"));
    let mut terminal = sandbox.xtask(["doctor", "--offline", "--fix"]).env("NO_COLOR", "1").at_a_terminal(60, 120);
    terminal.wait_for("Account of alone (twelve digits; nothing leaves it unknown): ");
    terminal.types("1234");
    terminal.wait_until("it is asked again", |shown| shown.matches("Account of alone").count() == 2);
    terminal.types("100000000009");
    terminal.wait_for("Write this? [y/N] ");
    terminal.types("y");
    let (_, text) = terminal.finish();
    assert!(text.contains("`1234` is not an AWS account id"), "{text}");
    assert!(sandbox.read("Cargo.toml").contains("alone = \"100000000009\""), "{text}");
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
