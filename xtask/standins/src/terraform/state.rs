//! The state of a unit, in the form of Terraform's own state files, one per account and key.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::VERSION;
use super::resource::{Attributes, MODULE, Resource};
use crate::refusal::Outcome;
use crate::store;

/// A state file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    terraform_version: String,
    pub(super) serial: u64,
    pub(super) lineage: String,
    outputs: Map<String, Value>,
    resources: Vec<Entry>,
    check_results: Option<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    module: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    provider: String,
    instances: Vec<Instance>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Instance {
    schema_version: u32,
    attributes: Attributes,
}

impl Default for State {
    fn default() -> Self {
        Self {
            version: 4,
            terraform_version: VERSION.to_owned(),
            serial: 0,
            lineage: String::new(),
            outputs: Map::new(),
            resources: Vec::new(),
            check_results: None,
        }
    }
}

impl State {
    /// Reads a state; where there is none, it is empty and has no lineage.
    pub(super) fn read(file: &Path) -> Outcome<Self> {
        store::read(file)
    }

    /// The resources in it.
    pub(super) fn resources(&self) -> Vec<Resource> {
        let resource = |entry: &Entry| {
            let attributes = entry.instances.first()?.attributes.clone();
            Some(Resource { kind: entry.kind.clone(), name: entry.name.clone(), attributes })
        };
        self.resources.iter().filter_map(resource).collect()
    }

    /// Writes the state that follows this one.
    pub(super) fn write_next(&self, file: &Path, lineage: &str, resources: &[Resource]) -> Outcome {
        let entry = |resource: &Resource| Entry {
            module: MODULE.to_owned(),
            mode: "managed".to_owned(),
            kind: resource.kind.clone(),
            name: resource.name.clone(),
            provider: "provider[\"registry.terraform.io/hashicorp/aws\"]".to_owned(),
            instances: vec![Instance { schema_version: 1, attributes: resource.attributes.clone() }],
        };
        let next = Self {
            serial: self.serial + 1,
            lineage: if self.lineage.is_empty() { lineage.to_owned() } else { self.lineage.clone() },
            resources: resources.iter().map(entry).collect(),
            ..self.clone()
        };
        store::write(file, &next)
    }
}
