//! The images that a unit is to have, by what the repository says, and whether its plan has them.

use serde_json::Value;

use super::containers::{self, split};

/// An image that a unit is to have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// What it is called.
    pub image: String,
    /// Its repository; `None` if that is known to AWS only.
    pub repository: Option<String>,
    /// Its tag; `None` if that can't be known from the files.
    pub tag: Option<String>,
}

/// What the images of a plan are, compared with those that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// What is not as the repository says.
    pub wrong: Vec<String>,
    /// What could not be looked at.
    pub unchecked: Vec<String>,
}

/// A task definition as it will be.
struct Task<'p> {
    address: &'p str,
    family: Option<&'p str>,
    /// `None` if they are known after the apply only.
    images: Option<Vec<String>>,
}

/// Compares every planned task definition, those that stay as they are included, with what is wanted.
pub(super) fn check(planned_values: &Value, wanted: &[Wanted]) -> Images {
    let mut tasks = Vec::new();
    collect(&planned_values["root_module"], &mut tasks);
    let mut images = Images::default();
    if tasks.is_empty() {
        images.unchecked.push("images: its plan has no task definition".to_owned());
        return images;
    }
    let mut wanted = wanted.to_vec();
    wanted.sort();
    wanted.dedup();
    for Task { address, images: found, .. } in &tasks {
        let Some(found) = found else {
            images.unchecked.push(format!("image of {address}: known after the apply only"));
            continue;
        };
        for image in found {
            let Some((repository, tag)) = split(image) else { continue };
            let tags: Vec<_> = wanted.iter().filter(|it| it.repository.as_deref() == Some(repository)).collect();
            if !tags.is_empty() && tags.iter().all(|it| it.tag.as_deref().is_some_and(|known| known != tag)) {
                let expected = tags.iter().filter_map(|it| it.tag.as_deref()).collect::<Vec<_>>().join(" or ");
                images.wrong.push(format!("{address} has {image}, and the repository says {expected}"));
            }
        }
    }
    let all_known = tasks.iter().all(|task| task.images.is_some());
    let found: Vec<_> =
        tasks.iter().filter_map(|task| task.images.as_deref()).flatten().filter_map(|it| split(it)).collect();
    for it in &wanted {
        let Some(tag) = &it.tag else {
            images.unchecked.push(format!("tag of {}: the files don't say it", it.image));
            continue;
        };
        let fits = |(repository, found): &(&str, &str)| {
            it.repository.as_deref().is_none_or(|known| known == *repository) && found == tag
        };
        if all_known && !found.iter().any(fits) {
            let name = it.repository.as_deref().unwrap_or(&it.image);
            let line = format!("no task definition has {name}:{tag}");
            // One in the same repository with another tag has been told of already.
            if !found.iter().any(|(repository, _)| it.repository.as_deref() == Some(*repository)) {
                images.wrong.push(line);
            }
        }
    }
    images
}

/// Where a plan gives a task definition of this family an image with this tag, or this very image.
pub fn gives(output: &str, family: &str, reference: &str) -> Option<String> {
    let document = super::document::Document::read(output).ok()?;
    let mut tasks = Vec::new();
    collect(&document.planned_values["root_module"], &mut tasks);
    let is_it = |image: &&String| *image == reference || split(image).is_some_and(|(_, tag)| tag == reference);
    tasks.iter().filter(|task| task.family == Some(family)).find_map(|Task { address, images, .. }| {
        let image = images.iter().flatten().find(is_it)?;
        Some(format!("{address} has {image}"))
    })
}

fn collect<'p>(module: &'p Value, tasks: &mut Vec<Task<'p>>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if resource["mode"] == "managed" && resource["type"] == "aws_ecs_task_definition" {
            let definitions = resource["values"][containers::ATTRIBUTE].as_str();
            let address = resource["address"].as_str().unwrap_or("a task definition");
            let family = resource["values"]["family"].as_str();
            tasks.push(Task { address, family, images: definitions.and_then(containers::images) });
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        collect(child, tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted(repository: Option<&str>, tag: Option<&str>) -> Wanted {
        Wanted {
            image: "deploy-runner".to_owned(),
            repository: repository.map(str::to_owned),
            tag: tag.map(str::to_owned),
        }
    }

    #[test]
    fn image_that_the_configuration_itself_gives_is_found_in_its_plan() {
        let definitions = json!([{ "image": "x/runner:v1" }]).to_string();
        let values = json!({ "family": "ecs-deploy-runner-a", "container_definitions": definitions });
        let task = json!({ "mode": "managed", "type": "aws_ecs_task_definition", "address": "a.b", "values": values });
        let plan = json!({ "format_version": "1.2", "planned_values": { "root_module": { "resources": [task] } } })
            .to_string();
        assert_eq!(gives(&plan, "ecs-deploy-runner-a", "v1").as_deref(), Some("a.b has x/runner:v1"));
        assert_eq!(gives(&plan, "ecs-deploy-runner-a", "x/runner:v1").as_deref(), Some("a.b has x/runner:v1"));
        assert_eq!(gives(&plan, "ecs-deploy-runner-a", "v2"), None);
        assert_eq!(gives(&plan, "ecs-deploy-runner-b", "v1"), None);
    }

    /// Task definitions with these images; none is one that is not known yet.
    fn planned(images: &[Option<&str>]) -> Value {
        let task = |image: &Option<&str>| {
            let definitions = image.map(|image| json!([{ "image": image }]).to_string());
            json!({ "mode": "managed", "type": "aws_ecs_task_definition", "address": "a.b", "values": { "container_definitions": definitions } })
        };
        let tasks: Vec<_> = images.iter().map(task).collect();
        json!({ "root_module": { "child_modules": [{ "resources": tasks }] } })
    }

    #[test]
    fn every_task_definition_has_the_image_that_the_repository_says() {
        let runner = wanted(Some("x/runner"), Some("v2"));
        for (images, n_wrong, n_unchecked) in [
            (&[Some("x/runner:v2"), Some("x/other:v1")][..], 0, 0),
            (&[Some("x/runner:v2"), Some("x/runner:v1")], 1, 0),
            (&[Some("x/runner:v1")], 1, 0),
            (&[Some("x/other:v2")], 1, 0),
            (&[Some("x/other:v2"), None], 0, 1),
            (&[], 0, 1),
        ] {
            let found = check(&planned(images), std::slice::from_ref(&runner));
            assert_eq!((found.wrong.len(), found.unchecked.len()), (n_wrong, n_unchecked), "{images:?} {found:?}");
        }
    }

    #[test]
    fn what_the_files_dont_say_is_said_not_to_be_checked() {
        let found =
            check(&planned(&[Some("x/runner:v2")]), &[wanted(None, Some("v2")), wanted(Some("x/kaniko"), None)]);
        assert_eq!(
            found,
            Images { wrong: vec![], unchecked: vec!["tag of deploy-runner: the files don't say it".to_owned()] }
        );
        assert_eq!(check(&planned(&[Some("x/runner:v2")]), &[wanted(None, Some("v3"))]).wrong.len(), 1);
    }
}
