//! Plans that are tried again or ended, and waves that go on after a failure.

use super::sandbox::Sandbox;

const DEV: [&str; 4] = ["apply-all", "--yes", "--account", "dev"];

#[test]
fn plan_that_was_throttled_is_tried_again_and_told_of() {
    let sandbox = Sandbox::bumped().fault("busy:dev");
    let said = sandbox.xtask(DEV).run().exits(0);
    said.says("Trying again dev   plan, again in ").says("AWS was asked too much at once");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
    let logs: Vec<_> =
        sandbox.state_files().into_iter().filter(|file| file.extension().is_some_and(|it| it == "log")).collect();
    let n_plans =
        logs.iter().filter(|file| file.file_name().unwrap().to_str().unwrap().starts_with("dev.plan")).count();
    assert_eq!(n_plans, 2, "a log of each try: {logs:?}");
}

#[test]
fn apply_that_was_throttled_is_never_tried_again() {
    let sandbox = Sandbox::bumped().fault("fail:dev");
    let said = sandbox.xtask(DEV).run().exits(1);
    said.says("Failed       dev   AWS was asked too much at once").says("hint: run the command again");
    assert_eq!(sandbox.log().applies(), [("100000000004", true), ("100000000004", false)]);
}

#[test]
fn plan_that_takes_too_long_is_asked_to_end_and_nothing_is_applied() {
    let sandbox = Sandbox::bumped().fault("hang:dev").setting("time-limit", r#""1s""#);
    let said = sandbox.xtask(DEV).run().exits(1);
    said.says("Ending       dev   plan, after ").says("it took longer than the time limit").says("`time-limit`");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn wave_is_finished_after_a_failure_where_that_was_asked_for_and_the_next_never_starts() {
    let sandbox = Sandbox::bumped().fault("fail:logs");
    let said = sandbox.xtask(["apply-all", "--yes", "--jobs=1", "--keep-going"]).run().exits(1);
    said.says("1 failed, 4 done, 1 not started");
    assert_eq!(sandbox.tags_in_state("prod"), ["v0.52.1"]);
    assert_eq!(sandbox.tags_in_state("stage"), ["v1.3.0"]);
}
