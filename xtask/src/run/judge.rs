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

/// Judges a step that ran behind the guards.
pub fn judge(kind: StepKind, evidence: &Evidence<'_>) -> Judgement {
    let Some(outer) = evidence.outer else {
        return failed("the credential tool ended without starting anything; nothing was changed");
    };
    for proof in std::iter::once(outer).chain(evidence.inner) {
        if proof.verdict != Verdict::Proven {
            let cause = proof.reason.clone().unwrap_or_else(|| "a guard refused, without a reason".to_owned());
            return Judgement { guard_refused: true, ..failed(&cause) };
        }
    }
    let inner_started = |command: &str| evidence.inner.iter().any(|proof| proof.command == command);
    match (kind, evidence.code) {
        (StepKind::Apply, code) if !inner_started("apply") => {
            failed(&format!("terragrunt {} without starting terraform's apply; nothing was changed", ended(code)))
        }
        (StepKind::Apply, Some(0)) if evidence.says_complete => succeeded(),
        (StepKind::Apply, Some(0)) => {
            unknown("terragrunt ended well, but terraform never said that the apply is complete")
        }
        (StepKind::Apply, None) => unknown("it was killed by a signal in the middle of the apply"),
        (StepKind::Plan, Some(0)) if !inner_started("plan") => {
            failed("terragrunt ended well without planning anything")
        }
        (StepKind::Plan | StepKind::Show, Some(0)) if !evidence.has_product => {
            failed("it ended well, but the file that it was to write is not there")
        }
        (_, Some(0)) => succeeded(),
        (_, code) => failed(&ended(code)),
    }
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
        let evidence = Evidence { code, outer: None, inner, has_product: true, says_complete: true };
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
        assert_eq!(verdict(apply, Some(1), &applied, |_| {}), StepResult::Failed);
        assert_eq!(verdict(apply, None, &applied, |_| {}), StepResult::Unknown);
        assert_eq!(verdict(apply, None, &applied[..1], |_| {}), StepResult::Failed);
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
