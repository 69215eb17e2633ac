//! Units of Terraform alone beside those of Terragrunt: told, bumped, and applied with them.

use std::fs;

use serde_json::json;

use super::sandbox::{ACCOUNTS, Sandbox};

const FOLDER: &str = "dev/eu-west-1/pipelines";

const DEV: [&str; 5] = ["apply-all", "--yes", "--allow=unexpected", "--account", "dev"];
const ALONE: [&str; 5] = ["apply-all", "--yes", "--allow=unexpected", "--unit", FOLDER];

const MAIN: &str = r#"terraform {
  backend "s3" {
    bucket = "dev-state"
    key    = "pipelines/terraform.tfstate"
    region = "eu-west-1"
  }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["100000000004"]
}

variable "runner_tag" {
  type = string
}

locals {
  image = {
    docker_image = "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner"
    docker_tag   = var.runner_tag
  }
}

module "runner" {
  source = "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v1.3.0"

  terraform_planner_config = { container_image = local.image }
  terraform_applier_config = { container_image = local.image }
}
"#;

const TFVARS: &str = "# moved by hand so far\r\nrunner_tag=\"v0.52.1\" # keep\r\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.push("ecs-deploy-runner", "v1.3.0");
    fs::create_dir_all(sandbox.repo().join(FOLDER)).unwrap();
    sandbox.write(&format!("{FOLDER}/main.tf"), MAIN);
    sandbox.write(&format!("{FOLDER}/terraform.tfvars"), TFVARS);
    sandbox
}

#[test]
fn units_of_terraform_are_listed_with_their_pins() {
    let sandbox = sandbox();
    let said = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    let expected = json!({
        "path": FOLDER,
        "kind": "terraform",
        "profile": "your-dev",
        "region": "eu-west-1",
        "tag": "v0.52.1",
    });
    let found = &said["units"][0];
    let tag = &found["images"]["deploy-runner"]["tag"];
    let found = json!({
        "path": found["path"], "kind": found["kind"], "profile": found["profile"], "region": found["region"], "tag": tag,
    });
    assert_eq!(found, expected);
    let pin = said["pins"].as_array().unwrap().iter().find(|pin| pin["file"] == format!("{FOLDER}/terraform.tfvars"));
    assert_eq!(pin.unwrap()["key"], "runner_tag");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
}

#[test]
fn values_of_variables_move_and_not_a_byte_besides() {
    let sandbox = sandbox();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline", "--unit", FOLDER]).run().exits(0).says_nothing_of("Also");
    let expected = TFVARS.replace("v0.52.1", "v1.3.0");
    assert_eq!(sandbox.read(&format!("{FOLDER}/terraform.tfvars")), expected);
    assert!(sandbox.read("common.hcl").contains("\"v0.52.1\""), "nobody asked for that");
}

#[test]
fn units_of_both_kinds_are_applied_together_and_then_there_is_nothing_left_to_do() {
    let sandbox = sandbox();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v1.3.0""#);
    sandbox.edit(&format!("{FOLDER}/terraform.tfvars"), "v0.52.1", "v1.3.0");
    sandbox.xtask(DEV).run().exits(0).says("2 of 2 units");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000004"]);
    let state = fs::read_to_string(sandbox.world().join("state/100000000004/pipelines.tfstate")).unwrap();
    assert!(state.contains("v1.3.0") && sandbox.tags_in_state("dev") == ["v1.3.0"], "{state}");
    sandbox.clear_log();
    sandbox.xtask(DEV).run().exits(0).says("nothing to apply in 2 units");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn unit_of_terraform_needs_no_terragrunt_and_obeys_its_lock_file() {
    let sandbox = sandbox();
    fs::remove_file(sandbox.tool("terragrunt")).unwrap();
    sandbox.write(&format!("{FOLDER}/.terraform.lock.hcl"), "# committed\n");
    sandbox.xtask(ALONE).run().exits(0);
    let log = sandbox.log();
    let calls = log.of("terraform");
    let told: Vec<_> = calls.iter().map(|call| call.argv().join(" ")).collect();
    assert_eq!(told[0], "init -input=false -no-color -lockfile=readonly");
    let commands: Vec<_> = calls.iter().map(|call| call.argv()[0]).collect();
    assert_eq!(commands, ["init", "plan", "show", "apply", "show"]);
    let folder = sandbox.repo().join(FOLDER);
    assert!(calls.iter().all(|call| call.cwd() == folder.to_str().unwrap() && call.account() == Some("100000000004")));
    assert_eq!(log.applied(), ["100000000004"]);
}

#[test]
fn workspace_and_files_of_values_come_from_the_settings() {
    let stated = format!(r#"{{ "{FOLDER}" = {{ workspace = "blue", var-files = ["../blue.tfvars"] }} }}"#);
    let sandbox = sandbox().setting("standalone", &stated);
    sandbox.write("dev/eu-west-1/blue.tfvars", "runner_tag = \"v1.3.0\"\n");
    let said = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    assert_eq!(said["units"][0]["images"]["deploy-runner"]["tag"], "v1.3.0", "the later file wins");
    sandbox.xtask(ALONE).run().exits(0);
    let log = sandbox.log();
    let terraform = log.of("terraform");
    assert!(terraform.iter().all(|call| call.env_names().contains(&"TF_WORKSPACE")));
    let file = format!("-var-file={}", sandbox.repo().join("dev/eu-west-1/pipelines/../blue.tfvars").display());
    assert!(terraform[1].argv().contains(&file.as_str()), "{:?}", terraform[1]);
}

#[test]
fn what_the_settings_or_the_folder_say_wrongly_is_refused_before_anybody_is_asked() {
    let selected = sandbox();
    fs::create_dir(selected.repo().join(FOLDER).join(".terraform")).unwrap();
    selected.write(&format!("{FOLDER}/.terraform/environment"), "green");
    selected.xtask(ALONE).run().exits(3).says("workspace `green` is selected in `dev/eu-west-1/pipelines`");
    let nowhere = sandbox().setting("standalone", r#"{ "dev/nowhere" = { workspace = "blue" } }"#);
    nowhere.xtask(ALONE).run().exits(3).says("names no unit of Terraform alone");
    for sandbox in [selected, nowhere] {
        assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
    }
}

#[test]
fn commands_of_a_unit_of_terraform_are_shown_and_not_run() {
    let sandbox = sandbox();
    let screen = sandbox.xtask(["apply-all", "--unit", FOLDER, "--dry-run", "--verbose"]).run().exits(0).screen();
    for command in ["terraform init '-input=false' -no-color\n", "terraform plan '-input=false'", "terraform apply "] {
        assert!(screen.contains(command), "{screen}");
    }
    assert!(sandbox.log().calls().is_empty());
}

/// The same without anything of Terragrunt's, neither files nor the program.
fn without_terragrunt() -> Sandbox {
    let sandbox = sandbox();
    for (account, _) in ACCOUNTS {
        fs::remove_dir_all(sandbox.repo().join(account).join("us-east-1")).unwrap();
    }
    for file in ["terragrunt.hcl", "common.hcl"] {
        fs::remove_file(sandbox.repo().join(file)).unwrap();
    }
    fs::remove_dir_all(sandbox.repo().join("_envcommon")).unwrap();
    fs::remove_file(sandbox.tool("terragrunt")).unwrap();
    sandbox
}

#[test]
fn where_nothing_is_terragrunts_nothing_speaks_of_it() {
    let sandbox = without_terragrunt();
    let says = |sandbox: &Sandbox, args: &[&str], code: i32| {
        let screen = sandbox.xtask(args).run().exits(code).screen();
        assert!(!screen.to_lowercase().contains("terragrunt"), "{args:?}: {screen}");
    };
    says(&sandbox, &["doctor", "v1.3.0"], 0);
    says(&sandbox, &["doctor", "v1.3.0", "--offline"], 0);
    says(&sandbox, &["units"], 0);
    says(&sandbox, &["status"], 0);
    says(&sandbox, &["why", "dev"], 0);
    says(&sandbox, &["bump-tags", "v1.3.0"], 0);
    says(&sandbox, &["apply-all", "--dry-run", "--verbose"], 0);
    says(&sandbox, &["apply-all"], 3);
    says(&sandbox, &["apply-all", "--yes", "--allow=unexpected"], 0);
    says(&sandbox, &["verify"], 0);
    says(&sandbox, &["update", "v1.3.0", "--yes"], 0);
    says(&sandbox, &["runs"], 0);
    let sandbox = without_terragrunt().fault("fail:dev");
    says(&sandbox, &["apply-all", "--yes", "--allow=unexpected"], 1);
    let sandbox = without_terragrunt().fault("wrong-account:dev");
    says(&sandbox, &["apply-all", "--yes"], 3);
    let sandbox = without_terragrunt();
    fs::remove_file(sandbox.tool("terraform")).unwrap();
    says(&sandbox, &["apply-all"], 3);
    says(&sandbox, &["doctor", "v1.3.0", "--offline"], 5);
}

#[test]
fn credentials_of_another_account_reach_no_unit_of_terraform() {
    let sandbox = sandbox().fault("wrong-account:dev");
    sandbox.xtask(ALONE).run().exits(3).says("`dev` belong to another account");
    assert!(sandbox.log().nothing_worked());
}
