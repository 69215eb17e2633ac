//! One run in full: the evidence for a change ticket.

use std::path::Path;

use super::find;
use crate::cli::Format;
use crate::model::{Exit, Failures};
use crate::report::{evidence, run_report};
use crate::tasks::context::Context;

/// Prints a run: for people, for a ticket, or the report for programs, as it lies beside the journal.
pub(super) fn run(context: &Context, root: &Path, id: &str) -> Result<Exit, Failures> {
    let known = find::one(root, id)?;
    let story = known.story()?;
    let result = story.result(known.is_alive);
    context.page(&match context.globals.format {
        Format::Json => run_report::json(story),
        Format::Markdown => evidence::markdown(story, result),
        Format::Text => evidence::text(story, result),
    })?;
    Ok(Exit::DONE)
}
