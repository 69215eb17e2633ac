//! JSON files that several stand-ins read and write at the same time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::refusal::{Outcome, Refusal};

/// Reads a file; one that isn't there reads as the default value.
pub(crate) fn read<T: DeserializeOwned + Default>(path: &Path) -> Outcome<T> {
    Ok(read_if_there(path)?.unwrap_or_default())
}

/// Reads a file, or nothing if it isn't there.
pub(crate) fn read_if_there<T: DeserializeOwned>(path: &Path) -> Outcome<Option<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path, error)),
    };
    // Files that come from Windows may begin with a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    serde_json::from_slice(text).map(Some).map_err(|error| at(path, error))
}

/// Writes a file, the whole of it or nothing.
pub(crate) fn write(path: &Path, value: &impl Serialize) -> Outcome {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| at(path, error))?;
    text.push(b'\n');
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    let half = beside(path, &format!("{}.tmp", process::id()));
    fs::write(&half, text).and_then(|()| fs::rename(&half, path)).map_err(|error| at(path, error))
}

/// Reads, changes and writes a file while nobody else does.
pub(crate) fn update<T, R>(path: &Path, change: impl FnOnce(&mut T) -> Outcome<R>) -> Outcome<R>
where
    T: Serialize + DeserializeOwned + Default,
{
    let _lock = lock(path)?;
    let mut value: T = read(path)?;
    let result = change(&mut value)?;
    write(path, &value)?;
    Ok(result)
}

/// Waits until nobody else holds the file; let go of when dropped.
pub(crate) fn lock(path: &Path) -> Outcome<File> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    let beside = beside(path, "lock");
    let file = File::create(&beside).map_err(|error| at(&beside, error))?;
    file.lock().map_err(|error| at(&beside, error))?;
    Ok(file)
}

/// A hidden file beside another one.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

/// A failure to read or write, with the path.
pub(crate) fn at(path: &Path, error: impl std::fmt::Display) -> Refusal {
    Refusal::of_rehearsal(format_args!("read or write `{}`", path.display()), error)
}
