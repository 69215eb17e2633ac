//! The STS of a sandbox.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::program::standin;

/// The stand-in for STS, which ends with its standard input.
pub(super) struct Sts {
    child: Child,
    pub(super) port: String,
}

impl Sts {
    pub(super) fn start(world: &str) -> Self {
        let mut command = Command::new(standin());
        command.env_clear().args(["sts", "--world", world]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { port: line.trim().strip_prefix("ready ").unwrap().to_owned(), child }
    }
}

impl Drop for Sts {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It has nothing left to do, and nothing depends on how it ends.
        let _ = self.child.wait();
    }
}
