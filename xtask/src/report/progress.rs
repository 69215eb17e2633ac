//! Events as lines: what starts, what ends, and what a program says where that is of interest.

use crate::report::screen::{Screen, Tone, Volume, duration};
use crate::run::event::{Event, Outcome, StepName, StepResult};
use crate::run::step::StepKind;

/// Prints events as they come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    screen: &'a Screen,
}

impl<'a> Progress<'a> {
    /// Prints to this screen.
    pub fn new(screen: &'a Screen) -> Self {
        Self { screen }
    }

    /// Prints an event, if it is worth a line.
    pub fn tell(&self, event: &Event) {
        match event {
            Event::StageStarted { title, about } => self.screen.say(Tone::Plain, title, about),
            Event::Started(_) => {}
            Event::Line(step, line) => self.line(step, line),
            Event::Finished(step, outcome) => self.finished(step, outcome),
        }
    }

    fn line(&self, step: &StepName, line: &str) {
        if step.kind == StepKind::Build || self.screen.volume() == Volume::Verbose {
            self.screen.lines(&format!("  {} | {line}", step.subject));
        }
    }

    fn finished(&self, step: &StepName, outcome: &Outcome) {
        let (Some(done), Some(failed)) = words(step.kind) else { return };
        let took = duration(outcome.took);
        match outcome.result {
            StepResult::Succeeded => self.screen.say(Tone::Good, done, format_args!("{}   {took}", step.subject)),
            StepResult::EarlyExit => {}
            StepResult::Failed => {
                self.screen.insist(Tone::Bad, "Failed", format_args!("{}   {failed}, after {took}", step.subject));
            }
            StepResult::Unknown => {
                self.screen.insist(Tone::Bad, "Unknown", format_args!("{}   {failed}, after {took}", step.subject));
            }
        }
    }
}

/// The verb for a step that went well, and the noun for one that didn't. Quick questions are told of by their stage.
fn words(kind: StepKind) -> (Option<&'static str>, Option<&'static str>) {
    match kind {
        StepKind::Identity | StepKind::Source | StepKind::Lookup | StepKind::Show => (None, None),
        StepKind::Build => (Some("Built"), Some("build")),
        StepKind::Plan => (Some("Planned"), Some("plan")),
        StepKind::Apply => (Some("Applied"), Some("apply")),
    }
}
