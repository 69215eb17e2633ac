//! Finds the images in what a unit passes to its module: every place that names an image and a tag.

use std::rc::Rc;

use crate::model::{ImageName, Known};
use crate::repo::hcl::{Evaluator, Kind, Value};
use crate::repo::unit::known_text;

/// The inputs that configure a container, and the image that each uses.
const CONFIGURATIONS: [(&str, ImageName); 4] = [
    ("terraform_planner_config", ImageName::DeployRunner),
    ("terraform_applier_config", ImageName::DeployRunner),
    ("ami_builder_config", ImageName::DeployRunner),
    ("docker_image_builder_config", ImageName::Kaniko),
];
/// What in a configuration lists the git repositories that the container may work on.
const REPOSITORIES: &str = "infrastructure_live_repositories";
/// The input of older modules: a map from container to image.
const MAP: &str = "container_images";
/// What the keys of that map are called.
const KEYS: [(&str, ImageName); 6] = [
    ("deploy-runner", ImageName::DeployRunner),
    ("terraform-planner", ImageName::DeployRunner),
    ("terraform-applier", ImageName::DeployRunner),
    ("ami-builder", ImageName::DeployRunner),
    ("kaniko", ImageName::Kaniko),
    ("docker-image-builder", ImageName::Kaniko),
];
/// The scripts of a container, by which its image is known where its key and its address are of one's own.
const SCRIPTS: [(&str, ImageName); 4] = [
    ("build-docker-image", ImageName::Kaniko),
    ("build-packer-artifact", ImageName::DeployRunner),
    ("infrastructure-deploy-script", ImageName::DeployRunner),
    ("terraform-update-variable", ImageName::DeployRunner),
];
/// How deep an image may be hidden in the inputs.
const DEEPEST: usize = 6;

/// What a runner is called where the inputs don't say it: the default of the module's `name`.
const RUNNER: &str = "ecs-deploy-runner";

/// A container's image as the inputs have it.
pub(super) struct Container {
    /// The way to what configures it.
    pub(super) configuration: String,
    /// The list of git repositories that it may work on; null where it has none.
    pub(super) repositories: Value,
    /// The way to its tag.
    pub(super) input: String,
    /// The map with `docker_image` and `docker_tag`, or something unknown.
    pub(super) image: Value,
}

/// What the runner is called.
pub(super) fn runner(evaluator: &Evaluator<'_>, inputs: &Value) -> Known<String> {
    let default = || Known::Value(RUNNER.to_owned());
    let Kind::Map(map) = &inputs.kind else {
        return inputs.unknown_reason().map_or_else(default, |reason| Known::Unknown(reason.to_string()));
    };
    match (map.entries.get("name"), &map.open) {
        (None, Some(reason)) => Known::Unknown(reason.to_string()),
        (None, None) => default(),
        (Some(name), _) => match evaluator.whole(name) {
            Ok(name) if name.is_null() => default(),
            Ok(name) => known_text(&name),
            Err(fault) => Known::Unknown(fault.in_one_line()),
        },
    }
}

/// Every container's image, and which of the two it is where the inputs say that.
pub(super) fn containers(evaluator: &Evaluator<'_>, inputs: &Value) -> Vec<(Option<ImageName>, Container)> {
    let mut found = Vec::new();
    let Kind::Map(map) = &inputs.kind else {
        if let Some(reason) = inputs.unknown_reason() {
            found.extend(CONFIGURATIONS.map(|(name, image)| (Some(image), missing(name, reason))));
        }
        return found;
    };
    let has_map = map.entries.get(MAP).is_some_and(|value| !value.is_null());
    for (name, image) in CONFIGURATIONS {
        match (map.entries.get(name), &map.open) {
            (Some(value), _) if value.is_null() => {}
            (Some(value), _) => found.push((Some(image), configured(evaluator, name, value))),
            // A module of the older kind knows no configurations.
            (None, Some(reason)) if !has_map => found.push((Some(image), missing(name, reason))),
            (None, _) => {}
        }
    }
    if let Some(value) = map.entries.get(MAP) {
        found.extend(mapped(evaluator, value));
    }
    let known = |name: &str| name == MAP || CONFIGURATIONS.iter().any(|(configuration, _)| *configuration == name);
    for (name, value) in map.entries.iter().filter(|(name, _)| !known(name)) {
        hidden(value, &[name], &mut found);
    }
    found
}

pub(super) fn missing(name: &str, reason: &Rc<str>) -> Container {
    let input = format!("{name}.container_image.docker_tag");
    let unknown = || Value::unknown(reason.clone());
    Container { configuration: name.to_owned(), repositories: unknown(), input, image: unknown() }
}

fn configured(evaluator: &Evaluator<'_>, name: &str, value: &Value) -> Container {
    let image = evaluator
        .member(value, "container_image")
        .unwrap_or_else(|_| Value::unknown(format!("`{name}` has no `container_image`")));
    let repositories = evaluator.member(value, REPOSITORIES).unwrap_or_else(|_| Value::made(Kind::Null));
    let input = format!("{name}.container_image.docker_tag");
    Container { configuration: name.to_owned(), repositories, input, image }
}

fn mapped(evaluator: &Evaluator<'_>, value: &Value) -> Vec<(Option<ImageName>, Container)> {
    let container = |key: &str, image: Value| {
        let configuration = format!("{MAP}.{key}");
        let input = format!("{configuration}.docker_tag");
        let by_key = KEYS.iter().find(|(known, _)| *known == key).map(|(_, image)| *image);
        let name = by_key.or_else(|| by_scripts(evaluator, &image));
        (name, Container { configuration, repositories: Value::made(Kind::Null), input, image })
    };
    match evaluator.whole(value).map(|value| value.kind) {
        Ok(Kind::Map(map)) => {
            let mut found: Vec<_> = map.entries.iter().map(|(key, image)| container(key, image.clone())).collect();
            if let Some(reason) = &map.open {
                let may_be_there =
                    ["deploy-runner", "kaniko"].into_iter().filter(|key| !map.entries.contains_key(*key));
                found.extend(may_be_there.map(|key| container(key, Value::unknown(reason.clone()))));
            }
            found
        }
        Ok(Kind::Unknown(reason)) => {
            ["deploy-runner", "kaniko"].map(|key| container(key, Value::unknown(reason.clone()))).into()
        }
        _ => Vec::new(),
    }
}

/// Which of the two an image is by the scripts that its container has; `None` where they are of both or of neither.
fn by_scripts(evaluator: &Evaluator<'_>, image: &Value) -> Option<ImageName> {
    let Kind::Map(scripts) = evaluator.member(image, "script_config").ok()?.kind else { return None };
    let mut known = SCRIPTS.iter().filter(|(script, _)| scripts.entries.contains_key(*script)).map(|(_, image)| *image);
    let first = known.next()?;
    known.all(|image| image == first).then_some(first)
}

/// Maps with an image and a tag anywhere else.
fn hidden(value: &Value, way: &[&str], found: &mut Vec<(Option<ImageName>, Container)>) {
    if let Kind::List(items) = &value.kind {
        for (at, item) in items.iter().enumerate().filter(|_| way.len() < DEEPEST) {
            hidden(item, &[way, &[at.to_string().as_str()]].concat(), found);
        }
    }
    let Kind::Map(map) = &value.kind else { return };
    if map.entries.contains_key("docker_image") && map.entries.contains_key("docker_tag") {
        let input = format!("{}.docker_tag", way.join("."));
        let configuration = way.strip_suffix(&["container_image"]).unwrap_or(way).join(".");
        found.push((
            None,
            Container { configuration, repositories: Value::made(Kind::Null), input, image: value.clone() },
        ));
    } else if way.len() < DEEPEST {
        for (name, value) in &map.entries {
            hidden(value, &[way, &[name.as_str()]].concat(), found);
        }
    }
}
