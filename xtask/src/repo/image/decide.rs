//! From a container's image in the inputs to address, tag, and the line that decides it.

use super::find::{self, Container};
use super::{Decider, ImageUse, UnitTag};
use crate::model::{Failure, ImageName, ImageUri, Known, Tag};
use crate::repo::hcl::{Evaluator, Kind, Origin, Value};
use crate::repo::pin::Pin;
use crate::repo::trail::Trail;
use crate::repo::unit::known_text;

/// Works out what a container gets. A tag that is none goes to `problems`.
pub(super) fn decider(
    evaluator: &Evaluator<'_>,
    runner: &Known<String>,
    container: Container,
    problems: &mut Vec<Failure>,
) -> Decider {
    let Container { configuration, repositories, input, image } = container;
    let (runner, repositories) = (runner.clone(), texts(evaluator, &repositories));
    let uri = field(evaluator, &image, "docker_image").and_then(parsed::<ImageUri>);
    let value = match field(evaluator, &image, "docker_tag") {
        Known::Value(value) => value,
        Known::Unknown(reason) => {
            let tag = Known::Unknown(reason);
            let (expression, trail) = (String::new(), Trail::default());
            let (pin, place) = (None, None);
            return Decider { runner, configuration, repositories, input, uri, tag, pin, place, expression, trail };
        }
    };
    let expression = match value.origin.first() {
        Origin::Literal(span) | Origin::Computed { span, .. } => span.excerpt(),
        Origin::Data { .. } | Origin::Datum { .. } | Origin::Via { .. } | Origin::Made => {
            value.as_str().unwrap_or_default().to_owned()
        }
    };
    let place = value.origin.place();
    let (pin, trail) = (Pin::of(&value, evaluator.files), Trail::of(&value));
    let is_text = value.as_str().is_some();
    let tag = parsed::<Tag>(value);
    if let (true, Known::Unknown(why)) = (is_text, &tag) {
        let failure = Failure::refused(format!("the tag of `{configuration}` is wrong: {why}"));
        problems.push(place.iter().cloned().fold(failure, Failure::at));
    }
    Decider { runner, configuration, repositories, input, uri, tag, pin, place, expression, trail }
}

/// A list of strings; null is an empty one.
fn texts(evaluator: &Evaluator<'_>, value: &Value) -> Known<Vec<String>> {
    let value = evaluator.whole(value).map_err(|fault| fault.in_one_line());
    let texts = value.and_then(|value| match &value.kind {
        Kind::Null => Ok(Vec::new()),
        Kind::List(items) => {
            items.iter().map(|item| known_text(item).as_result().cloned().map_err(str::to_owned)).collect()
        }
        _ => Err(value.unknown_reason().map_or_else(|| "it is no list".to_owned(), ToString::to_string)),
    });
    texts.map_or_else(Known::Unknown, Known::Value)
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

/// Which of the two images an address is that of, by the name of its repository.
pub(super) fn by_address(decider: &Decider) -> Option<ImageName> {
    let repository = decider.uri.value()?.repository();
    let name = repository.rsplit('/').next().unwrap_or(repository);
    match name {
        "kaniko" => Some(ImageName::Kaniko),
        "deploy-runner" | "ecs-deploy-runner" => Some(ImageName::DeployRunner),
        _ => None,
    }
}

/// The decider of the runner's own image where none was recognised: the first of the others that may be it, with its tag
/// unknown. `None` where there is none, and the unit needs none, since it only builds images.
pub(super) fn unnamed(evaluator: &Evaluator<'_>, others: &[Decider], builds_images: bool) -> Option<Decider> {
    let is_steampipe = |other: &&Decider| {
        other.uri.value().is_some_and(|uri| uri.repository().rsplit('/').next() == Some("steampipe-runner"))
    };
    match others.iter().find(|other| !is_steampipe(other)) {
        Some(other) => {
            let image = other.uri.value().map_or_else(|| "an unknown address".to_owned(), |uri| format!("`{uri}`"));
            let reason = format!(
                "`{}` has its image from {image}, and nothing says which of the two it is: let its key or the last part of \
                 its address be `deploy-runner` or `kaniko`",
                other.configuration
            );
            Some(Decider { tag: Known::Unknown(reason), pin: None, ..other.clone() })
        }
        None if builds_images => None,
        None => {
            let reason = "none of its inputs names an image of the runner";
            let missing = find::missing("terraform_planner_config", &reason.into());
            Some(decider(evaluator, &Known::Unknown(reason.to_owned()), missing, &mut Vec::new()))
        }
    }
}

/// A note if the address or the tag is named after the other image. Which image a container has to be is decided by what
/// it does; a name is only a name.
pub(super) fn looks_like_another(image: ImageName, decider: &Decider) -> Option<Failure> {
    let (uri, tag) = (decider.uri.value()?, decider.tag.value()?);
    let kaniko = [uri.repository(), tag.as_str()].iter().any(|name| name.contains("kaniko"));
    let runner = uri.repository().contains("deploy-runner");
    let named = match image {
        ImageName::DeployRunner if kaniko => ImageName::Kaniko,
        ImageName::Kaniko if runner && !kaniko => ImageName::DeployRunner,
        _ => return None,
    };
    let what = format!("`{}` needs the image {image}, and gets one that is named like {named}", decider.configuration);
    let note = Failure::refused(what).detail(format!("{uri}:{tag}"));
    Some(decider.place.iter().cloned().fold(note, Failure::at))
}

/// Puts together what all containers with one image get; `None` if there are none.
pub(super) fn image_use(mut deciders: Vec<Decider>) -> Option<ImageUse> {
    // They live as long as the repository, and a list that grew has room for twice as many.
    deciders.shrink_to_fit();
    let first = deciders.first()?;
    let pin = first.pin.clone().filter(|pin| deciders.iter().all(|decider| decider.pin.as_ref() == Some(pin)));
    let unknown = deciders.iter().find_map(|decider| decider.tag.reason());
    let tag = match (agreed(deciders.iter().map(|decider| &decider.tag)), unknown) {
        (Some(Known::Value(tag)), _) => UnitTag::One(tag),
        (Some(Known::Unknown(reason)), _) => UnitTag::Unknown(reason),
        (None, Some(reason)) => UnitTag::Unknown(reason.to_owned()),
        (None, None) => UnitTag::Differ,
    };
    let differ = || Known::Unknown("the configurations that use the image name different addresses".to_owned());
    let uri = agreed(deciders.iter().map(|decider| &decider.uri)).unwrap_or_else(differ);
    Some(ImageUse { uri, tag, pin, deciders })
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
