//! `docker-image-builder build-docker-image`: builds and pushes an image.

use super::{deployment_failed, failed, info, options_of, told};
use crate::args::{Known, Parsed, Takes};
use crate::clock;
use crate::cloud::ecr::{self, Place, Pushed};
use crate::cloud::tasks::{self, Task};
use crate::keys::Keys;
use crate::partition;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

const BUILD_FLAGS: &[Known] = &[
    ("build-arg", Takes::Value),
    ("context-path", Takes::Value),
    ("docker-image-tag", Takes::Value),
    ("dockerfile-path", Takes::Value),
    ("env-secret", Takes::Value),
    ("iam-role", Takes::Value),
    ("idempotent", Takes::Nothing),
    ("no-push", Takes::Nothing),
    ("ref", Takes::Value),
    ("repo", Takes::Value),
    ("sha", Takes::Value),
];

/// Options without which nothing is built; the last one for the runner's own images alone.
const REQUIRED: [&str; 5] = ["repo", "ref", "context-path", "docker-image-tag", "build-arg"];

/// Where terraform-aws-ci keeps the Dockerfiles that are built here.
pub(crate) const CONTEXTS: &[&str] =
    &["modules/ecs-deploy-runner/docker/deploy-runner", "modules/ecs-deploy-runner/docker/kaniko"];

/// Reads the options of a build, as strictly as the invoker does.
pub(super) fn options(options: &[String]) -> Outcome<Parsed> {
    let options = options_of(BUILD_FLAGS, options)?;
    let repo = options.value("repo").unwrap_or_default();
    let is_runner = repo.ends_with("/terraform-aws-ci.git");
    let required = if is_runner { &REQUIRED[..] } else { &REQUIRED[..4] };
    for required in required {
        match options.value(required) {
            None => return Err(failed(&format!("required option --{required} is missing"))),
            Some("") => return Err(failed("IndexError: pop from an empty deque")),
            Some(_) => {}
        }
    }
    let context = options.value("context-path").unwrap_or_default();
    if is_runner && !CONTEXTS.contains(&context) {
        return Err(failed(&format!("error resolving source context: no such folder {context}")));
    }
    if !(repo.starts_with("https://") || repo.starts_with("git@")) || !repo.ends_with(".git") {
        return Err(failed(&format!(
            "OptionRegexRestrictedError: Provided value for option repo ({repo}) does not match regex"
        )));
    }
    if !is_runner {
        return Ok(options);
    }
    // The Dockerfiles take the token as a BuildKit secret, and install the modules at this version.
    if !options.values("env-secret").any(|secret| secret.starts_with("github-token=")) {
        return Err(failed("You must pass a GitHub PAT as the secret github-token"));
    }
    if !options.values("build-arg").any(|arg| arg.strip_prefix("module_ci_tag=").is_some_and(|tag| !tag.is_empty())) {
        return Err(failed("build argument module_ci_tag is required"));
    }
    Ok(options)
}

/// How builds are made to fail: by name, what is printed, and whether there is a task by then.
const FAILURES: &[(&str, &str, bool)] = &[
    ("old-kaniko", "OptionNotInAllowedOptionsError: Option --env-secret is not in the provided list", false),
    ("option", "OptionNotInAllowedOptionsError: Option --build-arg is not in the provided list", false),
    ("repo", "OptionRegexRestrictedError: Provided value for option repo (x) does not match regex", false),
    ("regex", "unbalanced parenthesis at position 12", false),
    ("empty", "IndexError: pop from an empty deque", false),
    ("flag", "flag provided but not defined: -secret", true),
    ("no-secret", "cat: can't open '/kaniko/secrets/github-token': No such file or directory", true),
    ("no-token", "You must pass a GitHub PAT as the secret github-token", true),
    ("not-started", "ECS Task failed to start. Reason: ResourceInitializationError: unable to pull secrets", true),
    ("pull", "ECS Task failed to start. Reason: CannotPullContainerError: image not found", true),
    ("capacity", "ECS Task failed to start. Reason: RESOURCE:MEMORY", true),
    ("disk", "error building image: write /kaniko/0/layer.tar: no space left on device", true),
    ("memory", "error building image: waiting for process to exit: signal: killed", true),
    ("pull-limit", "toomanyrequests: You have reached your unauthenticated pull rate limit.", true),
    (
        "push",
        "error checking push permissions: checking push permission for x: unexpected status code 403 Forbidden",
        true,
    ),
    (
        "immutable",
        "error pushing image: TAG_INVALID: The image tag 'v1.3.0' already exists in the 'kaniko' repository and cannot be \
         overwritten because the repository is immutable.",
        true,
    ),
    (
        "invoker",
        "ResourceNotFoundException: Function not found: \
         arn:aws:lambda:us-east-1:100000000002:function:ecs-deploy-runner-invoker",
        false,
    ),
    ("clone", "fatal: could not read Username for 'https://github.com': terminal prompts disabled", true),
    ("token", "error resolving source context: authentication required", true),
];

fn fail(name: &str, has_task: bool) -> Outcome {
    match FAILURES.iter().find(|(known, ..)| *known == name) {
        Some((_, text, later)) if *later == has_task => Err(deployment_failed(text)),
        Some(_) => Ok(()),
        None if ["timeout", "told-secrets"].contains(&name) => Ok(()),
        None => Err(Refusal::new(1, format!("rehearsal: builds can't be made to fail by `{name}`"))),
    }
}

/// Builds.
pub(super) fn run(world: &World, region: &str, keys: &Keys, options: &Parsed) -> Outcome {
    let target = options.value("docker-image-tag").unwrap_or_default();
    let place = Place::parse(target).ok_or_else(|| failed(&format!("invalid destination {target}")))?;
    let task = tasks::arn(region, &keys.account, target);
    let pause = || clock::pause(world.settings.pace_ms / 6);

    let failure = world.failure_of_builds();
    info("Invoking Lambda function ecs-deploy-runner-invoker to trigger deployment.");
    pause();
    if let Some(name) = failure {
        fail(name, false)?;
    }
    info("Successfully invoked Lambda function ecs-deploy-runner-invoker");
    tasks::set(world, &keys.account, &task, Task::pending())?;
    info(&format!("Waiting for ECS task {task} to start"));
    pause();
    if failure == Some("timeout") {
        return Err(failed("timed out waiting for the ECS task"));
    }
    let done = go_on(world, keys, options, &task, &place, failure);
    tasks::end(world, &keys.account, &task, i32::from(done.is_err()))?;
    done?;
    pause();
    info("Deployment succeeded");
    Ok(())
}

/// What happens while the task runs.
fn go_on(world: &World, keys: &Keys, options: &Parsed, task: &str, place: &Place, failure: Option<&str>) -> Outcome {
    let pause = || clock::pause(world.settings.pace_ms / 6);
    let target = options.value("docker-image-tag").unwrap_or_default();
    if let Some(name) = failure.filter(|name| ["not-started", "pull", "capacity"].contains(name)) {
        fail(name, true)?;
    }
    tasks::set(world, &keys.account, task, Task::running())?;
    info(&format!("Deployment ECS Task {task} has started. Streaming logs."));
    world.pass_build_gate(&keys.account)?;
    if let Some(name) = failure {
        fail(name, true)?;
    }
    if failure == Some("told-secrets") {
        for (name, value) in std::env::vars() {
            told(&format!("{name}={value}"));
        }
    }
    let repo = options.value("repo").unwrap_or_default();
    told(&format!("Cloning {repo} at {}", options.value("ref").unwrap_or_default()));
    pause();
    told(&format!("Building {}/Dockerfile", options.value("context-path").unwrap_or_default()));
    for arg in options.values("build-arg") {
        told(&format!("ARG {arg}"));
    }
    pause();
    if place.account != keys.account {
        return Err(deployment_failed(&format!(
            "error pushing image: denied: User: {} is not authorized to perform: ecr:InitiateLayerUpload on resource: \
             arn:{}:ecr:{}:{}:repository/{}",
            keys.arn(world),
            partition::of(&place.region),
            place.region,
            place.account,
            place.repository
        )));
    }
    if options.is_set("no-push") || world.loses_images() {
        told(&format!("Pushed {target}"));
    } else {
        match ecr::push(world, place)? {
            Pushed::New { digest } => told(&format!("Pushed {target}@{digest}")),
            // The runner passes `--idempotent` by itself.
            Pushed::There { digest } => told(&format!("Image {target} already exists ({digest}): nothing to build")),
            Pushed::NoRepository => {
                return Err(deployment_failed(&format!(
                    "error pushing image: name unknown: The repository with name '{}' does not exist in the registry with id '{}'",
                    place.repository, place.account
                )));
            }
        }
    }
    Ok(())
}
