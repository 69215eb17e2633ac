//! The repository as a whole, on small trees and on the fixtures under `tests/fixtures`.

mod bump;
mod evaluator;
mod hostile;
mod includes;
mod paths;
mod shapes;
mod splice;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Repository;
use crate::model::{Failure, Failures, UnitPath};

/// A repository in a folder that goes away with it.
pub(crate) struct Tree {
    dir: TempDir,
}

impl Tree {
    /// Writes files, each named by its path below the root.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().expect("a folder") };
        fs::create_dir(tree.path().join(".git")).expect("a folder");
        files.iter().for_each(|(name, text)| tree.write(name, text.as_bytes()));
        tree
    }

    /// Writes one file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// The root.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Reads it.
    pub(crate) fn open(&self) -> Repository {
        open(self.path()).unwrap_or_else(|failures| panic!("{}", texts(failures.iter())))
    }
}

fn open(path: &Path) -> Result<Repository, Failures> {
    Repository::open(path)
}

/// A tree under `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn unit_path(text: &str) -> UnitPath {
    UnitPath::new(Path::new(text)).expect("a relative path")
}

fn texts<'f>(failures: impl Iterator<Item = &'f Failure>) -> String {
    failures.map(|failure| format!("{failure}\n")).collect()
}
