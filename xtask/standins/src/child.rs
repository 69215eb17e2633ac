//! The one place where a stand-in starts a program.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

/// How a program ended, and what it complained of.
pub(crate) struct Finished {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// All of its stderr.
    pub(crate) stderr: String,
}

/// Prepares a program to be started in the environment of this process.
#[expect(clippy::disallowed_methods, reason = "a stand-in is a tool; it has no `tools::process` above it")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    Command::new(program)
}

/// Runs a program in a folder to its end and hands on its lines as they come.
pub(crate) fn follow(
    mut command: Command,
    folder: &Path,
    on_stdout: impl Fn(&str) + Send,
    on_stderr: impl Fn(&str) + Send,
) -> std::io::Result<Finished> {
    let mut child = command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stderr = thread::scope(|scope| {
        let stderr = scope.spawn(|| lines(stderr, on_stderr));
        lines(stdout, on_stdout);
        stderr.join().unwrap_or_default()
    });
    Ok(Finished { code: child.wait()?.code(), stderr })
}

fn lines(from: Option<impl Read>, on_line: impl Fn(&str)) -> String {
    let mut all = String::new();
    let Some(from) = from else { return all };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n_bytes| n_bytes > 0) {
        let text = String::from_utf8_lossy(&line);
        on_line(text.trim_end_matches(['\n', '\r']));
        all.push_str(&text);
        line.clear();
    }
    all
}
