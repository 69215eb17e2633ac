//! Repositories of units of Terraform alone in the shapes that people have: every command that reads or changes files says
//! what is true of each, and what needs an account asks for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::adopt::adopt;
use super::sandbox::{Sandbox, files_below};

/// The sandbox with a fixture in the place of its sample.
fn shape(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let repo = sandbox.repo();
    for entry in fs::read_dir(&repo).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.file_name().unwrap().to_str() {
            Some(".git" | "Cargo.toml") => {}
            _ if entry.is_dir() => fs::remove_dir_all(entry).unwrap(),
            _ => fs::remove_file(entry).unwrap(),
        }
    }
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for file in files_below(&fixture).into_iter().filter(|file| file.extension().is_some_and(|it| it == "in")) {
        let to = repo.join(file.strip_prefix(&fixture).unwrap()).with_extension("");
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    sandbox
}

#[test]
fn unknown_account_is_asked_for_only_where_it_is_needed_and_never_guessed() {
    let sandbox = shape("standalone-plain");
    let said = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    assert_eq!(said["units"][0]["account"], serde_json::Value::Null);
    let reason = "no accounts file, no `account.hcl` and no `allowed_account_ids` of a provider says it";
    assert_eq!(said["units"][0]["unresolved"]["account"], reason);
    sandbox.xtask(["units"]).run().exits(0).is("standalone-plain-units");
    let line = r#"accounts = { "pipelines" = "111122223333" }"#;
    for args in [
        &["apply-all", "--yes"][..],
        &["apply-all", "--plan-only"],
        &["apply-all", "--dry-run", "--verbose"],
        &["verify"],
        &["build-images", "v1.3.0"],
        &["update", "v1.3.0", "--yes"],
    ] {
        sandbox.xtask(args).run().exits(3).says("the account of `pipelines` is not known").says(line);
    }
    adopt(&sandbox).args(["--dry-run"]).run().exits(0).says(line);
    sandbox.xtask(["apply-all", "--account", "100000000002"]).run().exits(4);
    assert!(sandbox.log().calls().is_empty());
    assert!(sandbox.xtask(["doctor", "--offline"]).run().exits(5).out.contains(line));
    sandbox.xtask(["doctor", "--offline", "--fix"]).run().exits(5).says(line);
    let sandbox = sandbox.setting("accounts", r#"{ "pipelines" = "100000000002" }"#);
    let shown = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(0).out;
    assert!(shown.contains("aws-vault exec your-100000000002 -- "), "{shown}");
}

#[test]
fn module_of_the_runner_moves_alone_or_with_the_tags() {
    let sandbox = Sandbox::new();
    let moved = ["bump-tags", "--module-ref", "v0.127.0", "--offline"];
    let file = "_envcommon/mgmt/ecs-deploy-runner.hcl";
    let before = sandbox.read(file);
    assert!(before.contains("ref=v0.104.6"), "{before}");
    assert!(sandbox.xtask(["why", "dev"]).run().exits(0).out.contains("<- ref"));
    sandbox.xtask(moved).args(["--check"]).run().exits(5);
    sandbox.xtask(moved).run().exits(0).says("module in 6 units");
    assert_eq!(sandbox.read(file), before.replace("v0.104.6", "v0.127.0"));
    assert!(sandbox.read("common.hcl").contains("\"v0.52.1\""), "no tag was asked for");
    sandbox.xtask(moved).args(["--check"]).run().exits(0);
    let status = sandbox.xtask(["status", "--format", "json"]).run().exits(0).json();
    assert_eq!(status["units"][0]["module_ref"], "v0.127.0");
    assert!(status["units"][0]["module"]["decided_by"]["line"].is_u64(), "{status:#}");
    sandbox.xtask(["bump-tags", "v1.3.0", "--module-ref", "v0.126.0", "--offline"]).run().exits(0).says("6 units");
    assert!(sandbox.read("common.hcl").contains("\"v1.3.0\""));
    sandbox.xtask(["bump-tags", "--module-ref", "a b"]).run().exits(2);
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn modules_that_cannot_move_are_left_out_where_that_is_allowed() {
    let sandbox = Sandbox::new();
    let stage = "stage/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
    let text = sandbox.read(stage) + "\nterraform {\n  source = run_cmd(\"print-source\")\n}\n";
    sandbox.write(stage, &text);
    let file = "_envcommon/mgmt/ecs-deploy-runner.hcl";
    let before = sandbox.read(file);
    let args = ["bump-tags", "--module-ref", "v0.127.0", "--offline"];
    let why = "cannot move the module of `stage/us-east-1/mgmt/ecs-deploy-runner` to v0.127.0: its source is unknown";
    sandbox.xtask(args).run().exits(3).says(why);
    sandbox.xtask(args).args(["--check"]).run().exits(3);
    assert_eq!(sandbox.read(file), before);
    let allowed = [&args[..], &["--allow", "partial-bump"]].concat();
    sandbox.xtask(&allowed).args(["--check"]).run().exits(5);
    let json = sandbox.xtask(&allowed).args(["--check", "--format=json"]).run().exits(5).json();
    assert_eq!(
        (&json["left"][0]["unit"], &json["left"][0]["image"]),
        (&"stage/us-east-1/mgmt/ecs-deploy-runner".into(), &serde_json::Value::Null)
    );
    let said = sandbox.xtask(&allowed).run().exits(0);
    said.says("Left out     module in stage   (--allow partial-bump)").says(why).says("module in 5 units");
    assert_eq!(sandbox.read(file), before.replace("v0.104.6", "v0.127.0"));
    assert_eq!(sandbox.read(stage), text);
}

#[test]
fn module_moves_only_to_a_ref_that_its_repository_has() {
    let sandbox = Sandbox::new();
    // A server that knows the ref, one that doesn't, and one that can't be asked.
    for (exit, code, said) in
        [(2, 3, "has no tag or branch `v0.127.0`"), (128, 3, "git can't tell whether"), (0, 0, "module in 6 units")]
    {
        let git = sandbox.top().join("git");
        fs::create_dir_all(&git).unwrap();
        let asked = git.join("asked");
        let script = format!("#!/bin/sh\necho \"$@\" >> {}\nexit {exit}\n", asked.display());
        fs::write(git.join("git"), script).unwrap();
        fs::set_permissions(git.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", git.display(), sandbox.world().join("bin").display());
        let command = sandbox.xtask(["bump-tags", "--module-ref", "v0.127.0"]).without("XTASK_REHEARSAL");
        command.env("PATH", path).run().exits(code).says(said);
        let asked = fs::read_to_string(asked).unwrap();
        let (n, question) = (asked.matches("ls-remote").count(), " refs/tags/v0.127.0 refs/heads/v0.127.0\n");
        assert!(asked.matches(question).count() == n && n > 0, "{asked}");
        assert_eq!(sandbox.read("_envcommon/mgmt/ecs-deploy-runner.hcl").contains("v0.127.0"), code == 0);
    }
}
