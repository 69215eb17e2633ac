//! An adopted repository, outside of this workspace: `cargo xtask` is built there and works. That takes as long as a
//! build does, so it is left out where the real tools are.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::adopt::adopt;
use super::command::Xtask;
use super::program::XTASK;
use super::sandbox::Sandbox;
use crate::real::toolbox::leave_out;

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

/// Whether tests that build are left out, as those with the real tools are.
fn is_left_out() -> bool {
    let is_left_out = env::var_os("XTASK_REAL").is_some_and(|wish| wish == "skip");
    if is_left_out {
        leave_out("`XTASK_REAL=skip` is set");
    }
    is_left_out
}

#[track_caller]
fn stdout(command: &mut Command) -> String {
    printed(command).0
}

/// What a command that succeeds prints on stdout and on stderr.
#[track_caller]
fn printed(command: &mut Command) -> (String, String) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    (out, err)
}

#[test]
fn cargo_xtask_works_in_an_adopted_repository() {
    if is_left_out() {
        return;
    }
    let sandbox = Sandbox::new();
    adopt_with_cargo(&sandbox).args(["--yes"]).run().exits(0);
    let written = sandbox.read("Cargo.lock");
    let (there, progress) = printed(&mut cargo(&sandbox, &["--locked", "xtask", "units"]));
    assert_eq!(sandbox.read("Cargo.lock"), written, "whoever commits before the first build commits the same");
    assert!(!written.contains("name = \"proptest\""), "what only tests need is left out");
    assert_eq!(there, sandbox.xtask(["units"]).run().exits(0).raw_out);
    assert!(progress.contains("Compiling xtask v"), "the first build shows what it does: {progress}");
    waits_in_sight_for_another_build(&sandbox);
    assert_eq!(printed(&mut cargo(&sandbox, &["--quiet", "xtask", "units"])), (there, String::new()));
    assert!(sandbox.repo().join(".xtask/target/debug/xtask").is_file(), "it was built there");
    // What it depends on is what was tested together, and its layout is that of rustfmt.
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).unwrap();
    let known = |line: &&str| !line.starts_with("checksum = ") || lock.contains(line);
    assert!(sandbox.read("Cargo.lock").lines().all(|line| known(&line)));
    stdout(&mut cargo(&sandbox, &["fmt", "--all", "--check"]));
    assert_eq!(stdout(&mut cargo(&sandbox, &["test", "--quiet", "--workspace"])), "", "there is nothing to test");
}

/// `adopt` as `cargo xtask` starts it.
fn adopt_with_cargo(sandbox: &Sandbox) -> Xtask<'_> {
    rust().into_iter().fold(adopt(sandbox).env("CARGO", env!("CARGO")), |adopt, (name, value)| adopt.env(name, value))
}

/// Holds cargo's lock of what is built there until `cargo xtask` says that it waits for it.
fn waits_in_sight_for_another_build(sandbox: &Sandbox) {
    let lock = fs::File::open(sandbox.repo().join(".xtask/target/debug/.cargo-lock")).unwrap();
    lock.lock().unwrap();
    let mut json = cargo(sandbox, &["xtask", "units", "--format", "json"]);
    let mut child = json.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    lines.find(|line| line.contains("Blocking waiting for file lock")).expect("cargo says what it waits for");
    lock.unlock().unwrap();
    let rest: Vec<_> = lines.collect();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{rest:#?}");
    serde_json::from_slice::<serde_json::Value>(&output.stdout)
        .expect("stdout has the document and nothing of cargo's");
}

/// Another home for cargo, with what the real one has downloaded and without its git checkouts.
///
/// Cargo compiles a package again whose sources are found by another path, under the name that it had. So this home
/// has a build folder of its own, and both are where the next run of the tests finds them again.
struct Home(PathBuf);

impl Home {
    fn new() -> Home {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adopted/home");
        fs::create_dir_all(&home).unwrap();
        let (_, real) = rust().swap_remove(0);
        for entry in fs::read_dir(real).unwrap().flatten().filter(|entry| entry.file_name() != "git") {
            let link = home.join(entry.file_name());
            if fs::symlink_metadata(&link).is_err() {
                symlink(entry.path(), link).unwrap();
            }
        }
        Home(home)
    }

    fn cargo(&self, sandbox: &Sandbox, args: &[&str]) -> Command {
        let mut cargo = cargo(sandbox, args);
        cargo.env("CARGO_HOME", &self.0).env("CARGO_BUILD_BUILD_DIR", self.0.with_file_name("build"));
        cargo
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.join("git"));
    }
}

fn git(sandbox: &Sandbox, args: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
    let mut git = Command::new("git");
    git.args(identity).args(args).current_dir(sandbox.repo()).env("HOME", sandbox.top());
    stdout(&mut git);
}

/// What is adopted by copying is a git repository that others can depend on.
fn library(sandbox: &Sandbox) -> String {
    adopt(sandbox).args(["--yes"]).run().exits(0);
    // A package without dependencies, so that cargo can be made to clone this without asking a registry.
    let members = r#"members = ["xtask", "xtask/standins""#;
    sandbox.edit("Cargo.toml", members, &format!(r#"{members}, "nothing""#));
    fs::create_dir_all(sandbox.repo().join("nothing/src")).unwrap();
    sandbox.write("nothing/Cargo.toml", "[package]\nname = \"nothing\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    sandbox.write("nothing/src/lib.rs", "");
    fs::remove_dir_all(sandbox.repo().join(".git")).unwrap();
    for args in
        [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "x"], &["tag", "v9.9.9"]]
    {
        git(sandbox, args);
    }
    format!("file://{}", sandbox.repo().display())
}

#[test]
fn cargo_xtask_works_where_it_is_only_depended_on_and_rehearses() {
    if is_left_out() {
        return;
    }
    let (project, sandbox) = (Sandbox::new(), Sandbox::new());
    let url = library(&project);
    let sandbox = sandbox.without_setting("profile");
    let adopted = adopt(&sandbox).args(["--yes", "--git", &url, "--tag", "v9.9.9"]).run().exits(0);
    adopted.says(&format!("see xtask/docs/credentials.md in {url} at tag v9.9.9"));
    sandbox.write("Cargo.lock", project.read("Cargo.lock"));
    let home = Home::new();
    let clone = sandbox.top().join("clone");
    fs::create_dir_all(clone.join("src")).unwrap();
    fs::write(clone.join("src/lib.rs"), "").unwrap();
    let manifest =
        format!("[package]\nname = \"clone\"\n[dependencies]\nnothing = {{ git = \"{url}\", tag = \"v9.9.9\" }}\n");
    fs::write(clone.join("Cargo.toml"), manifest).unwrap();
    stdout(home.cargo(&sandbox, &["fetch"]).current_dir(&clone).env_remove("CARGO_NET_OFFLINE"));

    let there = stdout(&mut home.cargo(&sandbox, &["xtask", "units"]));
    assert_eq!(there, sandbox.xtask(["units"]).run().exits(0).raw_out);
    let mut rehearse = home.cargo(&sandbox, &["xtask", "rehearse", "v1.3.0"]);
    rehearse.env("TMPDIR", sandbox.top().join("tmp")).stdin(Stdio::null());
    stdout(&mut rehearse);
    assert!(fs::read_dir(sandbox.top().join("tmp")).unwrap().count() > 0);
}
