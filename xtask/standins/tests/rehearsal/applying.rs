//! Planning and applying through the whole chain: aws-vault, terragrunt, terraform.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::{ACCOUNTS, Said, Sandbox};

/// `actions ADDRESS` of all changes in the JSON of a plan.
fn actions(plan: &Value) -> Vec<String> {
    let changes = plan["resource_changes"].as_array().unwrap().iter();
    let action = |change: &Value| {
        let actions: Vec<&str> =
            change["change"]["actions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        format!("{} {}", actions.join("+"), change["address"].as_str().unwrap().rsplit_once('.').unwrap().1)
    };
    changes.map(action).collect()
}

/// The images of the active task definitions of an account, by family.
fn running(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let ecs = sandbox.json(&format!("accounts/{id}/ecs.json"));
    let families = ecs["us-east-1"].as_object().unwrap();
    let active = families.iter().flat_map(|(family, revisions)| {
        let active = revisions.as_array().unwrap().iter().filter(|revision| revision["status"] == "ACTIVE");
        active.map(move |revision| {
            let (_, tag) = revision["image"].as_str().unwrap().rsplit_once(':').unwrap();
            format!("{}:{} {tag}", family.trim_start_matches("ecs-deploy-runner-"), revision["revision"])
        })
    });
    active.collect()
}

#[test]
fn repository_as_seeded_has_no_changes() {
    let sandbox = Sandbox::new(&[]);
    for account in ["dev", "shared"] {
        let said = sandbox.plan(account).succeeds();
        assert!(said.out.contains("No changes."), "{said:?}");
        assert!(!said.out.contains("Saved the plan"), "{said:?}");
        assert!(sandbox.plan_file(account).exists());
        assert_eq!(sandbox.show(account).succeeds().json()["applyable"], false);
    }
}

#[test]
fn bumped_tag_replaces_task_definitions_and_a_plan_applies_once() {
    let sandbox = Sandbox::new(&[]);
    sandbox.bump("v1.3.0");

    let said = sandbox.plan("dev").succeeds();
    assert!(said.out.contains("STDOUT terraform: Plan: 2 to add, 2 to change, 2 to destroy."), "{said:?}");
    let plan = sandbox.show("dev").succeeds().json();
    assert_eq!(actions(&plan), ["delete+create planner", "delete+create applier", "update invoke", "update invoker"]);
    assert_eq!(plan["resource_changes"][0]["change"]["replace_paths"], serde_json::json!([["container_definitions"]]));
    assert!(plan["prior_state"].to_string().contains("arn:aws:ecs:us-east-1:100000000004:task-definition/"));

    let said = sandbox.apply("dev").succeeds();
    assert!(
        said.out.contains("terraform: module.ecs_deploy_runner.aws_ecs_task_definition.planner: Creating..."),
        "{said:?}"
    );
    assert!(said.out.contains("Apply complete! Resources: 2 added, 2 changed, 2 destroyed."), "{said:?}");
    assert_eq!(running(&sandbox, "100000000004"), ["terraform-applier:2 v1.3.0", "terraform-planner:2 v1.3.0"]);
    assert_eq!(running(&sandbox, "100000000006"), ["terraform-applier:1 v0.52.1", "terraform-planner:1 v0.52.1"]);

    sandbox.apply("dev").fails(1, "Error: Saved plan is stale");
    assert!(sandbox.plan("dev").succeeds().out.contains("No changes."));
}

#[test]
fn builder_has_a_task_definition_more() {
    let sandbox = Sandbox::new(&[]);
    sandbox.bump("v1.3.0");
    sandbox.plan("shared").succeeds();
    let said = sandbox.apply("shared").succeeds();
    assert!(said.out.contains("Resources: 3 added, 2 changed, 3 destroyed."), "{said:?}");
    assert_eq!(running(&sandbox, "100000000002").first().unwrap(), "docker-image-builder:2 v1.3.0");
}

#[test]
fn unit_that_redefines_its_tag_is_not_reached_by_a_bump() {
    let sandbox = Sandbox::new(&[]);
    let file = sandbox.unit("dev").join("terragrunt.hcl");
    let text =
        fs::read_to_string(&file).unwrap() + "\nlocals {\n  deploy_runner_container_image_tag = \"v0.52.1\"\n}\n";
    fs::write(file, text).unwrap();
    sandbox.bump("v1.3.0");
    assert!(sandbox.plan("dev").succeeds().out.contains("No changes."));
}

#[test]
fn failed_apply_leaves_a_part_that_the_next_plan_completes() {
    let sandbox = Sandbox::new(&["fail:prod"]);
    sandbox.bump("v1.3.0");
    sandbox.plan("prod").succeeds();
    sandbox.apply("prod").fails(1, "ThrottlingException: Rate exceeded");
    assert_eq!(running(&sandbox, "100000000006"), ["terraform-planner:2 v1.3.0"]);

    sandbox.plan("prod").succeeds();
    let plan = sandbox.show("prod").succeeds().json();
    assert_eq!(actions(&plan), ["no-op planner", "create applier", "update invoke", "update invoker"]);
    sandbox.apply("prod").succeeds();
    assert_eq!(running(&sandbox, "100000000006"), ["terraform-applier:2 v1.3.0", "terraform-planner:2 v1.3.0"]);
}

#[test]
fn source_update_takes_away_what_the_apply_needs() {
    let sandbox = Sandbox::new(&[]);
    sandbox.bump("v1.3.0");
    sandbox.plan("dev").succeeds();
    let said: Said = sandbox.apply_command("dev").env("TG_SOURCE_UPDATE", "true").output().unwrap().into();
    said.fails(1, "open ./invoker.zip: no such file or directory");
}

#[test]
fn six_units_apply_side_by_side() {
    let sandbox = Sandbox::new(&[]);
    sandbox.bump("v1.3.0");
    ACCOUNTS.iter().for_each(|(account, _)| drop(sandbox.plan(account).succeeds()));
    let spawn = |(account, _): &(&str, &str)| {
        sandbox.apply_command(account).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running_now: Vec<_> = ACCOUNTS.iter().map(spawn).collect();
    for child in running_now {
        Said::from(child.wait_with_output().unwrap()).succeeds();
    }
    for (_, id) in ACCOUNTS {
        assert!(running(&sandbox, id).iter().all(|task| task.ends_with(":2 v1.3.0")));
    }
    let log = sandbox.log();
    assert_eq!(log.iter().filter(|line| line["event"] == "apply" && line["succeeded"] == true).count(), 6);
    assert_eq!(log.iter().filter(|line| line["event"] == "mfa").count(), 1);
}

#[test]
fn what_the_real_tools_refuse_is_refused() {
    let sandbox = Sandbox::new(&[]);
    sandbox.bump("v1.3.0");
    let terragrunt = |args: &[&str]| sandbox.run("dev", "terragrunt", args);
    terragrunt(&["plan", "--terragrunt-source-update"])
        .fails(1, "flag provided but not defined: -terragrunt-source-update");
    terragrunt(&["plan", "-lock-timeout=abc"]).fails(1, "invalid value \"abc\" for flag -lock-timeout");
    terragrunt(&["apply", "-input=false"]).fails(1, "Error: error asking for approval: EOF");
    terragrunt(&["apply", "/nowhere.tfplan"]).fails(1, "Failed to load \"/nowhere.tfplan\" as a plan file");
    terragrunt(&["show", "-json", "/nowhere.tfplan"]).fails(1, "Failed to read the given file as a state or plan file");
    terragrunt(&["frob"]).fails(1, "unknown command: \"frob\"");
    sandbox.run("dev", "terraform", &["plan"]).fails(1, "please run \"terraform init\"");
    sandbox.run("dev", "terraform", &["frob"]).fails(1, "Terraform has no command named \"frob\"");

    let elsewhere: Said = sandbox
        .vaulted("dev", "terragrunt", &["plan"])
        .current_dir(sandbox.repo().join("dev"))
        .output()
        .unwrap()
        .into();
    elsewhere.fails(1, "does not contain a terragrunt.hcl file");
    let unnamed: Said = sandbox
        .vaulted("dev", "terragrunt", &["plan"])
        .env_remove("TG_TF_PATH")
        .env_remove("TERRAGRUNT_TFPATH")
        .output()
        .unwrap()
        .into();
    unnamed.fails(1, "rehearsal: terragrunt was told by neither TG_TF_PATH nor TERRAGRUNT_TFPATH");
    let filtered: Said =
        sandbox.vaulted("dev", "terragrunt", &["plan"]).env("TG_FILTER", "./x").output().unwrap().into();
    filtered.fails(1, "`TG_FILTER` in the environment");
    let old_name: Said = sandbox
        .vaulted("dev", "terragrunt", &["plan"])
        .env("TERRAGRUNT_SOURCE_UPDATE", "true")
        .output()
        .unwrap()
        .into();
    assert!(old_name.succeeds().err.contains("`TERRAGRUNT_SOURCE_UPDATE` environment variable is deprecated"));
}

#[test]
fn versions_are_those_of_the_real_tools() {
    let sandbox = Sandbox::new(&[]);
    let said = |tool: &str, args: &[&str]| Said::from(sandbox.command(tool).args(args).output().unwrap()).succeeds();
    assert_eq!(said("terragrunt", &["--version"]).out, "terragrunt version v1.1.3\n");
    assert_eq!(said("aws-vault", &["--version"]).err, "v7.2.0\n");
    assert!(said("terraform", &["-version"]).out.starts_with("Terraform v1.11.4\non "));
    assert_eq!(said("terraform", &["version", "-json"]).json()["terraform_version"], "1.11.4");
    assert!(said("aws", &["--version"]).out.starts_with("aws-cli/2."));
    assert!(said("infrastructure-deployer", &["--version"]).out.contains("v1.3.0"));
}
