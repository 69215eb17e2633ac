//! One consent, and the apply of exactly the plans that it covers.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::Allowance;
use crate::model::{Failure, Failures};
use crate::report::summary::Row;
use crate::run::digest::{Digest, UnitPlan};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::Step;
use crate::tasks::apply_all::queue::Wave;
use crate::tasks::apply_all::{rescue, words};
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;
use crate::tools::{consent, tty};

/// One consent for all plans, at the terminal; `--yes` covers only what loses nothing.
pub(super) fn ask_consent(session: &Session<'_>, digest: &Digest) -> Result<(), Failure> {
    let context = session.context;
    let n = digest.n_changing();
    let declined = || Failure::refused("nothing was applied: there was no consent");
    let loses = !digest.losing.is_empty() && !context.globals.allows(Allowance::Destroy);
    if context.globals.yes && !loses {
        return Ok(());
    }
    if context.globals.yes {
        return Err(
            declined().hint("`--yes` doesn't cover what is lost for good; after reading the digest: --allow destroy")
        );
    }
    let Some(mut terminal) = tty::Terminal::open() else {
        return Err(declined().hint("there is no terminal to ask at; after reading the digest: --yes"));
    };
    let (question, answer) = if loses {
        (format!("Apply {}, and lose what is marked above? Type `destroy` to do so: ", these_plans(n)), "destroy")
    } else {
        (format!("Apply {}? [y/N] ", these_plans(n)), "y")
    };
    let said = terminal.ask(&question, &session.give_up()).map_err(|error| declined().because(error))?;
    let agreed = said.eq_ignore_ascii_case(answer) || (!loses && said.eq_ignore_ascii_case("yes"));
    if agreed { Ok(()) } else { Err(declined()) }
}

fn these_plans(n: usize) -> String {
    if n == 1 { "this plan".to_owned() } else { format!("these {n} plans") }
}

/// Looks at what a wave has applied, before the next one starts; what it finds stops the run.
pub type AfterWave<'a> = dyn FnMut(&[&Workable<'_>]) -> Result<(), Failures> + 'a;

/// Applies the plans that were consented to, wave by wave; after a failure nothing new starts. Gives a row for each unit,
/// and what was found after a wave if that stopped the run.
pub(super) fn apply(
    session: &Session<'_>,
    waves: &[Wave<'_, '_>],
    plans: &[UnitPlan],
    mut after_wave: Option<&mut AfterWave<'_>>,
) -> Result<(Vec<Row>, Option<Failures>), Failures> {
    for (unit, step) in waves.iter().flat_map(|wave| &wave.applies) {
        write_consent(step, plans).map_err(|error| {
            let what = format!("the consent to the plan of `{}` could not be written down", unit.unit.path);
            Failure::refused(what).detail("nothing was applied in any account").because(error)
        })?;
    }
    let mut rows = Vec::new();
    let mut stopped = false;
    let mut found = None;
    for wave in waves {
        let units = wave.units();
        let outcomes = if stopped || session.check_interrupt().is_err() {
            vec![not_started(); units.len()]
        } else {
            session.side_by_side(&wave.stage(), OnFailure::Stop)
        };
        let is_good = outcomes.iter().all(|outcome| outcome.result.is_good());
        for (unit, outcome) in units.iter().zip(&outcomes) {
            let mut row = words::row(session, unit, outcome);
            rescue::keep(session, unit, outcome, &mut row);
            rows.push(row);
            if outcome.result.is_good() {
                // The plan is used up, and holds secrets; the rest goes when the run ends.
                let _ = fs::remove_file(session.run.plan(&unit.label));
            }
        }
        if is_good && let Some(after_wave) = &mut after_wave {
            found = after_wave(&units).err();
        }
        stopped |= !is_good || found.is_some();
    }
    Ok((rows, found))
}

/// Binds the consent to the plan that was shown. Both guards hold the apply to it.
fn write_consent(step: &Step, plans: &[UnitPlan]) -> anyhow::Result<()> {
    let shown = plans.iter().find(|plan| plan.label == step.subject).context("no plan was shown for it")?;
    let (plan, file) = step.plan.as_ref().zip(step.consent.as_ref()).context("it applies no plan")?;
    Ok(consent::write(file, plan, &shown.sha256)?)
}

fn not_started() -> Outcome {
    Outcome { result: StepResult::EarlyExit, cause: None, guard_refused: false, took: Duration::ZERO, log: None }
}
