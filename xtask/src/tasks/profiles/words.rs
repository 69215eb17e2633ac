//! What is said where the profile of an account is not known: which there are, and the line that settles it.

use std::collections::BTreeSet;

use super::Profiles;
use crate::model::{Account, AccountId, Failure, ProfileCandidate, did_you_mean, distance, literal};
use crate::repo::profile::Pattern;
use crate::repo::settings::{LOCAL, PROFILE};
use crate::repo::{Profile, Settings};
use crate::tools::process::quoted;

/// How many names are listed.
const MOST: usize = 10;

/// How many profiles of one account are listed.
const MOST_EACH: usize = 4;

/// Several profiles lead into `accounts`, which are those of `all` that have no other answer.
pub(super) fn several(profiles: &Profiles, accounts: &[&Account], all: &[&Account], settings: &Settings) -> Failure {
    let what = match accounts {
        [only] => {
            let n = profiles.candidates(only, settings).len();
            format!("{n} profiles lead into account `{}`", only.name)
        }
        several => format!("several profiles lead into each of {} accounts", several.len()),
    };
    let mut failure = Failure::refused(what);
    let patterns = if all.len() > 1 { profiles.patterns(all, settings) } else { Vec::new() };
    if let [first, ..] = &patterns[..] {
        failure = failure.detail(format!("these fit every account; put the one that you mean into {LOCAL}:"));
        failure = patterns.iter().take(MOST).fold(failure, |failure, it| failure.detail(format!("  {}", line(it))));
        return failure
            .hint("`cargo xtask doctor --fix` asks which, and writes it")
            .hint(format!("for one command: {PROFILE}={}", quoted(&first.template)));
    }
    failure = failure.detail(format!("no pattern of names fits every account; put those that you mean into {LOCAL}:"));
    failure = failure.detail("  [profiles]");
    if let [only] = accounts {
        failure = profiles.candidates(only, settings).into_iter().fold(failure, |failure, it| failure.at(it.place));
    }
    for (account, names) in profiles.candidates_of(accounts, all, settings) {
        let others: Vec<_> = names.iter().skip(1).take(MOST_EACH - 1).map(|it| it.name.as_str()).collect();
        let more = names.len().saturating_sub(MOST_EACH);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        if let Some(first) = names.first() {
            let entry = entry(account, &first.name);
            failure = failure.detail(format!("  {entry}   # or {}{more}", others.join(", ")));
        }
    }
    failure.hint("`cargo xtask doctor --fix` asks which, and writes it")
}

/// Nothing leads into these accounts.
pub(super) fn missing(profiles: &Profiles, accounts: &[&Account], settings: &Settings) -> Failure {
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let what = match accounts {
        [only] => format!("there is no profile for account `{}`", only.name),
        several => format!("there is no profile for {} accounts: {}", several.len(), names.join(", ")),
    };
    let ids: Vec<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    let files = joined(&profiles.shown_files(settings));
    let mut failure = Failure::refused(what).detail(match ids[..] {
        [id] => format!("no profile in {files} leads to {id}"),
        _ => format!("no profile in {files} leads to any of {}", ids.join(", ")),
    });
    for wrong in profiles.wrong(settings) {
        failure = failure.detail(wrong.what);
        failure.at.extend(wrong.at);
    }
    let there = profiles.names(settings);
    if !there.is_empty() {
        let near = nearest_first(&there, names.first().copied().unwrap_or_default());
        failure = failure.detail(format!("profiles there: {}", most(&near)));
    }
    let example = accounts.first().map(|account| entry(account, "PROFILE")).unwrap_or_default();
    failure
        .hint(format!("say which: `{example}` under `[profiles]` in `{LOCAL}`, or `--profile {}=PROFILE`", names[0]))
        .hint(format!("or how all are named: {PROFILE}='acme-{{account}}', or `profile` in `{LOCAL}`"))
}

/// None of these profiles, which are all named by `found_in` or some of the `n_named` that are, is in the files.
pub(super) fn unknown(
    profiles: &Profiles,
    names: &[&str],
    found_in: &str,
    n_named: usize,
    settings: &Settings,
) -> Failure {
    if let [only] = names {
        let what = format!("profile `{only}` is not in {}", joined(&profiles.shown_files(settings)));
        let failure = Failure::refused(what).detail(format!("named by {found_in}"));
        return did_you_mean(profiles.names(settings), only).into_iter().fold(failure, Failure::hint);
    }
    let which = if names.len() == n_named { "none".to_owned() } else { names.len().to_string() };
    let (is, not) = if names.len() == n_named { ("is", "") } else { ("are", " not") };
    let files = joined(&profiles.shown_files(settings));
    let there = profiles.names(settings);
    Failure::refused(format!("{which} of the {n_named} profiles by {found_in} {is}{not} in {files}"))
        .detail(format!("named: {}", most(names)))
        .detail(format!("profiles there: {}", most(&nearest_first(&there, names[0]))))
}

/// The first of these names, and how many more there are.
fn most(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

/// A profile is named for several accounts.
pub(super) fn shared(profile: &Profile, accounts: &[&Account]) -> Failure {
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let (name, n) = (&profile.name, accounts.len());
    Failure::refused(format!("profile `{name}` is named for {n} accounts: {}", most(&names)))
        .detail(format!("named by {}; a profile leads into one account", profile.found_in))
        .hint("name one for each account: `{account}` in the template, `[profiles]`, or `--profile ACCOUNT=PROFILE`")
        .hint("or work on one account: --account NAME")
}

/// A profile is named for an account and leads into another one; `there` are those that lead into it.
pub(super) fn misled(
    account: &Account,
    profile: &Profile,
    (found, why): (&AccountId, &str),
    known: &[Account],
    there: &[ProfileCandidate],
) -> Failure {
    let name = known.iter().find(|other| other.id == *found).map(|other| format!(" {}", other.name));
    let what = format!("profile `{}`, named for account `{}`, leads into another account", profile.name, account.name);
    let failure = Failure::refused(what)
        .detail(format!("expected  {account}, named by {}", profile.found_in))
        .detail(format!("found     {found}{}, by {why}", name.unwrap_or_default()));
    let mut there: Vec<_> = there.iter().map(|candidate| candidate.name.as_str()).collect();
    there.sort_by_key(|name| distance(name, &profile.name));
    match there.first() {
        Some(other) => failure.hint(format!("`{other}` leads into {}", account.id)),
        None => failure.hint("correct the profile, or name another one"),
    }
}

/// What is said of a role that can't apply.
const LIMITED: &str = "   # its role, by its name, can't apply";

/// A pattern in a list.
pub(super) fn remarked(pattern: &Pattern) -> String {
    format!("{}{}", pattern.template, if pattern.is_limited { LIMITED } else { "" })
}

/// A profile in a list.
pub(super) fn with_role(candidate: &ProfileCandidate) -> String {
    let role = candidate.role.as_ref().map(|role| format!("   role {role}")).unwrap_or_default();
    format!("{}{role}{}", candidate.name, if candidate.is_limited() { LIMITED } else { "" })
}

/// A pattern as a line of the settings.
fn line(pattern: &Pattern) -> String {
    format!("profile = {}{}", literal(&pattern.template), if pattern.is_limited { LIMITED } else { "" })
}

fn entry(account: &Account, profile: &str) -> String {
    let bare =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !name.is_empty();
    let key = if bare(&account.name) { account.name.clone() } else { literal(&account.name) };
    format!("{key} = {}", literal(profile))
}

/// Names with those first that have this one in them, then those that differ least.
pub(super) fn nearest_first<'n>(names: &BTreeSet<&'n str>, wanted: &str) -> Vec<&'n str> {
    let mut names: Vec<_> = names.iter().copied().collect();
    names.sort_by_key(|name| (!name.contains(wanted), distance(name, wanted), *name));
    names
}

pub(super) fn joined(files: &[String]) -> String {
    files.join(" or ")
}
