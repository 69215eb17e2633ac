//! The record of an adoption, kept in the crate's folder: the hash of each file as it was put there, so that the next
//! adoption knows what was changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::model::{Failure, regular};
use crate::tools::hash::sha256;

/// The record's name.
pub(super) const FILE: &str = "adopted.json";

/// The record.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    schema: u32,
    /// The version that was adopted.
    pub(super) version: String,
    /// SHA-256 by path.
    files: BTreeMap<String, String>,
}

impl Record {
    /// The record of what is put there.
    pub(super) fn of(source: &Source) -> Self {
        let files = source.files.iter().map(|(name, bytes)| (name.clone(), hash(bytes))).collect();
        Self { schema: 1, version: source.version.clone(), files }
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings can be written as JSON") + "\n"
    }

    /// The record in the crate's folder; none where the crate was copied by hand.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(FILE);
        let Ok(bytes) = regular::bytes(&path) else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Failure::refused("the record of an earlier adoption can't be read")
                .in_file(format!("xtask/{FILE}"))
                .because(error)
                .hint("restore it with git, or remove it: what is then not known to be ours is treated as yours")
        })
    }
}

/// What stands in the crate's folder and is not as it was put there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LocalChanges {
    /// Files of the crate that were changed or removed, and would be overwritten.
    pub(super) lost: BTreeSet<String>,
    /// Files that were added; they stay.
    pub(super) kept: BTreeSet<String>,
}

/// Compares what is there with what was put there and what is to come.
pub(super) fn local_changes(
    there: &BTreeMap<String, Vec<u8>>,
    record: Option<&Record>,
    new: &BTreeMap<String, Vec<u8>>,
) -> LocalChanges {
    let mut changes = LocalChanges::default();
    let none = BTreeMap::new();
    let put = record.map_or(&none, |record| &record.files);
    for (name, bytes) in there.iter().filter(|(name, _)| *name != FILE) {
        let is_as_put = put.get(name).is_some_and(|hashed| *hashed == hash(bytes));
        let is_new = new.get(name).is_some_and(|new| same(new, bytes));
        match (put.contains_key(name) || new.contains_key(name), is_as_put || is_new) {
            (true, false) => drop(changes.lost.insert(name.clone())),
            (false, _) => drop(changes.kept.insert(name.clone())),
            (true, true) => {}
        }
    }
    let removed = put.keys().filter(|name| !there.contains_key(*name) && new.contains_key(*name));
    changes.lost.extend(removed.cloned());
    changes
}

/// Whether two texts are the same but for their line ends, which git may change on the way.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || unix(a) == unix(b)
}

fn hash(bytes: &[u8]) -> String {
    sha256(unix(bytes))
}

fn unix(bytes: &[u8]) -> Vec<u8> {
    let before_line_feed = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
    (0..bytes.len()).filter(|at| !before_line_feed(*at)).map(|at| bytes[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::adopt::source::Mode;

    fn files(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn record(put: &[(&str, &str)]) -> Record {
        Record::of(&Source {
            mode: Mode::Copied,
            version: "1".to_owned(),
            files: files(put),
            address: None,
            lock: None,
        })
    }

    fn changes(there: &[(&str, &str)], put: Option<&[(&str, &str)]>, new: &[(&str, &str)]) -> (String, String) {
        let changes = local_changes(&files(there), put.map(record).as_ref(), &files(new));
        let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(" ");
        (list(changes.lost), list(changes.kept))
    }

    fn told(lost: &str, kept: &str) -> (String, String) {
        (lost.to_owned(), kept.to_owned())
    }

    #[test]
    fn what_was_changed_here_is_told_from_what_was_put_here() {
        let put: &[(&str, &str)] = &[("a", "1\n"), ("b", "1\n"), ("c", "1\n"), ("gone", "1\n")];
        let new: &[(&str, &str)] = &[("a", "2\n"), ("b", "2\n"), ("c", "2\n"), ("d", "2\n"), ("gone", "2\n")];
        let there = [("a", "1\n"), ("b", "mine\n"), ("c", "2\r\n"), ("d", "mine\n"), ("e", "mine\n"), (FILE, "{}")];
        assert_eq!(changes(&there, Some(put), new), told("b d gone", "e"));
        assert_eq!(changes(&[("a", "1\r\n")], Some(&put[..1]), &[("a", "2\n")]), told("", ""));
    }

    #[test]
    fn a_file_that_the_new_release_no_longer_has_is_lost_only_if_it_was_changed() {
        assert_eq!(changes(&[("old", "1")], Some(&[("old", "1")]), &[]), told("", ""));
        assert_eq!(changes(&[("old", "mine")], Some(&[("old", "1")]), &[]), told("old", ""));
        assert_eq!(changes(&[], Some(&[("old", "1")]), &[]), told("", ""));
    }

    #[test]
    fn without_a_record_whatever_differs_may_be_a_change() {
        assert_eq!(changes(&[("a", "1"), ("b", "2"), ("c", "3")], None, &[("a", "1"), ("b", "1")]), told("b", "c"));
    }
}
