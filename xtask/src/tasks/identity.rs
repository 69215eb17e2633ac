//! `identity`: proves every account, and does nothing more. A rehearsal begins with it, since it is one run of everything.

use crate::model::{Exit, Failures};
use crate::run::folder::RunFolder;
use crate::tasks::context::Context;
use crate::tasks::profiles;
use crate::tasks::ready::{self, Ready};
use crate::tasks::select::Selection;
use crate::tasks::session::{self, Session};

/// Proves the accounts of all units.
pub fn run(context: &Context) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let everything = Selection::default();
    let mut problems = everything.take_problems(&mut repo);
    let selected = everything.units(&repo)?;
    let (units, not_workable) = ready::workable(context, &repo, &selected);
    problems.extend(not_workable);
    let accounts = profiles::sessions(&repo.settings, units.iter().map(|unit| (unit.account, unit.region.clone())));
    let mut ready = Ready::gather(context, &repo, &accounts, &[], &[], problems)?;
    let run = RunFolder::new(&repo.root);
    if context.globals.dry_run {
        context.commands(&session::orders(&ready, &run, true)?.identities(&accounts).shell_lines())?;
        return Ok(Exit::DONE);
    }
    let mut session = Session::begin(context, &repo, &run, "identity", 1)?;
    session.ask_passphrase(&mut ready)?;
    let stage = session::orders(&ready, &run, false)?.identities(&accounts);
    let proven = session.prove_identities(&ready, &stage, &accounts);
    run.discard();
    proven.map(|_| Exit::DONE)
}
