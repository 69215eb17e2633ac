//! What became of the images: only ECR can say, since a build of a tag that exists is a successful nothing.

use std::path::Path;

use serde_json::json;

use crate::cli::Format;
use crate::model::{Exit, Failure, Failures, Kind};
use crate::report::screen::{Tone, count, duration};
use crate::report::summary::{self, Row};
use crate::run::event::{Outcome, StepResult};
use crate::tasks::context::Context;
use crate::tasks::images::Wanted;
use crate::tasks::session::Session;
use crate::tools::aws::Image;

/// What has become of each image.
#[derive(Debug)]
pub struct Made {
    /// A row per image, in the order in which they were wanted.
    pub rows: Vec<Row>,
    /// The images as ECR has them now.
    pub after: Vec<Option<Image>>,
}

impl Made {
    /// Puts together what is known; `outcomes` has `None` where nothing was built because the image was there.
    pub(super) fn of(
        wanted: &[Wanted<'_>],
        outcomes: &[Option<Outcome>],
        before: &[Option<Image>],
        after: Vec<Option<Image>>,
        root: &Path,
    ) -> Self {
        let all = wanted.iter().zip(outcomes).zip(before.iter().zip(&after));
        let row = |((wanted, outcome), (before, after)): (
            (&Wanted<'_>, &Option<Outcome>),
            (&Option<Image>, &Option<Image>),
        )| {
            match (outcome, before) {
                (Some(outcome), _) => row(wanted, outcome, before.as_ref(), after.as_ref(), root),
                (None, before) => there(wanted, before.as_ref()),
            }
        };
        Self { rows: all.map(row).collect(), after }
    }

    /// Whether every image is there.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| row.result == StepResult::Succeeded.as_str())
    }

    /// A row per image on the screen, and an error if not all of them are there.
    pub fn show(&self, session: &Session<'_>) -> Result<(), Failures> {
        summary::show(&session.context.screen, &self.rows);
        let n_failed = self.rows.iter().filter(|row| row.result != StepResult::Succeeded.as_str()).count();
        if n_failed == 0 {
            return Ok(());
        }
        Err(Failure::new(Kind::Failed, format!("{n_failed} of {} failed", count(self.rows.len(), "build")))
            .hint("once the cause is settled: cargo xtask build-images, which leaves alone what is there")
            .into())
    }

    /// The end of `build-images`: the rows, also for machines if asked for, and the exit code that follows.
    pub(super) fn report(&self, session: &Session<'_>) -> Result<Exit, Failures> {
        let context = session.context;
        let shown = self.show(session);
        if context.globals.format == Format::Json {
            let images: Vec<_> = self
                .rows
                .iter()
                .zip(&self.after)
                .map(|(row, image)| {
                    json!({
                        "image": row.name, "uri": row.path, "result": row.result, "cause": row.cause,
                        "digest": image.as_ref().map(|image| &image.digest), "seconds": row.seconds, "log": row.log,
                    })
                })
                .collect();
            context.result(&json!({ "schema": 1, "run": session.run.id, "images": images }).to_string())?;
        }
        shown?;
        let tag = self.rows.first().map(tag_of).unwrap_or_default();
        context.screen.say(Tone::Good, "Finished", format!("next: cargo xtask bump-tags{tag}"));
        Ok(Exit::DONE)
    }
}

/// The row of an image that was there, so that nothing was started for it.
fn there(wanted: &Wanted<'_>, image: Option<&Image>) -> Row {
    let mut row = Row::unchanged(wanted.image.as_str(), &format!("{}:{}", wanted.uri, wanted.tag));
    row.note = image.map(|image| format!("was there already   {}", image.short()));
    row
}

/// What is known of builds when there is no time left to ask ECR.
pub(super) fn tell_interrupted(context: &Context, wanted: &[&Wanted<'_>], outcomes: &[Outcome], root: &Path) {
    let row = |(wanted, outcome): (&&Wanted<'_>, &Outcome)| {
        let path = format!("{}:{}", wanted.uri, wanted.tag);
        let mut row = Row::of(wanted.image.as_str(), &path, outcome, root);
        row.note = (outcome.result == StepResult::Succeeded).then(|| "ended well; ECR was not asked".to_owned());
        row
    };
    let rows: Vec<_> = wanted.iter().zip(outcomes).map(row).collect();
    summary::show(&context.screen, &rows);
}

fn tag_of(row: &Row) -> String {
    row.path.rsplit_once(':').map(|(_, tag)| format!(" {tag}")).unwrap_or_default()
}

/// What became of an image: only ECR can say, since a build of a tag that exists is a successful nothing.
fn row(wanted: &Wanted<'_>, outcome: &Outcome, before: Option<&Image>, after: Option<&Image>, root: &Path) -> Row {
    let path = format!("{}:{}", wanted.uri, wanted.tag);
    let outcome = match (outcome.result, after) {
        (StepResult::Succeeded, None) => {
            let cause = "infrastructure-deployer ended well, but the image is not in ECR".to_owned();
            Outcome { result: StepResult::Failed, cause: Some(cause), ..outcome.clone() }
        }
        (StepResult::Failed, Some(image)) => {
            let cause = outcome.cause.clone().unwrap_or_default();
            let cause = format!("{cause}; the image is in ECR all the same: {}", image.short());
            Outcome { cause: Some(cause), ..outcome.clone() }
        }
        _ => outcome.clone(),
    };
    let mut row = Row::of(wanted.image.as_str(), &path, &outcome, root);
    if outcome.result == StepResult::Succeeded {
        row.note = after.map(|image| match before {
            Some(old) if old.digest == image.digest => format!("was there already, not built   {}", image.short()),
            _ => format!("built in {}   {}", duration(outcome.took), image.short()),
        });
    }
    row
}
