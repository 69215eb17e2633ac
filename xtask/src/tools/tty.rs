//! The person at the terminal: questions go to the terminal itself, never to a pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr,
};

use crate::model::wrap::fitted;
use crate::model::{Failure, printable};

const TERMINAL: &str = "/dev/tty";

/// How often a question looks whether it is to be given up.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The controlling terminal of this process.
pub struct Terminal {
    file: File,
    /// The terminal once more, for reading: it answers at once that there is no line yet, since macOS can't be asked to wait
    /// for one (`poll` takes no terminals there).
    lines: OwnedFd,
}

/// Asks a question that is answered with yes or no. Anything but yes cancels; `not_done` says what is not done then, such as
/// `nothing was applied`. Where there is no terminal, `otherwise` says how to go on.
pub fn agree(question: &str, not_done: &str, otherwise: &str, give_up: &dyn Fn() -> bool) -> Result<(), Failure> {
    let unconfirmed = || Failure::unconfirmed(not_done);
    let Some(mut terminal) = Terminal::for_consent() else { return Err(unseen(unconfirmed()).hint(otherwise)) };
    match terminal.ask(question, give_up) {
        Ok(said) if ["y", "yes"].iter().any(|yes| said.eq_ignore_ascii_case(yes)) => Ok(()),
        Ok(_) => Err(Failure::cancelled(not_done)),
        Err(error) => Err(unconfirmed().because(error)),
    }
}

/// The failure of a question that was not asked; with the reason, if that is not the lack of a terminal.
pub fn unseen(failure: Failure) -> Failure {
    match Terminal::open() {
        Some(_) => failure.detail("stderr is not a terminal, so what is asked about would not be seen"),
        None => failure,
    }
}

impl Terminal {
    /// Opens it; `None` where there is nobody to ask.
    pub fn open() -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open(TERMINAL).ok()?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Some(Self { file, lines: rustix::fs::open(TERMINAL, flags, Mode::empty()).ok()? })
    }

    /// Opens it for a question about what was printed; `None` also where that has gone elsewhere: nobody agrees to what they
    /// have not seen.
    pub fn for_consent() -> Option<Self> {
        Self::open().filter(|_| io::stderr().is_terminal())
    }

    /// Prints a question and reads one line. Gives up, as interrupted, once `give_up` says so. What was typed before the
    /// question is discarded: it is an answer to something else.
    pub fn ask(&mut self, question: &str, give_up: &dyn Fn() -> bool) -> io::Result<String> {
        self.ask_line(question, give_up).map(Option::unwrap_or_default)
    }

    /// Asks until the line is one of these answers, in any case; what else is typed is answered with `help`. `None` where
    /// the input ends.
    pub fn ask_for<T: Copy>(
        &mut self,
        question: &str,
        answers: &[(&str, T)],
        help: &str,
        give_up: &dyn Fn() -> bool,
    ) -> io::Result<Option<T>> {
        let answer = |line: &str| answers.iter().find(|(word, _)| line.eq_ignore_ascii_case(word)).map(|(_, it)| *it);
        self.ask_until(question, |line| answer(line).ok_or_else(|| help.to_owned()), give_up)
    }

    /// Asks until `read` makes something of the line; otherwise it gives the line that helps, and only the last line of the
    /// question is repeated. `None` where the input ends.
    pub fn ask_until<T>(
        &mut self,
        mut question: &str,
        read: impl Fn(&str) -> Result<T, String>,
        give_up: &dyn Fn() -> bool,
    ) -> io::Result<Option<T>> {
        while let Some(line) = self.ask_line(question, give_up)? {
            match read(&line) {
                Ok(answer) => return Ok(Some(answer)),
                Err(help) => self.file.write_all(self.fit(&printable(&help)).as_bytes())?,
            }
            question = question.rsplit('\n').next().unwrap_or(question);
        }
        Ok(None)
    }

    /// Lines as they fit this terminal, with the gap before the answer.
    fn fit(&self, text: &str) -> String {
        let columns = tcgetwinsize(&self.file).map_or(0, |size| usize::from(size.ws_col));
        if columns == 0 {
            return text.to_owned();
        }
        let body = text.trim_end_matches(' ');
        let lines: Vec<_> = body.split('\n').map(|line| fitted(line, columns)).collect();
        lines.join("\n") + &text[body.len()..]
    }

    /// The line that is typed, `None` where the input ends instead.
    fn ask_line(&mut self, question: &str, give_up: &dyn Fn() -> bool) -> io::Result<Option<String>> {
        tcflush(self.file.as_fd(), QueueSelector::IFlush)?;
        self.file.write_all(self.fit(&printable(question)).as_bytes())?;
        self.file.flush()?;
        let (mut line, mut bytes) = (Vec::new(), [0; 1024]);
        while !line.ends_with(b"\n") {
            match rustix::io::read(&self.lines, &mut bytes) {
                Ok(0) if line.is_empty() => {
                    self.file.write_all(b"\n")?;
                    return Ok(None);
                }
                Ok(0) => break,
                Ok(n) => line.extend_from_slice(&bytes[..n]),
                Err(Errno::AGAIN | Errno::INTR) if give_up() => return Err(io::ErrorKind::Interrupted.into()),
                Err(Errno::AGAIN | Errno::INTR) => drop(is_readable(&self.lines, &TICK)?),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// The same, for a line that is not shown.
    pub fn ask_secret(&mut self, question: &str, give_up: &dyn Fn() -> bool) -> io::Result<String> {
        let _restore = Hidden::begin(&self.file)?;
        let answer = self.ask(question, give_up);
        self.file.write_all(b"\n")?;
        answer
    }

    /// What the terminal is set to, to be put back after a program that may have left it otherwise.
    pub fn remember(&self) -> Option<Settings> {
        let modes = tcgetattr(self.file.as_fd()).ok()?;
        Some(Settings { modes, file: self.file.try_clone().ok()? })
    }
}

/// What the terminal was set to when this process began its work.
static ORIGINAL: Mutex<Option<Settings>> = Mutex::new(None);

/// Remembers what the terminal is set to.
pub fn remember() {
    let settings = Terminal::open().as_ref().and_then(Terminal::remember);
    *ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner) = settings;
}

/// Puts it back, before this process ends in the middle of something.
pub fn restore() {
    drop(ORIGINAL.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Whether there is something to read, or nothing will come any more. What can't be waited for takes all of the time.
pub(super) fn is_readable(file: &impl AsFd, patience: &Timespec) -> io::Result<bool> {
    let mut waiting = [PollFd::new(file, PollFlags::IN)];
    match poll(&mut waiting, Some(patience)) {
        Ok(_) if waiting[0].revents().contains(PollFlags::NVAL) => {
            let _ = poll(&mut [], Some(patience));
            Ok(false)
        }
        Ok(n) => Ok(n > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The settings of a terminal, put back when this is dropped.
pub struct Settings {
    modes: Termios,
    file: File,
}

impl Drop for Settings {
    fn drop(&mut self) {
        // Nothing better can be done about a terminal that is gone.
        let _ = tcsetattr(self.file.as_fd(), OptionalActions::Now, &self.modes);
    }
}

/// Input that is not shown, until this is dropped.
struct Hidden;

impl Hidden {
    fn begin(file: &File) -> io::Result<Settings> {
        let modes = tcgetattr(file.as_fd())?;
        let mut hidden = modes.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(file.as_fd(), OptionalActions::Flush, &hidden)?;
        Ok(Settings { modes, file: file.try_clone()? })
    }
}
