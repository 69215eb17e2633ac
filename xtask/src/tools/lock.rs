//! The lock on work in a unit, or on the build of an image: held for as long as somebody is at work there.
//!
//! These are record locks of POSIX (`F_SETLK`): they stay with a process when it becomes another program, and are not
//! passed on to what it starts. A daemon that some tool leaves behind, such as git's credential cache, holds nothing.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, Pid, fcntl_getlk};

use crate::model::Failure;
use crate::tools::attempt::private_folder;
use crate::tools::{process, state};

/// A lock that this process holds, and that whatever it becomes will hold.
#[derive(Debug)]
pub struct WorkLock {
    _file: File,
}

impl WorkLock {
    /// Takes the lock at `path`, or refuses because somebody else is at work.
    pub fn take(path: &Path) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::refused(what).in_file(path.display().to_string());
        if let Some(folder) = path.parent() {
            private_folder(folder).map_err(|error| refuse("cannot make the folder for locks").because(error))?;
        }
        let file = open(path).map_err(|error| refuse("cannot open the lock").because(error))?;
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::AGAIN | Errno::ACCESS) => {
                return Err(refuse("another program that we started is still at work here")
                    .hint("wait until it has finished; nothing has to be deleted"));
            }
            Err(error) => return Err(refuse("cannot take the lock").because(error)),
        }
        process::keep_open_after_exec(&file).map_err(|error| refuse("cannot keep the lock open").because(error))?;
        Ok(Self { _file: file })
    }

    /// Takes several, or refuses because of the first that somebody else has.
    pub fn take_all(paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        paths.iter().map(|path| Self::take(path)).collect()
    }
}

/// Whether somebody is at work: the outer guard and what it became, or the inner one, which outlives a terragrunt that is
/// killed. For a moment this takes the locks itself, so only the one run of a repository may ask.
pub fn is_held(path: &Path) -> bool {
    [path.to_owned(), of_terraform(path)].iter().any(|path| match open_existing(path) {
        Ok(file) => fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err(),
        Err(_) => false,
    })
}

/// The process that holds a lock, asked of the kernel: an id that was written down could be somebody else's by now.
pub fn holder(path: &Path) -> Option<Pid> {
    let file = open_existing(path).ok()?;
    fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??.pid
}

/// The lock that the inner guard takes beside the outer one's.
pub fn of_terraform(path: &Path) -> PathBuf {
    path.with_extension("terraform.lock")
}

fn open(path: &Path) -> std::io::Result<File> {
    state::shared(path, true)
}

fn open_existing(path: &Path) -> std::io::Result<File> {
    state::shared(path, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_nobody_took_is_not_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/dev.lock");
        assert!(!is_held(&path));
        drop(WorkLock::take(&path).unwrap());
        assert!(!is_held(&path));
    }

    #[test]
    fn the_inner_lock_lies_beside_the_outer_one() {
        assert_eq!(of_terraform(Path::new("/l/dev~x.lock")), Path::new("/l/dev~x.terraform.lock"));
    }
}
