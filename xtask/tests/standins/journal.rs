//! Journals as somebody would forge them: with other records, and checksums that fit.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Changes the records of a journal, and signs it anew.
pub(super) fn rewrite(path: &Path, mut change: impl FnMut(&mut Value)) {
    let text = fs::read_to_string(path).unwrap();
    let (mut sum, mut new) = (String::new(), String::new());
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        change(&mut line["record"]);
        let record = line["record"].to_string();
        let digest = ring::digest::digest(&ring::digest::SHA256, format!("{sum}\n{record}").as_bytes());
        sum = digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        new.push_str(&format!("{{\"sum\":\"{sum}\",\"record\":{record}}}\n"));
    }
    fs::write(path, new).unwrap();
}
