//! What an apply did, by the state after it: a second net behind the guards and the look at the providers. Whatever it made
//! in another account makes it a failure, and nothing further starts.

use std::fs;

use anyhow::Context as _;

use crate::model::{Failure, Failures};
use crate::report::screen::count;
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::StepKind;
use crate::tasks::apply_all::queue::Queue;
use crate::tasks::ready::Workable;
use crate::tasks::record;
use crate::tasks::session::Renewal;
use crate::tools::terraform::elsewhere;
use crate::tools::terraform::state::State;

/// Reads the state of every unit that was applied, also of those whose apply failed half-way, and turns an apply that made
/// something in another account into a failed one. An error is a state that can't be read after an apply that went well.
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
        match made_elsewhere(renewal, unit, reading) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                let cause = cause(unit, &found);
                let path = unit.unit.path.as_str();
                record::found(&session.journal, path, StepResult::Failed, "another account", Some(cause.clone()));
                outcome.result = StepResult::Failed;
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

/// What the apply of a unit has made in another account.
fn made_elsewhere(renewal: &Renewal<'_>, unit: &Workable<'_>, reading: &Outcome) -> anyhow::Result<Vec<String>> {
    let Renewal { session, ready, .. } = *renewal;
    if !reading.result.is_good() {
        let cause = reading.cause.clone().unwrap_or_else(|| "it was not started".to_owned());
        anyhow::bail!("`terraform show` of the state: {cause}");
    }
    let text = |kind| fs::read_to_string(session.run.product(&unit.label, kind));
    let after = State::read(&text(StepKind::State)?).context("the state that was printed can't be read")?;
    let before = State::before(&text(StepKind::Show)?).context("the plan that was shown can't be read")?;
    let _ = fs::remove_file(session.run.product(&unit.label, StepKind::State));
    let declared = ready.repo.settings.assumed_roles();
    Ok(elsewhere::made_by_apply(&before, &after, &unit.account.id, declared))
}

fn cause(unit: &Workable<'_>, found: &[String]) -> String {
    let n = count(found.len(), "resource");
    let mut lines = vec![format!("the apply made {n} in another account than {}", unit.account)];
    lines.extend(found.iter().cloned());
    lines.push("hint: the state of this unit knows them: find the provider that has other credentials, and remove what it made there".to_owned());
    lines.join("\n")
}

fn cannot_tell(unit: &Workable<'_>) -> Failure {
    let what = format!("`{}` was applied, but its state can't be read, so nobody knows where it acted", unit.unit.path);
    Failure::failed(what)
        .detail("nothing further was started")
        .hint("once the state can be read: the same command again, which plans the unit and looks at its state first")
}
