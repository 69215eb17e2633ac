//! Goes through the folders of a repository, side by side, and tells what lies where. Opens no file but `.gitignore`s.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use ignore::gitignore::Gitignore;
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::accounts;
use crate::model::Failure;

/// The file that makes a folder a unit of Terragrunt.
pub(super) const TERRAGRUNT: &str = "terragrunt.hcl";
/// The same in JSON.
pub(super) const TERRAGRUNT_JSON: &str = "terragrunt.hcl.json";
/// The file from which Terragrunt generates units.
pub(super) const STACK: &str = "terragrunt.stack.hcl";
/// The file that many roots have, and that makes one where there is no accounts file.
pub(super) const COMMON: &str = "common.hcl";
/// What files of Terraform and OpenTofu end in.
const TERRAFORM: [&str; 4] = [".tf", ".tf.json", ".tofu", ".tofu.json"];
/// The file that says which account a folder is about.
pub(super) const ACCOUNT: &str = "account.hcl";
/// Folders that are never looked into, beside hidden ones and those that git ignores.
const NEVER: [&str; 4] = [".terragrunt-cache", ".terraform", "node_modules", "_envcommon"];

/// What lies in a repository; each list is sorted.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Folders with a `terragrunt.hcl`.
    pub(super) terragrunt: Vec<PathBuf>,
    /// Folders with a `terragrunt.hcl.json` and no `terragrunt.hcl`.
    pub(super) terragrunt_json: Vec<PathBuf>,
    /// Folders with a `terragrunt.stack.hcl`.
    pub(super) stacks: Vec<PathBuf>,
    /// Folders with files of Terraform or OpenTofu.
    pub(super) terraform: Vec<PathBuf>,
    /// Folders with an accounts file.
    pub(super) accounts: Vec<PathBuf>,
    /// Folders with a `common.hcl`.
    pub(super) common: Vec<PathBuf>,
    /// Folders with an `account.hcl`.
    pub(super) account_files: Vec<PathBuf>,
    /// Links to folders.
    pub(super) links: Vec<PathBuf>,
    /// What could not be looked into.
    pub(super) failures: Vec<Failure>,
}

/// Goes through everything below the root that is not excluded.
pub(super) fn all(root: &Path, exclude: &Gitignore) -> Found {
    let found = Mutex::new(Found::default());
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    if !has_threads(n_threads) {
        let mut found = Found::default();
        walker(root, exclude).build().for_each(|entry| found.take(entry));
        found.sort();
        return found;
    }
    walker(root, exclude).threads(n_threads).build_parallel().run(|| {
        let mut own = Collected { own: Found::default(), all: &found };
        Box::new(move |entry| {
            own.own.take(entry);
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort();
    found
}

/// Whether the system can start this many threads: the parallel walk panics if it can't.
fn has_threads(n: usize) -> bool {
    thread::scope(|scope| {
        let begin = |_| thread::Builder::new().spawn_scoped(scope, thread::park).ok();
        let begun: Vec<_> = (0..n).map_while(begin).collect();
        begun.iter().for_each(|thread| thread.thread().unpark());
        begun.len() == n
    })
}

/// Folders with an accounts file, at most `depth` folders below the start, sorted.
pub(super) fn roots_below(start: &Path, depth: usize, exclude: &Gitignore) -> Vec<PathBuf> {
    let mut found = Found::default();
    walker(start, exclude).follow_links(false).max_depth(Some(depth + 1)).build().for_each(|entry| found.take(entry));
    found.sort();
    found.accounts
}

/// The files in folders with one of these names, at whatever depth, sorted; links are left out.
pub(super) fn files_in(top: &Path, folders: &[&str]) -> Vec<PathBuf> {
    let lies_in = |path: &Path| {
        let way = path.strip_prefix(top).unwrap_or(path).parent();
        way.is_some_and(|way| way.iter().any(|part| folders.iter().any(|folder| part == *folder)))
    };
    let entries = walker(top, &Gitignore::empty()).follow_links(false).build().flatten();
    let is_file = |entry: &DirEntry| entry.file_type().is_some_and(|kind| kind.is_file());
    let mut found: Vec<_> = entries.filter(is_file).map(DirEntry::into_path).filter(|path| lies_in(path)).collect();
    found.sort_unstable();
    found
}

/// What one thread has found so far; it is joined with the rest when the thread is done.
struct Collected<'f> {
    own: Found,
    all: &'f Mutex<Found>,
}

impl Drop for Collected<'_> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).join(&mut self.own);
    }
}

impl Found {
    /// Whether anything that may hold a unit lies outside of this folder.
    pub(super) fn has_others_than(&self, dir: &Path) -> bool {
        let Self { terragrunt, terragrunt_json, stacks, terraform, accounts, failures, .. } = self;
        let mut all = [terragrunt, terragrunt_json, stacks, terraform, accounts].into_iter().flatten();
        all.any(|other| !other.starts_with(dir)) || !failures.is_empty()
    }

    fn lists(&mut self) -> [&mut Vec<PathBuf>; 8] {
        let Self { terragrunt, terragrunt_json, stacks, terraform, accounts, common, account_files, links, .. } = self;
        [terragrunt, terragrunt_json, stacks, terraform, accounts, common, account_files, links]
    }

    fn take(&mut self, entry: Result<DirEntry, ignore::Error>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if is_cycle(&error) => return,
            Err(error) => {
                // A link that leads nowhere is told of by whoever reads the file.
                if let Some(dir) = broken_unit(&error) {
                    self.terragrunt.push(dir);
                    return;
                }
                if is_broken_link(&error) {
                    return;
                }
                let what = "cannot look into part of the repository";
                self.failures.push(Failure::refused(what).because(error));
                return;
            }
        };
        if entry.path_is_symlink() && entry.file_type().is_some_and(|kind| kind.is_dir()) {
            self.links.push(entry.path().to_owned());
        }
        let name = entry.file_name();
        let list = match name.to_str() {
            Some(TERRAGRUNT) => &mut self.terragrunt,
            Some(TERRAGRUNT_JSON) => &mut self.terragrunt_json,
            Some(STACK) => &mut self.stacks,
            Some(COMMON) => &mut self.common,
            Some(ACCOUNT) => &mut self.account_files,
            Some(name) if accounts::NAMES.contains(&name) => &mut self.accounts,
            Some(name) if TERRAFORM.iter().any(|ending| name.ends_with(ending)) => &mut self.terraform,
            _ => return,
        };
        let is_dir = entry.file_type().is_none_or(|kind| kind.is_dir());
        if let Some(dir) = entry.path().parent().filter(|dir| !is_dir && list.last().is_none_or(|last| last != dir)) {
            list.push(dir.to_owned());
        }
    }

    fn join(&mut self, other: &mut Self) {
        for (list, others) in self.lists().into_iter().zip(other.lists()) {
            list.append(others);
        }
        self.failures.append(&mut other.failures);
    }

    fn sort(&mut self) {
        for list in self.lists() {
            list.sort_unstable();
            list.dedup();
        }
        let terragrunt = &self.terragrunt;
        self.terragrunt_json.retain(|dir| terragrunt.binary_search(dir).is_err());
        self.failures.sort_by_cached_key(ToString::to_string);
    }
}

/// What a repository says is ignored is ignored; what only this machine's git configuration ignores is not.
fn walker(root: &Path, exclude: &Gitignore) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    walker.require_git(false).git_global(false).git_exclude(false).ignore(false).follow_links(true);
    let (exclude, top) = (exclude.clone(), root.to_owned());
    walker.filter_entry(move |entry| {
        !is_never(entry.file_name()) && !is_excluded(entry, &exclude) && !leads_out(entry, &top)
    });
    walker
}

fn is_never(name: &OsStr) -> bool {
    NEVER.iter().any(|never| name == *never)
}

fn is_excluded(entry: &DirEntry, exclude: &Gitignore) -> bool {
    let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
    !exclude.is_empty() && entry.depth() > 0 && exclude.matched(entry.path(), is_dir).is_ignore()
}

/// Whether a link leads to a folder outside, where nothing says how much would have to be searched.
fn leads_out(entry: &DirEntry, top: &Path) -> bool {
    let is_folder = entry.path_is_symlink() && entry.file_type().is_none_or(|kind| kind.is_dir());
    is_folder && entry.depth() > 0 && !entry.path().canonicalize().is_ok_and(|target| target.starts_with(top))
}

/// Whether a link leads back to where it lies.
fn is_cycle(error: &ignore::Error) -> bool {
    match error {
        ignore::Error::Loop { .. } => true,
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => is_cycle(err),
        _ => false,
    }
}

fn is_broken_link(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// The folder of a unit whose configuration is a link that leads nowhere.
fn broken_unit(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. }
            if is_broken_link(error) && path.file_name() == Some(OsStr::new(TERRAGRUNT)) =>
        {
            path.parent().map(Path::to_owned)
        }
        ignore::Error::WithDepth { err, .. } => broken_unit(err),
        _ => None,
    }
}
