//! Which images a unit uses: address, tag, and what decides the tag.

mod decide;
mod find;

use std::collections::BTreeMap;

use super::hcl::{Evaluator, Value};
use super::pin::Pin;
use super::trail::Trail;
use crate::model::{Failure, ImageName, ImageUri, Known, Place, Tag};

/// How a unit uses an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse {
    /// The address of the ECR repository.
    pub uri: Known<ImageUri>,
    /// The tag that the unit gets.
    pub tag: Known<Tag>,
    /// Where the tag is written, if one plain string decides it for all of them.
    pub pin: Option<Pin>,
    /// What decides the tag in each configuration that uses the image.
    pub deciders: Vec<Decider>,
}

/// What decides a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// The name of the runner, with which those of its task families, its cluster and its invoker begin.
    pub runner: Known<String>,
    /// The way to the configuration in the inputs: `terraform_planner_config`, `container_images.kaniko`.
    pub configuration: String,
    /// The git repositories that the container may plan and apply, as its configuration lists them.
    pub repositories: Known<Vec<String>>,
    /// The way to the tag in the inputs: `terraform_planner_config.container_image.docker_tag`.
    pub input: String,
    /// The address of the ECR repository.
    pub uri: Known<ImageUri>,
    /// The tag that it gives.
    pub tag: Known<Tag>,
    /// The plain string that decides, if it is one.
    pub pin: Option<Pin>,
    /// The line that decides, if there is one.
    pub place: Option<Place>,
    /// What stands there.
    pub expression: String,
    /// How the tag came from there to the input.
    pub trail: Trail,
}

/// All images of a unit.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// The two that a deploy runner is made of; `None` where the unit configures nothing that uses the image.
    pub(super) own: BTreeMap<ImageName, Option<Box<ImageUse>>>,
    /// Any other that looks like one, such as that of a steampipe runner: named by its [`Decider::configuration`].
    pub(super) others: Vec<Decider>,
    /// What looks wrong and may be meant.
    pub(super) notes: Vec<Failure>,
}

impl Images {
    /// The images of a unit by what it passes to its module. What is certainly wrong goes to `problems`.
    pub(super) fn read(evaluator: &Evaluator<'_>, inputs: &Value, problems: &mut Vec<Failure>) -> Self {
        let found = find::containers(evaluator, inputs);
        let runner = find::runner(evaluator, inputs);
        let mut images = Self::default();
        let mut by_image: BTreeMap<ImageName, Vec<Decider>> = BTreeMap::new();
        for (image, container) in found {
            let decider = decide::decider(evaluator, &runner, container, problems);
            match image.or_else(|| decide::by_address(&decider)) {
                Some(image) => {
                    images.notes.extend(decide::looks_like_another(image, &decider));
                    by_image.entry(image).or_default().push(decider);
                }
                None => images.others.push(decider),
            }
        }
        for image in ImageName::ALL {
            let uses = by_image.remove(&image).and_then(|deciders| decide::image_use(image, deciders, problems));
            images.own.insert(image, uses.map(Box::new));
        }
        images
    }

    /// The images of everything that one folder deploys; where that is several things, each with its name in front.
    pub(super) fn joined(all: Vec<(Option<String>, Self)>, problems: &mut Vec<Failure>) -> Self {
        let mut joined = Self::default();
        let mut by_image: BTreeMap<ImageName, Vec<Decider>> = BTreeMap::new();
        for (name, mut images) in all {
            let named = |mut decider: Decider| {
                if let Some(name) = &name {
                    decider.configuration = format!("{name}.{}", decider.configuration);
                    decider.input = format!("{name}.{}", decider.input);
                }
                decider
            };
            joined.notes.append(&mut images.notes);
            joined.others.extend(images.others.into_iter().map(named));
            for (image, uses) in images.own {
                let deciders = uses.into_iter().flat_map(|uses| uses.deciders);
                by_image.entry(image).or_default().extend(deciders.map(named));
            }
        }
        let own =
            by_image.into_iter().map(|(image, all)| (image, decide::image_use(image, all, problems).map(Box::new)));
        joined.own.extend(own);
        joined
    }
}
