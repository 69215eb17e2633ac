//! Stands in for `infrastructure-deployer`: asks the runner of an account to build and push an image, or to plan a unit.
//!
//! The program is private; only what its public documentation says is here.

mod build;
mod plan;

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::args::{self, Known, Parsed, Takes, lossy};
use crate::clock::Moment;
use crate::keys::{Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::{Inject, World};

pub(crate) use build::CONTEXTS;

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
            build::run(world, region, &keys, &build::options(options)?)
        }
        (true, [container, script, options @ ..])
            if container == "terraform-planner" && script == "infrastructure-deploy-script" =>
        {
            let runner = plan::runner_of(parsed.value("invoker-function-id"))?;
            plan::run(world, region, &keys, runner, &plan::options(options)?)
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

/// Reads the options of a script; what the invoker does not list it refuses.
fn options_of(known: &[Known], options: &[String]) -> Outcome<Parsed> {
    let options = args::go(known, options).map_err(|text| {
        let option = text.rsplit_once(": -").map_or(text.as_str(), |(_, option)| option);
        failed(&format!("OptionNotInAllowedOptionsError: Option --{option} is not in the provided list"))
    })?;
    match options.rest.first() {
        Some(extra) => Err(failed(&format!("unexpected argument {extra}"))),
        None => Ok(options),
    }
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
