//! `verify`: proves what runs in every account by ECS, Lambda and ECR themselves. Exit code 0 of an apply is no proof.
//!
//! [`wanted`] gathers what has to run and what to ask, [`proofs`] compares; a run that has a session already asks by
//! itself and uses both. [`smoke`] goes further, and sees the runners start.

mod admission;
mod outputs;
mod proof;
mod smoke;
mod start;
mod text;
mod wanted;
mod wave;

use serde_json::json;

pub use proof::{Check, Proof, Subject, Verdict, proofs};
pub use wanted::{Container, Extent, NamedBy, Wanted, cluster, invoker, questions, wanted};
pub use wave::Waves;

use crate::cli::{self, Format};
use crate::model::{Account, Exit, Failure, Failures, Kind, Tag};
use crate::report::screen::{Tone, count};
use crate::run::folder::RunFolder;
use crate::run::step::Stage;
use crate::tasks::context::Context;
use crate::tasks::inquiry::Inquiry;
use crate::tasks::profiles;
use crate::tasks::ready::Ready;
use crate::tasks::select::Selection;
use crate::tasks::session::{self, Session};
use crate::tools::programs;
use smoke::Trials;

/// The program that knows the outputs of most units.
const TERRAGRUNT: &str = "terragrunt";

/// How many accounts are asked side by side.
const N_JOBS: usize = 8;

/// Proves what runs.
pub fn run(context: &Context, args: &cli::Verify) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let selection = Selection::of(context, &repo, &args.selectors)?;
    let mut problems = selection.take_problems(&mut repo);
    let units = selection.units(&repo)?;
    problems.extend(units.iter().filter_map(|unit| repo.needs_account(unit).err()));
    let mut wanted = wanted(&repo, &units);
    let has_its_own = |account: &Account| profiles::has_its_own(context, &repo.settings, account);
    let inquiry = inquiry(&wanted, &has_its_own);
    let trials = args.smoke.then(|| smoke::gather(&repo, &wanted, args.git_ref.as_deref()));
    let trials = trials.and_then(|trials| trials.map_err(|failure| problems.push(failure)).ok());
    let of_trials = trials.iter().flat_map(Trials::accounts);
    let has_terragrunt = programs::locate(TERRAGRUNT, &repo.root, &context.vars).is_some();
    // A unit may be asked for its outputs where nothing else is asked in its account.
    let of_outputs = wanted.iter().map(|wanted| wanted.unit).filter(|unit| outputs::can_be_asked(unit, has_terragrunt));
    let of_outputs = of_outputs.filter_map(|unit| Some((unit.account.value()?, unit.region.value()?.clone())));
    let of_trials = of_trials.chain(of_outputs);
    let accounts = profiles::sessions(&repo.settings, inquiry.accounts().into_iter().chain(of_trials));
    let mut needed: Vec<_> = args.smoke.then_some(smoke::PROGRAM).into_iter().collect();
    // Few units need it, and without it these are not proven.
    needed.extend(has_terragrunt.then_some(TERRAGRUNT));
    let mut ready = Ready::gather(context, &repo, &accounts, &[], &needed, problems)?;
    let run = RunFolder::new(&repo.root);
    if context.globals.dry_run {
        let orders = session::orders(&ready, &run, true)?;
        let stages = [orders.identities(&accounts), inquiry.stage(&orders, "verify")];
        let lines =
            stages.iter().map(Stage::shell_lines).chain(trials.iter().map(|trials| trials.shell_lines(&orders)));
        context.commands(&lines.collect::<Vec<_>>().join("\n"))?;
        return Ok(Exit::DONE);
    }
    session::say_repository(context, &repo);
    trials.iter().try_for_each(|trials| trials.consent(context, &ready))?;
    let mut session = Session::begin(context, &repo, &run, "verify", N_JOBS)?;
    session.ask_passphrase(&mut ready)?;
    let orders = session::orders(&ready, &run, false)?;
    session.prove_identities(&ready, &orders.identities(&accounts), &accounts)?;
    let mut answers = inquiry.ask(&session, &inquiry.stage(&orders, "verify"));
    session.check_interrupt()?;
    let mut proofs = proofs(&wanted, &answers, Extent::Everything);
    if outputs::name(&session, &orders, &mut wanted, &proofs, has_terragrunt)? {
        let more = self::inquiry(&wanted, &has_its_own).without(&answers);
        answers.add(&more.ask(&session, &more.stage(&orders, "named")));
        session.check_interrupt()?;
        proofs = self::proofs(&wanted, &answers, Extent::Everything);
    }
    match trials {
        Some(mut trials) => {
            trials.leave_refused(&session, &answers);
            let stage = trials.stage(&orders);
            for (at, check) in trials.carry_out(&session, &ready, &stage)? {
                proofs[at].checks.push(check);
            }
        }
        None => {
            drop(session);
            run.discard();
        }
    }
    report(context, &proofs)
}

/// Everything that proves these units. A registry elsewhere can be asked where its account has credentials of its own.
fn inquiry<'r>(wanted: &[Wanted<'r>], has_its_own: &dyn Fn(&Account) -> bool) -> Inquiry<'r> {
    let own = |account: &Account| wanted.iter().any(|unit| unit.account.id == account.id);
    let mut inquiry = Inquiry::default();
    questions(&mut inquiry, wanted, Extent::Everything, &|account| has_its_own(account) || own(account));
    inquiry
}

/// What was proven, in a line: `2 task definitions at v1.3.0, digests match ECR`.
pub fn in_a_line<'p>(proofs: impl IntoIterator<Item = &'p Proof> + Clone) -> String {
    let proven = || proofs.clone().into_iter().flat_map(|proof| proof.with(Verdict::Proven));
    let definitions: Vec<_> = proven().filter(|check| check.subject == Subject::TaskDefinition).collect();
    let mut tags: Vec<_> = definitions.iter().filter_map(|check| check.wanted.as_deref()).collect();
    tags.sort_unstable();
    tags.dedup();
    let in_ecr = if definitions.iter().all(|check| check.digest.is_some()) { ", digests match ECR" } else { "" };
    let n_started = proven().filter(|check| check.subject == Subject::Start).count();
    let started = if n_started > 0 { format!(", {} started", count(n_started, "container")) } else { String::new() };
    format!("{} at {}{in_ecr}{started}", count(definitions.len(), "task definition"), tags.join(" and "))
}

fn report(context: &Context, proofs: &[Proof]) -> Result<Exit, Failures> {
    let is_proven = proofs.iter().all(Proof::is_proven);
    match context.globals.format {
        Format::Json => {
            let report = json!({ "schema": 1, "all_verified": is_proven, "units": proofs });
            context.result(&format!("{report:#}\n"))?;
        }
        _ => context.page(&text::table(proofs, context.screen.result_columns()))?,
    }
    if is_proven {
        let about = format!("{}: {}", count(proofs.len(), "unit"), in_a_line(proofs));
        context.screen.say(Tone::Good, "Verified", about);
        return Ok(Exit::DONE);
    }
    Err(not_proven(proofs).into())
}

/// Says how much is not as it has to be, and what to do.
fn not_proven(proofs: &[Proof]) -> Failure {
    let with = |verdict| proofs.iter().filter(move |proof| proof.with(verdict).next().is_some());
    let (differing, in_doubt) = (with(Verdict::Differs).count(), with(Verdict::NotProven).count());
    let parts = [(differing, "differs", "differ"), (in_doubt, "is not verified", "are not verified")];
    let parts = parts.into_iter().filter(|(n, ..)| *n > 0);
    let of = count(proofs.len(), "unit");
    let parts: Vec<_> =
        parts.map(|(n, one, many)| format!("{n} of {of} {}", if n == 1 { one } else { many })).collect();
    let failure = Failure::new(Kind::Differs, parts.join(", "));
    // A container that doesn't start has its own remedy.
    let is_stale = |check: &Check| check.subject != Subject::Start;
    let differ: Vec<_> = with(Verdict::Differs).filter(|proof| proof.with(Verdict::Differs).any(is_stale)).collect();
    if differ.is_empty() {
        return failure;
    }
    let mut accounts: Vec<_> = differ.iter().map(|proof| format!(" --account {}", proof.account)).collect();
    accounts.dedup();
    let accounts = if differ.len() == proofs.len() { String::new() } else { accounts.join("") };
    let failure = failure.hint(format!("to apply what the repository says: cargo xtask apply-all{accounts}"));
    let is_task = |check: &Check| check.subject == Subject::TaskDefinition && check.runs_another();
    let failure = match differ.iter().flat_map(|proof| &proof.checks).any(is_task) {
        false => failure,
        true => failure.hint(
            "where that has nothing to apply, somebody else registered the newest revision: it names each of them, and \
             the `aws ecs deregister-task-definition` that takes it away",
        ),
    };
    match old_tag(&differ) {
        Some(tag) => failure
            .hint(format!("to go back instead: cargo xtask update {tag}, which moves the tags back and applies them")),
        None => failure,
    }
}

/// The tag to which one could go back: the one that runs wherever another has to.
fn old_tag(differ: &[&Proof]) -> Option<String> {
    let differ = differ.iter().flat_map(|proof| proof.with(Verdict::Differs));
    let differ = differ.filter(|check| check.subject == Subject::TaskDefinition);
    let mut running = differ.filter(|check| check.wanted != check.running).filter_map(|check| check.running.as_ref());
    let first = running.next()?;
    let is_tag = first.parse::<Tag>().is_ok();
    (is_tag && running.all(|other| other == first)).then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_to_a_tag_and_to_nothing_else() {
        let differs = |subject, running: &str| {
            let check = Check { running: Some(running.to_owned()), ..Check::blank(subject, "x", None) };
            Check { wanted: Some("v1.3.0".to_owned()), ..check.differs("") }
        };
        let old = |checks: Vec<Check>| {
            let name = String::new;
            old_tag(&[&Proof { label: name(), path: name(), account: name(), checks }])
        };
        let (task, cluster) = (Subject::TaskDefinition, Subject::Cluster);
        assert_eq!(old(vec![differs(task, "v0.52.1"), differs(cluster, "inactive")]).as_deref(), Some("v0.52.1"));
        assert_eq!(old(vec![differs(cluster, "inactive")]), None);
        assert_eq!(old(vec![differs(task, "v0.52.1"), differs(task, "v0.50.4")]), None);
    }
}
