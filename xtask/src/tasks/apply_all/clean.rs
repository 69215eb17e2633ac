//! The checkout that is applied: what of it nobody else can see is shown, and refused where the settings say so.

use crate::cli::Allowance;
use crate::model::{Environment, Failure};
use crate::repo::Repository;
use crate::repo::settings::Clean;
use crate::tasks::context::Context;
use crate::tasks::ready::Workable;
use crate::tools::git;

/// A refusal if `require-clean` asks for a clean checkout of the default branch, and this is none.
pub(super) fn required(context: &Context, repo: &Repository, units: &[Workable<'_>]) -> Option<Failure> {
    let is_production = |unit: &Workable<'_>| {
        let environment = repo.settings.environment(&unit.unit.account.name);
        // Where nobody knows, it may be.
        environment.is_none_or(|environment| environment == Environment::Production)
    };
    let asks = match repo.settings.require_clean()? {
        Clean::Always => true,
        Clean::Production => units.iter().any(is_production),
    };
    if !asks || context.globals.allows(Allowance::Uncommitted) {
        return None;
    }
    let unseen = match git::checkout(&repo.root) {
        Some(checkout) => checkout.unseen(),
        None => vec!["git doesn't know this folder".to_owned()],
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
