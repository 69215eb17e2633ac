//! `--dry-run`: prints every command, ready to paste, and does nothing.

use std::process::{Command, Stdio};

use super::sandbox::{ACCOUNTS, Sandbox};

/// Pastes a line into a shell that has the stand-ins before the system's own programs.
fn paste(sandbox: &Sandbox, line: &str) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).current_dir(sandbox.top().join("home")).stdin(Stdio::null());
    let path = format!("{}:/usr/bin:/bin", sandbox.world().join("bin").display());
    shell.env_clear().env("PATH", path).env("HOME", sandbox.top().join("home"));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn pasted(sandbox: &Sandbox, args: &[&str]) {
    let script = sandbox.xtask(args).args(["--dry-run", "--verbose"]).run().exits(0).raw_out;
    assert!(sandbox.log().calls().is_empty(), "a dry run asks nobody");
    let lines = script.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.for_each(|line| paste(sandbox, line));
}

#[test]
fn every_command_is_printed_and_nothing_is_touched() {
    let sandbox = Sandbox::bumped();
    let args = ["apply-all", "--dry-run", "--verbose", "--account", "dev", "--account", "prod"];
    sandbox.xtask(args).run().exits(0).is("dry-run-apply-all");
    assert!(!sandbox.repo().join(".xtask").exists());
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn without_verbose_it_is_a_plan_to_be_read() {
    let sandbox = Sandbox::bumped();
    let said = sandbox.xtask(["apply-all", "--dry-run", "--account=dev"]).run().exits(0);
    said.says_nothing_of("--account=100000000004").says_nothing_of("cd [repo]").is("dry-run-to-read");
    assert!(sandbox.log().calls().is_empty() && !sandbox.repo().join(".xtask").exists());
}

#[test]
fn pasted_line_by_line_it_applies_every_unit() {
    let sandbox = Sandbox::bumped();
    pasted(&sandbox, &["apply-all"]);
    for (account, _) in ACCOUNTS {
        assert_eq!(sandbox.tags_in_state(account), ["v1.3.0"], "{account}");
    }
    assert_eq!(sandbox.log().applied().last(), Some(&"100000000006"), "production comes last");
}

#[test]
fn pasted_line_by_line_it_builds_both_images() {
    let sandbox = Sandbox::new();
    let script = sandbox
        .xtask(["build-images", "v1.3.0", "--dry-run", "--verbose"])
        .run()
        .exits(0)
        .is("dry-run-build-images")
        .raw_out;
    assert!(!sandbox.repo().join(".xtask").exists());
    // Before the build the images are not there, and the question for them fails, as it should.
    let (_, from_build) = script.split_once("# Building").unwrap();
    let lines = from_build.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.for_each(|line| paste(&sandbox, line));
    sandbox.clear_log();
    sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(0);
}

#[test]
fn bump_shows_its_questions_and_its_diff() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["bump-tags", "v1.3.0", "--dry-run", "--verbose"]).run().exits(0).is("dry-run-bump-tags");
    assert_eq!(sandbox.read("common.hcl"), before);
    assert!(!sandbox.repo().join(".xtask").exists());
    assert!(sandbox.log().calls().is_empty());
}
