//! Container definitions of ECS: JSON inside an attribute, which AWS gives back with more in it than was written.

use serde_json::{Map, Value};

/// The attribute of a task definition that has them.
pub(super) const ATTRIBUTE: &str = "container_definitions";

/// The same without what means nothing, so that what was written and what AWS gives back for it are alike: empty parts,
/// defaults, and the order of environment variables and secrets.
pub(super) fn plain(definitions: Value) -> Value {
    match definitions {
        Value::Array(containers) => Value::Array(containers.into_iter().map(container).collect()),
        other => other,
    }
}

fn container(value: Value) -> Value {
    let Value::Object(parts) = without_empty(value) else { return Value::Null };
    let is_default = |name: &str, value: &Value| match name {
        "cpu" => *value == 0,
        "essential" => *value == true,
        _ => false,
    };
    let part = |(name, value): (String, Value)| match name.as_str() {
        "environment" => (name, by_name(value, "value")),
        "secrets" => (name, by_name(value, "valueFrom")),
        _ => (name, value),
    };
    Value::Object(parts.into_iter().filter(|(name, value)| !is_default(name, value)).map(part).collect())
}

fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(parts) => parts.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(parts) => {
            let parts = parts.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(parts.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(parts) => Value::Array(parts.into_iter().map(without_empty).collect()),
        other => other,
    }
}

/// A list of names with values as an object; anything else stays as it is, and so does a list with a name that repeats.
fn by_name(list: Value, value: &str) -> Value {
    let entry = |item: &Value| Some((item["name"].as_str()?.to_owned(), item.get(value).cloned().unwrap_or_default()));
    let entries: Option<Map<_, _>> = list.as_array().and_then(|items| items.iter().map(entry).collect());
    let n_items = list.as_array().map_or(0, Vec::len);
    entries.filter(|entries| entries.len() == n_items).map_or(list, Value::Object)
}

/// The images in container definitions; `None` if they can't be read.
pub(super) fn images(text: &str) -> Option<Vec<String>> {
    let definitions: Value = serde_json::from_str(text).ok()?;
    definitions.as_array()?.iter().map(|container| container["image"].as_str().map(str::to_owned)).collect()
}

/// Whether the last name of a path says that an image is there.
pub fn is_image_path(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).split('[').next().unwrap_or_default().to_ascii_lowercase();
    name == "image" || name.ends_with("_image") || name.ends_with("image_uri")
}

/// The repository and the tag of an image; `None` if it has no tag, or is no image at all. An address may have a password
/// where an image has its tag.
pub fn split(image: &str) -> Option<(&str, &str)> {
    let image = match image.split_once('@') {
        Some((image, digest)) => digest.starts_with("sha256:").then_some(image)?,
        None => image,
    };
    let (repository, tag) = image.rsplit_once(':')?;
    let is_tag = !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let is_repository = repository.contains('/') && !repository.contains("//") && !repository.contains(' ');
    (is_tag && is_repository && !repository.starts_with("arn:")).then_some((repository, tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_written_and_what_aws_gives_back_are_alike() {
        let written = json!([{ "name": "r", "image": "x/y:v1", "environment": [{ "name": "B", "value": "2" }, { "name": "A", "value": "1" }] }]);
        let given = json!([{
            "name": "r", "image": "x/y:v1", "cpu": 0, "essential": true, "mountPoints": [], "portMappings": [], "volumesFrom": [],
            "environment": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }], "systemControls": [],
        }]);
        assert_eq!(plain(written), plain(given));
    }

    #[test]
    fn variable_that_is_there_twice_hides_nothing() {
        let environment = |values: &[&str]| {
            let variables: Vec<_> = values.iter().map(|value| json!({ "name": "A", "value": value })).collect();
            plain(json!([{ "name": "r", "environment": variables }]))
        };
        assert_ne!(environment(&["evil", "1"]), environment(&["1"]));
    }

    #[test]
    fn images_are_split_at_their_tag() {
        for (image, parts) in [
            (
                "1.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner:v1.3.0",
                Some(("1.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner", "v1.3.0")),
            ),
            ("localhost:5000/a:v1@sha256:00", Some(("localhost:5000/a", "v1"))),
            ("localhost:5000/a", None),
            ("alpine", None),
            ("https://user:TOKEN@github.com/x", None),
            ("user/x:TOKEN@github.com/x", None),
            ("https://github.com/x:v1", None),
            ("arn:aws:ecs:us-east-1:1:task-definition/a:3", None),
        ] {
            assert_eq!(split(image), parts, "{image}");
        }
    }
}
