//! `apply-all` when all goes well: what is applied, in which order, and what is left behind.

use std::os::unix::fs::PermissionsExt;
use std::{fs, path::Path};

use serde_json::{Value, json};

use super::log::Call;
use super::sandbox::{ACCOUNTS, Sandbox, unit};

const YES: [&str; 2] = ["apply-all", "--yes"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn every_account_gets_the_new_tag() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).run().exits(0).prints_nothing().says("6 of 6 units");
    for (account, _) in ACCOUNTS {
        assert_eq!(sandbox.tags_in_state(account), ["v1.3.0"], "{account}");
    }
}

#[test]
fn whole_screen_of_one_unit_after_the_other() {
    Sandbox::bumped().xtask(YES).args(["--jobs", "1"]).run().exits(0).is("apply-all");
}

#[test]
fn production_starts_when_all_others_have_ended() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).run().exits(0);
    let log = sandbox.log();
    let applies = log.applies();
    assert_eq!(applies.len(), 12, "{applies:?}");
    assert_eq!(applies[10..], [("100000000006", true), ("100000000006", false)], "{applies:?}");
}

#[test]
fn second_run_has_nothing_to_apply() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).run().exits(0);
    sandbox.clear_log();
    sandbox.xtask(["apply-all", "--jobs=1"]).run().exits(0).is("apply-all-again");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn only_what_is_selected_is_touched() {
    let dev = unit("dev");
    for selection in [["--account", "dev"], ["--unit", &dev], ["--unit", &format!("./{dev}/")]] {
        let sandbox = Sandbox::bumped();
        sandbox.xtask(YES).args(selection).run().exits(0);
        let log = sandbox.log();
        assert_eq!(log.applied(), ["100000000004"]);
        // The account of the registry is asked for the images, and nothing more.
        let elsewhere = |call: &Call<'_>| !matches!(call.account(), None | Some("100000000004"));
        assert!(!log.calls().iter().any(elsewhere), "{log:?}");
    }
}

#[test]
fn tag_without_its_image_is_not_planned() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v1.3.0""#);
    sandbox.push("kaniko", "v1.3.0");
    sandbox.xtask(["apply-all", "--jobs=1"]).run().exits(3).is("apply-all-no-image");
    assert!(sandbox.log().of("terraform").is_empty());
    let asked = || sandbox.log().n_asked("DescribeImages");
    assert_eq!(asked(), 2, "each image once, however many units take it");
    let allowed = sandbox.xtask(YES).args(["--account=dev", "--allow=unverified-image"]).run().exits(0);
    allowed.says("Allowed      ECR was not asked for the images (--allow unverified-image)");
    assert_eq!(asked(), 2, "nobody was asked again");
}

#[test]
fn name_that_fits_nothing_selects_nothing() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).args(["--account", "dev", "--account", "deb"]).run().is("apply-all-unknown-account");
    sandbox.xtask(YES).args(["--unit", "dev/nowhere"]).run().exits(4);
    sandbox.xtask(YES).args(["--account", "dev", "--unit", &unit("prod")]).run().exits(4);
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn without_consent_nothing_is_applied() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--jobs=1"]).run().exits(3).is("apply-all-no-terminal");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn json_has_a_row_per_unit_in_order() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(YES).args(["--account", "logs"]).run().exits(0);
    let said = sandbox.xtask(YES).args(["--format", "json"]).run().exits(0);
    let mut json = said.json();
    assert!(json["run"].as_str().unwrap().len() == "2026-11-23-qu4".len());
    json["run"].take();
    for row in json["units"].as_array_mut().unwrap() {
        let log = row["log"].take();
        assert_eq!(log.is_null(), row["seconds"].take() == json!(0.0), "a log for every unit that took its time");
        assert!(log.as_str().is_none_or(|log| sandbox.repo().join(log).is_file()), "{log}");
    }
    let row = |(name, id): (&str, &str)| {
        let note = if name == "logs" { json!("no changes") } else { Value::Null };
        let changes = match name {
            "logs" => 0,
            "shared" => 5,
            _ => 4,
        };
        json!({
            "name": name, "path": unit(name), "account": name, "account_id": id, "result": "succeeded", "changes": changes,
            "note": note, "cause": null, "seconds": null,
            "log": null, "tail": [],
        })
    };
    let rows = ACCOUNTS.map(row);
    assert_eq!(json, json!({ "schema": 1, "run": null, "units": rows }));
}

#[test]
fn plans_are_for_this_users_eyes_and_gone_afterwards() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let running = sandbox.xtask(YES).args(["--account", "dev", "--account", "prod"]).start();
    let held = gate.next();
    let plans: Vec<_> =
        sandbox.state_files().into_iter().filter(|path| path.to_str().unwrap().contains("/plans/")).collect();
    let names: Vec<_> = plans.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert!(names.contains(&"dev.tfplan") && names.contains(&"prod.tfplan"), "{names:?}");
    for plan in &plans {
        assert_eq!(mode(plan.parent().unwrap()), 0o700);
        // What was consented to is a hash, and no secret.
        let is_consent = plan.extension().is_some_and(|extension| extension == "consent");
        assert!(is_consent || mode(plan) == 0o600, "{} has mode {:o}", plan.display(), mode(plan));
    }
    held.let_go();
    gate.next().let_go();
    running.finish().exits(0);
    let left = sandbox.state_files();
    assert!(left.iter().all(|path| !path.to_str().unwrap().contains("/plans/")), "{left:?}");
    assert!(left.iter().all(|path| mode(path) & 0o111 == 0), "no copy of our own binary is left: {left:?}");
}
