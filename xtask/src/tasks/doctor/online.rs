//! What only the accounts can say: whose credentials these are, and what is in ECR, ECS and Lambda. Each account is asked
//! in one session, and nothing twice.

use super::finding::Finding;
use super::traps::{invoker as invoker_trap, sessions};
use crate::model::Account;
use crate::model::{Failure, Failures, ImageName, ImageUri, Region};
use crate::repo::Repository;
use crate::report::screen::count;
use crate::run::folder::RunFolder;
use crate::run::lifetime::Lifetime;
use crate::tasks::context::Context;
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tasks::profiles;
use crate::tasks::pulls::{self, Pulls};
use crate::tasks::ready::Ready;
use crate::tasks::select::Selection;
use crate::tasks::session::{self, Session};
use crate::tasks::verify::{self, Container, Extent, Proof, Subject, Verdict, Wanted};
use crate::tools::ecr_policy::Pull;
use crate::tools::proof::Proof as Identity;
use crate::tools::question::Question;
use crate::tools::{clock, lambda};
use std::collections::BTreeSet;

/// How many accounts are asked side by side.
const N_JOBS: usize = 8;

/// The names of the findings that need a session, in their order.
const NAMES: [&str; 6] = ["identity", "ECR", "ECR policy", "invokers", "task definitions", "invoker"];

/// Asks, and gives findings. `is_said` knows what another finding says already.
pub(super) fn findings(
    context: &Context,
    repo: &Repository,
    selection: &Selection,
    is_said: &dyn Fn(&Failure) -> bool,
) -> Vec<Finding> {
    match ask(context, repo, selection) {
        Ok(found) => found,
        Err(failures) => {
            let own = failures.iter().filter(|failure| !is_said(failure));
            let mut found: Vec<_> = own.map(|failure| Finding::refusal("identity", failure)).collect();
            let because = "no account was asked, because of what is to be fixed here";
            found.extend(NAMES[1..].iter().map(|name| Finding::skip(name, because)));
            found
        }
    }
}

/// A finding for each, where nobody may be asked.
pub(super) fn not_asked(because: &str) -> Vec<Finding> {
    NAMES.iter().map(|name| Finding::skip(name, because)).collect()
}

fn ask(context: &Context, repo: &Repository, selection: &Selection) -> Result<Vec<Finding>, Failures> {
    let units: Vec<_> = repo.units.iter().filter(|unit| selection.holds(unit)).collect();
    let wanted = verify::wanted(repo, &units);
    let has_its_own = |account: &Account| profiles::has_its_own(context, &repo.settings, account);
    let own = |account: &Account| wanted.iter().any(|unit| unit.account.id == account.id);
    let mut inquiry = Inquiry::default();
    verify::questions(&mut inquiry, &wanted, Extent::Invokers, &|account| has_its_own(account) || own(account));
    let mut pulls = pulls::of(wanted.iter().flat_map(pulled));
    pulls.retain(|pulls| has_its_own(pulls.registry) || own(pulls.registry));
    pulls::questions(&mut inquiry, &pulls);
    if let Some((unit, question)) = asked_of_builder(repo, &wanted)
        && let Ok(region) = unit.region()
    {
        inquiry.add(unit.account, region, question);
    }
    // The profiles of all units are tried, also where one of them does for all questions to an account.
    let of_units = wanted.iter().filter_map(|unit| Some((unit.account, unit.region().ok()?.clone())));
    let accounts = profiles::sessions(&repo.settings, inquiry.accounts().into_iter().chain(of_units));
    let mut ready = Ready::gather(context, repo, &accounts, &[], &[], Vec::new())?;
    let run = RunFolder::new(&repo.root);
    let mut session = Session::begin(context, repo, &run, "doctor", N_JOBS)?;
    session.ask_passphrase(&mut ready)?;
    let orders = session::orders(&ready, &run, false)?;
    let identity = orders.identities(&accounts);
    let proven = session.prove_identities(&ready, &identity, &accounts);
    let answered = proven.map(|proofs| (proofs, inquiry.ask(&session, &inquiry.stage(&orders, "doctor"))));
    let interrupted = session.check_interrupt();
    drop(session);
    run.discard();
    interrupted?;
    let (identities, answers) = answered?;
    let now = clock::now();
    let sessions = sessions::lifetime(Lifetime::of(&identities, now), now, &ready.renewed_by(&accounts));
    let mut found = vec![identity_of(&accounts, &identities), sessions];
    found.extend(judge(repo, &wanted, &pulls, &answers));
    Ok(found)
}

/// What a unit pulls: its account, from where, and the account that this lies in.
fn pulled<'w, 'r>(unit: &'w Wanted<'r>) -> impl Iterator<Item = (&'r Account, ImageUri, &'r Account)> + use<'w, 'r> {
    let of = |container: &'w Container<'r>| Some((unit.account, container.uri.value()?.clone(), container.registry?));
    unit.containers.iter().filter_map(of)
}

fn judge(repo: &Repository, wanted: &[Wanted<'_>], pulls: &[Pulls<'_>], answers: &Answers) -> Vec<Finding> {
    let proofs = verify::proofs(wanted, answers, Extent::Invokers);
    let mut found =
        vec![images(wanted, &proofs), policies(pulls, answers), invokers(&proofs), task_definitions(&proofs)];
    found.extend(builder(repo, wanted, answers));
    found
}

/// Who somebody is in each account, all of which are proven by then.
fn identity_of(accounts: &[(&Account, Region)], identities: &[Identity]) -> Finding {
    let finding = Finding::ok(NAMES[0], format!("{} verified", count(accounts.len(), "account")));
    let width = accounts.iter().map(|(account, _)| account.name.chars().count()).max().unwrap_or_default();
    let line = |finding: Finding, ((account, _), identity): (&(&Account, Region), &Identity)| {
        let arn = identity.arn.as_deref();
        finding.detail(format!("{:<width$}   {}   {}", account.name, account.id, arn.unwrap_or("by an unknown ARN")))
    };
    accounts.iter().zip(identities).fold(finding, line)
}

fn checks(proofs: &[Proof], subject: Subject) -> Vec<(&str, &verify::Check)> {
    let all = proofs.iter().flat_map(|proof| proof.checks.iter().map(|check| (proof.label.as_str(), check)));
    all.filter(|(_, check)| check.subject == subject).collect()
}

/// Whether the images that the repository names are there.
fn images(wanted: &[Wanted<'_>], proofs: &[Proof]) -> Finding {
    let all = checks(proofs, Subject::TaskDefinition);
    let missing: Vec<_> = all.iter().filter(|(_, check)| check.in_ecr == Some(false)).collect();
    if let Some((_, check)) = missing.first() {
        let tag = check.wanted.as_deref().unwrap_or("?");
        return Finding::fail(
            NAMES[1],
            format!("the image of {} {tag} is not there, and no task can start with it", check.name),
        )
        .to_do(format!("cargo xtask build-images {tag}"));
    }
    let named: BTreeSet<_> = wanted.iter().flat_map(|unit| &unit.containers).filter_map(Container::image).collect();
    match all.iter().find(|(_, check)| check.in_ecr.is_none() && check.wanted.is_some()) {
        Some((label, check)) => {
            let why = check.why.as_deref().unwrap_or("not queried");
            Finding::warn(NAMES[1], format!("whether the image of {label} is there is not known: {why}"))
        }
        None => Finding::ok(NAMES[1], format!("{} that the repository names, all there", count(named.len(), "image"))),
    }
}

/// Whether the accounts may pull the images that lie in another one.
fn policies(pulls: &[Pulls<'_>], answers: &Answers) -> Finding {
    const NAME: &str = NAMES[2];
    if pulls.is_empty() {
        return Finding::skip(NAME, "no account pulls from a registry elsewhere that can be asked");
    }
    let (mut lacks, mut doubts) = (Vec::new(), Vec::new());
    for one in pulls {
        for (account, pull) in one.judged(answers) {
            let what = format!("{} from {} of {}", account.name, one.uri.repository(), one.registry.name);
            match pull {
                Pull::Allowed => {}
                Pull::NotJudged(why) => doubts.push(format!("{what}   depends on {why}")),
                Pull::NotAllowed(action) => lacks.push(format!("{what}   no statement allows {action}")),
                Pull::Denied(action) => lacks.push(format!("{what}   a statement denies {action}")),
            }
        }
    }
    let finding = match (lacks.len(), doubts.len()) {
        (0, 0) => Finding::ok(NAME, format!("{} may be pulled by every account", count(pulls.len(), "repository"))),
        (0, n) => Finding::skip(NAME, format!("whether {} may pull can't be judged", count(n, "account"))),
        (n, _) => Finding::warn(NAME, format!("{} may not pull, and no task can start there", count(n, "account")))
            .to_do("allow it in the unit that has the ECR repositories, and apply that one first"),
    };
    lacks.into_iter().chain(doubts).fold(finding, Finding::detail)
}

/// Whether every runner has its lambda.
fn invokers(proofs: &[Proof]) -> Finding {
    let all = checks(proofs, Subject::Invoker);
    if let Some((label, check)) = all.iter().find(|(_, check)| check.verdict != Verdict::Proven) {
        let why = check.why.as_deref().unwrap_or_default();
        return Finding::warn(
            NAMES[3],
            format!("{} of {label}: {why}", check.aws_name.as_deref().unwrap_or(&check.name)),
        )
        .to_do("a runner that was never applied has none; otherwise look into the account");
    }
    let first = all.iter().filter_map(|(_, check)| check.updated.as_deref()).min().unwrap_or("?");
    Finding::ok(NAMES[3], format!("{} there, updated {first} UTC or later", count(all.len(), "lambda")))
}

/// Whether what runs is what the repository says: before an update it may well not be.
fn task_definitions(proofs: &[Proof]) -> Finding {
    let all = checks(proofs, Subject::TaskDefinition);
    let off: Vec<_> = all.iter().filter(|(_, check)| check.verdict != Verdict::Proven).collect();
    match off.first() {
        None => Finding::ok(
            NAMES[4],
            format!("{} run what the repository says", count(all.len(), "family").replace("familys", "families")),
        ),
        Some((label, check)) => Finding::warn(
            NAMES[4],
            format!(
                "{} of {} not verified to run what the repository says, {} of {label} first: {}",
                off.len(),
                all.len(),
                check.name,
                check.why.as_deref().unwrap_or_default()
            ),
        )
        .to_do("cargo xtask verify tells all of it"),
    }
}

/// The unit that builds images, and the question for the invoker of its runner: the one that the settings name, if they do.
fn asked_of_builder<'w, 'r>(repo: &Repository, wanted: &'w [Wanted<'r>]) -> Option<(&'w Wanted<'r>, Question)> {
    let unit = builder_of(wanted)?;
    let region = unit.region().ok()?;
    let question = match &repo.settings.build().invoker_function_id {
        Some(name) => Question::Function { region: region.clone(), name: name.clone() },
        None => verify::invoker(region, unit.runners().first()?),
    };
    Some((unit, question))
}

fn builder_of<'w, 'r>(wanted: &'w [Wanted<'r>]) -> Option<&'w Wanted<'r>> {
    wanted.iter().find(|unit| unit.containers.iter().any(|container| container.image == ImageName::Kaniko))
}

/// What the invoker of the account that builds lets through.
fn builder(repo: &Repository, wanted: &[Wanted<'_>], answers: &Answers) -> Vec<Finding> {
    let Some(unit) = builder_of(wanted) else {
        return vec![Finding::skip(NAMES[5], "no unit builds images")];
    };
    let account = unit.account;
    let Some((_, question)) = asked_of_builder(repo, wanted) else {
        let why = format!("the name or the region of the runner of {} is not known", account.name);
        return vec![Finding::skip(NAMES[5], why)];
    };
    match answers.read(&account.id, &question, lambda::function) {
        Ok(Some(function)) => invoker_trap::allows(&function, &account.name, repo.settings.dockerfile_repo()),
        Ok(None) => {
            vec![Finding::warn(NAMES[5], format!("{} has no lambda of the name that is expected", account.name))]
        }
        Err(why) => vec![Finding::skip(NAMES[5], format!("{} doesn't say: {why}", account.name))],
    }
}
