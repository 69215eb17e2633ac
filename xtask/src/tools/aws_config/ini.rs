//! The sections of an INI file, as each of two libraries reads them: `configparser` of Python, which the AWS CLI uses, and
//! `ini.v1` of Go, which aws-vault uses. Names of sections are what stands between the brackets, letter for letter.

use std::collections::BTreeMap;

use crate::model::Place;

/// What is between two headers.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) place: Place,
    /// By their names in lower case.
    pub(super) keys: BTreeMap<String, String>,
}

/// A line because of which a library reads nothing of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// The sections by their names, in the order of the file.
pub(super) type Named = Vec<(String, Section)>;

const NO_SECTION: &str = "a key before the first section";
const NO_DELIMITER: &str = "neither a section nor `KEY = VALUE`";

/// As `ini.v1` reads them, with nested values allowed: a section that is there twice is one.
pub(super) fn of_go(text: &str, file: &str) -> Result<Named, BadLine> {
    let mut named: Named = Vec::new();
    let mut current: Option<usize> = None;
    let mut is_value_empty = false;
    for (at, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let bad = |what: &str| BadLine { line: at + 1, what: what.to_owned() };
        let trimmed = line.trim();
        // Indented lines below a key without a value belong to that key, such as those of `s3 =`.
        let is_nested = is_value_empty && line.starts_with([' ', '\t']);
        if is_nested || trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = trimmed.strip_prefix('[') {
            let (name, _) = rest.rsplit_once(']').ok_or_else(|| bad("a section without `]`"))?;
            let known = named.iter().position(|(known, _)| known == name);
            current = Some(known.unwrap_or(named.len()));
            if known.is_none() {
                named.push((name.to_owned(), Section { place: Place::line(file, at + 1), keys: BTreeMap::new() }));
            }
            is_value_empty = false;
            continue;
        }
        let (key, value) = trimmed.split_once(['=', ':']).ok_or_else(|| bad(NO_DELIMITER))?;
        let value = without_comment(value);
        is_value_empty = value.is_empty();
        if let Some((_, section)) = current.and_then(|at| named.get_mut(at)) {
            section.keys.insert(key.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    Ok(named)
}

/// As `configparser` reads them: no comment after a value, quotes are a part of it, and indented lines continue it.
pub(super) fn of_python(text: &str, file: &str) -> Result<Named, BadLine> {
    let mut named: Named = Vec::new();
    let mut key: Option<String> = None;
    let mut indent = 0;
    for (at, line) in text.lines().enumerate() {
        let bad = |what: String| BadLine { line: at + 1, what };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indented = line.len() - line.trim_start().len();
        if let (Some(key), Some((_, section))) = (&key, named.last_mut())
            && indented > indent
        {
            let value = section.keys.entry(key.clone()).or_default();
            // The AWS CLI takes what is below an empty value for keys.
            if (value.is_empty() || value.starts_with('\n')) && !trimmed.contains('=') {
                return Err(bad("an indented line that is not `KEY = VALUE`".to_owned()));
            }
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        indent = indented;
        let header = trimmed.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')).filter(|it| !it.0.is_empty());
        if let Some((name, _)) = header {
            if let Some((_, first)) = named.iter().find(|(known, _)| known == name) {
                let line = first.place.line.unwrap_or_default();
                return Err(bad(format!("section `[{name}]` a second time, after line {line}")));
            }
            key = None;
            named.push((name.to_owned(), Section { place: Place::line(file, at + 1), keys: BTreeMap::new() }));
            continue;
        }
        let (_, section) = named.last_mut().ok_or_else(|| bad(NO_SECTION.to_owned()))?;
        let (name, value) = trimmed.split_once(['=', ':']).ok_or_else(|| bad(NO_DELIMITER.to_owned()))?;
        let name = name.trim().to_lowercase();
        if section.keys.insert(name.clone(), value.trim().to_owned()).is_some() {
            return Err(bad(format!("`{name}` a second time in its section")));
        }
        key = Some(name);
    }
    // What is below an empty value is no value by itself.
    named.iter_mut().for_each(|(_, section)| section.keys.retain(|_, value| !value.starts_with('\n')));
    Ok(named)
}

/// The value without its comment and quotes. A comment starts after white space, since `#` may be part of a URL.
fn without_comment(value: &str) -> &str {
    let comment = value.char_indices().zip(std::iter::once(' ').chain(value.chars()));
    let start = comment.into_iter().find(|((_, letter), before)| matches!(letter, '#' | ';') && before.is_whitespace());
    let value = start.map_or(value, |((at, _), _)| &value[..at]).trim();
    let quoted =
        value.len() >= 2 && value.starts_with(['"', '\'', '`']) && value.as_bytes().first() == value.as_bytes().last();
    if quoted { &value[1..value.len() - 1] } else { value }
}
