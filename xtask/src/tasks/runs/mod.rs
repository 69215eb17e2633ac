//! `runs`: what was done here before, and taking it up again. Reads journals alone, so it works whatever the repository
//! says now.

mod clean;
mod find;
mod list;
mod logs;
mod resume;
mod show;

use crate::cli::{Runs, RunsCommand};
use crate::model::{Exit, Failures, Kind};
use crate::run::unfinished;
use crate::tasks::context::Context;

/// Removes what ended runs have left that holds secrets: plans, and what was shown of them. Every command does so before it
/// begins and when it ends, since a run that was killed can't.
pub fn sweep(context: &Context) {
    let start = context.start().ok().and_then(|start| start.canonicalize().ok());
    let root = start.and_then(|start| find::nearest(&start));
    if let Some(root) = root.filter(|_| !context.globals.dry_run) {
        unfinished::sweep(&root);
    }
}

/// Lists the runs, or does what was asked about one of them.
pub fn run(context: &Context, args: &Runs) -> Result<Exit, Failures> {
    let root = match find::root(context) {
        Err(failure) if args.command.is_none() && failure.kind == Kind::NothingSelected => {
            return list::nothing(context, &failure);
        }
        root => root?,
    };
    match &args.command {
        None => list::run(context, &root),
        Some(RunsCommand::Show { run }) => show::run(context, &root, run),
        Some(RunsCommand::Resume { run }) => resume::run(context, &root, run.as_deref()),
        Some(RunsCommand::Logs { run, unit, step }) => logs::run(context, &root, run, unit, step.as_deref()),
        Some(RunsCommand::Clean { keep }) => clean::run(context, &root, *keep),
    }
}
