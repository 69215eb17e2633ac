//! The folder below `.terragrunt-cache` in which Terraform runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::log;
use crate::digest;
use crate::refusal::Outcome;
use crate::store;
use crate::unit::Unit;

/// Makes the folder ready. A source update empties it first, with whatever a plan has left there.
pub(super) fn prepare(folder: &Path, unit: &Unit, source_update: bool) -> Outcome<PathBuf> {
    let relative = PathBuf::from(".terragrunt-cache")
        .join(digest::hex(&folder.to_string_lossy(), 27))
        .join(digest::hex(&unit.key, 27));
    let cache = folder.join(&relative);
    if source_update && cache.exists() {
        fs::remove_dir_all(&cache).map_err(|error| store::at(&cache, error))?;
    }
    if !cache.join("main.tf").exists() {
        log::info(&format!("Downloading Terraform configurations into ./{}", relative.display()));
    }
    let write = |name: &str, text: String| -> Outcome {
        let file = cache.join(name);
        fs::write(&file, text).map_err(|error| store::at(&file, error))
    };
    fs::create_dir_all(&cache).map_err(|error| store::at(&cache, error))?;
    fs::copy(folder.join("terragrunt.hcl"), cache.join("terragrunt.hcl")).map_err(|error| store::at(&cache, error))?;
    write("main.tf", "# The module, in a rehearsal.\n".to_owned())?;
    write(
        "backend.tf",
        format!("terraform {{\n  backend \"s3\" {{\n    key = \"{}/terraform.tfstate\"\n  }}\n}}\n", unit.key),
    )?;
    write("provider.tf", format!("provider \"aws\" {{\n  region = \"{}\"\n}}\n", unit.region))?;
    Ok(cache)
}
