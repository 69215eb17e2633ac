//! Building, within a session in which the accounts are proven: what is there already is left alone, and what is built is
//! looked up afterwards.

use crate::model::{Account, Failure, Failures, ImageUri, Tag};
use crate::report::screen::Tone;
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::Stage;
use crate::run::task::{self, LeftTask};
use crate::tasks::build_images::admission;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::left;
use crate::tasks::build_images::queue::{self, Queue};
use crate::tasks::build_images::report;
use crate::tasks::images::Wanted;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tasks::{ecs_task, images, record};
use crate::tools::aws::Image;

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is new in ECR.
    Built,
    /// It was in ECR before, and was not built again.
    WasThere,
    /// It is not in ECR, whatever the exit status was.
    Missing,
    /// The build failed.
    Failed,
    /// The build was never started.
    NotStarted,
    /// The build was broken off, and nobody has asked ECR since.
    Unproven,
}

impl Verdict {
    /// Whether the image is in ECR for certain.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Built | Self::WasThere)
    }
}

/// An image, and what became of it.
#[derive(Clone, Debug)]
pub struct Built<'r> {
    /// Its name.
    pub image: String,
    /// Where it is, or should be.
    pub uri: ImageUri,
    /// Its tag.
    pub tag: Tag,
    /// The account of both.
    pub account: &'r Account,
    /// What became of it.
    pub verdict: Verdict,
    /// What is in ECR now, if it is.
    pub found: Option<Image>,
    /// How the build ended, if there was one.
    pub outcome: Option<Outcome>,
    /// The ECS task of it, where nobody has seen its end.
    pub task: Option<String>,
}

/// Asks whether these images may be built, with everything known that speaks against it. `true` if somebody had to answer, so
/// that time has gone by; an error keeps them from being built.
pub type Consent<'a> = dyn Fn(&[&Planned<'_>]) -> Result<bool, Failures> + 'a;

/// Builds what is not there, and gives what became of every image. An error means that nothing was built, or that
/// somebody asked to stop.
pub fn carry_out<'r>(
    session: &Session<'_>,
    ready: &Ready<'_>,
    queue: &Queue<'_, 'r>,
    consent: &Consent<'_>,
) -> Result<Vec<Built<'r>>, Failures> {
    record::selected_images(&session.journal, &queue.wanted);
    left::check(session, ready, queue)?;
    let before = images::ask(session, &queue.before, &queue.wanted)?;
    left::settle(session, &queue.wanted, &before);
    let mut built: Vec<_> = queue
        .wanted
        .iter()
        .zip(before)
        .map(|(wanted, found)| Built {
            image: wanted.image.clone(),
            uri: wanted.uri.clone(),
            tag: wanted.tag.clone(),
            account: wanted.account,
            verdict: if found.is_some() { Verdict::WasThere } else { Verdict::NotStarted },
            found,
            outcome: None,
            task: None,
        })
        .collect();
    let screen = &session.context.screen;
    for there in built.iter().filter(|built| built.verdict == Verdict::WasThere) {
        let found = there.found.as_ref().map(Image::describe).unwrap_or_default();
        screen.say(Tone::Plain, "In ECR", format!("{}:{}   {found}", there.uri.repository(), there.tag));
    }
    let places: Vec<_> = (0..built.len()).filter(|n| built[*n].found.is_none()).collect();
    record::built(&session.journal, &built);
    if places.is_empty() {
        return Ok(built);
    }
    admission::check(session, ready.repo, queue, &places)?;
    if consent(&places.iter().map(|n| &queue.planned[*n]).collect::<Vec<_>>())? {
        still_missing(session, queue, &places)?;
    }
    sign_in(session, &queue.sign_in)?;
    let stage = Stage { about: queue::names(&pick(queue.planned, &places)), ..queue::only(&queue.builds, &places) };
    let outcomes = session.watched(&stage, OnFailure::GoOn, &mut |event| {
        ecs_task::follow(session, &stage, event, |image, arn| {
            let wanted = queue.wanted.iter().find(|wanted| wanted.image == image)?;
            Some(ecs_task::left(ready, wanted.account, image, arn))
        });
    });
    for ((n, outcome), step) in places.iter().zip(&outcomes).zip(stage.lanes.iter().flatten()) {
        built[*n].verdict = match outcome.result {
            StepResult::EarlyExit => Verdict::NotStarted,
            _ => Verdict::Unproven,
        };
        built[*n].outcome = Some(outcome.clone());
        let (Some(attempt), Some(output)) = (&step.attempt, &step.output) else { continue };
        if outcome.result == StepResult::Succeeded {
            task::settle(&attempt.dir);
        }
        built[*n].task = LeftTask::of(&session.run.id, &step.subject, &attempt.dir, &output.log).map(|left| left.arn);
    }
    session.check_interrupt().inspect_err(|_| report::interrupted(session, ready, &built))?;
    let wanted: Vec<_> = pick(&queue.wanted, &places);
    let after =
        images::ask(session, &queue.after, &wanted).inspect_err(|_| report::interrupted(session, ready, &built))?;
    for (n, found) in places.into_iter().zip(after) {
        let result = built[n].outcome.as_ref().map(|outcome| outcome.result);
        built[n].verdict = match (result, &found) {
            (Some(StepResult::Succeeded), Some(_)) => Verdict::Built,
            (Some(StepResult::Succeeded), None) => Verdict::Missing,
            (Some(StepResult::EarlyExit), _) => Verdict::NotStarted,
            _ => Verdict::Failed,
        };
        built[n].found = found;
    }
    record::built(&session.journal, &built);
    Ok(built)
}

/// Refuses if somebody else has pushed an image since it was found missing.
fn still_missing(session: &Session<'_>, queue: &Queue<'_, '_>, places: &[usize]) -> Result<(), Failures> {
    let wanted = pick(&queue.wanted, places);
    let found = images::ask(session, &queue.again, &wanted)?;
    let new = wanted.iter().zip(found).filter(|(_, found)| found.is_some());
    let refusal = |(wanted, _): (&Wanted<'_, String>, _)| {
        Failure::refused(format!("image {}:{} has been pushed meanwhile, so nothing was built", wanted.uri, wanted.tag))
            .hint("run the same command again, which leaves alone what is there")
    };
    Failures::check(new.map(refusal).collect())
}

fn pick<T: Clone>(all: &[T], places: &[usize]) -> Vec<T> {
    places.iter().map(|n| all[*n].clone()).collect()
}

/// Lets docker into the registries.
fn sign_in(session: &Session<'_>, stage: &Stage) -> Result<(), Failures> {
    use crate::run::tail;
    let outcomes = session.side_by_side(stage, OnFailure::GoOn);
    session.check_interrupt()?;
    let failed = outcomes.iter().filter(|outcome| outcome.result != StepResult::Succeeded);
    let failures = failed.map(|outcome| {
        let failure = Failure::failed("docker could not sign in to the registry, so nothing was built");
        let said = outcome.log.as_deref().map(|log| tail::last_lines(log, 12)).unwrap_or_default();
        said.into_iter().fold(failure, Failure::detail)
    });
    Failures::check(failures.collect())
}
