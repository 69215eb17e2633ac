//! The help texts, and the command lines that are mistakes.

use std::io;

use super::sandbox::Sandbox;

#[test]
fn help_of_the_program_and_of_every_command() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["--help"]).run().exits(0).is("help");
    for command in [
        "units",
        "why",
        "status",
        "build-images",
        "bump-tags",
        "apply-all",
        "runs",
        "doctor",
        "changes",
        "verify",
        "rehearse",
        "adopt",
    ] {
        sandbox.xtask([command, "--help"]).run().exits(0).is(&format!("help-{command}"));
    }
}

#[test]
fn unknown_flags_and_commands_are_mistakes() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["apply-all", "--acount", "dev"]).run().exits(2).prints_nothing().is("help-unknown-flag");
    for args in
        [&["frob"][..], &[], &["apply-all", "--jobs", "0"], &["apply-all", "--allow", "anything"], &["units", "-qv"]]
    {
        sandbox.xtask(args.iter().copied()).run().exits(2).prints_nothing();
    }
}

#[test]
fn version_is_that_of_the_package() {
    let said = Sandbox::new().xtask(["--version"]).run().exits(0);
    assert_eq!(said.out, format!("xtask {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn reader_that_goes_away_is_no_failure() {
    let sandbox = Sandbox::new();
    for args in [&["units"][..], &["--help"], &["apply-all", "--dry-run"], &["bump-tags", "v1.3.0", "--offline"]] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let said = sandbox.xtask(args.iter().copied()).stdout(writer).run().exits(0);
        said.says_nothing_of("error");
    }
}

#[test]
fn quiet_says_results_alone() {
    let sandbox = Sandbox::bumped();
    let said = sandbox.xtask(["apply-all", "--yes", "--quiet", "--format=json"]).run().exits(0);
    assert_eq!(said.err, "");
    assert_eq!(said.json()["units"].as_array().unwrap().len(), 6);
}

#[test]
fn colour_is_only_where_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let bold_red = "\u{1b}[1;31merror:";
    sandbox.xtask(["build-images"]).run().says_nothing_of("\u{1b}");
    sandbox.xtask(["build-images", "--color=always"]).run().says(bold_red);
    sandbox.xtask(["build-images"]).env("CLICOLOR_FORCE", "1").run().says(bold_red);
}
