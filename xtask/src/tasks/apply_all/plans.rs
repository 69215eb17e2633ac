//! Planning every unit, and reading the plans.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use crate::model::{Failure, Failures};
use crate::report::screen::{Tone, count, duration};
use crate::report::summary;
use crate::run::digest::UnitPlan;
use crate::run::event::StepResult;
use crate::run::executor::OnFailure;
use crate::run::step::{Lane, Stage};
use crate::tasks::apply_all::bind::Binding;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::apply_all::{bind, checks, words};
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::Renewal;
use crate::tools::bound::Bounds;
use crate::tools::terraform::plan::{self, Own, Reading};
use crate::tools::{cache, provider_cache};

/// Plans every unit and reads the plans. If one can't be planned nothing is applied anywhere.
pub(super) fn plan_all(
    ready: &Ready<'_>,
    queue: &Queue<'_, '_>,
    renewal: &Renewal<'_>,
) -> Result<Vec<UnitPlan>, Failures> {
    let session = renewal.session;
    let began = Instant::now();
    let stage = on_this_version(ready, queue.plans());
    let programs = bind::programs(ready, &queue.work.units)?;
    queue.work.tight.iter().for_each(|words| session.context.screen.insist(Tone::Warning, "Disk", words));
    let (outcomes, without_session) = renewal.side_by_side(&stage, OnFailure::GoOn);
    session.check_interrupt()?;
    without_session.map_or(Ok(()), Err)?;
    let units = &queue.work.units;
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
    let binding = Binding::new(ready, &programs);
    let mut plans = Vec::new();
    let mut problems = Vec::new();
    // A lane goes when its plan is there: of a thousand units both are large.
    for (unit, lane) in units.iter().zip(stage.lanes) {
        match read_plan(ready, unit, &lane, &binding) {
            Ok(plan) => {
                let log = lane.first().and_then(|step| step.output.as_ref()).map(|output| output.log.as_path());
                problems.extend(checks::refusals(session.context, unit, &plan, log, checks::NOTHING_APPLIED));
                plans.push(plan);
            }
            Err(error) => {
                problems
                    .push(Failure::refused(format!("the plan of `{}` can't be read", unit.unit.path)).because(error));
            }
        }
    }
    let about = format!("{}   {}", count(units.len(), "unit"), duration(began.elapsed()));
    session.context.screen.say(Tone::Good, "Planned", about);
    problems.extend(changed_meanwhile(ready));
    Failures::check(problems)?;
    Ok(plans)
}

/// The same without the provider cache server, where this version's can't be relied on.
pub(super) fn on_this_version(ready: &Ready<'_>, mut stage: Stage) -> Stage {
    // Terragrunt has no version where no unit needs it.
    let is_used = stage.lanes.iter().flatten().any(|step| step.uses_provider_cache());
    if is_used && !provider_cache::is_sound_in(ready.terragrunt_version()) {
        let steps = stage.lanes.iter_mut().flatten();
        steps.for_each(|step| *step = step.without_provider_cache().into());
    }
    stage
}

/// What was read at the beginning is what the plans are shown under: files that have changed since make both untrue.
fn changed_meanwhile(ready: &Ready<'_>) -> Option<Failure> {
    let changed = ready.repo.changed_files();
    (!changed.is_empty()).then(|| {
        let failure = Failure::refused("somebody changed the repository while it was planned, so nothing was applied");
        changed.into_iter().fold(failure, Failure::in_file).hint("again: cargo xtask apply-all")
    })
}

/// Reads what `show` printed, and remembers which file it was printed of, and what that was made from.
pub(super) fn read_plan(
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    lane: &Lane,
    binding: &Binding<'_>,
) -> anyhow::Result<UnitPlan> {
    let shown = lane.iter().find_map(|step| step.output.as_ref()?.stdout.as_deref()).context("nothing was shown")?;
    // The inner guard took the hash in the very process that then showed the plan.
    let proofs = lane.iter().filter_map(|step| step.attempt.as_ref()).flat_map(|attempt| attempt.inner_proofs());
    let sha256 = proofs.into_iter().filter_map(|proof| proof.plan_sha256).next_back().context("no plan was proven")?;
    let bound = binding.of_unit(unit)?;
    of_unit(ready, unit, shown, sha256, bound)
}

/// Reads the plan of a unit from what was shown of it.
pub(super) fn of_unit(
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    shown: &Path,
    sha256: String,
    bound: Bounds,
) -> anyhow::Result<UnitPlan> {
    let account = &unit.unit.account;
    let wanted = checks::wanted(unit.unit);
    let reading = Reading { account: &account.id, assumed_roles: ready.repo.settings.assumed_roles(), wanted: &wanted };
    let mut plan = plan::read(&fs::read_to_string(shown)?, reading)?;
    let root = &ready.repo.root;
    plan.elsewhere.extend(cache::dynamic_roles(&unit.unit.path.in_root(root)).into_iter().map(|file| {
        let file = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        format!("a `dynamic \"assume_role\"` block in {file} may assume any role")
    }));
    let own = Own {
        account_id: account.id.to_string(),
        account: account.name.clone(),
        region: unit.region.as_str().to_owned(),
    };
    Ok(UnitPlan { label: unit.label.clone(), plan, sha256, own, wanted, bound })
}
