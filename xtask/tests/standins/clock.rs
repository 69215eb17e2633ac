//! A clock that jumps: what came first is not told from it, and nothing is done twice or left out.

use super::interrupted::apply;
use super::sandbox::Sandbox;

const YEAR: &str = "31536000";
const YEAR_AGO: &str = "-31536000";
const ACCOUNTS: [&str; 2] = ["dev", "stage"];

/// The ids of the runs, as they are listed: the newest first.
fn runs(sandbox: &Sandbox) -> Vec<String> {
    let said = sandbox.xtask(["runs"]).run().exits(0);
    let words = said.raw_out.lines().filter_map(|line| line.split_whitespace().next());
    words.filter(|word| word.starts_with("20")).map(str::to_owned).collect()
}

#[test]
fn run_of_a_year_ahead_is_taken_up_by_one_whose_clock_is_right_again() {
    for clock in [YEAR, YEAR_AGO] {
        let sandbox = Sandbox::bumped().fault("fail:stage");
        apply(&sandbox, &ACCOUNTS).env("XTASK_TEST_CLOCK", clock).run().exits(1).says("1 failed, 1 done");
        // The task definition that the failed apply has destroyed has no predecessor any more to be held to.
        let resumed = sandbox.xtask(["runs", "resume", "--yes", "--allow=unexpected"]).run().exits(0);
        resumed.says("Resuming     run [run]   cargo xtask apply-all").says("Finished     2 of 2 units");
        assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"], "each once");
        let runs = runs(&sandbox);
        assert_eq!(runs.len(), 2, "{runs:?}");
        let is_first_of_dates = runs[0] > runs[1];
        assert_eq!(is_first_of_dates, clock == YEAR_AGO, "the last one is listed first, whatever its date: {runs:?}");
        apply(&sandbox, &ACCOUNTS).run().exits(0).says("nothing to apply in 2 units");
    }
}

#[test]
fn runner_whose_clock_is_wrong_proves_and_applies_all_the_same() {
    for clock in [YEAR, YEAR_AGO] {
        let sandbox = Sandbox::bumped();
        let said = apply(&sandbox, &ACCOUNTS).env("XTASK_TEST_CLOCK", clock).run().exits(0);
        said.says("Finished     2 of 2 units").says_nothing_of("Renewing");
        assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
    }
}

#[test]
fn plans_that_were_kept_before_the_clock_was_put_back_are_refused() {
    let sandbox = Sandbox::bumped();
    let kept = sandbox.xtask(["apply-all", "--plan-only", "--account=dev"]).env("XTASK_TEST_CLOCK", YEAR);
    kept.run().exits(0);
    let run = runs(&sandbox).remove(0);
    let said = sandbox.xtask(["apply-all", "--yes", "--from", &run]).run().exits(3);
    said.says("the clock was put back since they were made");
    assert!(sandbox.log().applies().is_empty());
}
