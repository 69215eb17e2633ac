//! How a step ended: the evidence that it left, judged, and what is said of one that was never started.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::run::event::{Outcome, StepName, StepResult};
use crate::run::judge::{APPLY_COMPLETE, ERROR, Evidence, Judgement, judge};
use crate::run::step::{Step, StepKind};
use crate::run::tail;

/// Judges a step whose process has ended, or could not be started.
pub(super) fn conclude(step: &Step, code: anyhow::Result<Option<i32>>, took: Duration) -> Outcome {
    let code = match code {
        Ok(code) => code,
        Err(error) => return Outcome { cause: Some(format!("{error:#}")), ..failed(step, took) },
    };
    let judgement = match &step.attempt {
        Some(attempt) => {
            let said = log_of(step).map(tail::end).unwrap_or_default();
            let (outer, inner) = (attempt.outer_proof(), attempt.inner_proofs());
            let evidence = Evidence {
                code,
                outer: outer.as_ref(),
                inner: &inner,
                has_product: has_product(step),
                says_complete: said.contains(APPLY_COMPLETE),
                says_error: said.contains(ERROR),
            };
            judge(step.kind, &evidence)
        }
        None if code == Some(0) => Judgement { result: StepResult::Succeeded, cause: None, guard_refused: false },
        None => Judgement {
            result: StepResult::Failed,
            cause: Some(
                code.map_or("was killed by a signal".to_owned(), |code| format!("ended with exit code {code}")),
            ),
            guard_refused: false,
        },
    };
    let Judgement { result, cause, guard_refused } = judgement;
    Outcome { result, cause, guard_refused, took, log: log_of(step).map(Path::to_owned) }
}

fn has_product(step: &Step) -> bool {
    let product = match step.kind {
        StepKind::Plan => step.plan.as_deref(),
        _ => step.output.as_ref().and_then(|output| output.stdout.as_deref()),
    };
    product.is_some_and(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0))
}

pub(super) fn log_of(step: &Step) -> Option<&Path> {
    step.output.as_ref().map(|output| output.log.as_path())
}

pub(super) fn name_of(step: &Step) -> StepName {
    StepName { kind: step.kind, subject: step.subject.clone(), unit: step.unit.clone() }
}

pub(super) fn failed(step: &Step, took: Duration) -> Outcome {
    let log = log_of(step).filter(|log| log.exists()).map(Path::to_owned);
    Outcome { result: StepResult::Failed, cause: None, guard_refused: false, took, log }
}

pub(super) fn early_exit(step: &Step) -> Outcome {
    Outcome { result: StepResult::EarlyExit, log: None, ..failed(step, Duration::ZERO) }
}
