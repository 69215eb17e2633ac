//! Which pins decide what, and which decide nothing.

use super::{Tree, fixture, texts};
use crate::repo::{Decided, Idle};

fn shown(pin: &Decided<'_>) -> String {
    let units: Vec<_> = pin.units.iter().map(ToString::to_string).collect();
    format!("{} {}:{} {} decides {}", pin.image, pin.pin.file, pin.pin.line, pin.pin.key, units.join(", "))
}

fn idle(pins: &[Idle]) -> Vec<String> {
    let image = |pin: &Idle| pin.image.map_or("?".to_owned(), |image| image.to_string());
    pins.iter().map(|pin| format!("{} {} = {} ({})", pin.place, pin.key, pin.value, image(pin))).collect()
}

#[test]
fn each_pin_lists_the_units_whose_tag_it_decides() {
    let tree = fixture("reference");
    let repo = tree.open();
    let names = ["dev", "logs", "prod", "security", "shared", "stage"];
    let all = names.map(|name| format!("{name}/us-east-1/mgmt/ecs-deploy-runner")).join(", ");
    assert_eq!(
        repo.pins().iter().map(shown).collect::<Vec<_>>(),
        [
            format!("deploy-runner common.hcl:13 deploy_runner_container_image_tag decides {all}"),
            "kaniko common.hcl:16 kaniko_container_image_tag decides shared/us-east-1/mgmt/ecs-deploy-runner"
                .to_owned(),
        ]
    );
    assert_eq!(idle(&repo.idle_pins()), Vec::<String>::new());
}

#[test]
fn what_a_unit_overrides_is_idle_for_it_and_not_for_the_others() {
    let tree = fixture("override");
    let repo = tree.open();
    let unit = |name: &str| repo.units.iter().find(|unit| unit.is_in(name)).expect("it is there");
    let overridden = idle(&repo.overridden_pins(unit("Stage-QA")));
    assert_eq!(overridden, ["common.hcl:2 deploy_runner_container_image_tag = v0.49.1 (deploy-runner)"]);
    assert_eq!(idle(&repo.overridden_pins(unit("dev"))), Vec::<String>::new());
    assert_eq!(idle(&repo.idle_pins()), Vec::<String>::new());
}

#[test]
fn only_what_is_named_after_an_image_and_its_tag_looks_like_a_pin() {
    let tree = Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000004"}"#),
        (
            "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl",
            r#"locals {
  stage_tag   = "no"
  runner_name = "no"
  old         = { kaniko = { docker_tag = "v1" }, app = { docker_tag = "v2" } }
  ecs_deploy_runner_image_tag = "v3"
  tags        = { image = "no" }
}
inputs = { terraform_planner_config = { container_image = { docker_tag = "v4" } } }
"#,
        ),
    ]);
    let found = idle(&tree.open().idle_pins());
    let file = "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl";
    assert_eq!(
        found,
        [
            format!("{file}:4 docker_tag = v1 (kaniko)"),
            format!("{file}:4 docker_tag = v2 (?)"),
            format!("{file}:5 ecs_deploy_runner_image_tag = v3 (deploy-runner)"),
        ]
    );
}

#[test]
fn what_terragrunt_would_fail_on_is_told_although_no_tag_depends_on_it() {
    let tree = Tree::new(&[
        ("accounts.json", r#"{"dev": "100000000004"}"#),
        ("common.hcl", "locals {\n  tag    = \"v1.3.0\"\n  broken = local.nowhere\n}\n"),
        ("root.hcl", "locals {\n  gone = file(\"nothing.txt\")\n}\n"),
        (
            "dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl",
            r#"include "root" {
  path = find_in_parent_folders("root.hcl")
}
locals {
  common = read_terragrunt_config(find_in_parent_folders("common.hcl"))
  unused = [1, 2][5]
  caught = try(file("nothing.txt"), "")
}
inputs = { terraform_planner_config = { container_image = { docker_tag = local.common.locals.tag } } }
"#,
        ),
    ]);
    let repo = tree.open();
    assert_eq!(texts(repo.all_problems()), "");
    let unit = "dev/us-east-1/mgmt/ecs-deploy-runner";
    let expected = format!(
        "there is no local `nowhere` in `common.hcl`\n  --> common.hcl:3\n\
         there is no element 5 in a list of 2\n  --> {unit}/terragrunt.hcl:6\n\
         cannot read `nothing.txt`: No such file or directory (os error 2)\n  --> nothing.txt\n"
    );
    assert_eq!(texts(repo.complaints(&repo.units[0]).iter()), expected);
}

#[test]
fn pins_outside_hcl_are_found_in_scripts_and_files_of_ci() {
    let script = "readonly DOCKERFILE_REPO_REF=\"v0.50.6\"\n";
    let common = "locals {}\n";
    let tree = Tree::new(&[
        ("live/accounts.json", r#"{"dev": "100000000004"}"#),
        ("live/common.hcl", common),
        ("live/shared/us-east-1/_regional/container_images/build_deploy_runner_image.sh", script),
        ("live/shared/us-east-1/_regional/container_images/build_kaniko_image.sh", "DOCKERFILE_REPO_REF=\"$1\"\n"),
        ("live/shared/us-east-1/_regional/container_images/other.sh", script),
        ("live/ignored/container_images/build_x.sh", script),
        (".gitignore", "ignored/\n"),
        (".github/workflows/pipeline.yml", "env:\n  MODULE_CI_VERSION: v0.51.4\n"),
        (".circleci/config.yml", "MODULE_CI_VERSION: v0.51.4\n"),
        ("_ci/scripts/install.sh", "MODULE_CI_VERSION=v0.52.1\n"),
        ("elsewhere/install.sh", "MODULE_CI_VERSION=v0.52.1\n"),
    ]);
    let repo = super::open(&tree.path().join("live")).expect("it opens");
    let found: Vec<_> =
        repo.outside_pins().iter().map(|pin| format!("{} {} {:?}", pin.place(), pin.image, pin.value)).collect();
    let images = "shared/us-east-1/_regional/container_images";
    let expected = [
        "../.circleci/config.yml:1 deploy-runner Some(\"v0.51.4\")".to_owned(),
        "../.github/workflows/pipeline.yml:2 deploy-runner Some(\"v0.51.4\")".to_owned(),
        "../_ci/scripts/install.sh:1 deploy-runner Some(\"v0.52.1\")".to_owned(),
        format!("{images}/build_deploy_runner_image.sh:1 deploy-runner Some(\"v0.50.6\")"),
        format!("{images}/build_kaniko_image.sh:1 kaniko None"),
    ];
    assert_eq!(found, expected);
}
