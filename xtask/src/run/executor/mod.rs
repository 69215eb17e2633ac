//! The executor: starts the steps of a stage, one after the other or side by side, judges how each ended, and sends an
//! event for everything that happens. It decides nothing that the queue hasn't said.

mod limit;
mod outcome;
pub mod retry;
mod watch;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::model::is_secret_name;
use crate::run::event::{Event, Outcome, StepResult};
use crate::run::interrupt::Interrupt;
use crate::run::journal::Journal;
use crate::run::lifetime::Lifetimes;
use crate::run::step::{Lane, Stage, Step, StepKind};
use crate::tools::attempt::Attempt;
use crate::tools::clock;
use crate::tools::process::{self, Relay};
use crate::tools::tty;
use outcome::{conclude, ended_by_us, explained, failed, held, name_of, or_without_session};
use watch::{Watched, follow, outlive};

/// Carries out stages.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Writes the logs.
    pub relay: Relay,
    /// Tells when to start nothing new.
    pub interrupt: Interrupt,
    /// How many lanes run side by side.
    pub n_jobs: usize,
    /// How long a plan or a build may take before it is asked to end.
    pub time_limit: Duration,
    /// Remembers what starts and how it ended.
    pub journal: Journal,
    /// Knows how long sessions live, and how long steps take.
    pub lifetimes: Lifetimes,
    /// What the guards of each subject have told that nobody may read.
    pub secrets: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
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
    /// What nobody may read of a subject: the secrets of this shell, and those that its guards have told.
    pub fn secrets_of(&self, subject: &str) -> Vec<String> {
        let told = locked(&self.secrets).get(subject).cloned().unwrap_or_default();
        let of_shell = self.relay.secrets.iter().filter(|(name, _)| name.to_str().is_some_and(is_secret_name));
        of_shell.filter_map(|(_, value)| value.to_str().map(str::to_owned)).chain(told).collect()
    }

    /// Runs a step in the foreground, where programs may ask the person at the terminal. What it says on stderr is shown, and
    /// returned if `is_heard`.
    pub fn in_the_foreground(&self, step: &Step, is_heard: bool) -> (Outcome, Option<String>) {
        if self.interrupt.asked() {
            return (Outcome::not_started(), None);
        }
        // A credential tool that is ended in the middle of a prompt leaves the terminal without echo.
        let terminal = tty::Terminal::open();
        let _settings = terminal.as_ref().and_then(tty::Terminal::remember);
        let started = Instant::now();
        // What only asks may start without having been written down.
        let _ = self.journal.start(step);
        let show_stdout = step.kind != StepKind::Source;
        let ended = match is_heard {
            true => {
                process::foreground_heard(&step.invocation, show_stdout).map(|(status, heard)| (status, Some(heard)))
            }
            false => process::foreground(&step.invocation, show_stdout).map(|status| (status, None)),
        };
        let (status, heard) =
            ended.map_or_else(|error| (Err(error), None), |(status, heard)| (Ok(status.code()), heard));
        let outcome = conclude(step, status, started.elapsed());
        self.journal.end(step, &outcome);
        (outcome, heard)
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
                let work = move || {
                    loop {
                        let Some((n, lane)) = locked(waiting).pop_front() else { return };
                        let outcome = self.lane(lane, on_failure, stopped, &sender);
                        locked(outcomes)[n] = Some(outcome);
                    }
                };
                // The workers that could be started take all lanes.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            drop(sender);
            for event in receiver {
                tell(&event);
            }
        });
        let outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lanes = outcomes.into_iter().zip(&stage.lanes);
        lanes.map(|(outcome, lane)| outcome.unwrap_or_else(|| without_a_thread(lane, tell))).collect()
    }

    fn lane(&self, lane: &Lane, on_failure: OnFailure, stopped: &AtomicBool, events: &Sender<Event>) -> Outcome {
        // Nobody listening means that the runner is going; steps are then finished without a word.
        let tell = |event| drop(events.send(event));
        let mut last = None;
        for step in lane {
            let outcome = if stopped.load(Ordering::SeqCst) || self.interrupt.asked() {
                Outcome::not_started()
            } else if self.lifetimes.is_too_short_for(step, clock::now()) {
                held(step)
            } else {
                tell(Event::Started(name_of(step)));
                self.tried(step, &tell)
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

    /// Runs a step; a plan that fails for a reason which may be gone by itself is tried again.
    fn tried(&self, step: &Step, tell: &(dyn Fn(Event) + Sync)) -> Outcome {
        let started = Instant::now();
        let mut outcome = self.step(step, tell);
        for n in 1..=retry::MOST {
            let Some(why) = retry::reason(step, &outcome) else { break };
            let pause = retry::pause(n);
            tell(Event::Again { step: name_of(step), why, pause });
            if !self.interrupt.wait(pause) {
                break;
            }
            // Whatever it was: one thing less that can be the cause.
            outcome = self.step(&step.again(n).without_provider_cache(), tell);
        }
        Outcome { took: started.elapsed(), ..outcome }
    }

    fn step(&self, step: &Step, tell: &(dyn Fn(Event) + Sync)) -> Outcome {
        let started = Instant::now();
        if let Err(error) = note_start(&self.journal, step) {
            let cause = format!("the start could not be written down, so it was not started: {error}");
            return Outcome { cause: Some(cause), ..failed(step, started.elapsed()) };
        }
        let _at_work = self.interrupt.at_work(step.lock.as_deref().filter(|_| step.kind.task().is_none()));
        let output = step.output.as_ref().expect("a step that runs side by side with others has a log");
        let running = process::detached(&step.invocation, output, &self.relay, step.attempt.as_ref());
        let mut watched = Watched::default();
        let status = running.and_then(|running| {
            let (done, group) = (AtomicBool::new(false), running.group());
            std::thread::scope(|scope| {
                let follow = || follow(step, &output.log, group, self.time_limit, &done, tell);
                // Without a follower the step still runs to its end; only its progress and time limit are missing.
                let follower = std::thread::Builder::new().spawn_scoped(scope, follow).ok();
                let ended = running.wait();
                outlive(step);
                done.store(true, Ordering::SeqCst);
                if let Some(follower) = follower {
                    follower.thread().unpark();
                    watched = follower.join().unwrap_or_default();
                }
                ended
            })
            .map_err(anyhow::Error::from)
        });
        let status = status.map(|(status, secrets)| {
            locked(&self.secrets).entry(step.subject.clone()).or_default().extend(secrets);
            status
        });
        let outcome = conclude(step, status.map(|status| status.code()), started.elapsed());
        let interrupted = step.lock.is_some() && self.interrupt.has_asked_terraform() && !outcome.result.is_good();
        let outcome = Outcome { memory: watched.memory, interrupted, ..outcome };
        let outcome = match watched.was_late {
            true => ended_by_us(outcome, self.time_limit),
            // What a signal of the person's did needs no other explanation.
            false if self.interrupt.asked() => outcome,
            false => or_without_session(step, explained(step, outcome)),
        };
        let proof = step.attempt.as_ref().and_then(Attempt::outer_proof);
        if outcome.held.is_none() {
            self.lifetimes.seen(step, outcome.took, proof.as_ref(), clock::now());
        }
        self.journal.end(step, &outcome);
        outcome
    }
}

/// The outcome of a lane if not one worker thread could be started: nothing of it has run.
fn without_a_thread(lane: &Lane, tell: &mut dyn FnMut(&Event)) -> Outcome {
    let step = lane.first().expect("a lane has at least one step");
    let cause = "the system has no thread left to start it with: raise the limits of processes and memory (`ulimit`)";
    let outcome = Outcome { cause: Some(cause.to_owned()), ..failed(step, Duration::ZERO) };
    tell(&Event::Finished(name_of(step), outcome.clone()));
    outcome
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn begin(stage: &Stage, tell: &mut dyn FnMut(&Event)) {
    if stage.is_told {
        tell(&Event::StageStarted { title: stage.title.clone(), about: stage.about.clone() });
    }
}

/// Writes down that a step starts, in a folder of its own for the proofs of its guards.
fn note_start(journal: &Journal, step: &Step) -> std::io::Result<()> {
    step.attempt.as_ref().map_or(Ok(()), Attempt::create)?;
    journal.start(step)
}
