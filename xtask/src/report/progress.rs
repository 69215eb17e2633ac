//! Events as lines: what starts, what ends, and what a program says where that is of interest.

use crate::report::screen::{Screen, Tone, Volume, duration};
use crate::run::event::{Event, Outcome, StepName, StepResult};
use crate::run::step::StepKind;
use crate::tools::deployer::sign::Sign;

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
        if self.screen.volume() == Volume::Verbose {
            self.screen.lines(&format!("  {} | {line}", step.subject));
        } else if let Some(sign) = Sign::of(line).filter(|_| step.kind == StepKind::Build) {
            self.screen.lines(&format!("  {}   {}", step.subject, sign.sentence()));
        }
    }

    fn finished(&self, step: &StepName, outcome: &Outcome) {
        let took = duration(outcome.took);
        match (outcome.result, step.kind) {
            (StepResult::Succeeded, StepKind::Apply) => {
                self.screen.say(Tone::Good, "Applied", format_args!("{}   {took}", step.subject));
            }
            // Who asked tells of the rest: a plan by the digest, a build by what is in ECR.
            (StepResult::Succeeded | StepResult::EarlyExit, _) => {}
            (_, StepKind::Identity | StepKind::Source | StepKind::Lookup | StepKind::Show) => {}
            (StepResult::Unknown, kind) => {
                self.screen.insist(Tone::Bad, "Unknown", format_args!("{}   {kind}, after {took}", step.subject));
            }
            (StepResult::Failed, kind) => {
                self.screen.insist(Tone::Bad, "Failed", format_args!("{}   {kind}, after {took}", step.subject));
            }
        }
    }
}
