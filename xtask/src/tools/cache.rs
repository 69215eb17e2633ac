//! terragrunt's cache of a unit, `.terragrunt-cache`: what terraform left there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::regular;

/// The file into which Terraform writes a state that it could not save where it belongs
/// (<https://developer.hashicorp.com/terraform/cli/state/recover>).
const ERRORED: &str = "errored.tfstate";

/// States that an earlier apply could not save. The next source update would delete them.
pub fn errored_states(unit: &Path) -> Vec<PathBuf> {
    let mut found = files(unit, &|name| name == ERRORED);
    found.sort();
    found
}

/// How many `provider` blocks lie in the unit's folder and in its cache, as far as it is filled.
pub fn n_providers(unit: &Path) -> usize {
    let blocks = |path: PathBuf| {
        let text = regular::text(path).unwrap_or_default();
        text.lines().filter(|line| line.starts_with("provider \"")).count()
    };
    files(unit, &|name| name.ends_with(".tf")).into_iter().map(blocks).sum()
}

/// Where modules and providers are kept: by terragrunt, and by terraform alone.
const CACHES: [&str; 2] = [".terragrunt-cache", ".terraform"];

/// Whether anything has been put there.
pub fn is_filled(unit: &Path) -> bool {
    let mut caches = CACHES.iter().map(|name| fs::read_dir(unit.join(name)));
    caches.any(|found| found.is_ok_and(|mut entries| entries.next().is_some()))
}

/// How many bytes of the disk it takes. What lies elsewhere and is linked here doesn't count.
pub fn size(unit: &Path) -> u64 {
    let mut folders: Vec<_> = CACHES.iter().map(|name| unit.join(name)).collect();
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => bytes += found.blocks() * 512,
                Err(_) => {}
            }
        }
    }
    bytes
}

/// The files of the unit's own folder and of its cache. Below the cache hidden folders hold what Terraform downloaded.
fn files(unit: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![unit.join(".terragrunt-cache")];
    collect(unit, wanted, &mut found, &mut Vec::new());
    while let Some(folder) = folders.pop() {
        collect(&folder, wanted, &mut found, &mut folders);
    }
    found
}

fn collect(folder: &Path, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<PathBuf>, folders: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !name.starts_with('.') => folders.push(entry.path()),
            Ok(kind) if kind.is_file() && wanted(&name) => found.push(entry.path()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_state_that_could_not_be_saved_is_found_where_terraform_left_it() {
        let unit = tempfile::tempdir().unwrap();
        assert!(errored_states(unit.path()).is_empty());
        let left = unit.path().join(".terragrunt-cache/a/b/modules/x/errored.tfstate");
        write(&left, "{}");
        write(&unit.path().join(".terragrunt-cache/a/b/.terraform/errored.tfstate"), "{}");
        assert_eq!(errored_states(unit.path()), [left]);
    }

    #[test]
    fn what_is_linked_from_elsewhere_takes_no_room() {
        let unit = tempfile::tempdir().unwrap();
        assert!(!is_filled(unit.path()) && size(unit.path()) == 0);
        let providers = unit.path().join(".terragrunt-cache/a/b/.terraform/providers");
        write(&unit.path().join("shared"), &"x".repeat(1 << 20));
        fs::create_dir_all(&providers).unwrap();
        std::os::unix::fs::symlink(unit.path().join("shared"), providers.join("aws")).unwrap();
        assert!(is_filled(unit.path()) && size(unit.path()) < 1 << 16);
        write(&providers.join("null"), &"x".repeat(1 << 20));
        assert!(size(unit.path()) >= 1 << 20);
    }
}
