//! A person at a terminal: a program in a pseudo-terminal of its own, which gets what is typed and the signals of keys.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Once};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(120);

/// A terminal with a program in its foreground.
pub(crate) struct Terminal {
    keyboard: File,
    line: File,
    child: Child,
    said: Receiver<Vec<u8>>,
    shown: Vec<u8>,
}

impl Terminal {
    /// Starts a program that has this terminal as its own.
    pub(crate) fn start(command: Command) -> Self {
        Self::of_size(24, 80, command)
    }

    /// The same, where the terminal has this many rows and columns.
    pub(crate) fn of_size(rows: u16, columns: u16, command: Command) -> Self {
        Self::typed_ahead("", rows, columns, command)
    }

    /// The same, where this was typed before the program started.
    pub(crate) fn typed_ahead(early: &str, rows: u16, columns: u16, mut command: Command) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are pseudo-terminals");
        grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).expect("it is ours");
        let name = ptsname(&keyboard, Vec::new()).expect("it has a name");
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
        let line = File::options().read(true).write(true).custom_flags(flags).open(path).expect("it can be opened");
        resize(&line, rows, columns);
        let stream = || Stdio::from(line.try_clone().expect("it is open"));
        command.stdin(stream()).stdout(stream()).stderr(stream());
        let mut keyboard = File::from(keyboard);
        keyboard.write_all(early.as_bytes()).expect("the terminal is there");
        with_this_terminal(&mut command);
        pass_on_no_deafness();
        let child = command.spawn().expect("it starts");
        let mut screen = keyboard.try_clone().expect("it is open");
        let (sender, said) = mpsc::channel();
        // Ends with the terminal.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { keyboard, line, child, said, shown: Vec::new() }
    }

    /// Waits until this is on the screen.
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("`{text}` is said"), |shown| shown.contains(text));
    }

    /// Waits until what was shown so far, escapes and all, is as it should be.
    pub(crate) fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        while !is_so(&self.text()) {
            let more = self.said.recv_timeout(PATIENCE);
            self.shown.extend(more.unwrap_or_else(|_| panic!("it never comes to this: {what}:\n{}", self.text())));
        }
    }

    /// Everything that was shown so far, escapes and all.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Types a line; the Enter key sends a carriage return.
    pub(crate) fn types(&mut self, line: &str) {
        self.keyboard.write_all(format!("{line}\r").as_bytes()).expect("the terminal is there");
    }

    /// Presses Ctrl-C.
    pub(crate) fn ctrl_c(&mut self) {
        self.keyboard.write_all(b"\x03").expect("the terminal is there");
    }

    /// What the terminal is set to.
    pub(crate) fn settings(&self) -> Termios {
        tcgetattr(&self.line).expect("it is a terminal")
    }

    /// Waits for the program's end; gives how it ended and what it said.
    pub(crate) fn finish(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        while let Ok(more) = self.said.recv_timeout(Duration::from_millis(200)) {
            self.shown.extend(more);
        }
        (status, self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(line: &File, rows: u16, columns: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(line, size).expect("it has a size");
}

/// Signals of keys that this process was told to ignore, as what runs in the background is, would be ignored by all that it
/// starts. One that is listened to is as it always is in a child.
fn pass_on_no_deafness() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default();
        for signal in [SIGHUP, SIGINT, SIGQUIT].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 1) {
            signal_hook::flag::register(signal, Arc::default()).expect("it can be listened to");
        }
    });
}

#[expect(unsafe_code, reason = "std offers no safe way to give a child a terminal of its own")]
fn with_this_terminal(command: &mut Command) {
    // SAFETY: both calls are async-signal-safe, the closure allocates nothing, and standard input is open by then.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            rustix::process::ioctl_tiocsctty(BorrowedFd::borrow_raw(0))?;
            Ok(())
        });
    }
}
