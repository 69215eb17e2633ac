//! Finds the root of the repository and the folders of its units.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::files::Files;
use super::unit::UnitKind;
use super::{accounts, terraform};
use crate::model::{Failure, UnitPath};

/// The folder name that makes a unit.
const UNIT: &str = "ecs-deploy-runner";
/// The file that makes it a Terragrunt unit.
pub const TERRAGRUNT: &str = "terragrunt.hcl";
/// Folders that are never looked into, beside hidden ones and those that git ignores.
const NEVER: [&str; 4] = [".terragrunt-cache", ".terraform", "node_modules", "_envcommon"];
/// The accounts file of another layout, which is recognised and not read.
const OTHER_ACCOUNTS: &str = "accounts.yml";
/// How deep below the start a root is looked for where there is none above it.
const DEEPEST_ROOT: usize = 2;

/// Finds the root: the nearest folder with an accounts file, from `start` upwards to the root of the git repository;
/// or else the only one a little below the latter.
pub fn root(start: &Path) -> Result<PathBuf, Failure> {
    let start = start
        .canonicalize()
        .map_err(|error| Failure::refused(format!("cannot open the folder `{}`", start.display())).because(error))?;
    let mut common = None;
    for dir in start.ancestors() {
        if dir.join(accounts::FILE).is_file() {
            return Ok(dir.to_owned());
        }
        if common.is_none() && ["common.hcl", OTHER_ACCOUNTS].iter().any(|name| dir.join(name).is_file()) {
            common = Some(dir);
        }
        if dir.join(".git").exists() {
            break;
        }
    }
    // Outside a checkout nothing says how much of the disk would have to be searched.
    let git_root = start.ancestors().find(|dir| dir.join(".git").exists());
    let mut below = git_root.map(roots_below).unwrap_or_default();
    if let Some(dir) = git_root.filter(|dir| below.is_empty() && has_standalone(dir)) {
        return Ok(dir.to_owned());
    }
    match (below.len(), common) {
        (1, _) => Ok(below.swap_remove(0)),
        (0, Some(dir)) => {
            let failure = Failure::refused(format!("there is no accounts file `{}`", accounts::FILE));
            let failure = failure.in_file(dir.display().to_string());
            let other = dir.join(OTHER_ACCOUNTS).is_file().then(|| format!("`{OTHER_ACCOUNTS}` is not read yet"));
            Err(other
                .into_iter()
                .fold(failure, Failure::detail)
                .hint("write one with the name and the twelve-digit id of every account: {\"dev\": \"…\", …}"))
        }
        (0, None) => Err(Failure::refused("this is no infrastructure-live repository")
            .in_file(start.display().to_string())
            .detail(format!("no folder from here upwards has `{}` or `common.hcl`", accounts::FILE))
            .hint("go into the repository, or name it with `--repo PATH`")),
        (_, _) => {
            let failure =
                Failure::refused("several folders below could be the root").hint("pick one with `--repo PATH`");
            Err(below.iter().fold(failure, |failure, dir| failure.in_file(dir.display().to_string())))
        }
    }
}

fn roots_below(start: &Path) -> Vec<PathBuf> {
    let walk = plain_walker(start).max_depth(Some(DEEPEST_ROOT + 1)).build();
    let files = walk.filter_map(Result::ok).filter(|entry| entry.file_name() == accounts::FILE);
    let mut roots: Vec<_> = files.filter_map(|entry| entry.path().parent().map(Path::to_owned)).collect();
    roots.sort();
    roots
}

/// Whether units of Terraform lie below, which need no accounts file.
fn has_standalone(root: &Path) -> bool {
    let (units, _) = units(&Files::new(root.to_owned()), root);
    units.iter().any(|(_, kind)| *kind == UnitKind::Terraform)
}

/// The units below the root, sorted by path, and what could not be looked into.
pub fn units(files: &Files, root: &Path) -> (Vec<(UnitPath, UnitKind)>, Vec<Failure>) {
    let mut units = Vec::new();
    let mut failures = Vec::new();
    let mut terraform = BTreeSet::new();
    for entry in walker(root).build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                failures.push(Failure::refused("cannot look into part of the repository").because(error));
                continue;
            }
        };
        let path = entry.path();
        let is_tf = path.extension().is_some_and(|ending| ending == "tf")
            || path.to_str().is_some_and(|path| path.ends_with(".tf.json"));
        if let Some(dir) = path.parent().filter(|_| is_tf) {
            terraform.insert(dir.to_owned());
        }
        let is_unit =
            entry.file_name() == TERRAGRUNT && path.parent().and_then(Path::file_name) == Some(OsStr::new(UNIT));
        let Some(dir) = path.parent().filter(|_| is_unit) else { continue };
        units.push((dir.to_owned(), UnitKind::Terragrunt));
    }
    let standalone = terraform.into_iter().filter(|dir| terraform::is_unit(files, dir));
    units.extend(standalone.map(|dir| (dir, UnitKind::Terraform)));
    let path_of = |(dir, kind): (PathBuf, UnitKind)| match dir.strip_prefix(root).ok().and_then(UnitPath::new) {
        Some(path) => Some((path, kind)),
        None => {
            let what = "the path of a unit is not UTF-8";
            failures.push(Failure::refused(what).in_file(dir.display().to_string()));
            None
        }
    };
    let mut units: Vec<_> = units.into_iter().filter_map(path_of).collect();
    units.sort_by(|(a, _), (b, _)| a.cmp(b));
    (units, failures)
}

/// What a repository says is ignored is ignored; what only this machine's git configuration ignores is not.
fn plain_walker(root: &Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    walker.require_git(false).git_global(false).git_exclude(false).ignore(false).follow_links(false);
    walker.filter_entry(|entry| !never(entry));
    walker
}

/// The same without folders that have an accounts file of their own: those are other repositories, such as an example.
fn walker(root: &Path) -> WalkBuilder {
    let mut walker = plain_walker(root);
    walker.filter_entry(|entry| {
        let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_root = is_dir && entry.depth() > 0 && entry.path().join(accounts::FILE).exists();
        !is_root && !never(entry)
    });
    walker
}

fn never(entry: &DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| NEVER.contains(&name))
}
