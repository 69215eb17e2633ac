//! `apply-all`: proves every account, plans every unit, shows one digest, asks once, and applies exactly those plans.

mod apply;
mod images;
mod plans;
mod queue;
mod rescue;
mod words;

use std::time::Duration;

use crate::cli;
use crate::model::{Exit, Failure, Failures};
use crate::report::digest as digest_text;
use crate::report::screen::{Tone, count};
use crate::run::digest::Digest;
use crate::run::folder::RunFolder;
use crate::run::unfinished::Unfinished;
use crate::tasks::context::Context;
use crate::tasks::ready::{self, Ready, Workable};
use crate::tasks::select::{select, take_problems};
use crate::tasks::session::{self, Session};
use crate::tasks::settle;
use crate::tools::programs::Tools;
use queue::Queue;

/// How many units are worked on side by side, unless somebody says otherwise.
const N_JOBS: usize = 8;

/// A session that was opened longer ago than this may have ended while the digest was read. Whatever has to be asked for a
/// new one is asked in the foreground, before the applies run side by side.
const SESSIONS_AGE: Duration = Duration::from_secs(5 * 60);

/// Applies every unit.
pub fn run(context: &Context, args: &cli::ApplyAll) -> Result<Exit, Failures> {
    let mut repo = settle::repository(context)?;
    let mut problems = take_problems(&mut repo, &args.account, &args.unit);
    let selected = words::say_left_out(context, select(&repo, &args.account, &args.unit)?, &args.unit)?;
    let (units, not_workable) = ready::workable(context, &repo, &selected);
    problems.extend(not_workable);
    problems.extend(rescue::left_behind(&repo.root, &units));
    let run = RunFolder::new(&repo.root);
    let taken = images::taken(context, &repo, &units);
    let of_units = units.iter().map(|unit| (&unit.unit.account, unit.region.clone()));
    let of_images = taken.wanted.iter().map(|wanted| (wanted.account, wanted.uri.region().clone()));
    let accounts = session::accounts_of(of_units.chain(of_images));
    let mut needed = vec!["terragrunt"];
    if !taken.wanted.is_empty() {
        needed.push("aws");
    }
    // A rehearsal asks nobody outside, so it can't say whether sources can be read.
    let asks_sources = context.tools() == Tools::Real && units.iter().any(|unit| unit.remote().is_some());
    if asks_sources {
        needed.push("git");
    }
    needed.extend(units.iter().filter_map(Workable::missing_terraform));
    let mut ready = Ready::gather(context, &repo, &accounts, &needed, problems)?;
    if context.globals.dry_run {
        let orders = session::orders(&ready, &run, true)?;
        context.result(&Queue::of(&orders, context, &units, accounts, &taken).shell_lines(&run))?;
        return Ok(Exit::DONE);
    }

    let n_jobs = args.jobs.map(usize::from).or(repo.settings.jobs()).unwrap_or(N_JOBS);
    let mut session = Session::begin(context, &repo, &run, "apply-all", n_jobs)?;
    // Only now: what a run that is alive has started is not left behind by anybody.
    let unfinished = Unfinished::all(&run);
    words::say_what_this_is(context, &ready, &units, &unfinished);
    Failures::check(still_running(&unfinished, &units))?;
    session.ask_passphrase(&mut ready)?;
    let orders = session::orders(&ready, &run, false)?;
    let queue = Queue::of(&orders, context, &units, accounts, &taken);
    carry_out(&session, &ready, &queue, &unfinished)
}

fn carry_out(
    session: &Session<'_>,
    ready: &Ready<'_>,
    queue: &Queue<'_, '_>,
    unfinished: &[Unfinished],
) -> Result<Exit, Failures> {
    let screen = &session.context.screen;
    session.prove_identities(ready, &queue.identity, &queue.accounts)?;
    words::say_tools(session.context, ready, queue.units);
    session.ask_sources(&queue.sources)?;
    images::prove(session, &queue.images, queue.taken)?;
    let plans = plans::plan_all(session, ready, queue)?;
    let planned = |left: &&Unfinished| queue.units.iter().any(|unit| left.is_of(&unit.unit.path));
    unfinished.iter().filter(planned).for_each(Unfinished::settle);
    let digest = Digest::of(&plans);
    screen.lines(&digest_text::text(&digest));
    let rows = if digest.n_changing() == 0 {
        screen.say(Tone::Good, "Finished", format!("nothing to apply in {}", count(queue.units.len(), "unit")));
        Vec::new()
    } else {
        words::say_waves(screen, queue, &digest);
        let consented = apply::ask_consent(session, &digest);
        session.check_interrupt()?;
        consented?;
        if session.started.elapsed() > SESSIONS_AGE {
            session.prove_identities(ready, &queue.identity_again, &queue.accounts)?;
        }
        apply::apply(session, queue, &plans, &digest)?
    };
    words::report(session, queue, rows)
}

fn still_running(unfinished: &[Unfinished], units: &[Workable<'_>]) -> Vec<Failure> {
    let of_ours = |left: &&Unfinished| left.is_running && units.iter().any(|unit| left.is_of(&unit.unit.path));
    unfinished
        .iter()
        .filter(of_ours)
        .map(|left| {
            let failure = Failure::refused(format!(
                "`{}` is still being applied by run {}, which was killed",
                left.started.subject, left.run
            ));
            let failure = failure.detail(format!("since  {}", left.started.time));
            let failure = left
                .started
                .log
                .iter()
                .fold(failure, |failure, log| failure.detail(format!("log    {}", log.display())));
            failure.hint("wait until it has finished, then run this again; nothing has to be deleted")
        })
        .collect()
}
