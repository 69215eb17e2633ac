//! Cargo's configuration in the repository: the alias that makes `cargo xtask` work, and a place for what is built that
//! terragrunt does not copy.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Value, value};

use super::crates;
use super::source::Mode;
use crate::model::{Failure, Place};
use crate::repo::toml;

const TARGET: &str = "\
# Hidden, because terragrunt copies the root of a repository into the cache of
# every unit whose module source is local; hidden folders are left out of it.
";

/// The profile of cargo's that builds the crate where others are built beside it.
pub(super) const PROFILE: &str = "xtask";

/// The file in a repository: the name without an ending wins where both are there.
pub(super) fn file(root: &Path) -> &'static str {
    let old = ".cargo/config";
    if root.join(old).is_file() { old } else { ".cargo/config.toml" }
}

/// The configuration with the alias. In a repository with Rust of its own, the place of what is built is its own affair.
pub(super) fn merge(text: &str, file: &str, mode: Mode, has_own_rust: bool) -> Result<String, Failure> {
    let line = |key: &str| text.lines().position(|line| line.trim_start().starts_with(key)).map(|at| at + 1);
    toml::change(text, file, |document| {
        let alias = document.get("alias").and_then(|alias| alias.get("xtask"));
        match alias.map(words) {
            Some(words) if is_ours(&words) => return address(document, words, mode),
            Some(_) => {
                return Err(Failure::refused(
                    "`cargo xtask` means something else in this repository, and that stays so",
                )
                .at(Place { file: file.to_owned(), line: line("xtask"), column: None }));
            }
            None => {}
        }
        let profile = if has_own_rust { format!(" --profile {PROFILE}") } else { String::new() };
        let alias = format!("run --package {}{profile} --bin xtask --", mode.package());
        toml::table(document, file, &["alias"], "")?.insert("xtask", value(alias));
        let has_target = document.get("build").is_some_and(|build| build.get("target-dir").is_some());
        if !has_own_rust && !has_target {
            let is_new = document.get("build").is_none();
            let comment = if is_new { TARGET } else { "" };
            let build = toml::table(document, file, &["build"], comment)?;
            build.insert("target-dir", value(".xtask/target"));
            if let Some(mut key) = build.key_mut("target-dir").filter(|_| !is_new) {
                key.leaf_decor_mut().set_prefix(TARGET);
            }
        }
        Ok(())
    })
}

/// Whether the alias builds the crate with a profile of its own.
pub(super) fn has_own_profile(text: &str) -> bool {
    let document: DocumentMut = text.strip_prefix('\u{feff}').unwrap_or(text).parse().unwrap_or_default();
    let words = document.get("alias").and_then(|alias| alias.get("xtask")).map(words).unwrap_or_default();
    words.windows(2).any(|pair| pair[0] == "--profile" && pair[1] == PROFILE)
        || words.contains(&format!("--profile={PROFILE}"))
}

fn words(alias: &Item) -> Vec<String> {
    match alias.as_str() {
        Some(line) => line.split_whitespace().map(str::to_owned).collect(),
        None => crates::words(alias.as_array()),
    }
}

/// Whether an alias runs the package `xtask`, in whatever way somebody wrote it.
fn is_ours(words: &[String]) -> bool {
    let runs = matches!(words.first().map(String::as_str), Some("run" | "r"));
    let by_path = words.iter().any(|word| word.trim_start_matches("./").ends_with("xtask/Cargo.toml"));
    runs && (by_path || words.iter().enumerate().any(|(at, _)| package_at(words, at).is_some()))
}

/// The flag in front of the package's name, if the word there is that name or ends in it.
fn package_at(words: &[String], at: usize) -> Option<&'static str> {
    let is_xtask = |spec: &str| spec.split('@').next() == Some("xtask");
    if let Some(spec) = words[at].strip_prefix("--package=") {
        return is_xtask(spec).then_some("--package=");
    }
    let before = at.checked_sub(1).map(|before| words[before].as_str());
    (matches!(before, Some("--package" | "-p")) && is_xtask(&words[at])).then_some("")
}

/// Lets an alias that is ours name the package that is meant now, and leaves everything else in it.
fn address(document: &mut DocumentMut, mut words: Vec<String>, mode: Mode) -> Result<(), Failure> {
    let before = words.clone();
    for at in 0..words.len() {
        if let Some(flag) = package_at(&words, at) {
            words[at] = format!("{flag}{}", mode.package());
        }
    }
    if let Some(alias) = document["alias"]["xtask"].as_value_mut().filter(|_| words != before) {
        let decor = alias.decor().clone();
        *alias = match alias {
            Value::Array(_) => Value::Array(Array::from_iter(words)),
            _ => Value::from(words.join(" ")),
        };
        *alias.decor_mut() = decor;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "\
[alias]
xtask = \"run --package xtask --bin xtask --\"

# Hidden, because terragrunt copies the root of a repository into the cache of
# every unit whose module source is local; hidden folders are left out of it.
[build]
target-dir = \".xtask/target\"
";

    fn merged(text: &str) -> String {
        merge(text, ".cargo/config.toml", Mode::Copied, false).expect("it is merged")
    }

    #[test]
    fn a_new_configuration_is_that_of_this_project() {
        assert_eq!(merged(""), NEW);
        let ours = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../.cargo/config.toml"));
        assert_eq!(ours.expect("this project has one"), NEW);
        assert_eq!(merged(NEW), NEW, "once is enough");
    }

    #[test]
    fn what_is_there_stays_where_it_is() {
        let text = "# top\n[build] # how\njobs = 4 # few\n\n[alias]\nb = \"build\"\n# c = \"check\"\n";
        let expected = "# top\n[build] # how\njobs = 4 # few\n# Hidden, because terragrunt copies the root of a repository into the cache of\n# every unit whose module source is local; hidden folders are left out of it.\ntarget-dir = \".xtask/target\"\n\n[alias]\nb = \"build\"\nxtask = \"run --package xtask --bin xtask --\"\n# c = \"check\"\n";
        assert_eq!(merged(text), expected);
        let elsewhere = "[build]\ntarget-dir = \"/scratch\"\n";
        assert!(!merged(elsewhere).contains(".xtask"));
    }

    #[test]
    fn beside_other_crates_the_alias_has_a_profile_of_its_own_and_what_is_built_stays_put() {
        let text = merge("", "c", Mode::Copied, true).expect("it is merged");
        assert_eq!(text, "[alias]\nxtask = \"run --package xtask --profile xtask --bin xtask --\"\n");
        assert!(has_own_profile(&text) && !has_own_profile(NEW));
    }

    #[test]
    fn an_alias_of_ours_is_understood_however_it_is_written() {
        for alias in [
            "'run -p xtask --release --'",
            "['run', '--package=xtask', '--']",
            "'run --manifest-path ./xtask/Cargo.toml --'",
            "[\"r\", \"-p\", \"xtask\", \"--\"] # why",
        ] {
            let text = format!("[alias]\nxtask = {alias}\n");
            assert_eq!(merged(&text), text);
        }
        let git = |text: &str| merge(text, "c", Mode::Git, false).expect("it is merged");
        assert_eq!(
            git("[alias]\nxtask = 'run -p xtask --' # why\n"),
            "[alias]\nxtask = \"run -p xtask@0.0.0 --\" # why\n"
        );
        assert_eq!(merged(&git(NEW)), NEW);
        for foreign in ["'run -p tasks --'", "'xtasks'", "'test -p xtask'", "[]", "1"] {
            let text = format!("[alias]\n  xtask = {foreign}\n");
            let refused = merge(&text, "c", Mode::Copied, false).expect_err("it is foreign");
            assert!(refused.to_string().contains("--> c:2"), "{refused}");
        }
    }
}
