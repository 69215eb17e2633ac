//! The live region of a terminal: a row for every step that runs, repainted below everything that is printed. Where there is
//! no terminal, a line now and then says that the run is alive.

mod frame;
pub(in crate::report) mod state;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::report::region;
use crate::report::screen::{Screen, Tone};
use crate::run::event::Event;
use crate::run::step::Stage;
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
    /// Shows steps as they run; `asked` asks for a line at once.
    pub fn start(screen: &Screen, stage: &Stage, asked: Arc<AtomicBool>) -> Self {
        let state = Mutex::new(State::of(stage));
        let shared = Shared { state, done: AtomicBool::new(false), asked, started: Instant::now(), screen: *screen };
        let shared = Arc::new(shared);
        let work = shared.clone();
        // A run without a live region is still a run.
        let thread = std::thread::Builder::new().name("live".to_owned()).spawn(move || work.show()).ok();
        Self { shared, thread }
    }

    /// Takes in what happened. What has ended leaves the region before anybody tells of it.
    pub fn tell(&self, event: &Event) {
        let (shared, now) = (&self.shared, self.shared.started.elapsed());
        shared.state().take(event, now);
        if let (Event::Finished(..), Some((width, height))) = (event, shared.size()) {
            region::paint(frame::frame(&shared.state(), now, width, height));
        }
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

    /// The size of the terminal, if the region is painted there.
    fn size(&self) -> Option<(usize, usize)> {
        region::terminal_size().filter(|_| self.screen.shows_live())
    }

    fn show(&self) {
        let mut pulse = Pulse::default();
        while !self.done.load(Ordering::SeqCst) {
            let is_asked = self.asked.swap(false, Ordering::SeqCst);
            let due = pulse.due(&self.state(), self.started.elapsed(), self.size(), is_asked);
            due.frame.into_iter().for_each(region::paint);
            due.line.into_iter().for_each(|line| self.screen.say(Tone::Plain, "Working", line));
            std::thread::park_timeout(PAINT);
        }
        region::paint(Vec::new());
    }
}

/// When somebody without a terminal hears next that the run is alive.
#[derive(Debug)]
struct Pulse {
    next: Duration,
}

/// What there is to show at a moment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Due {
    frame: Option<Vec<String>>,
    line: Option<String>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { next: HEARTBEAT }
    }
}

impl Pulse {
    /// What is to be shown `now`: the region where there is room for one, of this size, and a line if it is time for one or
    /// somebody asks.
    fn due(&mut self, state: &State, now: Duration, size: Option<(usize, usize)>, is_asked: bool) -> Due {
        let frame = size.map(|(width, height)| frame::frame(state, now, width, height));
        let is_time = frame.is_none() && now >= self.next;
        if is_time {
            self.next = now + HEARTBEAT;
        }
        let line = (is_time || is_asked).then(|| frame::line(state, now)).flatten();
        Due { frame, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::live::state::tests::idle;
    use crate::run::event::StepName;
    use crate::run::step::StepKind;

    fn working() -> State {
        let mut state = idle(3);
        let dev = StepName { kind: StepKind::Apply, subject: "dev".to_owned(), unit: None };
        state.take(&Event::Started(dev), Duration::ZERO);
        state
    }

    #[test]
    fn without_a_terminal_a_line_a_minute_says_that_it_is_alive_and_one_at_once_if_somebody_asks() {
        let (state, mut pulse) = (working(), Pulse::default());
        let mut told = Vec::new();
        for second in 0..=200 {
            let due = pulse.due(&state, Duration::from_secs(second), None, second == 90);
            assert_eq!(due.frame, None);
            told.extend(due.line.map(|line| (second, line)));
        }
        let line = |took: &str| format!("applying dev   0 of 3 done, the longest for {took}");
        let expected = [(60, "1 min 0 s"), (90, "1 min 30 s"), (120, "2 min 0 s"), (180, "3 min 0 s")];
        assert_eq!(told, expected.map(|(second, took)| (second, line(took))));
        // A process that was stopped for a while doesn't make up for what it missed.
        let mut late = |second| pulse.due(&state, Duration::from_secs(second), None, false).line.is_some();
        assert!(late(900) && !late(901) && !late(959) && late(960));
    }

    #[test]
    fn at_a_terminal_the_region_says_it_all_and_a_line_comes_only_if_somebody_asks() {
        let (state, mut pulse) = (working(), Pulse::default());
        let mut at = |second, is_asked| pulse.due(&state, Duration::from_secs(second), Some((80, 24)), is_asked);
        assert_eq!(at(600, false).frame.map(|frame| frame.len()), Some(2));
        assert_eq!((at(601, false).line, at(602, true).line.is_some()), (None, true));
    }

    #[test]
    fn where_nothing_runs_there_is_nothing_to_say() {
        assert_eq!(Pulse::default().due(&idle(1), HEARTBEAT, None, true), Due::default());
    }
}
