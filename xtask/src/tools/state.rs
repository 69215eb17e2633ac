//! Files below `.xtask`, where runs keep plans, proofs and locks. Every component from there on is opened by itself without
//! following links, has to belong to this user, and is readable by this user alone, whatever the umask. Elsewhere, as in
//! tests, this holds for the last component.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::model::Failure;
use crate::tools::git;

/// Where a repository's state lives; nothing in it is needed to rebuild anything.
pub const STATE: &str = ".xtask";

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A named pipe in the place of a file must not be waited for.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const PRIVATE_FOLDER: Mode = Mode::RWXU;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Refuses a repository whose state can't be relied on: a part of it is a link, no folder, or another user's, or files in it
/// came with a commit. What is missing is made later.
pub fn check(root: &Path) -> Result<(), Failure> {
    let refuse = |what: &str, path: &Path| Failure::refused(what).in_file(path.display().to_string());
    let state = root.join(STATE);
    for path in [state.clone(), state.join("runs"), state.join("locks"), state.join("edit")] {
        match folder(&path, false) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let what = "the state of this repository can't be used, so nothing was read or written there";
                return Err(refuse(what, &path).because(error));
            }
            _ => {}
        }
    }
    // What came with a commit was written by whoever made that.
    if !state.is_dir() {
        return Ok(());
    }
    let tracked = git::tracked(root, STATE).map_err(|reason| {
        let what =
            format!("git does not tell whether it tracks files in `{STATE}`, so nothing was read or written there");
        refuse(&what, &state).detail(reason).hint("repair the repository, or remove the folder")
    })?;
    let Some(first) = tracked.first() else { return Ok(()) };
    let what = format!("git tracks files in `{STATE}`, so nothing was read or written there");
    Err(refuse(&what, &root.join(first))
        .hint(format!("it is for this machine alone: git rm -r --cached {STATE}, commit that, and remove the folder")))
}

/// Makes a folder and those above it up to `.xtask`, readable by this user alone. One that is there is made so.
pub fn private_folder(path: &Path) -> io::Result<()> {
    folder(path, true).map(drop)
}

/// Makes a folder that must not be there yet.
pub fn new_private_folder(path: &Path) -> io::Result<()> {
    let place = place(path, false)?;
    make(&place)?;
    step(&place, path, false).map(drop)
}

/// Makes a file that must not be there yet.
pub fn new_private_file(path: &Path) -> io::Result<File> {
    opened(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)
}

/// Opens a file for writing from its beginning.
pub fn private_file(path: &Path) -> io::Result<File> {
    let file = opened(path, OFlags::WRONLY | OFlags::CREATE)?;
    file.set_len(0)?;
    Ok(file)
}

/// Opens a file for writing at its end.
pub fn appended(path: &Path) -> io::Result<File> {
    opened(path, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)
}

/// Opens a file for reading and writing; `make` tells whether one that is missing is made.
pub fn shared(path: &Path, make: bool) -> io::Result<File> {
    opened(path, if make { OFlags::RDWR | OFlags::CREATE } else { OFlags::RDWR })
}

/// Opens a file for reading.
pub fn open(path: &Path) -> io::Result<File> {
    opened(path, OFlags::RDONLY)
}

/// Reads a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file that holds text.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a file anew.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    private_file(path)?.write_all(bytes.as_ref())
}

/// Makes a program that must not be there yet as a copy of another one.
pub fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = new_private_file(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    Ok(rustix::fs::fchmod(&file, PRIVATE_FOLDER)?)
}

/// What is in a folder, sorted.
pub fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder(path, false)?)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(path.join(name));
        }
    }
    names.sort();
    Ok(names)
}

/// Removes a file; of a link, the link.
pub fn remove_file(path: &Path) -> io::Result<()> {
    let place = place(path, false)?;
    Ok(rustix::fs::unlinkat(place.above(), &*place.name, AtFlags::empty())?)
}

/// Removes a folder with all that is in it; of links, the links.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    folder(path, false)?;
    std::fs::remove_dir_all(path)
}

/// Whether anything has this name.
pub fn exists(path: &Path) -> bool {
    let stat = |place: Place<'_>| Ok(rustix::fs::statat(place.above(), &*place.name, AtFlags::SYMLINK_NOFOLLOW)?);
    let missing = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied];
    !matches!(place(path, false).and_then(stat), Err(error) if missing.contains(&error.kind()))
}

/// Something by the open folder that it lies in and its name there. What is trusted is not opened: it takes no right to read
/// a folder to go through it.
struct Place<'p> {
    above: Option<OwnedFd>,
    name: Cow<'p, Path>,
}

impl Place<'_> {
    fn above(&self) -> BorrowedFd<'_> {
        self.above.as_ref().map_or(CWD, AsFd::as_fd)
    }
}

/// Where something lies, with every folder on the way from `.xtask` on.
fn place(path: &Path, may_make: bool) -> io::Result<Place<'_>> {
    let parts: Vec<_> = path.components().collect();
    let state = parts.iter().rposition(|part| *part == Component::Normal(STATE.as_ref()));
    let Some(state) = state.filter(|state| state + 1 < parts.len()) else {
        return Ok(Place { above: None, name: path.into() });
    };
    let mut so_far: PathBuf = parts[..=state].iter().collect();
    let mut above = step(&Place { above: None, name: so_far.clone().into() }, &so_far, may_make)?;
    for part in &parts[state + 1..parts.len() - 1] {
        so_far.push(part);
        above = step(&Place { above: Some(above), name: Path::new(part).into() }, &so_far, may_make)?;
    }
    Ok(Place { above: Some(above), name: Path::new(parts[parts.len() - 1].as_os_str()).into() })
}

fn folder(path: &Path, may_make: bool) -> io::Result<OwnedFd> {
    step(&place(path, may_make)?, path, may_make)
}

/// Opens a folder. One that is to be written to is closed to others.
fn step(place: &Place<'_>, path: &Path, may_make: bool) -> io::Result<OwnedFd> {
    let open = || rustix::fs::openat(place.above(), &*place.name, FOLDER, Mode::empty());
    let found = match open() {
        Err(Errno::NOENT) if may_make => match make(place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => open(),
        },
        found => found,
    };
    let found = found.map_err(|error| explained(error, place, path, FileType::Directory))?;
    let stat = rustix::fs::fstat(&found)?;
    is_ours(&stat, path)?;
    if may_make && !PRIVATE_FOLDER.contains(mode(&stat)) {
        rustix::fs::fchmod(&found, mode(&stat) & PRIVATE_FOLDER)?;
    }
    Ok(found)
}

/// Makes a folder. The umask may have taken away the rights that it takes to open it.
fn make(place: &Place<'_>) -> io::Result<()> {
    rustix::fs::mkdirat(place.above(), &*place.name, PRIVATE_FOLDER)?;
    Ok(rustix::fs::chmodat(place.above(), &*place.name, PRIVATE_FOLDER, AtFlags::empty())?)
}

fn opened(path: &Path, flags: OFlags) -> io::Result<File> {
    if !flags.contains(OFlags::CREATE) || flags.contains(OFlags::EXCL) {
        return opened_at_once(path, flags);
    }
    loop {
        match opened_at_once(path, flags - OFlags::CREATE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
        match opened_at_once(path, flags | OFlags::EXCL) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done,
        }
    }
}

/// The same of a file of which is known whether it is new: its mode depends on the umask, that of others on whoever made it.
fn opened_at_once(path: &Path, flags: OFlags) -> io::Result<File> {
    let place = place(path, false)?;
    let file = rustix::fs::openat(place.above(), &*place.name, flags | FILE, PRIVATE_FILE);
    let file = file.map_err(|error| explained(error, &place, path, FileType::RegularFile))?;
    let stat = rustix::fs::fstat(&file)?;
    is_ours(&stat, path)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(refused(path, "is not a regular file"));
    }
    let is_written = flags.intersects(OFlags::WRONLY | OFlags::RDWR);
    if !is_written && mode(&stat).contains(Mode::WOTH) {
        return Err(refused(path, "may be written by everybody: `chmod o-w` it, and look at what is in it"));
    }
    if flags.contains(OFlags::EXCL) {
        rustix::fs::fchmod(&file, PRIVATE_FILE)?;
    } else if is_written && !PRIVATE_FOLDER.contains(mode(&stat)) {
        rustix::fs::fchmod(&file, mode(&stat) & PRIVATE_FILE)?;
    }
    Ok(File::from(file))
}

fn mode(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode)
}

fn is_ours(stat: &Stat, path: &Path) -> io::Result<()> {
    let ours = rustix::process::geteuid().as_raw();
    if stat.st_uid == ours {
        return Ok(());
    }
    Err(refused(path, &format!("belongs to another user (uid {}, and this is uid {ours})", stat.st_uid)))
}

/// What is in the way, where the system only says that something is.
fn explained(error: Errno, place: &Place<'_>, path: &Path, wanted: FileType) -> io::Error {
    let found = rustix::fs::statat(place.above(), &*place.name, AtFlags::SYMLINK_NOFOLLOW);
    match found.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        _ if error == Errno::EXIST => error.into(),
        Ok(FileType::Symlink) => refused(path, "is a symbolic link, which is not followed here"),
        Ok(found) if found != wanted && wanted == FileType::Directory => refused(path, "is not a folder"),
        Ok(found) if found != wanted => refused(path, "is not a regular file"),
        _ => error.into(),
    }
}

/// Names it from `.xtask` on.
fn refused(path: &Path, why: &str) -> io::Error {
    let mut parts: Vec<_> = path.components().collect();
    let state = parts.iter().rposition(|part| *part == Component::Normal(STATE.as_ref()));
    let known: PathBuf = parts.split_off(state.unwrap_or_default()).iter().collect();
    io::Error::other(format!("`{}` {why}", known.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn folder_of_which_git_does_not_tell_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let vars = crate::tools::env::of_this_process();
            let limit = std::time::Duration::from_secs(60);
            crate::tools::answer::ask("git", args, root.path(), &vars, limit).unwrap().text().unwrap();
        };
        private_folder(&root.path().join(".xtask/runs")).unwrap();
        write(&root.path().join(".xtask/local.toml"), "").unwrap();
        assert!(check(root.path()).is_ok(), "there is no repository");
        git(&["init", "--quiet"]);
        assert!(check(root.path()).is_ok());
        git(&["add", "--force", ".xtask/local.toml"]);
        assert!(check(root.path()).unwrap_err().to_string().contains("git tracks files"));
        fs::write(root.path().join(".git/index"), "damaged").unwrap();
        let refusal = check(root.path()).unwrap_err().to_string();
        assert!(refusal.contains("git does not tell whether") && refusal.contains("index"), "{refusal}");
    }

    #[test]
    fn no_component_of_the_state_may_be_a_link() {
        for link in [".xtask", ".xtask/runs", ".xtask/runs/a", ".xtask/runs/a/log"] {
            let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let log = root.path().join(".xtask/runs/a/log");
            private_folder(log.parent().unwrap()).unwrap();
            write(&log, "inside").unwrap();
            let (from, to) = (root.path().join(link), outside.path().join("there"));
            fs::rename(&from, &to).unwrap();
            symlink(&to, &from).unwrap();
            let errors = [read(&log).unwrap_err(), write(&log, "x").unwrap_err(), appended(&log).unwrap_err()];
            for error in errors {
                assert_eq!(error.to_string(), format!("`{link}` is a symbolic link, which is not followed here"));
            }
            let new = log.with_file_name("new");
            assert_eq!(new_private_file(&new).is_ok(), link.ends_with("log"), "{link}");
            let kept = if to.is_file() {
                to.clone()
            } else {
                to.join(Path::new(".xtask/runs/a/log").strip_prefix(link).unwrap())
            };
            assert_eq!(fs::read(kept).unwrap(), b"inside", "{link}");
        }
    }

    #[test]
    fn folders_and_files_that_others_could_read_are_closed_to_them() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join(".xtask/runs");
        fs::create_dir_all(&runs).unwrap();
        fs::write(runs.join("lock"), "").unwrap();
        for path in [root.path().join(".xtask"), runs.clone(), runs.join("lock")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        private_folder(&runs).unwrap();
        shared(&runs.join("lock"), true).unwrap();
        assert_eq!([mode_of(&root.path().join(".xtask")), mode_of(&runs)], [0o700; 2]);
        assert_eq!(mode_of(&runs.join("lock")), 0o600);
    }

    #[test]
    fn pipe_in_the_place_of_a_file_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("lock");
        let _pipe = crate::tools::secrets::listen(&path).unwrap();
        for error in [read(&path).unwrap_err(), shared(&path, true).unwrap_err()] {
            assert_eq!(error.to_string(), format!("`{}` is not a regular file", path.display()));
        }
    }

    #[test]
    fn state_below_another_state_is_looked_at_from_its_own_root() {
        let root = tempfile::tempdir().unwrap();
        let copy = root.path().join("real");
        fs::create_dir(&copy).unwrap();
        fs::create_dir(root.path().join(".xtask")).unwrap();
        symlink(&copy, root.path().join(".xtask/copy")).unwrap();
        private_folder(&root.path().join(".xtask/copy/.xtask/runs")).unwrap();
        assert!(copy.join(".xtask/runs").is_dir());
    }
}
