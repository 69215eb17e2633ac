//! Starts threads where the system allows it: a limit on processes or memory makes work slower, and does not end it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Work that has begun.
#[derive(Debug)]
pub enum Begun<'scope, T> {
    /// On a thread of its own.
    Thread(ScopedJoinHandle<'scope, T>),
    /// Done on this thread, since no other could be started.
    Done(T),
}

/// Begins work on a thread of its own, or does it right here where the system has none.
pub fn begin<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Begun<'scope, T> {
    let here = Arc::new(Mutex::new(Some(work)));
    let there = here.clone();
    // A thread that can't be started drops its closure, so the work lies beside it.
    let take = move |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
    match Builder::new().spawn_scoped(scope, move || take(&there).expect("nobody else does it")()) {
        Ok(thread) => Begun::Thread(thread),
        Err(_) => Begun::Done(take(&here).expect("no thread was started that could have taken it")()),
    }
}

impl<T> Begun<'_, T> {
    /// Waits for the result. A panic goes through unchanged.
    pub fn join(self) -> T {
        match self {
            Self::Thread(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Self::Done(value) => value,
        }
    }
}

/// Whether a panic is that of a library that could not start a thread.
pub fn is_lack_of_threads(panic: &str) -> bool {
    ["failed to spawn thread", "OS can't spawn worker thread"].iter().any(|words| panic.contains(words))
}
