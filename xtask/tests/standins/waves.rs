//! Which account's turn is when, as it is printed and as it is done.

use super::sandbox::{ACCOUNTS, Sandbox};

/// The waves that a dry run prints.
fn waves(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let said = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).args(args.iter().copied()).run().exits(0);
    let waves = said.out.lines().filter_map(|line| line.strip_prefix("# Applying: "));
    waves.map(|line| line.split_once("   ").unwrap().1.to_owned()).collect()
}

fn names(sandbox: &Sandbox) -> Vec<&'static str> {
    let name = |id: &str| ACCOUNTS.iter().find(|(_, known)| *known == id).unwrap().0;
    sandbox.log().applied().into_iter().map(name).collect()
}

#[test]
fn one_account_comes_first_and_production_last_as_the_dry_run_says() {
    let sandbox = Sandbox::bumped();
    assert_eq!(waves(&sandbox, &[]), ["dev", "logs security shared stage", "prod"]);
    sandbox
        .xtask(["apply-all", "--yes"])
        .run()
        .exits(0)
        .says("Waves        1 dev    2 logs security shared stage    3 prod");
    let applied = names(&sandbox);
    assert_eq!((applied[0], applied[5]), ("dev", "prod"), "{applied:?}");
}

#[test]
fn waves_can_be_asked_for() {
    let sandbox = Sandbox::bumped();
    assert_eq!(waves(&sandbox, &["--waves", "all"]), ["logs security shared dev stage prod"]);
    assert_eq!(waves(&sandbox, &["--waves", "account"]), ["dev", "stage", "logs", "security", "shared", "prod"]);
    sandbox.xtask(["apply-all", "--yes", "--waves", "account"]).run().exits(0);
    assert_eq!(names(&sandbox), ["dev", "stage", "logs", "security", "shared", "prod"]);
}

#[test]
fn settings_say_what_an_account_is_for() {
    let sandbox = Sandbox::bumped().setting("environments", r#"{ logs = "development", dev = "production" }"#);
    assert_eq!(waves(&sandbox, &[]), ["logs", "security shared stage", "dev prod"]);
    let sandbox = sandbox.setting("environments", r#"{ deb = "development" }"#);
    let said = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(3);
    said.says("`environments.deb` names an account that this repository doesn't have");
}

#[test]
fn settings_may_ask_for_a_clean_checkout_of_the_default_branch() {
    // Nobody finds git here, so nothing is known of the checkout.
    let sandbox = Sandbox::bumped().setting("require-clean", r#""production""#);
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.says("not what is on the default branch").says("--> Cargo.toml:4").says("--allow uncommitted");
    assert!(sandbox.log().calls().is_empty());
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"]).run().exits(0);
    let sandbox = sandbox.setting("require-clean", r#""always""#);
    sandbox.xtask(["apply-all", "--yes", "--account", "logs"]).run().exits(3);
    sandbox.xtask(["apply-all", "--yes", "--account", "logs", "--allow", "uncommitted"]).run().exits(0);
}

#[test]
fn where_nothing_tells_which_account_is_production_nothing_starts() {
    let sandbox = Sandbox::bumped().setting("environments", r#"{ prod = "other" }"#);
    // The name of a folder and of its account are one thing here, so two names that say nothing are made by settings.
    assert_eq!(waves(&sandbox, &[]), ["dev", "logs security shared stage prod"]);
    for (from, to) in [("logs", "alpha"), ("prod", "beta")] {
        sandbox.rename_account(from, to);
    }
    let sandbox = sandbox.without_setting("environments");
    sandbox.xtask(["apply-all", "--yes"]).run().exits(3).is("waves-nothing-told");
    assert!(sandbox.log().calls().is_empty());
    assert_eq!(waves(&sandbox, &["--waves", "account"]), ["dev", "stage", "security", "shared", "alpha", "beta"]);
    let sandbox = sandbox.setting("environments", r#"{ beta = "production" }"#);
    assert_eq!(waves(&sandbox, &[]), ["dev", "alpha security shared stage", "beta"]);
}
