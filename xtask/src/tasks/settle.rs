//! The repository for tasks that edit or plan: a change of files that was killed in the middle is over before it is read.

use std::path::Path;

use crate::model::Failures;
use crate::repo::Repository;
use crate::report::screen::{Tone, count};
use crate::run::edit::{self, Settled};
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;

/// Opens the repository for a task that changes nothing and needs its files to be of one state.
pub fn untouched(context: &Context) -> Result<Repository, Failures> {
    let repo = context.opened()?;
    edit::refuse_if_pending(&repo.root)?;
    Ok(repo)
}

/// Opens the repository; what was killed in the middle is finished or taken back first, and that is said. A dry run
/// changes nothing, so it refuses instead.
pub fn repository(context: &Context) -> Result<Repository, Failures> {
    let repo = context.opened()?;
    if changes(context, &repo.root)? { context.opened() } else { Ok(repo) }
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
    let settled = {
        let holder = format!("process {}, which settles an interrupted change of files", std::process::id());
        let _lock = RunLock::take(&RunFolder::new(root).run_lock(), &holder)?;
        edit::settle(root)?
    };
    let say = |what: &str, about: &str, files: &[String]| {
        let about = format!("{} of `{about}`, which was killed in the middle", count(files.len(), "file"));
        context.screen.insist(Tone::Warning, what, about);
    };
    match &settled {
        // It never counted, or somebody else was faster.
        Settled::Nothing => {}
        Settled::Finished(left) => say("Completed", &left.about, &left.files),
        Settled::TakenBack(left) => say("Taken back", &left.about, &left.files),
    }
    Ok(true)
}
