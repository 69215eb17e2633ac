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
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!("six units of {} s each, sessions warm", APPLY.as_secs());
    let is_asked = |name: &str| asked.is_empty() || asked.iter().any(|word| name.contains(word.as_str()));
    let mut first = None;
    for (name, work) in WAYS {
        if !is_asked(name) {
            continue;
        }
        let took = timed(tools, *work).as_secs_f64();
        let first = *first.get_or_insert(took);
        println!("{name:<36} {took:>6.1} s   {:.2} of the first, which is {:.2} of this", took / first, first / took);
    }
    if is_asked("steps") {
        steps(tools);
    }
}

type Work = fn(&Live);

/// What is compared, by name. Arguments choose those whose names contain one of them.
const WAYS: &[(&str, Work)] = &[
    ("guide's loop", |live| {
        for (account, _) in ACCOUNTS {
            let mut vault = live.command("aws-vault");
            vault.args(["exec", &profile(account), "--", "terragrunt", "apply", "-auto-approve"]);
            vault.env("TG_SOURCE_UPDATE", "true").current_dir(live.unit(account));
            succeeds(vault);
        }
    }),
    ("run --all apply", |live| run_all(live, &["--source-update"], "apply")),
    ("run --all plan, run --all apply", |live| {
        let plans = live.root().join("plans");
        let out = ["--out-dir", plans.to_str().expect("a path in UTF-8")];
        run_all(live, &[&out[..], &["--source-update"]].concat(), "plan");
        run_all(live, &out, "apply");
    }),
    ("apply-all --waves all", |live| apply_all(live, &["--waves", "all"])),
    ("apply-all", |live| apply_all(live, &[])),
];

fn run_all(live: &Live, options: &[&str], command: &str) {
    let auth = live.root().join("auth.sh");
    fs::write(&auth, AUTH).expect("the file can be written");
    fs::set_permissions(&auth, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    let mut terragrunt = live.command("terragrunt");
    terragrunt.args(["run", "--all", "--non-interactive", "--filter", "./*/*/mgmt/ecs-deploy-runner"]);
    terragrunt.arg("--auth-provider-cmd").arg(&auth).args(options).args(["--", command]);
    succeeds(terragrunt);
}

fn apply_all(live: &Live, options: &[&str]) {
    let mut xtask = live.command(env!("CARGO_BIN_EXE_xtask"));
    xtask.args(["apply-all", "--yes"]).args(options);
    succeeds(xtask);
}

/// How often each step is taken both ways, one directly behind the other, to take the one in the middle.
const N_TIMES: usize = 15;

/// What a step takes by hand, and with two guards, a relay, a journal and a watch around it.
fn steps(tools: &'static Toolbox) {
    let mut by_hand: [Vec<f64>; 3] = Default::default();
    let mut ours = by_hand.clone();
    for _ in 0..N_TIMES {
        let cloud = Cloud::start(tools);
        let live = warm(tools, &cloud, Shape::default());
        let plan = live.root().join("plan");
        let plan = plan.to_str().expect("a path in UTF-8");
        let commands = [vec!["plan", "-out", plan], vec!["show", "-json", plan], vec!["apply", plan]];
        for (times, args) in by_hand.iter_mut().zip(commands) {
            let mut vault = live.command("aws-vault");
            vault.args(["exec", &profile("dev"), "--", "terragrunt"]).args(&args).current_dir(live.unit("dev"));
            if args[0] == "plan" {
                vault.env("TG_SOURCE_UPDATE", "true");
            }
            let started = Instant::now();
            succeeds(vault);
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        let cloud = Cloud::start(tools);
        let live = warm(tools, &cloud, Shape::default());
        apply_all(&live, &["--account", "dev"]);
        for (times, step) in ours.iter_mut().zip(["dev.plan", "dev.show", "dev.apply"]) {
            times.push(millis(&live, step));
        }
    }
    println!(
        "\nby hand, and as a step of a run, the middle of {N_TIMES}; and what a step takes longer, the middle half of them"
    );
    for ((step, by_hand), ours) in ["plan", "show", "apply"].into_iter().zip(by_hand).zip(ours) {
        let longer = sorted(by_hand.iter().zip(&ours).map(|(by_hand, ours)| ours - by_hand).collect());
        let (low, high) = (longer[N_TIMES / 4], longer[N_TIMES - 1 - N_TIMES / 4]);
        let [by_hand, ours, longer] = [by_hand, ours, longer].map(|times| sorted(times)[N_TIMES / 2]);
        println!("{step:<8} {by_hand:>7.0} ms {ours:>7.0} ms   {longer:+.0} ms ({low:+.0} to {high:+.0})");
    }
}

fn sorted(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times
}

/// What the journal says a step took.
fn millis(live: &Live, step: &str) -> f64 {
    let runs = fs::read_dir(live.root().join(".xtask/runs")).expect("there was a run").flatten();
    let journals = runs.filter_map(|run| fs::read_to_string(run.path().join("journal.jsonl")).ok());
    let lines: Vec<_> = journals.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let records = lines.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut ended = records.filter_map(|line| {
        let body = &line["record"]["body"];
        (line["record"]["kind"] == "ended" && body["attempt"] == step).then(|| body["millis"].as_f64())?
    });
    ended.next().expect("the step is in the journal")
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
fn timed(tools: &'static Toolbox, work: Work) -> Duration {
    let cloud = Cloud::start(tools);
    let live = warm(tools, &cloud, Shape { apply: Apply::WaitsAtGate, ..Shape::default() });
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

/// A repository of somebody who has a session already, with an AWS that has loaded what it plays.
fn warm(tools: &'static Toolbox, cloud: &Cloud, shape: Shape) -> Live {
    let live = Live::new(tools, cloud, shape);
    let mut warm = live.command("aws-vault");
    warm.args(["exec", &profile("dev"), "--", "aws", "ecs", "list-task-definitions"]);
    succeeds(warm);
    live
}

fn succeeds(mut command: Command) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let told = [stdout, stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(status.success(), "{command:?}: {status}\n{}", told.concat());
}
