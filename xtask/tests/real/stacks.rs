//! Units that a stack generates, with the real terragrunt: generated, planned and applied by one command.

use std::fs;

use super::cloud::{Cloud, REGION};
use super::live::Live;
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags};

/// The unit of dev becomes a template of a catalog, and a stack generates it.
fn with_a_stack(live: &Live) {
    let unit = live.unit("dev").join("terragrunt.hcl");
    let text = fs::read_to_string(&unit).expect("there is a unit");
    fs::remove_dir_all(live.unit("dev")).expect("it can be removed");
    let config = "{ container_image = { docker_tag = values.tag } }";
    let inputs =
        format!("\ninputs = {{\n  terraform_planner_config = {config}\n  terraform_applier_config = {config}\n}}\n");
    let catalog = live.root().join("catalog/units/ecs-deploy-runner");
    fs::create_dir_all(&catalog).expect("it can be made");
    fs::write(catalog.join("terragrunt.hcl"), text + &inputs).expect("it can be written");
    let stack = "unit \"ecs-deploy-runner\" {\n  source = \"../../catalog/units/ecs-deploy-runner\"\n  path   = \"mgmt/ecs-deploy-runner\"\n  values = { tag = \"v0.52.1\" }\n}\n";
    fs::write(live.root().join("dev").join(REGION).join("terragrunt.stack.hcl"), stack).expect("it can be written");
}

#[test]
fn unit_of_a_stack_is_generated_planned_and_applied_after_its_tag_moved_in_the_stack_file() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    with_a_stack(&live);
    let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
    assert!(told.contains("Generated    1 stack   dev/us-east-1"), "{told}");
    let tags = || tags(&cloud, "100000000004").into_iter().map(|(_, tag)| tag).collect::<Vec<_>>();
    assert!(!tags().is_empty() && tags().iter().all(|tag| tag == "v0.52.1"), "{:?}", tags());

    ends_with(&live, &["build-images", "v1.3.0"], 0);
    ends_with(&live, &["bump-tags", "v1.3.0"], 0);
    let stack = live.root().join("dev").join(REGION);
    let text = fs::read_to_string(stack.join("terragrunt.stack.hcl")).expect("there is a stack");
    assert!(text.contains("values = { tag = \"v1.3.0\" }"), "{text}");
    ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 0);
    assert!(!tags().is_empty() && tags().iter().all(|tag| tag == "v1.3.0"), "{:?}", tags());
    let values = stack.join(".terragrunt-stack/mgmt/ecs-deploy-runner/terragrunt.values.hcl");
    assert!(fs::read_to_string(values).expect("it is generated").contains("v1.3.0"));
}
