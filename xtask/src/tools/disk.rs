//! The disk: how much is free.

use std::io;
use std::path::Path;

/// How many bytes this user may still write to the file system of a folder.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
