//! Every effect that a change of files has, one by one, so that a test can stop before any of them.

use std::cell::Cell;
use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::tools::attempt::{new_private_file, private_folder};

/// The disk, as far as a change of files touches it.
#[derive(Debug, Default)]
pub(super) struct Disk {
    fault: Option<Fault>,
}

/// What goes wrong, and how many steps before that go well.
#[derive(Debug)]
struct Fault {
    left: Cell<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// From then on nothing has any effect, as after a kill.
    #[cfg(test)]
    Dead,
    /// That step alone fails.
    #[cfg(test)]
    Fails,
    /// The process is killed.
    #[cfg(debug_assertions)]
    Kill,
}

impl Disk {
    /// The disk as it is. A build for tests can be told to be killed in the middle, in a rehearsal alone.
    pub(super) fn real() -> Self {
        #[cfg(debug_assertions)]
        if std::env::var_os("XTASK_REHEARSAL").is_some()
            && let Some(n) = std::env::var("XTASK_TEST_KILL_AT_EDIT_STEP").ok().and_then(|n| n.parse().ok())
        {
            return Self { fault: Some(Fault { left: Cell::new(n), kind: Kind::Kill }) };
        }
        Self::default()
    }

    /// After `n` steps nothing has any effect any more.
    #[cfg(test)]
    pub(super) fn dead_after(n: usize) -> Self {
        Self { fault: Some(Fault { left: Cell::new(n), kind: Kind::Dead }) }
    }

    /// After `n` steps one fails as on a full disk.
    #[cfg(test)]
    pub(super) fn failing_after(n: usize) -> Self {
        Self { fault: Some(Fault { left: Cell::new(n), kind: Kind::Fails }) }
    }

    /// Whether the fault has happened.
    #[cfg(test)]
    pub(super) fn is_spoilt(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.left.get() == 0 || fault.left.get() > usize::MAX / 2)
    }

    fn step(&self) -> io::Result<()> {
        let Some(fault) = &self.fault else { return Ok(()) };
        match (fault.left.get(), fault.kind) {
            #[cfg(test)]
            (0, Kind::Dead) => Err(io::ErrorKind::Other.into()),
            #[cfg(test)]
            (0, Kind::Fails) => {
                fault.left.set(usize::MAX);
                Err(io::ErrorKind::StorageFull.into())
            }
            #[cfg(debug_assertions)]
            (0, Kind::Kill) => {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
                Ok(())
            }
            (left, _) => {
                fault.left.set(left.saturating_sub(1));
                Ok(())
            }
        }
    }

    /// Makes a folder that this user alone can read, with those above it.
    pub(super) fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        private_folder(path)
    }

    /// Writes a file that is not there yet, and syncs it. It gets mode and owner of another one, or is private.
    pub(super) fn create(&self, path: &Path, bytes: &[u8], like: Option<&Metadata>) -> io::Result<()> {
        self.step()?;
        let mut file = new_private_file(path)?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        file.write_all(first)?;
        self.step()?;
        file.write_all(second)?;
        if let Some(like) = like {
            keep_owner(&file, like)?;
            file.set_permissions(like.permissions())?;
        }
        self.sync(&file)
    }

    /// Puts one file in the place of another, and syncs the folder.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        fs::rename(from, to)?;
        self.step()?;
        self.sync_folder(to.parent())
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => {
                self.step()?;
                fs::remove_file(path)
            }
        }
    }

    /// Removes an empty folder.
    pub(super) fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::remove_dir(path)
    }

    /// Makes what was done in a folder durable.
    pub(super) fn sync_folder(&self, folder: Option<&Path>) -> io::Result<()> {
        folder.map_or(Ok(()), |folder| self.sync(&File::open(folder)?))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        // What is tried thousands of times is killed in thought only: the kernel lives on.
        if cfg!(test) { Ok(()) } else { file.sync_all() }
    }
}

fn keep_owner(file: &File, like: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (like.uid(), like.gid()) != (own.uid(), own.gid()) {
        let (owner, group) = (rustix::fs::Uid::from_raw(like.uid()), rustix::fs::Gid::from_raw(like.gid()));
        // Only root may give files away; the group alone can often be kept.
        if rustix::fs::fchown(file, Some(owner), Some(group)).is_err() {
            let _ = rustix::fs::fchown(file, None, Some(group));
        }
    }
    Ok(())
}
