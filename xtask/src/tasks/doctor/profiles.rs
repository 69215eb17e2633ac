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
    let asked = asked(repo, selection);
    let (mut found, mut failures) = profiles.of_all(&asked, &repo.settings);
    found.retain(|((account, _), profile)| {
        let misled = profiles.misled([(*account, profile)], &repo.accounts, &repo.settings);
        let is_right = misled.is_empty();
        failures.extend(misled);
        is_right
    });
    let shared = profiles.shared(found.iter().map(|((account, _), profile)| (*account, profile)), &repo.settings);
    let shared: BTreeMap<_, _> = shared.into_iter().map(|(name, failure)| (name.to_owned(), failure)).collect();
    found.retain(|(_, profile)| !shared.contains_key(&profile.name));
    failures.extend(shared.into_values());
    let labels = profiles::labels(found.iter().map(|((account, region), _)| (*account, region.as_ref())));
    let found: BTreeMap<_, _> = labels.into_iter().zip(found.into_iter().map(|(_, profile)| profile)).collect();
    failures.extend(profiles.not_there(found.values(), &repo.settings));
    failures.extend(profiles.misnamed(&repo.accounts, &repo.settings));
    Chosen { found, failures }
}

/// Which program gives credentials, and where that is set.
pub(super) fn credentials(repo: &Repository) -> Finding {
    const NAME: &str = "credentials";
    let words = repo.settings.credentials();
    let place =
        repo.settings.credentials_place().map_or_else(|| "by default".to_owned(), |place| format!("by {place}"));
    match CredentialTool::of(&words) {
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
    let mut by_place: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut limited = Vec::new();
    let unknown = profiles.all_unknown(chosen.found.values(), &repo.settings);
    let is_unknown = |profile: &Profile| unknown.iter().any(|(_, names)| names.contains(profile.name.as_str()));
    for (account, profile) in chosen.found.iter().filter(|(_, profile)| !is_unknown(profile)) {
        // Of lines of one file, the file is enough to be together.
        let file = profile.found_in.rsplit_once(':').map_or(profile.found_in.as_str(), |(file, _)| file);
        match profiles.limit_of(&profile.name, &repo.settings) {
            Some(role) => {
                limited.push(format!("{account}   {}   role `{role}`   by {}", profile.name, profile.found_in))
            }
            None => by_place.entry(file.to_owned()).or_default().push(format!("{account} {}", profile.name)),
        }
    }
    let mut found: Vec<_> = unreadable.collect();
    found.extend(
        by_place.into_iter().map(|(file, pairs)| Finding::ok(NAME, format!("{}   by {file}", pairs.join(", ")))),
    );
    if !limited.is_empty() {
        let finding = Finding::warn(NAME, "roles that, by their names, can read and not apply");
        found.push(limited.into_iter().fold(finding, Finding::detail).to_do("name others, unless you only look"));
    }
    let said: BTreeSet<_> = chosen.failures.iter().map(|failure| &failure.what).collect();
    let unknown = unknown.iter().filter(|(failure, _)| !said.contains(&failure.what));
    found.extend(unknown.map(|(failure, _)| Finding { grade: Grade::Warn, ..Finding::refusal(NAME, failure) }));
    found.extend(chosen.failures.iter().map(|failure| Finding::refusal(NAME, failure)));
    found
}
