//! Before anything is planned: the images that the units will take are in ECR. A tag without its image keeps every task of
//! the runner from starting, and a runner that doesn't start can't be repaired by itself.

use crate::cli::Allowance;
use crate::model::Failures;
use crate::report::screen::{Tone, count};
use crate::run::step::Stage;
use crate::tasks::context::Context;
use crate::tasks::images::{self, Taken, Wanted};
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;
use crate::{model::Account, repo::Repository};

/// The images that the units will take; none if nobody wants to know.
pub(super) fn taken<'r>(context: &Context, repo: &'r Repository, units: &[Workable<'_>]) -> Taken<'r> {
    if context.globals.allows(Allowance::UnprovenImage) {
        return Taken::default();
    }
    let all: Vec<_> = units.iter().map(|unit| unit.unit).collect();
    let taken = images::taken(repo, &all);
    if !repo.settings.credentials().is_empty() {
        return taken;
    }
    // Credentials of the environment are those of one account, and the registry may lie in another.
    let is_ours = |account: &Account| units.iter().all(|unit| unit.account.id == account.id);
    taken.only(is_ours, "its registry lies in another account than the credentials of this shell")
}

/// Asks ECR, and refuses if an image is not there.
pub(super) fn prove(session: &Session<'_>, stage: &Stage, taken: &Taken<'_>) -> Result<(), Failures> {
    let screen = &session.context.screen;
    if session.context.globals.allows(Allowance::UnprovenImage) {
        screen.insist(Tone::Warning, "Allowed", "ECR was not asked for the images (--allow unproven-image)");
        return Ok(());
    }
    for (what, why) in &taken.not_asked {
        screen.insist(Tone::Warning, "Images", format!("ECR was not asked for {what}: {why}"));
    }
    if taken.wanted.is_empty() {
        return Ok(());
    }
    let answers = images::ask(session, stage, &taken.wanted)?;
    let missing = taken.wanted.iter().zip(&answers).filter(|(_, answer)| answer.is_none());
    Failures::check(missing.map(|(wanted, _)| wanted.missing("nothing was planned or applied")).collect())?;
    let names: Vec<_> = taken.wanted.iter().map(Wanted::name).collect();
    let about = format!("{} in ECR   {}", count(names.len(), "image"), names.join(", "));
    screen.say(Tone::Good, "Images", about);
    Ok(())
}
