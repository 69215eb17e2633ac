//! Two runs at once, Ctrl-C, and a runner that is killed: nothing is lost, and the next run says what became of it.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::command::Xtask;
use super::sandbox::{Sandbox, unit};
use crate::real::gate::Held;

pub(super) fn apply<'a>(sandbox: &'a Sandbox, accounts: &[&str]) -> Xtask<'a> {
    let accounts = accounts.iter().flat_map(|account| ["--account", account]);
    sandbox.xtask(["apply-all", "--yes", "--jobs=1"]).args(accounts)
}

/// Waits until nobody is at work in a unit: neither terragrunt nor terraform.
pub(super) fn wait_until_unlocked(sandbox: &Sandbox, account: &str) {
    for name in ["lock", "terraform.lock"] {
        let lock = format!("{}.{name}", unit(account).replace('/', "~1"));
        let found = sandbox.state_files().into_iter().find(|path| path.ends_with(&lock));
        let path: PathBuf = found.unwrap_or_else(|| panic!("{lock} is not in {:?}", sandbox.state_files()));
        let file = File::options().write(true).open(path).unwrap();
        rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    }
}

/// Makes a stand-in ignore Ctrl-C, as a program does that is busy for long.
fn make_deaf(program: &Path) {
    let real = program.ancestors().nth(2).unwrap().join("real").join(program.file_name().unwrap());
    std::fs::create_dir(real.parent().unwrap()).unwrap();
    std::fs::rename(program, &real).unwrap();
    std::fs::write(program, format!("#!/bin/sh\ntrap '' INT\nexec {} \"$@\"\n", real.display())).unwrap();
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A runner that was killed in the middle of the apply in dev, which waits at the gate.
pub(super) fn killed(sandbox: &Sandbox) -> Held {
    let gate = sandbox.gate();
    let running = apply(sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    assert_eq!(held.account(), "dev");
    running.signal(Signal::KILL);
    assert_eq!(running.finish().code, None);
    sandbox.no_gate();
    held
}

#[test]
fn second_run_is_refused_and_names_the_holder() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let first = apply(&sandbox, &["dev"]).start();
    let held = gate.next();
    apply(&sandbox, &["dev"]).run().exits(3).is("interrupted-second-run");
    apply(&sandbox, &["stage"]).run().exits(3).says("another run is going on in this repository");
    assert_eq!(
        std::fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap().count(),
        1,
        "who is refused leaves nothing"
    );
    held.let_go();
    first.finish().exits(0);
    sandbox.no_gate();
    apply(&sandbox, &["stage"]).run().exits(0);
}

#[test]
fn first_interrupt_lets_what_runs_finish_and_starts_nothing_new() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let sandbox = Sandbox::bumped();
        let gate = sandbox.gate();
        let mut running = apply(&sandbox, &["dev", "stage", "prod"]).start();
        let held = gate.next();
        running.signal(signal);
        running.wait_until_it_says("Stopping");
        held.let_go();
        running.finish().exits(code).says("1 done, 2 not started");
        assert_eq!(sandbox.log().applied(), ["100000000004"]);
        assert_eq!(sandbox.tags_in_state("dev"), ["v1.3.0"]);
        assert_eq!(sandbox.tags_in_state("stage"), ["v0.52.1"]);
    }
}

#[test]
fn second_interrupt_reaches_terraform_alone_and_waits_for_it() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev", "stage"]).start();
    let _held = gate.next();
    running.signal(Signal::INT);
    running.wait_until_it_says("Stopping");
    running.signal(Signal::INT);
    running.wait_until_it_says("Interrupted");
    running.finish().exits(130).is("interrupted-twice");
    assert!(sandbox.log().applied().is_empty(), "the stand-in of terraform ends at once");
    assert_eq!(sandbox.tags_in_state("dev"), ["v0.52.1"]);
    sandbox.no_gate();
    // The task definition that was destroyed already has no predecessor any more to be held to.
    apply(&sandbox, &["dev", "stage"]).run().exits(3).says("--allow unexpected");
    apply(&sandbox, &["dev", "stage"]).args(["--allow=unexpected"]).run().exits(0);
}

#[test]
fn unit_that_was_interrupted_is_called_so_everywhere_and_resumed_with_what_is_left_of_it() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev", "stage"]).args(["--format=json"]).start();
    let _held = gate.next();
    for answer in ["Stopping", "Interrupted"] {
        running.signal(Signal::INT);
        running.wait_until_it_says(answer);
    }
    let said = running.finish().exits(130);
    let results = |units: &serde_json::Value, name: &str, result: &str| -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        units.as_array().unwrap().iter().map(|unit| (text(&unit[name]), text(&unit[result]))).collect()
    };
    let expected = [("dev", "interrupted"), ("stage", "early exit")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(results(&said.json()["units"], "name", "result"), expected);
    let runs = sandbox.xtask(["runs", "--format=json"]).run().exits(0).json();
    assert_eq!(runs["runs"][0]["units"], "1 interrupted, 1 not started");
    let run = runs["runs"][0]["run"].as_str().unwrap().to_owned();
    let report = sandbox.xtask(["runs", "show", &run, "--format=json"]).run().exits(0).json();
    assert_eq!(results(&report["units"], "Unit", "Result"), expected);
    assert_eq!(report["units"][0]["Reason"], "stopped by the user");
    for format in ["text", "markdown"] {
        let shown = sandbox.xtask(["runs", "show", &run, "--format", format]).run().exits(0).out;
        assert!(shown.contains("interrupted") && !shown.contains("failed"), "{shown}");
    }

    sandbox.no_gate();
    // Also by way of a run that took it up and applied nothing.
    for _ in 0..2 {
        let said = sandbox.xtask(["runs", "resume", "--yes"]).run().exits(3).says("--allow unexpected");
        let told = said.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("destroyed, not created, by run "), "{told}");
        assert!(told.contains(", whose apply was interrupted"), "{told}");
    }
    sandbox.xtask(["runs", "resume", "--yes", "--allow=unexpected"]).run().exits(0);
    assert_eq!([sandbox.tags_in_state("dev"), sandbox.tags_in_state("stage")], [["v1.3.0"], ["v1.3.0"]]);
}

#[test]
fn signals_that_arrive_together_are_one() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    // `timeout` sends what it gets to its child and to the group, which the terminal has sent it to already.
    for signal in [Signal::INT, Signal::HUP, Signal::TERM] {
        running.signal(signal);
    }
    running.wait_until_it_says("Stopping");
    held.let_go();
    running.finish().exits(130).says("1 done, 1 not started").says_nothing_of("Interrupted").says_nothing_of("Leaving");
    assert_eq!(sandbox.tags_in_state("dev"), ["v1.3.0"]);
}

#[test]
fn third_interrupt_leaves_at_once_and_what_runs_finishes_by_itself() {
    let sandbox = Sandbox::bumped();
    make_deaf(&sandbox.tool("terraform"));
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    for answer in ["Stopping", "Interrupted"] {
        running.signal(Signal::INT);
        running.wait_until_it_says(answer);
    }
    running.signal(Signal::INT);
    running.finish().exits(130).says("Leaving");
    held.let_go();
    wait_until_unlocked(&sandbox, "dev");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn third_interrupt_says_what_stays_changed() {
    let sandbox = Sandbox::new();
    make_deaf(&sandbox.tool("terraform"));
    let gate = sandbox.gate();
    let mut running = sandbox.xtask(["update", "v1.3.0", "--yes", "--format=json"]).start();
    let held = gate.next();
    for answer in ["Stopping", "Interrupted"] {
        running.signal(Signal::INT);
        running.wait_until_it_says(answer);
    }
    running.signal(Signal::INT);
    let said = running.finish().exits(130).says("Leaving");
    let said = said
        .says("Stays        2 images in ECR: ecs-deploy-runner:v1.3.0, kaniko:v1.3.0")
        .says("             1 file changed: common.hcl");
    let document = said.json();
    assert_eq!((&document["result"], &document["exit"]), (&"interrupted".into(), &130.into()), "{document}");
    let failure = &document["failures"][0];
    let hint = failure["hints"][0].as_str().unwrap();
    assert!(hint.starts_with("to go on from here: cargo xtask runs resume "), "{document}");
    held.let_go();
    wait_until_unlocked(&sandbox, "dev");
}

#[test]
fn interrupt_before_the_consent_applies_nothing() {
    let sandbox = Sandbox::bumped();
    let mut running = apply(&sandbox, &["dev", "stage", "prod"]).start();
    running.wait_until_it_says("Identity");
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn killed_runner_takes_no_apply_with_it() {
    let sandbox = Sandbox::bumped();
    let held = killed(&sandbox);
    held.let_go();
    wait_until_unlocked(&sandbox, "dev");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
    assert_eq!(sandbox.tags_in_state("dev"), ["v1.3.0"]);
}

#[test]
fn while_an_apply_goes_on_alone_its_unit_is_refused() {
    let sandbox = Sandbox::bumped();
    let held = killed(&sandbox);
    apply(&sandbox, &["dev"]).run().exits(3).is("interrupted-still-applying");
    // A run about another unit goes on, says what is still at work, and leaves it to be looked at.
    apply(&sandbox, &["logs"])
        .run()
        .exits(0)
        .says("Found        dev   apply of run [run], which was killed: it is still at work");
    held.let_go();
    wait_until_unlocked(&sandbox, "dev");
    apply(&sandbox, &["logs"]).run().exits(0).says("it finished by itself");
    apply(&sandbox, &["dev"]).run().exits(0).says("it finished by itself");
    apply(&sandbox, &["dev"]).run().exits(0).says_nothing_of("Found");
}

#[test]
fn where_a_plan_of_a_killed_run_is_still_at_work_its_end_is_waited_for() {
    let sandbox = Sandbox::bumped();
    let locks = sandbox.repo().join(".xtask/locks");
    std::fs::create_dir_all(&locks).unwrap();
    let name = format!("{}.lock", unit("dev").replace('/', "~1"));
    let lock = File::create(locks.join(name)).unwrap();
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    let mut running = apply(&sandbox, &["dev", "stage"]).start();
    let us =
        format!("Waiting      dev   an earlier run's terragrunt still works there (process {})", std::process::id());
    running.wait_until_it_says(&us);
    assert!(sandbox.log().of("terraform").is_empty(), "nothing is planned meanwhile");
    drop(lock);
    let said = running.finish().exits(0);
    assert_eq!(sandbox.log().applied().len(), 2, "{said:?}");
}

#[test]
fn state_that_an_earlier_apply_could_not_save_is_never_planned_over() {
    let sandbox = Sandbox::bumped();
    let lost = sandbox.repo().join(unit("dev")).join(".terragrunt-cache/a/b/errored.tfstate");
    std::fs::create_dir_all(lost.parent().unwrap()).unwrap();
    std::fs::write(&lost, "{}").unwrap();
    apply(&sandbox, &["dev"])
        .run()
        .exits(3)
        .says("could not save its state, and planning would delete it")
        .says("terragrunt state push");
    assert!(lost.exists());
    assert!(sandbox.log().of("aws-vault").is_empty(), "nothing was started");
    std::fs::remove_file(&lost).unwrap();
    apply(&sandbox, &["dev"]).run().exits(0);
}

#[test]
fn files_that_change_while_units_are_planned_keep_all_from_being_applied() {
    let sandbox = Sandbox::bumped();
    let mut running = apply(&sandbox, &["dev", "stage", "prod"]).start();
    running.wait_until_it_says("Planning");
    let common = sandbox.read("common.hcl");
    sandbox.write("common.hcl", format!("{common}# changed\n"));
    let said = running.finish().exits(3);
    said.says("somebody changed the repository while it was planned, so nothing was applied").says("--> common.hcl");
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn next_run_says_what_became_of_it_and_does_the_rest() {
    let sandbox = Sandbox::bumped();
    killed(&sandbox).let_go();
    wait_until_unlocked(&sandbox, "dev");
    sandbox.clear_log();
    apply(&sandbox, &["dev", "stage"]).run().exits(0).says("Found        dev   apply of run [run], which was killed");
    assert_eq!(sandbox.log().applied(), ["100000000005"]);
    apply(&sandbox, &["dev", "stage"]).run().exits(0).says_nothing_of("Found").says("nothing to apply in 2 units");
}

#[test]
fn plans_of_a_killed_run_are_removed_by_the_next_one() {
    let sandbox = Sandbox::bumped();
    killed(&sandbox).let_go();
    wait_until_unlocked(&sandbox, "dev");
    apply(&sandbox, &["dev", "stage"]).run().exits(0);
    let plans: Vec<_> =
        sandbox.state_files().into_iter().filter(|path| path.to_str().unwrap().contains("/plans/")).collect();
    assert!(plans.is_empty(), "{plans:?}");
}
