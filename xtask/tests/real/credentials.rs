//! Recipes of `docs/credentials.md` with the real programs: aws-vault and the AWS CLI, thirty profiles, one MFA code.

use std::fs;

use super::cloud::{Cloud, REGION};
use super::live::{ACCOUNTS, Live};
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::ends_with;

/// Five roles in each account, all from one source of keys; `more` are further lines of each.
fn thirty(source: &str, more: &str) -> String {
    let roles = ["admin", "audit", "billing", "poweruser", "readonly"];
    let profile = |(name, id): (&str, &str), role: &str| {
        format!(
            "\n[profile acme-{name}-{role}]\nregion = {REGION}\nsource_profile = {source}\n{more}\
             role_arn = arn:aws:iam::{id}:role/{role}\n"
        )
    };
    ACCOUNTS.into_iter().flat_map(|account| roles.map(|role| profile(account, role))).collect()
}

#[test]
fn patterns_of_thirty_profiles_are_told_and_an_aws_cli_of_version_1_is_refused_by_name() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let home = live.env()["HOME"].clone();
    fs::write(format!("{home}/.aws/config"), thirty("keys", "")).expect("the file can be written");
    let keys = "[keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = any-secret-will-do\n";
    fs::write(format!("{home}/.aws/credentials"), keys).expect("the file can be written");
    let settings = "[workspace.metadata.xtask]\ncredentials = [\"env\", \"AWS_PROFILE={profile}\"]\n";
    fs::write(live.root().join("Cargo.toml"), settings).expect("the file can be written");
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains("profile = \"acme-{account}-admin\"") && told.contains("these fit every account"), "{told}");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = live.root().join(".xtask/local.toml");
    fs::write(local, "profile = \"acme-{account}-admin\"\n").expect("the file can be written");
    // The AWS CLI that tests have is of version 1.
    let told = ends_with(&live, &["identity"], 3);
    assert!(told.contains("this AWS CLI is too old to turn a profile into keys"), "{told}");
    assert!(told.contains("hint: install version 2") && !told.contains("add-model"), "{told}");
}

#[test]
fn aws_vault_asks_for_one_code_with_thirty_profiles() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let file = format!("{}/.aws/config", live.env()["HOME"]);
    let config = fs::read_to_string(&file).expect("it was written");
    let source = config.split("\n[profile your-").next().expect("the source comes first").to_owned();
    let mfa = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n";
    fs::write(&file, source + &thirty("ops", mfa)).expect("the file can be written");
    fs::create_dir_all(live.root().join(".xtask")).expect("the folder can be made");
    let local = live.root().join(".xtask/local.toml");
    fs::write(local, "profile = \"acme-{account}-admin\"\n").expect("the file can be written");
    let told = ends_with(&live, &["identity"], 0);
    assert!(told.contains("6 of 6 accounts proven"), "{told}");
    assert_eq!(live.mfa_prompts(), 1);
}
