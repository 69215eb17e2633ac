//! How long six units take: the guide's loop, `terragrunt run --all`, and `apply-all`, in one run on the real tools.
//!
//! `cargo bench --bench apply`, by hand: takes some minutes, and says more on a machine that does nothing else.

#![expect(clippy::print_stdout, reason = "figures are what this prints")]

#[allow(dead_code, unused_imports, reason = "of the bench of real tools, this needs only the rooms")]
#[path = "../tests/real/mod.rs"]
mod real;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use real::cloud::Cloud;
use real::live::{ACCOUNTS, Live};
use real::operator::profile;
use real::shape::{Apply, Shape};
use real::toolbox::Toolbox;

/// How long the apply of each unit takes by itself.
const APPLY: Duration = Duration::from_secs(20);

fn main() {
    // `cargo test --benches` asks whether this works, not how fast it is.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let tools = Toolbox::get().expect("the real tools are needed");
    let by_hand = timed(tools, |live| {
        for (account, _) in ACCOUNTS {
            let mut vault = live.command("aws-vault");
            vault.args(["exec", &profile(account), "--", "terragrunt", "apply", "-auto-approve"]);
            vault.env("TG_SOURCE_UPDATE", "true").current_dir(live.unit(account));
            succeeds(vault);
        }
    });
    let run_all = timed(tools, |live| {
        let auth = live.root().join("auth.sh");
        fs::write(&auth, AUTH).expect("the file can be written");
        fs::set_permissions(&auth, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        let mut terragrunt = live.command("terragrunt");
        terragrunt.args(["run", "--all", "--non-interactive", "--source-update"]);
        terragrunt.args(["--filter", "./*/*/mgmt/ecs-deploy-runner", "--auth-provider-cmd"]);
        terragrunt.arg(&auth).args(["--", "apply"]);
        succeeds(terragrunt);
    });
    let ours = timed(tools, |live| {
        let mut xtask = live.command(env!("CARGO_BIN_EXE_xtask"));
        xtask.args(["apply-all", "--yes"]);
        succeeds(xtask);
    });
    println!("six units of {} s each, sessions warm", APPLY.as_secs());
    for (name, took) in [("the guide's loop", by_hand), ("terragrunt run --all", run_all), ("apply-all", ours)] {
        let ratio = took.as_secs_f64() / by_hand.as_secs_f64();
        println!("{name:<22} {:>6.1} s   {ratio:.2} of the loop", took.as_secs_f64());
    }
}

/// Finds the account by the folder, as terragrunt asks for it, and puts aws-vault's answer into terragrunt's form.
const AUTH: &str = r#"#!/bin/sh
account=${PWD#*/infrastructure-live/}
account=${account%%/*}
# The file at the root is no unit, and terragrunt asks for it all the same.
case $PWD in */ecs-deploy-runner) ;; *) echo '{}' && exit ;; esac
exec aws-vault exec "your-$account" -- sh -c 'printf "{\"awsCredentials\":{\"ACCESS_KEY_ID\":\"%s\",\"SECRET_ACCESS_KEY\":\"%s\",\"SESSION_TOKEN\":\"%s\"}}" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN"'
"#;

/// The time that `work` takes in a repository of its own, in which every apply takes [`APPLY`].
fn timed(tools: &'static Toolbox, work: impl FnOnce(&Live)) -> Duration {
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape { apply: Apply::WaitsAtGate, ..Shape::default() });
    let mut warm = live.command("aws-vault");
    warm.args(["exec", &profile("dev"), "--", "env"]);
    succeeds(warm);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in ACCOUNTS {
                let held = live.gate().next();
                scope.spawn(move || {
                    thread::sleep(APPLY);
                    held.let_go();
                });
            }
        });
        let started = Instant::now();
        work(&live);
        started.elapsed()
    })
}

fn succeeds(mut command: Command) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(status.success(), "{command:?}: {status}\n{}", told.concat());
}
