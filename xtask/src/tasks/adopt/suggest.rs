//! Which profiles are used in this repository, as far as that can be read off what is there or asked for. They are a person's,
//! so they go into the file that git ignores. An ordinary Reference Architecture needs no other settings.

use std::collections::BTreeSet;

use super::Adoption;
use crate::model::{Account, Failure, ImageName};
use crate::repo::Repository;
use crate::tasks::context::Context;
use crate::tasks::doctor;
use crate::tasks::profiles::Profiles;
use crate::tasks::profiles::ask::{self, Answer};
use crate::tasks::select::Selection;

/// Settings with their values, and why they are needed.
#[derive(Debug)]
pub(super) struct Suggestion {
    /// Keys with their values.
    pub(super) settings: Vec<(String, String)>,
    pub(super) why: &'static str,
}

/// What to put into the settings of this person. Where several profiles could be meant it is asked for, unless `is_dry` or
/// where nobody can answer; what is set is left alone, wherever it is set.
pub(super) fn settings(context: &Context, repo: &Repository, is_dry: bool) -> Result<Option<Suggestion>, Failure> {
    if !asks_for_profiles(repo) {
        return Ok(None);
    }
    let profiles = Profiles::read(context);
    profiles.warn(context, &repo.settings);
    let asked = doctor::asked(repo, &Selection::default());
    let (found, _) = profiles.by_name(&asked, &repo.settings);
    let all: Vec<_> = asked.iter().map(|(account, _)| *account).collect();
    let unknown: Vec<&Account> = all.iter().filter(|it| !found.contains_key(&it.name)).copied().collect();
    if unknown.is_empty() {
        return Ok(None);
    }
    let profile = |template: &str| vec![("profile".to_owned(), template.to_owned())];
    let patterns = if all.len() > 1 { profiles.patterns(&all, &repo.settings) } else { Vec::new() };
    if let [only] = &patterns[..] {
        let why = "all profiles are named so, and each leads into its account as far as the AWS config tells";
        return Ok(Some(Suggestion { settings: profile(&only.template), why }));
    }
    let several: Vec<_> =
        unknown.iter().filter(|it| profiles.candidates(it, &repo.settings).len() > 1).copied().collect();
    if is_dry || several.is_empty() && patterns.is_empty() {
        return Ok(None);
    }
    let answer = ask::which(&profiles, &several, &all, &repo.settings)?;
    Ok(answer.map(|answer| {
        let settings = match answer {
            Answer::Pattern(template) => profile(&template),
            Answer::Each(each) => each.into_iter().map(|(account, it)| (format!("profiles.{account}"), it)).collect(),
        };
        Suggestion { settings, why: "as you chose" }
    }))
}

/// Accounts whose profile neither the AWS config files nor the settings tell, those that are suggested included.
pub(super) fn without_profile<'a>(context: &Context, adoption: &'a Adoption) -> Vec<&'a str> {
    let suggested = adoption.suggested.iter().flat_map(|it| &it.settings).map(|(key, _)| key.as_str());
    let suggested: BTreeSet<_> = suggested.collect();
    if suggested.contains("profile") || !asks_for_profiles(&adoption.repo) {
        return Vec::new();
    }
    let asked = doctor::asked(&adoption.repo, &Selection::default());
    let (found, _) = Profiles::read(context).by_name(&asked, &adoption.repo.settings);
    let unknown: BTreeSet<_> = asked
        .iter()
        .map(|(account, _)| account.name.as_str())
        .filter(|name| !found.contains_key(*name) && !suggested.contains(format!("profiles.{name}").as_str()))
        .collect();
    unknown.into_iter().collect()
}

/// Whether the command that gives credentials is told a profile.
fn asks_for_profiles(repo: &Repository) -> bool {
    repo.settings.credentials().iter().any(|word| word.contains("{profile}"))
}

/// Whether a unit of the repository builds images: without one there is nothing to build with.
pub(super) fn builds_images(repo: &Repository) -> bool {
    repo.units.iter().any(|unit| unit.image(ImageName::Kaniko).is_some())
}
