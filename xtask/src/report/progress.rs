//! Events as lines: what starts, what ends, and what a program says where that is of interest.

use crate::report::plain::plain;
use crate::report::screen::{Screen, Tone, Volume, duration};
use crate::run::event::{Event, Notice, Outcome, StepName, StepResult};
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
            Event::Notice(step, notice) => self.notice(step, *notice),
            Event::Again { step, why, pause } => {
                let about = format!("{}   {}, again in {}: {why}", step.subject, step.kind, duration(*pause));
                self.screen.say(Tone::Warning, "Trying again", about);
            }
            Event::Finished(step, outcome) => self.finished(step, outcome),
        }
    }

    fn line(&self, step: &StepName, line: &str) {
        if self.screen.volume() == Volume::Verbose {
            self.screen.lines(&format!("  {} | {}", step.subject, plain(line)));
        } else if let (Some(does), Some(sign)) = (step.kind.task(), Sign::of(line)) {
            self.screen.lines(&format!("  {}   {}", step.subject, sign.sentence(does)));
        }
    }

    fn notice(&self, step: &StepName, notice: Notice) {
        let (name, kind) = (&step.subject, step.kind);
        match notice {
            // A row of the live region says so by itself.
            Notice::Silent(_) if self.screen.shows_live() => {}
            Notice::Silent(silence) => {
                self.screen.say(
                    Tone::Plain,
                    "Waiting",
                    format!("{name}   {kind}, no output for {}", duration(silence)),
                );
            }
            Notice::Late { took, is_ended: true } => {
                let about = format!("{name}   {kind}, after {}: longer than the time limit", duration(took));
                self.screen.insist(Tone::Warning, "Ending", about);
            }
            Notice::Late { took, is_ended: false } => {
                let about =
                    format!("{name}   {kind}, for {}: longer than the time limit, and not ended", duration(took));
                self.screen.insist(Tone::Warning, "Slow", about);
            }
        }
    }

    fn finished(&self, step: &StepName, outcome: &Outcome) {
        let took = duration(outcome.took);
        match (outcome.result, step.kind) {
            (StepResult::Succeeded, StepKind::Apply) => {
                self.screen.say(Tone::Good, "Applied", format_args!("{}   {took}", step.subject));
            }
            // Its row tells.
            (_, StepKind::Apply) if outcome.interrupted => {}
            (_, kind) if outcome.interrupted => {
                self.screen.insist(Tone::Bad, "Interrupted", format_args!("{}   {kind}, after {took}", step.subject));
            }
            // Who asked tells of the rest: a plan by the digest, a build by what is in ECR, a start by ECS.
            (StepResult::Succeeded | StepResult::EarlyExit, _) => {}
            (
                _,
                StepKind::Identity
                | StepKind::Source
                | StepKind::Lookup
                | StepKind::Show
                | StepKind::State
                | StepKind::Output
                | StepKind::Smoke,
            ) => {}
            (StepResult::Unknown, kind) => {
                self.screen.insist(Tone::Bad, "Unknown", format_args!("{}   {kind}, after {took}", step.subject));
            }
            (StepResult::Failed, kind) => {
                self.screen.insist(Tone::Bad, "Failed", format_args!("{}   {kind}, after {took}", step.subject));
            }
        }
    }
}
