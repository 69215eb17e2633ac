//! The relay: a process of its own between a child and its log. It redacts and writes whole lines, ignores every signal
//! that a terminal or a dying runner may cause, and goes on reading when the disk is full, so that no child ever blocks
//! or dies because of its output.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::model::Failure;
use crate::run::redact::{LONGEST_LINE, Redactor};
use crate::tools::secrets::{self, Told};
use crate::tools::{env, state};

/// More than this of it is not kept back.
const MOST: usize = 1 << 20;

/// How long the first words of a credential tool are kept back, until the guard tells which values it has put into the
/// environment.
const PATIENCE: Duration = Duration::from_secs(30);

/// Copies standard input to the log until it ends. Secret values are those of this process's own variables whose names say
/// so: the runner hands them over by environment. Those that only a guard knows come through the pipe at `told`, whose
/// reading end is in the place of standard output.
pub fn run(log: &Path, told: Option<&Path>) -> Result<(), Failure> {
    deaf()?;
    let mut known = Vec::new();
    for (name, value) in env::of_this_process() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
            secrets::named(name, value, &mut known);
        }
    }
    let mut redactor = Redactor::new(known);
    let file = state::appended(log);
    let pipe = told.and_then(|_| io::stdout().as_fd().try_clone_to_owned().ok());
    let passed_on = io::stderr().as_fd().try_clone_to_owned().ok().map(File::from);
    let pipe = RefCell::new(pipe.map(|pipe| Told::new(pipe, passed_on)));
    let first = pipe.borrow_mut().as_mut().map(|pipe| kept_back(pipe, &mut redactor)).unwrap_or_default();
    let news = RefCell::new(Vec::new());
    let learn = || {
        let mut all = news.take();
        all.extend(pipe.borrow_mut().as_mut().map(Told::news).unwrap_or_default());
        all
    };
    let input = Listening { stdin: io::stdin(), pipe: &pipe, news: &news };
    copy(first.chain(input), file.ok(), redactor, learn);
    if let Some(path) = told {
        // A guard that comes now has nobody left to tell.
        let _ = state::remove_file(path);
    }
    Ok(())
}

/// Standard input; while nothing comes in, a guard that tells much doesn't wait.
struct Listening<'a> {
    stdin: io::Stdin,
    pipe: &'a RefCell<Option<Told>>,
    news: &'a RefCell<Vec<String>>,
}

impl Read for Listening<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(pipe) = self.pipe.borrow_mut().as_mut() {
            loop {
                let mut ends = [PollFd::new(&self.stdin, PollFlags::IN), PollFd::new(&*pipe, PollFlags::IN)];
                match poll(&mut ends, None) {
                    Err(Errno::INTR) => continue,
                    Err(_) => break,
                    Ok(_) if !ends[0].revents().is_empty() => break,
                    Ok(_) => self.news.borrow_mut().extend(pipe.news()),
                }
            }
        }
        Ok(rustix::io::read(&self.stdin, buffer)?)
    }
}

/// What comes before the guard has told what must not be read, or the end, or the end of patience.
fn kept_back(pipe: &mut Told, redactor: &mut Redactor) -> io::Cursor<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    let stdin = io::stdin();
    let mut first = Vec::new();
    let mut buffer = [0; 8 * 1024];
    while first.len() < MOST {
        let left = until.saturating_duration_since(Instant::now());
        let mut ends = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&*pipe, PollFlags::IN)];
        let left = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
        match poll(&mut ends, Some(&left)) {
            Err(Errno::INTR) => continue,
            Err(_) | Ok(0) => break,
            Ok(_) => {}
        }
        let has_input = !ends[0].revents().is_empty();
        let values = pipe.news();
        if !values.is_empty() {
            redactor.learn(values);
            break;
        }
        if has_input {
            match rustix::io::read(&stdin, &mut buffer) {
                Ok(n @ 1..) => first.extend_from_slice(&buffer[..n]),
                Err(Errno::INTR) => {}
                _ => break,
            }
        }
    }
    io::Cursor::new(first)
}

fn deaf() -> Result<(), Failure> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let nobody_looks = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&nobody_looks))
            .map_err(|error| Failure::failed("the log relay cannot set up its signals").because(error))?;
    }
    Ok(())
}

/// Copies, and learns what was told before it gives anything that came after that.
fn copy(
    mut input: impl Read,
    mut output: Option<impl Write>,
    mut redactor: Redactor,
    mut learn: impl FnMut() -> Vec<String>,
) {
    let mut buffer = vec![0; LONGEST_LINE];
    loop {
        let room = redactor.room();
        let n = match input.read(&mut buffer[..room]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.unwrap_or_default(),
        };
        let news = learn();
        if !news.is_empty() {
            redactor.learn(news);
        }
        let text = if n == 0 { redactor.finish() } else { redactor.push(&buffer[..n]) };
        // A log that can't be written any more must not stop what writes to it.
        if let Some(log) = &mut output
            && log.write_all(text.as_bytes()).is_err()
        {
            output = None;
        }
        if n == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(input: &[u8]) -> String {
        let mut log = Vec::new();
        let secrets = ["swordfish", "correct horse battery"].map(str::to_owned);
        copy(input, Some(&mut log), Redactor::new(secrets), Vec::new);
        String::from_utf8(log).unwrap()
    }

    #[test]
    fn lines_arrive_whole_and_redacted() {
        assert_eq!(copied(b"one\nswordfish two\nlast"), "one\n[redacted] two\nlast\n");
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_log() {
        assert_eq!(copied(b"a\xff\xfeb\n"), "a\u{fffd}\u{fffd}b\n");
    }

    #[test]
    fn an_endless_line_is_written_in_pieces() {
        let log = copied(&vec![b'x'; 200_000]);
        assert_eq!(log.lines().map(str::len).sum::<usize>(), 200_000);
        assert!(log.lines().all(|line| line.len() <= 65_536));
    }

    #[test]
    fn a_secret_in_the_middle_of_an_endless_line_is_masked_wherever_the_line_is_parted() {
        let token = format!("ghp_{}", "a1".repeat(18));
        for at in (65_536 - 60..65_536 + 10).step_by(5) {
            let line = format!("{}{token} swordfish,{}\n", "x ".repeat(at / 2), "y ".repeat(40_000));
            let log = copied(line.as_bytes());
            assert!(!log.contains("a1a1") && !log.contains("swordfish"), "{at}");
            assert_eq!(log.matches("[redacted]").count(), 2, "{at}");
        }
    }

    #[test]
    fn a_secret_of_several_words_is_masked_wherever_a_long_line_is_parted() {
        for at in 65_536 - 60..65_536 + 4 {
            let log =
                copied(format!("{}correct horse battery,{}", "x ".repeat(at / 2), "y ".repeat(40_000)).as_bytes());
            assert!(!log.contains("correct") && !log.contains("battery"), "{at}");
        }
    }

    #[test]
    fn what_is_told_in_the_middle_is_masked_from_then_on() {
        let mut log = Vec::new();
        let mut news = [vec![], vec!["lease-1234".to_owned()]].into_iter();
        let learn = || news.next().unwrap_or_default();
        copy((&b"lease-1234\n"[..]).chain(&b"lease-1234\n"[..]), Some(&mut log), Redactor::default(), learn);
        assert_eq!(String::from_utf8(log).unwrap(), "lease-1234\n[redacted]\n");
    }

    #[test]
    fn a_log_that_cannot_be_written_does_not_stop_the_reading() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut input: &[u8] = b"one\ntwo\n";
        copy(&mut input, Some(Full), Redactor::default(), Vec::new);
        assert!(input.is_empty());
    }
}
