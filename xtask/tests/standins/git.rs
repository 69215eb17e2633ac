//! A checkout at which git refuses to look: its own reason and remedy are passed on.

use std::fs;
use std::process::Command;

use super::command::Xtask;
use super::sandbox::Sandbox;

const REMEDY: &str = "git config --global --add safe.directory [repo]";

/// A checkout that git takes for another user's, as in a container with a volume.
fn of_another_user() -> Sandbox {
    let sandbox = Sandbox::bumped();
    fs::remove_dir(sandbox.repo().join(".git")).unwrap();
    let git =
        Command::new("git").args(["init", "--quiet"]).current_dir(sandbox.repo()).env("HOME", sandbox.top()).output();
    assert!(git.unwrap().status.success());
    sandbox
}

fn with_git<'a>(sandbox: &'a Sandbox, words: &[&str]) -> Xtask<'a> {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", sandbox.world().join("bin").display());
    sandbox.xtask(words.iter().copied()).env("PATH", path).env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
}

#[test]
fn reason_of_git_and_its_remedy_are_passed_on_wherever_the_checkout_is_looked_at() {
    let sandbox = of_another_user();
    let said = with_git(&sandbox, &["doctor", "v1.3.0", "--offline"]).run().exits(0);
    let line = "git refuses to look at it: detected dubious";
    assert!(said.out.contains(line) && said.out.contains(REMEDY), "{}", said.screen());
    with_git(&sandbox, &["apply-all", "--yes", "--account", "dev"])
        .run()
        .exits(0)
        .says("Git          refuses to look at it: detected dubious ownership")
        .says(&format!("do: {REMEDY}"));
    with_git(&sandbox, &["verify", "--smoke", "--account", "dev"])
        .run()
        .exits(3)
        .says("is not known: detected dubious ownership")
        .says(&format!("hint: {REMEDY}"));
    let sandbox = sandbox.setting("require-clean", r#""always""#);
    with_git(&sandbox, &["apply-all", "--yes", "--account", "dev"])
        .run()
        .exits(3)
        .says("git refuses to look at it: detected dubious ownership")
        .says(&format!("do: {REMEDY}"));
}
