//! Functions on strings.

use std::rc::Rc;

use super::{Arguments, Stop, Value, null_of_a_type, patterns, text_of, unknown, wrong};
use crate::{Kind, Origin, operators};

fn flag(holds: bool) -> Result<Value, Stop> {
    Ok(Value::made(Kind::Bool(holds)))
}

pub(super) fn string(text: String) -> Result<Value, Stop> {
    const LONGEST: usize = 1 << 20;
    if text.len() > LONGEST {
        return Err(unknown("the string becomes longer than any real one"));
    }
    Ok(Value::string(text))
}

/// Go changes the case letter by letter, without the rules for words that this language has.
fn cased(text: &str) -> Result<&str, Stop> {
    if text.is_ascii() { Ok(text) } else { Err(unknown("the case of letters beyond ASCII is not worked out")) }
}

pub(super) fn lower(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(cased(&call.text(0)?)?.to_lowercase())
}

pub(super) fn upper(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(cased(&call.text(0)?)?.to_uppercase())
}

/// A part of the first argument. All of it is that value itself, and a part of a file that was read stands there.
fn part(call: &Arguments<'_, '_>, cut: impl FnOnce(&str) -> &str) -> Result<Value, Stop> {
    let (text, value) = (call.text(0)?, &call.values[0]);
    let part = cut(&text);
    let (file, line, start) = match value.origin.first() {
        _ if part.len() == text.len() && value.as_str().is_some() => return Ok(value.clone()),
        Origin::Data { file, line: None } => (file, 1, 0),
        // One that is written there without quotes.
        Origin::Datum { file, line, span } if span.len() == text.len() => (file, *line, span.start),
        _ => return string(part.to_owned()),
    };
    let before = &text[..part.as_ptr() as usize - text.as_ptr() as usize];
    let (line, start) = (line + before.matches('\n').count(), start + before.len());
    let first = Origin::Datum { file: file.clone(), line, span: start..start + part.len() };
    Ok(Value { kind: Kind::String(part.into()), origin: value.origin.with_first(first) })
}

pub(super) fn trimspace(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    part(call, str::trim)
}

pub(super) fn chomp(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    part(call, |text| text.trim_end_matches(['\n', '\r']))
}

pub(super) fn trimprefix(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let prefix = call.text(1)?;
    part(call, |text| text.strip_prefix(&*prefix).unwrap_or(text))
}

pub(super) fn trimsuffix(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let suffix = call.text(1)?;
    part(call, |text| text.strip_suffix(&*suffix).unwrap_or(text))
}

pub(super) fn startswith(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    flag(call.text(0)?.starts_with(&*call.text(1)?))
}

pub(super) fn endswith(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    flag(call.text(0)?.ends_with(&*call.text(1)?))
}

pub(super) fn strcontains(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    flag(call.text(0)?.contains(&*call.text(1)?))
}

/// `replace(text, what, by)`; `what` between slashes is a regular expression.
pub(super) fn replace(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (text, what, by) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if what.len() > 1 && what.starts_with('/') && what.ends_with('/') {
        let replaced = patterns::replaced(&what[1..what.len() - 1], &text, &by)?;
        return string(replaced.to_string());
    }
    string(text.replace(&*what, &by))
}

pub(super) fn split(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    call.evaluator.spend(text.len() / 8)?;
    if separator.is_empty() {
        return Ok(Value::list(text.chars().map(|c| Value::string(c.to_string())).collect()));
    }
    Ok(Value::list(text.split(&*separator).map(Value::string).collect()))
}

pub(super) fn join(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let separator = call.text(0)?;
    let mut pieces = Vec::new();
    for at in 1..call.values.len() {
        for item in call.list(at)? {
            pieces.push(text_of(&item)?);
        }
    }
    string(pieces.join(&separator))
}

pub(super) fn tostring(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = &call.values[0];
    match (&value.kind, operators::text(value)) {
        (Kind::Null, _) => Err(null_of_a_type()),
        (_, Some(text)) => Ok(Value { kind: Kind::String(text), origin: value.origin.clone() }),
        (_, None) => Err(wrong("a string", value)),
    }
}

pub(super) fn tonumber(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = &call.values[0];
    match &value.kind {
        Kind::Null => Err(null_of_a_type()),
        _ => Ok(Value { kind: Kind::Number(call.number(0)?), origin: value.origin.clone() }),
    }
}

/// `substr(text, offset, length)`, counted in letters.
pub(super) fn substr(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = plain(call.text(0)?, "substr")?;
    let (offset, length) = (call.whole_number(1)?, call.whole_number(2)?);
    if offset >= 0 && length == 0 {
        return string(String::new());
    }
    let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 { (offset + size).max(0) } else { offset.min(size) };
    // As it is: an offset from the end takes the rest where no letter at all is asked for.
    let end = if length < 0 || (offset < 0 && length == 0) { size } else { (start.saturating_add(length)).min(size) };
    let bound = |at| usize::try_from(at).unwrap_or_default();
    string(text.get(bound(start)..bound(end)).unwrap_or_default().to_owned())
}

pub(super) fn strrev(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(plain(call.text(0)?, "strrev")?.chars().rev().collect())
}

/// Upper case for the first letter of each word, as Go's `strings.Title` sees words.
pub(super) fn title(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = plain(call.text(0)?, "title")?;
    let mut in_word = false;
    let letter = |letter: char| {
        let raised = if in_word { letter } else { letter.to_ascii_uppercase() };
        in_word = letter.is_ascii_alphanumeric() || letter == '_';
        raised
    };
    string(text.chars().map(letter).collect())
}

/// `indent(spaces, text)`: all lines but the first.
pub(super) fn indent(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let spaces = usize::try_from(call.whole_number(0)?).ok().filter(|spaces| *spaces < 1000);
    let spaces = spaces.ok_or_else(|| unknown("`indent` with so many spaces is not worked out"))?;
    let text = call.text(1)?;
    call.evaluator.spend(text.len() / 8)?;
    string(text.replace('\n', &format!("\n{}", " ".repeat(spaces))))
}

/// `trim(text, letters)`: the letters off both ends.
pub(super) fn trim(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let letters: Vec<_> = call.text(1)?.chars().collect();
    part(call, |text| text.trim_matches(&letters[..]))
}

pub(super) fn tobool(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = &call.values[0];
    match (&value.kind, operators::truth(value)) {
        (Kind::Null, _) => Err(null_of_a_type()),
        (_, Ok(Some(holds))) => Ok(Value { kind: Kind::Bool(holds), origin: value.origin.clone() }),
        _ => Err(wrong("a bool", value)),
    }
}

/// A text in which every byte is a letter of its own.
fn plain(text: Rc<str>, function: &str) -> Result<Rc<str>, Stop> {
    if text.is_ascii() && !text.contains("\r\n") {
        return Ok(text);
    }
    Err(unknown(&format!("`{function}` is worked out for ASCII only")))
}
