//! How long terraform waits for the lock of a state: what the repository says wins over what we say.

use std::fs;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::ends_with;

#[test]
fn lock_timeout_of_the_repository_is_in_force_with_both_terragrunts_and_is_in_the_log() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        let extra = r#"terraform {
  extra_arguments "patience" {
    commands  = get_terraform_commands_that_need_locking()
    arguments = ["-lock-timeout=20m"]
  }
"#;
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.replacen("terraform {\n", extra, 1));
        ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
        let runs = fs::read_dir(live.root().join(".xtask/runs")).expect("there was a run");
        let run = runs.flatten().next().expect("there was one").path();
        for step in ["plan", "apply"] {
            let log = fs::read_to_string(run.join(format!("dev.{step}.log"))).expect("the step has a log");
            let said = "`-lock-timeout=20m` of the repository is in force, not -lock-timeout=120s";
            assert!(log.contains(said), "{terragrunt:?} {step}:\n{log}");
        }
    }
}
