//! What of a checkout differs from a commit, by its content. A consent covers the scripts and files that nobody has read,
//! such as those that hooks and provisioners run, for as long as the checkout is the same.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::tools::bound::is_left_out;
use crate::tools::git;
use crate::tools::hash::{self, sha256_of};

/// The tree without any file, which stands for the commit where there is none yet.
const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// The file that makes a folder a unit.
const UNIT: &str = "terragrunt.hcl";

/// The files of a checkout that differ from a commit, new ones included and ignored ones not.
#[derive(Debug)]
pub struct Changes {
    top: PathBuf,
    base: String,
    /// Paths below the top, each with what is there.
    files: Vec<(PathBuf, String)>,
    /// Those of them that the commit does not have.
    new: HashSet<PathBuf>,
}

impl Changes {
    /// What differs from the commit that is checked out; `None` where the folder is in no checkout, or git does not answer.
    pub fn since_commit(folder: &Path) -> Option<Self> {
        let top = git(folder, &["rev-parse", "--show-toplevel"]).ok()?;
        let top = PathBuf::from(top.trim_end_matches('\n'));
        let base = git(&top, &["rev-parse", "--verify", "--quiet", "HEAD"]);
        let base = base.map_or(EMPTY.to_owned(), |commit| commit.trim().to_owned());
        Self::since(&top, &base).ok()
    }

    /// What differs from this commit.
    pub fn since(top: &Path, base: &str) -> io::Result<Self> {
        let changed = git(
            top,
            &["diff", "--name-status", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", base, "--"],
        )?;
        let untracked = git(top, &["ls-files", "-z", "--others", "--exclude-standard"])?;
        let mut new: HashSet<PathBuf> = texts(&untracked).map(PathBuf::from).collect();
        let mut paths: Vec<PathBuf> = new.iter().cloned().collect();
        let mut words = texts(&changed);
        while let Some((status, path)) = words.next().zip(words.next()) {
            if status == "A" {
                new.insert(path.into());
            }
            paths.push(path.into());
        }
        paths.sort();
        paths.dedup();
        let is_output = |path: &PathBuf| new.contains(path) && is_output(&path.to_string_lossy());
        paths.retain(|path| !path.iter().any(|name| is_left_out(&name.to_string_lossy())) && !is_output(path));
        let files = paths.into_iter().map(|path| (content(&top.join(&path)), path)).map(|(what, path)| (path, what));
        Ok(Self { top: top.to_owned(), base: base.to_owned(), files: files.collect(), new })
    }

    /// The top of the checkout.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The hash of what may be read or run for a unit: everything but the folders of other units. Only the commit says what
    /// is another unit, so that a new file can't take a folder out of sight.
    pub fn sha256_for(&self, unit: &Path) -> String {
        let unit = unit.strip_prefix(&self.top).unwrap_or(unit);
        let lines = self.files.iter().filter(|(path, _)| !self.is_of_another(path, unit));
        hash::sha256(lines.map(|(path, what)| format!("{what}  {}\n", path.display())).collect::<String>())
    }

    /// The file among these that was changed last.
    pub fn newest_for(&self, unit: &Path) -> Option<&Path> {
        let unit = unit.strip_prefix(&self.top).unwrap_or(unit);
        let paths = self.files.iter().map(|(path, _)| path).filter(|path| !self.is_of_another(path, unit));
        let changed = |path: &&PathBuf| fs::symlink_metadata(self.top.join(path)).and_then(|it| it.modified()).ok();
        paths.max_by_key(changed).map(PathBuf::as_path)
    }

    /// Whether the innermost unit around a file is another one than this, and not around it.
    fn is_of_another(&self, path: &Path, unit: &Path) -> bool {
        let folders = path.ancestors().skip(1);
        let is_unit = |folder: &&Path| {
            let file = folder.join(UNIT);
            !self.new.contains(&file) && self.top.join(&file).is_file()
        };
        { folders }.find(is_unit).is_some_and(|folder| !unit.starts_with(folder))
    }
}

/// Whether a new file is by its name what somebody lets programs write, such as the output of this very run through `tee`,
/// and nothing that Terraform or a shell takes by itself.
fn is_output(path: &str) -> bool {
    let is_terraforms = [".tf.json", ".tofu.json", ".tfvars.json"].iter().any(|end| path.ends_with(end));
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    OUTPUTS.contains(&ending) && !is_terraforms
}

/// Endings of such files.
const OUTPUTS: [&str; 9] = ["csv", "err", "html", "json", "jsonl", "log", "md", "out", "txt"];

fn texts(list: &str) -> impl Iterator<Item = &str> {
    list.split('\0').filter(|text| !text.is_empty())
}

/// What is at a path: the hash of a file, where a link leads to, or that there is no file.
fn content(path: &Path) -> String {
    let link = fs::read_link(path).map(|to| format!("-> {} ", to.display())).unwrap_or_default();
    let what = if path.is_file() { sha256_of(path).ok() } else { None };
    format!("{link}{}", what.as_deref().unwrap_or("no file"))
}

fn git(folder: &Path, args: &[&str]) -> io::Result<String> {
    let answer = git::ask(folder, args).map_err(io::Error::other)?;
    answer.text().map(str::to_owned).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(top: &Path, file: &str, text: &str) {
        let path = top.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(top: &Path, args: &[&str]) {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        git(top, &[&identity, args].concat()).unwrap();
    }

    #[test]
    fn checkout_is_the_same_for_a_unit_until_something_changes_that_it_may_read_or_run() {
        let folder = tempfile::tempdir().unwrap();
        let top = &folder.path().canonicalize().unwrap();
        run(top, &["init", "--quiet"]);
        for (file, text) in [
            ("dev/runner/terragrunt.hcl", ""),
            ("dev/runner/inner/terragrunt.hcl", ""),
            ("dev/vpc/terragrunt.hcl", ""),
            ("scripts/hook.sh", "echo"),
            (".gitignore", "out\n.xtask\n"),
        ] {
            write(top, file, text);
        }
        run(top, &["add", "."]);
        run(top, &["commit", "--quiet", "--message=first"]);
        write(top, "scripts/new.sh", "one");
        let unit = &top.join("dev/runner");
        let before = Changes::since_commit(unit).unwrap();
        let now = || Changes::since(top, before.base()).unwrap();
        let is_same = || now().sha256_for(unit) == before.sha256_for(unit);
        assert!(is_same());
        for (file, is_ours) in [
            ("scripts/hook.sh", true),
            ("scripts/new.sh", true),
            (".hooks/hidden.sh", true),
            ("dev/terragrunt.hcl", true),
            ("scripts/terragrunt.hcl", true),
            ("dev/runner/.scripts/x.sh", true),
            ("dev/runner/x.tfstate.d/x.sh", true),
            ("dev/vpc/terragrunt.hcl", false),
            ("dev/vpc/main.tf", false),
            ("dev/runner/inner/x.tf", false),
            ("dev/runner/.terragrunt-cache/x/y.tf", false),
            ("dev/runner/terraform.tfstate", false),
            ("out", false),
            (".xtask/x", false),
            ("apply.log", false),
            ("report.json", false),
            ("dev/runner/x.auto.tfvars.json", true),
        ] {
            let path = top.join(file);
            let earlier = fs::read(&path).ok();
            write(top, file, "two");
            assert_eq!(is_same(), !is_ours, "{file}");
            if is_ours {
                assert_eq!(now().newest_for(unit), Some(Path::new(file)));
            }
            match earlier {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            assert!(is_same(), "{file} is as it was");
        }
        fs::remove_file(top.join("scripts/hook.sh")).unwrap();
        assert!(!is_same(), "one is gone");
        write(top, "scripts/hook.sh", "echo");
        run(top, &["add", "."]);
        run(top, &["commit", "--quiet", "--message=second"]);
        assert!(is_same(), "a commit alone changes no file");
    }

    #[test]
    fn checkout_without_a_commit_has_new_files_and_a_plain_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let top = &folder.path().canonicalize().unwrap();
        assert!(Changes::since_commit(top).is_none());
        run(top, &["init", "--quiet"]);
        let before = Changes::since_commit(top).unwrap();
        write(top, "x.sh", "one");
        let now = Changes::since(top, before.base()).unwrap();
        assert_ne!(now.sha256_for(top), before.sha256_for(top));
    }
}
