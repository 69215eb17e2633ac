//! What is said where the profile of an account is not known: which there are, and the line that settles it.

use std::collections::BTreeSet;

use super::Profiles;
use super::judged::Misled;
use crate::model::{Account, AccountId, Failure, ProfileCandidate, did_you_mean, distance, literal, nearest};
use crate::repo::profile::Pattern;
use crate::repo::settings::{LOCAL, PROFILE};
use crate::repo::{Profile, Settings};
use crate::tools::credential_tool::CredentialTool;
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
    let wrong = profiles.wrong(settings);
    if !wrong.is_empty() {
        // What is not read has to be mended first.
        return wrong.into_iter().fold(failure, |mut failure, wrong| {
            failure.at.extend(wrong.at);
            wrong.hints.into_iter().fold(failure.detail(wrong.what), Failure::hint)
        });
    }
    let there = profiles.names(settings);
    if !there.is_empty() {
        let near = nearest_first(profiles, &there, names.first().copied().unwrap_or_default(), settings);
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
    let there = profiles.names(settings);
    let stored = (CredentialTool::of(&settings.credentials()) == CredentialTool::AwsVault)
        .then(|| format!("where aws-vault has keys of that name: a section `[profile {}]` makes it known", names[0]));
    if let [only] = names {
        let what = format!("profile `{only}` is not in {}", joined(&profiles.shown_files(settings)));
        let failure = Failure::refused(what).detail(format!("named by {found_in}"));
        let failure = match did_you_mean(there.iter().copied(), only) {
            Some(near) => failure.hint(near),
            None => {
                failure.detail(format!("profiles there: {}", most(&nearest_first(profiles, &there, only, settings))))
            }
        };
        return stored.into_iter().fold(failure, Failure::hint);
    }
    let which = if names.len() == n_named { "none".to_owned() } else { names.len().to_string() };
    let (is, not) = if names.len() == n_named { ("is", "") } else { ("are", " not") };
    let files = joined(&profiles.shown_files(settings));
    let near: BTreeSet<_> = names.iter().flat_map(|name| nearest(there.iter().copied(), name)).collect();
    let near: Vec<_> = near.into_iter().collect();
    let failure = Failure::refused(format!("{which} of the {n_named} profiles by {found_in} {is}{not} in {files}"))
        .detail(format!("named: {}", most(names)));
    let failure = match &near[..] {
        [] => failure.detail(format!("profiles there: {}", most(&nearest_first(profiles, &there, names[0], settings)))),
        near => failure.detail(format!("nearest there: {}", most(near))),
    };
    stored.into_iter().fold(failure, Failure::hint)
}

/// The first of these names, and how many more there are.
fn most(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MOST);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("{}{more}", names[..names.len().min(MOST)].join(", "))
}

/// A profile is named for several accounts, of which some are needed whatever is selected. `leads` is where it leads, and
/// `unknown` that it is in no file.
pub(super) fn shared(
    profiles: &Profiles,
    profile: &Profile,
    (accounts, anyway): (&[&Account], &[&Account]),
    leads: Option<(AccountId, String)>,
    unknown: Option<String>,
    known: &[Account],
    settings: &Settings,
) -> Failure {
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let (name, by) = (&profile.name, &profile.found_in);
    let what = format!("profile `{name}` is named for {} accounts: {}", accounts.len(), most(&names));
    let failure = Failure::refused(what).detail(format!("named by {by}; a profile leads into one account"));
    let lead = leads.as_ref().map(|(id, why)| format!("it leads into {}, by {why}", with_name(id, known)));
    let failure = lead.into_iter().chain(unknown).fold(failure, Failure::detail);
    let others: Vec<_> =
        accounts.iter().filter(|account| leads.as_ref().is_none_or(|(id, _)| *id != account.id)).collect();
    let own = |account: &Account| {
        let candidates = profiles.candidates(account, settings);
        let meant = nearest_of(candidates, name).unwrap_or_else(|| "PROFILE".to_owned());
        option(account, &meant)
    };
    let is_needed = |account: &&&&Account| anyway.iter().any(|other| other.id == account.id);
    let needed = others.iter().find(is_needed);
    let example = needed.or(others.first()).map(|account| own(account)).unwrap_or_default();
    let has_one = |account: &&Account| profiles.candidates(account, settings).len() == 1;
    let failure = match (by == PROFILE, accounts.iter().all(has_one)) {
        (true, true) => failure.hint(format!("unset {PROFILE}: the AWS config has a profile for each of them")),
        (true, false) => failure.hint(format!("put `{{account}}` into {PROFILE}, or unset it")),
        (false, _) => {
            failure.hint("put `{account}` into the template, or name one for each account under `[profiles]`")
        }
    };
    let failure = failure.hint(format!("or name another for one account: {example}"));
    match needed {
        None => failure.hint("or work on one account: --account NAME"),
        Some(account) => failure
            .detail(format!("`{}` has the images, which are asked for whatever `--account` selects", account.name)),
    }
}

/// These profiles are named by `found_in`, each for an account, and lead into others.
pub(super) fn misled(found_in: &str, misled: &[Misled<'_>], known: &[Account]) -> Failure {
    let failure = match misled {
        [only] => {
            let (account, profile) = (only.account, &only.profile.name);
            Failure::refused(format!(
                "profile `{profile}`, named for account `{}`, leads into another account",
                account.name
            ))
            .detail(format!("expected  {account}, named by {found_in}"))
            .detail(format!("found     {}, by {}", with_name(&only.found, known), only.why))
        }
        several => {
            let n = several.len();
            let what =
                format!("{n} profiles by {found_in} lead into other accounts than those that they are named for");
            let line = |one: &Misled<'_>| {
                let (found, why) = (with_name(&one.found, known), &one.why);
                format!("{}   {} leads into {found}, by {why}", one.account.name, one.profile.name)
            };
            several.iter().take(MOST).map(line).fold(Failure::refused(what), Failure::detail)
        }
    };
    let places = misled.iter().take(MOST).filter_map(|one| one.place.clone());
    let failure = places.fold(failure, Failure::at);
    let meant = misled.iter().take(MOST).filter_map(|one| {
        let meant = one.meant.as_ref()?;
        Some(format!("`{meant}` leads into {}: {}", one.account.id, option(one.account, meant)))
    });
    let failure = meant.fold(failure, Failure::hint);
    match failure.hints.is_empty() {
        true => failure.hint("correct the profile, or name another one"),
        false => failure,
    }
}

/// The option that names a profile for an account.
fn option(account: &Account, profile: &str) -> String {
    format!("--profile {}={}", quoted(&account.name), quoted(profile))
}

/// The name of the candidate that is most like another name.
pub(super) fn nearest_of(mut candidates: Vec<ProfileCandidate>, name: &str) -> Option<String> {
    candidates.sort_by_key(|candidate| (candidate.is_limited(), distance(&candidate.name, name)));
    candidates.into_iter().next().map(|candidate| candidate.name)
}

/// An account by its id, and by its name where the repository has it.
fn with_name(id: &AccountId, known: &[Account]) -> String {
    let name = known.iter().find(|other| other.id == *id).map(|other| format!(" {}", other.name));
    format!("{id}{}", name.unwrap_or_default())
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

/// Names with those first that have this one in them, then those that differ least; those that can't apply anything come last.
fn nearest_first<'n>(
    profiles: &Profiles,
    names: &BTreeSet<&'n str>,
    wanted: &str,
    settings: &Settings,
) -> Vec<&'n str> {
    let mut names: Vec<_> = names.iter().copied().collect();
    names.sort_by_cached_key(|name| {
        (profiles.is_limited(name, settings), !name.contains(wanted), distance(name, wanted), *name)
    });
    names
}

pub(super) fn joined(files: &[String]) -> String {
    files.join(" or ")
}
