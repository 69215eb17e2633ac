//! Reading a log that somebody else writes: following it, and its last lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How much of a log is taken in at once, however fast it grows.
const AT_ONCE: u64 = 1024 * 1024;

/// Gives the whole lines that were added to a file since the last time.
#[derive(Debug, Default)]
pub struct Follower {
    file: Option<File>,
    partial: Vec<u8>,
}

impl Follower {
    /// The lines that are new, or the first of them if there are very many; none if the file isn't there yet.
    pub fn new_lines(&mut self, path: &Path) -> Vec<String> {
        if self.file.is_none() {
            self.file = File::open(path).ok();
        }
        let Some(file) = &mut self.file else { return Vec::new() };
        // What can't be read now is read the next time; the log itself stays where it is.
        let _ = file.take(AT_ONCE).read_to_end(&mut self.partial);
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else {
            // The relay ends every line after 64 KiB; whatever else writes without end is not waited for.
            return if self.partial.len() as u64 > AT_ONCE { self.rest() } else { Vec::new() };
        };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect()
    }
}

impl Follower {
    fn rest(&mut self) -> Vec<String> {
        vec![String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned()]
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
    let mut file = File::open(path)?;
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
    fn a_log_that_grows_fast_is_taken_in_bounded_pieces_and_nothing_of_it_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let lines: String = (0..400_000).map(|n| format!("line {n} \u{e9}\n")).collect();
        std::fs::write(&path, &lines).unwrap();
        let mut follower = Follower::default();
        let mut seen = Vec::new();
        loop {
            let more = follower.new_lines(&path);
            assert!(more.iter().map(String::len).sum::<usize>() as u64 <= AT_ONCE + 64, "no more at once");
            if more.is_empty() {
                break;
            }
            seen.extend(more);
        }
        assert_eq!(seen, lines.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_line_of_ten_megabytes_is_not_kept_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, vec![b'x'; 10_000_000]).unwrap();
        let mut follower = Follower::default();
        let mut n_bytes = 0;
        for _ in 0..20 {
            n_bytes += follower.new_lines(&path).iter().map(String::len).sum::<usize>();
            assert!(follower.partial.len() as u64 <= 2 * AT_ONCE);
        }
        assert!(n_bytes >= 9_000_000, "{n_bytes}");
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
