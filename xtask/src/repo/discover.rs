//! Finds what is to be opened, and which of the folders in it may be units.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ignore::gitignore::Gitignore;

use super::accounts;
use super::files::Files;
use super::module;
use super::stacks::Stacks;
use super::unit::Unit;
use super::walk::{self, ACCOUNT, COMMON, Found, TERRAGRUNT_JSON};
use crate::model::{Account, Failure, Place, regular};

/// The folder name that makes a unit.
const UNIT: &str = "ecs-deploy-runner";
/// How many places are told of accounts without a runner.
const MOST_PLACES: usize = 5;
/// How many accounts without a runner are named.
const MOST_NAMES: usize = 12;
/// How deep below the start a root is looked for where there is none above it.
const DEEPEST_ROOT: usize = 2;

/// What is opened.
#[derive(Debug)]
pub enum Opened {
    /// This folder.
    Folder(PathBuf),
    /// The only folder with an accounts file, unless what lies around it has runners beside it.
    OnlyRoot {
        /// What lies around it.
        around: PathBuf,
        /// The folder with the accounts file.
        root: PathBuf,
    },
}

/// Finds what is opened from `start`: the nearest folder with an accounts file, from there upwards to the root of the git
/// repository. Where there is none: the only one below, or all of them, under what lies above them. And where no accounts
/// file is anywhere: the nearest folder with a `common.hcl`, or the git repository.
pub fn root(start: &Path, exclude: &Gitignore) -> Result<Opened, Failure> {
    let git_root = git_root(start);
    let above = || start.ancestors().take_while(|dir| git_root.is_none_or(|top| dir.starts_with(top)));
    if let Some(dir) = above().find(|dir| accounts::is_in(dir)) {
        return Ok(Opened::Folder(dir.to_owned()));
    }
    // Outside a checkout nothing says how much of the disk would have to be searched.
    for from in git_root.into_iter().flat_map(|top| [start, top]) {
        let mut below = walk::roots_below(from, DEEPEST_ROOT, exclude);
        match below.len() {
            0 => {}
            1 => {
                let (around, root) = (from.to_owned(), below.swap_remove(0));
                let has_others = walk::all(from, exclude).has_others_than(&root);
                return Ok(if has_others { Opened::OnlyRoot { around, root } } else { Opened::Folder(root) });
            }
            _ => return Ok(Opened::Folder(from.to_owned())),
        }
    }
    let common = above().find(|dir| dir.join(COMMON).is_file());
    common.or(git_root).map(|dir| Opened::Folder(dir.to_owned())).ok_or_else(|| nothing_here(start))
}

/// Whether a file says that this is an infrastructure-live repository, from here upwards or a little below.
pub fn is_marked(start: &Path) -> bool {
    let is_root = |dir: &Path| accounts::is_in(dir) || dir.join(COMMON).is_file();
    let below = |top| !walk::roots_below(top, DEEPEST_ROOT, &Gitignore::empty()).is_empty();
    start.ancestors().any(is_root) || git_root(start).is_some_and(below)
}

/// How many folders have a `terragrunt.hcl`, by going through all of them and opening none: what any reading of the
/// repository begins with.
pub fn n_folders(root: &Path) -> usize {
    walk::all(root, &Gitignore::empty()).terragrunt.len()
}

/// The root of the git repository around a folder.
pub fn git_root(start: &Path) -> Option<&Path> {
    start.ancestors().find(|dir| dir.join(".git").exists())
}

/// What is said where there is neither an account nor a unit.
pub fn nothing_here(dir: &Path) -> Failure {
    Failure::refused("this is no infrastructure-live repository")
        .in_file(dir.display().to_string())
        .detail("there is no accounts file in this or any parent directory, and no unit below it")
        .hint("go into the repository, or name it with `--repo PATH`")
}

/// Whether a folder is named like a unit.
pub(super) fn is_named_so(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name == UNIT)
}

/// Accounts in which no runner was found, while others have one: those of the accounts files, and folders with an
/// `account.hcl` of their own.
pub(super) fn without_runner(files: &Files, found: &Found, accounts: &[Account], units: &[Unit]) -> Option<Failure> {
    let with_runner: HashSet<_> = units.iter().filter_map(|unit| Some(&unit.account.value()?.id)).collect();
    // Whose a unit is that places dispute is told already.
    let is_folder_of_one = |name: &str| {
        let unknown = || units.iter().filter(|unit| unit.account.value().is_none());
        unknown().any(|unit| unit.path.as_str().split('/').any(|folder| folder == name))
    };
    let listed = accounts.iter().filter(|it| !with_runner.contains(&it.id) && !is_folder_of_one(&it.name));
    let mut without: Vec<(&str, Option<Place>)> =
        listed.map(|account| (account.name.as_str(), account.evidence.first().cloned())).collect();
    for dir in &found.account_files {
        let Some(name) = dir.file_name().and_then(|name| name.to_str()) else { continue };
        // What is named like a unit and is none of them is told of already.
        let is_named = |unit: &Path| is_named_so(unit) && unit.starts_with(dir);
        let has_unit = || {
            units.iter().any(|unit| files.path(unit.path.as_str()).starts_with(dir))
                || found.terragrunt.iter().any(|unit| is_named(unit))
        };
        if accounts.iter().all(|account| account.name != name) && !has_unit() {
            without.push((name, Some(Place::file(files.name(&dir.join(ACCOUNT))))));
        }
    }
    if units.is_empty() || without.is_empty() {
        return None;
    }
    without.sort_by_key(|(name, _)| *name);
    let names: Vec<_> = without.iter().take(MOST_NAMES).map(|(name, _)| *name).collect();
    let more = match without.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let notice = Failure::refused(format!("no runner found in {}{more}", names.join(", ")));
    let places = without.iter().filter_map(|(_, place)| place.clone());
    Some(places.take(MOST_PLACES).fold(notice, Failure::at))
}

/// Leaves out units that are others by another name: links lead to the same folder, in the same account and region. Says
/// which.
pub(super) fn without_aliases(root: &Path, found: &Found, units: &mut Vec<Unit>) -> Vec<Failure> {
    if found.links.is_empty() {
        return Vec::new();
    }
    let real = |unit: &Unit| {
        let dir = unit.path.in_root(root);
        // A folder that a stack has yet to generate leads nowhere.
        if found.links.iter().any(|link| dir.starts_with(link)) { dir.canonicalize().ok() } else { Some(dir) }
    };
    let real: Vec<_> = units.iter().map(real).collect();
    let is_link = |at: usize| real[at].as_ref().is_some_and(|real| *real != units[at].path.in_root(root));
    let same = |at: usize| {
        let unit = &units[at];
        let is_same = |other: &usize| {
            let it = &units[*other];
            *other != at
                && real[*other] == real[at]
                && it.account.value().map(|account| &account.id) == unit.account.value().map(|account| &account.id)
                && (it.region == unit.region || unit.region.value().is_none())
                // The folder itself stays, else the first link to it.
                && (!is_link(*other) || *other < at)
        };
        (is_link(at)).then(|| (0..units.len()).find(is_same)).flatten()
    };
    let aliases: Vec<_> = (0..units.len()).filter_map(|at| Some((at, same(at)?))).collect();
    let said = aliases.iter().map(|(at, other)| {
        let what =
            format!("`{}` leads to `{}`, which is in the same account: left out", units[*at].path, units[*other].path);
        Failure::refused(what)
    });
    let said = said.collect();
    let mut at = 0;
    units.retain(|_| {
        at += 1;
        aliases.iter().all(|(alias, _)| *alias != at - 1)
    });
    said
}

/// Leaves out what lies among the units of a catalog, which stacks copy, and which no stack copies just now. Says which.
pub(super) fn without_templates(root: &Path, stacks: &Stacks, units: &mut Vec<Unit>) -> Vec<Failure> {
    let templates = units.extract_if(.., |unit| stacks.is_beside_templates(&unit.path.in_root(root)));
    let said = templates.map(|unit| {
        let what = format!("`{}` lies in a catalog, and no stack uses it: it is no unit by itself", unit.path);
        Failure::refused(what)
    });
    said.collect()
}

/// Units in forms that aren't read: they are named, so that no update leaves them out unseen.
pub(super) fn not_supported(files: &Files, found: &Found) -> Vec<Failure> {
    let mentions = |dir: &Path, name: &str| {
        let text = regular::bytes(dir.join(name)).unwrap_or_default();
        module::may_name_runner(&text)
    };
    let failure = |dir: &Path, name: &str, what: &str| {
        Failure::refused(format!("{what}, which is not supported"))
            .in_file(files.name(&dir.join(name)))
            .hint("update it by hand, and leave it out: `exclude` in [workspace.metadata.xtask] in Cargo.toml")
    };
    let json = found.terragrunt_json.iter().filter(|dir| is_named_so(dir) || mentions(dir, TERRAGRUNT_JSON));
    let json = json.map(|dir| failure(dir, TERRAGRUNT_JSON, "a unit of the deploy runner is written in JSON"));
    json.collect()
}
