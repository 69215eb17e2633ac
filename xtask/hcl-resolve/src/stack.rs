//! A stack that deep nesting does not overflow: everything recursive runs on a thread that has one.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Enough for the evaluator's own limit in a debug build many times over; the system hands out only what is used.
const STACK: usize = 256 * 1024 * 1024;

/// Tried in this order, since memory may be limited.
const STACKS: [usize; 3] = [STACK, STACK / 4, STACK / 16];

thread_local! {
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread with a deep stack, or right here if this is one. A panic goes through unchanged.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if DEEP.get() {
        return work();
    }
    let work = Mutex::new(Some(work));
    let run = || {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it is done once");
        DEEP.set(true);
        work()
    };
    std::thread::scope(|scope| {
        let thread = |size: &usize| {
            let builder = std::thread::Builder::new().name("hcl".to_owned()).stack_size(*size);
            builder.spawn_scoped(scope, run).ok()
        };
        match STACKS.iter().find_map(thread).map(|thread| thread.join()) {
            Some(Ok(value)) => value,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            // The stack of this thread is enough for configurations written by hand.
            None => {
                let value = run();
                DEEP.set(false);
                value
            }
        }
    })
}

/// Whether `work` ends within this time. If it doesn't it is left to itself, until the process ends.
pub fn ends_within(patience: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (sender, receiver) = mpsc::channel();
    let watched = move || {
        work();
        // Nobody waits any more if that took too long.
        let _ = sender.send(());
    };
    let thread = std::thread::Builder::new().name("hcl".to_owned()).stack_size(STACK).spawn(watched);
    thread.is_ok() && receiver.recv_timeout(patience).is_ok()
}
