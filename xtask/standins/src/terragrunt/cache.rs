//! The folder below `.terragrunt-cache` in which Terraform runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::log;
use crate::digest;
use crate::refusal::Outcome;
use crate::store;
use crate::unit::Unit;

/// The hash of a provider's package as it is here.
const OWN_HASH: &str = "\"h1:rehearsal";

/// What is unpacked already can only be compared with a hash of the unpacked package: one of the archive is no use to the
/// provider cache, and the lock file of a colleague on another platform has no other.
pub(super) fn refuse_foreign_lock(folder: &Path, has_provider_cache: bool) -> Outcome {
    let lock = fs::read_to_string(folder.join(".terraform.lock.hcl"));
    if !has_provider_cache
        || lock.is_ok_and(|text| text.contains(OWN_HASH))
        || !folder.join(".terraform.lock.hcl").exists()
    {
        return Ok(());
    }
    Err(log::error(
        "Error: Failed to install provider\n\nError while installing hashicorp/aws v5.0.0: the local package for\n\
         registry.terraform.io/hashicorp/aws 5.0.0 doesn't match any of the\nchecksums previously recorded in the \
         dependency lock file",
    ))
}

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
