//! What an apply did, by the state after it: a second net behind the guards, the look at the providers and the digest.
//! Whatever it made in another account, or changed besides what could be shown, makes it a failure, and nothing further
//! starts.

use anyhow::Context as _;

use crate::model::{Failure, Failures};
use crate::report::screen::count;
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::StepKind;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::apply_all::{checks, plans};
use crate::tasks::ready::Workable;
use crate::tasks::record;
use crate::tasks::session::Renewal;
use crate::tools::state;
use crate::tools::terraform::elsewhere;
use crate::tools::terraform::plan::{self, Difference, Reading, Side, Surprise};
use crate::tools::terraform::state::State;

/// Reads the state of every unit that was applied, also of those whose apply failed half-way, and turns an apply that made
/// something in another account, or something else than could be shown before, into a failed one. An error is a state that
/// can't be read after an apply that went well.
pub(super) fn look(
    renewal: &Renewal<'_>,
    queue: &Queue<'_, '_>,
    units: &[&Workable<'_>],
    outcomes: &mut [Outcome],
) -> Result<(), Failures> {
    let session = renewal.session;
    let is_applied = |outcome: &Outcome| {
        let has_ended = matches!(outcome.result, StepResult::Succeeded | StepResult::Failed) && outcome.exit.is_some();
        has_ended && outcome.held.is_none() && !outcome.guard_refused
    };
    let applied: Vec<usize> = (0..units.len()).filter(|n| is_applied(&outcomes[*n])).collect();
    if applied.is_empty() || session.check_interrupt().is_err() {
        return Ok(());
    }
    let stage = queue.states(&applied.iter().map(|n| units[*n]).collect::<Vec<_>>());
    let (read, without_session) = renewal.side_by_side(&stage, OnFailure::GoOn);
    let mut unread = Vec::new();
    for (n, reading) in applied.into_iter().zip(&read) {
        let (unit, outcome) = (units[n], &mut outcomes[n]);
        match judge(renewal, unit, reading, outcome.result) {
            Ok(None) => {}
            Ok(Some(Finding { reason, cause })) => {
                let path = unit.unit.path.as_str();
                record::found(&session.journal, path, StepResult::Failed, reason, Some(cause.clone()));
                (outcome.result, outcome.interrupted) = (StepResult::Failed, false);
                outcome.cause = Some(cause);
            }
            // An apply that failed says so itself.
            Err(error) if outcome.result == StepResult::Succeeded && session.check_interrupt().is_ok() => {
                unread.push(cannot_tell(unit).because(error));
            }
            Err(_) => {}
        }
    }
    without_session.map_or(Ok(()), Err)?;
    Failures::check(unread)
}

/// Why an apply counts as failed although Terraform has carried it out.
struct Finding {
    reason: &'static str,
    cause: String,
}

/// Compares the state after the apply of a unit with the plan that was shown. What an apply that failed half-way has left of
/// its changes is told by the next plan.
fn judge(
    renewal: &Renewal<'_>,
    unit: &Workable<'_>,
    reading: &Outcome,
    applied: StepResult,
) -> anyhow::Result<Option<Finding>> {
    let Renewal { session, ready, .. } = *renewal;
    if !reading.result.is_good() {
        let cause = reading.cause.clone().unwrap_or_else(|| "it was not started".to_owned());
        anyhow::bail!("`terraform show` of the state: {cause}");
    }
    let product = |kind| session.run.product(&unit.label, kind);
    let shown = state::read_to_string(&product(StepKind::Show))?;
    let after = state::read_to_string(&product(StepKind::State))?;
    let _ = state::remove_file(&product(StepKind::State));
    let after = State::read(&after).context("the state that was printed can't be read")?;
    let before = State::before(&shown).context("the plan that was shown can't be read")?;
    let declared = ready.repo.settings.assumed_roles();
    let elsewhere = elsewhere::made_by_apply(&before, &after, &unit.account.id, declared);
    if !elsewhere.is_empty() {
        return Ok(Some(Finding { reason: "another account", cause: made_elsewhere(unit, &elsewhere) }));
    }
    if applied != StepResult::Succeeded {
        return Ok(None);
    }
    let wanted = checks::wanted(unit.unit);
    let surprises = plan::surprises(
        &shown,
        &after,
        Reading { account: &unit.account.id, assumed_roles: declared, wanted: &wanted },
    )?;
    let redactor = plans::redactor(session, unit, &plan::secret_inputs(&shown)?);
    let cause = || redactor.text(&not_shown(&surprises));
    Ok((!surprises.is_empty()).then(|| Finding { reason: "other changes", cause: cause() }))
}

fn made_elsewhere(unit: &Workable<'_>, found: &[String]) -> String {
    let n = count(found.len(), "resource");
    let mut lines = vec![format!("the apply made {n} in another account than {}", unit.account)];
    lines.extend(found.iter().cloned());
    lines.push("hint: the state of this unit knows them: find the provider that has other credentials, and remove what it made there".to_owned());
    lines.join("\n")
}

/// The differences that could not be shown before the apply, marked `*` in the digest, and are no other revision.
fn not_shown(surprises: &[Surprise]) -> String {
    let side = |side: &Side| match side {
        Side::Nothing => "(nothing)".to_owned(),
        Side::Value(text) => text.clone(),
        Side::Sensitive => "(sensitive)".to_owned(),
        Side::Unknown => "(unknown)".to_owned(),
    };
    let line = |it: &Surprise| match &it.difference {
        None => format!("{} is not in the state any more", it.address),
        Some(Difference { path, .. }) if plan::is_private(path) => format!("{} {path}  (not shown)", it.address),
        Some(Difference { path, before, after }) => {
            format!("{} {path}  {} -> {}", it.address, side(before), side(after))
        }
    };
    let first = "the apply changed more than another revision of a task definition, which could not be seen before";
    let hint = "hint: if that is meant, the same command again goes on; otherwise mend the configuration, and apply this unit first";
    std::iter::once(first.to_owned())
        .chain(surprises.iter().map(line))
        .chain([hint.to_owned()])
        .collect::<Vec<_>>()
        .join("\n")
}

fn cannot_tell(unit: &Workable<'_>) -> Failure {
    let what = format!(
        "`{}` was applied, but its state can't be read, so it is not known which account it acted in",
        unit.unit.path
    );
    Failure::failed(what)
        .detail("nothing further was started")
        .hint("once the state can be read: the same command again, which plans the unit and looks at its state first")
}
