//! The path of a unit.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// What the root itself is called as a unit.
const ROOT: &str = ".";

/// The folder of a unit, relative to the repository root, with forward slashes: `dev/us-east-1/mgmt/ecs-deploy-runner`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct UnitPath(String);

impl UnitPath {
    /// Takes a folder below the root; `None` if it is not valid UTF-8 or leaves the root.
    pub fn new(relative: &Path) -> Option<Self> {
        let mut parts = Vec::new();
        for component in relative.components() {
            match component {
                std::path::Component::Normal(part) => parts.push(part.to_str()?),
                std::path::Component::CurDir => {}
                _ => return None,
            }
        }
        Some(Self(if parts.is_empty() { ROOT.to_owned() } else { parts.join("/") }))
    }

    /// The path with forward slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder on disk.
    pub fn in_root(&self, root: &Path) -> PathBuf {
        if self.0 == ROOT { root.to_owned() } else { root.join(&self.0) }
    }

    /// A name for files that belong to this unit: no two units share it, and it has no slash.
    pub fn slug(&self) -> String {
        if self.0 == ROOT { "~".to_owned() } else { self.0.replace('~', "~~").replace('/', "~") }
    }
}

impl fmt::Display for UnitPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
