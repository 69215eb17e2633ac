//! The rules of this code base, as tests: layering, sizes, openings, and words that must not appear.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of ours that holds more than this many lines is likely to hold more than one noun.
const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// Every text file of the repository, hidden folders but `.ci` and `.cargo` left out, with its path from the root.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                let ours = [".ci", ".cargo"].contains(&name.as_str());
                if ours || !(name.starts_with('.') || name == "target" || name == "fuzz") {
                    folders.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(root()).expect("it lies below the root").display().to_string(), text));
            }
        }
    }
    found.sort();
    found
}

fn rust() -> Vec<(String, String)> {
    files().into_iter().filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// Whether a file is a part of what users run.
fn is_shipped(path: &str) -> bool {
    ["xtask/src/", "xtask/hcl-resolve/src/"].iter().any(|room| path.starts_with(room))
}

fn violations(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let silent = rust().into_iter().filter(|(_, text)| !text.starts_with("//!"));
    violations(silent.map(|(path, _)| path).collect());
}

#[test]
fn no_file_holds_more_than_one_noun() {
    let ours = rust().into_iter().filter(|(path, _)| path.contains("/src/"));
    let long = ours.filter(|(_, text)| text.lines().count() > LONGEST);
    violations(long.map(|(path, text)| format!("{path}: {} lines", text.lines().count())).collect());
}

#[test]
fn knowledge_flows_from_tasks_down_to_model() {
    // What a room may not name.
    let forbidden: &[(&str, &[&str])] = &[
        ("xtask/src/model/", &["repo", "tools", "run", "report", "tasks", "cli"]),
        ("xtask/src/repo/", &["tools", "run", "report", "tasks", "cli"]),
        ("xtask/src/tools/", &["repo", "run", "report", "tasks", "cli"]),
        ("xtask/src/run/", &["repo", "report", "tasks", "cli"]),
        ("xtask/src/report/", &["repo", "tasks", "cli"]),
    ];
    let mut found = Vec::new();
    for (path, text) in rust() {
        let Some((_, rooms)) = forbidden.iter().find(|(room, _)| path.starts_with(room)) else { continue };
        for (n, line) in text.lines().enumerate() {
            if rooms.iter().any(|room| line.contains(&format!("crate::{room}::"))) {
                found.push(format!("{path}:{}: {line}", n + 1));
            }
        }
    }
    violations(found);
}

#[test]
fn no_debug_representation_is_formatted_outside_of_tests() {
    // The crashes are a test by themselves.
    let is_test = |path: &str| path.ends_with("tests.rs") || path.contains("/tests/") || path.ends_with("run/crash.rs");
    let ours = rust().into_iter().filter(|(path, _)| is_shipped(path) && !is_test(path));
    let mut found = Vec::new();
    for (path, text) in ours {
        let text = text.split("mod tests {").next().unwrap_or_default();
        let debug = text.lines().enumerate().filter(|(_, line)| line.contains(":?}") || line.contains(":#?}"));
        found.extend(debug.map(|(n, line)| format!("{path}:{}: {}", n + 1, line.trim())));
    }
    violations(found);
}

#[test]
fn only_one_file_starts_processes() {
    let ours = rust().into_iter().filter(|(path, _)| is_shipped(path));
    let starting = ours.filter(|(path, text)| text.contains("Command::new") && path != "xtask/src/tools/process.rs");
    violations(starting.map(|(path, _)| path).collect());
}

#[test]
fn nothing_unfinished_and_no_sleeping_test_is_left() {
    let words = [concat!("to", "do!("), concat!("unimplemented", "!("), concat!("dbg", "!("), concat!("#[ig", "nore")];
    let mut found = Vec::new();
    for (path, text) in rust() {
        let sleeping = path.contains("/tests/") && text.contains(concat!("sl", "eep("));
        if sleeping || words.iter().any(|word| text.contains(word)) {
            found.push(path);
        }
    }
    violations(found);
}

#[test]
fn the_changelog_names_the_version() {
    let changelog = fs::read_to_string(root().join("xtask/CHANGELOG.md")).unwrap();
    assert!(changelog.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn every_command_in_the_readme_exists() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut n = 0;
    let mut found = Vec::new();
    for line in readme.lines().filter_map(|line| line.trim().strip_prefix("cargo xtask ")) {
        let command = line.split('#').next().unwrap_or_default();
        let words: Vec<_> = command.split_whitespace().take_while(|word| *word != "|" && *word != ">").collect();
        let argv = std::iter::once("xtask").chain(words.iter().copied());
        let parsed = <xtask::cli::Cli as clap::Parser>::try_parse_from(argv);
        if let Err(error) = parsed
            && error.use_stderr()
        {
            found.push(format!("cargo xtask {command}: {error}"));
        }
        n += 1;
    }
    assert!(n >= 5, "the README shows commands by example");
    violations(found);
}

#[test]
fn commands_in_messages_are_as_they_are_typed() {
    const COMMANDS: [&str; 13] = [
        "units",
        "why",
        "status",
        "build-images",
        "bump-tags",
        "apply-all",
        "update",
        "doctor",
        "changes",
        "verify",
        "runs",
        "rehearse",
        "adopt",
    ];
    const RUNS: [&str; 4] = ["show", "resume", "logs", "clean"];
    let is_command = |text: &str| {
        let Some(name) = COMMANDS.into_iter().find(|name| text.starts_with(name)) else { return false };
        let rest = text[name.len()..].strip_prefix(' ').unwrap_or_default();
        rest.starts_with("--") || name == "runs" && RUNS.iter().any(|word| rest.starts_with(word))
    };
    // Behind a backtick the name alone is one, too.
    let is_named = |text: &str| {
        COMMANDS.iter().any(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(['`', ' '])))
    };
    let mut found = Vec::new();
    for (path, text) in rust().into_iter().filter(|(path, _)| path.starts_with("xtask/src/")) {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = text.lines().enumerate().map(|(n, line)| (n, line.trim_start()));
        for (n, line) in
            lines.filter(|(_, line)| !line.starts_with("//") && !line.starts_with('#') && !line.contains("cmd!"))
        {
            let strings = line.split('"').skip(1).step_by(2);
            for string in strings {
                let starts = string
                    .char_indices()
                    .filter(|(at, _)| *at == 0 || [' ', '`'].contains(&char::from(string.as_bytes()[at - 1])));
                let bare = starts
                    .filter(|(at, _)| !string[..*at].ends_with("cargo xtask ") && !string[..*at].ends_with(" -- "));
                let mut bare = bare.filter(|(at, _)| {
                    is_command(&string[*at..]) || string[..*at].ends_with('`') && is_named(&string[*at..])
                });
                if bare.next().is_some() {
                    found.push(format!("{path}:{}: {line}", n + 1));
                }
            }
        }
    }
    violations(found);
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = fs::read_to_string(root().join("xtask/docs/security.md")).unwrap();
    let rust = rust();
    let names = page.split('`').filter(|word| word.contains("::") && !word.contains(char::is_whitespace));
    let names: Vec<_> = names.map(|path| path.rsplit("::").next().unwrap_or(path)).collect();
    assert!(!names.is_empty(), "the page names tests");
    let exists = |name: &str| rust.iter().any(|(_, text)| text.contains(&format!("fn {name}(")));
    violations(names.into_iter().filter(|name| !exists(name)).map(str::to_owned).collect());
}
