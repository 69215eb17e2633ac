//! The resources of the module: what they are in a state, and what the inputs want them to be.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::error;
use crate::digest;
use crate::refusal::Outcome;
use crate::unit::{Unit, hcl};

/// The module that holds them all.
pub(super) const MODULE: &str = "module.ecs_deploy_runner";

pub(super) const TASK: &str = "aws_ecs_task_definition";
pub(super) const POLICY: &str = "aws_iam_policy";
pub(super) const LAMBDA: &str = "aws_lambda_function";

/// Attributes of a resource.
pub(super) type Attributes = Map<String, Value>;

/// A resource with its attributes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resource {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) attributes: Attributes,
}

impl Resource {
    /// `module.ecs_deploy_runner.TYPE.NAME`.
    pub(super) fn address(&self) -> String {
        address(&self.kind, &self.name)
    }

    /// An attribute that is a string, or nothing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(super) fn address(kind: &str, name: &str) -> String {
    format!("{MODULE}.{kind}.{name}")
}

/// What the module is given.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    pub(crate) region: String,
    /// The image of each task definition, `URI:TAG` by name.
    pub(crate) images: Vec<(&'static str, String)>,
}

impl Inputs {
    /// What a folder's module is given: by terragrunt in the environment, or by the folder itself and its files of values.
    /// What the rehearsal of a copy has written down of it comes first.
    pub(super) fn of<'a>(world: &Path, folder: &Path, var_files: impl Iterator<Item = &'a str>) -> Outcome<Self> {
        let text = super::configuration(folder);
        if !text.contains("module \"") {
            return Self::from_env();
        }
        if let Some(unit) = Unit::told(world, folder).map_err(|refusal| error("rehearsal: no facts", &refusal.text))? {
            return Ok(Self { images: unit.images(), region: unit.region });
        }
        let automatic = folder.join("terraform.tfvars");
        let files = std::iter::once(automatic).chain(var_files.map(PathBuf::from));
        let values: Vec<_> = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
        let resolved = |name: &str| {
            let value = hcl::value(&text, name)?;
            match value.strip_prefix("var.") {
                Some(variable) => values.iter().rev().find_map(|text| hcl::string(text, variable)),
                None => hcl::string(&text, name),
            }
        };
        let missing = |name: &str| {
            error("rehearsal: no value", &format!("the stand-in for terraform can't make out `{name}` of this folder"))
        };
        let part = |name: &str| resolved(name).ok_or_else(|| missing(name));
        let image = format!("{}:{}", part("docker_image")?, part("docker_tag")?);
        let images = vec![("planner", image.clone()), ("applier", image)];
        Ok(Self { region: part("region")?, images })
    }

    /// Reads the variables that terragrunt sets.
    fn from_env() -> Outcome<Self> {
        let mut images = Vec::new();
        for (task, variable) in [
            ("planner", "terraform_planner_config"),
            ("applier", "terraform_applier_config"),
            ("image_builder", "docker_image_builder_config"),
        ] {
            match Self::image(variable) {
                Some(image) => images.push((task, image)),
                None if task == "image_builder" => {}
                None => {
                    return Err(error(
                        "No value for required variable",
                        &format!("The root module input variable \"{variable}\" is not set, and has no default value."),
                    ));
                }
            }
        }
        Ok(Self { region: env::var("TF_VAR_aws_region").unwrap_or_else(|_| "us-east-1".to_owned()), images })
    }

    fn image(variable: &str) -> Option<String> {
        let config: Value = serde_json::from_str(&env::var(format!("TF_VAR_{variable}")).ok()?).ok()?;
        let image = config.get("container_image")?;
        Some(format!("{}:{}", image.get("docker_image")?.as_str()?, image.get("docker_tag")?.as_str()?))
    }

    /// The variables as the JSON of a plan has them.
    pub(super) fn variables(&self) -> Value {
        let mut variables = Map::new();
        for (task, image) in &self.images {
            let (uri, tag) = image.rsplit_once(':').unwrap_or((image, ""));
            let variable = match *task {
                "planner" => "terraform_planner_config",
                "applier" => "terraform_applier_config",
                _ => "docker_image_builder_config",
            };
            let config = json!({ "container_image": { "docker_image": uri, "docker_tag": tag } });
            variables.insert(variable.to_owned(), json!({ "value": config }));
        }
        variables.insert("aws_region".to_owned(), json!({ "value": self.region }));
        Value::Object(variables)
    }

    /// What the resources shall be, without what only AWS knows.
    pub(super) fn wanted(&self) -> Vec<Resource> {
        let tasks = self.images.iter().map(|(task, image)| task_definition(task, image));
        let bundle = self.images.iter().map(|(_, image)| image.as_str()).collect::<Vec<_>>().join(" ");
        let policy = json!({ "name": "ecs-deploy-runner-invoke", "path": "/" });
        let lambda = json!({
            "function_name": "ecs-deploy-runner-invoker",
            "handler": "index.handler",
            "runtime": "python3.12",
            "source_code_hash": digest::hex(&bundle, 44),
        });
        let others = [(POLICY, "invoke", policy), (LAMBDA, "invoker", lambda)];
        tasks.chain(others.map(|(kind, name, attributes)| resource(kind, name, attributes))).collect()
    }
}

fn task_definition(task: &str, image: &str) -> Resource {
    let container = match task {
        "image_builder" => "docker-image-builder".to_owned(),
        _ => format!("terraform-{task}"),
    };
    let containers = json!([{ "name": "ecs-deploy-runner", "image": image, "essential": true }]);
    let attributes = json!({
        "family": format!("ecs-deploy-runner-{container}"),
        "container_definitions": containers.to_string(),
        "cpu": "1024",
        "memory": "8192",
        "network_mode": "awsvpc",
        "requires_compatibilities": ["EC2", "FARGATE"],
    });
    resource(TASK, task, attributes)
}

fn resource(kind: &str, name: &str, attributes: Value) -> Resource {
    let attributes = attributes.as_object().cloned().unwrap_or_default();
    Resource { kind: kind.to_owned(), name: name.to_owned(), attributes }
}

/// The policy that allows running these task definitions.
pub(super) fn policy_of(task_arns: &[&str]) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "ecs:RunTask", "Resource": task_arns }],
    })
    .to_string()
}
