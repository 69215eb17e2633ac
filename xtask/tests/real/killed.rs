//! A runner that is killed, or interrupted, in the middle of an apply.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Apply, Engine, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const DEV: &str = "100000000004";

/// Starts `xtask` with its stderr for us to read.
pub(super) fn start(live: &Live, words: &[&str]) -> Child {
    xtask(live, words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("xtask starts")
}

/// Waits for a line that begins so.
pub(super) fn wait_for(child: &mut Child, beginning: &str) -> impl BufRead + use<> {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
    let mut line = String::new();
    while !line.starts_with(beginning) {
        line.clear();
        assert_ne!(lines.read_line(&mut line).expect("it is text"), 0, "xtask ended without `{beginning}`");
    }
    lines
}

pub(super) fn signal(child: &Child, name: &str) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process has an id");
    let signal = match name {
        "KILL" => rustix::process::Signal::KILL,
        _ => rustix::process::Signal::INT,
    };
    rustix::process::kill_process(pid, signal).expect("it is our child");
}

/// Waits until nobody holds the locks of dev's unit any more: terragrunt and terraform have ended.
pub(super) fn wait_until_ended(live: &Live) {
    for name in ["lock", "terraform.lock"] {
        let lock = live.root().join(format!(".xtask/locks/dev~1us-east-1~1mgmt~1ecs-deploy-runner.{name}"));
        let file = std::fs::File::options().write(true).open(lock).expect("the lock is there");
        rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::LockExclusive).expect("the lock can be waited for");
    }
}

#[test]
fn apply_outlives_a_runner_that_is_killed_and_the_next_run_says_so() {
    let Some(tools) = Toolbox::get() else { return };
    let engines: &[&[Engine]] =
        if tools.terraform.is_some() { &[&[Engine::Terraform], &[Engine::Tofu]] } else { &[&[Engine::Tofu]] };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        for engines in engines {
            let case = format!("{terragrunt:?} {engines:?}");
            let cloud = Cloud::start(tools);
            let live =
                Live::new(tools, &cloud, Shape { terragrunt, engines, apply: Apply::WaitsAtGate, ..Shape::default() });
            let mut runner = start(&live, &["apply-all", "--yes", "--account", "dev"]);
            let held = live.gate().next();
            signal(&runner, "KILL");
            runner.wait().expect("it was killed");

            let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 3);
            assert!(told.contains("`dev` is still being applied by run"), "{case}: {told}");

            held.let_go();
            wait_until_ended(&live);
            assert!(live.state_file("dev").exists(), "{case}: the state was written");
            assert_eq!(tags(&cloud, DEV).len(), 2, "{case}: the apply finished");

            let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
            assert!(told.contains("it finished by itself"), "{case}: {told}");
            assert!(told.contains("nothing to apply"), "{case}: {told}");
            let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
            assert!(!told.contains("it finished by itself"), "{case}: it is said once: {told}");
        }
    }
}

#[test]
fn first_interrupt_lets_what_runs_finish_and_starts_nothing_new() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, apply: Apply::WaitsAtGate, ..Shape::default() });
        let words = ["apply-all", "--yes", "--account", "dev", "--account", "prod"];
        let mut runner = start(&live, &words);
        let mut rest = wait_for(&mut runner, "Applying     1 of 2");
        let held = live.gate().next();
        signal(&runner, "INT");
        let mut line = String::new();
        while !line.starts_with("Stopping") {
            line.clear();
            assert_ne!(rest.read_line(&mut line).expect("it is text"), 0, "the interrupt is answered");
        }
        held.let_go();
        let status = runner.wait().expect("it ends");
        let mut told = String::new();
        rest.read_to_string(&mut told).expect("it is text");
        assert_eq!(status.code(), Some(130), "{told}");
        assert!(told.contains("1 done, 1 not started"), "{told}");
        assert_eq!(tags(&cloud, DEV).len(), 2, "dev finished");
        assert!(tags(&cloud, "100000000006").is_empty(), "production was not started");
    }
}

#[test]
fn second_interrupt_ends_terraform_alone_which_gives_its_lock_back() {
    let Some(tools) = Toolbox::get() else { return };
    let engines: &[&[Engine]] =
        if tools.terraform.is_some() { &[&[Engine::Terraform], &[Engine::Tofu]] } else { &[&[Engine::Tofu]] };
    for (terragrunt, engines) in
        [Terragrunt::V0, Terragrunt::V1].into_iter().flat_map(|v| engines.iter().map(move |e| (v, *e)))
    {
        let case = format!("{terragrunt:?} {engines:?}");
        let cloud = Cloud::start(tools);
        let live =
            Live::new(tools, &cloud, Shape { terragrunt, engines, apply: Apply::WaitsAtGate, ..Shape::default() });
        let mut runner = start(&live, &["apply-all", "--yes", "--account", "dev", "--account", "prod"]);
        let mut rest = wait_for(&mut runner, "Applying     1 of 2");
        let held = live.gate().next();
        for answer in ["Stopping", "Interrupted"] {
            signal(&runner, "INT");
            let mut line = String::new();
            while !line.starts_with(answer) {
                line.clear();
                assert_ne!(rest.read_line(&mut line).expect("it is text"), 0, "{case}: the interrupt is answered");
            }
        }
        // The provisioner ends, so that terraform gets to the end of what it was doing.
        drop(held);
        let mut told = String::new();
        rest.read_to_string(&mut told).expect("it is text");
        let status = runner.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "{case}: {told}");
        wait_until_ended(&live);
        let state = live.state_file("dev");
        let leftover = state.with_file_name(".terraform.tfstate.lock.info");
        assert!(!leftover.exists(), "{case}: the lock of the state was given back");
        assert!(state.exists(), "{case}: what was done is in the state");
        assert!(tags(&cloud, "100000000006").is_empty(), "{case}: production was not started");
        // What is left is done by the next run, once.
        let gate = live.gate();
        // A resource that was interrupted half-made is replaced, which no update does by itself.
        let mut again =
            start(&live, &["apply-all", "--yes", "--allow", "unexpected", "--allow", "destroy", "--account", "dev"]);
        gate.next().let_go();
        let status = again.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{case}");
        assert_eq!(tags(&cloud, DEV).len(), 2, "{case}");
    }
}
