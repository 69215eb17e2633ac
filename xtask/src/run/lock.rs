//! One run at a time in a repository, by a kernel lock that ends with the process that holds it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::model::Failure;
use crate::tools::state;

/// How long a lock is waited for whose holder is gone.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(10);

/// The lock; given back when dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock, or says who has it. `holder` is what the next one will read.
    pub fn take(path: &Path, holder: &str) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::refused(what).in_file(path.display().to_string());
        if let Some(folder) = path.parent() {
            state::private_folder(folder)
                .map_err(|error| refuse("cannot make the folder for this repository's state").because(error))?;
        }
        if let Some(root) = path.parent().and_then(Path::parent) {
            state::check(root)?;
        }
        // The folder of our state ignores itself.
        let ignore = path.with_file_name(".gitignore");
        // On a full disk it may have been made without its only line.
        if !state::open(&ignore).and_then(|file| file.metadata()).is_ok_and(|found| found.len() > 0) {
            state::write(&ignore, "*\n")
                .map_err(|error| refuse("cannot write to the folder for this repository's state").because(error))?;
        }
        let mut file = state::shared(path, true)
            .map_err(|error| refuse("cannot open the lock of this repository").because(error))?;
        match once_let_go(|| text(&file), || file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(refuse("another run is going on in this repository")
                    .detail(format!("held by  {}", text(&file).trim()))
                    .hint("wait until it has finished; nothing has to be deleted"));
            }
            Err(TryLockError::Error(error)) => return Err(refuse("cannot lock this repository").because(error)),
        }
        let noted = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(holder.as_bytes()));
        noted.map_err(|error| refuse("cannot write to the lock of this repository").because(error))?;
        Ok(Self { _file: file })
    }
}

/// Who holds the lock, as they wrote it themselves; `None` if nobody does.
pub fn holder(path: &Path) -> Option<String> {
    let file = state::open(path).ok()?;
    match once_let_go(|| text(&file), || file.try_lock_shared()) {
        Err(TryLockError::WouldBlock) => Some(text(&file)),
        _ => None,
    }
}

/// What the one who holds the lock has written, or the last one who held it.
fn text(mut file: &File) -> String {
    let mut text = String::new();
    // What can't be read names nobody.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    text
}

/// A program that a runner was just starting when it was killed holds the runner's lock for a moment longer, until it has
/// become that program. Nobody but such a one holds the lock of a process that is gone, so that one is waited for.
fn once_let_go(
    holder: impl Fn() -> String,
    mut lock: impl FnMut() -> Result<(), TryLockError>,
) -> Result<(), TryLockError> {
    let patience = Instant::now() + PATIENCE;
    loop {
        match lock() {
            Err(TryLockError::WouldBlock) if is_gone(&holder()) && Instant::now() < patience => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

/// Whether the process that a holder names is known to be gone.
fn is_gone(holder: &str) -> bool {
    let behind = holder.split_once("process ").map_or("", |(_, behind)| behind);
    let digits = behind.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
    let pid = digits.parse().ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tools::{env, process};

    #[test]
    fn lock_of_a_process_that_was_killed_while_it_started_another_is_waited_for() {
        let blocked_for = |n_times: usize, holder: &str| {
            let mut n_tries = 0;
            let locked = once_let_go(
                || holder.to_owned(),
                || {
                    n_tries += 1;
                    if n_tries > n_times { Ok(()) } else { Err(TryLockError::WouldBlock) }
                },
            );
            (locked.is_ok(), n_tries)
        };
        let gone = process::captured("sh", &["-c", "echo $$"], Path::new("/"), &env::of_this_process()).unwrap();
        let gone = gone.trim();
        assert_eq!(blocked_for(2, &format!("run 2026-01-01-abc (apply-all, process {gone}, since x)")), (true, 3));
        assert_eq!(blocked_for(2, &format!("adopt, process {}", std::process::id())), (false, 1));
        assert_eq!(blocked_for(2, "somebody"), (false, 1), "who doesn't say who they are may be alive");
    }

    #[test]
    fn a_second_run_is_refused_and_told_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = RunLock::take(&path, "run 2026-01-01-abc").unwrap();
        let refused = RunLock::take(&path, "another").unwrap_err();
        assert!(refused.to_string().contains("held by  run 2026-01-01-abc"), "{refused}");
        assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "*\n", "git never sees any of it");
        drop(first);
        // A program that another test is just starting holds what we have open until it is another program.
        let patience = Instant::now() + Duration::from_secs(20);
        while RunLock::take(&path, "another").is_err() {
            assert!(Instant::now() < patience, "it was given back");
            thread::yield_now();
        }
    }
}
