//! How a step ended: the evidence that it left, judged, and what is said of one that was never started.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::run::event::{Held, Outcome, StepName, StepResult};
use crate::run::judge::{APPLY_COMPLETE, ERROR, Evidence, Judgement, judge};
use crate::run::step::{Step, StepKind};
use crate::run::tail;
use crate::run::trouble::{self, Trouble};
use crate::tools::lock::WorkLock;
use crate::tools::process::quoted;
use crate::tools::state;

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
    let log = log_of(step).map(Path::to_owned);
    Outcome { result, cause, guard_refused, took, log, exit: code, ..Outcome::not_started() }
}

fn has_product(step: &Step) -> bool {
    let product = match step.kind {
        StepKind::Plan => step.plan.as_deref(),
        _ if step.product.is_some() => step.product.as_deref(),
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
    Outcome { result: StepResult::Failed, took, log, ..Outcome::not_started() }
}

/// A step that is not begun, because its session would end too soon.
pub(super) fn held(step: &Step) -> Outcome {
    let cause = "its session would have ended too soon, so it was not started";
    Outcome { cause: Some(cause.to_owned()), held: Some(Held::TooShort(step.kind)), ..Outcome::not_started() }
}

/// The same end, where the credential tool started nothing, or credentials whose session has ended. A new session may help: this one could not be asked for where
/// nobody is. A guard that comes late finds that it is not wanted any more.
pub(super) fn or_without_session(step: &Step, outcome: Outcome) -> Outcome {
    let has_failed = outcome.result == StepResult::Failed && outcome.exit.is_some_and(|code| code != 0);
    let Some(attempt) = step.attempt.as_ref().filter(|_| has_failed && step.may_wait_for_a_session()) else {
        return outcome;
    };
    // Whoever has the lock is the only one at work: a guard that was here has left its proof, and none comes after this.
    let lock = step.lock.as_deref().map(WorkLock::take).transpose();
    let has_begun = attempt.outer_proof().is_some_and(|proof| !proof.lacks_a_session());
    if lock.is_err() || has_begun || state::write(&attempt.settled(), b"{}").is_err() {
        return outcome;
    }
    let took = Duration::ZERO;
    Outcome { result: StepResult::EarlyExit, took, held: Some(Held::NoSession(step.kind)), ..outcome }
}

/// The same end, with what its log says about the cause: what happened in a person's words, and what to do.
pub(super) fn explained(step: &Step, outcome: Outcome) -> Outcome {
    let ended_badly = matches!(outcome.result, StepResult::Failed | StepResult::Unknown) && !outcome.guard_refused;
    let is_terraform =
        matches!(step.kind, StepKind::Init | StepKind::Plan | StepKind::Show | StepKind::State | StepKind::Apply);
    match (outcome.cause, ended_badly && is_terraform) {
        (Some(cause), true) => {
            let trouble = log_of(step).and_then(|log| trouble::of_terraform(&tail::end(log)));
            let cause = Some(trouble.as_ref().map_or(cause.clone(), |trouble| explanation(step, trouble, cause)));
            Outcome { cause, trouble: trouble.map(|trouble| trouble.cause), ..outcome }
        }
        (cause, _) => Outcome { cause, ..outcome },
    }
}

fn explanation(step: &Step, trouble: &Trouble, cause: String) -> String {
    let mut lines = vec![trouble.what.clone(), cause];
    if let Some(lock) = &trouble.lock {
        let who = lock.who.as_deref().unwrap_or("somebody");
        let since = lock.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
        lines.push(format!("held by {who}{since}, id {}", lock.id));
        lines.push(format!("hint: {}", trouble.hint));
        lines.extend(force_unlock(step, &lock.id).map(|command| format!("  {command}")));
    } else {
        lines.push(format!("hint: {}", trouble.hint));
    }
    lines.join("\n")
}

/// The command that removes the lock of a unit's state. It is for a person to run, who knows that nobody holds it.
fn force_unlock(step: &Step, id: &str) -> Option<String> {
    let argv = &step.invocation.argv;
    let guard = argv.iter().position(|word| word == "guard")?.checked_sub(1)?;
    let program = argv[guard..].iter().skip_while(|word| *word != "--").nth(1)?;
    let program = Path::new(program).file_name()?.to_string_lossy();
    let wrapper = argv[..guard].iter().map(|word| quoted(&word.to_string_lossy()));
    let words: Vec<_> = wrapper.chain([program.into_owned(), "force-unlock".to_owned(), quoted(id)]).collect();
    Some(format!("cd {} && {}", quoted(&step.invocation.cwd.to_string_lossy()), words.join(" ")))
}

/// The same end, where the step was asked to end because it took too long.
pub(super) fn ended_by_us(outcome: Outcome, limit: Duration) -> Outcome {
    if outcome.result.is_good() {
        return outcome;
    }
    let minutes = limit.as_secs_f64() / 60.0;
    let cause = format!(
        "it took longer than the time limit of {} min, so it was asked to end\nhint: raise `time-limit` in [workspace.metadata.xtask] in Cargo.toml if that is normal here",
        (minutes * 10.0).round() / 10.0
    );
    Outcome { cause: Some(cause), ..outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::step::tests::step;
    use crate::tools::process::Output;

    const LOCKED: &str = "10:00:00.123 STDERR terraform: │ Error: Error acquiring the state lock
10:00:00.123 STDERR terraform: │ Error message: ConditionalCheckFailedException: The conditional request failed
10:00:00.123 STDERR terraform: │ Lock Info:
10:00:00.123 STDERR terraform: │   ID:        3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11
10:00:00.123 STDERR terraform: │   Path:      acme-state/dev/terraform.tfstate
10:00:00.123 STDERR terraform: │   Operation: OperationTypeApply
10:00:00.123 STDERR terraform: │   Who:       ana@laptop
10:00:00.123 STDERR terraform: │   Version:   1.11.4
10:00:00.123 STDERR terraform: │   Created:   2026-11-23 10:00:00.1 +0000 UTC
10:00:00.123 STDERR terraform: │   Info:      
";

    #[test]
    fn who_holds_a_state_lock_is_told_with_the_exact_command_that_nobody_runs_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("dev.plan.log");
        fs::write(&log, LOCKED).unwrap();
        let mut step = step(StepKind::Plan);
        step.output = Some(Output { log, stdout: None });
        step.invocation.cwd = "/r/my units/dev".into();
        let wrapper = ["aws-vault", "exec", "your-dev", "--", "/r/.xtask/runs/x/xtask"].map(Into::into);
        step.invocation.argv = wrapper.into_iter().chain(step.invocation.argv).collect();
        let ended = Outcome { cause: Some("ended with exit code 1".to_owned()), ..failed(&step, Duration::ZERO) };
        let cause = explained(&step, ended).cause.unwrap();
        let lines: Vec<_> = cause.lines().collect();
        assert_eq!(lines[0], "somebody else holds the lock of the state");
        assert_eq!(
            lines[2],
            "held by ana@laptop since 2026-11-23 10:00:00.1 +0000 UTC, id 3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11"
        );
        assert!(lines[3].starts_with("hint: wait until they are done"), "{cause}");
        let command = "cd '/r/my units/dev' && aws-vault exec your-dev -- terragrunt force-unlock 3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11";
        assert_eq!(lines[4].trim(), command);
    }

    #[test]
    fn credential_tool_that_started_nothing_waits_for_a_session_and_a_late_guard_is_not_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let mut apply = step(StepKind::Apply);
        let attempt = crate::tools::attempt::Attempt { dir: folder.path().join("a"), nonce: "n".to_owned() };
        attempt.create().unwrap();
        apply.attempt = Some(attempt.clone());
        apply.lock = Some(folder.path().join("dev.lock"));
        let ended = |exit| Outcome { exit, ..failed(&apply, Duration::ZERO) };
        assert_eq!(or_without_session(&apply, ended(None)).held, None, "it was killed, which is another matter");
        assert_eq!(or_without_session(&apply, ended(Some(0))).held, None);
        assert!(!attempt.settled().exists());
        let waits = or_without_session(&apply, ended(Some(1)));
        assert_eq!((waits.held, waits.result), (Some(Held::NoSession(StepKind::Apply)), StepResult::EarlyExit));
        assert!(attempt.settled().exists(), "who comes now finds this");
        for kind in [StepKind::Build, StepKind::Show, StepKind::Identity] {
            let other = Step { kind, ..apply.clone() };
            assert_eq!(or_without_session(&other, ended(Some(1))).held, None, "{kind}");
        }
    }
}
