//! A state that somebody else changes between plan and apply: terraform's own words for it are understood.

use std::fs;

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags};

#[test]
fn plan_that_went_stale_is_made_again_and_its_unit_applied_once() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
        ends_with(&live, &["build-images", "v1.3.0"], 0);
        ends_with(&live, &["bump-tags", "v1.3.0"], 0);
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        let (_, run) = told.split_once("apply-all --from ").expect("it says how to go on");
        let run = run.split_whitespace().next().expect("it names the run");

        let file = live.state_file("dev");
        let text = fs::read(&file).expect("there is a state");
        let mut state: Value = serde_json::from_slice(&text).expect("it is JSON");
        state["serial"] = json!(state["serial"].as_u64().expect("it has a number") + 1);
        fs::write(&file, state.to_string()).expect("it can be written");

        let told = ends_with(&live, &["apply-all", "--yes", "--from", run], 0);
        for said in ["Stale        dev", "Consent      carried over: the same changes as before", "Applied      dev"] {
            assert!(told.contains(said), "`{said}` is not said:\n{told}");
        }
        let tags = tags(&cloud, "100000000004");
        assert!(tags.iter().all(|(_, tag)| tag == "v1.3.0"), "{terragrunt:?}: {tags:?}");
    }
}
