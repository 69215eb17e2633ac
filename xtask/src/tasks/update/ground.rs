//! The ground of an update: it reads the repository twice, and what it reads the second time has to be what it read the first
//! time but for its own edit. A branch that is switched meanwhile is refused before anything is planned on it.

use std::collections::BTreeMap;

use crate::model::{Account, Failure, Failures, Known, Tag, regular};
use crate::repo::bump::Bump;
use crate::repo::{Repository, UnitTag};
use crate::tasks::ready::Workable;
use crate::tools::git;

/// What an update stands on.
#[derive(Debug)]
pub(super) struct Ground<'r> {
    repo: &'r Repository,
    commit: Option<String>,
}

impl<'r> Ground<'r> {
    /// As it is at the beginning.
    pub(super) fn of(repo: &'r Repository) -> Self {
        Self { repo, commit: git::commit(&repo.root) }
    }

    /// Refuses if anything is another than at the beginning, nothing having been edited yet.
    pub(super) fn check_untouched(&self) -> Result<(), Failures> {
        self.check(&Bump::default())
    }

    /// The same once the edit has been made.
    pub(super) fn check(&self, bump: &Bump) -> Result<(), Failures> {
        let commit = git::commit(&self.repo.root);
        let mut failures = Vec::new();
        if commit != self.commit {
            let name = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "none".to_owned());
            let failure = refused("another commit is checked out than when this update began")
                .detail(format!("then  {}", name(&self.commit)))
                .detail(format!("now   {}", name(&commit)));
            failures.push(failure);
        }
        let is_ours = |file: &str| {
            let edit = bump.edits.iter().find(|edit| edit.file == file);
            edit.is_some_and(|edit| regular::bytes(&edit.path).is_ok_and(|now| now == edit.after))
        };
        let others: Vec<_> = self.repo.changed_files().into_iter().filter(|file| !is_ours(file)).collect();
        if !others.is_empty() {
            let failure = refused("files have been changed since this update began, by something else than itself");
            failures.push(others.into_iter().fold(failure, Failure::in_file));
        }
        Failures::check(failures)
    }

    /// Refuses unless the repository, read again, has the same units in the same accounts, and these are the selected ones
    /// with the tags that they were to get.
    pub(super) fn check_units(
        &self,
        bump: &Bump,
        tag: &Tag,
        before: &[Workable<'_>],
        repo: &Repository,
        after: &[Workable<'_>],
    ) -> Result<(), Failures> {
        let all = |repo: &Repository| -> BTreeMap<String, String> {
            repo.units.iter().map(|unit| (unit.path.to_string(), named(&unit.account))).collect()
        };
        let selected = |units: &[Workable<'_>]| -> BTreeMap<String, String> {
            units.iter().map(|unit| (unit.unit.path.to_string(), format!("{} {}", unit.account, unit.region))).collect()
        };
        let mut lines = differences(&all(self.repo), &all(repo));
        lines.extend(differences(&selected(before), &selected(after)));
        lines.sort();
        lines.dedup();
        for unit in after {
            for (image, uses) in &unit.unit.images {
                let path = &unit.unit.path;
                let is_left = bump.left.iter().any(|left| left.unit == *path && left.image == Some(*image));
                let is_unproven = bump.unproven.iter().any(|(left, of)| left == path && of == image);
                let Some(uses) = uses.as_ref().filter(|_| !is_left && !is_unproven) else { continue };
                if uses.tag.value() != Some(tag) {
                    let is = match &uses.tag {
                        UnitTag::One(tag) => tag.to_string(),
                        UnitTag::Differ => "not the same in all configurations".to_owned(),
                        UnitTag::Unknown(_) => "unknown".to_owned(),
                    };
                    lines.push(format!("{path}   {image} is {is}, not {tag}"));
                }
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let failure = refused("what the files say now is not what this update began with and has changed");
        Err(lines.into_iter().fold(failure, Failure::detail).into())
    }
}

fn named(account: &Known<Account>) -> String {
    account.value().map_or_else(|| "an unknown account".to_owned(), ToString::to_string)
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let gone =
        before.iter().filter(|(path, _)| !after.contains_key(*path)).map(|(path, _)| format!("{path}   is gone"));
    let new = after.iter().filter(|(path, _)| !before.contains_key(*path)).map(|(path, _)| format!("{path}   is new"));
    let moved = before.iter().filter_map(|(path, was)| {
        let is = after.get(path)?;
        (is != was).then(|| format!("{path}   was in {was}, and is in {is}"))
    });
    gone.chain(new).chain(moved).collect()
}

fn refused(what: &str) -> Failure {
    Failure::refused(what)
        .detail("nothing was planned or applied")
        .hint("see with `git status` that this is the branch that you mean, and run the same command again")
}
