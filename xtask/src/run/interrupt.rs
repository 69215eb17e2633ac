//! Ctrl-C and its kin. The first starts nothing new and waits for what runs. The second asks terraform itself to stop,
//! once, and waits. The third leaves at once; what still runs finishes by itself, in a session of its own, with a log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::model::{Failure, Kind};
use crate::tools::{lock, process};

/// Whether somebody asked to stop, and where somebody is at work.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicI32>,
    asked_terraform: Arc<AtomicBool>,
    answering: Arc<Mutex<()>>,
    at_work: Arc<Mutex<Vec<Option<PathBuf>>>>,
    /// What is said of each thing that lives on when we leave.
    living_on: Arc<Mutex<BTreeMap<String, String>>>,
}

/// Remembers that somebody is at work until it is dropped.
#[derive(Debug)]
pub struct AtWork<'i> {
    interrupt: &'i Interrupt,
    lock: Option<PathBuf>,
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut locks = self.interrupt.locks();
        let ours = locks.iter().position(|lock| *lock == self.lock);
        ours.into_iter().for_each(|at| drop(locks.swap_remove(at)));
    }
}

impl Interrupt {
    /// Listens from now on; `say` prints a line about what was asked, `leave` is called before the process ends itself, with
    /// the signal and whether something still runs.
    pub fn listen(
        say: impl Fn(&str) + Send + 'static,
        leave: impl Fn(i32, bool) + Send + 'static,
    ) -> Result<Self, Failure> {
        let interrupt = Self::default();
        let listening = interrupt.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| Failure::new(Kind::Internal, "cannot listen for signals").because(error))?;
        let listen = move || {
            loop {
                let Some(signal) = signals.wait().next() else { continue };
                let answering = listening.answer();
                let is_first = listening.asked.swap(signal, Ordering::SeqCst) == 0;
                if is_first {
                    // The answer comes after the echoes: the next signal of a person who has seen it is another one.
                    let what_runs = listening.what_runs();
                    drop_echoes(&mut signals);
                    say(&format!("Stopping     nothing new is started{what_runs}"));
                    continue;
                }
                let was_asked = listening.asked_terraform.swap(true, Ordering::SeqCst);
                let n_asked = if was_asked { 0 } else { listening.interrupt_terraform() };
                if n_asked == 0 {
                    leave(signal, listening.is_at_work());
                    listening.words().values().for_each(|text| say(text));
                    std::process::exit(if signal == SIGTERM { 143 } else { 130 });
                }
                // Terraform may end soon, so nothing is waited for.
                signals.pending().for_each(drop);
                say("Interrupted  terraform was asked to stop, and is waited for; once more to leave it running");
                drop(answering);
            }
        };
        std::thread::Builder::new().spawn(listen).map_err(|error| {
            Failure::refused("the system has no thread left to listen for signals with, so nothing was started")
                .because(error)
        })?;
        Ok(interrupt)
    }

    /// Tells that a step runs; where it holds the lock of a unit, terraform can be asked to stop.
    pub fn at_work(&self, lock: Option<&Path>) -> AtWork<'_> {
        let lock = lock.map(Path::to_owned);
        self.locks().push(lock.clone());
        AtWork { interrupt: self, lock }
    }

    fn is_at_work(&self) -> bool {
        !self.locks().is_empty()
    }

    /// Held while a signal is answered.
    fn answer(&self) -> MutexGuard<'_, ()> {
        self.answering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True once terraform has been asked to stop. Waits until that was told.
    pub fn has_asked_terraform(&self) -> bool {
        drop(self.answer());
        self.asked_terraform.load(Ordering::SeqCst)
    }

    /// What happens to what runs, and what the next interrupt does.
    fn what_runs(&self) -> &'static str {
        let locks = self.locks();
        match (locks.is_empty(), locks.iter().any(Option::is_some)) {
            (true, _) => "",
            (_, true) => ", what runs is waited for; once more to interrupt terraform",
            (_, false) => ", what runs is waited for; once more to leave it running",
        }
    }

    /// Has this said of something that lives on, should we leave; `None` once it has ended.
    pub fn on_leaving(&self, what: &str, words: Option<String>) {
        match words {
            Some(words) => drop(self.words().insert(what.to_owned(), words)),
            None => drop(self.words().remove(what)),
        }
    }

    fn words(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.living_on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one SIGINT to each terraform at work: to nobody else, since terragrunt would pass it on or end it by force.
    /// How many there were.
    fn interrupt_terraform(&self) -> usize {
        let locks = self.locks();
        let pids = locks.iter().flatten().filter_map(|lock| lock::holder(&lock::of_terraform(lock)));
        let pids = pids.collect::<Vec<_>>();
        drop(locks);
        pids.into_iter().filter(|pid| process::interrupt(*pid)).count()
    }

    fn locks(&self) -> MutexGuard<'_, Vec<Option<PathBuf>>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody asked to stop.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) != 0
    }

    /// Waits for this long; `false` as soon as somebody asks to stop.
    pub fn wait(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        while !self.asked() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::park_timeout(left.min(Duration::from_millis(200)));
        }
        false
    }

    /// An error if somebody asked to stop. Waits until that was answered.
    pub fn check(&self) -> Result<(), Failure> {
        drop(self.answer());
        match self.asked.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(reason(signal)),
        }
    }
}

/// How long a signal may take to arrive in all the ways in which one is sent at once: `timeout` passes it on to its child and
/// to the process group, which the terminal has sent it to already.
const ECHO: Duration = Duration::from_millis(100);

/// Takes what arrives within a moment for the signal that has just been answered. A person is not that fast, and may not have
/// an apply interrupted by one key.
fn drop_echoes(signals: &mut Signals) {
    let until = Instant::now() + ECHO;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
    signals.pending().for_each(drop);
}

/// The failure of a run that was ended by this signal.
pub fn reason(signal: i32) -> Failure {
    match signal {
        SIGTERM => Failure::new(Kind::Terminated, "terminated"),
        _ => Failure::new(Kind::Interrupted, "interrupted"),
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
