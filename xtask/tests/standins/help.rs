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
fn help_has_colours_and_the_width_of_the_terminal_and_its_commands_in_the_order_of_work() {
    let sandbox = Sandbox::new();
    for columns in [60, 100] {
        let help = |words: &[&str]| sandbox.xtask(words.iter().copied()).at_a_terminal(24, columns).finish().1;
        let text = help(&["-h"]);
        assert!(text.contains("\u{1b}[32mUsage:\u{1b}[0m") && text.contains("\u{1b}[36mupdate\u{1b}[0m"), "{text}");
        let plain = text.replace("\u{1b}[32m", "").replace("\u{1b}[36m", "").replace("\u{1b}[0m", "");
        let widest = plain.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.into() && widest > usize::from(columns) - 20, "{widest}: {plain}");
        assert!(help(&["frob"]).contains("\u{1b}[31merror:\u{1b}[0m"));
    }
    for columns in [60, 80] {
        let text = sandbox.xtask(["update", "--help"]).env("NO_COLOR", "1").at_a_terminal(24, columns).finish().1;
        let list = text.split_once("--allow <NAME>").unwrap().1.split_once("--reason").unwrap().0;
        let column = list.lines().find_map(|line| line.find("Apply plans that destroy")).unwrap();
        let items = list.lines().skip_while(|line| !line.contains("- destroy:")).filter(|line| !line.trim().is_empty());
        for line in items {
            let begins = line.trim_start().strip_prefix("- ").map_or_else(
                || line.len() - line.trim_start().len(),
                |item| line.len() - item.split_once(": ").unwrap().1.trim_start().len(),
            );
            assert_eq!(begins, column, "{columns}: {list}");
        }
    }
    let text = sandbox.xtask(["-h"]).run().exits(0).out;
    let at = |command: &str| text.find(&format!("\n  {command} ")).unwrap();
    let order = ["update", "doctor", "units", "status", "build-images", "bump-tags", "apply-all", "verify", "runs"];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{text}");
}

#[test]
fn commands_of_other_tools_get_a_tip() {
    let sandbox = Sandbox::new();
    for (word, tip) in [
        ("plan", "`cargo xtask apply-all --plan-only` plans every unit"),
        ("list", "`cargo xtask units` shows every unit"),
        ("version", "`cargo xtask --version`"),
    ] {
        let said = sandbox.xtask([word]).run().exits(2).prints_nothing();
        said.says(&format!("unrecognized subcommand '{word}'")).says(tip).says_nothing_of("similar");
    }
    sandbox.xtask(["statsu"]).run().exits(2).says("a similar subcommand exists: 'status'");
    sandbox.xtask(["sign-inn"]).run().exits(2).says_nothing_of("sign-in'");
}

#[test]
fn number_that_is_none_is_told_without_a_parser_s_words() {
    let sandbox = Sandbox::new();
    for words in
        [&["apply-all", "--jobs", "many"][..], &["apply-all", "--jobs=-1"], &["runs", "clean", "--keep", "all"]]
    {
        let said = sandbox.xtask(words.iter().copied()).run().exits(2).prints_nothing();
        said.says("expected a whole number").says_nothing_of("digit found in string");
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
