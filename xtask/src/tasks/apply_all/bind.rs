//! What the plan of a unit is made from: the files of the repository that were read for it, all that lies below its folder,
//! and the programs. The consent is bound to all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::model::{Failure, UnitPath};
use crate::repo::Repository;
use crate::run::digest::UnitPlan;
use crate::run::journal::Program;
use crate::tasks::ready::{Ready, Workable};
use crate::tools::bound::{Bound, Bounds, files_below};
use crate::tools::call;
use crate::tools::checkout::Changes;
use crate::tools::hash::sha256_of;

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

/// The programs that work on a unit.
pub(super) fn programs_of<'u>(ready: &'u Ready<'_>, unit: &'u Workable<'_>) -> impl Iterator<Item = &'u Path> {
    let terragrunt = unit.standalone.is_none().then(|| ready.programs.path("terragrunt"));
    terragrunt.into_iter().chain([unit.terraform.as_path()])
}

fn paths(ready: &Ready<'_>, units: &[Workable<'_>]) -> BTreeSet<PathBuf> {
    let has_terragrunt = units.iter().any(|unit| unit.standalone.is_none());
    let terragrunt = has_terragrunt.then(|| ready.programs.path("terragrunt").to_owned());
    terragrunt.into_iter().chain(units.iter().map(|unit| unit.terraform.clone())).collect()
}

/// The hashes of the programs, for the journal. They are large, and `apply-all` has them taken while it proves accounts, when
/// this machine has little to do: beside plans that would make these 40 ms longer.
#[derive(Debug)]
pub struct Hashing(Option<JoinHandle<BTreeMap<Bound, String>>>);

impl Hashing {
    /// Begins.
    pub fn begin(ready: &Ready<'_>, units: &[Workable<'_>]) -> Self {
        let paths = paths(ready, units);
        // Without a thread the journal has no hashes of programs; nothing depends on them.
        let hash = move || paths.into_iter().filter_map(hashed).collect();
        Self(std::thread::Builder::new().spawn(hash).ok())
    }

    /// The programs that these plans were made with. One that was replaced meanwhile has no hash that is its own.
    pub(super) fn of(self, plans: &[UnitPlan]) -> Vec<Program> {
        let hashes = self.0.and_then(|thread| thread.join().ok()).unwrap_or_default();
        let bound = Bounds::of_all(plans.iter().map(|plan| &plan.bound));
        let program = |bound: &Bound| match bound {
            Bound::Program { path, mark } => {
                let sha256 = hashes.get(bound).cloned();
                Some(Program { path: path.clone(), mark: mark.clone(), sha256 })
            }
            Bound::File { .. } | Bound::Folder { .. } | Bound::Checkout { .. } => None,
        };
        bound.into_iter().filter_map(program).collect()
    }
}

/// A program and its hash, if it is the same one before and after that was taken.
fn hashed(path: PathBuf) -> Option<(Bound, String)> {
    let program = Bound::program(path).ok()?;
    let sha256 = sha256_of(program.path()).ok()?;
    program.is_same().then_some((program, sha256))
}

/// What the plans of all units are made from, put in order once.
#[derive(Debug)]
pub(super) struct Binding<'a> {
    ready: &'a Ready<'a>,
    programs: &'a BTreeMap<PathBuf, Bound>,
    /// The files that were read and lie in the folder of no unit.
    shared: Arc<[Bound]>,
    /// The others, by the innermost unit that they lie in.
    within: BTreeMap<PathBuf, Vec<Bound>>,
    /// What differs from the commit, where git can tell.
    changes: Option<Changes>,
}

impl<'a> Binding<'a> {
    /// What was read of the repository stands for itself.
    pub(super) fn new(ready: &'a Ready<'a>, programs: &'a BTreeMap<PathBuf, Bound>) -> Self {
        let repo = ready.repo;
        let folders: BTreeSet<_> = repo.units.iter().map(|unit| unit.path.in_root(&repo.root)).collect();
        let mut shared = Vec::new();
        let mut within: BTreeMap<PathBuf, Vec<Bound>> = BTreeMap::new();
        for (path, bytes) in repo.files_read() {
            let innermost = path.ancestors().find(|folder| folders.contains(*folder)).map(Path::to_owned);
            let bound = Bound::read(path, &bytes);
            match innermost {
                Some(folder) => within.entry(folder).or_default().push(bound),
                None => shared.push(bound),
            }
        }
        let changes = Changes::since_commit(&repo.root);
        Self { ready, programs, shared: shared.into(), within, changes }
    }

    /// Everything that a unit's plan was made from. The files of the unit that nobody has read are taken as they are now,
    /// when the plan is shown.
    pub(super) fn of_unit(&self, unit: &Workable<'_>, plan: &Path) -> io::Result<Bounds> {
        let repo = self.ready.repo;
        let folder = unit.unit.path.in_root(&repo.root);
        let read = folder.ancestors().filter_map(|folder| self.within.get(folder)).flatten();
        let mut files: BTreeMap<PathBuf, Bound> = read.map(|bound| (bound.path().to_owned(), bound.clone())).collect();
        for path in files_below(&folder, &inner(repo, &unit.unit.path)) {
            if !files.contains_key(&path) {
                files.insert(path.clone(), Bound::file(path)?);
            }
        }
        let mut folders: Vec<_> = self.changes.iter().map(|changes| Bound::checkout(changes, &folder)).collect();
        // Terragrunt copies a local source anew for the apply.
        if let Some(source) = local_source(unit, &folder).filter(|source| source.is_dir()) {
            folders.push(Bound::folder(source)?);
        }
        let proof = call::proof_of_plan(plan);
        let call =
            proof.and_then(|proof| proof.call).ok_or_else(|| io::Error::other("no guard has recorded the plan"))?;
        folders.extend(Bound::of_plan_folder(&call, &folder)?);
        let programs = programs_of(self.ready, unit).filter_map(|path| self.programs.get(path).cloned());
        Ok(Bounds::new(self.shared.clone(), files.into_values().chain(folders).chain(programs).collect()))
    }
}

/// The folder of the module that a unit of terragrunt takes from this machine: what comes before `//` is copied, what comes
/// behind it is the module.
fn local_source(unit: &Workable<'_>, folder: &Path) -> Option<PathBuf> {
    let source = unit.unit.module.source.value().filter(|_| unit.standalone.is_none())?;
    let source = source.strip_prefix("file://").unwrap_or(source);
    let path = source.split_once('?').map_or(source, |(path, _)| path);
    let is_local = path.starts_with('/') || path.starts_with("./") || path.starts_with("../");
    is_local.then(|| folder.join(path.replace("//", "/")))
}

/// The files below the folder of a unit that its plan may be made from.
pub(super) fn files_of(repo: &Repository, unit: &Workable<'_>) -> Vec<PathBuf> {
    let folder = unit.unit.path.in_root(&repo.root);
    files_below(&folder, &inner(repo, &unit.unit.path))
}

/// The folders of the units that lie in this one's.
fn inner(repo: &Repository, unit: &UnitPath) -> Vec<PathBuf> {
    repo.units.iter().filter(|other| other.path.lies_in(unit)).map(|other| other.path.in_root(&repo.root)).collect()
}
