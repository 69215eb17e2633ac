//! The end of `build-images`: a row per image, and the exit code that follows.

use serde_json::json;

use crate::cli::Format;
use crate::model::{Exit, Failure, Failures, Kind};
use crate::report::screen::{Tone, count, duration};
use crate::report::summary::{self, Row};
use crate::run::event::{Outcome, StepResult};
use crate::run::{tail, trouble};
use crate::tasks::build_images::carry_out::{Built, Verdict};
use crate::tasks::ecs_task;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::aws::{self, Image};

/// Tells of all, and judges.
pub(super) fn report(session: &Session<'_>, ready: &Ready<'_>, built: &[Built<'_>]) -> Result<Exit, Failures> {
    let context = session.context;
    let screen = &context.screen;
    let rows = say(session, ready, built);
    if context.globals.format == Format::Json {
        let images: Vec<_> = rows.iter().zip(built).map(|(row, built)| json(row, built)).collect();
        context.result(&json!({ "schema": 1, "run": session.run.id, "images": images }).to_string())?;
    }
    judge(built)?;
    let tags: Vec<_> = built.iter().map(|built| built.tag.to_string()).collect();
    let tag = tags.first().filter(|first| tags.iter().all(|tag| tag == *first));
    let tag = tag.map(|tag| format!(" {tag}")).unwrap_or_default();
    screen.finished(&format!("next: cargo xtask bump-tags{tag}"));
    Ok(Exit::DONE)
}

/// Tells of all; an error if an image is not there.
pub fn show(session: &Session<'_>, ready: &Ready<'_>, built: &[Built<'_>]) -> Result<(), Failures> {
    say(session, ready, built);
    judge(built)
}

fn judge(built: &[Built<'_>]) -> Result<(), Failures> {
    let n_failed = built.iter().filter(|built| !built.verdict.is_good()).count();
    if n_failed == 0 {
        return Ok(());
    }
    Err(Failure::new(Kind::Failed, format!("{n_failed} of {} failed", count(built.len(), "build")))
        .hint("once the cause is settled, run the same command again: it leaves alone what is there")
        .into())
}

/// Tells of what is known when there is no time left to ask ECR.
pub(super) fn interrupted(session: &Session<'_>, ready: &Ready<'_>, built: &[Built<'_>]) {
    say(session, ready, built);
}

fn say(session: &Session<'_>, ready: &Ready<'_>, built: &[Built<'_>]) -> Vec<Row> {
    let screen = &session.context.screen;
    let rows: Vec<_> = built.iter().map(|built| row(session, built)).collect();
    summary::show(screen, &rows);
    for there in built.iter().filter(|built| built.verdict == Verdict::WasThere) {
        let name = format!("{}:{}", there.uri.repository(), there.tag);
        let command =
            ecs_task::typed(ready, there.account, there.uri.region(), aws::delete_image(&there.uri, &there.tag));
        screen.lines(&format!("  to have {name} built again, delete it first, which we never do:\n    {command}"));
    }
    for (built, arn) in built.iter().filter_map(|built| Some((built, built.task.as_ref()?))) {
        let about = format!("the ECS task of {} may still be at work: {arn}", built.image);
        screen.insist(Tone::Warning, "Left", about);
        screen.lines(&format!("  to stop it: {}", ecs_task::stop(ready, built.account, arn)));
    }
    rows
}

fn row(session: &Session<'_>, built: &Built<'_>) -> Row {
    let path = format!("{}:{}", built.uri, built.tag);
    let found = built.found.as_ref().map(Image::describe);
    let Some(outcome) = &built.outcome else {
        let note = format!("was there already, not built   {}", found.unwrap_or_default());
        return Row { note: Some(note), ..Row::unchanged(&built.image, &path) };
    };
    let outcome = match (built.verdict, &built.found) {
        (Verdict::Missing, _) => {
            let cause = "the build ended well, but the image is not in ECR".to_owned();
            Outcome { result: StepResult::Failed, cause: Some(cause), ..outcome.clone() }
        }
        (Verdict::Failed, found) => {
            let found = found.as_ref().map(|image| format!("the image is in ECR all the same: {}", image.short()));
            Outcome { cause: Some(cause(outcome, found)), ..outcome.clone() }
        }
        _ => outcome.clone(),
    };
    let mut row = Row::of(&built.image, &path, &outcome, &session.root);
    row.note = match built.verdict {
        Verdict::Built => Some(format!("built in {}   {}", duration(outcome.took), found.unwrap_or_default())),
        Verdict::Unproven if outcome.result.is_good() => Some("ended well; ECR was not asked".to_owned()),
        _ => None,
    };
    row
}

/// Why a build failed, in the words of its end, and what to do where that is known.
fn cause(outcome: &Outcome, found: Option<String>) -> String {
    let said = outcome.log.as_deref().map(tail::end).unwrap_or_default();
    let known = trouble::of_build(&said).map(|trouble| format!("{}\nto do: {}", trouble.what, trouble.hint));
    let parts = [outcome.cause.clone(), known, found];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn json(row: &Row, built: &Built<'_>) -> serde_json::Value {
    let found = built.found.as_ref();
    let word = match built.verdict {
        Verdict::Built => "built",
        Verdict::WasThere => "was-there",
        Verdict::Missing => "missing",
        Verdict::Failed => "failed",
        Verdict::NotStarted => "not-started",
        Verdict::Unproven => "unverified",
    };
    json!({
        "image": row.name, "uri": row.path, "result": row.result, "verdict": word, "cause": row.cause,
        "digest": found.map(|image| &image.digest), "bytes": found.and_then(|image| image.bytes),
        "pushed": found.and_then(|image| image.pushed.as_ref()), "task": built.task,
        "seconds": row.seconds, "log": row.log,
    })
}
