//! Which program runs a folder: OpenTofu reads `x.tofu` in the place of `x.tf`, Terraform reads no `.tofu` at all,
//! <https://opentofu.org/docs/language/files/>.

use std::path::Path;

/// The program that runs a folder, as far as it decides which files are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Terraform.
    Terraform,
    /// OpenTofu.
    OpenTofu,
    /// One of the two; files that they read differently are a fault.
    #[default]
    Unknown,
}

impl Engine {
    /// The engine that a program is, by its name.
    pub fn of(program: &str) -> Self {
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
        if name.contains("tofu") { Self::OpenTofu } else { Self::Terraform }
    }
}

/// What decides the engine of units in general.
#[derive(Clone, Copy, Debug, Default)]
pub struct Engines {
    /// The one that wins over whatever a unit states.
    pub setting: Option<Engine>,
    /// The only one that is installed.
    pub installed: Option<Engine>,
}
