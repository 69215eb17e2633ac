//! What is read of a plan, of a state and of outputs is Terraform's own document, whatever HCL prints or runs on the way.

use std::fs;

use serde_json::Value;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::{Engine, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::ends_with;

/// A document that says that nothing changes.
const NOTHING: &str =
    r#"{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[],"output_changes":{}}"#;

/// Both terragrunts, with the program that Terraform's part is left to and the one that goes through terragrunt.
const SHAPES: [(Terragrunt, Engine); 4] = [
    (Terragrunt::V0, Engine::Terraform),
    (Terragrunt::V1, Engine::Terraform),
    (Terragrunt::V0, Engine::Tofu),
    (Terragrunt::V1, Engine::Tofu),
];

fn shape((terragrunt, engine): (Terragrunt, Engine)) -> Shape {
    let engines: &[Engine] = match engine {
        Engine::Terraform => &[Engine::Terraform],
        Engine::Tofu => &[Engine::Tofu],
    };
    Shape { terragrunt, engines, ..Shape::default() }
}

/// Adds hooks to the unit of dev.
fn hook(live: &Live, hooks: &str) {
    live.edit(live.unit("dev").join("terragrunt.hcl"), |text| {
        text.replacen("terraform {\n", &format!("terraform {{\n{hooks}"), 1)
    });
}

/// The one file with this ending of the newest run, as JSON.
fn product(live: &Live, ending: &str) -> Value {
    let runs = fs::read_dir(live.root().join(".xtask/runs")).expect("there was a run").flatten();
    let plans = runs.flat_map(|run| fs::read_dir(run.path().join("plans")).into_iter().flatten().flatten());
    let file = plans.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with(ending));
    let text = fs::read_to_string(file.expect("there is such a file")).expect("it can be read");
    serde_json::from_str(&text).expect("it is one document")
}

#[test]
fn what_hooks_and_run_cmd_print_on_show_is_no_plan() {
    let Some(tools) = Toolbox::get() else { return };
    for it in SHAPES {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, shape(it));
        fs::write(live.root().join("nothing.json"), NOTHING).expect("it can be written");
        let cat = |name: &str, when: &str| {
            let file = live.root().join("nothing.json");
            format!(
                "  {when}_hook \"{name}\" {{\n    commands = [\"show\"]\n    execute = [\"cat\", \"{}\"]\n  }}\n",
                file.display()
            )
        };
        hook(&live, &(cat("one", "before") + &cat("two", "after")));
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| {
            format!(
                "locals {{\n  said = run_cmd(\"cat\", \"{}\")\n}}\n{text}",
                live.root().join("nothing.json").display()
            )
        });
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        assert!(told.contains("add     terraform_data.task_definition"), "{it:?}: {told}");
        let shown = product(&live, "dev.show.json");
        assert_eq!(shown["resource_changes"].as_array().map(Vec::len), Some(2), "{it:?}");
    }
}

#[test]
fn hook_that_has_terraform_show_another_plan_makes_no_product_and_breaks_nothing() {
    let Some(tools) = Toolbox::get() else { return };
    for it in SHAPES {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, shape(it));
        // The plan of another module, made and shown by the guard that terragrunt takes for terraform.
        let terraform = "mkdir -p $TMPDIR/other && cd $TMPDIR/other && ${TG_TF_PATH:-$TERRAGRUNT_TFPATH}";
        let other = live.root().with_file_name("tmp").join("other");
        fs::create_dir(&other).expect("it is new");
        fs::write(other.join("main.tf"), "output \"x\" {\n  value = 1\n}\n").expect("it can be written");
        let hook_of = |when: &str, command: &str, arguments: &str| {
            let script = format!("{terraform} {arguments}").replace("${", "$${");
            format!(
                "  {when}_hook \"{when}-{command}\" {{\n    commands = [\"{command}\"]\n    execute = [\"sh\", \"-c\", \"{script}\"]\n  }}\n"
            )
        };
        hook(
            &live,
            &["before", "after"]
                .map(|when| {
                    hook_of(when, "plan", "plan -out=other.tfplan") + &hook_of(when, "show", "show -json other.tfplan")
                })
                .concat(),
        );
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        assert!(told.contains("add     terraform_data.task_definition"), "{it:?}: {told}");
        let proof = product(&live, "dev.proof.json");
        let folder = proof["call"]["folder"].as_str().expect("it says so");
        assert!(folder.contains("/dev/us-east-1/mgmt/ecs-deploy-runner/.terragrunt-cache/"), "{it:?}: {folder}");
    }
}

#[test]
fn what_an_apply_runs_is_named_and_needs_more_than_yes() {
    let Some(tools) = Toolbox::get() else { return };
    for it in &SHAPES[..2] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, shape(*it));
        hook(&live, "  before_hook \"say\" {\n    commands = [\"apply\"]\n    execute = [\"echo\", \"hello\"]\n  }\n");
        let mut command = live.command(env!("CARGO_BIN_EXE_xtask"));
        let output = command.args(["apply-all", "--yes", "--account=dev"]).output().expect("xtask starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{it:?}: {told}");
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "! add terraform_data.task_definition[\"terraform-planner\"] runs local-exec",
            "local-exec of terraform_data.task_definition (all units)",
            "before_hook \"say\" `[\"echo\", \"hello\"]`, dev/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl:2",
            "--allow unexpected",
        ] {
            assert!(words.contains(said), "{it:?}: {said}: {told}");
        }
    }
}

#[test]
fn arguments_from_hcl_that_make_a_plan_less_are_told_or_refused() {
    let Some(tools) = Toolbox::get() else { return };
    for it in &SHAPES[..2] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, shape(*it));
        let arguments = |list: &str| {
            format!("  extra_arguments \"more\" {{\n    commands = [\"plan\"]\n    arguments = [{list}]\n  }}\n")
        };
        hook(&live, &arguments("\"-refresh=false\", \"-lock=false\""));
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        for said in ["planned with `-lock=false` (dev)", "planned with `-refresh=false` (dev)"] {
            assert!(told.contains(said), "{it:?}: {said}: {told}");
        }
        hook(&live, &arguments("\"-target=terraform_data.package\"").replace("more", "target"));
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 3);
        assert!(told.contains("leaves out a part of what is configured"), "{it:?}: {told}");
        assert!(told.contains("it was made with `-target=terraform_data.package`"), "{it:?}: {told}");
        let allowed = ["apply-all", "--plan-only", "--account", "dev", "--allow", "incomplete-plan"];
        let told = ends_with(&live, &allowed, 0);
        assert!(told.contains("nothing to change"), "{it:?}: {told}");
    }
}

#[test]
fn options_of_an_apply_alone_are_told_and_one_that_was_not_shown_is_refused() {
    let Some(tools) = Toolbox::get() else { return };
    for it in &SHAPES[..2] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, shape(*it));
        let arguments = |option: &str| {
            format!("  extra_arguments \"more\" {{\n    commands = [\"apply\"]\n    arguments = [{option}]\n  }}\n")
        };
        let written = arguments("\"-lock=false\"");
        hook(&live, &written);
        let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        assert!(told.contains("applied with `-lock=false` (dev)"), "{it:?}: {told}");
        let hidden = arguments("run_cmd(\"--terragrunt-quiet\", \"/bin/echo\", \"-lock=false\")");
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.replacen(&written, &hidden, 1));
        let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 1);
        assert!(!told.contains("applied with"), "{it:?}: {told}");
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("was asked to apply with `-lock=false`, which was not shown"), "{it:?}: {told}");
        assert!(!live.state_file("dev").exists(), "{it:?}: nothing is applied");
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.replacen(&hidden, &written, 1));
        ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
        assert!(live.state_file("dev").exists(), "{it:?}: what was shown is applied");
    }
}
