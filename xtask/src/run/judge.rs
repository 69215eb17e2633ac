//! How a step ended, judged by what our own guards left behind. Neither a wrapper's exit status nor terragrunt's is enough:
//! several wrappers lose the status of what they start, and terragrunt exits 0 for applies that never happened.

use crate::run::event::StepResult;
use crate::run::step::StepKind;
use crate::tools::proof::{Proof, Verdict};

/// Everything that is known once a process has ended.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// The exit code; `None` if it was killed by a signal.
    pub code: Option<i32>,
    /// The outer guard's proof.
    pub outer: Option<&'a Proof>,
    /// The inner guard's proofs.
    pub inner: &'a [Proof],
    /// Whether the file that the step was to write is there and not empty.
    pub has_product: bool,
    /// Whether Terraform's line about a completed apply is in the log.
    pub says_complete: bool,
    /// Whether an error of Terraform's is in the log.
    pub says_error: bool,
}

/// A verdict on a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub result: StepResult,
    /// Why, where it did not succeed.
    pub cause: Option<String>,
    /// Whether a guard refused.
    pub guard_refused: bool,
}

/// Terraform's and OpenTofu's last line of an apply that went through.
pub const APPLY_COMPLETE: &str = "Apply complete!";

/// How Terraform and OpenTofu begin an error.
pub const ERROR: &str = "Error: ";

/// Judges a step that ran behind the guards.
pub fn judge(kind: StepKind, evidence: &Evidence<'_>) -> Judgement {
    let Some(outer) = evidence.outer else {
        return failed("the credential tool ended without starting anything; nothing was changed");
    };
    if outer.lacks_a_session() {
        let error = outer.error.as_ref().map(ToString::to_string).unwrap_or_default();
        return failed(&format!("{error}; nothing was changed"));
    }
    // What a guard refused before terraform's apply was started decides; later ones, such as those of a hook, don't undo it.
    let before_apply = evidence.inner.iter().take_while(|proof| !is_started(proof, "apply"));
    for proof in std::iter::once(outer).chain(before_apply) {
        if proof.verdict != Verdict::Proven {
            let cause = proof.reason.clone().unwrap_or_else(|| "a guard refused, without a reason".to_owned());
            return Judgement { guard_refused: true, ..failed(&cause) };
        }
    }
    let started = |command: &str| evidence.inner.iter().any(|proof| is_started(proof, command));
    match (kind, evidence.code) {
        (StepKind::Apply, code) if !started("apply") => {
            failed(&format!("{} {} without starting the apply; nothing was changed", program(outer), ended(code)))
        }
        (StepKind::Apply, code) => judge_apply(evidence, program(outer), code),
        (StepKind::Init, Some(0)) if !started("init") => failed("it ended well without preparing anything"),
        (StepKind::Plan, Some(0)) if !started("plan") => {
            failed(&format!("{} ended well without planning anything", program(outer)))
        }
        (StepKind::Show | StepKind::State | StepKind::Output, Some(0)) if !evidence.inner.iter().any(has_product) => {
            failed(&format!("{} ended well without asking terraform for what was to be read", program(outer)))
        }
        (StepKind::Plan | StepKind::Show | StepKind::State | StepKind::Output, Some(0)) if !evidence.has_product => {
            failed("it ended well, but the file that it was to write is not there")
        }
        (_, Some(0)) => succeeded(),
        (_, code) => failed(&ended(code)),
    }
}

/// Judges an apply that terraform began. terragrunt ends with 255 if its terraform was killed (measured with 0.55.1 and
/// 1.1.3); then, and where terraform said neither that it is done nor what went wrong, nobody can say what it did.
fn judge_apply(evidence: &Evidence<'_>, program: &str, code: Option<i32>) -> Judgement {
    match (code, evidence.says_complete) {
        (Some(0), true) => succeeded(),
        (Some(0), false) => unknown(&format!("{program} ended well, but nothing said that the apply is complete")),
        (code, true) => failed(&format!("the apply is complete, but {program} then {}", ended(code))),
        (None | Some(255), false) => unknown("it was killed in the middle of the apply"),
        (code, false) if evidence.says_error => failed(&ended(code)),
        (code, false) => unknown(&format!("it {} in the middle of the apply, without saying why", ended(code))),
    }
}

/// What the outer guard became: terragrunt, or for a unit without it terraform or tofu.
fn program(outer: &Proof) -> &str {
    outer.command.rsplit('/').next().unwrap_or_default()
}

/// Whether this call of Terraform's wrote its answer to the file of the step.
fn has_product(proof: &Proof) -> bool {
    proof.verdict == Verdict::Proven && proof.call.as_ref().is_some_and(|call| call.has_product)
}

fn is_started(proof: &Proof, command: &str) -> bool {
    proof.verdict == Verdict::Proven && proof.command == command
}

fn ended(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("ended with exit code {code}"),
        None => "was killed by a signal".to_owned(),
    }
}

fn succeeded() -> Judgement {
    Judgement { result: StepResult::Succeeded, cause: None, guard_refused: false }
}

fn failed(cause: &str) -> Judgement {
    Judgement { result: StepResult::Failed, cause: Some(cause.to_owned()), guard_refused: false }
}

fn unknown(cause: &str) -> Judgement {
    Judgement { result: StepResult::Unknown, cause: Some(cause.to_owned()), guard_refused: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;

    fn proof(verdict: Verdict, command: &str) -> Proof {
        let account = AccountId::parse("100000000004").unwrap();
        let reason = Some("because".to_owned());
        Proof { verdict, reason, ..Proof::blank("", &account, None, command) }
    }

    /// What is known of a step whose guards found nothing wrong.
    fn fine(code: Option<i32>, inner: &[Proof]) -> (Proof, Evidence<'_>) {
        let evidence = Evidence { code, outer: None, inner, has_product: true, says_complete: true, says_error: false };
        (proof(Verdict::Proven, "terragrunt"), evidence)
    }

    fn verdict(kind: StepKind, code: Option<i32>, inner: &[Proof], change: impl Fn(&mut Evidence<'_>)) -> StepResult {
        let (outer, mut evidence) = fine(code, inner);
        evidence.outer = Some(&outer);
        change(&mut evidence);
        judge(kind, &evidence).result
    }

    #[test]
    fn exit_code_zero_without_a_proof_of_our_own_is_a_failure() {
        for kind in [StepKind::Identity, StepKind::Build, StepKind::Plan, StepKind::Apply] {
            assert_eq!(verdict(kind, Some(0), &[], |evidence| evidence.outer = None), StepResult::Failed, "{kind}");
        }
    }

    #[test]
    fn an_apply_succeeded_only_if_terraform_said_so_in_the_process_that_we_proved() {
        let applied = [proof(Verdict::Proven, "init"), proof(Verdict::Proven, "apply")];
        let apply = StepKind::Apply;
        assert_eq!(verdict(apply, Some(0), &applied, |_| {}), StepResult::Succeeded);
        assert_eq!(verdict(apply, Some(0), &applied[..1], |_| {}), StepResult::Failed);
        assert_eq!(verdict(apply, Some(0), &applied, |e| e.says_complete = false), StepResult::Unknown);
        assert_eq!(verdict(apply, None, &applied[..1], |_| {}), StepResult::Failed);
        assert_eq!(verdict(apply, Some(1), &applied, |_| {}), StepResult::Failed, "a hook after the apply failed");
    }

    #[test]
    fn what_ended_is_called_by_its_name() {
        for (program, name) in [("/opt/bin/terragrunt", "terragrunt"), ("/usr/bin/tofu", "tofu")] {
            let (_, mut evidence) = fine(Some(0), &[]);
            let outer = proof(Verdict::Proven, program);
            evidence.outer = Some(&outer);
            let cause = judge(StepKind::Apply, &evidence).cause;
            let said = format!("{name} ended with exit code 0 without starting the apply; nothing was changed");
            assert_eq!(cause, Some(said));
        }
    }

    #[test]
    fn an_apply_that_was_cut_off_is_unknown() {
        let applied = [proof(Verdict::Proven, "apply")];
        let cut_off = |code, says_error| {
            verdict(StepKind::Apply, code, &applied, |evidence| {
                evidence.says_complete = false;
                evidence.says_error = says_error;
            })
        };
        assert_eq!(cut_off(None, false), StepResult::Unknown);
        assert_eq!(cut_off(Some(255), true), StepResult::Unknown, "terragrunt's code for a terraform that was killed");
        assert_eq!(cut_off(Some(1), false), StepResult::Unknown);
        assert_eq!(cut_off(Some(1), true), StepResult::Failed);
    }

    #[test]
    fn a_hook_that_a_guard_refused_does_not_undo_an_apply() {
        let inner = [proof(Verdict::Proven, "apply"), proof(Verdict::Refused, "state")];
        assert_eq!(verdict(StepKind::Apply, Some(0), &inner, |_| {}), StepResult::Succeeded);
        let (outer, mut evidence) = fine(Some(1), &inner);
        evidence.outer = Some(&outer);
        let judgement = judge(StepKind::Apply, &evidence);
        assert!(
            !judgement.guard_refused && judgement.cause.is_some_and(|cause| cause.contains("the apply is complete"))
        );
    }

    #[test]
    fn a_guard_that_refused_decides_whatever_the_exit_code() {
        let inner = [proof(Verdict::Mismatch, "plan")];
        let (outer, mut evidence) = fine(Some(0), &inner);
        evidence.outer = Some(&outer);
        let judgement = judge(StepKind::Plan, &evidence);
        assert!(judgement.guard_refused && judgement.result == StepResult::Failed);
        assert_eq!(judgement.cause.as_deref(), Some("because"));
    }

    #[test]
    fn a_plan_without_a_plan_file_is_a_failure() {
        let planned = [proof(Verdict::Proven, "plan")];
        assert_eq!(verdict(StepKind::Plan, Some(0), &planned, |_| {}), StepResult::Succeeded);
        assert_eq!(verdict(StepKind::Plan, Some(0), &planned, |e| e.has_product = false), StepResult::Failed);
        assert_eq!(verdict(StepKind::Plan, Some(0), &[], |_| {}), StepResult::Failed);
    }
}
