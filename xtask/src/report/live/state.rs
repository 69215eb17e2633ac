//! What is running, by the events.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::plain::plain;
use crate::run::event::{Event, StepName};
use crate::run::step::{Stage, StepKind};
use crate::tools::deployer::sign::Sign;

/// What is running.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The steps that run, in the order of the queue.
    pub(super) running: Vec<Running>,
    /// Every subject, with its place: that of its lane, or behind all of them in the order in which work began.
    places: BTreeMap<String, usize>,
    /// How many lanes are done: those whose last step has ended, or that ended early.
    pub(super) n_done: usize,
    /// How many there are.
    pub(super) n_lanes: usize,
}

/// A step that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) subject: String,
    pub(super) kind: StepKind,
    /// What is going on, in a word.
    pub(super) phase: &'static str,
    /// Since when, counted from the beginning of the stage.
    pub(super) since: Duration,
    /// The last line that says something, and when it came.
    pub(super) said: Option<(String, Duration)>,
}

impl State {
    /// Nothing of this stage runs yet. Which of its lanes begins first is left to chance.
    pub(super) fn of(stage: &Stage) -> Self {
        let mut state = Self { n_lanes: stage.lanes.len(), ..Self::default() };
        for (place, step) in stage.lanes.iter().enumerate().filter_map(|(place, lane)| Some((place, lane.first()?))) {
            state.places.entry(step.subject.clone()).or_insert(place);
        }
        state
    }

    /// Takes in an event that happened `now`, counted from the beginning of the stage.
    pub(super) fn take(&mut self, event: &Event, now: Duration) {
        match event {
            Event::StageStarted { .. } | Event::Notice(..) => {}
            Event::Again { step, why, .. } => {
                if let Some(running) = self.find(step) {
                    running.said = Some((format!("to be tried again: {why}"), now));
                }
            }
            Event::Started(step) => {
                let phase = step.kind.doing();
                let n_known = self.places.len();
                let place = *self.places.entry(step.subject.clone()).or_insert(n_known);
                let at = self.running.partition_point(|row| self.places[&row.subject] <= place);
                self.running.insert(
                    at,
                    Running { subject: step.subject.clone(), kind: step.kind, phase, since: now, said: None },
                );
            }
            Event::Line(step, line) => {
                let Some(running) = self.find(step) else { return };
                if let (Some(does), Some(sign)) = (step.kind.task(), Sign::of(line)) {
                    running.phase = sign.phase(step.kind.doing());
                    running.said = Some((sign.sentence(does), now));
                } else if let Some(said) = meaningful(line) {
                    running.said = Some((said, now));
                }
            }
            Event::Finished(step, outcome) => {
                self.running.retain(|running| running.subject != step.subject || running.kind != step.kind);
                // What went well is followed by the next step of the same lane: a plan is shown.
                let goes_on = matches!(step.kind, StepKind::Init | StepKind::Plan) && outcome.result.is_good();
                self.n_done += usize::from(!goes_on);
            }
        }
    }

    fn find(&mut self, step: &StepName) -> Option<&mut Running> {
        self.running.iter_mut().find(|running| running.subject == step.subject && running.kind == step.kind)
    }
}

/// What a line says, without colours, frames and prefixes; `None` if that is nothing.
fn meaningful(line: &str) -> Option<String> {
    let text = plain(line);
    let text = without_prefix(text.trim());
    text.chars().any(char::is_alphanumeric).then(|| text.to_owned())
}

/// A line without what terragrunt puts in front: `12:00:00.000 STDOUT [unit] terraform: `.
pub(in crate::report) fn without_prefix(line: &str) -> &str {
    let is_time = |word: &str| word.len() == 12 && word.as_bytes()[2] == b':' && word.as_bytes()[8] == b'.';
    let Some((_, rest)) = line.split_once(' ').filter(|(word, _)| is_time(word)) else { return line };
    let rest = rest.trim_start().split_once(' ').map_or(rest, |(_level, rest)| rest.trim_start());
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_unit, rest)) => rest.trim_start(),
        None => rest,
    };
    ["terraform:", "tofu:"].iter().find_map(|program| rest.strip_prefix(program)).unwrap_or(rest).trim_start()
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::{State, meaningful};
    use crate::run::event::{Event, StepName};
    use crate::run::step::tests::step;
    use crate::run::step::{Stage, Step, StepKind};

    /// Nothing runs yet of so many lanes, whoever works in them.
    pub(in crate::report::live) fn idle(n_lanes: usize) -> State {
        let lanes = std::iter::repeat_with(Vec::new).take(n_lanes).collect();
        State::of(&Stage { title: String::new(), is_told: false, about: String::new(), lanes })
    }

    #[test]
    fn rows_are_in_the_order_of_the_queue_whichever_begins_first() {
        let of = |subject: &str| Step { subject: subject.to_owned(), ..step(StepKind::Apply) };
        let lanes = ["logs", "dev", "prod"].map(|subject| vec![of(subject).into()]).into();
        let stage = Stage { title: String::new(), is_told: false, about: String::new(), lanes };
        let mut state = State::of(&stage);
        for subject in ["dev", "prod", "logs"] {
            let name = StepName { subject: subject.to_owned(), kind: StepKind::Apply, unit: None };
            state.take(&Event::Started(name), Duration::ZERO);
        }
        let rows: Vec<_> = state.running.iter().map(|row| row.subject.as_str()).collect();
        assert_eq!(rows, ["logs", "dev", "prod"]);
    }

    #[test]
    fn lines_are_shown_without_what_only_decorates_them() {
        for (line, said) in [
            ("\u{1b}[1mPlan:\u{1b}[0m 2 to add", Some("Plan: 2 to add")),
            ("12:00:00.000 STDOUT terraform: aws_x.y: Creating...", Some("aws_x.y: Creating...")),
            ("12:00:00.000 INFO   Downloading x", Some("Downloading x")),
            ("12:00:00.000 STDERR [dev/x] tofu: │ Error: no", Some("Error: no")),
            ("│ Error: no", Some("Error: no")),
            ("12:00:00.000 STDOUT terraform: ", None),
            ("─────────", None),
            ("   ", None),
            ("a\u{7}\u{8}b\tc", Some("ab c")),
        ] {
            assert_eq!(meaningful(line).as_deref(), said, "{line}");
        }
    }
}
