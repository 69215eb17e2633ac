//! Puts everything in its place: all of it, or nothing. The crate is laid out beside its place and then takes it in one
//! step; texts follow by the code that changes files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::texts::Text;
use super::there::FOLDER;
use crate::model::{Failure, Failures};
use crate::run::edit::{self, Edit};

/// Where the crate is laid out; hidden, so that nothing looks into it.
const ASIDE: &str = ".xtask-adopting";

/// The crate as it will be.
#[derive(Debug)]
pub(super) struct Crate {
    /// Its files.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Files that are there and stay.
    pub(super) kept: BTreeSet<String>,
}

/// Puts the crate, if it changes, and the texts in their places.
pub(super) fn put(root: &Path, new: Option<&Crate>, texts: &[Text]) -> Result<(), Failures> {
    let aside = Aside::make(root).map_err(|error| cannot(&root.join(ASIDE), error))?;
    // Dropped before the folder from which it takes things back.
    let mut undo = Undo::default();
    if let Some(new) = new {
        aside.lay_out(root, new).map_err(|error| cannot(&root.join(FOLDER), error))?;
        aside.swap(root, &mut undo).map_err(|error| cannot(&root.join(FOLDER), error))?;
    }
    for text in texts.iter().filter(|text| text.before.is_none()) {
        create(text, &aside, &mut undo).map_err(|error| cannot(&text.path, error))?;
    }
    let edits = texts.iter().filter_map(|text| {
        Some(Edit { name: text.name, path: &text.path, before: text.before.as_deref()?, after: &text.after })
    });
    edit::write_all(root, "adopt", &edits.collect::<Vec<_>>())?;
    undo.forget();
    Ok(())
}

fn cannot(path: &Path, error: io::Error) -> Failure {
    Failure::refused("cannot write to the repository; it is as it was")
        .in_file(path.display().to_string())
        .because(error)
}

/// Makes a file that isn't there, whole from the start.
fn create(text: &Text, aside: &Aside, undo: &mut Undo) -> io::Result<()> {
    let folder = text.path.parent().ok_or(io::ErrorKind::NotFound)?;
    if !folder.exists() {
        fs::create_dir(folder)?;
        undo.removes(folder);
    }
    let whole = aside.0.join("text");
    fs::write(&whole, &text.after)?;
    File::open(&whole)?.sync_all()?;
    match fs::hard_link(&whole, &text.path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            File::create_new(&text.path)?.write_all(&text.after)?;
        }
        linked => linked?,
    }
    undo.removes(&text.path);
    fs::remove_file(whole)
}

/// The folder in which the crate is laid out; removed again, whatever happens.
struct Aside(PathBuf);

impl Aside {
    /// Makes it. One that was left behind goes first; the crate that it may have taken away comes back before.
    fn make(root: &Path) -> io::Result<Self> {
        let aside = Self(root.join(ASIDE));
        let (old, place) = (aside.old_crate(), root.join(FOLDER));
        if old.exists() && !place.exists() {
            fs::rename(old, place)?;
        }
        if aside.0.exists() {
            fs::remove_dir_all(&aside.0)?;
        }
        fs::create_dir(&aside.0)?;
        Ok(aside)
    }

    fn old_crate(&self) -> PathBuf {
        self.0.join("old")
    }

    fn new_crate(&self) -> PathBuf {
        self.0.join("new")
    }

    fn lay_out(&self, root: &Path, new: &Crate) -> io::Result<()> {
        let make_folder = |path: &Path| path.parent().map_or(Ok(()), fs::create_dir_all);
        for (name, bytes) in &new.files {
            let path = self.new_crate().join(name);
            make_folder(&path)?;
            fs::write(path, bytes)?;
        }
        for name in &new.kept {
            let (from, to) = (root.join(FOLDER).join(name), self.new_crate().join(name));
            make_folder(&to)?;
            if fs::symlink_metadata(&from)?.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&from)?, to)?;
            } else {
                fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
            }
        }
        Ok(())
    }

    /// Lets the new crate take the place of the old one, in one step where the file system can.
    fn swap(&self, root: &Path, undo: &mut Undo) -> io::Result<()> {
        let (place, old, new) = (root.join(FOLDER), self.old_crate(), self.new_crate());
        if !place.exists() {
            fs::rename(&new, &place)?;
            undo.removes(&place);
            return Ok(());
        }
        if renameat_with(CWD, &new, CWD, &place, RenameFlags::EXCHANGE).is_ok() {
            undo.moves(new, place);
            return Ok(());
        }
        fs::rename(&place, &old)?;
        fs::rename(&new, &place).or_else(|error| fs::rename(&old, &place).and(Err(error)))?;
        undo.moves(old, place);
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What can't be removed is found and removed by the next adoption.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What has to be taken back if something fails later.
#[derive(Default)]
struct Undo(Vec<Step>);

enum Step {
    Remove(PathBuf),
    Move(PathBuf, PathBuf),
}

impl Undo {
    fn removes(&mut self, path: &Path) {
        self.0.push(Step::Remove(path.to_owned()));
    }

    fn moves(&mut self, from: PathBuf, to: PathBuf) {
        self.0.push(Step::Move(from, to));
    }

    fn forget(&mut self) {
        self.0.clear();
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        for step in self.0.drain(..).rev() {
            // The failure that led here is what is told; what can't be taken back, git shows.
            let _ = match step {
                Step::Remove(path) if path.is_dir() => fs::remove_dir_all(path),
                Step::Remove(path) => fs::remove_file(path),
                Step::Move(from, to) => fs::remove_dir_all(&to).and_then(|()| fs::rename(from, to)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_crate(files: &[(&str, &str)], kept: &[&str]) -> Crate {
        Crate {
            files: files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect(),
            kept: kept.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn text(root: &Path, name: &'static str, before: Option<&str>, after: &str) -> Text {
        let before = before.map(|text| text.as_bytes().to_vec());
        Text { name, path: root.join(name), before, after: after.as_bytes().to_vec() }
    }

    /// Every file below a folder with what it says.
    fn all(folder: &Path) -> BTreeMap<String, String> {
        let walk = ignore::WalkBuilder::new(folder).standard_filters(false).build().flatten();
        let files = walk.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let named = |path: &Path| path.strip_prefix(folder).expect("it is below").display().to_string();
        files.map(|entry| (named(entry.path()), fs::read_to_string(entry.path()).expect("a text"))).collect()
    }

    fn repository() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("xtask/src")).expect("a folder");
        for (name, text) in [("xtask/src/old.rs", "1"), ("xtask/mine", "2"), ("Cargo.toml", "3")] {
            fs::write(root.path().join(name), text).expect("a file");
        }
        root
    }

    #[test]
    fn the_new_crate_takes_the_place_of_the_old_one_and_what_was_added_stays() {
        let root = repository();
        let texts =
            [text(root.path(), "Cargo.toml", Some("3"), "4"), text(root.path(), ".cargo/config.toml", None, "5")];
        put(root.path(), Some(&new_crate(&[("src/new.rs", "6")], &["mine"])), &texts).expect("it is put there");
        let expected =
            [(".cargo/config.toml", "5"), ("Cargo.toml", "4"), ("xtask/mine", "2"), ("xtask/src/new.rs", "6")];
        assert_eq!(all(root.path()), expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    #[test]
    fn a_text_that_changed_meanwhile_leaves_everything_as_it_was() {
        for crate_there in [true, false] {
            let root = repository();
            if !crate_there {
                fs::remove_dir_all(root.path().join("xtask")).expect("it is there");
            }
            let before = all(root.path());
            let texts = [
                text(root.path(), "Cargo.toml", Some("another"), "4"),
                text(root.path(), ".cargo/config.toml", None, "5"),
                text(root.path(), ".gitignore", None, "6"),
            ];
            assert!(put(root.path(), Some(&new_crate(&[("src/new.rs", "6")], &[])), &texts).is_err());
            assert_eq!(all(root.path()), before);
            assert!(!root.path().join(".cargo").exists() && !root.path().join(ASIDE).exists());
        }
    }

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_overwritten() {
        let root = repository();
        fs::write(root.path().join(".gitignore"), "mine").expect("a file");
        let before = all(root.path());
        let texts = [text(root.path(), ".gitignore", None, "6")];
        assert!(put(root.path(), Some(&new_crate(&[("src/new.rs", "6")], &[])), &texts).is_err());
        assert_eq!(all(root.path()), before);
    }

    #[test]
    fn what_a_killed_adoption_left_behind_is_put_right() {
        let root = repository();
        let before = all(root.path());
        fs::create_dir(root.path().join(ASIDE)).expect("a folder");
        fs::rename(root.path().join("xtask"), root.path().join(ASIDE).join("old")).expect("it is moved");
        put(root.path(), None, &[]).expect("nothing is to be done");
        assert_eq!(all(root.path()), before);
    }
}
