//! Every command that reads a repository, on each shape that repositories have.

use std::fs;
use std::path::{Path, PathBuf};

use super::rehearse::rehearse;
use super::sandbox::Sandbox;

/// Lays a fixture out beside the sandbox's own repository.
fn laid_out(sandbox: &Sandbox, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let root = sandbox.top().join("home").join(name);
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "in") {
                let to = root.join(entry.strip_prefix(&source).unwrap()).with_extension("");
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(&entry, to).unwrap();
            }
        }
    }
    fs::create_dir(root.join(".git")).unwrap();
    root
}

/// Runs all of them; `why` explains this unit.
fn all_commands_work(name: &str, unit: &str) {
    let sandbox = Sandbox::new();
    let root = laid_out(&sandbox, name);
    let run = |args: &[&str]| {
        let at = ["--repo", root.to_str().unwrap()];
        sandbox.xtask(at.iter().chain(args).copied()).cwd(sandbox.top().join("home")).run()
    };
    let units = run(&["units"]).exits(0);
    assert!(units.out.contains("profile: there is no profile for "), "{}", units.out);
    assert_eq!(units.out.matches("profile: ").count(), 1, "{}", units.out);
    assert!(run(&["status"]).exits(0).out.contains("terraform.tfvars"), "the file that decides is shown");
    run(&["status", "--check", "v1.3.0"]).exits(5);
    run(&["why", unit]).exits(0);
    sandbox
        .xtask(["adopt", "--dry-run", "--into", root.to_str().unwrap()])
        .cwd(sandbox.top().join("home"))
        .run()
        .exits(0);
    rehearse(&sandbox).args(["--repo", root.to_str().unwrap()]).run().exits(0);
    run(&["bump-tags", "v1.3.0", "--offline"]).exits(0);
    run(&["bump-tags", "v1.3.0", "--offline", "--check"]).exits(0);
    run(&["status", "--check", "v1.3.0"]).exits(0);
    let found: serde_json::Value = run(&["units", "--format", "json"]).exits(0).json();
    assert!(
        found["units"]
            .as_array()
            .unwrap()
            .iter()
            .all(|unit| unit.get("unresolved").is_none_or(|it| it.get("images").is_none()))
    );
}

#[test]
fn values_of_terraform_that_win_over_inputs() {
    all_commands_work("given", "prod");
}

#[test]
fn runners_behind_modules_of_ones_own() {
    all_commands_work("given-wrapper", "prod");
}
