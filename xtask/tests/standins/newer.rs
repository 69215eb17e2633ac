//! What newer releases of terragrunt have, by every command: units that exclude themselves, features, values.

use std::fs;
use std::path::Path;

use super::sandbox::{ACCOUNTS, Sandbox, files_below, unit};

/// `stage` excludes itself.
fn with_an_excluded_unit() -> Sandbox {
    let sandbox = Sandbox::bumped();
    let file = format!("{}/terragrunt.hcl", unit("stage"));
    let block = "\nexclude {\n  if      = true\n  actions = [\"all\"]\n  no_run  = true\n}\n";
    sandbox.write(&file, sandbox.read(&file) + block);
    sandbox
}

#[test]
fn excluded_unit_is_left_out_by_name_and_the_others_are_applied() {
    let sandbox = with_an_excluded_unit();
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    said.says("Left out     stage/us-east-1/mgmt/ecs-deploy-runner   by `exclude` with the actions all, stage/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:").says("5 of 5 units");
    let mut applied: Vec<_> = sandbox.log().applied().iter().map(ToString::to_string).collect();
    applied.sort_unstable();
    let mut others: Vec<_> = ACCOUNTS.iter().filter(|(name, _)| *name != "stage").map(|(_, id)| *id).collect();
    others.sort_unstable();
    assert_eq!(applied, others);
    let refused = sandbox.xtask(["apply-all", "--yes", "--account", "stage"]).run().exits(3);
    refused.says("every selected unit is left out by its own configuration");
}

#[test]
fn excluded_unit_is_told_by_units_status_doctor_and_dry_runs() {
    let sandbox = with_an_excluded_unit();
    let what = "left out of plans and applies, by `exclude` with the actions all";
    for args in [&["units"][..], &["status"], &["doctor", "--offline"]] {
        let said = sandbox.xtask(args).run();
        let words: Vec<_> = said.out.split_whitespace().collect();
        assert!(words.join(" ").contains(what), "{}", said.screen());
    }
    let units = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    let excluded: Vec<_> = units["units"].as_array().unwrap().iter().filter(|it| !it["excluded"].is_null()).collect();
    assert_eq!(excluded.len(), 1, "{units:#}");
    assert_eq!(excluded[0]["excluded"]["by"], "`exclude` with the actions all");
    let dry = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(0).says("Left out     stage");
    assert!(!dry.out.contains("stage"), "{}", dry.out);
    assert!(sandbox.log().applied().is_empty());
}

#[test]
fn arguments_that_break_every_apply_are_refused_before_anything_is_planned() {
    let sandbox = Sandbox::bumped();
    let file = "_envcommon/mgmt/ecs-deploy-runner.hcl";
    let block = "terraform {\n  extra_arguments \"env\" {\n    commands  = get_terraform_commands_that_need_vars()\n    arguments = [\"-var\", \"env=x\"]\n  }\n";
    sandbox.edit(file, "terraform {\n", block);
    let what = "`extra_arguments \"env\"` passes `env=x` to the apply of a saved plan";
    let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
    said.says(what).says(file).says("\"-var=env=x\"");
    assert!(sandbox.log().nothing_worked());
    for args in [&["status"][..], &["doctor", "--offline"]] {
        let said = sandbox.xtask(args).run();
        let words: Vec<_> = said.out.split_whitespace().collect();
        assert!(words.join(" ").contains(what), "{}", said.screen());
    }
}

#[test]
fn unit_that_only_may_be_a_runner_is_planned_where_it_is_named_and_nowhere_else() {
    let sandbox = Sandbox::bumped();
    let file = "dev/us-east-1/mgmt/cicd/terragrunt.hcl";
    fs::create_dir_all(sandbox.repo().join(file).parent().unwrap()).unwrap();
    let locals = "locals {\n  common = read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals\n}\n";
    let module = "terraform {\n  source = \"git::https://git.example.com/modules.git//cicd?ref=v1\"\n}\n";
    let inputs = "inputs = {\n  release = local.common.deploy_runner_container_image_tag\n}\n";
    sandbox.write(file, format!("{locals}{module}{inputs}"));
    assert!(sandbox.xtask(["units"]).run().exits(0).out.contains("dev/us-east-1/mgmt/cicd"));
    let all = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(0);
    let all = all.says("Left out     dev/us-east-1/mgmt/cicd   it takes a tag").says("--unit PATH");
    assert!(!all.out.contains("mgmt/cicd") && all.out.contains("Planning: 6 units"), "{}", all.out);
    let named = sandbox.xtask(["apply-all", "--dry-run", "--verbose", "--unit", "dev/us-east-1/mgmt/cicd"]).run();
    assert!(named.exits(0).out.contains("mgmt/cicd"));
}

/// A fixture in the place of the sample.
fn of_fixture(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for file in files_below(&sandbox.repo()).iter().filter(|file| !file.ends_with("Cargo.toml")) {
        fs::remove_file(file).unwrap();
    }
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for file in files_below(&fixture).iter().filter(|file| file.extension().is_some_and(|it| it == "in")) {
        let to = sandbox.repo().join(file.strip_prefix(&fixture).unwrap()).with_extension("");
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    sandbox
}

#[test]
fn dry_run_prints_how_stacks_are_generated_before_their_units_are_planned() {
    let sandbox = of_fixture("stacks");
    let said = sandbox.xtask(["apply-all", "--dry-run", "--verbose", "--account", "dev"]).run().exits(0);
    let generate = said.out.find("(cd [repo]/dev/us-east-1 && terragrunt stack generate)");
    let plan = said.out.find("# Planning");
    assert!(generate.is_some() && generate < plan, "{}", said.screen());
    assert_eq!(said.out.matches("stack generate").count(), 1, "{}", said.screen());
}

#[test]
fn stack_that_generates_nothing_is_told_by_the_folder_that_is_missing() {
    // Nobody has told the stand-in which units to write.
    let sandbox = of_fixture("stacks");
    let said = sandbox.xtask(["apply-all", "--plan-only", "--account", "dev"]).run();
    let what = "`terragrunt stack generate` ended well and did not write `dev/us-east-1/.terragrunt-stack/";
    let said = said.says(what).says("nothing was planned").says("terragrunt stack generate");
    assert!(!said.err.contains("Generated") && !said.err.contains("cannot start"), "{}", said.screen());
    assert!(sandbox.log().of("terraform").is_empty());
}

#[test]
fn unit_that_only_opentofu_reads_is_not_given_to_terraform() {
    let sandbox = of_fixture("standalone-tofu").setting("environments", r#"{ "100000000004" = "development" }"#);
    let said = sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().exits(3);
    said.says("`runner` has a file that only OpenTofu reads, and `terraform` would be run").says("runner/state.tofu");
}
