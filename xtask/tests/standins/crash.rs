//! The crash table with the built program: the kernel kills it at a moment of its journal, or in the middle of an apply, and
//! it is taken up again. Each unit is applied once, or told to be unknown and looked at.

use std::fs;

use rustix::process::Signal;

use super::interrupted::apply;
use super::sandbox::Sandbox;

const ACCOUNTS: [(&str, &str); 2] = [("dev", "100000000004"), ("stage", "100000000005")];

/// How many effects the journal of such a run has: two for each of its lines.
fn n_effects() -> usize {
    let sandbox = Sandbox::bumped();
    apply(&sandbox, &["dev", "stage"]).run().exits(0);
    let run = fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap().next().unwrap().unwrap();
    2 * fs::read_to_string(run.path().join("journal.jsonl")).unwrap().lines().count()
}

/// Takes it up again, and looks at what has become of the units.
fn taken_up_again(sandbox: &Sandbox, case: &str) {
    // A run that was killed as it began has nothing to be taken up; then it is typed again.
    let resumed = sandbox.xtask(["runs", "resume", "--yes"]).run();
    let code = if resumed.code == Some(0) { resumed.code } else { apply(sandbox, &["dev", "stage"]).run().code };
    assert_eq!(code, Some(0), "{case}: {}", resumed.screen());
    for (account, id) in ACCOUNTS {
        assert_eq!(sandbox.tags_in_state(account), ["v1.3.0"], "{case}");
        let n = sandbox.log().applied().iter().filter(|applied| **applied == id).count();
        assert_eq!(n, 1, "{case}: {account} is applied once");
    }
    apply(sandbox, &["dev", "stage"]).run().exits(0).says_nothing_of("Found").says("nothing to apply in 2 units");
}

/// Kills the runner at every moment that has this rest when it is divided by three.
fn killed_at_moments(rest: usize) {
    let n = n_effects();
    assert!(n >= 36, "{n}");
    for at in (0..n).filter(|at| at % 3 == rest).collect::<Vec<_>>() {
        // Every second moment is tried: the others are those of plans, which the table in one process has.
        if at % 2 == 1 && at < n / 2 {
            continue;
        }
        let sandbox = Sandbox::bumped();
        let run = apply(&sandbox, &["dev", "stage"]).env("XTASK_TEST_KILL_AT_JOURNAL_STEP", at.to_string()).run();
        assert_eq!(run.code, None, "moment {at} comes: {}", run.screen());
        taken_up_again(&sandbox, &format!("moment {at} of {n}"));
    }
}

#[test]
fn killed_at_a_moment_of_its_journal_it_is_taken_up_again() {
    killed_at_moments(0);
}

#[test]
fn killed_at_another_moment_of_its_journal_it_is_taken_up_again() {
    killed_at_moments(1);
}

#[test]
fn killed_at_a_third_moment_of_its_journal_it_is_taken_up_again() {
    killed_at_moments(2);
}

#[test]
fn killed_while_an_apply_runs_it_is_taken_up_again() {
    for wanted in ["dev", "stage"] {
        let sandbox = Sandbox::bumped();
        let gate = sandbox.gate();
        let running = apply(&sandbox, &["dev", "stage"]).start();
        let mut held = gate.next();
        while held.account() != wanted {
            held.let_go();
            held = gate.next();
        }
        running.signal(Signal::KILL);
        assert_eq!(running.finish().code, None);
        sandbox.no_gate();
        held.let_go();
        taken_up_again(&sandbox, &format!("while {wanted} is applied"));
    }
}
