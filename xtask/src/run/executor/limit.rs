//! How long a step may be silent before that is told, and how long it may take.

use std::time::Duration;

use crate::run::event::Notice;
use crate::run::step::StepKind;

/// After this long without a line a notice says so; then after twice as long, and so on.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a step that was asked to end has before it is asked more firmly.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the clock says about a step that runs.
#[derive(Debug)]
pub(super) struct Clock {
    is_ended: bool,
    limit: Duration,
    last_line: Duration,
    next_notice: Duration,
    n_told: u32,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// To say something.
    Notice(Notice),
    /// To ask it to end, as Ctrl-C would.
    Interrupt(Notice),
    /// To ask it more firmly.
    Terminate,
}

impl Clock {
    /// A clock for a step that has just started. An apply is never ended: it would leave things half-made.
    pub(super) fn of(kind: StepKind, limit: Duration) -> Self {
        Self { is_ended: kind != StepKind::Apply, limit, last_line: Duration::ZERO, next_notice: SILENCE, n_told: 0 }
    }

    /// Takes in whether there were lines, and says what is due. `now` counts from the start of the step.
    pub(super) fn look(&mut self, now: Duration, has_lines: bool) -> Option<Due> {
        if has_lines {
            self.last_line = now;
            self.next_notice = SILENCE;
        }
        if self.n_told == 0 && now >= self.limit {
            self.n_told = 1;
            let notice = Notice::Late { took: now, is_ended: self.is_ended };
            return Some(if self.is_ended { Due::Interrupt(notice) } else { Due::Notice(notice) });
        }
        if self.n_told == 1 && self.is_ended && now >= self.limit + PATIENCE {
            self.n_told = 2;
            return Some(Due::Terminate);
        }
        let silence = now.saturating_sub(self.last_line);
        if silence >= self.next_notice {
            self.next_notice *= 2;
            return Some(Due::Notice(Notice::Silent(silence)));
        }
        None
    }

    /// Whether it was asked to end.
    pub(super) fn has_ended_it(&self) -> bool {
        self.is_ended && self.n_told > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn silence_is_told_after_a_minute_then_less_and_less_often_until_a_line_comes() {
        let mut clock = Clock::of(StepKind::Apply, HOUR);
        let mut told = Vec::new();
        for second in 1..=400 {
            if let Some(due) = clock.look(at(second), second == 300) {
                told.push((second, due));
            }
        }
        let silent = |seconds| Due::Notice(Notice::Silent(at(seconds)));
        assert_eq!(told, [(60, silent(60)), (120, silent(120)), (240, silent(240)), (360, silent(60))]);
    }

    #[test]
    fn what_takes_too_long_is_asked_twice_to_end() {
        let mut clock = Clock::of(StepKind::Plan, at(10));
        assert_eq!(clock.look(at(9), true), None);
        let late = Notice::Late { took: at(10), is_ended: true };
        assert_eq!(clock.look(at(10), true), Some(Due::Interrupt(late)));
        assert!(clock.has_ended_it());
        assert_eq!(clock.look(at(39), true), None);
        assert_eq!(clock.look(at(40), true), Some(Due::Terminate));
        assert_eq!(clock.look(at(80), true), None);
    }

    #[test]
    fn apply_that_takes_too_long_is_only_told_of() {
        let mut clock = Clock::of(StepKind::Apply, at(10));
        let late = Notice::Late { took: at(12), is_ended: false };
        assert_eq!(clock.look(at(12), true), Some(Due::Notice(late)));
        assert_eq!(clock.look(at(50), true), None);
        assert!(!clock.has_ended_it());
    }
}
