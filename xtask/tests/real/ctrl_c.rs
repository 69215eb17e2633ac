//! Ctrl-C at a terminal, once, twice and three times, while terraform and tofu apply under both terragrunts: no lock of a
//! state is left behind, the terminal is as it was, and the journal tells the truth.

use serde_json::Value;

use super::cloud::Cloud;
use super::gate::Held;
use super::killed::wait_until_ended;
use super::live::Live;
use super::shape::{Apply, Engine, Shape, Terragrunt};
use super::terminal::Terminal;
use super::toolbox::Toolbox;
use super::typed::{tags, xtask};

const DEV: &str = "100000000004";
const PROD: &str = "100000000006";

/// Does this for each of the programs that are here.
fn for_all(case: impl Fn(&str, &Cloud, &Live)) {
    let Some(tools) = Toolbox::get() else { return };
    let engines: &[&[Engine]] =
        if tools.terraform.is_some() { &[&[Engine::Terraform], &[Engine::Tofu]] } else { &[&[Engine::Tofu]] };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        for engines in engines {
            let cloud = Cloud::start(tools);
            let shape = Shape { terragrunt, engines, apply: Apply::WaitsAtGate, ..Shape::default() };
            case(&format!("{terragrunt:?} {engines:?}"), &cloud, &Live::new(tools, &cloud, shape));
        }
    }
}

/// A run that waits in the middle of the apply in dev.
fn applying(live: &Live) -> (Terminal, Held) {
    let mut terminal = Terminal::start(xtask(live, &["apply-all", "--yes", "--account", "dev", "--account", "prod"]));
    terminal.wait_for("Applying");
    let held = live.gate().next();
    (terminal, held)
}

/// The last run, and the results of its units by their label.
fn last_run(live: &Live) -> (Value, Vec<(String, String)>) {
    let said = |words: &[&str]| -> Value {
        let output = xtask(live, words).output().expect("xtask starts");
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    };
    let run = said(&["runs", "--format=json"])["runs"][0].clone();
    let report = said(&["runs", "show", run["run"].as_str().expect("it has an id"), "--format=json"]);
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let units = report["units"].as_array().expect("there are units").iter();
    (run, units.map(|unit| (text(&unit["Unit"]), text(&unit["Result"]))).collect())
}

fn assert_no_lock(live: &Live, case: &str) {
    wait_until_ended(live);
    let leftover = live.state_file("dev").with_file_name(".terraform.tfstate.lock.info");
    assert!(!leftover.exists(), "{case}: the lock of the state was given back");
}

/// Does what is left; every apply is let through.
fn resume(live: &Live, case: &str, n_applies: usize) {
    // What a stopped apply left half done is made anew, which no update is expected to do.
    let words = ["runs", "resume", "--yes", "--allow", "unexpected", "--allow", "destroy"];
    let mut terminal = Terminal::start(xtask(live, &words));
    for _ in 0..n_applies {
        live.gate().next().let_go();
    }
    terminal.wait_for("Finished");
    let (status, said) = terminal.finish();
    assert_eq!(status.code(), Some(0), "{case}: {said}");
}

#[test]
fn once_lets_what_runs_finish() {
    for_all(|case, cloud, live| {
        let (mut terminal, held) = applying(live);
        let before = terminal.settings();
        terminal.ctrl_c();
        terminal.wait_for("Stopping");
        held.let_go();
        terminal.wait_for("1 done, 1 not started");
        assert_eq!(format!("{before:?}"), format!("{:?}", terminal.settings()), "{case}");
        let (status, said) = terminal.finish();
        assert_eq!(status.code(), Some(130), "{case}: {said}");
        assert_no_lock(live, case);
        let (run, mut units) = last_run(live);
        units.sort();
        let expected = [("dev", "succeeded"), ("prod", "early exit")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!((run["result"].as_str(), units), (Some("interrupted"), expected.to_vec()), "{case}");
        assert_eq!((tags(cloud, DEV).len(), tags(cloud, PROD).len()), (2, 0), "{case}");
        resume(live, case, 1);
        assert_eq!((tags(cloud, DEV).len(), tags(cloud, PROD).len()), (2, 2), "{case}");
    });
}

#[test]
fn twice_stops_terraform_itself() {
    for_all(|case, cloud, live| {
        let (mut terminal, held) = applying(live);
        for answer in ["Stopping", "Interrupted"] {
            terminal.ctrl_c();
            terminal.wait_for(answer);
        }
        drop(held);
        let (status, said) = terminal.finish();
        assert_eq!(status.code(), Some(130), "{case}: {said}");
        assert_no_lock(live, case);
        let (_, units) = last_run(live);
        let dev = units.iter().find(|(unit, _)| unit == "dev").map(|(_, result)| result.as_str());
        assert_eq!(dev, Some("interrupted"), "{case}: {units:?}");
        assert!(tags(cloud, PROD).is_empty(), "{case}");
        resume(live, case, 2);
        assert_eq!((tags(cloud, DEV).len(), tags(cloud, PROD).len()), (2, 2), "{case}");
    });
}

#[test]
fn three_times_leaves_and_what_is_left_is_unknown_until_it_is_resumed() {
    for_all(|case, cloud, live| {
        let (mut terminal, held) = applying(live);
        let before = terminal.settings();
        for answer in ["Stopping", "Interrupted", "Leaving"] {
            terminal.ctrl_c();
            terminal.wait_for(answer);
        }
        terminal.wait_for("cargo xtask runs resume");
        assert_eq!(format!("{before:?}"), format!("{:?}", terminal.settings()), "{case}");
        let (status, said) = terminal.finish();
        assert_eq!(status.code(), Some(130), "{case}: {said}");
        let (run, units) = last_run(live);
        assert_eq!(run["result"], "unknown", "{case}");
        assert!(units.contains(&("dev".to_owned(), "unknown".to_owned())), "{case}: {units:?}");
        drop(held);
        assert_no_lock(live, case);
        resume(live, case, 2);
        assert_eq!((tags(cloud, DEV).len(), tags(cloud, PROD).len()), (2, 2), "{case}");
        assert_eq!(last_run(live).0["result"], "succeeded", "{case}");
    });
}
