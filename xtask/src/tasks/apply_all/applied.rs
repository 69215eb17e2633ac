//! What `apply-all` has done: a row for each unit, and the end that follows from them.

use serde_json::json;

use crate::cli::Format;
use crate::model::{Exit, Failure, Failures, Kind};
use crate::report::screen::{count, duration};
use crate::report::summary::{self, Row};
use crate::run::event::{INTERRUPTED, StepResult};
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;

/// What has been done.
#[derive(Debug)]
pub struct Applied {
    /// A row for each unit, in order.
    pub rows: Vec<Row>,
    /// What stopped the run, if that was no apply: what was found after a wave, or that there is no new session.
    pub stopped: Option<Failures>,
    has_applied: bool,
}

impl Applied {
    /// There was nothing to do.
    pub(super) fn nothing(units: &[Workable<'_>]) -> Self {
        Self { has_applied: false, ..Self::new(units, Vec::new(), None) }
    }

    /// The plans are kept for later.
    pub(super) fn planned(units: &[Workable<'_>], unchanged: &[String]) -> Self {
        let mut planned = Self::nothing(units);
        for row in planned.rows.iter_mut().filter(|row| !unchanged.contains(&row.name)) {
            row.note = Some("planned, not applied".to_owned());
            row.changes = None;
        }
        planned
    }

    /// Rows of the units in which something was run; the others had nothing to do.
    pub(super) fn new(units: &[Workable<'_>], applied: Vec<Row>, stopped: Option<Failures>) -> Self {
        let row_of = |unit: &Workable<'_>| {
            let path = unit.unit.path.as_str();
            applied.iter().find(|row| row.path == path).cloned().unwrap_or_else(|| Row {
                changes: Some(0),
                ..Row::unchanged(&unit.label, path).of_account(unit.account)
            })
        };
        Self { rows: units.iter().map(row_of).collect(), stopped, has_applied: true }
    }

    /// The end: the rows, the machine's version of them on stdout if asked for, and the exit code that follows.
    pub fn report(self, session: &Session<'_>) -> Result<Exit, Failures> {
        let context = session.context;
        let with = |result: &str| self.rows.iter().filter(|row| row.result == result).count();
        let (n_done, n) = (with(StepResult::Succeeded.as_str()), self.rows.len());
        // Where all went well, each has been told of as it ended.
        if n_done < n {
            summary::show(&context.screen, &self.rows);
        }
        if context.globals.format == Format::Json {
            context.result(&json!({ "schema": 1, "run": session.run.id, "units": self.rows }).to_string())?;
        }
        if n_done == n && self.stopped.is_none() {
            if self.has_applied {
                let took = duration(session.started.elapsed());
                let about = format!("{n_done} of {} in {took}   run {}", count(n, "unit"), session.run.id);
                context.screen.finished(&about);
            }
            return Ok(Exit::DONE);
        }
        let mut failures: Vec<_> = self.stopped.map(Failures::into_vec).into_iter().flatten().collect();
        if self.rows.iter().any(|row| row.seconds > 0.0) {
            // A refusal says that nothing was changed.
            let refusals = failures.iter_mut().filter(|failure| failure.kind == Kind::Refused);
            refusals.for_each(|refusal| refusal.kind = Kind::Failed);
        }
        if n_done < n {
            let kind = session.check_interrupt().err().map_or(Kind::Failed, |why| why.kind);
            let parts = [
                (with(StepResult::Failed.as_str()), "failed"),
                (with(StepResult::Unknown.as_str()), "unknown"),
                (with(INTERRUPTED), "interrupted"),
                (n_done, "done"),
                (with(StepResult::EarlyExit.as_str()), "not started"),
            ];
            let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
            let failure = Failure::new(kind, parts.join(", "));
            let word = session.run.word();
            failures
                .push(failure.hint(format!("what is done stays done; to do the rest: cargo xtask runs resume {word}")));
        }
        Failures::check(failures).map(|()| Exit::DONE)
    }
}
