//! The checkout that is applied: what of it nobody else can see is shown, and refused where the settings say so.

use crate::cli::Allowance;
use crate::model::{Environment, Failure, Tag};
use crate::repo::Repository;
use crate::repo::settings::Clean;
use crate::tasks::apply_all::Work;
use crate::tasks::context::Context;
use crate::tasks::ready::Workable;
use crate::tools::git;

/// A refusal where `require-clean` asks for a clean checkout, and the files are about to change.
pub fn needs_a_commit(context: &Context, repo: &Repository, work: &Work<'_>, tag: &Tag) -> Option<Failure> {
    is_asked(context, repo, &work.units).then(|| {
        let what = "the tags have to move first, and what is applied has to be on the default branch of the upstream";
        let failure =
            repo.settings.place("require-clean").cloned().into_iter().fold(Failure::refused(what), Failure::at);
        failure
            .hint(format!(
                "cargo xtask update {tag} --until bump, have the change merged, then the same without `--until`"
            ))
            .hint("or apply what nobody else can see: --allow uncommitted")
    })
}

/// A refusal if `require-clean` asks for a clean checkout of the default branch, and this is none.
pub(super) fn required(context: &Context, repo: &Repository, units: &[Workable<'_>]) -> Option<Failure> {
    if !is_asked(context, repo, units) {
        return None;
    }
    let unseen = match git::checkout(&repo.root) {
        Some(checkout) => checkout.unseen(),
        None => match git::refusal(&repo.root) {
            Some(refusal) => std::iter::once(format!("git refuses to look at it: {}", refusal.what))
                .chain(refusal.to_do.map(|to_do| format!("do: {to_do}")))
                .collect(),
            None => vec!["git doesn't know this folder".to_owned()],
        },
    };
    if unseen.is_empty() {
        return None;
    }
    let failure = Failure::refused("what would be applied is not what is on the default branch of the upstream");
    let failure = repo.settings.place("require-clean").cloned().into_iter().fold(failure, Failure::at);
    let failure = unseen.into_iter().fold(failure, Failure::detail);
    Some(failure.hint("commit it and have it merged first, or: --allow uncommitted"))
}

/// What of the checkout nobody else can see, for the digest.
pub(super) fn unseen(repo: &Repository) -> Vec<String> {
    git::checkout(&repo.root).map(|checkout| checkout.unseen()).unwrap_or_default()
}

/// Whether the settings ask for a clean checkout before these units are applied, and nobody allowed another.
fn is_asked(context: &Context, repo: &Repository, units: &[Workable<'_>]) -> bool {
    let is_production = |unit: &Workable<'_>| {
        let environment = repo.settings.environment(&unit.account.name);
        // Where nobody knows, it may be.
        environment.is_none_or(|environment| environment == Environment::Production)
    };
    let asks = match repo.settings.require_clean() {
        None => false,
        Some(Clean::Always) => true,
        Some(Clean::Production) => units.iter().any(is_production),
    };
    asks && !context.globals.allows(Allowance::Uncommitted)
}
