//! Writes changed files so that all of them are new or all are as they were, whatever happens on the way.
//!
//! Everything is prepared beside the files and synced; then a journal is put in its place, which is the moment from which
//! the change counts; then each file is replaced by a rename. A process that is killed before that moment has changed
//! nothing, one that is killed after it has left a journal by which [`settle`] finishes the change or takes it back.

mod disk;
mod journal;
mod settle;
#[cfg(test)]
mod tests;

use crate::model::regular;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::{Failure, Failures};
use crate::tools::attempt::random_word;
use crate::tools::hash::sha256;
use disk::Disk;
use journal::{Entry, Folder, Journal};
pub use settle::{Settled, is_left, pending, refuse_if_pending, settle};

/// One file to be changed.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// The file as people should read it.
    pub name: &'a str,
    /// The file on disk; a link is followed and stays.
    pub path: &'a Path,
    /// The bytes that it must still have.
    pub before: &'a [u8],
    /// The bytes that it gets.
    pub after: &'a [u8],
}

/// A file to be changed, where it really is.
struct Target<'a> {
    edit: Edit<'a>,
    path: PathBuf,
}

/// Writes all files of the repository at `root`, or none. Mode and owner are kept. `about` is what the next one reads if
/// this is killed. Whoever calls holds the lock of the repository.
pub fn write_all(root: &Path, about: &str, edits: &[Edit<'_>]) -> Result<(), Failures> {
    write_on(&Disk::real(), root, about, edits)
}

fn write_on(disk: &Disk, root: &Path, about: &str, edits: &[Edit<'_>]) -> Result<(), Failures> {
    if edits.is_empty() {
        return Ok(());
    }
    refuse_if_pending(root)?;
    // What an earlier one has left that never counted is in the way.
    settle::settle_on(disk, root)?;
    let targets = targets(root, edits)?;
    let folder = Folder::of(root);
    let journal = Journal { about: about.to_owned(), files: entries(root, &targets) };
    if let Err(failures) = prepare(disk, &folder, &journal, &targets) {
        discard(disk, &folder, &journal);
        return Err(failures);
    }
    match replace(disk, &folder, &journal, &targets) {
        Ok(()) => {
            // All files are new. What can't be removed now, the next call removes.
            let _ = folder.close(disk);
            Ok(())
        }
        Err(failure) => Err(take_back(disk, &folder, &journal, failure).into()),
    }
}

/// Finds the files themselves, and whatever keeps them from being changed.
fn targets<'a>(root: &Path, edits: &[Edit<'a>]) -> Result<Vec<Target<'a>>, Failures> {
    let around = checkout(root);
    let mut targets: Vec<Target<'a>> = Vec::with_capacity(edits.len());
    let mut failures = Vec::new();
    for edit in edits {
        let path = match fs::canonicalize(edit.path) {
            Ok(path) => path,
            Err(error) => {
                failures.push(Failure::refused("cannot find a file to be changed").in_file(edit.name).because(error));
                continue;
            }
        };
        if !path.starts_with(&around) {
            let what = "a file to be changed lies outside the repository, by a link";
            failures.push(Failure::refused(what).in_file(edit.name).detail(format!("it is {}", path.display())));
        } else if let Some(other) = targets.iter().find(|other| other.path == path) {
            let what = "two of the files to be changed are the same file, by a link";
            failures.push(Failure::refused(what).in_file(other.edit.name).in_file(edit.name));
        }
        failures.extend(unchanged(edit, &path).err());
        targets.push(Target { edit: *edit, path });
    }
    Failures::check(failures)?;
    Ok(targets)
}

/// The checkout around a root, without links: nothing outside of it is ever written.
fn checkout(root: &Path) -> PathBuf {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    root.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(&root).to_owned()
}

fn entries(root: &Path, targets: &[Target<'_>]) -> Vec<Entry> {
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let entry = |target: &Target<'_>| {
        // No name is too long for that, and neither terragrunt nor terraform reads what begins with a dot.
        let new = target.path.with_file_name(format!(".xtask-edit-{}", random_word(12)));
        Entry {
            name: target.edit.name.to_owned(),
            target: target.path.strip_prefix(&root).unwrap_or(&target.path).to_owned(),
            new: new.strip_prefix(&root).unwrap_or(&new).to_owned(),
            before: sha256(target.edit.before),
            after: sha256(target.edit.after),
        }
    };
    targets.iter().map(entry).collect()
}

/// Puts everything on disk that the change needs, and then the journal.
fn prepare(disk: &Disk, folder: &Folder, journal: &Journal, targets: &[Target<'_>]) -> Result<(), Failures> {
    let state = |error: io::Error| {
        Failure::refused("cannot write down what is about to be changed, so nothing was changed")
            .in_file(folder.dir.display().to_string())
            .because(error)
    };
    folder.open(disk, journal, targets.iter().map(|target| target.edit.before)).map_err(state)?;
    let mut failures = Vec::new();
    for (entry, target) in journal.files.iter().zip(targets) {
        let written = fs::metadata(&target.path)
            .and_then(|like| disk.create(&folder.path(&entry.new), target.edit.after, Some(&like)))
            .and_then(|()| disk.sync_folder(target.path.parent()));
        failures.extend(written.err().map(|error| {
            Failure::refused("cannot prepare the new text of a file, so nothing was changed")
                .in_file(target.edit.name)
                .because(error)
        }));
    }
    // Preparing takes a while with many files: none may have changed meanwhile.
    failures.extend(targets.iter().filter_map(|target| unchanged(&target.edit, &target.path).err()));
    Failures::check(failures)?;
    folder.commit(disk).map_err(|error| state(error).into())
}

fn unchanged(edit: &Edit<'_>, path: &Path) -> Result<(), Failure> {
    match regular::bytes(path) {
        Ok(bytes) if bytes == edit.before => Ok(()),
        Ok(_) => Err(Failure::refused("a file was changed by somebody else in the meantime")
            .in_file(edit.name)
            .hint("run the command again on the file as it is now")),
        Err(error) => Err(Failure::refused("cannot read a file").in_file(edit.name).because(error)),
    }
}

fn replace(disk: &Disk, folder: &Folder, journal: &Journal, targets: &[Target<'_>]) -> Result<(), Failure> {
    for (entry, target) in journal.files.iter().zip(targets) {
        unchanged(&target.edit, &target.path)?;
        disk.rename(&folder.path(&entry.new), &target.path)
            .map_err(|error| Failure::failed("cannot replace a file").in_file(target.edit.name).because(error))?;
    }
    Ok(())
}

/// Nothing counts yet: removes what was prepared. What can't be removed, the next call removes.
fn discard(disk: &Disk, folder: &Folder, journal: &Journal) {
    if settle::remove_new(disk, folder, journal).is_ok() {
        let _ = folder.close(disk);
    }
}

/// The files that were replaced get their old texts again.
fn take_back(disk: &Disk, folder: &Folder, journal: &Journal, failure: Failure) -> Failure {
    match settle::take_back(disk, folder, journal) {
        Ok(_) => failure.detail("no file was changed: those that were written are as before"),
        Err(error) => failure
            .detail(format!("and the files that were written could not be put back: {error}"))
            .hint("run the same command again: it first finishes this change, or takes it back"),
    }
}
