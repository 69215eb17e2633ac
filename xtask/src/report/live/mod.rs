//! The live region of a terminal: a row for every step that runs, repainted below everything that is printed. Where there is
//! no terminal, a line now and then says that the run is alive.

mod frame;
mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::report::screen::{self, Screen, Tone};
use crate::run::event::Event;
use state::State;

/// How often the region is painted at most: nobody reads faster.
const PAINT: Duration = Duration::from_millis(100);
/// How often somebody without a terminal hears that the run is alive.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Shows what is going on until it is dropped.
#[derive(Debug)]
pub struct Live {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    done: AtomicBool,
    /// Set by a signal of somebody who wants to know where things are.
    asked: Arc<AtomicBool>,
    started: Instant,
    screen: Screen,
}

impl Live {
    /// Shows steps as they run; `n_lanes` is how many lines of work there are, and `asked` asks for a line at once.
    pub fn start(screen: &Screen, n_lanes: usize, asked: Arc<AtomicBool>) -> Self {
        let state = Mutex::new(State::new(n_lanes));
        let shared = Shared { state, done: AtomicBool::new(false), asked, started: Instant::now(), screen: *screen };
        let shared = Arc::new(shared);
        let work = shared.clone();
        // A run without a live region is still a run.
        let thread = std::thread::Builder::new().name("live".to_owned()).spawn(move || work.show()).ok();
        Self { shared, thread }
    }

    /// Takes in what happened.
    pub fn tell(&self, event: &Event) {
        self.shared.state().take(event, self.shared.started.elapsed());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.done.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Its panic would be a bug of ours that must not hide how the run went.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self) {
        let mut heartbeat = HEARTBEAT;
        while !self.done.load(Ordering::SeqCst) {
            let now = self.started.elapsed();
            match screen::terminal_size() {
                Some((width, height)) if self.screen.shows_live() => {
                    let frame = frame::frame(&self.state(), now, width, height);
                    screen::paint(frame);
                }
                _ if now >= heartbeat => {
                    heartbeat = now + HEARTBEAT;
                    self.where_things_are(now);
                }
                _ => {}
            }
            if self.asked.swap(false, Ordering::SeqCst) {
                self.where_things_are(now);
            }
            std::thread::park_timeout(PAINT);
        }
        screen::paint(Vec::new());
    }

    fn where_things_are(&self, now: Duration) {
        let line = frame::line(&self.state(), now);
        if let Some(line) = line {
            self.screen.say(Tone::Plain, "Working", line);
        }
    }
}
