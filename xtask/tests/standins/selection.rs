//! `--account` and `--unit`, which mean the same in every command that takes them.

use std::fs;

use super::credentials::keys_of;
use super::sandbox::{Sandbox, unit};

/// The paths of the units that `units` shows with these options.
fn selected(sandbox: &Sandbox, options: &[&str]) -> Vec<String> {
    let json = sandbox.xtask(["units", "--format=json"]).args(options.iter().copied()).run().exits(0).json();
    json["units"].as_array().unwrap().iter().map(|unit| unit["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn accounts_are_named_by_name_or_id_and_several_with_commas() {
    let sandbox = Sandbox::new();
    let both = [unit("dev"), unit("prod")];
    for options in [
        &["--account", "dev,prod"][..],
        &["--account=100000000004,prod"],
        &["--account", "prod", "--account", "100000000004"],
    ] {
        assert_eq!(selected(&sandbox, options), both, "{options:?}");
    }
    assert_eq!(selected(&sandbox, &["--account=dev,prod", "--unit=prod"]), [unit("prod")]);
    assert_eq!(selected(&sandbox, &[]).len(), 6);
}

#[test]
fn account_that_is_not_there_is_an_error_with_the_nearest() {
    let sandbox = Sandbox::bumped();
    for command in ["units", "status", "doctor", "verify", "apply-all", "update", "bump-tags"] {
        let said = sandbox.xtask([command, "--account=dev,stgae"]).env("TERRAFORM_AWS_CI_VERSION", "v1.3.0").run();
        said.exits(4).says("no unit is in an account called `stgae`").says("did you mean `stage`?");
    }
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn selection_of_nothing_is_an_error_in_every_command() {
    let sandbox = Sandbox::new();
    let commands =
        [&["status", "--check", "v9.9.9"][..], &["units"], &["doctor", "--offline"], &["verify"], &["apply-all"]];
    for command in commands {
        let said = sandbox.xtask(command.iter().copied()).args(["--unit=dev", "--account=prod"]).run().exits(4);
        said.prints_nothing().says("no unit that `--unit` names is in an account that `--account` names");
    }
    sandbox.xtask(["units", "--account="]).run().exits(2).says("`--account` names no account");
    assert_eq!(selected(&sandbox, &["--account=dev,,prod,"]), [unit("dev"), unit("prod")]);
}

#[test]
fn unit_is_named_by_its_path_by_a_file_in_it_or_by_its_account() {
    let sandbox = Sandbox::new();
    let dev = unit("dev");
    let absolute = sandbox.repo().join(&dev);
    let inside = absolute.join("terragrunt.hcl");
    for name in [
        &dev,
        &format!("./{dev}/"),
        &format!("{dev}/terragrunt.hcl"),
        "dev",
        "100000000004",
        absolute.to_str().unwrap(),
        inside.to_str().unwrap(),
    ] {
        assert_eq!(selected(&sandbox, &["--unit", name]), [dev.as_str()], "{name}");
        let said = sandbox.xtask(["why", name]).run().exits(0);
        assert!(said.out.starts_with(&dev), "{name}: {}", said.screen());
    }
    for name in [".", "terragrunt.hcl", "./terragrunt.hcl"] {
        let json =
            sandbox.xtask(["units", "--format=json", "--unit", name]).cwd(absolute.clone()).run().exits(0).json();
        assert_eq!(json["units"][0]["path"], dev.as_str(), "{name}");
    }
    let said = sandbox.xtask(["units", "--unit", "us-east-1/mgmt"]).run().exits(4);
    said.says("there is no unit `us-east-1/mgmt`").says(&format!("there is `{dev}`"));
    sandbox.xtask(["units", "--unit", "prdo"]).run().exits(4).says("did you mean `prod`?");
}

#[test]
fn unit_is_named_by_a_folder_above_it_that_has_no_other() {
    let sandbox = Sandbox::new();
    let dev = unit("dev");
    for name in ["./dev", "dev/", "dev/us-east-1", "./dev/us-east-1/mgmt/"] {
        assert_eq!(selected(&sandbox, &["--unit", name]), [dev.as_str()], "{name}");
        assert!(sandbox.xtask(["why", name]).run().exits(0).out.starts_with(&dev), "{name}");
    }
    let said = sandbox.xtask(["why", "."]).cwd(sandbox.repo().join("dev")).run().exits(0);
    assert!(said.out.starts_with(&dev), "{}", said.screen());
    let all = sandbox.xtask(["why", "."]).run().exits(2).says("`.` has several units").says(&unit("prod"));
    all.says("name one by its path");
    // A folder whose name begins alike is another one.
    sandbox.xtask(["units", "--unit", "dev/us-east"]).run().exits(4).says(&format!("there is `{dev}`"));
    assert_eq!(selected(&sandbox, &["--account", "dev, prod"]), [dev, unit("prod")]);
}

#[test]
fn account_is_offered_that_is_near_and_else_all_are_listed() {
    let sandbox = Sandbox::new();
    let nope = sandbox.xtask(["units", "--account", "nope"]).run().exits(4).says_nothing_of("did you mean");
    nope.says("there are dev, logs, prod, security, shared, stage");
    sandbox.xtask(["units", "--account", "DEV"]).run().exits(4).says("hint: did you mean `dev`?");
    sandbox.xtask(["why", "nope"]).run().exits(4).says_nothing_of("logs");
    sandbox.rename_account("stage", "Dev");
    sandbox.xtask(["units", "--account", "DEV"]).run().exits(4).says("hint: did you mean `Dev` or `dev`?");
}

#[test]
fn account_with_several_units_names_none_of_them() {
    let sandbox = Sandbox::new();
    let dev = unit("dev");
    let second = dev.replace("us-east-1", "us-west-2");
    fs::create_dir_all(sandbox.repo().join(&second)).unwrap();
    sandbox.write(&format!("{second}/terragrunt.hcl"), sandbox.read(&format!("{dev}/terragrunt.hcl")));
    for words in [&["why", "dev"][..], &["apply-all", "--unit=dev"]] {
        let said = sandbox.xtask(words.iter().copied()).run().exits(2).says("`dev` has several units");
        said.says(&dev).says(&second).says("name one by its path");
    }
}

#[test]
fn status_of_a_few_units_says_nothing_of_what_decides_others() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["status", "--account=dev,stage"]).run().exits(0);
    assert!(said.out.contains("dev stage") && !said.out.contains("prod"), "{}", said.screen());
    assert!(!said.out.contains("decides no unit's tag"), "{}", said.screen());
}

#[test]
fn doctor_asks_only_the_accounts_that_are_named() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["doctor", "v1.3.0", "--account=dev,100000000002"]).run().exits(0);
    assert!(said.out.contains("2 accounts verified"), "{}", said.screen());
    assert!(said.out.contains("dev your-dev, shared your-shared"), "{}", said.screen());
    let log = sandbox.log();
    let calls = log.of("aws-vault");
    let opened = calls.iter().filter(|call| call.argv()[0] == "exec").map(|call| call.argv()[1].to_owned());
    let opened: std::collections::BTreeSet<_> = opened.collect();
    assert_eq!(opened.into_iter().collect::<Vec<_>>(), ["your-dev", "your-shared"]);
}

#[test]
fn doctor_proves_one_account_with_the_keys_of_the_environment() {
    let sandbox = Sandbox::new().setting("credentials", "[]").without_setting("profile");
    let said = sandbox.xtask(["doctor", "v1.3.0"]).run().exits(5);
    assert!(said.out.contains("cargo xtask doctor v1.3.0 --account dev"), "{}", said.screen());
    let command = sandbox.xtask(["doctor", "v1.3.0", "--account", "dev"]);
    let keys = keys_of(&sandbox, "your-dev");
    let said = keys.into_iter().fold(command, |command, (name, value)| command.env(name, value)).run().exits(0);
    assert!(said.out.contains("1 account verified"), "{}", said.screen());
    assert!(sandbox.log().asked().iter().all(|asked| asked.account() == "100000000004"));
}
