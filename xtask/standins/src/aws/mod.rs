//! Stands in for the AWS CLI, version 2: what turns a profile into keys, and says whose they are.

mod args;
mod configure;

use std::env::consts::{ARCH, OS};
use std::ffi::OsString;

use serde_json::{Value, json};

use crate::args::lossy;
use crate::cloud::ecs;
use crate::keys::{Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

/// Acts as the AWS CLI.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    let call = match args::read(&lossy(args))? {
        None => {
            let os = if OS == "macos" { "Darwin/24.6.0" } else { "Linux/6.8.0" };
            out::line(&format!("aws-cli/2.31.0 Python/3.13.7 {os} exe/{ARCH}"));
            return Ok(());
        }
        Some(call) => call,
    };
    let answer = match (call.service.as_str(), call.operation.as_str()) {
        ("configure", "export-credentials") => return configure::export_credentials(world, &call),
        ("sts", "get-caller-identity") => {
            let keys = keys(world, "GetCallerIdentity")?;
            json!({ "UserId": keys.user_id(), "Account": keys.account, "Arn": keys.arn(world) })
        }
        ("ecs", "deregister-task-definition") => {
            let keys = keys(world, "DeregisterTaskDefinition")?;
            let named = call.value("task-definition").and_then(|name| name.rsplit_once(':'));
            let named = named.and_then(|(family, revision)| Some((family, revision.parse::<u64>().ok()?)));
            let region = call.value("region");
            let (Some((family, revision)), Some(region)) = (named, region) else {
                let what = "the stand-in for aws needs `--region` and `--task-definition FAMILY:REVISION`";
                return Err(Refusal::new(1, format!("rehearsal: {what}")));
            };
            ecs::deregister(world, &keys.account, region, family, revision)?;
            let arn = ecs::arn(&keys.account, region, family, revision);
            json!({ "taskDefinition": { "taskDefinitionArn": arn, "family": family, "revision": revision, "status": "INACTIVE" } })
        }
        (service, operation) => {
            return Err(Refusal::new(1, format!("rehearsal: the stand-in for aws has no `{service} {operation}`")));
        }
    };
    print(&answer);
    Ok(())
}

fn print(answer: &Value) {
    // The CLI indents by four.
    let text = format!("{answer:#}");
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        format!("{}{line}", " ".repeat(indent))
    });
    out::line(&lines.collect::<Vec<_>>().join("\n"));
}

/// The keys in the environment.
fn keys(world: &World, operation: &str) -> Outcome<Keys> {
    Keys::from_env(world).map_err(|none| match none {
        NoKeys::Missing => {
            Refusal::new(253, "\nUnable to locate credentials. You can configure credentials by running \"aws login\".")
        }
        NoKeys::Unknown => service_error(
            operation,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    })
}

/// An error that the service answered: exit code 254.
fn service_error(operation: &str, code: &str, message: &str) -> Refusal {
    Refusal::new(254, format!("\nAn error occurred ({code}) when calling the {operation} operation: {message}"))
}
