//! The repository as a whole, on small trees and on the fixtures under `tests/fixtures`.

mod bump;
mod bump_selection;
mod bump_shapes;
mod commands;
mod fixtures;
mod found;
mod generated;
mod given;
mod hostile;
mod images;
mod module_ref;
mod newer;
mod paths;
mod pins;
mod plain_files;
mod redirections;
mod scripts;
mod shapes;
mod stacks;
mod standalone;
mod standalone_units;
mod surroundings;
mod unknown;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Repository, Unit};
use crate::model::{Account, Failure, Failures, UnitPath};

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

/// A tree under `tests/fixtures`, laid out. Its files end in `.in` there: in somebody's repository they would be units
/// to terragrunt otherwise.
pub(crate) fn fixture(name: &str) -> Tree {
    let tree = Tree::new(&[]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a fixture").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "in") {
                let name = path.strip_prefix(&source).expect("it lies below").with_extension("");
                tree.write(&name.to_string_lossy(), &fs::read(&path).expect("a file"));
            }
        }
    }
    tree
}

/// The account of a unit of which it is known.
fn account(unit: &Unit) -> &Account {
    unit.account.value().expect("the account is known")
}

fn unit_path(text: &str) -> UnitPath {
    UnitPath::new(Path::new(text)).expect("a relative path")
}

fn texts<'f>(failures: impl Iterator<Item = &'f Failure>) -> String {
    failures.map(|failure| format!("{failure}\n")).collect()
}
