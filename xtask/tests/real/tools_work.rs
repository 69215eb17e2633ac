//! The bench works, and what the bare tools do on it: the ground under every test
//! that puts `xtask` between an operator and these tools.

use std::collections::BTreeMap;

use super::by_hand::{self, apply, json, plan, text, vault};
use super::cloud::Cloud;
use super::live::{ACCOUNTS, Live};
use super::operator::profile;
use super::shape::{Apply, Engine, Module, Shape, Terragrunt};
use super::toolbox::Toolbox;

const DEV: &str = "100000000004";
const PROD: &str = "100000000006";
const SHARED: &str = "100000000002";
const OLD_IMAGE: &str = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v0.52.1";

#[test]
fn every_profile_leads_to_its_account_with_one_mfa_prompt_in_all() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    for (account, id) in ACCOUNTS {
        let caller = vault(&live, account, &["aws", "sts", "get-caller-identity"]);
        assert_eq!(json(&caller)["Account"], *id, "{account}");
    }
    assert_eq!(live.mfa_prompts(), 1);
}

#[test]
fn nothing_of_the_machines_environment_gets_into_the_shell() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let output = live.command("env").output().expect("env starts");
    let printed = String::from_utf8(output.stdout).expect("it is text");
    let seen: BTreeMap<_, _> = printed.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(live.env().iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(seen));
}

#[test]
fn saved_plan_registers_task_definitions_in_its_account_only() {
    let Some(tools) = Toolbox::get() else { return };
    let installed: &[Engine] = if tools.terraform.is_some() { &[Engine::Terraform] } else { &[Engine::Tofu] };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        for (module, engines) in [(Module::Catalog, installed), (Module::RepositoryRoot, &[Engine::Tofu])] {
            let case = format!("{terragrunt:?} {engines:?} {module:?}");
            let cloud = Cloud::start(tools);
            let live = Live::new(tools, &cloud, Shape { terragrunt, engines, module, ..Shape::default() });

            let shown = plan(&live, "dev");
            assert_eq!(shown["resource_changes"].as_array().map(Vec::len), Some(2), "{case}");
            assert!(!live.state_file("dev").exists(), "{case}");

            let applied = apply(&live, "dev", &[]);
            assert!(applied.status.success(), "{case}: {}", text(&applied));
            assert!(live.state_file("dev").exists(), "{case}");
            let images = cloud.task_images(DEV);
            let expected = ["ecs-deploy-runner-terraform-applier", "ecs-deploy-runner-terraform-planner"];
            assert_eq!(images, expected.map(|family| (family.to_owned(), OLD_IMAGE.to_owned())).into(), "{case}");
            assert_eq!(cloud.task_images(PROD), [].into(), "{case}");
            assert_eq!(live.mfa_prompts(), 1, "{case}");
        }
    }
}

#[test]
fn account_that_builds_images_gets_a_task_definition_for_kaniko_too() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        live.edit("common.hcl", |text| {
            text.replace(r#"kaniko_container_image_tag="v0.52.1""#, r#"kaniko_container_image_tag="v1.2.0""#)
        });
        plan(&live, "shared");
        let applied = apply(&live, "shared", &[]);
        assert!(applied.status.success(), "{}", text(&applied));
        let images = cloud.task_images(SHARED);
        assert_eq!(images.len(), 3);
        assert_eq!(
            images["ecs-deploy-runner-docker-image-builder"],
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko:v1.2.0"
        );
    }
}

#[test]
fn moved_tag_replaces_the_task_definitions() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    plan(&live, "dev");
    assert!(apply(&live, "dev", &[]).status.success());
    live.edit("common.hcl", |text| {
        text.replace(
            r#"deploy_runner_container_image_tag = "v0.52.1""#,
            r#"deploy_runner_container_image_tag = "v1.3.0""#,
        )
    });
    let shown = plan(&live, "dev");
    for change in shown["resource_changes"].as_array().expect("a list") {
        assert_eq!(change["change"]["actions"], serde_json::json!(["delete", "create"]));
    }
    assert!(apply(&live, "dev", &[]).status.success());
    let moved = OLD_IMAGE.replace("v0.52.1", "v1.3.0");
    assert!(cloud.task_images(DEV).values().all(|image| *image == moved));
}

#[test]
fn role_in_the_units_hcl_takes_an_apply_to_another_account() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        let role = format!("iam_role = \"arn:aws:iam::{PROD}:role/deploy\"\n\n");
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| role + text);
        plan(&live, "dev");
        let applied = apply(&live, "dev", &[]);
        assert!(applied.status.success(), "{}", text(&applied));
        assert_eq!(cloud.task_images(DEV), [].into());
        assert_eq!(cloud.task_images(PROD).len(), 2);
    }
}

#[test]
fn role_in_the_environment_takes_aws_vault_to_another_account() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let mut command = live.command("aws-vault");
    command.args(["exec", &profile("dev"), "--", "aws", "sts", "get-caller-identity"]);
    command.env("AWS_ROLE_ARN", format!("arn:aws:iam::{PROD}:role/deploy"));
    let output = command.output().expect("aws-vault starts");
    assert_eq!(json(&output)["Account"], *PROD);
}

#[test]
fn source_update_at_apply_removes_what_the_plan_wrote() {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let shape = Shape { terragrunt, apply: Apply::ReadsWhatPlanWrote, ..Shape::default() };
        let live = Live::new(tools, &cloud, shape);
        plan(&live, "dev");
        let removed = apply(&live, "dev", &[("TERRAGRUNT_SOURCE_UPDATE", "true"), ("TG_SOURCE_UPDATE", "true")]);
        assert!(!removed.status.success(), "{terragrunt:?}");
        assert!(text(&removed).contains("package.txt"), "{terragrunt:?}: {}", text(&removed));

        plan(&live, "dev");
        let applied = apply(&live, "dev", &[]);
        assert!(applied.status.success(), "{terragrunt:?}: {}", text(&applied));
        assert_eq!(cloud.task_images(DEV).len(), 2, "{terragrunt:?}");
    }
}

#[test]
fn bucket_for_the_state_is_not_made_when_the_environment_forbids_it() {
    let Some(tools) = Toolbox::get() else { return };
    // Both versions make a bucket when they are wished to and nothing forbids it.
    let wish =
        [("TG_BACKEND_BOOTSTRAP", "true"), ("TERRAGRUNT_NON_INTERACTIVE", "true"), ("TG_NON_INTERACTIVE", "true")];
    let forbid = [("TERRAGRUNT_FAIL_ON_STATE_BUCKET_CREATION", "true"), ("TG_BACKEND_REQUIRE_BOOTSTRAP", "true")];
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, ..Shape::default() });
        live.edit("terragrunt.hcl", |text| {
            let key = r#"key = "${path_relative_to_include()}/terraform.tfstate""#;
            let config =
                format!("bucket = \"states-of-${{local.account_name}}\"\n    region = local.aws_region\n    {key}");
            let text = text.replace(r#"backend = "local""#, r#"backend = "s3""#);
            text.lines()
                .map(|line| if line.contains("path = \"${get_parent") { config.as_str() } else { line })
                .collect::<Vec<_>>()
                .join("\n")
        });
        let n_buckets = || {
            let listed = cloud.aws(DEV, &["s3api", "list-buckets"]).expect("listing works");
            listed["Buckets"].as_array().map(Vec::len)
        };
        let refused =
            by_hand::terragrunt(&live, "dev", &["plan", "-input=false"], &[wish.as_slice(), &forbid].concat());
        assert!(
            !refused.status.success() && text(&refused).contains("states-of-dev"),
            "{terragrunt:?}: {}",
            text(&refused)
        );
        assert_eq!(n_buckets(), Some(0), "{terragrunt:?}");

        // The plan comes to nothing later on: moto takes the policy that terragrunt
        // gives the bucket to forbid reading it.
        let made = by_hand::terragrunt(&live, "dev", &["plan", "-input=false"], &wish);
        assert_eq!(n_buckets(), Some(1), "{terragrunt:?}: {}", text(&made));
    }
}

#[test]
fn apply_waits_at_the_gate() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape { apply: Apply::WaitsAtGate, ..Shape::default() });
    plan(&live, "dev");
    std::thread::scope(|scope| {
        let apply = scope.spawn(|| apply(&live, "dev", &[]));
        let held = live.gate().next();
        assert_eq!(held.account(), "dev");
        assert_eq!(cloud.task_images(DEV), [].into());
        held.let_go();
        let applied = apply.join().expect("it doesn't panic");
        assert!(applied.status.success(), "{}", text(&applied));
    });
    assert_eq!(cloud.task_images(DEV).len(), 2);
}
