//! The credential tool, the profile of every account, and how they were found.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Grade};
use crate::model::Failure;
use crate::repo::{Profile, Repository};
use crate::tasks::profiles::{self, Asked, Profiles};
use crate::tasks::select::Selection;
use crate::tools::credential_tool::CredentialTool;
use crate::tools::credentials::Wrapper;

/// The profiles of the accounts of units, and what is wrong with the rest.
pub(super) struct Chosen {
    pub(super) found: BTreeMap<String, Profile>,
    /// Findings that keep nothing from being done.
    warnings: Vec<Failure>,
    pub(super) failures: Vec<Failure>,
}

/// The accounts of selected units with their regions, as sessions are opened for them.
pub(in crate::tasks) fn asked<'r>(repo: &'r Repository, selection: &Selection) -> Vec<Asked<'r>> {
    let selected = repo.units.iter().filter(|unit| selection.holds(unit));
    let of_units = selected.filter_map(|unit| Some((unit.account.value()?, unit.region.value().cloned())));
    profiles::sessions(&repo.settings, of_units)
}

/// Chooses them.
pub(super) fn chosen(repo: &Repository, selection: &Selection, profiles: &Profiles) -> Chosen {
    let mut judged = profiles.judge(&asked(repo, selection), &repo.accounts, &[], &repo.settings);
    let warnings = std::mem::take(&mut judged.doubtful);
    let found = std::mem::take(&mut judged.found);
    let limited =
        profiles.limited(found.iter().map(|((it, region), profile)| ((*it, region.clone()), profile)), &repo.settings);
    let warnings = limited.into_iter().chain(warnings).collect();
    let mut failures = judged.into_failures();
    failures.extend(profiles.misnamed(&repo.accounts, &repo.settings));
    let labels = profiles::labels(found.iter().map(|((account, region), _)| (*account, region.as_ref())));
    let found = labels.into_iter().zip(found.into_iter().map(|(_, profile)| profile)).collect();
    Chosen { found, warnings, failures }
}

/// Which program gives credentials, and where that is set.
pub(super) fn credentials(repo: &Repository, selection: &Selection) -> Finding {
    const NAME: &str = "credentials";
    let words = repo.settings.credentials();
    let place =
        repo.settings.credentials_place().map_or_else(|| "by default".to_owned(), |place| format!("by {place}"));
    let accounts: BTreeSet<_> = repo
        .units
        .iter()
        .filter(|unit| selection.holds(unit))
        .filter_map(|unit| unit.account.value())
        .map(|it| &it.id)
        .collect();
    let is_one_for_all =
        !words.is_empty() && !words.iter().any(|word| word.contains("{profile}") || word.contains("{account"));
    match CredentialTool::of(&words) {
        _ if is_one_for_all && accounts.len() > 1 => Finding::fail(
            NAME,
            format!("{}   {place}: the same command for all of {} accounts", words.join(" "), accounts.len()),
        )
        .to_do("write `{profile}`, or `{account}`, where the tool takes a profile or a name"),
        CredentialTool::Environment => Finding::ok(NAME, format!("those of the environment   {place}")),
        _ => Finding::ok(NAME, format!("{}   {place}", words.join(" "))),
    }
}

/// A finding for all that were found in one place, and one for each that wasn't.
pub(super) fn findings(repo: &Repository, profiles: &Profiles, chosen: &Chosen) -> Vec<Finding> {
    const NAME: &str = "profiles";
    let wrong = profiles.wrong(&repo.settings);
    let unreadable = wrong.iter().map(|failure| Finding::refusal("AWS files", failure));
    let needs_profile = Wrapper::new(repo.settings.credentials()).is_ok_and(|wrapper| wrapper.needs_profile());
    if !needs_profile {
        return unreadable.chain([Finding::skip(NAME, "`credentials` uses none")]).collect();
    }
    let mut by_place: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let good = chosen.found.iter().filter(|(_, profile)| {
        profiles.unknown(&profile.name, &repo.settings).is_none() && !profiles.is_limited(&profile.name, &repo.settings)
    });
    for (account, profile) in good {
        // Of lines of one file, the file is enough to be together.
        by_place.entry(profiles::place_of(&profile.found_in)).or_default().push(format!("{account} {}", profile.name));
    }
    let mut found: Vec<_> = unreadable.collect();
    found.extend(
        by_place.into_iter().map(|(file, pairs)| Finding::ok(NAME, format!("{}   by {file}", pairs.join(", ")))),
    );
    let warning = |failure| Finding { grade: Grade::Warn, ..Finding::refusal(NAME, failure) };
    found.extend(chosen.warnings.iter().map(warning));
    found.extend(chosen.failures.iter().map(|failure| Finding::refusal(NAME, failure)));
    found
}
