//! A state that somebody else changes between plan and apply.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::sandbox::{ACCOUNTS, Sandbox, unit};

const DEV: &str = "100000000004";
const STAGE: &str = "100000000005";

/// The state of an account's unit.
fn state(sandbox: &Sandbox, account: &str) -> PathBuf {
    let (_, id) = ACCOUNTS.iter().find(|(name, _)| *name == account).unwrap();
    sandbox.world().join(format!("state/{id}/{}.tfstate", unit(account)))
}

/// Somebody else writes a state.
fn change(sandbox: &Sandbox, account: &str, change: impl FnOnce(&mut Value)) {
    let file = state(sandbox, account);
    let mut state: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    state["serial"] = json!(state["serial"].as_u64().unwrap() + 1);
    change(&mut state);
    fs::write(file, state.to_string()).unwrap();
}

/// How often a unit's terraform was asked for this.
fn n_asked(sandbox: &Sandbox, account: &str, what: &str) -> usize {
    let log = sandbox.log();
    let calls = log.of("terraform").into_iter().filter(|call| call.cwd().contains(&unit(account)));
    calls.filter(|call| call.argv().first().is_some_and(|word| *word == what)).count()
}

/// dev is held in the middle of its apply while `change` happens to the state of stage, whose turn comes next.
fn meanwhile(sandbox: &Sandbox, change: impl FnOnce(&Sandbox)) -> super::said::Said {
    let gate = sandbox.gate();
    let args = ["apply-all", "--yes", "--jobs=1", "--waves=all", "--account=dev", "--account=stage", "--account=prod"];
    let running = sandbox.xtask(args).start();
    let held = gate.next();
    assert_eq!(held.account(), "dev");
    change(sandbox);
    sandbox.no_gate();
    held.let_go();
    running.finish()
}

#[test]
fn unit_whose_plan_went_stale_is_planned_again_and_the_same_changes_are_applied() {
    let sandbox = Sandbox::bumped();
    let said = meanwhile(&sandbox, |sandbox| change(sandbox, "stage", |_| {})).exits(0);
    said.says("Stale        stage").says("Consent      carried over: the same changes as before").is("stale-same");
    assert_eq!((n_asked(&sandbox, "stage", "plan"), n_asked(&sandbox, "stage", "apply")), (2, 2));
    assert_eq!(sandbox.log().applied(), [DEV, STAGE, "100000000006"], "each once, and what came after it too");
    let report = sandbox.state_files().into_iter().find(|path| path.ends_with("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let results = report["units"].as_array().unwrap().iter().map(|unit| unit["Result"].as_str().unwrap());
    assert!(results.eq(["succeeded"; 3]));
    assert_eq!(report["run"]["Consents"].as_array().unwrap().len(), 2);
}

#[test]
fn other_changes_than_those_agreed_to_stop_a_run_under_yes() {
    let sandbox = Sandbox::bumped();
    let said = meanwhile(&sandbox, |sandbox| {
        change(sandbox, "stage", |state| drop(state["resources"].as_array_mut().unwrap().remove(0)));
    });
    said.exits(1).without_tails().is("stale-other");
    assert_eq!(sandbox.log().applied(), [DEV], "production is not reached");
    assert_eq!(sandbox.tags_in_state("prod"), ["v0.52.1"]);
}

#[test]
fn unit_that_somebody_else_has_applied_meanwhile_has_nothing_left() {
    let done_by_others = Sandbox::bumped();
    done_by_others.xtask(["apply-all", "--yes", "--account=stage"]).run().exits(0);
    let done = fs::read(state(&done_by_others, "stage")).unwrap();
    let ecs = format!("accounts/{STAGE}/ecs.json");
    let sandbox = Sandbox::bumped();
    let said = meanwhile(&sandbox, |sandbox| {
        change(sandbox, "stage", |state| {
            let done: Value = serde_json::from_slice(&done).unwrap();
            state["resources"] = done["resources"].clone();
        });
        fs::copy(done_by_others.world().join(&ecs), sandbox.world().join(&ecs)).unwrap();
    });
    said.exits(0).says("Stale        stage").says("Consent      carried over");
    assert_eq!((n_asked(&sandbox, "stage", "plan"), n_asked(&sandbox, "stage", "apply")), (2, 1));
}

#[test]
fn other_changes_than_those_agreed_to_are_asked_for_at_the_terminal() {
    for (answer, code, applied) in [("unexpected", 0, &[DEV, STAGE, "100000000006"][..]), ("n", 1, &[DEV])] {
        let sandbox = Sandbox::bumped();
        let gate = sandbox.gate();
        let args = ["apply-all", "--jobs=1", "--waves=all", "--account=dev", "--account=stage", "--account=prod"];
        let mut terminal = sandbox.xtask(args).env("NO_COLOR", "1").at_a_terminal(50, 100);
        terminal.wait_for("Apply these 3 plans? [y/n/d=details]");
        terminal.types("y");
        let held = gate.next();
        change(&sandbox, "stage", |state| drop(state["resources"].as_array_mut().unwrap().remove(0)));
        sandbox.no_gate();
        held.let_go();
        // A task definition that is added has no predecessor to be held to.
        terminal.wait_for("Type `unexpected`");
        terminal.types(answer);
        let (status, text) = terminal.finish();
        assert_eq!(status.code(), Some(code), "{text}");
        assert_eq!(sandbox.log().applied(), applied, "{text}");
    }
}
