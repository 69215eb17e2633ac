//! One run at a time in a repository, by a kernel lock that ends with the process that holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use crate::model::Failure;
use crate::tools::attempt::private_folder;

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
            private_folder(folder)
                .map_err(|error| refuse("cannot make the folder for this repository's state").because(error))?;
        }
        // The folder of our state ignores itself.
        let ignore = path.with_file_name(".gitignore");
        // On a full disk it may have been made without its only line.
        if !fs::metadata(&ignore).is_ok_and(|found| found.len() > 0) {
            fs::write(&ignore, "*\n")
                .map_err(|error| refuse("cannot write to the folder for this repository's state").because(error))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| refuse("cannot open the lock of this repository").because(error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Err(refuse("another run is going on in this repository")
                    .detail(format!("held by  {}", text.trim()))
                    .hint("wait until it has finished; nothing has to be deleted"));
            }
            Err(TryLockError::Error(error)) => return Err(refuse("cannot lock this repository").because(error)),
        }
        let noted = file.set_len(0).and_then(|()| file.write_all(holder.as_bytes()));
        noted.map_err(|error| refuse("cannot write to the lock of this repository").because(error))?;
        Ok(Self { _file: file })
    }
}

/// Who holds the lock, as they wrote it themselves; `None` if nobody does.
pub fn holder(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while RunLock::take(&path, "another").is_err() {
            assert!(std::time::Instant::now() < patience, "it was given back");
            std::thread::yield_now();
        }
    }
}
