//! The manifests of the crates that are put into a repository. They stand by themselves: what ours inherit from their
//! workspace is written out, and what is about tests is left out.

use std::path::Path;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use crate::model::{Failure, regular};
use crate::repo::toml;

/// What cargo finds in the folder of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Targets {
    /// A library.
    Library,
    /// A program.
    Program,
    /// A program and its library.
    Both,
}

/// The manifest of a crate by itself; `workspace` is the text of the manifest above it.
pub(super) fn by_itself(text: &str, workspace: &str, file: &str, targets: Targets) -> Result<String, Failure> {
    let workspace: DocumentMut = workspace.parse().unwrap_or_default();
    toml::change(text, file, |document| {
        inherit(document, &workspace);
        for tests in ["test", "bench", "dev-dependencies"] {
            document.remove(tests);
        }
        if let Some(package) = document["package"].as_table_mut() {
            for discovered in ["autotests", "autobenches", "autoexamples"] {
                package.insert(discovered, value(false));
            }
        }
        untested(document, targets);
        Ok(())
    })
}

/// Writes out what is inherited.
fn inherit(document: &mut DocumentMut, workspace: &DocumentMut) {
    let is_inherited = |item: &Item| item.get("workspace").and_then(Item::as_bool) == Some(true);
    let above =
        |path: [&str; 2]| workspace.get("workspace").and_then(|it| it.get(path[0])).and_then(|it| it.get(path[1]));
    if let Some(package) = document.get_mut("package").and_then(Item::as_table_mut) {
        let names: Vec<String> =
            package.iter().filter(|(_, item)| is_inherited(item)).map(|(name, _)| name.to_owned()).collect();
        for name in names {
            match above(["package", &name]).and_then(Item::as_value) {
                Some(inherited) => package.insert(&name, value(plain(inherited))),
                None => package.remove(&name),
            };
        }
    }
    if document.get("lints").is_some_and(is_inherited) {
        document.remove("lints");
        let mut lints = Table::new();
        lints.set_implicit(true);
        for tool in ["rust", "clippy"] {
            let levels = above(["lints", tool]).and_then(Item::as_table);
            let levels = levels.into_iter().flat_map(Table::iter).filter_map(|(name, it)| Some((name, it.as_value()?)));
            let levels: Table = levels.map(|(name, level)| (name.to_owned(), value(plain(level)))).collect();
            if !levels.is_empty() {
                lints.insert(tool, Item::Table(levels));
            }
        }
        if !lints.is_empty() {
            document.insert("lints", Item::Table(lints));
        }
    }
}

/// Without the comments that it has elsewhere.
fn plain(value: &toml_edit::Value) -> toml_edit::Value {
    let mut value = value.clone();
    value.decor_mut().clear();
    value
}

/// Keeps `cargo test` of the whole workspace from looking for tests in it.
fn untested(document: &mut DocumentMut, targets: Targets) {
    if targets != Targets::Program && document.get("lib").is_none() {
        document.insert("lib", Item::Table(Table::from_iter([("test", value(false)), ("doctest", value(false))])));
    }
    if targets == Targets::Library {
        return;
    }
    if document.get("bin").is_none() {
        let bin = Table::from_iter([("name", value("xtask")), ("path", value("src/main.rs"))]);
        document.insert("bin", Item::ArrayOfTables(ArrayOfTables::from_iter([bin])));
    }
    for bin in document["bin"].as_array_of_tables_mut().into_iter().flat_map(ArrayOfTables::iter_mut) {
        bin.insert("test", value(false));
    }
}

/// The manifest of a small crate that depends on the library by tag.
pub(super) fn depending(url: &str, tag: &str) -> String {
    let mut manifest: DocumentMut = DocumentMut::new();
    let package: [(&str, Item); 4] =
        [("name", value("xtask")), ("version", value("0.0.0")), ("edition", value("2024")), ("publish", value(false))];
    manifest.insert("package", Item::Table(Table::from_iter(package)));
    let source = InlineTable::from_iter([("git", url), ("tag", tag)]);
    let mut dependencies = Table::from_iter([("xtask", value(source))]);
    dependencies.decor_mut().set_prefix("\n");
    manifest.insert("dependencies", Item::Table(dependencies));
    manifest.to_string()
}

/// The version in a manifest.
pub(super) fn version(manifest: &[u8]) -> Option<String> {
    package(std::str::from_utf8(manifest).ok()?, "version")
}

/// The name of the package in a folder.
pub(super) fn name(folder: &Path) -> Option<String> {
    package(&regular::text(folder.join("Cargo.toml")).ok()?, "name")
}

/// Whether the package in a folder is this project's, copied by hand or by an adoption.
pub(super) fn is_ours(folder: &Path) -> bool {
    let text = regular::text(folder.join("Cargo.toml")).unwrap_or_default();
    package(&text, "name").as_deref() == Some("xtask")
        && (package(&text, "description").as_deref() == Some(env!("CARGO_PKG_DESCRIPTION")))
}

fn package(manifest: &str, key: &str) -> Option<String> {
    let document: DocumentMut = manifest.parse().ok()?;
    Some(document.get("package")?.get(key)?.as_str()?.to_owned())
}

/// The words of an array of strings.
pub(super) fn words(array: Option<&Array>) -> Vec<String> {
    array.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_stands_by_itself() {
        let workspace = "[workspace.package]\nedition = \"2024\" # ours\npublish = false\n[workspace.lints.rust]\nunsafe_code = \"deny\"\n";
        let text = "[package]\nname = \"xtask\" # the name\nedition.workspace = true\npublish.workspace = true\nlicense.workspace = true\n\n# By hand\n[[bench]]\nname = \"b\"\n\n# Few\n[dependencies]\na = \"1\" # one\n\n[dev-dependencies]\nb = \"1\"\n\n[lints]\nworkspace = true\n";
        let expected = "[package]\nname = \"xtask\" # the name\nedition = \"2024\"\npublish = false\nautotests = false\nautobenches = false\nautoexamples = false\n\n# Few\n[dependencies]\na = \"1\" # one\n\n[lints.rust]\nunsafe_code = \"deny\"\n\n[lib]\ntest = false\ndoctest = false\n\n[[bin]]\nname = \"xtask\"\npath = \"src/main.rs\"\ntest = false\n";
        assert_eq!(by_itself(text, workspace, "xtask/Cargo.toml", Targets::Both).expect("it is changed"), expected);
    }

    #[test]
    fn the_small_crate_depends_on_the_library_by_tag() {
        let expected = "[package]\nname = \"xtask\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\nxtask = { git = \"https://example.com/x.git\", tag = \"v0.1.0\" }\n";
        assert_eq!(depending("https://example.com/x.git", "v0.1.0"), expected);
    }
}
