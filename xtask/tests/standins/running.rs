//! `xtask` while it runs. Whatever becomes of the test, it does not outlive it.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::said::Said;

/// Longer than anything takes that works, so that a test fails instead of hanging.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// A started command.
pub(super) struct Running {
    child: Child,
    out: Receiver<String>,
    lines: Receiver<String>,
    err: String,
    known: Vec<(String, &'static str)>,
}

impl Running {
    pub(super) fn new(mut child: Child, known: Vec<(String, &'static str)>) -> Self {
        let (send_out, out) = mpsc::channel();
        let (send_line, lines) = mpsc::channel();
        if let Some(mut stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut text = String::new();
                // What isn't text is nothing that a test could expect.
                let _ = stdout.read_to_string(&mut text);
                send_out.send(text)
            });
        }
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || {
                let lines = BufReader::new(stderr).lines().map_while(Result::ok);
                lines.map(|line| send_line.send(line)).find(Result::is_err)
            });
        }
        Self { child, out, lines, err: String::new(), known }
    }

    /// Waits until it says this on standard error.
    pub(super) fn wait_until_it_says(&mut self, text: &str) {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("`{text}` is never said:\n{}", self.err));
            self.err.push_str(&line);
            self.err.push('\n');
            if line.contains(text) {
                return;
            }
        }
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it one signal, and nobody else.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end.
    pub(super) fn finish(mut self) -> Said {
        // The streams end with it.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.err.push_str(&line);
            self.err.push('\n');
        }
        // There is none if the test took standard output away.
        let out = self.out.recv_timeout(PATIENCE).unwrap_or_default();
        let code = self.child.wait().unwrap().code();
        Said::new(code, &out, &self.err, &self.known)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has ended already, as it has in every test that succeeds.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
