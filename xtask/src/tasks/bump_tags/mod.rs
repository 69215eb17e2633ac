//! `bump-tags`: moves the image tags in the repository, and not a byte more, once the images are known to be there.
//!
//! Three parts, each of use to another task: [`gather`] plans the change offline and finds everything that is wrong,
//! [`prove`] asks ECR for the images within a session, [`write`] changes the files.

pub mod gather;
pub mod prove;
pub mod report;
pub mod sources;
pub mod words;
pub mod write;

use crate::cli;
use crate::model::{Exit, Failure, Failures};
use crate::repo::bump::Bump;
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;
use crate::tasks::{record, settle};
use crate::tools::tty;
use gather::Ask;

/// Moves the tags.
pub fn run(context: &Context, args: &cli::BumpTags) -> Result<Exit, Failures> {
    let mut repo = if args.check { settle::untouched(context)? } else { settle::repository(context)? };
    Failures::check(std::mem::take(&mut repo.problems))?;
    let ask = Ask::of(context, &repo, args)?;
    let bump = gather::gather(context, &repo, &ask)?;
    words::say_what_to_know(context, &repo, &bump);
    if !bump.edits.is_empty() {
        words::say_unknown(context, ask.wanted.values());
    }
    if bump.edits.is_empty() {
        report::report(context, &bump, "")?;
        return Ok(Exit::DONE);
    }
    if args.check {
        report::report(context, &bump, "would change")?;
        return Ok(Exit::DIFFERS);
    }
    if !context.globals.dry_run {
        consent(context, &bump)?;
    }
    if !args.offline {
        if !context.globals.dry_run {
            sources::prove(context, &repo, &ask, &bump)?;
        }
        if !ask.wanted.is_empty() {
            prove::by_itself(context, &repo, &ask, &bump)?;
        }
    }
    if context.globals.dry_run {
        report::report(context, &bump, "would change")?;
        return Ok(Exit::DONE);
    }
    {
        let holder = format!("bump-tags, process {}", std::process::id());
        // Nobody plans while files change.
        let run = RunFolder::new(&repo.root);
        let lock = RunLock::take(&run.run_lock(), &holder)?;
        let journal = record::begin_edits(context, &repo, &run)?;
        record::edit(&journal, &bump, || write::carry_out(&repo, &ask, &bump, &lock))?;
    }
    report::report(context, &bump, "changed")?;
    context.screen.finished(&format!("next: cargo xtask apply-all{}", ask.selection.options()));
    words::say_not_applied(context, &repo, &bump);
    Ok(Exit::DONE)
}

/// Asks at the terminal whether what nobody selected may change as well; `--yes` covers it.
fn consent(context: &Context, bump: &Bump) -> Result<(), Failure> {
    if bump.also.is_empty() || context.globals.yes {
        return Ok(());
    }
    let otherwise = "there is no terminal to ask at; if what is not selected may change as well: --yes";
    tty::agree("Change these as well? [y/N] ", "nothing was changed", otherwise, &|| false)
}
