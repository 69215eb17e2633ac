//! The text files of a checkout that people run or configure something with: HCL, scripts, files of CI.

use ignore::WalkBuilder;

use super::{Repository, discover, files};
use crate::model::regular;

/// What is longer is no script of anybody's.
const LONGEST: u64 = 512 << 10;
/// Folders that hold copies, builds and history.
const LEFT_OUT: [&str; 6] = [".git", ".xtask", ".terragrunt-cache", ".terraform", "target", "node_modules"];
/// Where CI keeps its files, from the top of a checkout.
const CI: [&str; 8] = [
    "_ci/",
    ".github/workflows/",
    ".circleci/",
    ".gitlab/",
    ".gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
];

/// A text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The file, relative to what was opened.
    pub file: String,
    /// What is in it.
    pub text: String,
}

impl Text {
    /// Whether it is HCL.
    pub fn is_hcl(&self) -> bool {
        self.file.ends_with(".hcl")
    }

    /// Whether CI runs it, or is configured by it.
    pub fn is_ci(&self) -> bool {
        let from_top = self.file.trim_start_matches("../");
        CI.iter().any(|way| from_top.starts_with(way) || from_top.contains(&format!("/{way}")))
    }

    /// Whether its path says that it is about a runner.
    pub fn is_about_the_runner(&self) -> bool {
        self.file.contains("ecs-deploy-runner")
    }

    /// Its lines, numbered from 1, without those that are comments.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with('#') && !line.trim_start().starts_with("//"))
    }
}

impl Repository {
    /// All of them, by path; what git ignores is left out, and so is this crate itself.
    pub fn texts(&self) -> Vec<Text> {
        let top = discover::git_root(&self.root).unwrap_or(&self.root);
        let walk = WalkBuilder::new(top)
            .hidden(false)
            .filter_entry(|entry| {
                let is_left_out = LEFT_OUT.iter().any(|name| entry.file_name() == *name);
                // Fixtures and stand-ins of ours are nobody's scripts.
                let is_ours = entry.file_name() == "xtask" && entry.path().join("Cargo.toml").is_file();
                !is_left_out && !is_ours
            })
            .build();
        let mut found: Vec<_> = walk
            .flatten()
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter(|entry| is_wanted(&entry.file_name().to_string_lossy()))
            .filter(|entry| entry.metadata().is_ok_and(|file| file.len() <= LONGEST))
            .filter_map(|entry| {
                let text = regular::text(entry.path()).ok()?;
                Some(Text { file: files::relative(&self.root, entry.path()).display().to_string(), text })
            })
            .collect();
        found.sort_by(|one, other| one.file.cmp(&other.file));
        found
    }
}

fn is_wanted(name: &str) -> bool {
    let by_name = ["Makefile", "makefile", "justfile", "Justfile", "Jenkinsfile", "Rakefile", "Taskfile"];
    let by_end = [".hcl", ".sh", ".bash", ".zsh", ".py", ".yml", ".yaml", ".mk"];
    by_name.contains(&name) || by_end.iter().any(|end| name.ends_with(end))
}
