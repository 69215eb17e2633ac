//! Which profile is taken for an account: the option, the settings, their template, the AWS config file.

use super::command::Xtask;
use super::sandbox::Sandbox;

const CONFIG: &str = "\
[profile one]
role_arn = arn:aws:iam::100000000004:role/admin

[profile by-sso]
sso_account_id = 100000000005
";

fn with_config<'a>(sandbox: &'a Sandbox, text: &str) -> Xtask<'a> {
    let path = sandbox.top().join("home/config");
    std::fs::write(&path, text).unwrap();
    sandbox.xtask(["units", "--format", "json"]).env("AWS_CONFIG_FILE", path)
}

/// The profiles of dev and stage.
fn profiles(command: Xtask<'_>) -> [String; 2] {
    let json = command.run().json();
    [0, 5].map(|n| json["units"][n]["profile"].as_str().unwrap_or("?").to_owned())
}

#[test]
fn config_file_is_asked_last() {
    let sandbox = Sandbox::new().without_setting("profile");
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["one", "by-sso"]);
}

#[test]
fn option_comes_before_the_table_and_that_before_the_template() {
    let sandbox = Sandbox::new();
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["your-dev", "your-stage"]);
    let sandbox = sandbox.setting("profiles", r#"{ dev = "by-table", stage = "by-table" }"#);
    assert_eq!(profiles(with_config(&sandbox, CONFIG)), ["by-table", "by-table"]);
    let command = with_config(&sandbox, CONFIG).args(["--profile", "dev=by-option"]);
    assert_eq!(profiles(command), ["by-option", "by-table"]);
}

#[test]
fn chosen_profile_is_the_one_that_is_used() {
    let sandbox = Sandbox::bumped().vault_profile("by-option", "100000000004");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev", "--profile", "dev=by-option"]).run().exits(0);
    let log = sandbox.log();
    let wrappers: Vec<_> = log.of("aws-vault").into_iter().filter(|call| call.argv()[1] != "your-shared").collect();
    assert!(!wrappers.is_empty() && wrappers.iter().all(|call| call.argv()[..3] == ["exec", "by-option", "--"]));
}

#[test]
fn several_profiles_are_listed_with_the_line_to_add() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    let config = format!("{CONFIG}\n[profile two]\nrole_arn = arn:aws:iam::100000000004:role/reader\n");
    let path = sandbox.top().join("home/config");
    std::fs::write(&path, config).unwrap();
    let command = sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).env("AWS_CONFIG_FILE", path);
    command.run().exits(3).is("profiles-several");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn no_profile_is_refused_with_the_line_to_add() {
    let sandbox = Sandbox::bumped().without_setting("profile");
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(3).is("profiles-none");
}

#[test]
fn option_for_an_account_that_is_not_there_is_a_mistake() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["units", "--profile", "deb=your-dev"]).run().exits(2).says("`--profile deb=…`");
    sandbox.xtask(["units", "--profile", "dev"]).run().exits(2);
}
