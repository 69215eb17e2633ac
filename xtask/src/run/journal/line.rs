//! One line of a journal: a record as JSON, with a checksum that covers it and every line before it. A byte that changes,
//! and a line that is missing, doubled or moved, are found.

use crate::tools::hash::hex;

/// What stands before the checksum.
const SUM: &str = r#"{"sum":""#;
/// What stands between the checksum and the record.
const RECORD: &str = r#"","record":"#;
/// Letters of the checksum: 64 bits are enough against accidents, and this is no protection against anybody's intent.
const N_LETTERS: usize = 16;

/// The line for a record, with its line break, and the checksum that the next line builds on.
pub(super) fn line(before: &str, record: &str) -> (String, String) {
    let sum = checksum(before, record);
    (format!("{SUM}{sum}{RECORD}{record}}}\n"), sum)
}

/// The record of a line without its line break, and the checksum that the next line builds on; `None` if the line is
/// not what was written.
pub(super) fn record<'l>(before: &str, line: &'l [u8]) -> Option<(&'l str, String)> {
    let rest = std::str::from_utf8(line).ok()?.strip_prefix(SUM)?;
    let (sum, rest) = rest.split_at_checked(N_LETTERS)?;
    let record = rest.strip_prefix(RECORD)?.strip_suffix('}')?;
    (sum == checksum(before, record)).then(|| (record, sum.to_owned()))
}

fn checksum(before: &str, record: &str) -> String {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    [before, "\n", record].iter().for_each(|part| hash.update(part.as_bytes()));
    hex(&hash.finish().as_ref()[..N_LETTERS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_and_gives_its_record_back() {
        let (text, sum) = line("before", r#"{"a":"}"}"#);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        let (found, again) = record("before", text.trim_end().as_bytes()).unwrap();
        assert_eq!((found, again), (r#"{"a":"}"}"#, sum));
        assert!(record("another", text.trim_end().as_bytes()).is_none(), "it belongs behind one line alone");
    }
}
