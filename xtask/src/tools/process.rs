//! The one place where processes are started. Children run in sessions of their own, with no input, and write to a relay
//! instead of to us: whatever becomes of the runner, a child neither dies nor blocks because of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::event::Timespec;

pub use super::service::Service;
use crate::model::{Failure, literal, one_line};
use crate::tools::attempt::Attempt;
use crate::tools::env::Env;
use crate::tools::{secrets, state, tty};

/// How much is kept of what a program in the foreground says.
const HEARD: usize = 8192;

/// How often a program that says nothing is looked after.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// A command as a value: what `--dry-run` prints and what is then executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// Why there is no command: then nothing is started.
    pub missing: Option<String>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The whole environment, which the steps of a run share.
    pub vars: Arc<Env>,
}

impl Invocation {
    /// The program and its arguments.
    fn words(&self) -> anyhow::Result<(&OsStr, &[OsString])> {
        self.missing.as_ref().map_or_else(|| split(&self.argv), |why| Err(anyhow::Error::msg(why.clone())))
    }

    /// The command as one would type it, ready to paste into a shell.
    pub fn shell_line(&self) -> String {
        if let Some(why) = &self.missing {
            return format!("# {}", one_line(why));
        }
        let words: Vec<_> = self.argv.iter().map(|word| word.to_string_lossy()).collect();
        format!(
            "cd {} && {}",
            quoted(&self.cwd.to_string_lossy()),
            words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
        )
    }
}

/// One word, quoted for a shell where that is needed.
pub fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| literal(word), |quoted| quoted.into_owned())
}

/// Where a detached child's output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The log, written by the relay; stderr always goes there.
    pub log: PathBuf,
    /// A file of this user's alone for stdout, where stdout is data; otherwise stdout goes to the log too.
    pub stdout: Option<PathBuf>,
}

/// The program that writes logs: our own binary, and what in its environment it has to keep out of them.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Our own binary.
    pub program: PathBuf,
    /// Its environment: the values that must not reach a log.
    pub secrets: Env,
}

/// A detached child and the relay that writes its log.
#[derive(Debug)]
pub struct Running {
    child: Child,
    relay: Child,
    /// What the relay was told that nobody may read.
    told: Option<File>,
}

impl Running {
    /// The processes of its session.
    pub fn group(&self) -> Group {
        Group(rustix::process::Pid::from_child(&self.child))
    }

    /// Waits for the child, and until its log is complete. Gives what its guards have told that nobody may read.
    pub fn wait(mut self) -> io::Result<(ExitStatus, Vec<String>)> {
        let status = self.child.wait()?;
        // The relay ends with the last writer. A grandchild that lives on may hold the pipe: the log is then complete
        // as far as the child is concerned, and the relay goes on without us.
        let patience = Instant::now() + Duration::from_secs(2);
        while self.relay.try_wait()?.is_none() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok((status, self.told.map(secrets::passed_on).unwrap_or_default()))
    }
}

/// Starts a child that has nothing to do with our terminal, our input or our life. Its guards tell the relay of secrets by
/// the pipe of the attempt, if there is one; where it can't be made, nothing is started.
pub fn detached(
    invocation: &Invocation,
    output: &Output,
    relay: &Relay,
    attempt: Option<&Attempt>,
) -> anyhow::Result<Running> {
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    let mut relay_command = command(relay.program.as_os_str(), &relay.secrets);
    relay_command.args(["relay".as_ref(), "--log".as_ref(), output.log.as_os_str()]);
    relay_command.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
    let mut told = None;
    if let Some(path) = attempt.map(Attempt::secrets) {
        let cannot = || format!("cannot listen to what is secret at {}", path.display());
        let (pipe, file) =
            (secrets::listen(&path).with_context(cannot)?, secrets::nameless(&path).with_context(cannot)?);
        // The places of its own output, which it has no use for.
        relay_command.stderr(file.try_clone()?).arg("--secrets").arg(path).stdout(pipe);
        told = Some(file);
    }
    let relay_child = in_a_session_of_its_own(&mut relay_command).spawn().context("cannot start the log relay")?;
    drop(relay_command);

    let (program, args) = invocation.words()?;
    let mut child = command(program, &invocation.vars);
    child
        .args(args)
        .current_dir(&invocation.cwd)
        .env("PWD", &invocation.cwd)
        .stdin(Stdio::null())
        .stderr(writer.try_clone()?);
    match &output.stdout {
        None => child.stdout(writer),
        Some(path) => child.stdout(private_file(path)?),
    };
    let started = in_a_session_of_its_own(&mut child).spawn();
    let child = started.with_context(|| not_started(&child))?;
    Ok(Running { child, relay: relay_child, told })
}

/// Runs a child that may ask the person at the terminal, and waits for it. Its stdout goes to our stderr, or nowhere.
pub fn foreground(invocation: &Invocation, show_stdout: bool) -> anyhow::Result<ExitStatus> {
    let (program, args) = invocation.words()?;
    let mut child = command(program, &invocation.vars);
    child.args(args).current_dir(&invocation.cwd).env("PWD", &invocation.cwd).stdout(if show_stdout {
        Stdio::from(io::stderr())
    } else {
        Stdio::null()
    });
    child.status().with_context(|| not_started(&child))
}

/// The same, where what it prints to stderr is shown and also returned: the last of it.
pub fn foreground_heard(invocation: &Invocation, show_stdout: bool) -> anyhow::Result<(ExitStatus, String)> {
    let (program, args) = invocation.words()?;
    let (mut reader, writer) = io::pipe().context("cannot make a pipe")?;
    let mut child = command(program, &invocation.vars);
    child
        .args(args)
        .current_dir(&invocation.cwd)
        .env("PWD", &invocation.cwd)
        .stdout(if show_stdout { Stdio::from(io::stderr()) } else { Stdio::null() })
        .stderr(writer);
    let mut running = child.spawn().with_context(|| not_started(&child))?;
    // It holds the other end of the pipe.
    drop(child);
    let (mut heard, mut has_ended) = (Vec::new(), false);
    let mut bytes = [0; 4096];
    loop {
        // A program that lives on, such as a browser, may hold the pipe: what it says later is not waited for.
        if !tty::is_readable(&reader, &TICK)? {
            if has_ended {
                break;
            }
            has_ended = running.try_wait()?.is_some();
            continue;
        }
        let n = reader.read(&mut bytes)?;
        if n == 0 {
            break;
        }
        // Nobody may be there to read it.
        let _ = io::stderr().write_all(&bytes[..n]);
        heard.extend_from_slice(&bytes[..n]);
        heard.drain(..heard.len().saturating_sub(HEARD));
    }
    Ok((running.wait()?, String::from_utf8_lossy(&heard).into_owned()))
}

/// Runs a program in our place: with our input, our output, and the person at the terminal.
pub fn in_our_place(invocation: &Invocation, stdout: Stdio) -> anyhow::Result<ExitStatus> {
    let (program, args) = invocation.words()?;
    let mut child = command(program, &invocation.vars);
    child.args(args).current_dir(&invocation.cwd).env("PWD", &invocation.cwd).stdout(stdout);
    child.status().with_context(|| not_started(&child))
}

/// Runs a harmless question and gives its stdout.
pub fn captured<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: &[A],
    cwd: &Path,
    vars: &Env,
) -> anyhow::Result<String> {
    let program = program.as_ref();
    let output = output(program, args, cwd, vars)?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", program.display(), output.status, told.trim());
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something else than text", program.display()))
}

/// Runs a program without input, and gives all that it printed. It may still ask at the terminal itself.
pub fn output<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    args: &[A],
    cwd: &Path,
    vars: &Env,
) -> anyhow::Result<std::process::Output> {
    let program = program.as_ref();
    let mut command = command(program, vars);
    command.args(args).current_dir(cwd).stdin(Stdio::null());
    command.output().with_context(|| not_started(&command))
}

/// Runs a program that reads `input`, and prints where we do.
pub fn fed<A: AsRef<OsStr>>(program: &Path, args: &[A], vars: &Env, input: &[u8]) -> anyhow::Result<ExitStatus> {
    let mut child = command(program.as_os_str(), vars)
        .args(args)
        .stdin(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(program.as_os_str()))?;
    let written = child.stdin.take().context("its input is ours")?.write_all(input);
    let status = child.wait()?;
    // A program that ends without reading says itself why.
    if status.success() {
        written?
    }
    Ok(status)
}

/// Replaces this process by a program; returns only if that failed.
pub fn become_program(argv: &[OsString], vars: &Env) -> Failure {
    become_program_in(None, argv, vars)
}

/// Replaces this process by a program in another folder; returns only if that failed.
pub fn become_program_in(folder: Option<&Path>, argv: &[OsString], vars: &Env) -> Failure {
    let (program, args) = match split(argv) {
        Ok(split) => split,
        Err(error) => return Failure::usage(error.to_string()),
    };
    let mut command = command(program, vars);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    let error = command.args(args).exec();
    let failure = Failure::refused(not_started(&command)).because(error);
    folder.into_iter().fold(failure, |failure, folder| failure.in_file(folder.display().to_string()))
}

/// Replaces this process by a program whose standard output goes to `file`; returns only if that failed.
pub fn become_program_printing_to(file: File, argv: &[OsString], vars: &Env) -> Failure {
    let (program, args) = match split(argv) {
        Ok(split) => split,
        Err(error) => return Failure::usage(error.to_string()),
    };
    let error = command(program, vars).args(args).stdout(file).exec();
    Failure::refused(cannot_start(program)).because(error)
}

/// Runs a program whose standard output goes to `file`, and waits for it.
pub fn printing_to(file: File, argv: &[OsString], vars: &Env) -> anyhow::Result<ExitStatus> {
    let (program, args) = split(argv)?;
    command(program, vars).args(args).stdout(file).status().with_context(|| cannot_start(program))
}

/// Lets a descriptor live on in whatever this process becomes or starts.
pub fn keep_open_after_exec(file: &File) -> io::Result<()> {
    rustix::io::fcntl_setfd(file.as_fd(), rustix::io::FdFlags::empty())?;
    Ok(())
}

/// Opens a file for writing that only this user can read.
pub fn private_file(path: &Path) -> anyhow::Result<File> {
    state::private_file(path).with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn cannot_start(program: &OsStr) -> String {
    format!("cannot start `{}`", program.display())
}

/// The same of a command whose folder may be what is missing, which the system's error doesn't tell from the program.
pub(super) fn not_started(command: &Command) -> String {
    let cannot = cannot_start(command.get_program());
    match command.get_current_dir() {
        Some(folder) if !folder.is_dir() => format!("{cannot} in `{}`: there is no such folder", folder.display()),
        _ => cannot,
    }
}

fn split(argv: &[OsString]) -> anyhow::Result<(&OsStr, &[OsString])> {
    let (program, args) = argv.split_first().context("an empty command")?;
    Ok((program, args))
}

#[expect(clippy::disallowed_methods, reason = "this is the place that the lint sends everybody to")]
pub(super) fn command(program: &OsStr, vars: &Env) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(vars);
    command
}

/// A session of its own has no controlling terminal: Ctrl-C doesn't reach it, and nothing in it can ask a question.
#[expect(unsafe_code, reason = "std offers no safe way to call setsid in a child")]
pub(super) fn in_a_session_of_its_own(command: &mut Command) -> &mut Command {
    // SAFETY: setsid is async-signal-safe, and the closure allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        })
    }
}

/// Everything that a detached child has started, unless that has left its session.
#[derive(Clone, Copy, Debug)]
pub struct Group(pub(super) rustix::process::Pid);

/// Sends everything that a detached child has started the signal of Ctrl-C.
pub fn interrupt_group(group: Group) {
    signal_group(group, rustix::process::Signal::INT);
}

/// Asks everything that a detached child has started to end.
pub fn terminate_group(group: Group) {
    signal_group(group, rustix::process::Signal::TERM);
}

fn signal_group(group: Group, signal: rustix::process::Signal) {
    // One that is gone needs no signal.
    let _ = rustix::process::kill_process_group(group.0, signal);
}

/// Sends a process the signal of Ctrl-C; `false` if it is gone.
pub fn interrupt(process: rustix::process::Pid) -> bool {
    rustix::process::kill_process(process, rustix::process::Signal::INT).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(argv: &[&str]) -> Invocation {
        Invocation {
            argv: argv.iter().map(OsString::from).collect(),
            missing: None,
            cwd: "/".into(),
            vars: Arc::new(Env::from([("PATH".into(), std::env::var_os("PATH").unwrap())])),
        }
    }

    #[test]
    fn a_command_is_printed_ready_to_paste() {
        let mut command = invocation(&["aws-vault", "exec", "my profile", "--", "x'y", "$HOME"]);
        command.cwd = "/a b".into();
        assert_eq!(command.shell_line(), r#"cd '/a b' && aws-vault exec 'my profile' -- "x'y" '$HOME'"#);
    }

    #[test]
    fn a_failed_question_carries_what_the_program_said() {
        let command = invocation(&["sh", "-c", "echo nope >&2; exit 3"]);
        let error = captured("sh", &command.argv[1..], Path::new("/"), &command.vars).unwrap_err();
        assert_eq!(error.to_string(), "`sh` ended with exit status: 3: nope");
    }

    #[test]
    fn what_a_program_in_the_foreground_says_is_heard_also_where_another_holds_its_stderr() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        let script = format!("mkfifo {0}; cat {0} >/dev/null & echo one >&2; echo two >&2; exit 3", fifo.display());
        let (status, heard) = foreground_heard(&invocation(&["sh", "-c", &script]), false).unwrap();
        assert_eq!((status.code(), heard.as_str()), (Some(3), "one\ntwo\n"));
        // The other one ends here.
        drop(File::options().write(true).open(fifo).unwrap());
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = foreground(&invocation(&["no-such-program"]), true).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
    }

    #[test]
    fn where_there_is_no_command_nothing_is_started_and_the_reason_is_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("started");
        let command = Invocation {
            missing: Some("no profile was chosen\nfor dev".to_owned()),
            ..invocation(&["touch", &file.display().to_string()])
        };
        let output = Output { log: "/dev/null".into(), stdout: None };
        let relay = Relay { program: "/bin/true".into(), secrets: Env::new() };
        let errors = [
            foreground(&command, true).map(drop).unwrap_err(),
            foreground_heard(&command, true).map(drop).unwrap_err(),
            detached(&command, &output, &relay, None).map(drop).unwrap_err(),
        ];
        errors.iter().for_each(|error| assert_eq!(error.to_string(), "no profile was chosen\nfor dev"));
        assert!(!file.exists());
        let pasted = command.shell_line();
        assert!(pasted.starts_with("# no profile was chosen") && !pasted.contains('\n'), "{pasted}");
    }

    #[test]
    fn a_missing_folder_is_named_and_not_the_program() {
        let mut command = invocation(&["sh", "-c", "true"]);
        command.cwd = "/no-such-folder".into();
        let told = "cannot start `sh` in `/no-such-folder`: there is no such folder";
        let output = Output { log: "/dev/null".into(), stdout: None };
        let relay = Relay { program: "/bin/true".into(), secrets: Env::new() };
        let errors = [
            foreground(&command, true).map(drop).unwrap_err(),
            foreground_heard(&command, true).map(drop).unwrap_err(),
            in_our_place(&command, Stdio::null()).map(drop).unwrap_err(),
            captured("sh", &command.argv[1..], &command.cwd, &command.vars).map(drop).unwrap_err(),
            detached(&command, &output, &relay, None).map(drop).unwrap_err(),
        ];
        errors.iter().for_each(|error| assert_eq!(error.to_string(), told));
        let failure = become_program_in(Some(&command.cwd), &command.argv, &command.vars);
        assert_eq!(failure.what, told);
    }
}
