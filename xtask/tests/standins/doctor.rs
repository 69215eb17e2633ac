//! `doctor`: each trap in a repository that has it and in one that has not.

use std::fs;

use serde_json::Value;

use super::sandbox::{Sandbox, unit};

/// What the doctor says of one thing: its grade, and all of its text.
fn says(sandbox: &Sandbox, args: &[&str], name: &str) -> (String, String) {
    let said = sandbox.xtask(["doctor", "--format", "json"]).args(args.iter().copied()).run();
    let json = said.json();
    let of_name = |finding: &&Value| finding["name"] == name;
    let findings: Vec<_> = json["findings"].as_array().unwrap().iter().filter(of_name).cloned().collect();
    let worst =
        ["fail", "warn", "skip", "ok"].into_iter().find(|grade| findings.iter().any(|it| it["grade"] == *grade));
    (worst.unwrap_or("none").to_owned(), findings.iter().map(ToString::to_string).collect())
}

fn offline(sandbox: &Sandbox, name: &str) -> (String, String) {
    says(sandbox, &["v1.3.0", "--offline"], name)
}

#[track_caller]
fn is(said: (String, String), grade: &str, text: &str) {
    assert!(said.0 == grade && said.1.contains(text), "expected {grade}, {text}: {said:?}");
}

#[test]
fn everything_is_looked_at() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["doctor", "v1.3.0"]).run();
    said.exits(0).without_disk().is("doctor");
    assert_eq!(sandbox.log().of("aws-vault").iter().filter(|call| call.argv().contains(&"exec")).count(), 12);
}

#[test]
fn offline_asks_nobody_for_credentials() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["doctor", "v1.3.0", "--offline"]).run().exits(0).without_disk().is("doctor-offline");
    assert!(sandbox.log().asked().is_empty());
}

#[test]
fn what_has_to_be_fixed_is_exit_code_5() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v0.50.4""#);
    sandbox.xtask(["doctor", "v1.3.0", "--offline"]).run().exits(5).without_disk().is("doctor-bootstrap");
}

#[test]
fn bootstrap_is_a_trap_between_releases_only() {
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "bootstrap"), "ok", "can build v1.3.0");
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v0.50.6""#);
    is(offline(&sandbox, "bootstrap"), "warn", "--env-secret");
    sandbox.edit("common.hcl", r#""v0.50.6""#, r#""v0.50.4""#);
    is(
        offline(&sandbox, "bootstrap"),
        "fail",
        "docker push 100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko:v0.50.12",
    );
    is(says(&sandbox, &["v0.50.5", "--offline"], "bootstrap"), "ok", "needs no secret");
}

#[test]
fn scripts_attributes_mocks_and_ci_are_read() {
    let sandbox = Sandbox::new();
    for name in ["old flags", "old attributes", "mocks", "CI"] {
        is(offline(&sandbox, name), "ok", "");
    }
    fs::create_dir_all(sandbox.repo().join("_ci/scripts")).unwrap();
    sandbox.write(
        "_ci/scripts/deploy-infra.sh",
        "terragrunt apply --terragrunt-source-update\ninfrastructure-deployer -- terraform-applier\n",
    );
    is(offline(&sandbox, "old flags"), "fail", "_ci/scripts/deploy-infra.sh:1");
    is(offline(&sandbox, "CI"), "warn", "*/ecs-deploy-runner");
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    let dependency = "dependency \"vpc\" {\n  config_path  = \"../vpc\"\n  mock_outputs = { id = \"made-up\" }\n}\n";
    sandbox.write(&file, format!("{text}\n{dependency}\nskip = false\n"));
    is(offline(&sandbox, "mocks"), "warn", "mocked outputs");
    is(offline(&sandbox, "old attributes"), "fail", "`skip`");
}

#[test]
fn unit_that_a_bump_does_not_reach_is_found() {
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "pins"), "ok", "reach every unit");
    sandbox.edit("common.hcl", r#"= "v0.52.1""#, r#"= run_cmd("git", "describe")"#);
    is(offline(&sandbox, "pins"), "fail", "");
}

#[test]
fn module_that_is_too_old_for_the_tag_is_found() {
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "module"), "ok", "");
    sandbox.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", "v0.104.6", "v0.90.2");
    is(offline(&sandbox, "module"), "fail", "v0.104.6");
}

#[test]
fn account_that_places_disagree_on_is_found() {
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "repository"), "ok", "6 units in 6 accounts");
    sandbox.edit("terragrunt.hcl", r#"["${local.account_id}"]"#, r#"["999999999999"]"#);
    is(offline(&sandbox, "repository"), "fail", "999999999999");
}

#[test]
fn role_in_another_account_has_to_be_declared() {
    let role = "arn:aws:iam::100000000006:role/other";
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "roles"), "ok", "");
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    let text = sandbox.read(&file);
    sandbox.write(&file, format!("{text}\niam_role = \"{role}\"\n"));
    is(offline(&sandbox, "roles"), "fail", role);
}

#[test]
fn program_that_wrote_the_states_is_compared_with_the_one_that_would_be_started() {
    let sandbox = Sandbox::new();
    is(offline(&sandbox, "terraform or tofu"), "skip", "no lock file");
    let lock = format!("{}/.terraform.lock.hcl", unit("dev"));
    sandbox.write(&lock, "provider \"registry.terraform.io/hashicorp/aws\" {\n}\n");
    is(offline(&sandbox, "terraform or tofu"), "ok", "terraform wrote what is there");
    sandbox.write(&lock, "provider \"registry.opentofu.org/hashicorp/aws\" {\n}\n");
    is(offline(&sandbox, "terraform or tofu"), "fail", "tofu wrote what is there, and terraform would be started");
}

#[test]
fn profile_that_is_not_known_and_tool_that_is_missing_are_said_once() {
    let sandbox = Sandbox::new().without_setting("profile");
    fs::remove_file(sandbox.tool("terragrunt")).unwrap();
    let said = sandbox.xtask(["doctor", "v1.3.0"]).run().exits(5);
    assert_eq!(said.out.matches("there is no profile for 6 accounts: dev, ").count(), 1, "{said:?}");
    assert_eq!(said.out.matches("`terragrunt` not found on PATH").count(), 1, "{said:?}");
    assert!(said.out.contains("no account was asked"), "{said:?}");
    assert!(sandbox.log().of("aws-vault").iter().all(|call| !call.argv().contains(&"exec")));
}

#[test]
fn wrong_account_is_found_and_nothing_is_asked_there() {
    let sandbox = Sandbox::new().fault("wrong-account:dev");
    is(says(&sandbox, &["v1.3.0"], "identity"), "fail", "the credentials for account `dev` belong to another account");
    assert!(sandbox.log().asked().is_empty());
}

#[test]
fn image_that_is_not_in_ecr_is_found() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v1.3.0""#);
    is(says(&sandbox, &["v1.3.0"], "ECR"), "fail", "cargo xtask build-images v1.3.0");
    is(says(&sandbox, &["v1.3.0"], "task definitions"), "warn", "cargo xtask verify");
}

#[test]
fn fix_writes_the_profiles_that_were_found_elsewhere_and_keeps_comments() {
    let sandbox = Sandbox::new().without_setting("profile");
    let config = sandbox.top().join("home/config");
    let profile = |(name, id): &(&str, &str)| format!("[profile your-{name}]\nrole_arn = arn:aws:iam::{id}:role/x\n");
    fs::write(&config, super::sandbox::ACCOUNTS.iter().map(profile).collect::<String>()).unwrap();
    let text = sandbox.read("Cargo.toml");
    sandbox.write("Cargo.toml", format!("# ours\n{text}"));
    fs::create_dir_all(sandbox.repo().join(".xtask")).unwrap();
    sandbox.write(".xtask/local.toml", "# mine\njobs = 2 # few\n");
    let fix = || sandbox.xtask(["doctor", "v1.3.0", "--offline", "--fix"]).env("AWS_CONFIG_FILE", &config);
    fix().run().exits(3).says("+dev = \"your-dev\"").says("there is no terminal to ask at");
    assert_eq!(sandbox.read("Cargo.toml"), format!("# ours\n{text}"), "nothing is written without consent");
    fix().args(["--yes"]).run().exits(0).says("6 profiles in .xtask/local.toml");
    let written = sandbox.read(".xtask/local.toml");
    assert!(written.starts_with("# mine\njobs = 2 # few\n\n[profiles]\ndev = \"your-dev\"\n"), "{written}");
    fix().args(["--yes"]).run().exits(0).says("nothing that can be settled safely is missing");
    assert_eq!(sandbox.read(".xtask/local.toml"), written);
    assert_eq!(sandbox.read("Cargo.toml"), format!("# ours\n{text}"), "what is a person's stays theirs");
    fs::remove_file(sandbox.repo().join(".xtask/local.toml")).unwrap();
    fix().args(["--yes", "--shared"]).run().exits(0).says("6 profiles in Cargo.toml");
    let written = sandbox.read("Cargo.toml");
    assert!(written.starts_with(&format!("# ours\n{text}")) && written.contains("dev = \"your-dev\""), "{written}");
}

#[test]
fn fix_says_what_it_wrote_where_that_is_only_the_credential_tool() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.tool("aws-vault")).unwrap();
    fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    let said = sandbox.xtask(["doctor", "v1.3.0", "--offline", "--fix", "--yes"]).run();
    said.says("Fixed        `credentials` in .xtask/local.toml\n").says_nothing_of("0 profiles");
}
