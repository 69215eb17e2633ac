//! The texts of the repository that change: its manifest, cargo's configuration, what git ignores. Each is known before
//! and after; nothing is written here.

use std::io;
use std::path::{Path, PathBuf};

use ignore::gitignore::GitignoreBuilder;
use similar::TextDiff;

use super::source::Source;
use super::{config, lock, there, workspace};
use crate::model::{Failure, Failures, regular};
use crate::repo::settings::{self, LOCAL, Target};
use crate::tasks::personal;
use crate::tools::env::Env;

/// The file that says what git ignores.
const IGNORE: &str = ".gitignore";
/// The file that pins the versions of all dependencies.
pub(super) const LOCK: &str = "Cargo.lock";

/// A text that changes.
#[derive(Debug)]
pub(super) struct Text {
    /// The file, from the root.
    pub(super) name: &'static str,
    /// The file on disk.
    pub(super) path: PathBuf,
    /// What it has now; nothing if it isn't there.
    pub(super) before: Option<Vec<u8>>,
    /// What it gets.
    pub(super) after: Vec<u8>,
}

impl Text {
    fn read(root: &Path, name: &'static str) -> Result<Self, Failure> {
        let path = root.join(name);
        let before = match regular::bytes(&path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::refused("cannot read a file").in_file(name).because(error)),
        };
        Ok(Self { name, path, after: before.clone().unwrap_or_default(), before })
    }

    /// The settings of this person.
    fn personal(root: &Path) -> Result<Self, Failure> {
        let before = personal::read(root)?.map(String::into_bytes);
        Ok(Self { name: LOCAL, path: root.join(LOCAL), after: before.clone().unwrap_or_default(), before })
    }

    /// What it has now, as text.
    fn text(&self) -> Result<&str, Failure> {
        let bytes = self.before.as_deref().unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Failure::refused("a file is not UTF-8").in_file(self.name))
    }

    /// Its change, as a unified diff; the pins of dependencies are many, and told by their number.
    pub(super) fn diff(&self) -> String {
        let (old, new) = (format!("a/{}", self.name), format!("b/{}", self.name));
        let old = if self.before.is_some() { old } else { "/dev/null".to_owned() };
        let after = String::from_utf8_lossy(&self.after);
        if self.name == LOCK {
            let n = after.lines().filter(|line| *line == "[[package]]").count();
            return format!("--- {old}\n+++ {new}\n@@ {n} packages, as they were tested together @@\n");
        }
        let before = String::from_utf8_lossy(self.before.as_deref().unwrap_or_default());
        TextDiff::from_lines(&*before, &*after).unified_diff().header(&old, &new).to_string()
    }
}

/// The texts that change, in the order in which they are shown; all that stands against it, if anything does.
pub(super) fn gather(
    root: &Path,
    source: &Source,
    personal: &[(String, String)],
    vars: &Env,
) -> Result<Vec<Text>, Failures> {
    let mut manifest = Text::read(root, workspace::FILE)?;
    let mut cargo = Text::read(root, config::file(root))?;
    let mut ignored = Text::read(root, IGNORE)?;
    let mut lock = Text::read(root, LOCK)?;
    let mut own = Text::personal(root)?;
    let has_own_rust = workspace::has_own_rust(manifest.text()?);
    let mut failures = Vec::new();
    let mut take = |text: &mut Text, merged: Result<String, Failure>| match merged {
        Ok(merged) => text.after = merged.into_bytes(),
        Err(failure) => failures.push(there::outside(failure, root)),
    };
    let merged = cargo.text().and_then(|text| config::merge(text, cargo.name, source.mode, has_own_rust));
    take(&mut cargo, merged);
    let config = String::from_utf8_lossy(&cargo.after).into_owned();
    let merged = manifest.text().and_then(|text| workspace::merge(text, source.mode, &config));
    take(&mut manifest, merged);
    let merged = own.text().and_then(|text| {
        let set = |text: String, (key, value): &(String, String)| {
            settings::set(&text, LOCAL, Target::Personal, key, value.as_str())
        };
        personal.iter().try_fold(text.to_owned(), set)
    });
    take(&mut own, merged);
    let merged = ignored.text().map(ignoring);
    take(&mut ignored, merged);
    Failures::check(failures)?;
    if let (None, Some(tested)) = (&lock.before, source.lock.as_ref().filter(|_| !has_own_rust)) {
        lock.after = lock::of_crate(tested, source, &manifest.after, &cargo.after, vars);
    }
    let all = [manifest, cargo, ignored, lock, own];
    Ok(all.into_iter().filter(|text| text.before.as_deref().unwrap_or_default() != text.after).collect())
}

/// What git ignores, with what a run leaves behind.
fn ignoring(text: &str) -> String {
    let mut patterns = GitignoreBuilder::new("");
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        // A line that is no pattern is git's affair.
        let _ = patterns.add_line(None, line);
    }
    if patterns.build().is_ok_and(|patterns| patterns.matched(".xtask", true).is_ignore()) {
        return text.to_owned();
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let open = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{open}/.xtask/{end}")
}

/// Files of the crate that git would leave out, each with the line that says so.
pub(super) fn left_out_by_git(root: &Path, source: &Source) -> Vec<(String, String)> {
    let Ok(text) = regular::text(root.join(IGNORE)) else { return Vec::new() };
    let mut left_out = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut pattern = GitignoreBuilder::new("");
        let is_pattern = pattern.add_line(None, line).is_ok();
        let Some(pattern) = pattern.build().ok().filter(|_| is_pattern) else { continue };
        let ignored = |name: &&String| {
            pattern.matched_path_or_any_parents(format!("{}/{name}", there::FOLDER), false).is_ignore()
        };
        if let Some(name) = source.files.keys().find(ignored) {
            left_out.push((format!("{IGNORE}:{}", at + 1), format!("{}/{name}", there::FOLDER)));
        }
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::ignoring;

    #[test]
    fn what_is_ignored_already_is_not_ignored_twice() {
        for text in ["/.xtask/\n", ".xtask\n", "# all hidden\n.*\n", "/.xtask/**\n.xtask/"] {
            assert_eq!(ignoring(text), text);
        }
        assert_eq!(ignoring(""), "/.xtask/\n");
        assert_eq!(ignoring("*.log"), "*.log\n/.xtask/\n");
        assert_eq!(ignoring("*.log\r\n!.xtask\r\n"), "*.log\r\n!.xtask\r\n/.xtask/\r\n");
    }
}
