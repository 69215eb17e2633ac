//! An adopted repository, outside of this workspace: `cargo xtask` is built there and works.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::adopt::adopt;
use super::program::XTASK;
use super::sandbox::Sandbox;

/// `cargo` in a repository, without a network. What this workspace has compiled already is not compiled again.
fn cargo(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).current_dir(sandbox.repo()).env_clear().env("CARGO_NET_OFFLINE", "true");
    let built = Path::new(XTASK).parent().and_then(Path::parent).unwrap();
    cargo.env("CARGO_BUILD_BUILD_DIR", built).env("HOME", sandbox.top().join("home"));
    cargo.env("PATH", env::var_os("PATH").unwrap()).envs(rust());
    cargo
}

/// Where Rust is, for somebody with another home.
fn rust() -> Vec<(&'static str, OsString)> {
    let home = PathBuf::from(env::var_os("HOME").unwrap());
    let folder = |name: &'static str, default: &str| (name, env::var_os(name).unwrap_or(home.join(default).into()));
    let mut vars = vec![folder("CARGO_HOME", ".cargo"), folder("RUSTUP_HOME", ".rustup")];
    let passed = ["RUSTUP_TOOLCHAIN", "RUSTFLAGS"];
    vars.extend(passed.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    vars
}

#[track_caller]
fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    out
}

#[test]
fn cargo_xtask_works_in_an_adopted_repository() {
    let sandbox = Sandbox::new();
    adopt(&sandbox).args(["--yes"]).run().exits(0);
    let there = stdout(&mut cargo(&sandbox, &["xtask", "units"]));
    assert_eq!(there, sandbox.xtask(["units"]).run().exits(0).raw_out);
    assert!(sandbox.repo().join(".xtask/target/debug/xtask").is_file(), "it was built there");
    // What it depends on is what was tested together, and its layout is that of rustfmt.
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).unwrap();
    let known = |line: &&str| !line.starts_with("checksum = ") || lock.contains(line);
    assert!(sandbox.read("Cargo.lock").lines().all(|line| known(&line)));
    stdout(&mut cargo(&sandbox, &["fmt", "--all", "--check"]));
    assert_eq!(stdout(&mut cargo(&sandbox, &["test", "--quiet", "--workspace"])), "", "there is nothing to test");
}
