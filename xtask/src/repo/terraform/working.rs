//! The folder that Terraform runs in for a unit of Terragrunt, where its module lies on this disk: the files of the module,
//! and over them those beside the unit, which Terragrunt copies there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::runner::Calls;
use super::{runner, standard};
use crate::repo::files::Files;
use crate::repo::hcl::Fault;
use crate::repo::hcl::terraform::{Engine, Folder, Listing};
use crate::repo::shape::RUNNER_INPUTS;

/// The folder that Terraform runs in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::repo) struct WorkingFolder {
    /// The folder of the module, from which its own modules are called.
    dir: PathBuf,
    /// The folder of the unit, where it is another and has files of Terraform.
    beside: Option<PathBuf>,
    /// The program that the unit states.
    stated: Option<Engine>,
}

/// What the module of a unit is to a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repo) enum Role {
    /// It takes the images itself: a runner's module, or a copy of one.
    Takes,
    /// It calls one.
    PassesOn,
    /// It has nothing to do with one.
    Other,
}

impl WorkingFolder {
    /// That of a unit whose module is in `module`; without a source the unit's folder is the module.
    pub(in crate::repo) fn of(
        files: &Files,
        module: Option<&Path>,
        unit: &Path,
        stated: Option<Engine>,
    ) -> Option<Self> {
        let own = !Listing::of(files, unit, Engine::Unknown).is_empty();
        match module {
            Some(module) => {
                let beside = (own && module != unit).then(|| unit.to_owned());
                Some(Self { dir: module.to_owned(), beside, stated })
            }
            None => own.then(|| Self { dir: unit.to_owned(), beside: None, stated }),
        }
    }

    /// Its files.
    pub(in crate::repo) fn listing(&self, files: &Files) -> Listing {
        let mut listing = Listing::of(files, &self.dir, Engine::Unknown);
        self.beside.iter().for_each(|unit| listing.add(files, unit));
        let engine = super::engine(files, self.stated, &listing);
        listing.for_engine(engine)
    }

    pub(super) fn read(&self, files: &Files) -> Result<Folder, Fault> {
        Folder::listed(files, &self.dir, &self.dir, &self.listing(files))
    }

    /// The folders of the modules that Terraform reads here, this one included.
    pub(in crate::repo) fn modules(&self, files: &Files) -> HashSet<PathBuf> {
        let mut found = HashSet::from([self.dir.clone()]);
        // What can't be read is told of by whoever needs it.
        let read = |listing: &Listing| Folder::listed(files, &self.dir, &self.dir, listing).ok();
        for folder in self.listing(files).each_way().iter().filter_map(read) {
            runner::called(files, &folder, &mut found);
        }
        found
    }

    /// What the module is to a runner.
    pub(in crate::repo) fn role(&self, files: &Files) -> Role {
        let mut roles = self.listing(files).each_way().into_iter().map(|listing| self.role_of(files, &listing));
        roles.find(|role| *role != Role::Other).unwrap_or(Role::Other)
    }

    fn role_of(&self, files: &Files, listing: &Listing) -> Role {
        // Most modules call no other and take no images, so they aren't even parsed.
        if !listing.mentions(files, &["module"]) && !listing.mentions(files, &RUNNER_INPUTS) {
            return Role::Other;
        }
        let Ok(folder) = Folder::listed(files, &self.dir, &self.dir, listing) else {
            // What can't be read is told of if it looks like one.
            let is_one = runner::looks_like_one(files, listing);
            return if is_one { Role::PassesOn } else { Role::Other };
        };
        if standard::is_copy(&folder) {
            return Role::Takes;
        }
        if Calls::of(files, &folder) != Calls::No {
            return Role::PassesOn;
        }
        if standard::takes_images(&folder) { Role::Takes } else { Role::Other }
    }
}
