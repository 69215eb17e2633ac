//! Runs of others, and what ended runs leave behind.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::interrupted::{killed, wait_until_unlocked};
use super::journal::rewrite;
use super::sandbox::Sandbox;

fn folders(sandbox: &Sandbox) -> Vec<PathBuf> {
    fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn id(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn run_of_another_user_machine_or_checkout_is_not_taken_up() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--plan-only", "--account=dev"]).run().exits(0);
    let run = folders(&sandbox).remove(0);
    sandbox.clear_log();
    let origin = |change: &dyn Fn(&mut Value)| {
        rewrite(&run.join("journal.jsonl"), |record| {
            if record["kind"] == "begun" {
                change(&mut record["body"]["origin"]);
            }
        });
    };
    let mut before = Value::Null;
    rewrite(&run.join("journal.jsonl"), |record| {
        if record["kind"] == "begun" {
            before = record["body"]["origin"].clone();
        }
    });
    let cases = [
        ("machine", json!("another"), "it was begun on another machine"),
        ("uid", json!(4242), "it was begun by another user, uid 4242"),
        ("checkout", json!("/somewhere/else"), "it was begun in another checkout, /somewhere/else"),
    ];
    for (key, value, why) in cases {
        origin(&|origin| {
            *origin = before.clone();
            origin[key] = value.clone();
        });
        sandbox.xtask(["runs", "resume", &id(&run)]).run().exits(3).says(why).says("begun by");
        sandbox.xtask(["apply-all", "--yes", "--from", &id(&run)]).run().exits(3).says(why);
    }
    origin(&|origin| *origin = Value::Null);
    sandbox.xtask(["runs", "resume", &id(&run)]).run().exits(3).says("doesn't name the machine and the user");
    assert!(sandbox.log().of("terragrunt").is_empty());
    origin(&|origin| *origin = before.clone());
    sandbox.xtask(["apply-all", "--yes", "--from", &id(&run)]).run().exits(0);
}

/// The plan files and `show` documents that lie in a run's folder.
fn plans(folder: &Path) -> usize {
    fs::read_dir(folder.join("plans")).map_or(0, Iterator::count)
}

#[test]
fn plans_of_a_killed_run_are_gone_at_the_next_command_of_any_kind() {
    let sandbox = Sandbox::bumped();
    let held = killed(&sandbox);
    let run = folders(&sandbox).remove(0);
    assert!(plans(&run) > 0);
    sandbox.xtask(["units"]).run().exits(0);
    assert!(plans(&run) > 0, "terraform is still at work with one of them");
    held.let_go();
    wait_until_unlocked(&sandbox, "dev");
    sandbox.xtask(["units"]).run().exits(0);
    assert_eq!(plans(&run), 0);
    sandbox.xtask(["apply-all", "--plan-only", "--account=stage"]).run().exits(0);
    sandbox.xtask(["units"]).run().exits(0);
    let kept: usize = folders(&sandbox).iter().map(|run| plans(run)).sum();
    assert!(kept > 0, "kept plans stay for a day");
}

#[test]
fn resumed_run_leaves_no_plans_of_the_killed_one() {
    let sandbox = Sandbox::bumped();
    let held = killed(&sandbox);
    let resumed = sandbox.xtask(["runs", "resume", "--yes"]).start();
    held.let_go();
    resumed.finish().exits(0);
    for run in folders(&sandbox) {
        assert_eq!(plans(&run), 0, "{}", run.display());
    }
}
