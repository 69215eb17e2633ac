//! Stands in for `infrastructure-deployer`: asks the runner of an account to build and push an image.
//!
//! The program is private; only what its public documentation says is here.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::args::{self, Known, Parsed, Takes, lossy};
use crate::clock::{self, Moment};
use crate::cloud::ecr::{self, Place, Pushed};
use crate::cloud::tasks;
use crate::digest;
use crate::keys::{Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::{Inject, World};

const FLAGS: &[Known] = &[
    ("aws-region", Takes::Value),
    ("describe-containers", Takes::Nothing),
    ("help", Takes::Nothing),
    ("invoker-function-id", Takes::Value),
    ("log-level", Takes::Value),
    ("max-wait-time", Takes::Duration),
    ("no-wait", Takes::Nothing),
    ("task-cpu", Takes::Value),
    ("task-launch-type", Takes::Value),
    ("task-memory", Takes::Value),
    ("version", Takes::Nothing),
];
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

/// Whether the log is written as at a terminal.
static IS_TERMINAL: AtomicBool = AtomicBool::new(false);

/// Acts as infrastructure-deployer.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    IS_TERMINAL.store(world.injects(&Inject::TerminalLog), Ordering::Relaxed);
    let parsed = args::go(FLAGS, &lossy(args)).map_err(|text| failed(&format!("Incorrect Usage: {text}")))?;
    if parsed.is_set("version") {
        out::line("infrastructure-deployer version v1.3.0");
        return Ok(());
    }
    if parsed.is_set("help") {
        out::line("Usage: infrastructure-deployer --aws-region R [options] -- CONTAINER SCRIPT ARGS…");
        return Ok(());
    }
    let region = parsed.value("aws-region").ok_or_else(|| failed("Required flag \"aws-region\" not set"))?;
    let keys = Keys::from_env(world).map_err(|none: NoKeys| failed(none.text()))?;
    if parsed.is_set("describe-containers") {
        out::line("docker-image-builder\n  build-docker-image\nterraform-planner\n  infrastructure-deploy-script");
        out::line("terraform-applier\n  infrastructure-deploy-script\n  terraform-update-variable");
        return Ok(());
    }
    if parsed.is_set("no-wait") {
        return Err(Refusal::new(1, "rehearsal: the stand-in for infrastructure-deployer has no `--no-wait`"));
    }
    match (parsed.dashes, parsed.rest.as_slice()) {
        (true, [container, script, options @ ..])
            if container == "docker-image-builder" && script == "build-docker-image" =>
        {
            build(world, region, &keys, &build_options(options)?)
        }
        (true, [container, script, ..]) => {
            Err(failed(&format!("ContainerScriptNotFound: no script {script} in container {container}")))
        }
        (true, _) => Err(failed("a container and a script are required after --")),
        (false, _) => Err(failed("arguments for the container must come after --")),
    }
}

/// A failure, which the real one prints more than once.
fn failed(text: &str) -> Refusal {
    Refusal::new(1, format!("{}\nERROR: {text}", log_line("error", text)))
}

fn build_options(options: &[String]) -> Outcome<Parsed> {
    let options = args::go(BUILD_FLAGS, options).map_err(|text| {
        let option = text.rsplit_once(": -").map_or(text.as_str(), |(_, option)| option);
        failed(&format!("OptionNotInAllowedOptionsError: Option --{option} is not in the provided list"))
    })?;
    if let Some(extra) = options.rest.first() {
        return Err(failed(&format!("unexpected argument {extra}")));
    }
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

fn build(world: &World, region: &str, keys: &Keys, options: &Parsed) -> Outcome {
    let target = options.value("docker-image-tag").unwrap_or_default();
    let place = Place::parse(target).ok_or_else(|| failed(&format!("invalid destination {target}")))?;
    let task = format!(
        "arn:aws:ecs:{region}:{}:task/ecs-deploy-runner/{}",
        keys.account,
        digest::hex(&format!("{target} {}", std::process::id()), 32)
    );
    let pause = || clock::pause(world.settings.pace_ms / 6);

    let failure = world.failure_of_builds();
    info("Invoking Lambda function ecs-deploy-runner-invoker to trigger deployment.");
    pause();
    if let Some(name) = failure {
        fail(name, false)?;
    }
    info("Successfully invoked Lambda function ecs-deploy-runner-invoker");
    tasks::set(world, &keys.account, &task, "RUNNING")?;
    info(&format!("Waiting for ECS task {task} to start"));
    pause();
    if failure == Some("timeout") {
        return Err(failed("timed out waiting for the ECS task"));
    }
    let done = go_on(world, keys, options, &task, &place, failure);
    tasks::set(world, &keys.account, &task, "STOPPED")?;
    done?;
    pause();
    info("Deployment succeeded");
    Ok(())
}

/// What happens while the task runs.
fn go_on(world: &World, keys: &Keys, options: &Parsed, task: &str, place: &Place, failure: Option<&str>) -> Outcome {
    let pause = || clock::pause(world.settings.pace_ms / 6);
    let target = options.value("docker-image-tag").unwrap_or_default();
    if let Some(name) = failure.filter(|name| ["not-started", "pull"].contains(name)) {
        fail(name, true)?;
    }
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
             arn:aws:ecr:{}:{}:repository/{}",
            keys.arn(),
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

fn deployment_failed(why: &str) -> Refusal {
    told(why);
    Refusal::new(
        1,
        format!("{}\nERROR: Deployment failed\nERROR: exit status 1", log_line("error", "Deployment failed")),
    )
}

/// A line of the program itself, in the form that logrus has without a terminal.
fn info(text: &str) {
    out::err(&log_line("info", text));
}

fn log_line(level: &str, text: &str) -> String {
    if IS_TERMINAL.load(Ordering::Relaxed) {
        return format!("[infrastructure-deployer] {}[{}] {text}", level.to_uppercase(), Moment::now().rfc3339());
    }
    let text = text.replace('"', "\\\"");
    format!("time=\"{}\" level={level} msg=\"{text}\" name=infrastructure-deployer", Moment::now().rfc3339())
}

/// A line of the container's log.
fn told(text: &str) {
    let now = Moment::now().rfc3339();
    out::line(&format!("[ecs-deploy-runner][{}+0000] {text}", now.trim_end_matches('Z')));
}
