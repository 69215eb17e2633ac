//! The profile of every account, and how it was found; what can be settled about it in Cargo.toml.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::finding::Finding;
use crate::model::{Account, AccountId, Failure, Failures};
use crate::repo::{Profile, Repository, settings};
use crate::report::screen::{Tone, count};
use crate::run::edit::{self, Edit};
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::tasks::context::Context;
use crate::tasks::profiles::Profiles;
use crate::tools::credentials::Wrapper;
use crate::tools::tty;

/// The accounts of units, each once, with the profile or why there is none.
pub(super) fn chosen<'r>(repo: &'r Repository, profiles: &Profiles) -> Vec<(&'r Account, Result<Profile, Failure>)> {
    let mut found: Vec<(&Account, Result<Profile, Failure>)> = Vec::new();
    for (unit, account) in repo.units.iter().filter_map(|unit| Some((unit, unit.account.value()?))) {
        if !found.iter().any(|(known, _)| known.id == account.id) {
            found.push((account, profiles.of(account, unit.region.value(), &repo.settings)));
        }
    }
    found
}

/// A finding for all that were found in one place, and one for each that wasn't.
pub(super) fn findings(repo: &Repository, chosen: &[(&Account, Result<Profile, Failure>)]) -> Vec<Finding> {
    const NAME: &str = "profiles";
    let needs_profile = Wrapper::new(repo.settings.credentials().to_vec()).is_ok_and(|wrapper| wrapper.needs_profile());
    if !needs_profile {
        return vec![Finding::skip(NAME, "`credentials` in Cargo.toml uses none")];
    }
    let mut by_place: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for (account, profile) in chosen {
        match profile {
            Ok(profile) => {
                // Of lines of one file, the file is enough to be together.
                let file = profile.found_in.rsplit_once(':').map_or(profile.found_in.as_str(), |(file, _)| file);
                by_place.entry(file.to_owned()).or_default().push(format!("{} {}", account.name, profile.name));
            }
            Err(failure) => found.push(Finding::refusal(NAME, failure)),
        }
    }
    let together =
        by_place.into_iter().map(|(file, pairs)| Finding::ok(NAME, format!("{}   by {file}", pairs.join(", "))));
    together.chain(found).collect()
}

/// Writes the profiles that were found outside the settings, and the accounts that somebody at the terminal knows, into
/// Cargo.toml, once somebody has seen the difference and
/// agreed: from then on another shell finds the same.
pub(super) fn fix(
    context: &Context,
    repo: &Repository,
    chosen: &[(&Account, Result<Profile, Failure>)],
) -> Result<(), Failures> {
    let file = repo.settings.file().unwrap_or("Cargo.toml");
    let known = |profile: &Profile| profile.found_in.starts_with(file) || profile.found_in.starts_with('`');
    let new: Vec<_> = chosen
        .iter()
        .filter_map(|(account, profile)| Some((account.name.as_str(), profile.as_ref().ok()?)))
        .filter(|(_, profile)| !known(profile))
        .collect();
    let accounts = ask_accounts(context, repo)?;
    if new.is_empty() && accounts.is_empty() {
        context.screen.say(Tone::Good, "Fix", format!("nothing that can be settled safely is missing in {file}"));
        return Ok(());
    }
    let path = repo.root.join(file);
    let before = read(&path)?;
    let mut after = before.clone().unwrap_or_default();
    for (account, profile) in &new {
        after = settings::set(&after, file, &format!("profiles.{account}"), profile.name.as_str())?;
    }
    for (folder, id) in &accounts {
        after = settings::set(&after, file, &format!("accounts.{folder}"), id.as_str())?;
    }
    let shown = TextDiff::from_lines(before.as_deref().unwrap_or_default(), &after);
    context.screen.lines(&shown.unified_diff().context_radius(2).header(file, file).to_string());
    if !context.globals.yes {
        let declined = Failure::refused(format!("{file} was not changed: there was no consent"));
        let otherwise = "there is no terminal to ask at; after reading the difference: --yes";
        tty::agree("Write this? [y/N] ", declined, otherwise)?;
    }
    write(repo, file, &path, before.as_deref(), &after)?;
    let stated =
        if accounts.is_empty() { String::new() } else { format!(", and {}", count(accounts.len(), "account")) };
    context.screen.say(Tone::Good, "Fixed", format!("{} profiles in {file}", new.len()) + &stated);
    Ok(())
}

/// Asks at the terminal for the account of each unit that nothing tells: its folder in the settings, and the id. Where there
/// is nobody to ask, says what to write.
fn ask_accounts(context: &Context, repo: &Repository) -> Result<Vec<(String, AccountId)>, Failures> {
    let unknown: Vec<_> = repo.units.iter().filter(|unit| unit.account.value().is_none()).collect();
    let mut terminal = if unknown.is_empty() { None } else { tty::Terminal::open() };
    let mut stated = Vec::new();
    for unit in unknown {
        let Some(terminal) = &mut terminal else {
            let line = repo.line_for_account(unit, "111122223333");
            context.screen.say(Tone::Warning, "Account", format!("of {} is not known: {line}", unit.path));
            continue;
        };
        let question = format!("Account of {} (twelve digits; nothing leaves it unknown): ", unit.path);
        let said = terminal
            .ask(&question, &|| false)
            .map_err(|error| Failure::refused("there was no answer").because(error))?;
        if !said.is_empty() {
            let id = AccountId::parse(&said).map_err(|error| Failure::usage(error.to_string()))?;
            stated.push((repo.settings.folder_of(&repo.root, &unit.path.in_root(&repo.root)), id));
        }
    }
    Ok(stated)
}

fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::refused("cannot read the settings").in_file(path.display().to_string()).because(error))
        }
    }
}

fn write(repo: &Repository, file: &str, path: &PathBuf, before: Option<&str>, after: &str) -> Result<(), Failures> {
    let lock = RunFolder::new(&repo.root).run_lock();
    // Nobody plans while files change.
    let _lock = RunLock::take(&lock, &format!("doctor --fix, process {}", std::process::id()))?;
    match before {
        Some(before) => edit::write_all(
            &repo.root,
            "doctor --fix",
            &[Edit { name: file, path, before: before.as_bytes(), after: after.as_bytes() }],
        ),
        None => fs::write(path, after).map_err(|error| {
            Failure::failed("cannot write the settings").in_file(path.display().to_string()).because(error).into()
        }),
    }
}
