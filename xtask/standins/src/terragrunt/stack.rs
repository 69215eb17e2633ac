//! `stack generate`: copies the files of the units that the rehearsal has written down for the stack in this folder.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::refusal::{Outcome, Refusal};
use crate::store;
use crate::world::World;

/// What is written down of the units of a copy, as far as it is about stacks.
#[derive(Default, Deserialize)]
struct Facts {
    root: PathBuf,
    units: BTreeMap<String, Told>,
}

#[derive(Deserialize)]
struct Told {
    /// The folder with the stack file, and the one that is copied.
    stack: Option<[PathBuf; 2]>,
}

pub(super) fn generate(world: &World) -> Outcome {
    let folder = env::current_dir().map_err(|error| Refusal::of_rehearsal("tell the current folder", error))?;
    if !folder.join("terragrunt.stack.hcl").is_file() {
        return Err(Refusal::new(1, "rehearsal: there is no `terragrunt.stack.hcl` in this folder".to_owned()));
    }
    let facts: Facts = store::read(&world.file("units.json"))?;
    for (path, told) in facts.units {
        if let Some([stack, source]) = told.stack
            && stack == folder
        {
            copy(&source, &facts.root.join(path))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).map_err(|error| store::at(to, error))?;
    for entry in fs::read_dir(from).map_err(|error| store::at(from, error))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|error| store::at(&source, error))?;
        }
    }
    Ok(())
}
