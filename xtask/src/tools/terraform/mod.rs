//! terraform or tofu: which of them, and what its plans say.

pub mod elsewhere;
pub mod plan;
pub mod plan_file;
mod standalone;
pub mod state;

pub use standalone::{Standalone, selected_workspace};

use std::path::Path;

use crate::model::Failure;

/// Whether a program is OpenTofu.
pub fn is_tofu(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name.to_string_lossy().contains("tofu"))
}

/// The program that is installed, if the other one isn't.
pub fn only(installed: impl Fn(&str) -> bool) -> Option<&'static str> {
    match (installed("terraform"), installed("tofu")) {
        (true, false) => Some("terraform"),
        (false, true) => Some("tofu"),
        _ => None,
    }
}

/// Decides which program carries out a unit: the settings, `terraform_binary` in the HCL, or the only one that is
/// installed. terragrunt's own choice depends on its version (0.57.12 went over from terraform to tofu), and a state
/// written by one may not be readable for the other, so nothing is guessed.
pub fn choose<'a>(
    settings: Option<&'a str>,
    hcl: Option<&'a str>,
    installed: impl Fn(&str) -> bool,
) -> Result<&'a str, Failure> {
    if let Some(name) = settings.or(hcl) {
        return Ok(name);
    }
    only(&installed).ok_or_else(|| match installed("terraform") {
        false => Failure::refused("neither `terraform` nor `tofu` found on PATH")
            .hint("install the one that wrote your state"),
        true => Failure::refused("both `terraform` and `tofu` are installed, and nothing says which one is meant")
            .hint("add the one that wrote your state to [workspace.metadata.xtask] in Cargo.toml: terraform-binary = \"terraform\""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_come_before_the_hcl_and_that_before_what_is_installed() {
        let both = |_: &str| true;
        assert_eq!(choose(Some("tofu"), Some("terraform"), both).unwrap(), "tofu");
        assert_eq!(choose(None, Some("/opt/terraform"), both).unwrap(), "/opt/terraform");
        assert_eq!(choose(None, None, |name| name == "tofu").unwrap(), "tofu");
    }

    #[test]
    fn with_both_installed_nothing_is_guessed() {
        let failure = choose(None, None, |_| true).unwrap_err();
        assert!(failure.to_string().contains("terraform-binary = \"terraform\""));
        assert!(choose(None, None, |_| false).is_err());
    }
}
