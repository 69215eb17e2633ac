//! How fast the log relay is, in megabytes a second: lines as terragrunt prints them, lines in which much looks like a
//! secret, and one line without an end, with secrets as an apply has them.
//!
//! `cargo bench --profile dev --bench relay [MEGABYTES]`, by hand: users have a dev build. Of several rounds the best counts:
//! others only take time away.

#![expect(clippy::print_stdout, reason = "figures are what this prints")]
#![expect(clippy::disallowed_methods, reason = "a bench is no part of xtask, and starts what it measures itself")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

const LINE: &str = "12:00:00.000 STDOUT [dev/us-east-1/mgmt/ecs-deploy-runner] terraform: module.runner.aws_lambda_function.invoker: Still creating... [10s elapsed]\n";
const NOISY: &str =
    "clone https://example.com/acme/modules.git with password and token, session_token: (sensitive value)\n";

const ROUNDS: usize = 5;

fn main() {
    let args: Vec<_> = std::env::args().collect();
    // `cargo test --benches` asks whether this works, not how fast it is.
    if args.iter().any(|arg| arg == "--test") {
        return;
    }
    let megabytes: usize = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(100);
    println!("{megabytes} MB each");
    let many = |text: &str| text.repeat(megabytes * 1_000_000 / text.len());
    for (what, text) in [
        ("lines", many(LINE)),
        ("lines like secrets", many(NOISY)),
        ("one line", many("x")),
        ("one line of words", many("ab cd_ef ")),
    ] {
        let best = (0..ROUNDS).map(|_| relayed(&text)).fold(0.0, f64::max);
        println!("{what:<20} {best:>6.0} MB/s");
    }
}

/// Megabytes a second, from the first byte until the log is whole.
fn relayed(text: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let session_token = format!("IQoJb3JpZ2luX2VjE{}", "aZ3+bY7/cX9".repeat(80));
    let mut relay = Command::new(env!("CARGO_BIN_EXE_xtask"));
    relay.args(["relay", "--log"]).arg(folder.path().join("log")).stdin(Stdio::piped()).stdout(Stdio::null());
    relay.env_clear().env("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE").env("AWS_SESSION_TOKEN", session_token);
    relay.env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    relay.env("GITHUB_OAUTH_TOKEN", format!("ghp_{}", "a1B2c3".repeat(6)));
    let mut relay = relay.spawn().expect("it can be started");
    let started = Instant::now();
    let mut input = relay.stdin.take().expect("it is a pipe");
    input.write_all(text.as_bytes()).expect("it reads all of it");
    drop(input);
    assert!(relay.wait().expect("it ends").success());
    #[expect(clippy::cast_precision_loss, reason = "a figure of three digits")]
    let megabytes = text.len() as f64 / 1e6;
    megabytes / started.elapsed().as_secs_f64()
}
