//! The repository for tasks that edit or plan: a change of files that was killed in the middle is over before it is read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::{Failure, Failures};
use crate::repo::{Repository, discover};
use crate::report::screen::{Tone, count};
use crate::run::edit::{self, Settled};
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;

/// Opens the repository; what was killed in the middle is finished or taken back first, and that is said. A dry run
/// changes nothing, so it refuses instead.
pub fn repository(context: &Context) -> Result<Repository, Failures> {
    let repo = context.opened()?;
    let mut is_settled = false;
    for root in roots(&repo) {
        is_settled |= changes(context, &root)?;
    }
    if is_settled { context.opened() } else { Ok(repo) }
}

/// The same for whoever opens the repository at `root` otherwise, before that; tells whether anything was settled.
pub fn changes(context: &Context, root: &Path) -> Result<bool, Failures> {
    if !edit::is_left(root) {
        return Ok(false);
    }
    if context.globals.dry_run {
        edit::refuse_if_pending(root)?;
        return Ok(false);
    }
    let holder = format!("process {}, which settles an interrupted change of files", std::process::id());
    let _lock = RunLock::take(&RunFolder::new(root).run_lock(), &holder)?;
    say(context, &edit::settle(root)?);
    Ok(true)
}

/// Opens the repository for a task that changes nothing and needs its files to be of one state.
pub fn untouched(context: &Context) -> Result<Repository, Failures> {
    let repo = context.opened()?;
    refuse_if_pending(&repo)?;
    Ok(repo)
}

/// Refuses work on files of which some are new and some are not.
pub fn refuse_if_pending(repo: &Repository) -> Result<(), Failure> {
    roots(repo).iter().try_for_each(|root| edit::refuse_if_pending(root))
}

/// Tells those who only look.
pub fn say_what_is_pending(context: &Context, repo: &Repository) {
    for root in roots(repo) {
        let about = match edit::pending(&root) {
            Ok(None) => continue,
            Ok(Some(left)) => format!("`{}` was killed in the middle: only some of its files are new", left.about),
            Err(failure) => failure.what,
        };
        context.screen.insist(Tone::Warning, "Unfinished", about);
    }
}

/// Where a change of these files may have begun: in what is opened, in roots that are nested in it, and in whatever it is
/// nested in itself.
fn roots(repo: &Repository) -> BTreeSet<PathBuf> {
    let top = discover::git_root(&repo.root).unwrap_or(&repo.root);
    let above = repo.root.ancestors().take_while(|dir| dir.starts_with(top)).map(PathBuf::from);
    above.chain(repo.units.iter().map(|unit| unit.root.clone())).collect()
}

fn say(context: &Context, settled: &Settled) {
    let (what, left) = match settled {
        // It never counted, or somebody else was faster.
        Settled::Nothing => return,
        Settled::Finished(left) => ("Completed", left),
        Settled::TakenBack(left) => ("Taken back", left),
    };
    let about = format!("{} of `{}`, which was killed in the middle", count(left.files.len(), "file"), left.about);
    context.screen.insist(Tone::Warning, what, about);
}
