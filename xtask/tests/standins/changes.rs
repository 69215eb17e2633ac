//! `changes`: what an operator should know between two releases, by the table and by GitHub.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::sandbox::Sandbox;

/// A `gh` that is in the world of the sandbox, so that a rehearsal may use it.
fn gh(sandbox: &Sandbox, script: &str) {
    let path = sandbox.tool("gh");
    fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn without_arguments_all_since_the_oldest_effective_tag_is_told() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["changes"]).run().exits(0).is("changes");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v0.50.4""#);
    let said = sandbox.xtask(["changes"]).run().exits(0);
    assert!(said.out.starts_with("v0.50.4 -> v1.3.0\n") && said.out.contains("v0.50.12  breaking"), "{said:?}");
}

#[test]
fn release_that_is_not_known_is_said_to_be_so_and_not_to_be_well() {
    let sandbox = Sandbox::new();
    let text = |to: &str| sandbox.xtask(["changes", "v0.52.1", to]).run().exits(0).out;
    assert!(text("v9.9.9").contains("\n!  not known whether v9.9.9 is a release"), "{}", text("v9.9.9"));
    assert!(!text("v1.3.0").contains("not known"));
    let back = sandbox.xtask(["changes", "v9.9.9", "v1.0.0"]).run().exits(0).out;
    assert_eq!(back.matches("not known whether v9.9.9 is a release").count(), 1, "{back}");
    let doctor = sandbox.xtask(["doctor", "v9.9.9", "--offline"]).run();
    for name in ["bootstrap", "module"] {
        let line = doctor.out.lines().find(|line| line.split_whitespace().nth(1) == Some(name)).unwrap();
        assert!(line.starts_with("skip  ") && line.contains("not known: v9.9.9"), "{line}");
    }
}

#[test]
fn two_releases_are_compared_without_a_repository() {
    let sandbox = Sandbox::new();
    let there = sandbox.top().join("home");
    let json =
        sandbox.xtask(["changes", "v0.50.4", "v0.50.12", "--format", "json"]).cwd(there.clone()).run().exits(0).json();
    let rows: Vec<_> = json["changes"].as_array().unwrap().iter().map(|row| row["version"].as_str().unwrap()).collect();
    assert_eq!(rows, ["v0.50.6", "v0.50.12"]);
    assert_eq!(json["changes"][1]["kind"], "breaking");
    let said = sandbox.xtask(["changes", "v1.3.0", "v0.60.0"]).cwd(there.clone()).run().exits(0);
    assert!(said.out.starts_with("v1.3.0 -> v0.60.0   going back loses:\n"), "{said:?}");
    sandbox.xtask(["changes", "v1", "v1.3.0"]).cwd(there).run().exits(2).says("`v1` is not the number of a release");
}

#[test]
fn github_completes_the_table_by_gh_with_the_token_of_builds_in_the_environment() {
    let sandbox = Sandbox::new();
    let asks = "[ \"$GH_TOKEN\" = canary-token ] || exit 9\n[ \"$1 $2\" = 'api --paginate' ] || exit 8\n";
    let answer = "printf '%s\\n' '{\"tag_name\":\"v1.4.0\",\"body\":\"## Changed\\n- something\",\"draft\":false}'\nprintf '%s\\n' '{\"tag_name\":\"v1.3.0\",\"body\":\"known\"}'\n";
    gh(&sandbox, &format!("{asks}{answer}"));
    let command = sandbox.xtask(["changes", "v1.2.0", "--fetch"]).env("GITHUB_OAUTH_TOKEN", "canary-token");
    command.run().is("changes-fetched");
}

#[test]
fn github_that_says_nothing_is_told_and_the_table_shown() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["changes", "v1.2.0", "--fetch"]).run().exits(0).says("Not fetched");
    assert!(said.err.contains("`gh` not found on PATH") && said.out.contains("v1.3.0"), "{said:?}");
    gh(&sandbox, "echo 'gh: Not Found (HTTP 404)' >&2\nexit 1\n");
    sandbox
        .xtask(["changes", "v1.2.0", "--fetch"])
        .run()
        .exits(0)
        .says("gh: Not Found (HTTP 404); this is the table alone");
}
