//! Watching a step that runs: its lines are passed on, and its end is waited for.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::outcome::name_of;
use crate::run::event::Event;
use crate::run::step::Step;
use crate::run::tail::Follower;
use crate::tools::lock;

/// Passes on what the relay wrote. The file is looked at ten times a second: nobody reads faster, and no descriptor of
/// ours is between the child and its log.
pub(super) fn follow(step: &Step, log: &Path, done: &AtomicBool, tell: &(dyn Fn(Event) + Sync)) {
    let mut follower = Follower::default();
    loop {
        let last = done.load(Ordering::SeqCst);
        for line in follower.new_lines(log) {
            tell(Event::Line(name_of(step), line));
        }
        if last {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// A wrapper that forks may end before what it started. The lock of the unit tells: it is free once nobody is at work.
pub(super) fn outlive(step: &Step) {
    while step.lock.as_deref().is_some_and(lock::is_held) {
        std::thread::park_timeout(Duration::from_millis(200));
    }
}
