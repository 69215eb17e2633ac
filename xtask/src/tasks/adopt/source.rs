//! What is put into a repository: the crate and the stand-ins without their tests, or a small crate that depends on this
//! library by tag.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::crates::{self, Targets};
use crate::model::{Failure, regular};

/// Folders that nobody needs who only uses the crate.
const LEFT_OUT: [&str; 6] = ["tests", "benches", "examples", "fuzz", "snapshots", "target"];
/// Files beside the crate that belong to it: what it may be used for, how it is used, how its code is laid out.
const BESIDE: [&str; 5] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "clippy.toml", "rustfmt.toml"];

/// The small crate.
const MAIN: &str = include_str!("main.rs.in");

/// How the crate gets into a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Its source is copied.
    Copied,
    /// A small crate depends on it by git.
    Git,
}

impl Mode {
    /// The packages that become members of the workspace, by folder.
    pub(super) fn members(self) -> &'static [&'static str] {
        match self {
            Self::Copied => &["xtask", "xtask/standins"],
            Self::Git => &["xtask"],
        }
    }

    /// The package that `cargo run` is told to run. Two are called `xtask` where one depends on the other.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Copied => "xtask",
            Self::Git => "xtask@0.0.0",
        }
    }
}

/// The files of the crate, by path from its folder.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) mode: Mode,
    /// The version of the crate, or the tag.
    pub(super) version: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The git repository that has the rest of it, where it is not all here.
    pub(super) address: Option<String>,
    /// The versions of all dependencies that were tested together.
    pub(super) lock: Option<Vec<u8>>,
}

/// A small crate that depends on the library by tag.
pub(super) fn by_git(url: &str, tag: &str) -> Source {
    let manifest = crates::depending(url, tag);
    let files = [("Cargo.toml", manifest.into_bytes()), ("src/main.rs", MAIN.as_bytes().to_vec())];
    let files = files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
    Source { mode: Mode::Git, version: tag.to_owned(), files, address: Some(url.to_owned()), lock: None }
}

/// The crate in the checkout at `from`, without its tests.
pub(super) fn copied(from: &Path) -> Result<Source, Failure> {
    let folder = from.join("xtask");
    if crates::name(&folder).as_deref() != Some("xtask") || !folder.join("standins/Cargo.toml").is_file() {
        return Err(Failure::refused("there is no source of this project to copy")
            .in_file(from.display().to_string())
            .hint("run it in a checkout, or name one: --from PATH")
            .hint("or let the repository depend on it: --git URL --tag TAG"));
    }
    let mut files = BTreeMap::new();
    for path in paths(&folder)? {
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        files.insert(name, read(&path)?);
    }
    for name in BESIDE {
        if let (false, path) = (files.contains_key(name), from.join(name))
            && path.is_file()
        {
            files.insert(name.to_owned(), read(&path)?);
        }
    }
    let workspace = String::from_utf8_lossy(&read(&from.join("Cargo.toml"))?).into_owned();
    let targets = |folder: &str| {
        let is_there = |name: &str| files.contains_key(&format!("{folder}src/{name}"));
        match (is_there("lib.rs"), is_there("main.rs")) {
            (true, false) => Targets::Library,
            (false, _) => Targets::Program,
            (true, true) => Targets::Both,
        }
    };
    let folders = files.keys().filter_map(|name| name.strip_suffix("Cargo.toml"));
    let crates: Vec<_> = folders.map(|folder| (format!("{folder}Cargo.toml"), targets(folder))).collect();
    for (name, targets) in crates {
        let text = String::from_utf8_lossy(&files[&name]).into_owned();
        let manifest = crates::by_itself(&text, &workspace, &format!("xtask/{name}"), targets)?;
        files.insert(name, manifest.into_bytes());
    }
    forget_missing_tests(&mut files);
    let version = crates::version(&files["Cargo.toml"]).unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    Ok(Source { mode: Mode::Copied, version, files, address: None, lock: regular::bytes(from.join("Cargo.lock")).ok() })
}

/// What git would track in a folder, but for hidden files, tests, and what an adoption wrote there.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_wanted = |entry: &ignore::DirEntry| !LEFT_OUT.iter().any(|name| entry.file_name() == *name);
    let walk = WalkBuilder::new(folder).require_git(false).git_global(false).filter_entry(is_wanted).build();
    let mut found = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|error| Failure::refused("cannot read the source of this project").because(error))?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && entry.file_name() != super::record::FILE {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error| Failure::refused("cannot read the source of this project").because(anyhow::Error::new(error));
    regular::bytes(path).map_err(|error| cannot(error).in_file(path.display().to_string()))
}

/// Takes out the declarations of modules of tests that aren't there: the compiler wouldn't mind, rustfmt would.
fn forget_missing_tests(files: &mut BTreeMap<String, Vec<u8>>) {
    let there: Vec<String> = files.keys().cloned().collect();
    for (name, bytes) in files.iter_mut().filter(|(name, _)| name.ends_with(".rs")) {
        let folder = match name.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => name.trim_end_matches(".rs").to_owned(),
        };
        let is_missing = |module: &str| {
            let paths = [format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")];
            !paths.iter().any(|path| there.contains(path))
        };
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = without_declarations(text, &is_missing).into_bytes();
        }
    }
}

fn without_declarations(text: &str, is_missing: &dyn Fn(&str) -> bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let declared = lines.peek().filter(|_| line.trim() == "#[cfg(test)]").and_then(|next| declared(next));
        if declared.is_some_and(is_missing) {
            lines.next();
            // One empty line between two parts is enough.
            if kept.last().is_none_or(|line| line.trim().is_empty()) {
                lines.next_if(|line| line.trim().is_empty());
            }
        } else {
            kept.push(line);
        }
    }
    kept.concat()
}

/// The module that a line declares, if its text is in another file.
fn declared(line: &str) -> Option<&str> {
    line.trim().strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name).filter(|name| !name.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_declarations_of_missing_tests_are_taken_out() {
        let text = "mod a;\n\n#[cfg(test)]\npub(crate) mod tests;\n\nuse x;\n#[cfg(test)]\nmod here;\n#[cfg(test)]\nmod tests {\n}\n";
        let kept = without_declarations(text, &|name| name == "tests");
        assert_eq!(kept, "mod a;\n\nuse x;\n#[cfg(test)]\nmod here;\n#[cfg(test)]\nmod tests {\n}\n");
    }

    #[test]
    fn the_copy_has_everything_but_tests() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a checkout");
        let source = copied(checkout).expect("this is a checkout");
        let names: Vec<_> = source.files.keys().map(String::as_str).collect();
        for there in [
            "Cargo.toml",
            "README.md",
            "src/lib.rs",
            "hcl-resolve/src/lib.rs",
            "standins/Cargo.toml",
            "standins/sample/unit.hcl.in",
        ] {
            assert!(names.contains(&there), "{there} is missing");
        }
        let tests = names.iter().filter(|name| name.split('/').any(|part| LEFT_OUT.contains(&part)));
        assert_eq!(tests.count(), 0);
        assert_eq!(source.version, env!("CARGO_PKG_VERSION"));
    }
}
