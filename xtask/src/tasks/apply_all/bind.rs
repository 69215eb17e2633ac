//! What the plan of a unit is made from: the files of the repository that were read for it, all that lies below its folder,
//! and the programs. The consent is bound to all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crate::model::Failure;
use crate::repo::Repository;
use crate::run::digest::UnitPlan;
use crate::run::journal::Program;
use crate::tasks::ready::{Ready, Workable};
use crate::tools::bound::{Bound, files_below};
use crate::tools::consent::sha256_of;

/// The programs as they are before anything is planned with them.
pub(super) fn programs(ready: &Ready<'_>, units: &[Workable<'_>]) -> Result<BTreeMap<PathBuf, Bound>, Failure> {
    let mut programs = BTreeMap::new();
    for path in paths(ready, units) {
        let bound = Bound::program(path.clone()).map_err(|error| {
            Failure::refused("cannot look at a program, so nothing was planned")
                .in_file(path.display().to_string())
                .because(error)
        })?;
        programs.insert(path, bound);
    }
    Ok(programs)
}

fn paths(ready: &Ready<'_>, units: &[Workable<'_>]) -> BTreeSet<PathBuf> {
    let has_terragrunt = units.iter().any(|unit| unit.standalone.is_none());
    let terragrunt = has_terragrunt.then(|| ready.programs.path("terragrunt").to_owned());
    terragrunt.into_iter().chain(units.iter().map(|unit| unit.terraform.clone())).collect()
}

/// The hashes of the programs, for the journal. They are large, so this is done beside the planning.
#[derive(Debug)]
pub(super) struct Hashing(JoinHandle<BTreeMap<PathBuf, String>>);

impl Hashing {
    /// Begins.
    pub(super) fn begin(ready: &Ready<'_>, units: &[Workable<'_>]) -> Self {
        let paths = paths(ready, units);
        let hash = |path: PathBuf| sha256_of(&path).ok().map(|sha256| (path, sha256));
        Self(std::thread::spawn(move || paths.into_iter().filter_map(hash).collect()))
    }

    /// The programs that these plans were made with. One that has been replaced meanwhile has no hash that is its own.
    pub(super) fn of(self, plans: &[UnitPlan]) -> Vec<Program> {
        let hashes = self.0.join().unwrap_or_default();
        let bound: BTreeSet<_> = plans.iter().flat_map(|plan| &plan.bound).collect();
        let program = |bound: &Bound| match bound {
            Bound::Program { path, mark } => {
                let sha256 = hashes.get(path).filter(|_| bound.is_same()).cloned();
                Some(Program { path: path.clone(), mark: mark.clone(), sha256 })
            }
            Bound::File { .. } => None,
        };
        bound.into_iter().filter_map(program).collect()
    }
}

/// Everything that a unit's plan was made from. What was read of the repository stands for itself; the other files of the
/// unit are taken as they are now, when the plan is shown.
pub(super) fn of_unit(
    ready: &Ready<'_>,
    unit: &Workable<'_>,
    programs: &BTreeMap<PathBuf, Bound>,
) -> std::io::Result<Vec<Bound>> {
    let repo = ready.repo;
    let folder = unit.unit.path.in_root(&repo.root);
    let others = others(repo, &folder);
    let is_of_others = |path: &Path| others.iter().any(|other| path.starts_with(other));
    let mut files: BTreeMap<PathBuf, Bound> = BTreeMap::new();
    for (path, bytes) in repo.files_read() {
        if !is_of_others(&path) {
            files.insert(path.clone(), Bound::read(path, &bytes));
        }
    }
    for path in files_below(&folder, &others) {
        if !files.contains_key(&path) {
            files.insert(path.clone(), Bound::file(path)?);
        }
    }
    let terragrunt = unit.standalone.is_none().then(|| ready.programs.path("terragrunt"));
    let terraform = unit.terraform.as_path();
    let programs = terragrunt.into_iter().chain([terraform]).filter_map(|path| programs.get(path).cloned());
    Ok(files.into_values().chain(programs).collect())
}

/// The files below the folder of a unit that its plan may be made from.
pub(super) fn files_of(repo: &Repository, unit: &Workable<'_>) -> Vec<PathBuf> {
    let folder = unit.unit.path.in_root(&repo.root);
    files_below(&folder, &others(repo, &folder))
}

/// The folders of the other units; none of those that this one lies in.
fn others(repo: &Repository, folder: &Path) -> Vec<PathBuf> {
    let folders = repo.units.iter().map(|unit| unit.path.in_root(&repo.root));
    folders.filter(|other| !folder.starts_with(other)).collect()
}
