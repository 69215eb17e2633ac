//! The executor: starts the steps of a stage, one after the other or side by side, judges how each ended, and sends an
//! event for everything that happens. It decides nothing that the queue hasn't said.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use crate::run::event::{Event, Outcome, StepName, StepResult};
use crate::run::interrupt::Interrupt;
use crate::run::journal::Journal;
use crate::run::judge::{APPLY_COMPLETE, ERROR, Evidence, Judgement, judge};
use crate::run::step::{Lane, Stage, Step, StepKind};
use crate::run::tail::{self, Follower};
use crate::tools::attempt::Attempt;
use crate::tools::process::{self, Relay};
use crate::tools::{lock, tty};

/// Carries out stages.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Writes the logs.
    pub relay: Relay,
    /// Tells when to start nothing new.
    pub interrupt: Interrupt,
    /// How many lanes run side by side.
    pub n_jobs: usize,
    /// Remembers what starts and how it ended.
    pub journal: Journal,
}

/// What a failure means for the steps that have not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The other lanes go on, unless a guard refused.
    GoOn,
    /// Nothing new starts.
    Stop,
}

impl Executor {
    /// Runs a stage in the foreground, one step after the other, where programs may ask the person at the terminal. Goes
    /// on after a failure, so that everything that is wrong is found at once.
    pub fn one_by_one(&self, stage: &Stage, tell: &mut dyn FnMut(&Event)) -> Vec<Outcome> {
        begin(stage, tell);
        let terminal = tty::Terminal::open();
        let mut outcomes = Vec::new();
        for step in stage.lanes.iter().flatten() {
            let name = name_of(step);
            let outcome = if self.interrupt.asked() {
                early_exit(step)
            } else {
                tell(&Event::Started(name.clone()));
                // A credential tool that is ended in the middle of a prompt leaves the terminal without echo.
                let _settings = terminal.as_ref().and_then(tty::Terminal::remember);
                let started = Instant::now();
                // What only asks may start without having been written down.
                let _ = self.journal.start(step);
                let status = process::foreground(&step.invocation, step.kind != StepKind::Source);
                let outcome = conclude(step, status.map(|status| status.code()), started.elapsed());
                self.journal.end(step, &outcome);
                outcome
            };
            tell(&Event::Finished(name, outcome.clone()));
            outcomes.push(outcome);
        }
        outcomes
    }

    /// Runs the lanes of a stage side by side, the steps of a lane one after the other. Gives, lane by lane, the outcome
    /// of the last step that was reached.
    pub fn side_by_side(&self, stage: &Stage, on_failure: OnFailure, tell: &mut dyn FnMut(&Event)) -> Vec<Outcome> {
        begin(stage, tell);
        let waiting: Mutex<VecDeque<(usize, &Lane)>> = Mutex::new(stage.lanes.iter().enumerate().collect());
        let stopped = AtomicBool::new(false);
        let (sender, receiver) = mpsc::channel();
        let outcomes = Mutex::new(vec![None; stage.lanes.len()]);
        std::thread::scope(|scope| {
            for _ in 0..self.n_jobs.min(stage.lanes.len()) {
                let sender = sender.clone();
                let (waiting, stopped, outcomes) = (&waiting, &stopped, &outcomes);
                scope.spawn(move || {
                    loop {
                        let Some((n, lane)) = locked(waiting).pop_front() else { return };
                        let outcome = self.lane(lane, on_failure, stopped, &sender);
                        locked(outcomes)[n] = Some(outcome);
                    }
                });
            }
            drop(sender);
            for event in receiver {
                tell(&event);
            }
        });
        let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcomes.into_iter().map(|outcome| outcome.expect("every lane was taken by a worker")).collect()
    }

    fn lane(&self, lane: &Lane, on_failure: OnFailure, stopped: &AtomicBool, events: &Sender<Event>) -> Outcome {
        // Nobody listening means that the runner is going; steps are then finished without a word.
        let tell = |event| drop(events.send(event));
        let mut last = None;
        for step in lane {
            let outcome = if stopped.load(Ordering::SeqCst) || self.interrupt.asked() {
                early_exit(step)
            } else {
                tell(Event::Started(name_of(step)));
                self.step(step, &tell)
            };
            tell(Event::Finished(name_of(step), outcome.clone()));
            let failed = outcome.result != StepResult::Succeeded;
            if failed
                && outcome.result != StepResult::EarlyExit
                && (on_failure == OnFailure::Stop || outcome.guard_refused)
            {
                stopped.store(true, Ordering::SeqCst);
            }
            last = Some(outcome);
            if failed {
                break;
            }
        }
        last.expect("a lane has at least one step")
    }

    fn step(&self, step: &Step, tell: &(dyn Fn(Event) + Sync)) -> Outcome {
        let started = Instant::now();
        if let Err(error) = note_start(&self.journal, step) {
            let cause = format!("the start could not be written down, so it was not started: {error}");
            return Outcome { cause: Some(cause), ..failed(step, started.elapsed()) };
        }
        let _at_work = step.lock.as_deref().map(|lock| self.interrupt.at_work(lock));
        let output = step.output.as_ref().expect("a step that runs side by side with others has a log");
        let running = process::detached(&step.invocation, output, &self.relay);
        let status = running.and_then(|running| {
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let follower = scope.spawn(|| follow(step, &output.log, &done, tell));
                let status = running.wait();
                outlive(step);
                done.store(true, Ordering::SeqCst);
                follower.thread().unpark();
                status
            })
            .map_err(anyhow::Error::from)
        });
        let outcome = conclude(step, status.map(|status| status.code()), started.elapsed());
        self.journal.end(step, &outcome);
        outcome
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn begin(stage: &Stage, tell: &mut dyn FnMut(&Event)) {
    if stage.is_told {
        tell(&Event::StageStarted { title: stage.title.clone(), about: stage.about.clone() });
    }
}

/// Passes on what the relay wrote. The file is looked at ten times a second: nobody reads faster, and no descriptor of
/// ours is between the child and its log.
fn follow(step: &Step, log: &Path, done: &AtomicBool, tell: &(dyn Fn(Event) + Sync)) {
    let mut follower = Follower::default();
    loop {
        let last = done.load(Ordering::SeqCst);
        let lines = follower.new_lines(log);
        let is_all = lines.is_empty();
        for line in lines {
            tell(Event::Line(name_of(step), line));
        }
        match (is_all, last) {
            (true, true) => return,
            // Very many lines come in several pieces.
            (false, _) => continue,
            (true, false) => {}
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// A wrapper that forks may end before what it started. The lock of the unit tells: it is free once nobody is at work.
fn outlive(step: &Step) {
    while step.lock.as_deref().is_some_and(lock::is_held) {
        std::thread::park_timeout(Duration::from_millis(200));
    }
}

fn conclude(step: &Step, code: anyhow::Result<Option<i32>>, took: Duration) -> Outcome {
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
    Outcome { result, cause, guard_refused, took, log: log_of(step).map(Path::to_owned), exit: code }
}

fn has_product(step: &Step) -> bool {
    let product = match step.kind {
        StepKind::Plan => step.plan.as_deref(),
        _ => step.output.as_ref().and_then(|output| output.stdout.as_deref()),
    };
    product.is_some_and(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0))
}

fn log_of(step: &Step) -> Option<&Path> {
    step.output.as_ref().map(|output| output.log.as_path())
}

fn name_of(step: &Step) -> StepName {
    StepName { kind: step.kind, subject: step.subject.clone(), unit: step.unit.clone() }
}

fn failed(step: &Step, took: Duration) -> Outcome {
    let log = log_of(step).filter(|log| log.exists()).map(Path::to_owned);
    Outcome { result: StepResult::Failed, cause: None, guard_refused: false, took, log, exit: None }
}

fn early_exit(step: &Step) -> Outcome {
    Outcome { result: StepResult::EarlyExit, log: None, ..failed(step, Duration::ZERO) }
}

/// Writes down that a step starts, in a folder of its own for the proofs of its guards.
fn note_start(journal: &Journal, step: &Step) -> std::io::Result<()> {
    step.attempt.as_ref().map_or(Ok(()), Attempt::create)?;
    journal.start(step)
}
