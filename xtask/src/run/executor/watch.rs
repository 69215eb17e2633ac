//! Watching a step that runs: its lines are passed on, its time is kept, and its end is waited for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::limit::{Clock, Due};
use super::outcome::name_of;
use crate::run::event::Event;
use crate::run::step::Step;
use crate::run::tail::Follower;
use crate::tools::process::{self, Group};
use crate::tools::{lock, machine};

/// When the memory of a step is looked at first; what ends earlier takes little. Then less and less often: all processes of
/// the machine have to be gone through.
const FIRST_LOOK: Duration = Duration::from_millis(300);
/// The longest time between two looks: each process tells the most that it ever had, and the providers live to the end.
const MOST_BETWEEN: Duration = Duration::from_secs(4);

/// What was seen of a step while it ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watched {
    /// Whether it was asked to end because it took too long.
    pub(super) was_late: bool,
    /// The most memory that its processes took together.
    pub(super) memory: Option<u64>,
}

/// Passes on what the relay wrote, and asks the step's processes to end if it takes too long. The file is looked at ten times
/// a second: nobody reads faster, and no descriptor of ours is between the child and its log.
pub(super) fn follow(
    step: &Step,
    log: &Path,
    group: Group,
    limit: Duration,
    done: &AtomicBool,
    tell: &(dyn Fn(Event) + Sync),
) -> Watched {
    let started = Instant::now();
    let mut clock = Clock::of(step.kind, limit);
    let mut follower = Follower::default();
    let mut watched = Watched::default();
    let mut next_look = FIRST_LOOK;
    loop {
        let last = done.load(Ordering::SeqCst);
        let lines = follower.new_lines(log);
        let has_lines = !lines.is_empty();
        for line in lines {
            tell(Event::Line(name_of(step), line));
        }
        if last && !has_lines {
            return Watched { was_late: clock.has_ended_it(), ..watched };
        }
        if last {
            continue;
        }
        let due = clock.look(started.elapsed(), has_lines);
        if let Some(Due::Notice(notice) | Due::Interrupt(notice)) = due {
            tell(Event::Notice(name_of(step), notice));
        }
        match due {
            Some(Due::Interrupt(_)) if !ask_terraform(step) => process::interrupt_group(group),
            // terraform that was asked to stop gives its lock back; a second signal would make it leave at once.
            Some(Due::Terminate) if terraform_of(step).is_none() => process::terminate_group(group),
            _ => {}
        }
        if started.elapsed() >= next_look {
            watched.memory = watched.memory.max(machine::peak_of(group));
            next_look = started.elapsed() + (started.elapsed() / 4).min(MOST_BETWEEN);
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// The terraform that is at work for a step, by the lock that it holds.
fn terraform_of(step: &Step) -> Option<rustix::process::Pid> {
    step.lock.as_deref().and_then(|lock| lock::holder(&lock::of_terraform(lock)))
}

/// Asks terraform alone to stop, once: terragrunt would pass the signal on again. `false` if none is at work.
fn ask_terraform(step: &Step) -> bool {
    terraform_of(step).is_some_and(process::interrupt)
}

/// A wrapper that forks may end before what it started. The lock of the unit tells: it is free once nobody is at work.
pub(super) fn outlive(step: &Step) {
    while step.lock.as_deref().is_some_and(lock::is_held) {
        std::thread::park_timeout(Duration::from_millis(200));
    }
}
