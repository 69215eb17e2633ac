//! Harmless questions to outside programs: the whole answer, or the end of patience. Nothing that is asked here changes
//! anything, and nothing can ask back: the program has no input and no terminal.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::tools::env::Env;
use crate::tools::process;

/// What a program answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The exit code; `None` if it was killed by a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Answer {
    /// Standard output if the program ended well, the reason otherwise.
    pub fn text(&self) -> anyhow::Result<&str> {
        if self.code == Some(0) {
            return Ok(&self.stdout);
        }
        match (self.stderr.trim(), self.code) {
            ("", Some(code)) => bail!("it ended with exit code {code}"),
            ("", None) => bail!("it was killed"),
            (said, _) => bail!("{said}"),
        }
    }
}

/// Asks, and waits no longer than `limit`; a program that isn't done by then is ended with all that it started.
pub fn ask<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: &[A],
    cwd: &Path,
    vars: &Env,
    limit: Duration,
) -> anyhow::Result<Answer> {
    let until = Instant::now() + limit;
    let program = program.as_ref();
    let mut command = process::command(program, vars);
    command.args(args).current_dir(cwd).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = process::in_a_session_of_its_own(&mut command).spawn();
    let mut child = started.with_context(|| process::not_started(&command))?;
    let (sender, receiver) = mpsc::channel();
    let reading = read(child.stdout.take(), 0, &sender).and_then(|()| read(child.stderr.take(), 1, &sender));
    drop(sender);
    if let Err(error) = reading {
        end(&mut child);
        return Err(error).context("the system has no thread left to read its answer with");
    }
    let mut texts = [String::new(), String::new()];
    for _ in 0..texts.len() {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((which, bytes)) => texts[which] = String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => return give_up(&mut child, program, limit),
        }
    }
    // Both ends are closed, so it is as good as gone.
    let status = loop {
        match child.try_wait().context("cannot wait for a child")? {
            Some(status) => break status,
            None if Instant::now() >= until => return give_up(&mut child, program, limit),
            None => std::thread::park_timeout(Duration::from_millis(2)),
        }
    };
    let [stdout, stderr] = texts;
    Ok(Answer { code: status.code(), stdout, stderr })
}

fn read(
    from: Option<impl Read + Send + 'static>,
    which: usize,
    to: &mpsc::Sender<(usize, Vec<u8>)>,
) -> std::io::Result<()> {
    let to = to.clone();
    let read = move || {
        let mut bytes = Vec::new();
        // What was read until an error is what there is.
        let _ = from.map(|mut from| from.read_to_end(&mut bytes));
        let _ = to.send((which, bytes));
    };
    std::thread::Builder::new().spawn(read).map(drop)
}

fn give_up(child: &mut Child, program: &OsStr, limit: Duration) -> anyhow::Result<Answer> {
    end(child);
    bail!("`{}` had not answered after {} s", program.display(), limit.as_secs())
}

fn end(child: &mut Child) {
    // Whoever leads a session leads its first process group, of the same id.
    let group = rustix::process::Pid::from_child(child);
    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> anyhow::Result<Answer> {
        let vars = Env::from([("PATH".into(), std::env::var_os("PATH").expect("tests have a PATH"))]);
        ask("sh", &["-c", script], Path::new("/"), &vars, limit)
    }

    #[test]
    fn both_streams_and_the_code_are_the_answer() {
        let answer = sh("echo out; echo err >&2; exit 3", Duration::from_secs(20)).unwrap();
        let (stdout, stderr) = ("out\n".to_owned(), "err\n".to_owned());
        assert_eq!(answer, Answer { code: Some(3), stdout, stderr });
        assert_eq!(answer.text().unwrap_err().to_string(), "err");
    }

    #[test]
    fn more_than_a_pipe_holds_is_read() {
        let answer = sh("head -c 300000 /dev/zero | tr '\\0' x >&2; printf done", Duration::from_secs(20)).unwrap();
        assert_eq!((answer.stdout.as_str(), answer.stderr.len()), ("done", 300_000));
    }

    #[test]
    fn who_does_not_answer_is_ended_with_all_that_it_started() {
        let began = Instant::now();
        let error = sh("cat /dev/zero >/dev/null & echo $!; wait", Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.to_string(), "`sh` had not answered after 0 s");
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
