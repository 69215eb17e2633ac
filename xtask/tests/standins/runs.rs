//! What is told of earlier runs, and taking them up again.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use super::interrupted::{apply, killed, wait_until_unlocked};
use super::sandbox::{Sandbox, unit};

/// The folders of all runs, in no order.
fn folders(sandbox: &Sandbox) -> Vec<PathBuf> {
    fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The folder of the one run that there is.
fn only_run(sandbox: &Sandbox) -> PathBuf {
    let folders = folders(sandbox);
    assert_eq!(folders.len(), 1);
    folders[0].clone()
}

/// The last three characters of a run's id.
fn word(folder: &std::path::Path) -> String {
    folder.to_str().unwrap().rsplit('-').next().unwrap().to_owned()
}

fn runs(sandbox: &Sandbox) -> Value {
    sandbox.xtask(["runs", "--format=json"]).run().exits(0).json()["runs"].clone()
}

#[test]
fn name_of_a_run_or_a_unit_that_is_nearly_right_is_offered() {
    let sandbox = Sandbox::bumped();
    apply(&sandbox, &["dev"]).run().exits(0);
    let id = word(&only_run(&sandbox));
    let nearly = format!("{id}x");
    let offered = format!("did you mean `{id}`?");
    for words in [&["show", &nearly][..], &["logs", &nearly, "dev"], &["resume", &nearly]] {
        sandbox.xtask(["runs"]).args(words.iter().copied()).run().exits(4).says(&offered);
    }
    sandbox.xtask(["runs", "show", "nothing-like-it"]).run().exits(4).says_nothing_of("did you mean");
    sandbox.xtask(["runs", "logs", &id, "dve"]).run().exits(4).says("did you mean `dev`?");
}

#[test]
fn images_are_counted_beside_the_units() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(0);
    assert_eq!(runs(&sandbox)[0]["units"], "6 done, 2 images done");
}

#[test]
fn run_that_was_answered_with_no_is_cancelled_and_one_that_nobody_could_be_asked_in_is_refused() {
    let sandbox = Sandbox::bumped();
    let mut terminal = sandbox.xtask(["apply-all", "--account", "dev"]).at_a_terminal(40, 120);
    terminal.wait_for("Apply this plan? [y/n/d=details] ");
    terminal.types("n");
    assert_eq!(terminal.finish().0.code(), Some(3));
    assert_eq!(runs(&sandbox)[0]["result"], "cancelled");
    let shown = sandbox.xtask(["runs", "show", &word(&only_run(&sandbox))]).run().exits(0);
    assert!(shown.out.lines().next().unwrap().ends_with("cancelled"), "{}", shown.screen());
    sandbox.xtask(["apply-all", "--account", "dev"]).run().exits(3);
    assert_eq!([0, 1].map(|n| runs(&sandbox)[n]["result"].clone()), ["refused", "cancelled"]);
}

#[test]
fn plans_that_are_kept_are_shown_as_planned() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--plan-only", "--account", "dev"]).run().exits(0);
    let id = word(&only_run(&sandbox));
    for format in ["text", "markdown"] {
        let shown = sandbox.xtask(["runs", "show", &id, "--format", format]).run().exits(0);
        assert!(shown.out.contains("planned") && shown.out.contains("kept, not applied"), "{}", shown.screen());
        assert!(!shown.out.contains("early exit"), "{}", shown.screen());
    }
    let json = sandbox.xtask(["runs", "show", &id, "--format", "json"]).run().exits(0);
    assert!(json.out.contains("early exit"), "the report for programs keeps terragrunt's word");
}

#[test]
fn runs_are_listed_newest_first_and_found_by_a_shortened_id() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["runs"]).run().exits(0).says("there has been no run in this repository yet");
    assert_eq!(runs(&sandbox), serde_json::json!([]));
    sandbox.xtask(["runs", "show", "k3f"]).run().exits(4).says("there has been no run in this repository yet");
    apply(&sandbox, &["dev"]).args(["--reason", "CHG-1234"]).run().exits(0);
    let first = only_run(&sandbox);
    apply(&sandbox, &["stage", "dev"]).run().exits(0);
    let runs = runs(&sandbox);
    let of = |key: &str| [&runs[0], &runs[1]].map(|run| run[key].as_str().unwrap().to_owned());
    assert_eq!(of("result"), ["succeeded"; 2]);
    assert_eq!(of("units"), ["2 done", "1 done"]);
    let text = sandbox.xtask(["runs"]).run().exits(0).out;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let shown = sandbox.xtask(["runs", "show", &word(&first)]).run().exits(0).out;
    for line in [
        "Why          CHG-1234",
        "Command      cargo xtask apply-all --yes --jobs=1 --account dev",
        "Tools        xtask 0.1.0, terragrunt",
    ] {
        assert!(shown.contains(line), "`{line}` is not in {shown}");
    }
    assert!(shown.contains("Account      100000000004 dev   verified   arn:aws:sts::100000000004:"), "{shown}");
    assert!(shown.contains("(--yes) at [time] to digest"), "{shown}");
    for tool in ["terragrunt", "terraform"] {
        let program = fs::read(sandbox.tool(tool)).unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, &program);
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("Program      [world]/bin/{tool}   SHA-256 {hash}");
        assert!(shown.contains(&line), "`{line}` is not in {shown}");
    }
    let page = sandbox.xtask(["runs", "show", &word(&first), "--format=markdown"]).run().exits(0).out;
    assert!(page.starts_with("### Run [run]: succeeded\n"), "{page}");
    assert!(page.contains("| 100000000004 dev | succeeded | [took] | "), "{page}");
    sandbox.xtask(["runs", "show", "zzz"]).run().exits(4).says("there is no run `zzz` here");
    sandbox.xtask(["runs", "show", "2026"]).run().exits(2).says("several runs begin with `2026`");
}

#[test]
fn the_report_is_what_the_journal_says_however_a_run_ended() {
    let reads = |sandbox: &Sandbox| {
        let folder = only_run(sandbox);
        let report = fs::read_to_string(folder.join("report.json")).unwrap();
        let shown = sandbox.xtask(["runs", "show", &word(&folder), "--format=json"]).run().exits(0);
        assert_eq!(shown.raw_out, report);
        let report = shown.json();
        let rows = report["units"].as_array().unwrap().clone();
        let of = move |key: &str| rows.iter().map(|row| row[key].to_string()).collect::<Vec<_>>();
        (report, of)
    };
    let sandbox = Sandbox::bumped().fault("fail:stage");
    apply(&sandbox, &["dev", "stage", "prod"]).run().exits(1);
    let (report, of) = reads(&sandbox);
    assert_eq!(report["run"]["Result"], "failed");
    assert_eq!(
        of("Result"),
        [r#""succeeded""#, r#""failed""#, r#""early exit""#].map(String::from).to_vec().tap_sorted(&of("Unit"))
    );
    let at = of("Unit").iter().position(|unit| unit == r#""stage""#).unwrap();
    assert_eq!(of("Reason")[at], r#""run error""#);
    assert!(of("Cause")[at].contains("exit code"), "{:?}", of("Cause"));

    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    running.signal(Signal::HUP);
    running.wait_until_it_says("Stopping");
    held.let_go();
    running.finish().exits(130);
    let (report, of) = reads(&sandbox);
    assert_eq!((&report["run"]["Result"], &report["run"]["ExitCode"]), (&"interrupted".into(), &130.into()));
    assert_eq!(of("Reason")[of("Unit").iter().position(|unit| unit == r#""stage""#).unwrap()], r#""interrupted""#);

    let sandbox = Sandbox::bumped().fault("wrong-account:dev");
    apply(&sandbox, &["dev"]).run().exits(3);
    let (report, _) = reads(&sandbox);
    assert_eq!(report["run"]["Result"], "refused");
    assert_eq!(report["identities"][0]["Verdict"], "mismatch");
}

/// The words for three units in the order in which the report has them.
trait Sorted {
    fn tap_sorted(self, units: &[String]) -> Vec<String>;
}

impl Sorted for Vec<String> {
    fn tap_sorted(self, units: &[String]) -> Vec<String> {
        let order = [r#""dev""#, r#""stage""#, r#""prod""#];
        units.iter().map(|unit| self[order.iter().position(|known| known == unit).unwrap()].clone()).collect()
    }
}

#[test]
fn resume_waits_for_what_still_runs_and_does_the_rest_under_the_same_consent() {
    let sandbox = Sandbox::bumped();
    let held = killed(&sandbox);
    let first = only_run(&sandbox);
    assert_eq!(runs(&sandbox)[0]["result"], "unknown");
    sandbox.clear_log();
    // Nobody answers here, and no `--yes` is given: what was agreed to carries over.
    let mut running = sandbox.xtask(["runs", "resume"]).start();
    running.wait_until_it_says("Waiting");
    held.let_go();
    running.finish().exits(0).is("runs-resume");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
    assert_eq!(sandbox.tags_in_state("stage"), ["v1.3.0"]);
    let runs = runs(&sandbox);
    assert_eq!([&runs[0]["result"], &runs[1]["result"]], ["succeeded", "interrupted"]);
    let shown = sandbox.xtask(["runs", "show", &word(&first)]).run().exits(0).out;
    assert!(shown.contains("dev    succeeded") && shown.contains("the end was found by a later run"), "{shown}");
    sandbox.xtask(["runs", "resume"]).run().exits(4).says("did everything that it was to do");
}

#[test]
fn resume_finds_units_that_were_named_from_a_folder_of_the_repository() {
    let sandbox = Sandbox::bumped().fault("fail:dev");
    let folder = sandbox.repo().join(unit("dev"));
    let apply = sandbox.xtask(["apply-all", "--yes", "--unit", "terragrunt.hcl"]).cwd(folder);
    apply.run().exits(1);
    let sandbox = sandbox.no_faults();
    sandbox.clear_log();
    sandbox.xtask(["runs", "resume", "--yes", "--allow=unexpected"]).run().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn resume_asks_anew_where_something_else_would_be_done() {
    let sandbox = Sandbox::bumped();
    killed(&sandbox).let_go();
    wait_until_unlocked(&sandbox, "dev");
    sandbox.edit("common.hcl", r#""v1.3.0""#, r#""v1.4.0""#);
    sandbox.push("ecs-deploy-runner", "v1.4.0");
    sandbox.clear_log();
    let said = sandbox.xtask(["runs", "resume"]).run().exits(3);
    said.says("Differs")
        .says("stage   the same resources, with other values, commands or files")
        .says("it was not confirmed");
    assert!(sandbox.log().applied().is_empty());
    let last = runs(&sandbox)[0]["run"].as_str().unwrap().to_owned();
    sandbox.xtask(["runs", "resume", &last, "--yes"]).run().exits(0);
    assert_eq!(sandbox.log().applied().len(), 2);
}

#[test]
fn a_damaged_journal_stops_resume_and_is_named() {
    let sandbox = Sandbox::bumped();
    killed(&sandbox).let_go();
    wait_until_unlocked(&sandbox, "dev");
    let path = only_run(&sandbox).join("journal.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    let third = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 30;
    bytes[third] ^= 1;
    fs::write(&path, bytes).unwrap();
    let said = sandbox.xtask(["runs", "resume"]).run().exits(3);
    said.says("can't be relied on: the checksum doesn't fit").says("journal.jsonl:3");
    sandbox.clear_log();
    // A run of its own looks at the units themselves.
    apply(&sandbox, &["dev", "stage"]).run().exits(0).says("Damaged      journal of run [run], line 3");
    assert_eq!(sandbox.log().applied(), ["100000000005"]);
    let said = sandbox.xtask(["runs", "clean", "--keep=0", "--yes"]).run().exits(0);
    said.says("Kept         [run]   its journal is damaged");
}

#[test]
fn logs_of_a_step_are_printed() {
    let sandbox = Sandbox::bumped();
    apply(&sandbox, &["dev"]).run().exits(0);
    let id = word(&only_run(&sandbox));
    let logs = |words: &[&str]| sandbox.xtask(["runs", "logs", &id].into_iter().chain(words.iter().copied())).run();
    assert!(logs(&["dev"]).exits(0).out.contains("Apply complete!"));
    assert!(logs(&[&unit("dev"), "plan"]).exits(0).out.contains("Plan:"));
    logs(&["prod"]).exits(4).says("has no log of `prod`").says("there is  dev apply");
}

#[test]
fn clean_removes_old_runs_and_nothing_that_nobody_has_looked_at() {
    let sandbox = Sandbox::bumped();
    killed(&sandbox).let_go();
    wait_until_unlocked(&sandbox, "dev");
    let unknown = only_run(&sandbox);
    for account in ["logs", "shared"] {
        apply(&sandbox, &[account]).run().exits(0);
    }
    let clean =
        |more: &[&str]| sandbox.xtask(["runs", "clean", "--keep=1"].into_iter().chain(more.iter().copied())).run();
    clean(&[]).exits(3).says("nothing was removed: it was not confirmed");
    assert_eq!(clean(&["--dry-run"]).exits(0).out, "[run]\n");
    assert_eq!(folders(&sandbox).len(), 3);
    clean(&["--yes"]).exits(0).says("apply of dev has an end that nobody saw");
    assert_eq!(folders(&sandbox).len(), 2);
    assert!(unknown.exists());
    apply(&sandbox, &["dev", "stage"]).run().exits(0);
    clean(&["--yes"]).exits(0).says("Removed      2 runs");
    assert!(!unknown.exists());
}

#[test]
fn what_version_0_1_0_left_behind_is_found() {
    let sandbox = Sandbox::bumped();
    let folder = sandbox.repo().join(".xtask/runs/2026-01-01-abc/attempts/dev.apply");
    fs::create_dir_all(&folder).unwrap();
    let started = serde_json::json!({ "kind": "apply", "subject": "dev", "unit": unit("dev"),
        "time": "2026-01-01T00:00:00Z", "command": "terragrunt apply", "log": null });
    fs::write(folder.join("started.json"), started.to_string()).unwrap();
    apply(&sandbox, &["dev"]).run().exits(0).says("Found        dev   apply of run [run], which was killed");
    apply(&sandbox, &["dev"]).run().exits(0).says_nothing_of("Found");
    sandbox.xtask(["runs", "show", "abc"]).run().exits(3).says("has kept no journal");
}

#[test]
fn nothing_starts_where_nothing_can_be_written_down() {
    let sandbox = Sandbox::bumped();
    fs::create_dir(sandbox.repo().join(".xtask")).unwrap();
    fs::write(sandbox.repo().join(".xtask/runs"), "in the way").unwrap();
    apply(&sandbox, &["dev"]).run().exits(3).says("`.xtask/runs` is not a folder");
    assert!(sandbox.log().calls().is_empty());
}
