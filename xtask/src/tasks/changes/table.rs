//! The table of changes, and what of it lies between two releases.

use std::fmt;

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::model::Version;

/// How a change matters to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something has to be done.
    Breaking,
    /// It closes a hole.
    Security,
    /// The same does something else.
    Behaviour,
    /// There is something new.
    Feature,
    /// A release of which the table says nothing, as GitHub has it.
    Release,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breaking => "breaking",
            Self::Security => "security",
            Self::Behaviour => "behaviour",
            Self::Feature => "feature",
            Self::Release => "release",
        })
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The release that brought it.
    #[serde(serialize_with = "as_text")]
    pub version: Version,
    /// How it matters.
    pub kind: Kind,
    /// What it is.
    pub what: String,
    /// What to do about it.
    #[serde(rename = "do")]
    pub to_do: Option<String>,
}

fn as_text<S: serde::Serializer>(version: &Version, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(version)
}

/// The table that comes with this program.
pub(super) fn embedded() -> Vec<Change> {
    read(include_str!("../../../data/changes.toml")).expect("a test reads the table")
}

fn read(text: &str) -> anyhow::Result<Vec<Change>> {
    let document: toml_edit::DocumentMut = text.parse()?;
    let rows =
        document.get("change").and_then(toml_edit::Item::as_array_of_tables).context("there is no `[[change]]`")?;
    let row = |row: &toml_edit::Table| {
        let word = |key: &str| row.get(key).and_then(toml_edit::Item::as_str);
        let version = word("version").and_then(Version::parse).with_context(|| format!("no version: {row}"))?;
        let kind = match word("kind") {
            Some("breaking") => Kind::Breaking,
            Some("security") => Kind::Security,
            Some("behaviour") => Kind::Behaviour,
            Some("feature") => Kind::Feature,
            _ => bail!("no kind: {row}"),
        };
        let what = word("what").with_context(|| format!("nothing is said: {row}"))?.to_owned();
        Ok(Change { version, kind, what, to_do: word("do").map(str::to_owned) })
    };
    rows.iter().map(row).collect()
}

/// The newest release that a table knows.
pub(super) fn newest_in(table: &[Change]) -> Option<Version> {
    table.iter().map(|change| change.version).max()
}

/// The releases that the table tells of, as their tags are written.
pub fn releases() -> Vec<String> {
    let mut names: Vec<_> = embedded().iter().map(|change| change.version.to_string()).collect();
    names.dedup();
    names
}

/// What comes with going from one release to another, or goes with going back: everything after the older one, up to and
/// with the newer one, ascending.
pub(super) fn between(table: &[Change], from: Version, to: Version) -> Vec<Change> {
    let (older, newer) = (from.min(to), from.max(to));
    let mut found: Vec<_> =
        table.iter().filter(|change| older < change.version && change.version <= newer).cloned().collect();
    found.sort_by_key(|change| change.version);
    found
}

/// The changes between two tags for which something has to be done, by the table that comes with this program. Tags that
/// are no releases say nothing.
pub fn breaking(from: &str, to: &str) -> Vec<Change> {
    let (Some(from), Some(to)) = (Version::parse(from), Version::parse(to)) else { return Vec::new() };
    let mut found = between(&embedded(), from, to);
    found.retain(|change| change.kind == Kind::Breaking);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("`{text}` is a version"))
    }

    fn versions(changes: &[Change]) -> Vec<String> {
        changes.iter().map(|change| change.version.to_string()).collect()
    }

    #[test]
    fn the_table_is_ascending_and_every_breaking_change_says_what_to_do() {
        let table = embedded();
        assert!(table.len() > 30 && table.is_sorted_by_key(|change| change.version));
        for change in &table {
            assert!(change.kind != Kind::Breaking || change.to_do.is_some(), "{change:?}");
        }
        assert_eq!(newest_in(&table), Some(version("v1.3.0")));
    }

    #[test]
    fn what_is_between_two_releases_leaves_the_older_one_out_and_has_the_newer_one() {
        let found = between(&embedded(), version("v0.50.6"), version("v0.51.2"));
        assert_eq!(versions(&found), ["v0.50.12", "v0.51.1", "v0.51.2"]);
        let back = between(&embedded(), version("v0.51.2"), version("v0.50.6"));
        assert_eq!(found, back, "going back is about the same changes");
        assert!(between(&embedded(), version("v1.3.0"), version("v1.3.0")).is_empty());
    }

    #[test]
    fn four_numbers_and_suffixes_stand_where_they_belong() {
        // A fourth number comes after the three, a fork's suffix is what it was made from.
        assert_eq!(versions(&between(&embedded(), version("v0.38.12.1"), version("v0.41.0-example.3"))), ["v0.41.0"]);
        assert_eq!(versions(&between(&embedded(), version("v0.38.10.1"), version("v0.40.0"))), ["v0.38.12"]);
    }

    #[test]
    fn breaking_changes_are_told_for_a_consent() {
        assert_eq!(versions(&breaking("v0.50.4", "v1.3.0")), ["v0.50.12", "v0.51.2", "v1.0.0"]);
        assert_eq!(versions(&breaking("v0.52.1", "v0.60.0")), [""; 0]);
        assert_eq!(versions(&breaking("deploy-runner-v1", "v1.3.0")), [""; 0]);
    }

    #[test]
    fn a_row_without_a_kind_is_refused() {
        assert!(read("[[change]]\nversion = 'v1.0.0'\nwhat = 'x'\nkind = 'other'\n").is_err());
        assert!(read("[[change]]\nversion = 'one'\nwhat = 'x'\nkind = 'feature'\n").is_err());
    }
}
