//! What the records of a run say, put together: pure, so that a report can be made again from the journal at any time.

use std::path::Path;

use super::finding::{Found, Settled, Task};
use super::read::{Damage, Entry, Whole, each};
use super::record::{
    Begun, Consented, Edited, EditedFile, Ended, Finished, Left, Planned, Record, Selected, Started, StepRef, Tool,
};
use crate::run::event::{INTERRUPTED, StepResult};
use crate::run::step::StepKind;

/// A run as its journal tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// When it began.
    pub time: String,
    /// Who began what.
    pub begun: Begun,
    /// What it is about, as far as it came to know that.
    pub selected: Vec<Selected>,
    /// Its programs.
    pub tools: Vec<Tool>,
    /// Its steps, in the order in which they started.
    pub steps: Vec<StepStory>,
    /// What the plans would do, the latest of each unit.
    pub planned: Vec<Planned>,
    /// What images and units came out as where their steps can't tell, the latest of each.
    pub found: Vec<Found>,
    /// Every consent, with its time.
    pub consents: Vec<(String, Consented)>,
    /// The files that it changed.
    pub edits: Vec<Edits>,
    /// The signal that made the runner leave.
    pub left: Option<i32>,
    /// Its end, with its time.
    pub finished: Option<(String, Finished)>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct StepStory {
    /// Which.
    pub of: StepRef,
    /// When it started.
    pub started: String,
    /// Its command.
    pub command: String,
    /// Its log, relative to the run's folder.
    pub log: Option<String>,
    /// The ARN of the task of ECS that it started.
    pub task: Option<String>,
    /// Its end, with its time.
    pub ended: Option<Box<(String, Ended)>>,
    /// What a later run found out, with its time.
    pub settled: Option<Box<(String, Settled)>>,
}

/// A change of files.
#[derive(Clone, Debug, PartialEq)]
pub struct Edits {
    /// When it started.
    pub started: String,
    /// The files.
    pub files: Vec<EditedFile>,
    /// How it ended, if that was seen.
    pub ended: Option<Edited>,
}

/// How a unit or an image came out of a run, in terragrunt's words and two of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitStory<'s> {
    /// The unit or image.
    pub of: &'s Selected,
    /// `succeeded`, `failed`, `interrupted`, `early exit` or `unknown`.
    pub result: &'s str,
    /// A word or two on how that came.
    pub reason: Option<&'s str>,
    /// Why.
    pub cause: Option<&'s str>,
    /// The step that decided, if one was started.
    pub step: Option<&'s StepStory>,
    /// Its plan, if it was read.
    pub planned: Option<&'s Planned>,
}

impl Story {
    /// Reads a journal and puts its records together. `None` if the run had not even begun; of a damaged journal, what it
    /// tells before the damage.
    pub fn read(path: &Path) -> (Option<Self>, Result<Whole, Damage>) {
        let mut story = None;
        let whole = each(path, |entry| Self::go_on(&mut story, entry));
        (story, whole)
    }

    /// Goes on with what was told so far, which begins with the beginning of the run.
    pub(super) fn go_on(story: &mut Option<Self>, Entry { time, record }: Entry) {
        match (story, record) {
            (Some(story), record) => story.take(time, record),
            (story, Record::Begun(begun)) => *story = Some(Self { time, begun, ..Self::default() }),
            (None, _) => {}
        }
    }

    fn take(&mut self, time: String, record: Record) {
        match record {
            Record::Begun(_) | Record::Note(_) => {}
            Record::Selected(selected) => {
                let new = selected.into_iter().filter(|new| !self.selected.contains(new)).collect::<Vec<_>>();
                self.selected.extend(new);
            }
            Record::Tool(tool) => self.tools.push(tool),
            Record::Started(Started { of, command, log }) => {
                self.steps.push(StepStory { of, started: time, command, log, task: None, ended: None, settled: None });
            }
            Record::Ended(ended) => {
                let open = self.steps.iter_mut().rev().find(|step| step.of == ended.of && step.ended.is_none());
                if let Some(step) = open {
                    step.ended = Some(Box::new((time, ended)));
                }
            }
            Record::Planned(planned) => {
                self.planned.retain(|known| known.unit != planned.unit);
                self.planned.push(planned);
            }
            Record::Consented(consented) => self.consents.push((time, consented)),
            Record::Editing(files) => self.edits.push(Edits { started: time, files, ended: None }),
            Record::Edited(edited) => {
                if let Some(edits) = self.edits.last_mut() {
                    edits.ended = Some(edited);
                }
            }
            Record::Task(Task { attempt, arn }) => {
                if let Some(step) = self.step_of(&attempt) {
                    step.task = Some(arn);
                }
            }
            Record::Found(found) => {
                self.found.retain(|known| known.path != found.path);
                self.found.push(found);
            }
            Record::Settled(settled) => {
                if let Some(step) = self.step_of(&settled.attempt) {
                    step.settled = Some(Box::new((time, settled)));
                }
            }
            Record::Left(Left { signal }) => self.left = Some(signal),
            Record::Finished(finished) => self.finished = Some((time, finished)),
        }
    }

    fn step_of(&mut self, attempt: &str) -> Option<&mut StepStory> {
        self.steps.iter_mut().rev().find(|step| step.of.attempt.as_deref() == Some(attempt))
    }

    /// How each unit or image came out of it.
    pub fn units(&self) -> Vec<UnitStory<'_>> {
        self.selected.iter().map(|of| self.unit(of)).collect()
    }

    fn unit<'s>(&'s self, of: &'s Selected) -> UnitStory<'s> {
        let is_its = |step: &&StepStory| match &step.of.unit {
            Some(unit) => *unit == of.path,
            None => step.of.subject == of.label,
        };
        let mut steps = self.steps.iter().filter(is_its);
        let deciding = steps.clone().rfind(|step| step.changes_something());
        let last = deciding
            .or_else(|| steps.rfind(|step| matches!(step.of.step, StepKind::Plan | StepKind::Show | StepKind::Smoke)));
        let planned = self.planned.iter().find(|planned| planned.unit == of.label);
        let unit = |result, reason, cause| UnitStory { of, result, reason, cause, step: last, planned };
        if let Some(found) = self.found.iter().find(|found| found.path == of.path) {
            return unit(&found.result, Some(&found.reason), found.cause.as_deref());
        }
        let early = StepResult::EarlyExit.as_str();
        let has_nothing_left = planned.is_some_and(|planned| planned.changes.is_empty());
        match last {
            // An apply is never planned to do nothing: its plan was stale, and a second one found nothing left to do.
            Some(step) if step.changes_something() && has_nothing_left && step.result().0 == "failed" => {
                unit(StepResult::Succeeded.as_str(), Some("no changes"), None)
            }
            Some(step) if step.changes_something() => {
                let (result, cause) = step.result();
                unit(result, step.reason(), cause)
            }
            Some(step @ StepStory { ended: Some(end), .. }) if end.1.result != StepResult::Succeeded.as_str() => {
                unit(&end.1.result, step.reason(), end.1.cause.as_deref())
            }
            _ if has_nothing_left => unit(StepResult::Succeeded.as_str(), Some("no changes"), None),
            _ => unit(early, Some(self.why_early()), None),
        }
    }

    fn why_early(&self) -> &'static str {
        match &self.finished {
            Some((_, Finished { exit: 130 | 143, .. })) => "interrupted",
            Some((_, Finished { exit: 0 | 3, .. })) => "not applied",
            Some(_) => "ancestor error",
            None => "interrupted",
        }
    }

    /// What people read of how a unit came out. A run that did all that it was asked to has left the applies to another one.
    pub fn shown<'s>(&self, unit: &UnitStory<'s>) -> &'s str {
        let is_done = self.finished.as_ref().is_some_and(|(_, finished)| finished.exit == 0);
        match unit.result {
            "early exit" if is_done => "planned",
            result => result,
        }
    }

    /// The word for the whole run; `is_alive` tells whether its runner still is.
    pub fn result(&self, is_alive: bool) -> &'static str {
        let has = |word: &str| self.units().iter().any(|unit| unit.result == word);
        match &self.finished {
            _ if has(StepResult::Unknown.as_str()) && !is_alive => "unknown",
            None if is_alive => "running",
            None => "interrupted",
            Some((_, Finished { exit: 0, .. })) => "succeeded",
            Some((_, Finished { exit: 130 | 143, .. })) => "interrupted",
            Some((_, Finished { is_cancelled: true, .. })) => "cancelled",
            Some((_, Finished { exit: 3, .. })) => "refused",
            Some((_, Finished { exit: 5, .. })) => "differs",
            Some(_) => "failed",
        }
    }
}

impl StepStory {
    /// Whether it can change an account.
    pub fn changes_something(&self) -> bool {
        matches!(self.of.step, StepKind::Build | StepKind::Apply)
    }

    /// Whether it was started, can have changed something, and nobody knows yet how it ended.
    pub fn is_unsettled(&self) -> bool {
        self.changes_something() && self.ended.is_none() && self.settled.is_none()
    }

    /// How it ended, and why.
    pub fn result(&self) -> (&str, Option<&str>) {
        match (self.ended.as_deref(), self.settled.as_deref()) {
            (Some((_, ended)), _) => (&ended.result, ended.cause.as_deref()),
            (None, Some((_, settled))) => (&settled.result, settled.cause.as_deref()),
            (None, None) => (StepResult::Unknown.as_str(), Some("its end was not seen")),
        }
    }

    fn reason(&self) -> Option<&'static str> {
        match (self.result().0, &self.ended) {
            ("failed", _) => Some("run error"),
            (INTERRUPTED, _) => Some("stopped by the user"),
            ("unknown", None) => Some("end not seen"),
            (_, None) => Some("end found later"),
            _ => None,
        }
    }

    /// When it ended, if anybody knows.
    pub fn end(&self) -> Option<&str> {
        let settled = self.settled.as_deref().map(|(time, _)| time.as_str());
        self.ended.as_deref().map(|(time, _)| time.as_str()).or(settled)
    }
}
