//! Trying a plan once more: only where the cause may be gone by itself, and never an apply.

use std::time::Duration;

use crate::run::event::{Outcome, StepResult};
use crate::run::step::{Step, StepKind};
use crate::run::tail;
use crate::run::trouble::{self, Cause};
use crate::tools::attempt;

/// How often a plan is tried again.
pub const MOST: u32 = 3;

/// Why a step may be tried again, if it may. A plan changes nothing, so a second one does no harm; a saved plan that was
/// applied half-way can only fail, and an image may have been pushed.
pub(super) fn reason(step: &Step, outcome: &Outcome) -> Option<String> {
    if !matches!(step.kind, StepKind::Init | StepKind::Plan)
        || outcome.result != StepResult::Failed
        || outcome.guard_refused
    {
        return None;
    }
    let trouble = trouble::of_terraform(&tail::end(outcome.log.as_deref()?))?;
    let may_be_gone =
        trouble.cause.is_transient() || trouble.cause == Cause::ProviderHash && step.uses_provider_cache();
    may_be_gone.then_some(trouble.what)
}

/// How long to wait before the `n`th try after the first: about 2, 4 and 8 seconds, each cut by up to a half, so that units
/// which failed together don't come back together.
pub(super) fn pause(n: u32) -> Duration {
    jittered(n, attempt::random_byte())
}

fn jittered(n: u32, random: u8) -> Duration {
    let whole = Duration::from_secs(1 << n.min(6));
    whole.mul_f64(0.5 + f64::from(random) / 512.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_is_longer_than_the_one_before_and_no_two_units_wait_alike() {
        for n in 1..=MOST {
            assert!(jittered(n, 255) <= jittered(n + 1, 0), "{n}");
            assert!(jittered(n, 0) < jittered(n, 128), "{n}");
        }
        assert_eq!(jittered(1, 0), Duration::from_secs(1));
        assert!(jittered(MOST, 255) < Duration::from_secs(8));
    }
}
