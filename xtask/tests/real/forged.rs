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
