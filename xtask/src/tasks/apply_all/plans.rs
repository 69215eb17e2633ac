//! Planning every unit, and reading the plans.

use std::fs;

use anyhow::Context as _;

use crate::model::{Failure, Failures};
use crate::report::screen::count;
use crate::report::summary;
use crate::run::digest::UnitPlan;
use crate::run::event::StepResult;
use crate::run::executor::OnFailure;
use crate::run::step::Step;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::apply_all::words;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::Session;
use crate::tools::consent;
use crate::tools::terraform::plan;

/// Plans every unit and reads the plans. If one can't be planned nothing is applied anywhere.
pub(super) fn plan_all(
    session: &Session<'_>,
    ready: &Ready<'_>,
    queue: &Queue<'_, '_>,
) -> Result<Vec<UnitPlan>, Failures> {
    let outcomes = session.side_by_side(&queue.plans, OnFailure::GoOn);
    session.check_interrupt()?;
    let units = queue.units;
    let rows: Vec<_> = units.iter().zip(&outcomes).map(|(unit, outcome)| words::row(session, unit, outcome)).collect();
    if outcomes.iter().any(|outcome| outcome.result != StepResult::Succeeded) {
        summary::show(&session.context.screen, &rows);
        let n = outcomes.iter().filter(|outcome| outcome.result == StepResult::Failed).count();
        return Err(Failure::failed(format!(
            "{n} of {} could not be planned, so nothing was applied",
            count(units.len(), "unit")
        ))
        .hint("again, once the cause is settled: cargo xtask apply-all")
        .into());
    }
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    for (unit, lane) in units.iter().zip(&queue.plans.lanes) {
        match read_plan(ready, unit, lane) {
            Ok(unit_plan) if unit_plan.plan.elsewhere.is_empty() => plans.push(unit_plan),
            Ok(unit_plan) => problems.push(acts_elsewhere(unit, &unit_plan.plan.elsewhere)),
            Err(error) => {
                problems
                    .push(Failure::refused(format!("the plan of `{}` can't be read", unit.unit.path)).because(error));
            }
        }
    }
    Failures::check(problems)?;
    Ok(plans)
}

/// Reads what `show` printed, and remembers which file it was printed of.
fn read_plan(ready: &Ready<'_>, unit: &Workable<'_>, lane: &[Step]) -> anyhow::Result<UnitPlan> {
    let shown = lane.iter().find_map(|step| step.output.as_ref()?.stdout.as_deref()).context("nothing was shown")?;
    let file = lane.iter().find_map(|step| step.plan.as_deref()).context("nothing was planned")?;
    let plan = plan::read(&fs::read_to_string(shown)?, &unit.unit.account.id, ready.repo.settings.assumed_roles())?;
    Ok(UnitPlan { label: unit.label.clone(), plan, sha256: consent::sha256_of(file)? })
}

fn acts_elsewhere(unit: &Workable<'_>, found: &[String]) -> Failure {
    let failure = Failure::refused(format!(
        "the plan of `{}` reaches into another account than {}",
        unit.unit.path, unit.unit.account
    ));
    found
        .iter()
        .fold(failure, |failure, line| failure.detail(line.clone()))
        .detail("nothing was applied in any account")
        .hint("if a provider is meant to assume that role: add it to `assumed-roles` in [workspace.metadata.xtask] in Cargo.toml")
}
