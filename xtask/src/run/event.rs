//! What happens in a run. The executor emits these, and everything that tells about a run only reads them.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::UnitPath;
use crate::run::step::StepKind;
use crate::run::trouble::Cause;

/// How a step ended: terragrunt's words, and one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepResult {
    /// It did what it was to do, and there is proof.
    Succeeded,
    /// It did not.
    Failed,
    /// It was never started, because something else had failed or the run was interrupted.
    EarlyExit,
    /// It was started, and nobody can say how it ended.
    Unknown,
}

impl StepResult {
    /// Whether it did what it was to do.
    pub fn is_good(self) -> bool {
        self == Self::Succeeded
    }

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::EarlyExit => "early exit",
            Self::Unknown => "unknown",
        }
    }
}

/// The end of a step.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub result: StepResult,
    /// Why, where it did not succeed.
    pub cause: Option<String>,
    /// Whether a guard refused it: then nothing was changed, and nothing further may start.
    pub guard_refused: bool,
    /// How long it took.
    pub took: Duration,
    /// Its log.
    pub log: Option<PathBuf>,
    /// Its exit code; `None` if it was not started, or a signal ended it.
    pub exit: Option<i32>,
    /// Whether it waits for a new session. Nothing was started then, so it may be given another try.
    pub held: Option<Held>,
    /// The known cause, if its log tells of one.
    pub trouble: Option<Cause>,
    /// The most memory that its processes took together, in bytes, as far as that was seen.
    pub memory: Option<u64>,
    /// Whether the user had terraform stopped in the middle of it.
    pub interrupted: bool,
}

/// The word in reports for a step in whose middle the user had terraform stopped.
pub const INTERRUPTED: &str = "interrupted";

impl Outcome {
    /// The word in reports.
    pub fn as_str(&self) -> &'static str {
        match self.result {
            StepResult::Failed | StepResult::Unknown if self.interrupted => INTERRUPTED,
            result => result.as_str(),
        }
    }

    /// Of a step that was never started.
    pub fn not_started() -> Self {
        Self {
            result: StepResult::EarlyExit,
            cause: None,
            guard_refused: false,
            took: Duration::ZERO,
            log: None,
            exit: None,
            held: None,
            trouble: None,
            memory: None,
            interrupted: false,
        }
    }

    /// Whether terraform refused a saved plan because the state is another by now: then nothing was applied.
    pub fn is_stale(&self) -> bool {
        self.result == StepResult::Failed && self.trouble == Some(Cause::StalePlan)
    }

    /// The same, where nobody renews sessions: what started nothing has failed.
    pub fn with_no_new_session(self) -> Self {
        match self.held {
            Some(_) => Self { result: StepResult::Failed, held: None, ..self },
            None => self,
        }
    }
}

/// Why a step waits until sessions were renewed in the foreground, where somebody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its session would have ended too soon, so it was not begun.
    TooShort(StepKind),
    /// The credential tool started nothing: it may have wanted to ask.
    NoSession(StepKind),
}

impl Held {
    /// The step that waits.
    pub fn kind(self) -> StepKind {
        match self {
            Self::TooShort(kind) | Self::NoSession(kind) => kind,
        }
    }
}

/// Who a step is, for those who only read.
#[derive(Clone, Debug)]
pub struct StepName {
    /// What it does.
    pub kind: StepKind,
    /// What it does it to.
    pub subject: String,
    /// The unit, if it works in one.
    pub unit: Option<UnitPath>,
}

/// Something to know about a step that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It has printed nothing for this long.
    Silent(Duration),
    /// It has taken longer than the time limit.
    Late {
        /// How long it has taken.
        took: Duration,
        /// Whether it is asked to end, which an apply never is.
        is_ended: bool,
    },
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A stage begins.
    StageStarted {
        /// Its verb.
        title: String,
        /// What it is about.
        about: String,
    },
    /// A step was started.
    Started(StepName),
    /// A step printed a line.
    Line(StepName, String),
    /// There is something to know about a step that runs.
    Notice(StepName, Notice),
    /// A step failed for a reason that may be gone by itself, and is tried again.
    Again {
        /// Which.
        step: StepName,
        /// Why it failed.
        why: String,
        /// How long it waits first.
        pause: Duration,
    },
    /// A step ended.
    Finished(StepName, Outcome),
}
