//! `apply-all`: proves every account, plans every unit, shows one digest, asks once, and applies exactly those plans, wave
//! by wave.

mod afterwards;
mod applied;
mod apply;
mod bind;
mod carried;
mod checks;
mod clean;
mod gather;
mod generate;
mod images;
mod later;
mod made;
mod others;
mod plans;
mod queue;
mod rescue;
mod stale;
mod words;

pub use applied::Applied;
pub use apply::AfterWave;
pub use bind::Hashing;
pub use clean::needs_a_commit;
pub use gather::Work;
pub use images::judge_pulls;
pub use queue::Queue;
pub(super) use words::{say_left_out, say_waves};

use crate::cli;
use crate::model::{Exit, Failure, Failures, Kind};
use crate::report::digest as digest_text;
use crate::report::screen::count;
use crate::run::digest::Digest;
use crate::run::folder::RunFolder;
use crate::run::kept::Kept;
use crate::run::unfinished::Unfinished;
use crate::tasks::context::Context;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::record;
use crate::tasks::select::Selection;
use crate::tasks::session::{self, Renewal, Session};
use crate::tasks::{settle, verify};
use crate::tools::machine;

/// Applies every unit.
pub fn run(context: &Context, args: &cli::ApplyAll) -> Result<Exit, Failures> {
    machine::share_memory();
    let mut repo = settle::repository(context)?;
    let mut problems = Selection::of(context, &repo, &args.applies.selectors)?.take_problems(&mut repo);
    let mut work = Work::gather(context, &repo, args, &mut problems)?;
    repo.let_go_of_parsed();
    problems.append(&mut work.too_small);
    let run = RunFolder::new(&repo.root);
    let mut ready = Ready::gather(context, &repo, &work.accounts, &[], &work.programs(), problems)?;
    ready.warn_of_limited(context, &work.units);
    if context.globals.dry_run {
        say_left_out(&context.screen, &work.left_out);
        let orders = session::orders(&ready, &run, true)?;
        context.commands(&Queue::of(&orders, context, &work).shell_lines(&run))?;
        return Ok(Exit::DONE);
    }

    let mut session = Session::begin(context, &repo, &run, "apply-all", work.n_jobs)?;
    // Only now: what a run that is alive has started is not left behind by anybody.
    let (unfinished, still_running) = work.left_behind(&run);
    words::say_what_this_is(context, &ready, &work, &unfinished);
    words::say_damaged(&context.screen, &run);
    Failures::check(still_running)?;
    session.ask_passphrase(&mut ready)?;
    let orders = session::orders(&ready, &run, false)?;
    let queue = Queue::of(&orders, context, &work);
    let hashing = Hashing::begin(&ready, &work.units);
    prove(&session, &ready, &queue)?;
    let renewal = queue.renewal(&session, &ready);
    let mut waves = verify::Waves::default();
    let mut prove_wave = |units: &[&Workable<'_>]| waves.prove(&renewal, units);
    carry_out(&renewal, &queue, &unfinished, hashing, Some(&mut prove_wave))?.report(&session)
}

/// Proves every account, and asks whatever is asked in the foreground: after this nothing prompts.
pub fn prove(session: &Session<'_>, ready: &Ready<'_>, queue: &Queue<'_, '_>) -> Result<(), Failures> {
    session.prove_identities(ready, &queue.identity, &queue.work.accounts)?;
    words::say_tools(session, ready, &queue.work.units);
    session.ask_sources(&queue.sources)
}

/// Plans, shows, asks, applies. All accounts are proven by now. `unfinished` is what killed runs left behind, which the
/// plans settle; `hashing` takes the hashes of the programs; `after_wave` may stop the run before the next wave starts.
pub fn carry_out(
    renewal: &Renewal<'_>,
    queue: &Queue<'_, '_>,
    unfinished: &[Unfinished],
    hashing: Hashing,
    mut after_wave: Option<&mut AfterWave<'_>>,
) -> Result<Applied, Failures> {
    let Renewal { session, ready, .. } = *renewal;
    let screen = &session.context.screen;
    let units = &queue.work.units;
    record::selected(&session.journal, units);
    images::prove(session, queue)?;
    others::wait(session, units)?;
    let mut plans = match &queue.work.earlier {
        Some(earlier) => earlier.plans(session, ready, queue)?,
        None => {
            generate::carry_out(session, ready, queue.work)?;
            plans::plan_all(ready, queue, renewal)?
        }
    };
    carried::name_half_done(session.context.resumed.as_ref(), &mut plans, units);
    let planned = |left: &&Unfinished| units.iter().any(|unit| left.is_of(&unit.unit.path));
    if queue.work.earlier.is_none() {
        // Only a fresh plan tells what an apply whose end nobody saw has left to do.
        unfinished.iter().filter(planned).for_each(|left| left.settle(&session.run.id));
    }
    record::planned(&session.journal, &plans);
    let digest = Digest::of(&plans);
    let shown = session.context.screen_of_question();
    shown.inked_page(&digest_text::text(&digest, shown.width()), digest_text::ink);
    words::say_unseen(&shown, &clean::unseen(ready.repo));
    // What an earlier run applied may have stopped before its proof: nothing goes on from what doesn't run.
    let unchanged: Vec<_> = units.iter().filter(|unit| digest.unchanged.contains(&unit.label)).collect();
    if let Some(prove) = &mut after_wave
        && !unchanged.is_empty()
        && !queue.work.plan_only
    {
        prove(&unchanged).map_err(before_anything)?;
    }
    if digest.n_changing() == 0 {
        screen.finished(&format!("nothing to apply in {}", count(units.len(), "unit")));
        return Ok(Applied::nothing(units));
    }
    say_waves(&shown, &queue.changing(&digest));
    if queue.work.plan_only {
        later::keep(session, ready, queue, &plans, &digest)?;
        return Ok(Applied::planned(units, &digest.unchanged));
    }
    let consented = apply::ask_consent(session, &digest, &plans, units);
    session.check_interrupt()?;
    let consented = consented?;
    let programs = hashing.of(&plans);
    record::consented(session.context, &session.journal, &consented, &plans, programs.clone()).map_err(|error| {
        Failure::refused("the consent could not be written down, so nothing was applied").because(error)
    })?;
    if let Some(earlier) = &queue.work.earlier {
        // They are used up by whatever happens now; what can't be removed is refused as used.
        let _ = Kept::forget(&earlier.run);
    }
    let again = stale::Again { renewal, queue, programs: &programs };
    let waves = queue.applies(&digest);
    let (rows, stopped) = apply::apply(session, &waves, plans, queue.work.on_failure, renewal, &again, after_wave)?;
    Ok(Applied::new(units, rows, stopped))
}

/// What stops a run before its first apply is a refusal.
fn before_anything(failures: Failures) -> Failures {
    let mut failures = failures.into_vec();
    for failure in failures.iter_mut().filter(|failure| failure.kind == Kind::Failed) {
        failure.kind = Kind::Refused;
    }
    Failures::check(failures).expect_err("there is at least one")
}
