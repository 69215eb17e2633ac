//! What Rust there is to build the crate with: missing, too old, or pinned to something too old.

use std::path::Path;

use toml_edit::DocumentMut;

use crate::model::{Version, regular};
use crate::tasks::context::Context;
use crate::tools::{process, programs};

/// The one line that installs Rust (<https://www.rust-lang.org/tools/install>).
const INSTALL: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";

/// What stands in the way of a build, and what to type; nothing if all is well.
pub(super) fn missing(context: &Context, root: &Path) -> Vec<String> {
    let Some(needed) = Version::parse(&three(env!("CARGO_PKG_RUST_VERSION"))) else { return Vec::new() };
    let Some(cargo) = programs::locate("cargo", root, &context.vars) else {
        return vec![format!("cargo is not on PATH; this installs it\n  {INSTALL}")];
    };
    let mut told = Vec::new();
    // Asked outside of the repository: there, rustup could begin to install what the repository pins.
    let said = process::captured(cargo, &["--version"], Path::new("/"), &context.vars).unwrap_or_default();
    let version = said.split_whitespace().nth(1).and_then(Version::parse);
    if let Some(version) = version.filter(|version| *version < needed) {
        told.push(format!("Rust {version} is too old, {needed} is needed\n  rustup update stable"));
    }
    if let Some((file, pinned)) = pinned(root)
        && Version::parse(&three(&pinned)).is_some_and(|version| version < needed)
    {
        told.push(format!("{file} pins Rust {pinned}, and {needed} or newer is needed"));
    }
    told
}

/// The toolchain that the repository pins, and the file that does.
fn pinned(root: &Path) -> Option<(&'static str, String)> {
    let plain = "rust-toolchain";
    let (file, text) = [plain, "rust-toolchain.toml"]
        .into_iter()
        .find_map(|file| Some((file, regular::text(root.join(file)).ok()?)))?;
    let document: DocumentMut = text.parse().unwrap_or_default();
    let channel = document.get("toolchain").and_then(|it| it.get("channel")).and_then(|it| it.as_str());
    Some((file, channel.unwrap_or(text.trim()).to_owned()))
}

/// `1.95` as the three numbers that it stands for.
fn three(version: &str) -> String {
    if version.matches('.').count() == 1 { format!("{version}.0") } else { version.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_pinned_toolchain_is_read_in_both_forms() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(pinned(root.path()), None);
        fs::write(root.path().join("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.80\"\n").expect("a file");
        assert_eq!(pinned(root.path()), Some(("rust-toolchain.toml", "1.80".to_owned())));
        fs::write(root.path().join("rust-toolchain"), "stable\n").expect("a file");
        assert_eq!(pinned(root.path()), Some(("rust-toolchain", "stable".to_owned())));
    }
}
