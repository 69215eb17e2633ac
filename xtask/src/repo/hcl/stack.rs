//! A stack that deep nesting does not overflow: everything recursive runs on a thread that has one.

use std::cell::Cell;
use std::sync::mpsc;
use std::time::Duration;

/// Enough for the evaluator's own limit in a debug build many times over; the system hands out only what is used.
const STACK: usize = 256 * 1024 * 1024;

thread_local! {
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread with a deep stack, or right here if this is one. A panic goes through unchanged.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if DEEP.get() {
        return work();
    }
    std::thread::scope(|scope| {
        let run = || {
            DEEP.set(true);
            work()
        };
        let thread = std::thread::Builder::new().name("hcl".to_owned()).stack_size(STACK).spawn_scoped(scope, run);
        match thread.expect("the system can start one more thread").join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
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
