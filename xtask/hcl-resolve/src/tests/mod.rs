//! The crate as a whole, on small configurations.

mod evaluator;
mod includes;
mod splice;
mod splice_property;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// Files in a folder that goes away with them.
struct Tree {
    dir: TempDir,
}

impl Tree {
    /// Writes files, each named by its path below the root, which git takes for a repository.
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { dir: tempfile::tempdir().expect("a folder") };
        fs::create_dir(tree.path().join(".git")).expect("a folder");
        files.iter().for_each(|(name, text)| tree.write(name, text.as_bytes()));
        tree
    }

    /// Writes one file.
    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    /// The root.
    fn path(&self) -> &Path {
        self.dir.path()
    }
}
