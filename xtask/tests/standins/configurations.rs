//! Configurations of one unit that get different tags: each is shown, moved, applied and proven by itself.

use super::sandbox::{Sandbox, unit};

const APPLIER: &str = r#"
locals {
  common                      = read_terragrunt_config(find_in_parent_folders("common.hcl"))
  terraform_applier_image_tag = "v0.51.8"
}

inputs = {
  terraform_applier_config = {
    container_image = {
      docker_image = local.common.locals.deploy_runner_ecr_uri
      docker_tag   = local.terraform_applier_image_tag
    }
    infrastructure_live_repositories = ["https://github.com/sample/infrastructure-live.git"]
  }
}
"#;

/// The applier of `dev` gets a tag of its own.
fn with_two_tags_in_dev() -> Sandbox {
    let sandbox = Sandbox::new();
    for tag in ["v0.51.8", "v1.3.0"] {
        sandbox.push("ecs-deploy-runner", tag);
    }
    sandbox.push("kaniko", "v1.3.0");
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    sandbox.write(&file, sandbox.read(&file) + APPLIER);
    sandbox
}

#[test]
fn tags_of_configurations_that_differ_are_shown_by_units_status_and_why() {
    let sandbox = with_two_tags_in_dev();
    let run = |args: &[&str]| sandbox.xtask(args.iter().copied()).run();
    let listed = "  dev/us-east-1/mgmt/ecs-deploy-runner\n    terraform_planner_config    v0.52.1\n    terraform_applier_config    v0.51.8\n";
    let units = run(&["units"]).exits(0);
    assert!(units.out.contains(&format!("different tags in one unit\n{listed}")), "{}", units.out);
    let status = run(&["status"]).exits(0);
    let words = status.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let note =
        "the configurations get different tags: terraform_planner_config v0.52.1, terraform_applier_config v0.51.8";
    assert!(words.contains("dev differs !") && words.contains(note), "{}", status.out);
    let why = run(&["why", "dev"]).exits(0);
    assert!(why.out.contains("deploy-runner  differs\n") && why.out.contains("= \"v0.51.8\""), "{}", why.out);
    run(&["status", "--check", "v0.52.1"]).exits(5);
    run(&["status", "--check", "v0.52.1", "--config", "terraform_planner_config"]).exits(0);
    run(&["status", "--check", "v0.52.1", "--config", "terraform_applier_config"]).exits(5);
    run(&["status", "--check", "v0.52.1", "--config", "terraform_apply_config"]).exits(4);
}

#[test]
fn each_configuration_is_applied_and_proven_with_its_own_tag() {
    let sandbox = with_two_tags_in_dev();
    let run = |args: &[&str]| sandbox.xtask(args.iter().copied()).run();
    let before = run(&["verify", "--account", "dev"]).exits(5);
    assert!(before.out.contains("terraform-applier"), "{}", before.screen());
    run(&["apply-all", "--yes", "--account", "dev"]).exits(0).says("v0.51.8 and v0.52.1");
    assert_eq!(sandbox.log().applied().len(), 1);
    run(&["verify", "--account", "dev"]).exits(0);
    // The planner's tag is no proof for the applier.
    let file = format!("{}/terragrunt.hcl", unit("dev"));
    sandbox.edit(&file, "v0.51.8", "v0.52.1");
    let said = run(&["verify", "--account", "dev"]).exits(5);
    let lines: Vec<_> = said.out.lines().filter(|line| line.contains("terraform-")).collect();
    assert!(lines[0].contains("terraform-applier  v0.52.1  v0.51.8  !"), "{}", said.screen());
    assert!(lines[1].contains("terraform-planner  v0.52.1  v0.52.1  sha256:"), "{}", said.screen());
}

#[test]
fn one_configuration_moves_by_name_and_all_move_together() {
    let sandbox = with_two_tags_in_dev();
    let run = |args: &[&str]| sandbox.xtask(args.iter().copied()).run();
    let common = sandbox.read("common.hcl");
    let only = ["bump-tags", "v1.3.0", "--account", "dev", "--config", "terraform_applier_config"];
    let said = run(&only).exits(0).says("Tags         1 pin in 1 file changed");
    assert!(said.out.contains("+  terraform_applier_image_tag = \"v1.3.0\""), "{}", said.screen());
    assert_eq!(sandbox.read("common.hcl"), common);
    let asked: Vec<_> = sandbox.log().asked().iter().map(|asked| asked.input().to_string()).collect();
    assert!(!asked.is_empty() && asked.iter().all(|it| !it.contains("kaniko")), "only what moves is looked for");
    run(&[&only[..], &["--check"]].concat()).exits(0);
    run(&["bump-tags", "v1.3.0"]).exits(0);
    run(&["status", "--check", "v1.3.0"]).exits(0);
    run(&["bump-tags", "v1.4.0", "--offline", "--config", "terraform_plan_config"])
        .exits(4)
        .says("no selected unit has");
}
