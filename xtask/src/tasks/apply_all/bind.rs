//! What the plan of a unit is made from: the files of the repository that were read for it, all that lies below its folder,
//! and the programs. The consent is bound to all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::Failure;
use crate::repo::Repository;
use crate::tasks::ready::{Ready, Workable};
use crate::tools::bound::{Bound, files_below};

/// The programs as they are before anything is planned with them.
pub(super) fn programs(ready: &Ready<'_>, units: &[Workable<'_>]) -> Result<BTreeMap<PathBuf, Bound>, Failure> {
    let has_terragrunt = units.iter().any(|unit| unit.standalone.is_none());
    let terragrunt = has_terragrunt.then(|| ready.programs.path("terragrunt").to_owned());
    let mut programs = BTreeMap::new();
    for path in terragrunt.into_iter().chain(units.iter().map(|unit| unit.terraform.clone())) {
        let bound = Bound::program(path.clone()).map_err(|error| {
            Failure::refused("cannot look at a program, so nothing was planned")
                .in_file(path.display().to_string())
                .because(error)
        })?;
        programs.insert(path, bound);
    }
    Ok(programs)
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
