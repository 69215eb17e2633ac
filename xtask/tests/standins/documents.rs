//! `--format json`: one document on standard output, however a command ends.

use super::command::Xtask;
use super::sandbox::Sandbox;

/// What it prints is one document with its exit code, if that is in it.
fn prints_a_document(command: Xtask<'_>, code: i32, result: Option<&str>) -> serde_json::Value {
    let document = command.args(["--format=json"]).run().exits(code).json();
    assert_eq!(document["schema"], 1, "{document}");
    if let Some(result) = result {
        let expected = (serde_json::json!(result), serde_json::json!(code));
        assert_eq!((document["result"].clone(), document["exit"].clone()), expected, "{document}");
    }
    document
}

#[test]
fn every_end_of_a_command_is_one_document() {
    let bumped = Sandbox::bumped();
    let refused = prints_a_document(bumped.xtask(["apply-all", "--account=dev"]), 3, Some("refused"));
    assert!(refused["run"].as_str().is_some_and(|run| !run.is_empty()), "{refused}");
    assert_eq!(refused["failures"][0]["what"], "nothing was applied: it was not confirmed");
    prints_a_document(bumped.xtask(["apply-all", "--account=nobody"]), 4, None);
    let dry = prints_a_document(bumped.xtask(["apply-all", "--account=dev", "--dry-run"]), 0, Some("done"));
    let commands = dry["commands"].as_array().unwrap();
    assert!(commands.iter().any(|line| line.as_str().unwrap().contains("terragrunt")), "{dry}");
    prints_a_document(bumped.xtask(["apply-all", "--account=dev", "--yes"]), 0, None);
    prints_a_document(bumped.xtask(["apply-all", "--account=dev", "--yes"]), 0, None);
    prints_a_document(bumped.xtask(["bump-tags", "v1.3.0"]), 0, None);
    prints_a_document(bumped.xtask(["runs"]), 0, None);
    prints_a_document(bumped.xtask(["runs", "resume", "nothing"]), 4, None);

    let sandbox = Sandbox::new();
    prints_a_document(sandbox.xtask(["update", "v1.3.0"]), 3, Some("refused"));
    prints_a_document(sandbox.xtask(["build-images", "latest", "--yes"]), 3, Some("refused"));
    prints_a_document(sandbox.xtask(["update", "v1.3.0", "--yes", "--until=images"]), 0, Some("done"));
    prints_a_document(sandbox.xtask(["runs", "resume", "--dry-run"]), 4, None);
    prints_a_document(sandbox.xtask(["bump-tags", "v1.3.0", "--account=dev", "--dry-run"]), 0, None);
    prints_a_document(sandbox.xtask(["bump-tags", "v1.3.0", "--account=dev"]), 3, Some("refused"));
}

#[test]
fn rehearsal_prints_one_document() {
    let sandbox = Sandbox::new();
    prints_a_document(super::rehearse::rehearse(&sandbox), 0, Some("done"));
}

#[test]
fn command_line_that_is_not_understood_is_told_in_a_document_too() {
    let sandbox = Sandbox::new();
    let lines: [&[&str]; 10] = [
        &["apply-all", "--jobs", "many"],
        &["apply-all", "--acount", "dev"],
        &["runs", "show"],
        &["rehearse", "--inject", "foo"],
        &["bump-tags", "../x"],
        &["plan"],
        &["units", "-qv"],
        &["update"],
        &[],
        &["--format", "text"],
    ];
    for words in lines {
        let document = prints_a_document(sandbox.xtask(words.iter().copied()), 2, Some("usage"));
        assert!(document["failures"][0]["what"].as_str().is_some_and(|what| what.len() > 10), "{words:?}: {document}");
    }
    // Both forms of the option, wherever it stands; behind `--` it is somebody else's.
    sandbox.xtask(["--format", "json", "plan"]).run().exits(2).says("unrecognized subcommand").json();
    sandbox.xtask(["rehearse", "--inject", "foo", "--", "--format", "json"]).run().exits(2).prints_nothing();
    sandbox.xtask(["plan", "--format", "jso"]).run().exits(2).prints_nothing();
}
