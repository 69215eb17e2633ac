//! What a plan was made from: files by their content, the checkout by what differs from its commit, programs by their place
//! on the disk. A consent covers the plan for as
//! long as none of it is another.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::regular;
use crate::tools::call::Call;
use crate::tools::checkout::Changes;
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
    /// A folder with all that is in it.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// The hash of all that is in it.
        sha256: String,
    },
    /// Everything in a checkout that a unit may read or run.
    Checkout {
        /// The top of the checkout.
        path: PathBuf,
        /// The commit that it is compared with.
        base: String,
        /// The folder of the unit.
        unit: PathBuf,
        /// The hash of what differs from the commit.
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

/// What Terraform and terragrunt keep in a folder for themselves, git, and what file managers leave. The hashes of the lock
/// file cover the providers.
const LEFT_OUT: [&str; 6] = [".DS_Store", ".git", ".terraform", ".terragrunt-cache", ".xtask", LOCK_FILE];
/// The lock file of a folder.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// Terraform's folder for modules among its data.
const MODULES: &str = "modules";

impl Bound {
    /// A folder as it is now.
    pub fn folder(path: PathBuf) -> io::Result<Self> {
        Ok(Self::Folder { sha256: sha256_of_folder(&path)?, path })
    }

    /// What Terraform reads, besides providers, in the folder that a plan was made in: the modules that are installed there,
    /// the local ones beside it, the lock file, and the folder itself unless it is the unit's own, whose files are known
    /// already.
    pub fn of_plan_folder(call: &Call, unit: &Path) -> io::Result<Vec<Self>> {
        let folder = call.folder.canonicalize()?;
        let modules = call.data_folder().join(MODULES);
        let mut paths = vec![modules.clone()];
        if !unit.canonicalize().is_ok_and(|unit| unit == folder) {
            paths.push(folder.clone());
        }
        paths.extend(local_modules(&folder, &modules)?);
        let mut bounds = Vec::new();
        for path in paths.into_iter().filter(|path| path.is_dir()) {
            bounds.push(Self::folder(path)?);
        }
        let lock = folder.join(LOCK_FILE);
        if lock.is_file() {
            bounds.push(Self::file(lock)?);
        }
        Ok(bounds)
    }

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
            Self::File { path, .. }
            | Self::Folder { path, .. }
            | Self::Checkout { path, .. }
            | Self::Program { path, .. } => path,
        }
    }

    /// What a unit may read or run in a checkout, as it was seen.
    pub fn checkout(changes: &Changes, unit: &Path) -> Self {
        let sha256 = changes.sha256_for(unit);
        let (path, base) = (changes.top().to_owned(), changes.base().to_owned());
        Self::Checkout { path, base, unit: unit.to_owned(), sha256 }
    }

    /// Those that are not what they were any more. Each checkout is looked at once.
    pub fn changed<'b>(bounds: impl IntoIterator<Item = &'b Self>) -> Vec<&'b Self> {
        let mut seen = HashMap::new();
        bounds.into_iter().filter(|bound| !bound.is_same_in(&mut seen)).collect()
    }

    /// Whether it is still what it was.
    pub fn is_same(&self) -> bool {
        self.is_same_in(&mut HashMap::new())
    }

    fn is_same_in<'b>(&'b self, seen: &mut HashMap<(&'b Path, &'b str), Option<Changes>>) -> bool {
        match self {
            Self::Checkout { path, base, unit, sha256 } => {
                let changes = seen.entry((path, base)).or_insert_with(|| Changes::since(path, base).ok());
                changes.as_ref().is_some_and(|changes| changes.sha256_for(unit) == *sha256)
            }
            Self::File { path, sha256 } => sha256_of(path).is_ok_and(|now| now == *sha256),
            Self::Folder { path, sha256 } => sha256_of_folder(path).is_ok_and(|now| now == *sha256),
            Self::Program { path, mark: before } => mark(path).is_ok_and(|now| now == *before),
        }
    }

    /// The file to name where it is another now.
    pub fn file_that_changed(&self) -> PathBuf {
        let Self::Checkout { path, base, unit, .. } = self else { return self.path().to_owned() };
        let changes = Changes::since(path, base).ok();
        changes.and_then(|it| Some(path.join(it.newest_for(unit)?))).unwrap_or_else(|| path.clone())
    }

    /// What to say of one that is another now.
    pub fn what_changed(&self) -> &'static str {
        match self {
            Self::Checkout { .. } => "the checkout has changed since the plan was made",
            Self::File { .. } => "a file that the plan was made from has changed since",
            Self::Folder { .. } => "a module that the plan was made from has changed since",
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

    /// The same for two plans of a unit that were made from the same files and modules, whenever that was. Programs don't
    /// count, and of a lock file the versions alone: terragrunt may have written it, and Terraform adds hashes to it.
    pub fn fingerprint(&self) -> String {
        let line = |bound: &Bound| match bound {
            Bound::Program { .. } => None,
            Bound::Folder { sha256, .. } | Bound::Checkout { sha256, .. } => Some(sha256.clone()),
            Bound::File { path, .. } if path.ends_with(LOCK_FILE) => {
                let text = regular::text(path).unwrap_or_default();
                let is_version =
                    |line: &&str| line.starts_with("provider ") || line.trim_start().starts_with("version ");
                Some(text.lines().filter(is_version).collect())
            }
            Bound::File { path, sha256 } => Some(format!("{sha256}  {}", path.display())),
        };
        let mut lines: Vec<String> = self.iter().filter_map(line).collect();
        lines.sort();
        lines.dedup();
        hash::sha256(lines.join("\n"))
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

/// The hash of everything in a folder: names, and what is in files and links.
fn sha256_of_folder(root: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for path in files_in(root, &[])? {
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let what = match fs::read_link(&path) {
            _ if path.is_file() => sha256_of(&path)?,
            Ok(to) => format!("-> {}", to.display()),
            Err(_) => "no file".to_owned(),
        };
        lines.push(format!("{what}  {}\n", relative.display()));
    }
    Ok(hash::sha256(lines.concat()))
}

/// Every file in a folder, in order, through links to folders too, each folder once. Left out are `others`, and what
/// Terraform, terragrunt and editors keep there.
fn files_in(root: &Path, others: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    let mut seen = HashSet::new();
    while let Some(folder) = folders.pop() {
        let metadata = fs::metadata(&folder)?;
        if !seen.insert((metadata.dev(), metadata.ino())) {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if is_left_out(&entry.file_name().to_string_lossy()) || others.contains(&path) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file or folder of this name is no part of what a plan is made from.
pub(super) fn is_left_out(name: &str) -> bool {
    let is_state = name.contains(".tfstate") && [".tfstate", ".backup", ".info"].iter().any(|end| name.ends_with(end));
    let is_editors = name.ends_with('~') || (name.starts_with('.') && name.ends_with(".swp"));
    LEFT_OUT.contains(&name) || name.starts_with(".terragrunt-") || is_state || is_editors
}

/// The folders of local modules outside of a folder, by the list that Terraform keeps of the modules it has installed
/// there.
fn local_modules(folder: &Path, modules: &Path) -> io::Result<BTreeSet<PathBuf>> {
    #[derive(Deserialize)]
    struct Installed {
        #[serde(rename = "Modules", default)]
        modules: Vec<Module>,
    }
    #[derive(Deserialize)]
    struct Module {
        #[serde(rename = "Dir")]
        dir: PathBuf,
    }
    let text = match regular::bytes(modules.join("modules.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        text => text?,
    };
    let installed: Installed = serde_json::from_slice(&text)?;
    let found: io::Result<BTreeSet<_>> =
        installed.modules.iter().map(|module| folder.join(&module.dir).canonicalize()).collect();
    Ok(found?.into_iter().filter(|path| !path.starts_with(folder)).collect())
}

/// Followed to the end of links: a version manager moves them.
fn mark(path: &Path) -> io::Result<String> {
    let file = fs::metadata(path)?;
    Ok(format!("{}:{}:{}:{}.{:09}", file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// Every file below a unit's folder that its plan may have been made from: nothing of the units inside.
pub fn files_below(unit: &Path, others: &[PathBuf]) -> Vec<PathBuf> {
    files_in(unit, others).unwrap_or_default()
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
