//! One consent, and the apply of exactly the plans that it covers.

use anyhow::Context as _;

use crate::cli::Allowance;
use crate::model::{Failure, Failures};
use crate::report::digest as digest_text;
use crate::report::summary::Row;
use crate::run::digest::{Digest, UnitPlan};
use crate::run::event::Outcome;
use crate::run::executor::OnFailure;
use crate::run::step::Step;
use crate::tasks::apply_all::queue::Wave;
use crate::tasks::apply_all::stale::{self, Again};
use crate::tasks::apply_all::{afterwards, carried, rescue, words};
use crate::tasks::ready::Workable;
use crate::tasks::session::{Renewal, Session};
use crate::tools::bound::{Bound, Bounds};
use crate::tools::{consent, state, tty};

/// One consent for all plans, at the terminal; `--yes` covers what an update is expected to change, and nothing else.
/// Gives how it was given.
pub(super) fn ask_consent(
    session: &Session<'_>,
    digest: &Digest,
    plans: &[UnitPlan],
    units: &[Workable<'_>],
) -> Result<String, Failure> {
    if let Some(how) = carried::over(session, plans, units) {
        return Ok(how);
    }
    if !session.context.globals.yes {
        return ask(session, digest, plans);
    }
    match beyond_yes(session, digest)[..] {
        [] => Ok("--yes".to_owned()),
        ref beyond => {
            let allow: Vec<_> = beyond.iter().map(|word| format!("--allow {word}")).collect();
            let hint =
                format!("`--yes` doesn't cover what is marked with !; after reading the digest: {}", allow.join(" "));
            Err(Failure::unconfirmed(NOT_DONE).hint(hint))
        }
    }
}

/// What is said where there was no consent.
const NOT_DONE: &str = "nothing was applied";

/// An answer to the question below a digest.
#[derive(Clone, Copy)]
enum Answer {
    Apply,
    Cancel,
    Details,
}

/// Asks at the terminal for what a digest shows, until there is an answer. An empty line is none: nothing that was read for
/// minutes is cancelled by one key too many.
pub(super) fn ask(session: &Session<'_>, digest: &Digest, plans: &[UnitPlan]) -> Result<String, Failure> {
    let what = these_plans(digest.n_changing());
    let beyond = beyond_yes(session, digest);
    let Some(mut terminal) = tty::Terminal::for_consent() else {
        let failure = tty::unseen(Failure::unconfirmed(NOT_DONE));
        return Err(failure.hint("there is no terminal to ask at; after reading the digest: --yes"));
    };
    let (question, yes) = match beyond.first() {
        Some(word) => {
            (format!("Apply {what}, and what is marked with !? Type `{word}` to do so [n, d=details]: "), vec![*word])
        }
        None => (format!("Apply {what}? [y/n/d=details] "), vec!["y", "yes"]),
    };
    let help =
        format!("Type `{}` to apply {what}, `n` to apply nothing, `d` to see every change of each unit.\n", yes[0]);
    let rest = [("n", Answer::Cancel), ("no", Answer::Cancel), ("d", Answer::Details), ("details", Answer::Details)];
    let answers: Vec<_> = yes.into_iter().map(|word| (word, Answer::Apply)).chain(rest).collect();
    loop {
        let said = terminal.ask_for(&question, &answers, &help, &session.give_up());
        match said.map_err(|error| Failure::unconfirmed(NOT_DONE).because(error))? {
            Some(Answer::Apply) => return Ok("terminal".to_owned()),
            Some(Answer::Details) => {
                let screen = session.context.screen.for_question();
                screen.inked_page(&digest_text::details(plans, screen.width()), digest_text::ink);
            }
            Some(Answer::Cancel) | None => return Err(Failure::cancelled(NOT_DONE)),
        }
    }
}

/// The words of what `--yes` doesn't cover and nothing allows, gravest first: the word to be typed is the first.
fn beyond_yes(session: &Session<'_>, digest: &Digest) -> Vec<&'static str> {
    let allows = |allowance| session.context.globals.allows(allowance);
    let loses = !digest.losing.is_empty() && !allows(Allowance::Destroy);
    let is_unexpected = !digest.unexpected.is_empty() && !allows(Allowance::Unexpected);
    loses.then_some("destroy").into_iter().chain(is_unexpected.then_some("unexpected")).collect()
}

fn these_plans(n: usize) -> String {
    if n == 1 { "this plan".to_owned() } else { format!("these {n} plans") }
}

/// Looks at what a wave has applied, before the next one starts; what it finds stops the run.
pub type AfterWave<'a> = dyn FnMut(&[&Workable<'_>]) -> Result<(), Failures> + 'a;

/// Applies the plans that were consented to, wave by wave; after a failure nothing new starts. Gives a row for each unit,
/// and what stopped the run if that was no apply: what was found after a wave, or that there is no new session.
pub(super) fn apply(
    session: &Session<'_>,
    waves: &[Wave<'_, '_>],
    mut plans: Vec<UnitPlan>,
    on_failure: OnFailure,
    renewal: &Renewal<'_>,
    again: &Again<'_>,
    mut after_wave: Option<&mut AfterWave<'_>>,
) -> Result<(Vec<Row>, Option<Failures>), Failures> {
    unchanged_since(&plans)?;
    for (unit, step) in waves.iter().flat_map(|wave| &wave.applies) {
        write_consent(step, &plans).map_err(not_written_down(unit))?;
    }
    let mut rows = Vec::new();
    let mut stopped = false;
    let mut found = None;
    for wave in waves {
        let units = wave.units();
        let stage = wave.stage();
        let (mut outcomes, without_session) = if stopped || session.check_interrupt().is_err() {
            (vec![Outcome::not_started(); units.len()], None)
        } else if let Err(why) = renewal.if_needed(&stage.lanes) {
            (vec![Outcome::not_started(); units.len()], Some(why))
        } else {
            renewal.side_by_side(&stage, on_failure)
        };
        found = found.or(without_session);
        if found.is_none() && stale::is_all_that_failed(&outcomes) && session.check_interrupt().is_ok() {
            found = again.go_on(wave, &mut plans, on_failure, &mut outcomes).err();
        }
        // Who has declined a new session is not asked for another one.
        if found.is_none() {
            found = afterwards::look(renewal, again.queue, &units, &mut outcomes).err();
        }
        let is_good = outcomes.iter().all(|outcome| outcome.result.is_good());
        for (unit, outcome) in units.iter().zip(&outcomes) {
            let mut row = words::row(session, unit, outcome);
            row.changes = plans.iter().find(|plan| plan.label == unit.label).map(|plan| plan.plan.changes.len());
            rescue::keep(session, unit, outcome, &mut row);
            rows.push(row);
            if outcome.result.is_good() {
                // The plan is used up, and holds secrets; the rest goes when the run ends.
                let _ = state::remove_file(&session.run.plan(&unit.label));
            }
        }
        if is_good
            && found.is_none()
            && let Some(after_wave) = &mut after_wave
        {
            found = after_wave(&units).err();
            if found.is_none() {
                words::offer_smoke(&session.context.screen, wave);
            }
        }
        stopped |= !is_good || found.is_some();
    }
    Ok((rows, found))
}

/// What the plans were made from is looked at once more before the first of them is applied; the inner guard does so again
/// before each.
fn unchanged_since(plans: &[UnitPlan]) -> Result<(), Failures> {
    let bound = Bounds::of_all(plans.iter().map(|plan| &plan.bound));
    let refusal = |bound: &Bound| {
        Failure::refused(bound.what_changed())
            .in_file(bound.file_that_changed().display().to_string())
            .detail("nothing was applied in any account")
            .hint("again: cargo xtask apply-all")
    };
    Failures::check(Bound::changed(bound).into_iter().map(refusal).collect())
}

/// What is said where that can't be done.
pub(super) fn not_written_down(unit: &Workable<'_>) -> impl FnOnce(anyhow::Error) -> Failure {
    let what =
        format!("the consent to the plan of `{}` could not be written down, so it was not applied", unit.unit.path);
    |error| Failure::refused(what).because(error)
}

/// Binds the consent to the plan that was shown. Both guards hold the apply to it.
pub(super) fn write_consent(step: &Step, plans: &[UnitPlan]) -> anyhow::Result<()> {
    let shown = plans.iter().find(|plan| plan.label == step.subject).context("no plan was shown for it")?;
    let (plan, file) = step.plan.as_ref().zip(step.consent.as_ref()).context("it applies no plan")?;
    Ok(consent::write(file, plan, &shown.sha256, &shown.options, &shown.ephemeral, shown.bound.iter())?)
}
