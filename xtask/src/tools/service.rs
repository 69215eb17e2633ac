//! A program that serves this process for a while, such as the stand-in for STS in a rehearsal.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context, bail};

use crate::tools::env::Env;
use crate::tools::process::{cannot_start, command};

/// A program that serves for as long as this value lives: it ends when its input does, also if we are killed.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// What it told when it was ready.
    pub told: String,
}

impl Service {
    /// Starts it and waits for the line that begins with `ready`.
    pub fn start(program: &Path, args: &[&OsStr], ready: &str) -> anyhow::Result<Self> {
        let mut child = command(program.as_os_str(), &Env::new())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| cannot_start(program.as_os_str()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output is ours")?;
        BufReader::new(stdout).read_line(&mut line)?;
        match line.trim_end().strip_prefix(ready) {
            Some(told) => Ok(Self { told: told.to_owned(), child }),
            None => bail!("`{}` didn't get ready: it said `{}`", program.display(), line.trim_end()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It has nothing left to do, and nothing depends on how it ends.
        let _ = self.child.wait();
    }
}
