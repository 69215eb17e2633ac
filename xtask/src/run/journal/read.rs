//! Reading a journal: every line is checked. A last line that was cut off while it was written is dropped, since whatever
//! it speaks of had not started yet; anything else that is not as it was written is named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::line;
use super::record::{Envelope, Record, SCHEMA};
use crate::model::{Failure, Place};

/// A record and when it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// RFC 3339 in UTC.
    pub time: String,
    /// What is remembered.
    pub record: Record,
}

/// What a journal says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Its records, in order. None in a journal that was cut off as it was begun.
    pub entries: Vec<Entry>,
    /// How many bytes of the file hold whole lines.
    pub(super) n_bytes: u64,
    /// How many lines those are.
    pub(super) n_lines: u64,
    /// The checksum that the next line builds on.
    pub(super) sum: String,
}

/// Why a journal can't be relied on.
#[derive(Debug)]
pub struct Damage {
    /// The journal.
    pub path: PathBuf,
    /// The line that is damaged, from 1; `None` if the file can't be read at all.
    pub line: Option<u64>,
    /// What is wrong.
    pub why: String,
    /// What could be read before.
    pub before: Log,
}

impl Damage {
    /// As something to be told, about the run of this id.
    pub fn failure(&self, run: &str) -> Failure {
        let path = self.path.display().to_string();
        let failure = Failure::refused(format!("the journal of run {run} can't be relied on: {}", self.why));
        let failure = match self.line.and_then(|line| usize::try_from(line).ok()) {
            Some(line) => failure.at(Place::line(path, line)),
            None => failure.in_file(path),
        };
        failure.hint("what is deployed is told by a fresh plan: cargo xtask apply-all")
    }
}

/// Reads a journal.
pub fn read(path: &Path) -> Result<Log, Box<Damage>> {
    let damage = |line, why: String, before| Box::new(Damage { path: path.to_owned(), line, why, before });
    let bytes = fs::read(path).map_err(|error| damage(None, error.to_string(), Log::default()))?;
    parse(&bytes).map_err(|(line, why, before)| damage(Some(line), why, before))
}

/// Whether there is one.
pub fn exists(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

type Bad = (u64, String, Log);

pub(super) fn parse(bytes: &[u8]) -> Result<Log, Bad> {
    let mut log = Log::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = log.n_lines + 1;
        let bad = |why: &str, log: Log| Err((number, why.to_owned(), log));
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            // The line break is written with the line. A whole line with another byte in its place was not cut off.
            return match line::record(&log.sum, &rest[..rest.len() - 1]) {
                Some(_) => bad("the line break is damaged", log),
                None => Ok(log),
            };
        };
        let Some((text, sum)) = line::record(&log.sum, &rest[..end]) else {
            return bad("the checksum doesn't fit", log);
        };
        match entry(text, number) {
            Ok(Some(entry)) => log.entries.push(entry),
            Ok(None) => {}
            Err(why) => return Err((number, why, log)),
        }
        log.sum = sum;
        log.n_lines = number;
        log.n_bytes += end as u64 + 1;
        rest = &rest[end + 1..];
    }
    Ok(log)
}

/// A record that is relied on; `None` if it is of a kind that may be skipped.
fn entry(text: &str, number: u64) -> Result<Option<Entry>, String> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|error| format!("it is no record ({error})"))?;
    if envelope.line != number {
        return Err(format!("it says that it is line {}", envelope.line));
    }
    if !Record::KINDS.contains(&envelope.kind.as_str()) {
        return match envelope.required {
            true => Err(format!("a newer version wrote what this one must not skip (`{}`)", envelope.kind)),
            false => Ok(None),
        };
    }
    if number == 1 {
        match envelope.body["schema"].as_u64() {
            _ if envelope.kind != "begun" => return Err("the beginning of the run is missing".to_owned()),
            Some(schema) if schema <= u64::from(SCHEMA) => {}
            Some(schema) => return Err(format!("it has schema {schema}, and this version knows up to {SCHEMA}")),
            None => return Err("it names no schema".to_owned()),
        }
    }
    let record = serde_json::from_value(json!({ "kind": envelope.kind, "body": envelope.body }));
    match record {
        Ok(record) => Ok(Some(Entry { time: envelope.time, record })),
        Err(_) if !envelope.required => Ok(None),
        Err(error) => Err(format!("another version wrote it ({error})")),
    }
}
