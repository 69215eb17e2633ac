//! Whether the container of a runner started, judged by what ECS says of the task that was to plan: pure. A plan that fails
//! inside proves the start as well as one that goes well.

use super::proof::{Check, Subject, Verdict};
use crate::run::event::{Outcome, StepResult};
use crate::run::trouble;
use crate::tools::deployer::sign::Sign;
use crate::tools::ecs::Task;

/// Everything that is known once infrastructure-deployer has ended.
#[derive(Clone, Debug)]
pub(super) struct Evidence<'e> {
    /// How it ended.
    pub(super) outcome: &'e Outcome,
    /// The end of its log.
    pub(super) log: &'e str,
    /// The task that it started.
    pub(super) task: Option<&'e str>,
    /// What ECS says of that.
    pub(super) answer: Option<Result<Option<Task>, String>>,
}

/// The name of the check.
pub(super) const NAME: &str = "start";

/// A check of which nothing is known yet.
pub(super) fn blank(name: &str) -> Check {
    Check { wanted: Some("starts".to_owned()), ..Check::blank(Subject::Start, name, None) }
}

/// The check of a runner that wasn't asked, since its invoker would refuse.
pub(super) fn refused(name: &str, why: String) -> Check {
    let to_do = "add what is missing to the planner's allowed options in the unit, and apply".to_owned();
    Check { to_do: Some(to_do), ..blank(name).not_proven(format!("the runner was not asked: {why}")) }
}

/// Judges.
pub(super) fn judge(name: &str, evidence: &Evidence<'_>) -> Check {
    let check = Check { task: evidence.task.map(str::to_owned), ..blank(name) };
    let outcome = evidence.outcome;
    let said = || outcome.cause.clone().unwrap_or_else(|| "no reason is known".to_owned());
    match &evidence.answer {
        _ if outcome.result == StepResult::EarlyExit => check.not_proven("the runner was not asked to plan"),
        None if evidence.log.lines().filter_map(Sign::of).any(|sign| sign == Sign::Invoked) => {
            check.not_proven(format!("a task may have been started, whose ARN nobody was told: {}", said()))
        }
        None => explained(check.not_proven(format!("no task was started: {}", said())), evidence.log),
        Some(Err(why)) => check.not_proven(format!("ECS: {why}")),
        Some(Ok(None)) => check.not_proven("ECS does not know the task any more"),
        Some(Ok(Some(task))) if task.has_started || task.status == "RUNNING" => {
            let plan = if outcome.result.is_good() { "its plan went well" } else { "its plan failed" };
            Check { running: Some("started".to_owned()), plan: Some(plan), ..check }
        }
        Some(Ok(Some(task))) if task.status == "STOPPED" => {
            let reasons = std::iter::once(&task.stopped_reason).chain(&task.container_reasons);
            let reasons: Vec<_> = reasons.filter(|reason| !reason.is_empty()).map(String::as_str).collect();
            let why = if reasons.is_empty() { "ECS gives no reason".to_owned() } else { reasons.join("; ") };
            let check = Check { running: Some("not started".to_owned()), ..check };
            explained(check.differs(why.clone()), &why)
        }
        Some(Ok(Some(task))) => {
            check.not_proven(format!("its container has not started yet: the task is {}", task.status))
        }
    }
}

/// The same, with what is known of the cause in front and what to do, where `said` tells.
fn explained(check: Check, said: &str) -> Check {
    let Some(trouble) = trouble::of_start(said) else { return check };
    let why = check.why.map_or_else(|| trouble.what.clone(), |why| format!("{}: {why}", trouble.what));
    Check { why: Some(why), to_do: Some(trouble.hint), ..check }
}

/// What is worse is more.
pub(super) fn gravity(check: &Check) -> u8 {
    match check.verdict {
        Verdict::Proven => 0,
        Verdict::NotProven => 1,
        Verdict::Differs => 2,
    }
}

/// The word of reports for it.
pub(super) fn result(check: &Check) -> (StepResult, &'static str) {
    match check.verdict {
        Verdict::Proven => (StepResult::Succeeded, "container started"),
        Verdict::Differs => (StepResult::Failed, "container did not start"),
        Verdict::NotProven => (StepResult::Unknown, "start not verified"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(result: StepResult) -> Outcome {
        let cause = (result == StepResult::Failed).then(|| "ended with exit code 1".to_owned());
        Outcome { result, cause, ..Outcome::not_started() }
    }

    fn task(status: &str, has_started: bool, reasons: &[&str]) -> Task {
        let container_reasons = reasons.iter().map(|&reason| reason.to_owned()).collect();
        Task { status: status.to_owned(), stopped_reason: String::new(), has_started, container_reasons }
    }

    fn judged(result: StepResult, log: &str, answer: Option<Result<Option<Task>, String>>) -> Check {
        let task = answer.as_ref().map(|_| "arn");
        judge(NAME, &Evidence { outcome: &outcome(result), log, task, answer })
    }

    #[test]
    fn a_container_that_started_is_proven_whatever_became_of_its_plan() {
        for (result, plan) in [(StepResult::Succeeded, "its plan went well"), (StepResult::Failed, "its plan failed")] {
            for said in [task("STOPPED", true, &[]), task("RUNNING", false, &[])] {
                let check = judged(result, "", Some(Ok(Some(said))));
                assert_eq!((check.verdict, check.plan), (Verdict::Proven, Some(plan)));
            }
        }
    }

    #[test]
    fn a_container_that_did_not_start_differs_even_if_the_program_ended_well() {
        let said = task("STOPPED", false, &["CannotPullContainerError: x:v1: not found"]);
        for result in [StepResult::Succeeded, StepResult::Failed] {
            let check = judged(result, "", Some(Ok(Some(said.clone()))));
            assert_eq!(check.verdict, Verdict::Differs);
            let why = "the runner's image is not in ECR: CannotPullContainerError: x:v1: not found";
            assert_eq!(check.why.as_deref(), Some(why));
            assert!(check.to_do.unwrap().contains("cargo xtask build-images"));
        }
        let silent = judged(StepResult::Failed, "", Some(Ok(Some(task("STOPPED", false, &[])))));
        assert_eq!((silent.verdict, silent.why.as_deref()), (Verdict::Differs, Some("ECS gives no reason")));
    }

    #[test]
    fn what_nobody_could_say_is_not_proven() {
        let refused = "OptionNotInAllowedOptionsError: Option --ref is not in the provided list";
        for (result, log, answer, why) in [
            (StepResult::EarlyExit, "", None, "the runner was not asked to plan"),
            (StepResult::Failed, "", None, "no task was started: ended with exit code 1"),
            (
                StepResult::Failed,
                refused,
                None,
                "the runner's invoker does not allow an option of this plan, so nothing was started: no task was started: ended with exit code 1",
            ),
            (
                StepResult::Failed,
                "[infrastructure-deployer] INFO[2026-11-25T10:00:00Z] Successfully invoked Lambda function x",
                None,
                "a task may have been started, whose ARN nobody was told: ended with exit code 1",
            ),
            (StepResult::Succeeded, "", Some(Err("busy".to_owned())), "ECS: busy"),
            (StepResult::Succeeded, "", Some(Ok(None)), "ECS does not know the task any more"),
            (
                StepResult::Failed,
                "",
                Some(Ok(Some(task("PENDING", false, &[])))),
                "its container has not started yet: the task is PENDING",
            ),
        ] {
            let check = judged(result, log, answer);
            assert_eq!((check.verdict, check.why.as_deref()), (Verdict::NotProven, Some(why)));
        }
    }
}
