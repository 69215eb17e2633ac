//! Which images a unit uses: address, tag, and what decides the tag.

use std::collections::BTreeMap;

use super::hcl::{Evaluator, Kind, Origin, Value};
use super::pin::Pin;
use crate::model::{Failure, ImageName, ImageUri, Known, Place, Tag};

/// The inputs that configure a container, and the image that each uses.
const CONFIGURATIONS: [(&str, ImageName); 4] = [
    ("terraform_planner_config", ImageName::DeployRunner),
    ("terraform_applier_config", ImageName::DeployRunner),
    ("ami_builder_config", ImageName::DeployRunner),
    ("docker_image_builder_config", ImageName::Kaniko),
];

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
    /// The input, such as `terraform_planner_config`.
    pub configuration: &'static str,
    /// The tag that it gives.
    pub tag: Known<Tag>,
    /// The plain string that decides, if it is one.
    pub pin: Option<Pin>,
    /// The line that decides, if there is one.
    pub place: Option<Place>,
    /// What stands there.
    pub expression: String,
}

/// The images of a unit by its inputs. `None` means that the unit configures nothing that uses the image.
pub(super) fn images(
    evaluator: &Evaluator<'_>,
    inputs: &Value,
    problems: &mut Vec<Failure>,
) -> BTreeMap<ImageName, Option<ImageUse>> {
    let of = |image| image_use(evaluator, inputs, image, problems);
    ImageName::ALL.into_iter().zip(ImageName::ALL.map(of)).collect()
}

fn image_use(
    evaluator: &Evaluator<'_>,
    inputs: &Value,
    image: ImageName,
    problems: &mut Vec<Failure>,
) -> Option<ImageUse> {
    let mut uris: Vec<Known<ImageUri>> = Vec::new();
    let mut deciders: Vec<Decider> = Vec::new();
    for (configuration, _) in CONFIGURATIONS.into_iter().filter(|(_, uses)| *uses == image) {
        let found = match container_image(evaluator, inputs, configuration) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(reason) => Value::unknown(reason),
        };
        uris.push(field(evaluator, &found, "docker_image").and_then(parsed::<ImageUri>));
        let tag = field(evaluator, &found, "docker_tag");
        deciders.push(decider(configuration, tag, problems));
    }
    let first = deciders.first()?;
    let pin = first.pin.clone().filter(|pin| deciders.iter().all(|decider| decider.pin.as_ref() == Some(pin)));
    let tag = agreed(deciders.iter().map(|decider| &decider.tag)).unwrap_or_else(|| {
        problems.push(disagreement(image, &deciders));
        Known::Unknown("the configurations that use the image disagree".to_owned())
    });
    let differ = || Known::Unknown("the configurations that use the image name different addresses".to_owned());
    let uri = agreed(uris.iter()).unwrap_or_else(differ);
    Some(ImageUse { uri, tag, pin, deciders })
}

/// The `container_image` of a configuration; `None` if it is not configured.
fn container_image(
    evaluator: &Evaluator<'_>,
    inputs: &Value,
    configuration: &'static str,
) -> Result<Option<Value>, String> {
    let Kind::Map(map) = &inputs.kind else {
        return inputs.unknown_reason().map_or(Ok(None), |reason| Err(reason.to_string()));
    };
    let value = match (map.entries.get(configuration), &map.open) {
        (Some(value), _) => value,
        (None, Some(reason)) => return Err(reason.to_string()),
        (None, None) => return Ok(None),
    };
    if value.is_null() {
        return Ok(None);
    }
    let image = evaluator.member(value, "container_image");
    image.map(Some).map_err(|_| format!("`{configuration}` has no `container_image`"))
}

fn field(evaluator: &Evaluator<'_>, image: &Value, name: &str) -> Known<Value> {
    match evaluator.member(image, name) {
        Ok(value) => match value.unknown_reason() {
            // What decides an unknown tag is told by the value, so it is kept.
            Some(reason) if name != "docker_tag" => Known::Unknown(reason.to_string()),
            _ => Known::Value(value),
        },
        Err(_) => Known::Unknown(format!("`container_image` has no `{name}`")),
    }
}

fn parsed<T: std::str::FromStr<Err = String>>(value: Value) -> Known<T> {
    match (value.as_str(), value.unknown_reason()) {
        (Some(text), _) => text.parse().map_or_else(Known::Unknown, Known::Value),
        (None, Some(reason)) => Known::Unknown(reason.to_string()),
        (None, None) => Known::Unknown(format!("{} stands where a string belongs", value.kind_name())),
    }
}

fn decider(configuration: &'static str, value: Known<Value>, problems: &mut Vec<Failure>) -> Decider {
    let value = match value {
        Known::Value(value) => value,
        Known::Unknown(reason) => {
            let tag = Known::Unknown(reason);
            return Decider { configuration, tag, pin: None, place: None, expression: String::new() };
        }
    };
    let expression = match value.origin.first() {
        Origin::Literal(span) | Origin::Computed { span, .. } => span.excerpt(),
        Origin::Data { .. } | Origin::Via { .. } | Origin::Made => value.as_str().unwrap_or_default().to_owned(),
    };
    let place = value.origin.place();
    let pin = Pin::of(&value);
    let is_text = value.as_str().is_some();
    let tag = parsed::<Tag>(value);
    if let (true, Known::Unknown(why)) = (is_text, &tag) {
        let failure = Failure::refused(format!("the tag of `{configuration}` is wrong: {why}"));
        problems.push(place.iter().cloned().fold(failure, Failure::at));
    }
    Decider { configuration, tag, pin, place, expression }
}

/// The value that all agree on: unknown if one is unknown, `None` if two known ones differ.
fn agreed<'k, T: Clone + PartialEq + 'k>(all: impl Iterator<Item = &'k Known<T>>) -> Option<Known<T>> {
    let mut agreed: Option<&Known<T>> = None;
    let mut unknown = None;
    for one in all {
        match (one, agreed) {
            (Known::Unknown(_), _) => unknown = unknown.or(Some(one)),
            (Known::Value(_), None) => agreed = Some(one),
            (Known::Value(_), Some(other)) if one == other => {}
            (Known::Value(_), Some(_)) => return None,
        }
    }
    unknown.or(agreed).cloned()
}

fn disagreement(image: ImageName, deciders: &[Decider]) -> Failure {
    let mut failure = Failure::refused(format!("the configurations that use the image `{image}` have different tags"));
    for decider in deciders {
        let tag = decider.tag.value().map_or("unknown", Tag::as_str);
        failure = failure.detail(format!("{} gets {tag}", decider.configuration));
        failure = decider.place.iter().cloned().fold(failure, Failure::at);
    }
    failure.hint("let all of them refer to the same local")
}
