//! What a plan was made from: files by their content, programs by their place on the disk. A consent covers the plan for as
//! long as none of it is another.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::tools::hash::{self, sha256_of};

/// One of the things that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// A file of the repository.
    File {
        /// Where it is.
        path: PathBuf,
        /// What is in it.
        sha256: String,
    },
    /// A program.
    Program {
        /// Where it is.
        path: PathBuf,
        /// Device, inode, size and time of change.
        mark: String,
    },
}

impl Bound {
    /// A file with what was read of it.
    pub fn read(path: PathBuf, bytes: &[u8]) -> Self {
        Self::File { path, sha256: hash::sha256(bytes) }
    }

    /// A file as it is now.
    pub fn file(path: PathBuf) -> io::Result<Self> {
        Ok(Self::File { sha256: sha256_of(&path)?, path })
    }

    /// A program as it is now.
    pub fn program(path: PathBuf) -> io::Result<Self> {
        Ok(Self::Program { mark: mark(&path)?, path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Program { path, .. } => path,
        }
    }

    /// Whether it is still what it was.
    pub fn is_same(&self) -> bool {
        match self {
            Self::File { path, sha256 } => sha256_of(path).is_ok_and(|now| now == *sha256),
            Self::Program { path, mark: before } => mark(path).is_ok_and(|now| now == *before),
        }
    }

    /// What to say of one that is another now.
    pub fn what_changed(&self) -> &'static str {
        match self {
            Self::File { .. } => "a file that the plan was made from has changed since",
            Self::Program { .. } => "a program that the plan was made with has been replaced since",
        }
    }
}

/// All that a plan was made from. What the plans of a run have in common is there once.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    shared: Arc<[Bound]>,
    own: Vec<Bound>,
}

impl Bounds {
    /// What a plan has in common with others, and what it has alone.
    pub fn new(shared: Arc<[Bound]>, own: Vec<Bound>) -> Self {
        Self { shared, own }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.shared.iter().chain(&self.own)
    }

    /// What any of these plans was made from, each thing once.
    pub fn of_all<'b>(all: impl IntoIterator<Item = &'b Self>) -> BTreeSet<&'b Bound> {
        let mut distinct = BTreeSet::new();
        let mut shared: Option<&Arc<[Bound]>> = None;
        for bounds in all {
            // A thousand units share thousands of files, which are the same ones for each of them.
            if shared.replace(&bounds.shared).is_none_or(|before| !Arc::ptr_eq(before, &bounds.shared)) {
                distinct.extend(bounds.shared.iter());
            }
            distinct.extend(&bounds.own);
        }
        distinct
    }
}

/// Followed to the end of links: a version manager moves them.
fn mark(path: &Path) -> io::Result<String> {
    let file = fs::metadata(path)?;
    Ok(format!("{}:{}:{}:{}.{:09}", file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// Every file below a unit's folder that its plan may have been made from: nothing hidden, such as terragrunt's cache, no
/// state, and nothing of the units inside.
pub fn files_below(unit: &Path, others: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![unit.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') || name.contains(".tfstate") || others.contains(&path) {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() || path.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plans_share_is_looked_at_once() {
        let file = |name: &str| Bound::read(name.into(), name.as_bytes());
        let shared: Arc<[Bound]> = [file("common"), file("root")].into();
        let plan = |shared: &Arc<[Bound]>, own: &str| Bounds::new(shared.clone(), vec![file(own)]);
        let another: Arc<[Bound]> = [file("root"), file("later")].into();
        let plans = [plan(&shared, "dev"), plan(&shared, "prod"), plan(&another, "dev")];
        let all: Vec<_> = Bounds::of_all(&plans).into_iter().map(|bound| bound.path().to_str().unwrap()).collect();
        assert_eq!(all, ["common", "dev", "later", "prod", "root"]);
    }

    #[test]
    fn another_content_and_another_program_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "one").unwrap();
        let (file, program) = (Bound::file(path.clone()).unwrap(), Bound::program(path.clone()).unwrap());
        assert_eq!(file, Bound::read(path.clone(), b"one"));
        assert!(file.is_same() && program.is_same());
        let new = folder.path().join("new");
        fs::write(&new, "one").unwrap();
        fs::rename(&new, &path).unwrap();
        assert!(file.is_same(), "the same content in another file");
        assert!(!program.is_same(), "a program that was installed anew");
        fs::write(&path, "two").unwrap();
        assert!(!file.is_same());
        fs::remove_file(&path).unwrap();
        assert!(!file.is_same() && !program.is_same());
    }

    #[test]
    fn caches_states_and_other_units_are_not_what_a_plan_is_made_from() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            path
        };
        let wanted = [make("templates/a.tpl"), make("terragrunt.hcl")];
        make(".terragrunt-cache/a/main.tf");
        make("terraform.tfstate.backup");
        make("inner/terragrunt.hcl");
        assert_eq!(files_below(folder.path(), &[folder.path().join("inner")]), wanted);
    }
}
