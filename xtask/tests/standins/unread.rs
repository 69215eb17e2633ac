//! Units that can't be read never keep the others from anything.

use std::fs;

use super::sandbox::{Sandbox, unit};

/// The unit of `stage` under another name, with a line that is no HCL.
fn with_an_unreadable_folder() -> Sandbox {
    let sandbox = Sandbox::new();
    let stage = sandbox.repo().join("stage/us-east-1/mgmt");
    fs::rename(stage.join("ecs-deploy-runner"), stage.join("deploy-runner")).unwrap();
    let file = "stage/us-east-1/mgmt/deploy-runner/terragrunt.hcl";
    sandbox.write(file, sandbox.read(file) + "\n# ecs-deploy-runner\ninputs = {\n");
    sandbox
}

/// The unit of `stage` written in JSON, which is not read.
fn with_a_unit_in_json() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.repo().join(unit("stage")).join("terragrunt.hcl")).unwrap();
    sandbox.write(&format!("{}/terragrunt.hcl.json", unit("stage")), "{}");
    sandbox
}

/// The unit of `stage` in a region that two places disagree about; its tag is known.
fn with_a_unit_that_contradicts_itself() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("stage/us-east-1/region.hcl", "locals {\n  aws_region = \"eu-west-1\"\n}\n");
    sandbox
}

#[test]
fn unit_that_cannot_be_read_is_left_out_as_one_that_cannot_get_its_tag_and_the_others_go_on() {
    let cases = [
        (with_an_unreadable_folder(), "stage/us-east-1/mgmt/deploy-runner/terragrunt.hcl"),
        (with_a_unit_in_json(), "stage/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl.json"),
        (with_a_unit_that_contradicts_itself(), "stage/us-east-1/region.hcl"),
    ];
    for (sandbox, file) in cases {
        for name in ["ecs-deploy-runner", "kaniko"] {
            sandbox.push(name, "v1.3.0");
        }
        let run = |args: &[&str]| sandbox.xtask(args.iter().copied()).run();
        for args in [&["units"][..], &["status"], &["status", "--check", "v0.52.1"]] {
            let said = run(args).exits(3).says(file);
            assert!(said.out.contains("prod") && said.out.contains("v0.52.1"), "{}", said.screen());
        }
        let before = sandbox.read("common.hcl");
        for args in [&["bump-tags", "v1.3.0"][..], &["bump-tags", "v1.3.0", "--check"]] {
            run(args).exits(3).says(file);
        }
        assert_eq!(sandbox.read("common.hcl"), before);
        // What is not selected is of no concern.
        run(&["bump-tags", "v1.3.0", "--check", "--account", "dev"]).exits(5);
        run(&["apply-all", "--dry-run", "--verbose", "--account", "dev"]).exits(0);
        run(&["apply-all", "--dry-run"]).exits(3).says(file);
        let refused = run(&["apply-all", "--dry-run", "--account", "stage"]);
        assert!(matches!(refused.code, Some(3 | 4)), "{}", refused.screen());
        let allowed = ["bump-tags", "v1.3.0", "--yes", "--allow", "partial-bump"];
        run(&[&allowed[..], &["--check"]].concat()).exits(5).says("Left out").says(file);
        run(&allowed).exits(0).says("Left out").says(file).says("Reached");
        run(&[&allowed[..], &["--check"]].concat()).exits(0);
        let found = run(&[&allowed[..], &["--check", "--format", "json"]].concat()).exits(0).json();
        let n_left = ["left", "unread"].map(|list| found[list].as_array().unwrap().len()).iter().sum::<usize>();
        assert_eq!(n_left, 1, "{found:#}");
        run(&["bump-tags", "v1.3.0", "--check"]).exits(3).says(file);
        run(&["apply-all", "--yes", "--account", "dev"]).exits(0);
        run(&["update", "v1.3.0", "--yes", "--account", "prod"]).exits(0);
        run(&["update", "v1.3.0", "--yes"]).exits(3).says(file);
    }
}

#[test]
fn cause_that_all_units_share_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.write("common.hcl", sandbox.read("common.hcl") + "\nlocals {\n");
    for args in [&["units"][..], &["status"], &["bump-tags", "v1.3.0", "--offline"], &["apply-all", "--dry-run"]] {
        let said = sandbox.xtask(args.iter().copied()).run().exits(3);
        assert_eq!(said.err.matches("--> common.hcl:").count(), 1, "{}", said.screen());
    }
    let bump = sandbox.xtask(["bump-tags", "v1.3.0", "--allow", "partial-bump"]).run().exits(3);
    assert!(bump.err.contains("in dev/") && bump.err.contains("in stage/"), "{}", bump.screen());
}
