//! The crash table on the real tools: the runner is killed at five moments under both terragrunts, and taken up again. The
//! gate lets one apply through: a second one would wait there until the test gives up.

use std::process::Stdio;

use super::cloud::Cloud;
use super::killed::{signal, start, wait_for, wait_until_ended};
use super::live::Live;
use super::shape::{Apply, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const DEV: &str = "100000000004";
const WORDS: [&str; 4] = ["apply-all", "--yes", "--account", "dev"];

/// When the runner is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When it says this.
    Said(&'static str),
    /// While terraform applies, which then finishes by itself before anybody looks.
    Applying,
}

#[test]
fn killed_at_any_moment_each_unit_is_applied_once() {
    let Some(tools) = Toolbox::get() else { return };
    let said = ["Identity", "Planning", "Planned", "Applying"].map(Moment::Said);
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        for moment in said.into_iter().chain([Moment::Applying]) {
            let case = format!("{terragrunt:?} {moment:?}");
            let cloud = Cloud::start(tools);
            let live = Live::new(tools, &cloud, Shape { terragrunt, apply: Apply::WaitsAtGate, ..Shape::default() });
            let mut runner = start(&live, &WORDS);
            match moment {
                Moment::Said(beginning) => {
                    wait_for(&mut runner, beginning);
                    signal(&runner, "KILL");
                    runner.wait().expect("it was killed");
                    let mut again = xtask(&live, &["runs", "resume", "--yes"]);
                    let mut again = again.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("xtask starts");
                    live.gate().next().let_go();
                    assert_eq!(again.wait().expect("it ends").code(), Some(0), "{case}");
                }
                Moment::Applying => {
                    let held = live.gate().next();
                    signal(&runner, "KILL");
                    runner.wait().expect("it was killed");
                    held.let_go();
                    wait_until_ended(&live);
                    let told = ends_with(&live, &["runs", "resume", "--yes"], 0);
                    assert!(told.contains("it finished by itself"), "{case}: {told}");
                }
            }
            wait_until_ended(&live);
            assert_eq!(tags(&cloud, DEV).len(), 2, "{case}");
            let told = ends_with(&live, &WORDS, 0);
            assert!(told.contains("nothing to apply"), "{case}: {told}");
            assert!(!told.contains("Found"), "{case}: it is told once: {told}");
        }
    }
}
