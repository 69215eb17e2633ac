//! Settings that this repository needs and that can be read off what is there. An ordinary Reference Architecture needs
//! none.

use std::collections::BTreeSet;
use std::ops::Not as _;

use toml_edit::Value;

use super::Adoption;
use crate::model::ImageName;
use crate::repo::{Repository, Unit};
use crate::tasks::context::Context;
use crate::tasks::profiles::Profiles;

/// A setting with its value, and why it is needed.
#[derive(Debug)]
pub(super) struct Suggestion {
    pub(super) key: &'static str,
    pub(super) value: Value,
    pub(super) why: String,
}

/// What to put into the settings. Those that are set are left alone, wherever they are set.
pub(super) fn settings(context: &Context, repo: &Repository) -> Vec<Suggestion> {
    let suggestions = [profile(context, repo)];
    suggestions.into_iter().flatten().collect()
}

/// Accounts whose profile neither the AWS config file nor the settings tell, those that are suggested included.
pub(super) fn without_profile<'a>(context: &Context, adoption: &'a Adoption) -> Vec<&'a str> {
    if adoption.suggested.iter().any(|it| it.key == "profile") || !asks_for_profiles(&adoption.repo) {
        return Vec::new();
    }
    let profiles = Profiles::read(context);
    let is_unknown = |unit: &&Unit| is_found(&profiles, unit, &adoption.repo).not();
    let unknown: BTreeSet<_> = adoption
        .repo
        .units
        .iter()
        .filter(is_unknown)
        .filter_map(|it| Some(it.account.value()?.name.as_str()))
        .collect();
    unknown.into_iter().collect()
}

fn is_found(profiles: &Profiles, unit: &Unit, repo: &Repository) -> bool {
    let found = |account| profiles.of(account, unit.region.value(), &repo.settings).is_ok();
    // Without an account there is nothing to look for.
    unit.account.value().is_none_or(found)
}

/// Whether the command that gives credentials is told a profile.
fn asks_for_profiles(repo: &Repository) -> bool {
    repo.settings.credentials().iter().any(|word| word.contains("{profile}"))
}

/// A template for the profiles, where accounts can't be told from the AWS config file alone and one pattern fits all.
fn profile(context: &Context, repo: &Repository) -> Option<Suggestion> {
    if repo.settings.profile().is_some() || !asks_for_profiles(repo) {
        return None;
    }
    let profiles = Profiles::read(context);
    let accounts: BTreeSet<&str> =
        repo.units.iter().filter_map(|unit| Some(unit.account.value()?.name.as_str())).collect();
    if repo.units.iter().all(|unit| is_found(&profiles, unit, repo)) {
        return None;
    }
    let template = template(&accounts.into_iter().collect::<Vec<_>>(), &profiles.names())?;
    let why =
        "the AWS config file does not tell which profile belongs to which account, and all are named so".to_owned();
    Some(Suggestion { key: "profile", value: template.into(), why })
}

/// The one pattern by which there is a profile for each account; none if there are several, or none.
fn template(accounts: &[&str], profiles: &BTreeSet<&str>) -> Option<String> {
    let (first, others) = accounts.split_first()?;
    let mut fitting = profiles.iter().flat_map(|profile| {
        profile.match_indices(first).map(|(at, _)| (&profile[..at], &profile[at + first.len()..])).collect::<Vec<_>>()
    });
    let mut fitting = fitting.by_ref().filter(|(before, after)| {
        others.iter().all(|name| profiles.contains(format!("{before}{name}{after}").as_str()))
    });
    match (fitting.next(), fitting.next()) {
        (Some((before, after)), None) => Some(format!("{before}{{account}}{after}")),
        _ => None,
    }
}

/// Whether a unit of the repository builds images: without one there is nothing to build with.
pub(super) fn builds_images(repo: &Repository) -> bool {
    repo.units.iter().any(|unit| unit.image(ImageName::Kaniko).is_some())
}

#[cfg(test)]
mod tests {
    use super::template;

    fn found(accounts: &[&str], profiles: &[&str]) -> Option<String> {
        template(accounts, &profiles.iter().copied().collect())
    }

    #[test]
    fn a_pattern_must_fit_every_account_and_be_the_only_one() {
        let accounts = ["dev", "prod"];
        assert_eq!(found(&accounts, &["acme-dev", "acme-prod", "other"]).as_deref(), Some("acme-{account}"));
        assert_eq!(found(&accounts, &["dev", "prod"]).as_deref(), Some("{account}"));
        assert_eq!(found(&accounts, &["dev-admin", "prod-admin", "dev"]).as_deref(), Some("{account}-admin"));
        assert_eq!(found(&accounts, &["acme-dev", "acme-stage"]), None);
        assert_eq!(found(&accounts, &["a-dev", "a-prod", "b-dev", "b-prod"]), None);
        assert_eq!(found(&[], &["a"]), None);
    }
}
