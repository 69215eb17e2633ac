//! What is written down about a change of files before the first one is replaced.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::Disk;
use crate::model::Failure;
use crate::tools::state::{self, STATE};

/// The journal: which files change, and by what it can be told how far that has gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    /// Which command changes them.
    pub(super) about: String,
    /// The files, in the order in which they are replaced.
    pub(super) files: Vec<Entry>,
}

/// One file of a change. Paths are relative to the root of the repository where they lie below it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The file as people should read it.
    pub(super) name: String,
    /// The file itself.
    pub(super) target: PathBuf,
    /// Its new text, until it takes the file's place.
    pub(super) new: PathBuf,
    /// The SHA-256 of what it has before.
    pub(super) before: String,
    /// The SHA-256 of what it has afterwards.
    pub(super) after: String,
}

/// The folder of the one change that may be going on in a repository.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    pub(super) dir: PathBuf,
}

impl Folder {
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), dir: root.join(STATE).join("edit") }
    }

    /// A path of the journal on disk.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// What is meant to be done; nothing counts yet.
    fn intent(&self) -> PathBuf {
        self.dir.join("intent.json")
    }

    /// The same, once it counts.
    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join("journal.json")
    }

    /// The old text of a file.
    pub(super) fn old(&self, at: usize) -> PathBuf {
        self.dir.join(format!("{at}.before"))
    }

    /// Writes down the intent, and the old texts.
    pub(super) fn open<'b>(
        &self,
        disk: &Disk,
        journal: &Journal,
        before: impl Iterator<Item = &'b [u8]>,
    ) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(journal)?;
        disk.create_folder(&self.dir)?;
        disk.create(&self.intent(), &text, None)?;
        before.enumerate().try_for_each(|(at, bytes)| disk.create(&self.old(at), bytes, None))?;
        disk.sync_folder(Some(&self.dir))?;
        disk.sync_folder(self.dir.parent())
    }

    /// From here on the change counts.
    pub(super) fn commit(&self, disk: &Disk) -> io::Result<()> {
        disk.rename(&self.intent(), &self.journal())
    }

    /// The change is over: the journal goes first, then what belongs to it.
    pub(super) fn close(&self, disk: &Disk) -> io::Result<()> {
        disk.remove(&self.journal())?;
        disk.sync_folder(Some(&self.dir))?;
        // The intent names what else there is to remove, so it goes last.
        let (intent, rest): (Vec<_>, Vec<_>) =
            state::entries(&self.dir)?.into_iter().partition(|path| *path == self.intent());
        rest.iter().chain(&intent).try_for_each(|path| disk.remove(path))?;
        disk.remove_folder(&self.dir)
    }

    /// The change that counts and is not over, if there is one.
    pub(super) fn counting(&self) -> Result<Option<Journal>, Failure> {
        self.read(&self.journal())
    }

    /// The change that was prepared and never counted, if there is one. What was cut off while it was written down has
    /// prepared nothing yet.
    pub(super) fn prepared(&self) -> Option<Journal> {
        self.read(&self.intent()).ok().flatten()
    }

    fn read(&self, path: &Path) -> Result<Option<Journal>, Failure> {
        let broken = |error: anyhow::Error| {
            Failure::refused("the journal of an interrupted change cannot be read")
                .in_file(path.display().to_string())
                .because(error)
                .hint("see with `git diff` how far it went, set it right by hand, and remove that folder")
        };
        match state::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| broken(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(broken(error.into())),
        }
    }
}
