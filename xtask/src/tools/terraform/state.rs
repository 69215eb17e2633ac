//! A state as `terraform show -json` prints it: the state of a unit, or the one that a plan was made from.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::Value;

/// What a state has in it, as far as this program reads it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The managed resources of all modules.
    pub resources: Vec<Resource>,
    /// The outputs of the root module.
    pub outputs: BTreeMap<String, Value>,
}

/// A managed resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Its whole address.
    pub address: String,
    /// Its type, such as `aws_ecs_task_definition`.
    pub kind: String,
    /// Its attributes.
    pub values: Value,
    /// Which of them are sensitive, in the same shape.
    pub sensitive: Value,
}

impl State {
    /// Reads what `terraform show -json` printed of a state: exactly one document.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let document: Value = serde_json::from_str(text).context("it is not one document of JSON")?;
        match document["format_version"].as_str() {
            Some(version) if version.starts_with("1.") || version.starts_with("0.") => {}
            Some(version) => bail!("the state has format version {version}, and only 0.x and 1.x are known"),
            None => bail!("it is no state as Terraform prints it"),
        }
        if document.get("resource_changes").is_some() {
            bail!("it is a plan, not a state");
        }
        Ok(Self::of(&document["values"]))
    }

    /// The state from which a plan was made, by what `show -json` printed of the plan.
    pub fn before(plan: &str) -> anyhow::Result<Self> {
        let document: Value = serde_json::from_str(plan).context("it is not one document of JSON")?;
        Ok(Self::of(&document["prior_state"]["values"]))
    }

    /// What is in the `values` of a document.
    pub(super) fn of(values: &Value) -> Self {
        let mut resources = Vec::new();
        collect(&values["root_module"], &mut resources);
        let outputs = values["outputs"].as_object().into_iter().flatten();
        let outputs = outputs.map(|(name, output)| (name.clone(), output["value"].clone())).collect();
        Self { resources, outputs }
    }
}

fn collect(module: &Value, found: &mut Vec<Resource>) {
    let resources = module["resources"].as_array().into_iter().flatten();
    found.extend(resources.filter(|resource| resource["mode"] == "managed").map(|resource| Resource {
        address: resource["address"].as_str().unwrap_or("a resource").to_owned(),
        kind: resource["type"].as_str().unwrap_or_default().to_owned(),
        values: resource["values"].clone(),
        sensitive: resource["sensitive_values"].clone(),
    }));
    module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, found));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn managed_resources_of_all_modules_and_the_outputs_are_read() {
        let resource = |mode: &str, name: &str| json!({ "address": name, "mode": mode, "type": "aws_x", "values": {} });
        let inner = json!({ "resources": [resource("managed", "module.m.aws_x.b"), resource("data", "data.aws_x.c")] });
        let state = json!({ "format_version": "1.0", "values": {
            "outputs": { "o": { "value": [1], "sensitive": false } },
            "root_module": { "resources": [resource("managed", "aws_x.a")], "child_modules": [inner] },
        }});
        let state = State::read(&state.to_string()).unwrap();
        let addresses: Vec<_> = state.resources.iter().map(|resource| resource.address.as_str()).collect();
        assert_eq!(addresses, ["aws_x.a", "module.m.aws_x.b"]);
        assert_eq!(state.outputs["o"], json!([1]));
        assert_eq!(State::read(r#"{"format_version":"1.0"}"#).unwrap(), State::default());
    }

    #[test]
    fn whatever_is_no_state_is_an_error() {
        let two = "{\"format_version\":\"1.0\"}\n{\"format_version\":\"1.0\"}";
        let plan = r#"{"format_version":"1.2","resource_changes":[]}"#;
        for text in ["", "{}", "not JSON", two, plan, r#"{"format_version":"2.0"}"#] {
            assert!(State::read(text).is_err(), "{text}");
        }
    }
}
