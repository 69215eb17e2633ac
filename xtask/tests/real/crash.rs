//! The crash table on the real tools: the runner of six accounts is killed at five moments under both terragrunts, with
//! terraform and tofu, and taken up again. The gate lets one apply of each account through: a second one would wait there
//! until the test gives up.

use std::fs;
use std::process::Stdio;

use super::cloud::Cloud;
use super::killed::{signal, start, wait_for, wait_until_ended};
use super::live::{ACCOUNTS, Live};
use super::shape::{Apply, Engine, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{SHARED, ends_with, tags, xtask};

/// When the runner is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When it says this.
    Said(&'static str),
    /// While terraform applies, which then finishes by itself before anybody looks.
    Applying,
}

fn each_unit_is_applied_once(terragrunt: Terragrunt, engines: [Engine; 2]) {
    let Some(tools) = Toolbox::get() else { return };
    let said = ["Identity", "Planning", "Planned", "Applying"].map(Moment::Said);
    for (n, moment) in said.into_iter().chain([Moment::Applying]).enumerate() {
        let engine = if tools.terraform.is_some() { engines[n % 2] } else { Engine::Tofu };
        let engines: &[Engine] = if engine == Engine::Tofu { &[Engine::Tofu] } else { &[Engine::Terraform] };
        let case = format!("{terragrunt:?} {engine:?} {moment:?}");
        let cloud = Cloud::start(tools);
        let shape = Shape { terragrunt, engines, apply: Apply::WaitsAtGate, ..Shape::default() };
        let live = Live::new(tools, &cloud, shape);
        let mut runner = start(&live, &["apply-all", "--yes"]);
        let done = match moment {
            Moment::Said(beginning) => {
                wait_for(&mut runner, beginning);
                signal(&runner, "KILL");
                runner.wait().expect("it was killed");
                0
            }
            Moment::Applying => {
                let held = live.gate().next();
                signal(&runner, "KILL");
                runner.wait().expect("it was killed");
                held.let_go();
                wait_until_ended(&live);
                1
            }
        };
        let told_to = live.root().with_file_name("told");
        let file = fs::File::create(&told_to).expect("the file can be made");
        let mut again = xtask(&live, &["runs", "resume", "--yes"]);
        let mut again = again.stdout(Stdio::null()).stderr(file).spawn().expect("xtask starts");
        let told = || fs::read_to_string(&told_to).expect("it is text");
        for n in done..ACCOUNTS.len() {
            let held = live.gate().arrival();
            held.unwrap_or_else(|| panic!("{case}: apply {n} does not get to the gate: {}", told())).let_go();
        }
        let status = again.wait().expect("it ends");
        let told = told();
        assert_eq!(status.code(), Some(0), "{case}: {told}");
        assert_eq!(told.contains("it finished by itself"), done == 1, "{case}: {told}");
        for (account, id) in ACCOUNTS {
            let n_families = if id == SHARED { 3 } else { 2 };
            assert_eq!(tags(&cloud, id).len(), n_families, "{case}: {account}");
            assert!(live.state_file(account).exists(), "{case}: {account}");
        }
        let told = ends_with(&live, &["apply-all", "--yes"], 0);
        assert!(told.contains("nothing to apply"), "{case}: {told}");
        assert!(!told.contains("Found"), "{case}: it is told once: {told}");
    }
}

#[test]
fn killed_at_any_moment_under_terragrunt_0_each_of_six_units_is_applied_once() {
    each_unit_is_applied_once(Terragrunt::V0, [Engine::Terraform, Engine::Tofu]);
}

#[test]
fn killed_at_any_moment_under_terragrunt_1_each_of_six_units_is_applied_once() {
    each_unit_is_applied_once(Terragrunt::V1, [Engine::Tofu, Engine::Terraform]);
}
