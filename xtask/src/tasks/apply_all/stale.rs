//! Plans that went stale: somebody changed the state after they were made, so terraform refused them and changed nothing.
//! Such a unit is planned again, once, and what its fresh plan would do is compared with what was agreed to. A plan that was
//! refused is never applied again.

use std::collections::BTreeMap;

use crate::model::{Failure, Failures, Kind};
use crate::report::digest as digest_text;
use crate::report::screen::Tone;
use crate::run::digest::{Digest, UnitPlan};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::journal::Program;
use crate::run::step::{Lane, Stage};
use crate::tasks::apply_all::bind::Binding;
use crate::tasks::apply_all::queue::{Queue, Wave};
use crate::tasks::apply_all::{apply, checks, plans};
use crate::tasks::ready::Workable;
use crate::tasks::record;
use crate::tasks::session::Renewal;
use crate::tools::bound::{Bound, Bounds};

/// The number of the second round, beyond those of tries and of new sessions.
const AGAIN: u32 = 100;

/// What is needed to plan a unit again.
pub(super) struct Again<'a> {
    pub(super) renewal: &'a Renewal<'a>,
    pub(super) queue: &'a Queue<'a, 'a>,
    /// The programs that the plans were made with.
    pub(super) programs: &'a [Program],
}

/// Whether nothing worse has happened in a wave than that plans went stale.
pub(super) fn is_all_that_failed(outcomes: &[Outcome]) -> bool {
    let is_harmless =
        |it: &Outcome| it.is_stale() || matches!(it.result, StepResult::Succeeded | StepResult::EarlyExit);
    outcomes.iter().any(Outcome::is_stale) && outcomes.iter().all(is_harmless)
}

impl Again<'_> {
    /// Plans again what went stale in a wave, and applies that and what had not started yet. `plans` are those that were
    /// consented to, and the outcomes those of the wave; both are brought up to date.
    pub(super) fn go_on(
        &self,
        wave: &Wave<'_, '_>,
        plans: &mut [UnitPlan],
        on_failure: OnFailure,
        outcomes: &mut [Outcome],
    ) -> Result<(), Failures> {
        let units: Vec<_> = wave.units().into_iter().zip(&*outcomes).filter(|(_, it)| it.is_stale()).collect();
        let units: Vec<_> = units.into_iter().map(|(unit, _)| unit).collect();
        let labels = labels(&units);
        let about =
            format!("{labels}   the state was changed after the plan was made, so nothing was applied; planning again");
        self.renewal.session.context.screen.insist(Tone::Warning, "Stale", about);
        let (fresh, planned) = self.plan(&units, plans)?;
        for (n, (unit, _)) in wave.applies.iter().enumerate() {
            if let Some(at) = fresh.iter().position(|plan| plan.label == unit.label && plan.plan.is_empty()) {
                outcomes[n] = planned[at].clone();
            }
        }
        self.agree(&fresh, plans)?;
        for plan in plans.iter_mut() {
            fresh.iter().find(|fresh| fresh.label == plan.label).into_iter().for_each(|fresh| plan.clone_from(fresh));
        }
        let mut lanes: Vec<(usize, Lane)> = Vec::new();
        for (n, (unit, step)) in wave.applies.iter().enumerate() {
            match fresh.iter().position(|plan| plan.label == unit.label) {
                Some(at) if fresh[at].plan.is_empty() => {}
                Some(_) => {
                    apply::write_consent(step, &fresh).map_err(apply::not_written_down(unit))?;
                    lanes.push((n, vec![step.again(AGAIN).into()]));
                }
                // What its credential tool did not start was given up, so it gets proofs of its own.
                None if outcomes[n].held.is_some() => lanes.push((n, vec![step.again(AGAIN).into()])),
                None if outcomes[n].result == StepResult::EarlyExit => lanes.push((n, vec![step.clone()])),
                None => {}
            }
        }
        let (at, lanes): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
        if lanes.is_empty() {
            return Ok(());
        }
        let about = lanes.iter().flatten().map(|step| step.subject.as_str()).collect::<Vec<_>>().join(" ");
        let stage = Stage { lanes, about: format!("again   {about}"), ..wave.stage() };
        let (done, without_session) = self.renewal.side_by_side(&stage, on_failure);
        at.into_iter().zip(done).for_each(|(n, outcome)| outcomes[n] = outcome);
        without_session.map_or(Ok(()), Err)
    }

    /// Plans units again; gives their plans, and how the planning ended.
    fn plan(&self, units: &[&Workable<'_>], agreed: &[UnitPlan]) -> Result<(Vec<UnitPlan>, Vec<Outcome>), Failures> {
        let again = |unit: &&Workable<'_>| self.queue.plan(unit).iter().map(|step| step.again(AGAIN).into()).collect();
        let stage = Stage {
            title: "Planning".to_owned(),
            is_told: true,
            about: format!("again   {}", labels(units)),
            lanes: units.iter().map(again).collect(),
        };
        let Renewal { session, ready, .. } = *self.renewal;
        let stage = plans::on_this_version(ready, stage);
        let (outcomes, without_session) = self.renewal.side_by_side(&stage, OnFailure::GoOn);
        session.check_interrupt()?;
        without_session.map_or(Ok(()), Err)?;
        let programs = programs_of(agreed);
        let binding = Binding::new(ready, &programs);
        let mut fresh = Vec::new();
        let mut problems = Vec::new();
        for ((unit, lane), outcome) in units.iter().zip(&stage.lanes).zip(&outcomes) {
            if !outcome.result.is_good() {
                let cause = outcome.cause.clone().unwrap_or_default();
                problems
                    .push(Failure::failed(format!("`{}` could not be planned again", unit.unit.path)).detail(cause));
                continue;
            }
            match plans::read_plan(session, ready, unit, lane, &binding) {
                Ok(plan) => {
                    let log = lane.iter().find_map(|step| step.output.as_ref()).map(|output| output.log.as_path());
                    problems.extend(checks::refusals(session.context, unit, &plan, log, "no more was applied"));
                    fresh.push(plan);
                }
                Err(error) => {
                    let what = format!("the second plan of `{}` can't be read", unit.unit.path);
                    problems.push(Failure::failed(what).because(error));
                }
            }
        }
        Failures::check(problems)?;
        record::planned(&session.journal, &fresh);
        Ok((fresh, outcomes))
    }

    /// Goes on if the fresh plans do what was agreed to, or less. Otherwise it is shown and asked for; a `--yes` was said to
    /// the first digest, not to this one.
    fn agree(&self, fresh: &[UnitPlan], agreed: &[UnitPlan]) -> Result<(), Failures> {
        let session = self.renewal.session;
        let context = session.context;
        let others: Vec<_> = fresh.iter().filter(|plan| !is_covered(plan, agreed)).cloned().collect();
        let how = if others.is_empty() {
            context.screen.say(Tone::Good, "Consent", "carried over: the same changes as before");
            "carried over to a second plan".to_owned()
        } else {
            let digest = Digest::of(&others);
            let screen = context.screen_of_question();
            screen.inked_page(&digest_text::text(&digest, screen.width()), digest_text::ink);
            if context.globals.yes {
                let labels = others.iter().map(|plan| plan.label.as_str()).collect::<Vec<_>>().join(", ");
                let what = format!(
                    "the state of {labels} was changed meanwhile, and what is planned now is not what was agreed to"
                );
                return Err(Failure::failed(what)
                    .detail("`--yes` covers the first digest of a run only")
                    .hint("find out who changed it, and read the digest above, before this goes on")
                    .into());
            }
            apply::ask(session, &digest, &others).map_err(no_more)?
        };
        session.check_interrupt()?;
        record::consented(context, &session.journal, &how, fresh, self.programs.to_vec()).map_err(|error| {
            Failure::failed("the consent could not be written down, so no more was applied").because(error)
        })?;
        Ok(())
    }
}

/// By now something may have been applied, which a refusal denies.
fn no_more(declined: Failure) -> Failure {
    match declined.kind {
        Kind::Cancelled => Failure { what: "no more was applied".to_owned(), ..declined },
        _ => {
            let what = "no more was applied: what was planned again was not confirmed".to_owned();
            Failure { kind: Kind::Failed, what, ..declined }
        }
    }
}

/// Whether what this plan would do was agreed to: the same changes with the same values, or nothing any more.
fn is_covered(plan: &UnitPlan, agreed: &[UnitPlan]) -> bool {
    let values = &plan.plan.values_sha256;
    let is_same = |agreed: &UnitPlan| agreed.label == plan.label && agreed.plan.values_sha256 == *values;
    plan.plan.is_empty() || (!values.is_empty() && agreed.iter().any(is_same))
}

/// The programs that were agreed to, not those that may be there by now.
fn programs_of(agreed: &[UnitPlan]) -> BTreeMap<std::path::PathBuf, Bound> {
    let bound = Bounds::of_all(agreed.iter().map(|plan| &plan.bound));
    let programs = bound.into_iter().filter(|bound| matches!(bound, Bound::Program { .. }));
    programs.map(|bound| (bound.path().to_owned(), bound.clone())).collect()
}

fn labels(units: &[&Workable<'_>]) -> String {
    units.iter().map(|unit| unit.label.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::trouble::Cause;

    #[test]
    fn wave_goes_on_only_if_nothing_but_stale_plans_kept_it() {
        let ended = |result, trouble| Outcome { result, trouble, ..Outcome::not_started() };
        let (good, early) = (ended(StepResult::Succeeded, None), Outcome::not_started());
        let stale = ended(StepResult::Failed, Some(Cause::StalePlan));
        let goes_on = |others: &[&Outcome]| is_all_that_failed(&others.iter().copied().cloned().collect::<Vec<_>>());
        assert!(goes_on(&[&stale]) && goes_on(&[&good, &stale, &early]));
        assert!(!goes_on(&[&good, &early]), "nothing is stale");
        assert!(!goes_on(&[&stale, &ended(StepResult::Failed, Some(Cause::Denied))]));
        assert!(!goes_on(&[&stale, &ended(StepResult::Unknown, Some(Cause::StalePlan))]));
    }
}
