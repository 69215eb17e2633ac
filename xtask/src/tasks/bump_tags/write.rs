//! Changing the files: all of them or none.

use crate::model::Failures;
use crate::repo::Repository;
use crate::repo::bump::Bump;
use crate::run::edit::{self, Edit};
use crate::run::lock::RunLock;
use crate::tasks::bump_tags::gather::Ask;

/// Writes the planned change. Nobody plans meanwhile, since the caller holds the lock of the repository.
pub fn carry_out(repo: &Repository, ask: &Ask, bump: &Bump, _lock: &RunLock) -> Result<(), Failures> {
    let edits: Vec<_> = bump
        .edits
        .iter()
        .map(|edit| Edit { name: &edit.file, path: &edit.path, before: &edit.before, after: &edit.after })
        .collect();
    edit::write_all(&repo.root, &ask.command(), &edits)
}
