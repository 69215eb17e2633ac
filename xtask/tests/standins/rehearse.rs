//! `rehearse`: the whole update on a sample or a copy, which a machine without any of the tools can do.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::command::Xtask;
use super::log::Log;
use super::sandbox::{ACCOUNTS, Sandbox, files_below};

/// `rehearse` with what cargo needs to find its compiler; the stand-ins are up to date, so that nothing is built.
pub(super) fn rehearse(sandbox: &Sandbox) -> Xtask<'_> {
    let home = env::var("HOME").unwrap();
    let folder = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| format!("{home}/{default}"));
    let command = sandbox.xtask(["rehearse", "v1.3.0"]).without("XTASK_REHEARSAL").cwd(sandbox.top().join("home"));
    let command = command.env("CARGO", env!("CARGO")).env("PATH", env::var("PATH").unwrap());
    let command = command.env("CARGO_HOME", folder("CARGO_HOME", ".cargo"));
    let command = command.env("RUSTUP_HOME", folder("RUSTUP_HOME", ".rustup"));
    let passed = ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_NET_OFFLINE"];
    passed
        .into_iter()
        .filter_map(|name| Some((name, env::var(name).ok()?)))
        .fold(command, |command, (name, value)| command.env(name, value))
}

/// Where the one rehearsal took place.
fn place(sandbox: &Sandbox) -> PathBuf {
    let mut folders = fs::read_dir(sandbox.top().join("tmp")).unwrap().map(|entry| entry.unwrap().path());
    let place = folders.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("xtask-rehearsal-"));
    place.unwrap()
}

fn log(place: &Path) -> Log {
    Log::parse(&fs::read_to_string(place.join("world/log.jsonl")).unwrap())
}

#[test]
fn sample_of_six_accounts_is_updated() {
    let sandbox = Sandbox::new();
    let said = rehearse(&sandbox).run().exits(0);
    said.says("a sample of six accounts").says("6 of 6 units").says("Rehearsed    the update to v1.3.0");
    let mut applied: Vec<_> = log(&place(&sandbox)).applied().iter().map(ToString::to_string).collect();
    assert_eq!(applied.last().unwrap(), "100000000006", "production comes last");
    applied.sort_unstable();
    let mut ids = ACCOUNTS.map(|(_, id)| id.to_owned());
    ids.sort_unstable();
    assert_eq!(applied, ids);
}

#[test]
fn wrong_account_ends_it_before_anything_ran_anywhere() {
    let sandbox = Sandbox::new();
    rehearse(&sandbox).args(["--inject", "wrong-account:dev"]).run().exits(3).is("rehearse-wrong-account");
    let log = log(&place(&sandbox));
    assert!(log.nothing_worked() && log.asked().is_empty(), "{log:?}");
}

#[test]
fn failure_shows_as_it_would_in_earnest() {
    let sandbox = Sandbox::new();
    rehearse(&sandbox).args(["--inject", "fail:prod"]).run().exits(1).says("Failed       prod").says("exit code 1");
}

#[test]
fn known_trouble_with_images_can_be_rehearsed() {
    for (fault, code, said) in [
        ("no-secret", 1, "the deployed runner can't hand the GitHub token to the build"),
        ("old-kaniko", 3, "hint: a runner from before v0.50.6 can't be taught: build this one image by hand"),
        ("wrong-tag-running:dev", 1, "what the repository says does not run in `dev`"),
        ("idempotent", 0, "was there already, not built"),
    ] {
        let sandbox = Sandbox::new();
        rehearse(&sandbox).args(["--inject", fault]).run().exits(code).says(said);
    }
}

#[test]
fn in_a_repository_a_copy_is_rehearsed_and_the_original_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let contents = || -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&sandbox.repo()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let before = contents();
    let said = rehearse(&sandbox).cwd(sandbox.repo().join("dev")).run().exits(0);
    said.says("a copy of [repo]").says("not proven: your HCL in the real programs");
    assert_eq!(contents(), before);
    assert!(sandbox.log().calls().is_empty(), "the stand-ins around the original are not asked");
    assert_eq!(log(&place(&sandbox)).applied().len(), 6);
}

#[test]
fn folder_inside_a_repository_is_refused() {
    let sandbox = Sandbox::new();
    let inside = sandbox.repo().join("rehearsal");
    rehearse(&sandbox).args(["--into".into(), inside]).run().exits(3).is("rehearse-inside-a-repository");
}

#[test]
fn folder_that_is_not_empty_is_refused() {
    let sandbox = Sandbox::new();
    let full = sandbox.top().join("home/full");
    fs::create_dir_all(full.join("something")).unwrap();
    rehearse(&sandbox).args(["--into".into(), full]).run().exits(3).says("this folder is not empty");
}

#[test]
fn fault_that_does_not_exist_is_told() {
    let sandbox = Sandbox::new();
    for fault in ["wrong-acount:dev", "fail", "fail:", "no-image:dev"] {
        rehearse(&sandbox).args(["--inject", fault]).run().exits(2).says(fault);
    }
    let said = rehearse(&sandbox).args(["--inject", "fail:nowhere"]).run();
    assert_ne!(said.code, Some(0), "{said:?}");
    said.says("`--inject` names `nowhere`, and the accounts are dev, logs, prod, security, shared, stage");
}

#[test]
fn links_within_a_repository_are_rehearsed_and_those_that_lead_out_are_named() {
    let sandbox = Sandbox::new();
    let region = sandbox.repo().join("dev/us-east-1/region.hcl");
    fs::create_dir(sandbox.repo().join("regions")).unwrap();
    fs::rename(&region, sandbox.repo().join("regions/us-east-1.hcl")).unwrap();
    std::os::unix::fs::symlink("../../regions/us-east-1.hcl", &region).unwrap();
    std::os::unix::fs::symlink("/etc", sandbox.repo().join("outside")).unwrap();
    let said = rehearse(&sandbox).cwd(sandbox.repo()).run().exits(0);
    said.says("Left out     outside   a link that leads out of the repository").says("6 of 6 units");
}
