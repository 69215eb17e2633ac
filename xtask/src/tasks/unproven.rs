//! Why accounts are not proven, in a person's words: those that fail for one cause are told together, with what helps.

use crate::model::{Account, Failure, Region};
use crate::run::event::Outcome;
use crate::tasks::ready::Ready;
use crate::tools::aws_error::AwsError;
use crate::tools::proof::{Proof, Verdict};

/// How many accounts, and commands for them, are listed.
const MOST: usize = 12;

/// An account with the region that its session is opened in.
type Of<'a> = (&'a Account, Region);

/// An account that is not proven, and what is known of it.
pub(super) struct NotProven<'a> {
    pub(super) account: Of<'a>,
    pub(super) proof: Option<Proof>,
    /// What the credential tool was answered, where that is known.
    pub(super) error: Option<AwsError>,
    pub(super) outcome: Outcome,
}

/// What accounts may have in common.
#[derive(PartialEq, Eq)]
enum Why {
    /// The credentials are another account's.
    Mismatch(Box<Proof>),
    /// AWS answered something else, or nothing.
    Error(AwsError),
    /// The guard refused for another reason.
    Reason(String),
    /// The credential tool started nothing.
    NoSession(String),
}

/// Says why, each cause once.
pub(super) fn failures(ready: &Ready<'_>, all: Vec<NotProven<'_>>) -> Vec<Failure> {
    let mut groups: Vec<(Why, Vec<Of<'_>>)> = Vec::new();
    for one in all {
        let why = why(one.proof, one.error, &one.outcome);
        match groups.iter_mut().find(|(known, _)| is_alike(known, &why)) {
            Some((_, accounts)) => accounts.push(one.account),
            None => groups.push((why, vec![one.account])),
        }
    }
    groups.into_iter().map(|(why, accounts)| failure(ready, why, &accounts)).collect()
}

fn why(proof: Option<Proof>, error: Option<AwsError>, outcome: &Outcome) -> Why {
    match proof {
        Some(proof) if proof.verdict == Verdict::Mismatch && proof.account.is_some() => Why::Mismatch(proof.into()),
        Some(Proof { error: Some(error), .. }) => Why::Error(error),
        Some(Proof { reason: Some(reason), .. }) => Why::Reason(reason),
        _ if let Some(error) = error => Why::Error(error),
        _ => Why::NoSession(outcome.cause.clone().unwrap_or_default()),
    }
}

/// Messages name single requests and profiles, so of AWS's answers the code and the kind decide, and of identities who they are.
fn is_alike(a: &Why, b: &Why) -> bool {
    match (a, b) {
        (Why::Error(a), Why::Error(b)) => a.cause == b.cause && a.code == b.code,
        (Why::Mismatch(a), Why::Mismatch(b)) => a.account == b.account && a.arn == b.arn,
        (a, b) => a == b,
    }
}

fn failure(ready: &Ready<'_>, why: Why, accounts: &[Of<'_>]) -> Failure {
    match (why, accounts) {
        (Why::Mismatch(proof), [only]) => mismatch(ready, only, *proof),
        (Why::Mismatch(proof), [_, ..]) => mismatches(ready, accounts, *proof),
        (Why::Error(error), _) => refused(ready, &error, accounts),
        (Why::Reason(reason), _) => {
            named(Failure::refused(format!("the identity {} could not be verified", of(accounts))), ready, accounts)
                .detail(reason)
        }
        (Why::NoSession(how), _) => no_session(ready, how, accounts),
        (Why::Mismatch(_), []) => Failure::refused("the credentials belong to another account"),
    }
}

fn mismatch(ready: &Ready<'_>, (account, region): &Of<'_>, proof: Proof) -> Failure {
    let name = &account.name;
    let failure = Failure::refused(format!("the credentials for account `{name}` belong to another account"));
    let failure = account.evidence.iter().cloned().fold(failure, Failure::at);
    let chosen = ready.chosen(account, region);
    let from = chosen.map(|profile| format!("from      profile `{}`, named by {}", profile.name, profile.found_in));
    let failure = from.into_iter().fold(failure, Failure::detail).detail(format!("expected  {} {name}", account.id));
    who(failure, ready, &proof).hint(ready.corrected_by(account, region))
}

/// The same credentials for several accounts, none of which is theirs.
fn mismatches(ready: &Ready<'_>, accounts: &[Of<'_>], proof: Proof) -> Failure {
    let n = accounts.len();
    let failure = Failure::refused(format!("the credentials for {n} accounts belong to another account"));
    let expected = accounts.iter().take(MOST).map(|(account, region)| {
        let by = ready.chosen(account, region);
        let by = by.map(|profile| format!(", profile `{}` by {}", profile.name, profile.found_in)).unwrap_or_default();
        format!("expected  {} {}{by}", account.id, account.name)
    });
    let failure = expected.fold(failure, Failure::detail);
    let failure = match n.saturating_sub(MOST) {
        0 => failure,
        more => failure.detail(format!("          and {more} more")),
    };
    let (account, region) = &accounts[0];
    who(failure, ready, &proof).hint(ready.corrected_by(account, region))
}

/// Adds whose credentials they are.
fn who(failure: Failure, ready: &Ready<'_>, proof: &Proof) -> Failure {
    let found = proof.account.as_ref();
    let known = ready.repo.accounts.iter().find(|other| Some(&other.id) == found);
    let name = known.map_or("an account that this repository doesn't name", |other| &other.name);
    failure
        .detail(format!("found     {} {name}", found.map(ToString::to_string).unwrap_or_default()))
        .detail(format!("          {}", proof.arn.as_deref().unwrap_or_default()))
}

fn refused(ready: &Ready<'_>, error: &AwsError, accounts: &[Of<'_>]) -> Failure {
    let what = format!("the identity {} could not be verified: {}", of(accounts), error.meaning());
    let failure = named(Failure::refused(what), ready, accounts);
    let who = if error.code.is_some() { "AWS" } else { "reason" };
    let failure = failure.detail(format!("{who:<8}  {}", error.words()));
    match error.remedy() {
        Some(remedy) => failure.hint(remedy),
        None => mended(failure, ready, error, accounts),
    }
}

fn no_session(ready: &Ready<'_>, how: String, accounts: &[Of<'_>]) -> Failure {
    let failure = match accounts {
        [(account, region)] => {
            let from = ready.profile(account, region).map(|profile| format!("profile `{profile}`"));
            let from = from.unwrap_or_else(|| "the environment".to_owned());
            Failure::refused(format!("there is no session for account `{}` from {from}", account.name))
        }
        _ => named(Failure::refused(format!("there is no session {}", of(accounts))), ready, accounts),
    };
    let unknown = accounts.iter().filter_map(|(account, region)| ready.unknown_profile(account, region)).take(MOST);
    let failure = unknown.fold(failure.detail(how), Failure::detail).hint("see what the credential tool printed above");
    let steps = ready.signed_in_by(accounts);
    steps.iter().take(MOST).fold(failure, |failure, step| failure.hint(format!("if a sign-in is missing: {step}")))
}

/// `for account `dev``, or `for 3 accounts`.
fn of(accounts: &[Of<'_>]) -> String {
    match accounts {
        [(only, _)] => format!("for account `{}`", only.name),
        several => format!("for {} accounts", several.len()),
    }
}

/// Adds which accounts, with their profiles.
fn named(failure: Failure, ready: &Ready<'_>, accounts: &[Of<'_>]) -> Failure {
    let name = |(account, region): &Of<'_>| match ready.profile(account, region) {
        Some(profile) => format!("{} ({profile})", account.name),
        None => account.name.clone(),
    };
    let mut names: Vec<_> = accounts.iter().take(MOST).map(name).collect();
    if accounts.len() > MOST {
        names.push(format!("and {} more", accounts.len() - MOST));
    }
    failure.detail(format!("accounts  {}", names.join(", ")))
}

/// Adds what the person does with the credential tool.
fn mended(failure: Failure, ready: &Ready<'_>, error: &AwsError, accounts: &[Of<'_>]) -> Failure {
    let steps = ready.mended_by(error, accounts);
    match &steps[..] {
        [] => failure.hint("open a new session with the credential tool, and run the command again"),
        [only] if only.contains(' ') && only.contains(", ") => failure.hint(only.clone()),
        steps => {
            let new = |failure: Failure, step: &String| failure.hint(format!("open a new session: {step}"));
            steps.iter().take(MOST).fold(failure, new).hint("then run the command again")
        }
    }
}
