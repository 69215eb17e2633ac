//! Whether the runner that is deployed will carry out a build: asked before anything is started, of the lambda that would
//! refuse it and of the task definition that would run. What nobody can say is told, and keeps nothing from being built.

use crate::cli::Allowance;
use crate::model::{Failure, Failures, ImageName, Tag, Version};
use crate::repo::{Repository, Unit};
use crate::report::screen::Tone;
use crate::tasks::build_images::bootstrap;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::queue::Queue;
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tasks::profiles::Profiles;
use crate::tasks::session::Session;
use crate::tasks::verify;
use crate::tools::deployer::Build;
use crate::tools::lambda::Function;
use crate::tools::question::Question;
use crate::tools::{ecs, invoker, lambda};

/// What stands against a build.
#[derive(Debug)]
pub enum Admission {
    /// The runner will refuse it.
    Refused(Failure),
    /// Nobody can say, for this reason.
    Unknown(String),
}

/// The questions to the runner that builds.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// For its invoker.
    invoker: Question,
    /// For the task that builds, if its name is known.
    task: Option<Question>,
}

impl Asked {
    /// What to ask about a build, if the name of the runner is known.
    pub(super) fn of(repo: &Repository, builder: &Unit, build: &Build) -> Option<Self> {
        let wanted = verify::wanted(repo, &[builder]).pop()?;
        let kaniko = wanted.containers.iter().find(|container| container.image == ImageName::Kaniko)?;
        let named = build.options.iter().find(|(name, _)| name == "invoker-function-id");
        let invoker = match named {
            Some((_, name)) => Question::Function { region: build.region.clone(), name: name.clone() },
            None => verify::invoker(&build.region, kaniko.runner.value()?),
        };
        Some(Self { invoker, task: kaniko.task_definition(&build.region) })
    }

    /// Adds its questions.
    pub(super) fn add<'r>(&self, inquiry: &mut Inquiry<'r>, planned: &Planned<'r>) {
        for question in std::iter::once(&self.invoker).chain(&self.task) {
            inquiry.add(planned.account, &planned.build.region, question.clone());
        }
    }
}

/// Asks about the builds at these places; an error means that one of them would be refused.
pub(super) fn check(
    session: &Session<'_>,
    repo: &Repository,
    queue: &Queue<'_, '_>,
    places: &[usize],
) -> Result<(), Failures> {
    let answers = queue.admission.0.ask(session, &queue.admission.1);
    session.check_interrupt()?;
    let profiles = Profiles::read(session.context);
    let (mut refused, mut unknown) = (Vec::<Failure>::new(), Vec::<String>::new());
    for planned in places.iter().map(|n| &queue.planned[*n]) {
        for admission in of(repo, &profiles, planned, &answers) {
            // What stands against both images is said once.
            match admission {
                Admission::Refused(failure) if refused.iter().any(|it| it.to_string() == failure.to_string()) => {}
                Admission::Refused(failure) => refused.push(failure),
                Admission::Unknown(why) if unknown.contains(&why) => {}
                Admission::Unknown(why) => unknown.push(why),
            }
        }
    }
    let screen = &session.context.screen;
    unknown.iter().for_each(|why| screen.say(Tone::Plain, "Not known", why));
    if session.context.globals.allows(Allowance::DoubtfulBuild) {
        refused.iter().for_each(|failure| screen.insist(Tone::Warning, "Allowed", failure));
        return Ok(());
    }
    Failures::check(refused.into_iter().map(allowable).collect())
}

/// Names the way around.
pub(super) fn allowable(failure: Failure) -> Failure {
    failure.hint("if it builds all the same: --allow doubtful-build")
}

fn of(repo: &Repository, profiles: &Profiles, planned: &Planned<'_>, answers: &Answers) -> Vec<Admission> {
    let (account, build) = (planned.account, &planned.build);
    let Some(asked) = &planned.asked else { return Vec::new() };
    let mut found = Vec::new();
    match answers.read(&account.id, &asked.invoker, lambda::function) {
        Ok(Some(function)) => {
            let options = options(build);
            found.extend(of_invoker(&function, &account.name, &options, &build.dockerfile_repo));
        }
        Ok(None) => {
            found.push(Admission::Unknown(format!("{} has no lambda of the name that is expected", account.name)))
        }
        Err(why) => found.push(Admission::Unknown(format!("what the invoker of {} lets through: {why}", account.name))),
    }
    // What else is built has releases of its own.
    let builder = Some(planned.builder).filter(|_| build.image.parse::<ImageName>().is_ok());
    let running = asked.task.as_ref().and_then(|task| running(answers, planned, task));
    if let (Some(builder), Some(running)) = (builder, running) {
        let refusal = bootstrap::refusal(repo, profiles, builder, running, &build.tag);
        found.extend(refusal.map(Admission::Refused));
    }
    found
}

/// The release of the kaniko that would build.
fn running(answers: &Answers, planned: &Planned<'_>, task: &Question) -> Option<Version> {
    let definition = answers.read(&planned.account.id, task, ecs::task_definition).ok()??;
    let (_, tag) = definition.images.first()?.rsplit_once(':')?;
    Version::parse(tag.parse::<Tag>().ok()?.as_str())
}

/// The options of a build that a runner may not let through.
fn options(build: &Build) -> Vec<&'static str> {
    let passed = [
        ("--env-secret", !build.env_secrets.is_empty()),
        ("--build-arg", !build.build_args.is_empty()),
        ("--dockerfile-path", build.dockerfile_path.is_some()),
    ];
    passed.into_iter().filter(|(_, is_passed)| *is_passed).map(|(option, _)| option).collect()
}

/// What the configuration of an invoker has against builds with these options from this repository.
pub fn of_invoker(function: &Function, account: &str, options: &[&str], dockerfile_repo: &str) -> Vec<Admission> {
    let config = match invoker::config(function) {
        Ok(Some(config)) => config,
        Ok(None) => return vec![Admission::Unknown(format!("the invoker of {account} has no {}", invoker::VARIABLE))],
        Err(error) => {
            let why = format!("the configuration of the invoker of {account} can't be read: {error:#}");
            return vec![Admission::Unknown(why)];
        }
    };
    let mut found = Vec::new();
    let missing: Vec<_> = options.iter().copied().filter(|option| !config.lets_pass(option)).collect();
    if !missing.is_empty() {
        let what = format!("the invoker of {account} lets no build pass {}", missing.join(" and "));
        let failure = Failure::refused(what).hint("add what is missing to `allowed_options` of the unit, and apply");
        found.push(Admission::Refused(match missing.contains(&"--env-secret") {
            true => failure.hint(
                "a runner from before v0.50.6 can't be taught: build this one image by hand (--how local-docker), bump, apply, and let the new runner build the next",
            ),
            false => failure,
        }));
    }
    match config.builds_from(dockerfile_repo) {
        invoker::Repository::Allowed => {}
        invoker::Repository::Unsaid => {
            let why = format!("the configuration of the invoker of {account} says nothing of repositories");
            found.push(Admission::Unknown(why));
        }
        invoker::Repository::Unreadable(expression) => found.push(Admission::Unknown(format!(
            "an expression of the invoker of {account} can't be read, and no other allows {dockerfile_repo}: \
             {expression}; look at `allowed_repos_regex` in the unit"
        ))),
        invoker::Repository::Refused(allowed) => {
            let failure = Failure::refused(format!("the invoker of {account} doesn't build from {dockerfile_repo}"));
            let failure = allowed.iter().take(5).fold(failure, |it, word| it.detail(format!("allowed: {word}")));
            found.push(Admission::Refused(
                failure
                    .hint("add it to `allowed_repos` of `docker_image_builder_config` in the unit, and apply")
                    .hint("or name an allowed one: dockerfile-repo under [workspace.metadata.xtask] in Cargo.toml"),
            ));
        }
    }
    found
}
