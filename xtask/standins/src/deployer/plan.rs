//! `terraform-planner infrastructure-deploy-script`: plans a unit of the git repository in a task of the runner's, which
//! starts only if ECS finds its image, its secrets and its network.

use super::{deployment_failed, failed, info, options_of, told};
use crate::args::{Known, Parsed, Takes};
use crate::clock;
use crate::cloud::ecr::{self, Place};
use crate::cloud::ecs;
use crate::cloud::tasks::{self, Task};
use crate::keys::Keys;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

/// The options that pipelines in the wild pass, and the documentation shows.
const FLAGS: &[Known] = &[
    ("apply-ref-for-destroy", Takes::Value),
    ("binary", Takes::Value),
    ("command", Takes::Value),
    ("command-args", Takes::Value),
    ("deploy-path", Takes::Value),
    ("force-https", Takes::Value),
    ("ref", Takes::Value),
    ("repo", Takes::Value),
];

/// The commands that the planner lets through, as pipelines route them.
const COMMANDS: [&str; 4] = ["plan", "plan-all", "validate", "validate-all"];

/// What ECS says of tasks that are made not to start, by name.
const NOT_STARTED: [(&str, &str); 4] = [
    (
        "pull",
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref: not found",
    ),
    (
        "secret",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to \
         retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret from secrets manager: \
         ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    ),
    (
        "secret-denied",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to \
         retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: User is not authorized to \
         perform: secretsmanager:GetSecretValue",
    ),
    (
        "network",
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon \
         ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
    ),
];

/// Reads the options, as strictly as the invoker does.
pub(super) fn options(options: &[String]) -> Outcome<Parsed> {
    let options = options_of(FLAGS, options)?;
    for required in ["ref", "binary", "command"] {
        match options.value(required) {
            None => return Err(failed(&format!("required option --{required} is missing"))),
            Some("") => return Err(failed("IndexError: pop from an empty deque")),
            Some(_) => {}
        }
    }
    let restricted = [
        ("command", &COMMANDS[..]),
        ("binary", &["terragrunt", "terraform", "tofu"]),
        ("force-https", &["true", "false"]),
    ];
    for (name, allowed) in restricted {
        if let Some(value) = options.value(name).filter(|value| !allowed.contains(value)) {
            return Err(failed(&format!(
                "OptionRegexRestrictedError: Provided value for option {name} ({value}) does not match regex"
            )));
        }
    }
    let is_git = |repo: &&str| (repo.starts_with("https://") || repo.starts_with("git@")) && repo.ends_with(".git");
    if let Some(repo) = options.value("repo").filter(|repo| !is_git(repo)) {
        return Err(failed(&format!(
            "OptionRegexRestrictedError: Provided value for option repo ({repo}) does not match regex"
        )));
    }
    Ok(options)
}

/// The runner that an invoker belongs to.
pub(super) fn runner_of(invoker: Option<&str>) -> Outcome<&str> {
    let invoker = invoker.unwrap_or("ecs-deploy-runner-invoker");
    let runner = invoker.strip_suffix("-invoker");
    runner.ok_or_else(|| failed(&format!("ResourceNotFoundException: Function not found: {invoker}")))
}

/// Plans.
pub(super) fn run(world: &World, region: &str, keys: &Keys, runner: &str, options: &Parsed) -> Outcome {
    let path = options.value("deploy-path").unwrap_or(".");
    let pause = || clock::pause(world.settings.pace_ms / 6);
    info(&format!("Invoking Lambda function {runner}-invoker to trigger deployment."));
    pause();
    let all = ecs::read(world, &keys.account)?;
    if !ecs::has_runner(&all, region, runner) {
        return Err(failed(&format!("ResourceNotFoundException: Function not found: {runner}-invoker")));
    }
    let how = world.start_of_plans();
    if how == Some("option") {
        return Err(deployment_failed(
            "OptionNotInAllowedOptionsError: Option --deploy-path is not in the provided list",
        ));
    }
    info(&format!("Successfully invoked Lambda function {runner}-invoker"));
    let task = tasks::arn(region, &keys.account, path);
    tasks::set(world, &keys.account, &task, Task::pending())?;
    info(&format!("Waiting for ECS task {task} to start"));
    pause();
    if how == Some("timeout") {
        return Err(failed("timed out waiting for the ECS task"));
    }
    if let Some(reason) = not_started(world, region, keys, runner, how)? {
        tasks::set(world, &keys.account, &task, Task::not_started(&reason))?;
        return Err(failed(&format!("ECS Task failed to start. Reason: {reason}")));
    }
    tasks::set(world, &keys.account, &task, Task::running())?;
    info(&format!("Deployment ECS Task {task} has started. Streaming logs."));
    world.pass_build_gate(&keys.account)?;
    told(&format!("Running {} {} in {path}", options.value("binary").unwrap_or_default(), "plan"));
    let fails = how == Some("plan");
    tasks::end(world, &keys.account, &task, i32::from(fails))?;
    if fails {
        return Err(deployment_failed("Error: the state is locked"));
    }
    told("No changes. Your infrastructure matches the configuration.");
    info("Deployment succeeded");
    Ok(())
}

/// Why the container can't start: because a fault says so, or because the image of its task definition is not in ECR.
fn not_started(world: &World, region: &str, keys: &Keys, runner: &str, how: Option<&str>) -> Outcome<Option<String>> {
    match how.map(|how| (how, NOT_STARTED.iter().find(|(name, _)| *name == how))) {
        Some((_, Some((_, reason)))) => return Ok(Some((*reason).to_owned())),
        Some(("plan", None)) | None => {}
        Some((how, None)) => {
            return Err(Refusal::new(1, format!("rehearsal: starts can't be made to fail by `{how}`")));
        }
    }
    let family = format!("{runner}-terraform-planner");
    let image = ecs::newest_image(world, &keys.account, region, &family)?;
    let Some(place) = image.as_deref().and_then(Place::parse) else {
        return Err(failed(&format!("ClientException: no task definition {family}")));
    };
    let there = ecr::read(world, &place.account)?;
    let images = there.get(&place.region).and_then(|region| region.get(&place.repository));
    let is_there = images.is_some_and(|images| images.iter().any(|image| image.image_tags.contains(&place.tag)));
    let reason = || format!("CannotPullContainerError: failed to resolve ref {}: not found", image.unwrap_or_default());
    Ok((!is_there).then(reason))
}
