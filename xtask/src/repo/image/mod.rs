//! Which images a unit uses: address, tag, and what decides the tag.

mod decide;
mod find;

use std::collections::{BTreeMap, BTreeSet};

use super::hcl::{Evaluator, Value};
use super::pin::Pin;
use super::trail::Trail;
use crate::model::{Failure, ImageName, ImageUri, Known, Place, Tag};

/// What is said in the place of a tag where configurations get different ones.
const DIFFER: &str = "its configurations get different tags";

/// How a unit uses an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse {
    /// The address of the ECR repository.
    pub uri: Known<ImageUri>,
    /// The tag that the unit gets.
    pub tag: UnitTag,
    /// Where the tag is written, if one plain string decides it for all of them.
    pub pin: Option<Pin>,
    /// What decides the tag in each configuration that uses the image.
    pub deciders: Vec<Decider>,
}

/// The tag of an image in a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitTag {
    /// Every configuration that uses the image gets this one.
    One(Tag),
    /// The configurations get different ones; which, the deciders say.
    Differ,
    /// Why it can't be known.
    Unknown(String),
}

impl UnitTag {
    /// The tag that all configurations get.
    pub fn value(&self) -> Option<&Tag> {
        self.as_result().ok()
    }

    /// Why it can't be known.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Unknown(reason) => Some(reason),
            Self::One(_) | Self::Differ => None,
        }
    }

    /// The tag that all configurations get, or why there is no such tag.
    pub fn as_result(&self) -> Result<&Tag, &str> {
        match self {
            Self::One(tag) => Ok(tag),
            Self::Differ => Err(DIFFER),
            Self::Unknown(reason) => Err(reason),
        }
    }
}

impl ImageUse {
    /// Every tag that is known of it, each once.
    pub fn tags(&self) -> BTreeSet<&Tag> {
        self.deciders.iter().filter_map(|decider| decider.tag.value()).collect()
    }

    /// Whether every configuration gets the same tag as there, and is known as well or as little.
    pub fn has_tags_of(&self, other: &Self) -> bool {
        let tags = |uses: &Self| uses.deciders.iter().map(|it| (it.configuration.clone(), it.tag.clone())).collect();
        let (own, others): (BTreeMap<_, _>, BTreeMap<_, _>) = (tags(self), tags(other));
        self.tag == other.tag && own == others
    }
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

impl Decider {
    /// Whether its configuration is called so, where several runners are in one folder by its last name alone too.
    pub fn is_called(&self, name: &str) -> bool {
        self.configuration == name || self.configuration.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    }
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
            let uses = by_image.remove(&image).and_then(decide::image_use);
            images.own.insert(image, uses.map(Box::new));
        }
        images
    }

    /// Adds an image whose tag is an input of a module that isn't here.
    pub(super) fn add_stated(
        &mut self,
        evaluator: &Evaluator<'_>,
        (input, image): (&str, ImageName),
        tag: &Value,
        problems: &mut Vec<Failure>,
    ) {
        let reason = "only its module, which is not here, knows it";
        let container = find::Container {
            configuration: input.to_owned(),
            repositories: Value::unknown(reason),
            input: input.to_owned(),
            image: Value::map([("docker_tag".to_owned(), tag.clone())].into()),
        };
        let decider = decide::decider(evaluator, &Known::Unknown(reason.to_owned()), container, problems);
        let decider = Decider { uri: Known::Unknown(reason.to_owned()), ..decider };
        let known = self.own.remove(&image).flatten().map(|uses| uses.deciders);
        let all = known.into_iter().flatten().chain([decider]).collect();
        self.own.insert(image, decide::image_use(all).map(Box::new));
    }

    /// The images of a unit that is known to deploy a runner: where none of them is recognised as the runner's own, it is one
    /// of the others, or one that the inputs don't have.
    pub(super) fn of_runner(mut self, evaluator: &Evaluator<'_>) -> Self {
        let is_recognised = |image: ImageName| self.own.get(&image).is_some_and(Option::is_some);
        if !is_recognised(ImageName::DeployRunner) {
            let unnamed = decide::unnamed(evaluator, &self.others, is_recognised(ImageName::Kaniko));
            let uses = unnamed.and_then(|unnamed| decide::image_use(vec![unnamed]));
            self.own.insert(ImageName::DeployRunner, uses.map(Box::new));
        }
        self
    }

    /// The images of everything that one folder deploys; where that is several things, each with its name in front.
    pub(super) fn joined(all: Vec<(Option<String>, Self)>) -> Self {
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
        let own = by_image.into_iter().map(|(image, all)| (image, decide::image_use(all).map(Box::new)));
        joined.own.extend(own);
        joined
    }
}
