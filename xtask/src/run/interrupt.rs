//! Ctrl-C and its kin: the first one starts nothing new and waits for what runs; the second one leaves at once, and what
//! runs finishes by itself, in a session of its own and with a log of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::model::{Failure, Kind};

/// Whether somebody asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicI32>);

impl Interrupt {
    /// Listens from now on; `say` prints a line about what was asked.
    pub fn listen(say: impl Fn(&str) + Send + 'static) -> Result<Self, Failure> {
        let interrupt = Self::default();
        let asked = Arc::clone(&interrupt.0);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| Failure::new(Kind::Internal, "cannot listen for signals").because(error))?;
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if asked.swap(signal, Ordering::SeqCst) != 0 {
                    say("Leaving      what still runs finishes by itself; its log is in .xtask/runs");
                    std::process::exit(128 + signal);
                }
                say("Stopping     nothing new is started, what runs is waited for; once more to leave it running");
            }
        });
        Ok(interrupt)
    }

    /// Whether somebody asked to stop.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// An error if somebody asked to stop.
    pub fn check(&self) -> Result<(), Failure> {
        match self.0.load(Ordering::SeqCst) {
            0 => Ok(()),
            SIGTERM => Err(Failure::new(Kind::Terminated, "terminated")),
            _ => Err(Failure::new(Kind::Interrupted, "interrupted")),
        }
    }
}

/// Lets a program that runs in our place answer Ctrl-C, which reaches both of us; we only wait for it.
pub fn leave_to_child() -> Result<(), Failure> {
    let nobody_looks = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, nobody_looks)
        .map(drop)
        .map_err(|error| Failure::new(Kind::Internal, "cannot listen for signals").because(error))
}

/// Becomes true whenever somebody asks where things are: SIGUSR1, and on macOS also Ctrl-T.
pub fn asked_where() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    // Without it one question can't be asked, and nothing else is lost.
    let _ = signal_hook::flag::register(SIGUSR1, Arc::clone(&asked));
    #[cfg(target_os = "macos")]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINFO, Arc::clone(&asked));
    asked
}
