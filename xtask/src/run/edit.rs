//! Writes changed files so that each is either old or new: everything is prepared before the first one is replaced.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::model::{Failure, Failures};

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

struct Prepared<'a> {
    edit: Edit<'a>,
    target: PathBuf,
    file: NamedTempFile,
}

/// Writes all files, or none if anything is wrong before the first one is replaced. Mode and owner are kept.
pub fn write_all(edits: &[Edit<'_>]) -> Result<(), Failures> {
    let mut prepared = Vec::with_capacity(edits.len());
    let mut failures = Vec::new();
    for edit in edits {
        match prepare(*edit) {
            Ok(one) => prepared.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    for (at, one) in prepared.iter().enumerate() {
        if let Some(other) = prepared[..at].iter().find(|other| other.target == one.target) {
            let what = "two of the files to be changed are the same file, by a link";
            failures.push(Failure::refused(what).in_file(other.edit.name).in_file(one.edit.name));
        }
    }
    Failures::check(failures)?;
    // Preparing takes a while with many files: none may have changed meanwhile.
    let changed = |one: &Prepared<'_>| unchanged(&one.edit, &one.target).err();
    Failures::check(prepared.iter().filter_map(changed).collect())?;

    let mut written: Vec<&str> = Vec::new();
    for Prepared { edit, target, file } in prepared {
        let replaced = file.persist(&target).map_err(|error| error.error).and_then(|_| sync_folder(&target));
        if let Err(error) = replaced {
            let mut failure = Failure::failed("cannot replace a file").in_file(edit.name).because(error);
            if !written.is_empty() {
                failure = failure.detail(format!("already written: {}", written.join(", ")));
            }
            return Err(failure.hint("run the same command again: it goes on from here").into());
        }
        written.push(edit.name);
    }
    Ok(())
}

fn prepare(edit: Edit<'_>) -> Result<Prepared<'_>, Failure> {
    let cannot =
        |error: io::Error| Failure::refused("cannot prepare the new text of a file").in_file(edit.name).because(error);
    let target = fs::canonicalize(edit.path).map_err(cannot)?;
    unchanged(&edit, &target)?;
    let file = temporary(&edit, &target).map_err(cannot)?;
    Ok(Prepared { edit, target, file })
}

fn unchanged(edit: &Edit<'_>, target: &Path) -> Result<(), Failure> {
    match fs::read(target) {
        Ok(bytes) if bytes == edit.before => Ok(()),
        Ok(_) => Err(Failure::refused("a file was changed by somebody else in the meantime")
            .in_file(edit.name)
            .hint("run the command again on the file as it is now")),
        Err(error) => Err(Failure::refused("cannot read a file").in_file(edit.name).because(error)),
    }
}

fn temporary(edit: &Edit<'_>, target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut file = tempfile::Builder::new().prefix(".xtask-edit-").tempfile_in(folder)?;
    file.write_all(edit.after)?;
    let metadata = fs::metadata(target)?;
    let own = file.as_file().metadata()?;
    if (metadata.uid(), metadata.gid()) != (own.uid(), own.gid()) {
        let (owner, group) = (rustix::fs::Uid::from_raw(metadata.uid()), rustix::fs::Gid::from_raw(metadata.gid()));
        // Only root may give files away; the group alone can often be kept.
        if rustix::fs::fchown(file.as_file(), Some(owner), Some(group)).is_err() {
            let _ = rustix::fs::fchown(file.as_file(), None, Some(group));
        }
    }
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn sync_folder(target: &Path) -> io::Result<()> {
    match target.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn edit<'a>(path: &'a Path, before: &'a [u8], after: &'a [u8]) -> Edit<'a> {
        Edit { name: "f", path, before, after }
    }

    fn entries(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).expect("the folder").map(|it| it.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn mode_and_links_are_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("d")).expect("a folder");
        let (real, link) = (dir.path().join("d/real"), dir.path().join("link"));
        fs::write(&real, "old").expect("a file");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("d/real", &link).expect("a link");
        write_all(&[edit(&link, b"old", b"new")]).expect("it is written");
        assert_eq!(fs::read(&real).expect("the file"), b"new");
        assert_eq!(fs::metadata(&real).expect("the file").permissions().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_link(&link).expect("still a link"), Path::new("d/real"));
        assert_eq!(entries(&dir.path().join("d")), ["real"]);
    }

    #[test]
    fn one_file_that_changed_meanwhile_keeps_all_from_being_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&a, "old").expect("a file");
        fs::write(&b, "other").expect("a file");
        let failures = write_all(&[edit(&a, b"old", b"new"), edit(&b, b"old", b"new")]).expect_err("it is refused");
        assert_eq!(failures.iter().count(), 1);
        assert_eq!(fs::read(&a).expect("the file"), b"old");
        assert_eq!(entries(dir.path()), ["a", "b"]);
    }

    #[test]
    fn one_file_under_two_names_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").expect("a file");
        symlink("real", &link).expect("a link");
        assert!(write_all(&[edit(&real, b"old", b"one"), edit(&link, b"old", b"two")]).is_err());
        assert_eq!(fs::read(&real).expect("the file"), b"old");
    }

    #[test]
    fn a_file_that_is_gone_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(write_all(&[edit(&dir.path().join("a"), b"", b"new")]).is_err());
    }
}
