//! Watching a step that runs: its lines are passed on, its time is kept, and its end is waited for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::limit::{Clock, Due};
use super::outcome::name_of;
use crate::run::event::Event;
use crate::run::step::Step;
use crate::run::tail::Follower;
use crate::tools::lock;
use crate::tools::process::{self, Group};

/// Passes on what the relay wrote, and asks the step's processes to end if it takes too long. Tells whether it did. The file
/// is looked at ten times a second: nobody reads faster, and no descriptor of ours is between the child and its log.
pub(super) fn follow(
    step: &Step,
    log: &Path,
    group: Group,
    limit: Duration,
    done: &AtomicBool,
    tell: &(dyn Fn(Event) + Sync),
) -> bool {
    let started = Instant::now();
    let mut clock = Clock::of(step.kind, limit);
    let mut follower = Follower::default();
    loop {
        let last = done.load(Ordering::SeqCst);
        let lines = follower.new_lines(log);
        let has_lines = !lines.is_empty();
        for line in lines {
            tell(Event::Line(name_of(step), line));
        }
        if last && !has_lines {
            return clock.has_ended_it();
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
