//! `runs`: what was done here before, and taking it up again. Reads journals alone, so it works whatever the repository
//! says now.

mod clean;
mod find;
mod list;
mod logs;
mod resume;
mod show;

use crate::cli::{Runs, RunsCommand};
use crate::model::{Exit, Failures};
use crate::tasks::context::Context;

/// Lists the runs, or does what was asked about one of them.
pub fn run(context: &Context, args: &Runs) -> Result<Exit, Failures> {
    let root = find::root(context)?;
    match &args.command {
        None => list::run(context, &root),
        Some(RunsCommand::Show { run }) => show::run(context, &root, run),
        Some(RunsCommand::Resume { run }) => resume::run(context, &root, run.as_deref()),
        Some(RunsCommand::Logs { run, unit, step }) => logs::run(context, &root, run, unit, step.as_deref()),
        Some(RunsCommand::Clean { keep }) => clean::run(context, &root, *keep),
    }
}
