//! What becomes of a change that was killed in the middle: it is finished where that can be done, and taken back otherwise.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::checkout;
use super::disk::Disk;
use super::journal::{Entry, Folder, Journal};
use crate::model::{Failure, regular};
use crate::tools::hash::sha256;
use crate::tools::state;

/// What has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There was none.
    Nothing,
    /// All files are new now.
    Finished(Left),
    /// All files are as they were before it.
    TakenBack(Left),
}

/// A change that was killed in the middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which command it was.
    pub about: String,
    /// The files, as people should read them.
    pub files: Vec<String>,
}

impl Left {
    fn of(journal: Journal) -> Self {
        Self { about: journal.about, files: journal.files.into_iter().map(|entry| entry.name).collect() }
    }
}

/// How far a file has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// As before; `true` if its new text is there.
    Old(bool),
    /// As it is to be.
    New,
    /// Somebody has changed it since; `true` if that was after it was new.
    Other(bool),
}

/// The change in the repository at `root` that was killed in the middle, if there is one.
pub fn pending(root: &Path) -> Result<Option<Left>, Failure> {
    Ok(Folder::of(root).counting()?.map(Left::of))
}

/// Whether anything is left of a change, be it only what was prepared and never counted.
pub fn is_left(root: &Path) -> bool {
    state::exists(&Folder::of(root).dir)
}

/// Refuses work on files of which some are new and some are not.
pub fn refuse_if_pending(root: &Path) -> Result<(), Failure> {
    let Some(left) = pending(root)? else { return Ok(()) };
    let what = format!("`{}` was killed in the middle: some of its files are new, some are not", left.about);
    let failure = left.files.into_iter().fold(Failure::refused(what), Failure::in_file);
    Err(failure.hint("cargo xtask bump-tags finishes the change, or takes it back, before it does anything else"))
}

/// Finishes or takes back what was killed in the middle. Whoever calls holds the lock of the repository, and reads its
/// files only afterwards.
pub fn settle(root: &Path) -> Result<Settled, Failure> {
    settle_on(&Disk::real(), root)
}

pub(super) fn settle_on(disk: &Disk, root: &Path) -> Result<Settled, Failure> {
    let folder = Folder::of(root);
    let Some(journal) = folder.counting()? else {
        let prepared = folder.prepared();
        let removed = prepared.as_ref().map_or(Ok(()), |journal| remove_new(disk, &folder, journal));
        // Nothing has changed; what can't be removed is only in nobody's way.
        let _ = removed.and_then(|()| if folder.dir.exists() { folder.close(disk) } else { Ok(()) });
        return Ok(Settled::Nothing);
    };
    let around = checkout(root);
    if let Some(entry) = journal.files.iter().find(|entry| !lies_in(&folder.path(&entry.target), &around)) {
        let what = "the journal of an interrupted change names a file outside the repository";
        return Err(Failure::refused(what).in_file(entry.target.display().to_string()));
    }
    let cannot = |what: &str| {
        let what = format!("cannot {what} the change of files that was killed in the middle");
        move |error: io::Error| {
            Failure::refused(what.clone()).because(error).hint("once that is settled, run this again")
        }
    };
    let states: Vec<_> = journal.files.iter().map(|entry| state(&folder, entry)).collect();
    let is_finishable = states.iter().all(|state| matches!(state, State::New | State::Old(true) | State::Other(true)));
    if is_finishable {
        finish(disk, &folder, &journal, &states).map_err(cannot("finish"))?;
        let _ = folder.close(disk);
        return Ok(Settled::Finished(Left::of(journal)));
    }
    if states.contains(&State::Other(true)) {
        return Err(stuck(&journal, &states));
    }
    take_back(disk, &folder, &journal).map_err(cannot("take back"))?;
    Ok(Settled::TakenBack(Left::of(journal)))
}

/// A journal is ours, but it is a file that somebody may have put there.
fn lies_in(path: &Path, around: &Path) -> bool {
    let real = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    let is_plain = fs::symlink_metadata(path).map_or(true, |found| !found.is_symlink());
    is_plain && real.is_some_and(|folder| folder.starts_with(around))
}

fn state(folder: &Folder, entry: &Entry) -> State {
    let hash = |path: &Path| regular::bytes(path).ok().map(sha256);
    let new = folder.path(&entry.new);
    match hash(&folder.path(&entry.target)) {
        Some(hash) if hash == entry.after => State::New,
        Some(found) if found == entry.before => State::Old(hash(&new).as_ref() == Some(&entry.after)),
        // The new text is gone once it has taken the file's place.
        _ => State::Other(!new.exists()),
    }
}

fn finish(disk: &Disk, folder: &Folder, journal: &Journal, states: &[State]) -> io::Result<()> {
    for (entry, state) in journal.files.iter().zip(states) {
        if matches!(state, State::Old(_)) {
            disk.rename(&folder.path(&entry.new), &folder.path(&entry.target))?;
        }
    }
    remove_new(disk, folder, journal)
}

/// Files that are new get their old texts again, what was prepared is removed, and the journal closed.
pub(super) fn take_back(disk: &Disk, folder: &Folder, journal: &Journal) -> io::Result<()> {
    for (at, entry) in journal.files.iter().enumerate() {
        if state(folder, entry) != State::New {
            continue;
        }
        let (target, again) = (folder.path(&entry.target), again(&folder.path(&entry.new)));
        let old = state::read(&folder.old(at))?;
        disk.remove(&again)?;
        disk.create(&again, &old, Some(&fs::metadata(&target)?))?;
        disk.rename(&again, &target)?;
    }
    remove_new(disk, folder, journal)?;
    // All files are as before, so a journal that stays says only that.
    let _ = folder.close(disk);
    Ok(())
}

/// Removes what was prepared beside the files.
pub(super) fn remove_new(disk: &Disk, folder: &Folder, journal: &Journal) -> io::Result<()> {
    journal.files.iter().try_for_each(|entry| {
        let new = folder.path(&entry.new);
        disk.remove(&again(&new))?;
        disk.remove(&new)
    })
}

/// Where the old text of a file waits to take its place again.
fn again(new: &Path) -> PathBuf {
    let mut name = new.as_os_str().to_owned();
    name.push(".old");
    PathBuf::from(name)
}

/// One file can't be made new, another can't be made old: only a person knows what they should be.
fn stuck(journal: &Journal, states: &[State]) -> Failure {
    let what = format!("`{}` was killed in the middle, and somebody has changed its files since", journal.about);
    let failure = journal.files.iter().zip(states).fold(Failure::refused(what), |failure, (entry, state)| {
        let is = match state {
            State::Old(_) => "as before",
            State::New => "new",
            State::Other(true) => "new, and changed since",
            State::Other(false) => "as before, and changed since",
        };
        failure.in_file(&entry.name).detail(format!("{}  {is}", entry.name))
    });
    failure.hint("set them right by hand (`git diff` shows them), and remove `.xtask/edit`")
}
