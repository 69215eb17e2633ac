//! One command line of `xtask`, in an environment made from nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::program::XTASK;
use super::running::Running;
use super::said::Said;
use super::sandbox::Sandbox;
use crate::real::terminal::Terminal;

/// A command to be started.
#[must_use]
pub(super) struct Xtask<'a> {
    sandbox: &'a Sandbox,
    args: Vec<OsString>,
    vars: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    stdin: Option<PipeReader>,
    stdout: Option<PipeWriter>,
    /// What is started in its place, and starts it.
    through: Vec<OsString>,
    uid: Option<u32>,
}

impl<'a> Xtask<'a> {
    /// At the root of the repository, with the stand-ins on PATH and nothing else.
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        let vars = [
            ("PATH", sandbox.world().join("bin")),
            ("HOME", sandbox.top().join("home")),
            ("TMPDIR", sandbox.top().join("tmp")),
            ("XTASK_REHEARSAL", sandbox.world()),
        ];
        let vars = vars.into_iter().map(|(name, path)| (name.into(), path.into())).collect();
        Self {
            sandbox,
            args: Vec::new(),
            vars,
            cwd: sandbox.repo(),
            stdin: None,
            stdout: None,
            through: Vec::new(),
            uid: None,
        }
    }

    pub(super) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(super) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.insert(name.into(), value.into());
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.vars.remove(&OsString::from(name));
        self
    }

    /// Starts it in another folder than the root.
    pub(super) fn cwd(mut self, folder: PathBuf) -> Self {
        self.cwd = folder;
        self
    }

    /// Has this come from a pipe on standard input.
    pub(super) fn fed(mut self, text: &str) -> Self {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        self.stdin = Some(reader);
        self
    }

    /// Gives it another standard output than one that is read.
    pub(super) fn stdout(mut self, writer: PipeWriter) -> Self {
        self.stdout = Some(writer);
        self
    }

    /// Starts it by something else, which is given its program and arguments.
    pub(super) fn through<A: Into<OsString>>(mut self, program: impl IntoIterator<Item = A>) -> Self {
        self.through = program.into_iter().map(Into::into).collect();
        self
    }

    /// The same environment without any arguments, for what is started in its place.
    pub(super) fn alone(mut self) -> Self {
        self.args.clear();
        self
    }

    /// Starts it as another user; only root may.
    pub(super) fn by_user(mut self, uid: u32) -> Self {
        self.uid = Some(uid);
        self
    }

    /// Runs it to its end.
    pub(super) fn run(self) -> Said {
        self.start().finish()
    }

    /// Starts it, without a terminal.
    pub(super) fn start(mut self) -> Running {
        let (stdin, stdout, known) = (self.stdin.take(), self.stdout.take(), self.sandbox.known());
        let mut command = self.command();
        command.stdin(stdin.map_or_else(Stdio::null, Stdio::from)).stderr(Stdio::piped());
        command.stdout(stdout.map_or_else(Stdio::piped, Stdio::from));
        without_a_terminal(&mut command);
        Running::new(command.spawn().unwrap(), known)
    }

    /// Starts it at a terminal of this many rows and columns.
    pub(super) fn at_a_terminal(self, rows: u16, columns: u16) -> Terminal {
        Terminal::of_size(rows, columns, self.command())
    }

    /// The same, where this was typed before it started.
    pub(super) fn typed_ahead(self, early: &str) -> Terminal {
        Terminal::typed_ahead(early, 24, 80, self.command())
    }

    fn command(self) -> Command {
        let mut argv = self.through;
        argv.push(XTASK.into());
        let mut command = Command::new(&argv[0]);
        if let Some(uid) = self.uid {
            command.uid(uid);
        }
        command.args(&argv[1..]).args(&self.args).current_dir(&self.cwd).env_clear().envs(&self.vars);
        command
    }
}

/// A session of its own has no terminal, whoever runs the tests.
#[expect(unsafe_code, reason = "std offers no safe way to call setsid in a child")]
fn without_a_terminal(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe, and the closure allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}
