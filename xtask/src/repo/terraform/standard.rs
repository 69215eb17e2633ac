//! What is known of modules of terraform-aws-ci and of copies of a runner's module without looking into them: what the
//! module of standard configurations hands out, and which variables of a copy decide.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::runner::{literal_source, literal_text};
use crate::repo::hcl::terraform::{Folder, Merged, Module, Outputs};
use crate::repo::hcl::value::Map;
use crate::repo::hcl::{Evaluator, Fault, Kind, Value};
use crate::repo::module::is_standard_configuration;
use crate::repo::shape::RUNNER_INPUTS;

/// The output that a runner takes, and the arguments with the containers that it is made of.
const OUTPUT: &str = "container_images";
const CONTAINERS: [(&str, &str); 4] = [
    ("ami_builder", "ami-builder"),
    ("docker_image_builder", "docker-image-builder"),
    ("terraform_applier", "terraform-applier"),
    ("terraform_planner", "terraform-planner"),
];
/// The variables of the service catalog's module that have images.
const CONFIGURATIONS: [&str; 4] =
    ["ami_builder_config", "docker_image_builder_config", "terraform_applier_config", "terraform_planner_config"];

/// Whether a call is one of the module of standard configurations, with a single instance.
pub(super) fn is_one(call: &Merged<'_>) -> bool {
    let source = call.get("source").and_then(|source| literal_text(&source.attribute.value));
    source.is_some_and(is_standard_configuration) && call.get("count").is_none() && call.get("for_each").is_none()
}

/// How the outputs of such a call are worked out.
pub(super) fn known_outputs(call: &Merged<'_>) -> Option<Outputs> {
    is_one(call).then_some(outputs)
}

/// The outputs of such a call, as far as its arguments tell them.
fn outputs(evaluator: &Evaluator<'_>, name: &str, call: &Merged<'_>) -> Result<Value, Fault> {
    let mut images = BTreeMap::new();
    for (argument, container) in CONTAINERS {
        let Some(value) = call.value(evaluator, argument)?.filter(|value| !value.is_null()) else { continue };
        let mut image = evaluator.member(&value, "container_image")?;
        if let Kind::Map(known) = &image.kind {
            // The module adds what else the container needs.
            let open = Some(Rc::from(format!("the module of `{name}` adds it")));
            image.kind = Kind::Map(Rc::new(Map { entries: known.entries.clone(), open }));
        }
        images.insert(container.to_owned(), image);
    }
    let entries = BTreeMap::from([(OUTPUT.to_owned(), Value::map(images))]);
    let open = Some(Rc::from(format!("`module.{name}` has it as an output of another module")));
    Ok(Value::made(Kind::Map(Rc::new(Map { entries, open }))))
}

/// Whether the folder is a copy of a runner's module, by its variables and what it does with them; its address may be any.
pub(super) fn is_copy(folder: &Folder) -> bool {
    let blocks = |kind: &'static str| folder.frames().flat_map(move |frame| frame.source.body.blocks_named(kind));
    let declares = |name: &str| folder.variables().any(|it| it == name);
    let mut sources = blocks("module").filter_map(literal_source);
    let mut resources = blocks("resource").filter_map(|block| block.labels.first());
    (CONFIGURATIONS.iter().all(|name| declares(name)) && sources.any(is_standard_configuration))
        || (declares(OUTPUT) && resources.any(|kind| kind == "aws_ecs_task_definition"))
}

/// Whether the folder takes the images of a runner by its variables.
pub(super) fn takes_images(folder: &Folder) -> bool {
    folder.variables().any(|name| RUNNER_INPUTS.contains(&name))
}

/// What the variables of a copy are that a runner's module has: the arguments of its call, else the copy's own defaults.
pub(super) fn variables(module: &Module<'_>, evaluator: &Evaluator<'_>) -> Value {
    let known = CONFIGURATIONS.into_iter().chain([OUTPUT, "name"]).filter(|name| module.variables.contains_key(name));
    let value = |name: &str| {
        module.variable(evaluator, name).unwrap_or_else(|fault| {
            evaluator.notice(&fault);
            Value::unknown(fault.in_one_line())
        })
    };
    Value::map(known.map(|name| (name.to_owned(), value(name))).collect())
}
