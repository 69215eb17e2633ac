//! The trap between terraform and tofu: terragrunt 0.57.12 went over from one to the other where both are installed, and a
//! state that one has written the other may not read.

use crate::model::{Version, regular};
use crate::repo::{Repository, Unit};
use crate::tasks::doctor::finding::Finding;

/// From here on terragrunt takes tofu where both are installed.
const TAKES_TOFU: Version = Version::new(0, 57, 12);

/// Who has written a unit's lock file or state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Terraform,
    Tofu,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::Tofu => "tofu",
        }
    }
}

/// Compares who wrote what is there with who would be started.
pub(in crate::tasks::doctor) fn engine(
    repo: &Repository,
    terragrunt: Option<Version>,
    installed: &dyn Fn(&str) -> bool,
) -> Finding {
    const NAME: &str = "terraform or tofu";
    let written: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, writer(repo, unit)?))).collect();
    let Some((first, engine)) = written.first() else {
        return Finding::skip(NAME, "no lock file and no local state says who wrote the states");
    };
    if let Some((other, _)) = written.iter().find(|(_, other)| other != engine) {
        return Finding::warn(
            NAME,
            format!("`{}` was written by {}, `{}` by the other", first.path, engine.name(), other.path),
        );
    }
    let hcl = repo.units.iter().find_map(|unit| unit.terraform_binary.as_ref()?.0.value());
    let said = repo.settings.terraform_binary().or(hcl.map(String::as_str));
    let both = installed("terraform") && installed("tofu");
    let would = match said {
        Some(said) => said.rsplit('/').next().unwrap_or(said),
        None if both && terragrunt.is_some_and(|version| version >= TAKES_TOFU) => "tofu",
        None if installed("terraform") => "terraform",
        None if installed("tofu") => "tofu",
        None => return Finding::skip(NAME, "neither is installed"),
    };
    let writer = engine.name();
    if would == writer {
        return Finding::ok(NAME, format!("{writer} wrote what is there, and {writer} will be started"));
    }
    let by_itself = if said.is_none() && both { ", which terragrunt takes by itself from 0.57.12 on" } else { "" };
    Finding::fail(NAME, format!("{writer} wrote what is there, and {would} would be started{by_itself}"))
        .to_do(format!("`terraform-binary = \"{writer}\"` under [workspace.metadata.xtask] in Cargo.toml, or move the states over on purpose"))
}

/// The registry in the unit's lock file, or that of the providers in a state beside it.
fn writer(repo: &Repository, unit: &Unit) -> Option<Engine> {
    let folder = unit.path.in_root(&repo.root);
    let texts = [".terraform.lock.hcl", "terraform.tfstate"].map(|name| regular::text(folder.join(name)).ok());
    texts.into_iter().flatten().find_map(|text| by_registry(&text))
}

fn by_registry(text: &str) -> Option<Engine> {
    match (text.contains("registry.opentofu.org/"), text.contains("registry.terraform.io/")) {
        (true, _) => Some(Engine::Tofu),
        (false, true) => Some(Engine::Terraform),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_tells_who_wrote_a_lock_file() {
        assert_eq!(by_registry("provider \"registry.opentofu.org/hashicorp/aws\" {"), Some(Engine::Tofu));
        assert_eq!(by_registry("provider \"registry.terraform.io/hashicorp/aws\" {"), Some(Engine::Terraform));
        assert_eq!(by_registry("{}"), None);
    }
}
