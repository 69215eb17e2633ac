//! Why an account is not proven, in a person's words.

use crate::model::{Account, Failure};
use crate::run::event::Outcome;
use crate::tasks::ready::Ready;
use crate::tools::proof::{Proof, Verdict};

/// Says in a person's words why an account is not proven.
pub(super) fn not_proven(ready: &Ready<'_>, account: &Account, proof: Option<Proof>, outcome: &Outcome) -> Failure {
    let name = &account.name;
    let profile = ready.profile(account).map(|profile| format!("profile `{profile}`"));
    let with_places = |failure: Failure| account.evidence.iter().cloned().fold(failure, Failure::at);
    match proof {
        Some(Proof { verdict: Verdict::Mismatch, account: Some(found), arn, .. }) => {
            let known = ready.repo.accounts.iter().find(|other| other.id == found);
            let found_name = known.map_or("an account that this repository doesn't name", |other| &other.name);
            let failure = with_places(Failure::refused(format!(
                "the credentials for account `{name}` belong to another account"
            )));
            let from = profile.map(|profile| format!("from      {profile}"));
            let failure = from.into_iter().fold(failure, Failure::detail);
            failure
                .detail(format!("expected  {} {name}", account.id))
                .detail(format!("found     {found} {found_name}"))
                .detail(format!("          {}", arn.unwrap_or_default()))
                .hint("check which account the profile leads to, and `profiles` in [workspace.metadata.xtask] in Cargo.toml")
        }
        Some(Proof { reason: Some(reason), .. }) => {
            Failure::refused(format!("the identity for account `{name}` could not be proven")).detail(reason)
        }
        _ => {
            let how = outcome.cause.clone().unwrap_or_default();
            let who = profile.unwrap_or_else(|| "the environment".to_owned());
            Failure::refused(format!("there is no session for account `{name}` from {who}"))
                .detail(how)
                .hint("see what the credential tool printed above")
        }
    }
}
