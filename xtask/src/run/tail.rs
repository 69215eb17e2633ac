//! Reading a log that somebody else writes: following it, and its last lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::tools::state;

/// How much is read of a log at once: a child may print faster than anybody reads, and our memory stays small.
const PIECE: u64 = 256 * 1024;

/// Gives the whole lines that were added to a file since the last time.
#[derive(Debug, Default)]
pub struct Follower {
    file: Option<File>,
    partial: Vec<u8>,
}

impl Follower {
    /// The lines that are new, or the first of them if they are many; none if the file isn't there yet.
    pub fn new_lines(&mut self, path: &Path) -> Vec<String> {
        if self.file.is_none() {
            self.file = state::open(path).ok();
        }
        let Some(file) = &mut self.file else { return Vec::new() };
        // What can't be read now is read the next time; the log itself stays where it is.
        let _ = file.take(PIECE).read_to_end(&mut self.partial);
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }
}

/// The last `n` lines of a file that are not blank; reads no more than its last 64 KiB.
pub fn last_lines(path: &Path, n: usize) -> Vec<String> {
    let text = end(path);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(n)..].iter().map(|line| (*line).to_owned()).collect()
}

/// The end of a file, its last 64 KiB; nothing if it can't be read.
pub fn end(path: &Path) -> String {
    end_of(path, 64 * 1024).unwrap_or_default()
}

fn end_of(path: &Path, bytes: u64) -> io::Result<String> {
    let mut file = state::open(path)?;
    let start = file.metadata()?.len().saturating_sub(bytes);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::ops::Add;

    #[test]
    fn only_whole_new_lines_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut follower = Follower::default();
        assert!(follower.new_lines(&path).is_empty());
        let mut log = File::create(&path).unwrap();
        log.write_all(b"one\ntw").unwrap();
        assert_eq!(follower.new_lines(&path), ["one"]);
        log.write_all(b"o\n").unwrap();
        assert_eq!(follower.new_lines(&path), ["two"]);
        assert!(follower.new_lines(&path).is_empty());
    }

    #[test]
    fn a_log_that_grows_faster_than_it_is_read_is_read_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "x".repeat(63).add("\n").repeat(100_000)).unwrap();
        let mut follower = Follower::default();
        let mut n_lines = 0;
        loop {
            let lines = follower.new_lines(&path);
            if lines.is_empty() {
                break;
            }
            assert!(lines.len() <= 4096, "{}", lines.len());
            n_lines += lines.len();
        }
        assert_eq!(n_lines, 100_000);
    }

    #[test]
    fn the_last_lines_are_those_that_say_something() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\n\ntwo\nthree\n\n").unwrap();
        assert_eq!(last_lines(&path, 2), ["two", "three"]);
        assert_eq!(last_lines(&path, 9), ["one", "two", "three"]);
        assert!(last_lines(&folder.path().join("none"), 2).is_empty());
    }
}
