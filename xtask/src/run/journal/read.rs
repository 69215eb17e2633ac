//! Reading a journal: every line is checked. A last line that was cut off while it was written is dropped, since whatever
//! it speaks of had not started yet; anything else that is not as it was written is named.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::line;
use super::record::{Envelope, Record, SCHEMA};
use crate::model::{Failure, Place};
use crate::tools::state;

/// A record and when it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// RFC 3339 in UTC.
    pub time: String,
    /// What is remembered.
    pub record: Record,
}

/// How far a journal is as it was written; whoever goes on with it goes on from here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Whole {
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
    /// The line that is damaged, from 1; `None` if the file can't be read.
    pub line: Option<u64>,
    /// What is wrong.
    pub why: String,
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

/// Reads a journal and hands on its records, in order; none of one that was cut off as it was begun. What comes before a
/// damage is handed on too.
pub fn each(path: &Path, mut take: impl FnMut(Entry)) -> Result<Whole, Damage> {
    let damage = |line, why| Damage { path: path.to_owned(), line, why };
    let file = state::open(path).map_err(|error| damage(None, error.to_string()))?;
    parse(BufReader::new(file), &mut take).map_err(|(line, why)| damage(line, why))
}

/// Whether there is one.
pub fn exists(path: &Path) -> bool {
    state::exists(path)
}

/// The line, where it is one, and what is wrong.
pub(super) type Bad = (Option<u64>, String);

/// The same from anywhere, a line at a time: the journals of all earlier runs are read at the beginning of each.
pub(super) fn parse(mut input: impl BufRead, take: &mut dyn FnMut(Entry)) -> Result<Whole, Bad> {
    let mut whole = Whole::default();
    let mut line = Vec::new();
    loop {
        let number = whole.n_lines + 1;
        let bad = |why: &str| Err((Some(number), why.to_owned()));
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(|error| (None, error.to_string()))? == 0 {
            return Ok(whole);
        }
        let Some(record) = line.strip_suffix(b"\n") else {
            // The line break is written with the line. A whole line with another byte in its place was not cut off.
            return match line::record(&whole.sum, &line[..line.len() - 1]) {
                Some(_) => bad("the line break is damaged"),
                None => Ok(whole),
            };
        };
        let Some((text, sum)) = line::record(&whole.sum, record) else {
            return bad("the checksum doesn't fit");
        };
        entry(text, number).map_err(|why| (Some(number), why))?.into_iter().for_each(&mut *take);
        whole = Whole { n_bytes: whole.n_bytes + line.len() as u64, n_lines: number, sum };
    }
}

/// Whether a name stays in its folder, whatever wrote it.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains('/')
}

#[derive(Default, Deserialize)]
struct Schema {
    schema: Option<u64>,
}

/// A record that is relied on; `None` if it is of a kind that may be skipped.
fn entry(text: &str, number: u64) -> Result<Option<Entry>, String> {
    let envelope: Envelope<IgnoredAny> =
        serde_json::from_str(text).map_err(|error| format!("it is no record ({error})"))?;
    if envelope.line != number {
        return Err(format!("it says that it is line {}", envelope.line));
    }
    if number == 1 {
        if envelope.kind != "begun" {
            return Err("the beginning of the run is missing".to_owned());
        }
        let begun: Envelope<Schema> = serde_json::from_str(text).map_err(|_| "it names no schema".to_owned())?;
        match begun.body.schema {
            Some(schema) if schema <= u64::from(SCHEMA) => {}
            Some(schema) => return Err(format!("it has schema {schema}, and this version knows up to {SCHEMA}")),
            None => return Err("it names no schema".to_owned()),
        }
    }
    if !Record::KINDS.contains(&envelope.kind.as_str()) {
        return match envelope.required {
            true => Err(format!("a newer version wrote what this one must not skip (`{}`)", envelope.kind)),
            false => Ok(None),
        };
    }
    match serde_json::from_str(text) {
        Ok(record) => {
            if let Some(name) = Record::names(&record).find(|name| !is_plain(name)) {
                return Err(format!("it names `{name}`, which is no file of this run"));
            }
            Ok(Some(Entry { time: envelope.time, record }))
        }
        Err(_) if !envelope.required => Ok(None),
        Err(error) => Err(format!("another version wrote it ({error})")),
    }
}
