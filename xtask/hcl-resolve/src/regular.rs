//! Reads regular files only: opening a FIFO blocks until something writes to it, and a device may have no end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a regular file, by links too.
pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
    // With NONBLOCK, opening a FIFO does not wait for a writer; it has no effect on regular files.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let kind = file.metadata()?.file_type();
    let other = match () {
        () if kind.is_file() => return Ok(file),
        // The error that reading a folder gives.
        () if kind.is_dir() => return Err(io::Error::from_raw_os_error(rustix::io::Errno::ISDIR.raw_os_error())),
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "something else",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {other}, and only regular files are read")))
}

/// All of a regular file.
pub fn bytes(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of a regular file, which has to be text.
pub fn text(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(bytes(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert_eq!((text(path("file")).unwrap(), text(path("link")).unwrap()), ("text".to_owned(), "text".to_owned()));
        #[cfg(not(target_vendor = "apple"))]
        {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, path("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
            assert!(text(path("fifo")).unwrap_err().to_string().contains("a FIFO"));
        }
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        assert!(bytes(path("socket")).is_err());
        assert!(bytes("/dev/zero").unwrap_err().to_string().contains("a device"));
        assert_eq!(bytes(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(bytes(path("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
