//! Functions on strings.

use super::{Arguments, Stop, Value, text_of, unknown, wrong};
use crate::repo::hcl::{Kind, operators};

fn flag(holds: bool) -> Result<Value, Stop> {
    Ok(Value::made(Kind::Bool(holds)))
}

fn string(text: String) -> Result<Value, Stop> {
    const LONGEST: usize = 1 << 20;
    if text.len() > LONGEST {
        return Err(unknown("the string becomes longer than any real one"));
    }
    Ok(Value::string(text))
}

pub(super) fn lower(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(call.text(0)?.to_lowercase())
}

pub(super) fn upper(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(call.text(0)?.to_uppercase())
}

pub(super) fn trimspace(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(call.text(0)?.trim().to_owned())
}

pub(super) fn chomp(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    string(call.text(0)?.trim_end_matches(['\n', '\r']).to_owned())
}

pub(super) fn trimprefix(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (text, prefix) = (call.text(0)?, call.text(1)?);
    string(text.strip_prefix(&*prefix).unwrap_or(&text).to_owned())
}

pub(super) fn trimsuffix(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (text, suffix) = (call.text(0)?, call.text(1)?);
    string(text.strip_suffix(&*suffix).unwrap_or(&text).to_owned())
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

/// `replace(text, what, by)`; `what` between slashes is a regular expression, which is not worked out.
pub(super) fn replace(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (text, what, by) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if what.len() > 1 && what.starts_with('/') && what.ends_with('/') {
        return Err(unknown("`replace` with a regular expression is not worked out"));
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
        for item in call.items(at)? {
            pieces.push(text_of(&item)?);
        }
    }
    string(pieces.join(&separator))
}

pub(super) fn tostring(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = &call.values[0];
    match (&value.kind, operators::text(value)) {
        (Kind::Null, _) => Ok(value.clone()),
        (_, Some(text)) => Ok(Value { kind: Kind::String(text), origin: value.origin.clone() }),
        (_, None) => Err(wrong("a string", value)),
    }
}

pub(super) fn tonumber(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = &call.values[0];
    match &value.kind {
        Kind::Null => Ok(value.clone()),
        _ => Ok(Value { kind: Kind::Number(call.number(0)?), origin: value.origin.clone() }),
    }
}

/// `format` with `%s`, `%d`, `%v` and `%%`; anything else is not worked out.
pub(super) fn format(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let pattern = call.text(0)?;
    let mut rest = call.values[1..].iter();
    let mut text = String::new();
    let mut pieces = pattern.split('%');
    text.push_str(pieces.next().unwrap_or_default());
    let mut after_percent = false;
    for piece in pieces {
        if after_percent {
            after_percent = false;
            text.push_str(piece);
            continue;
        }
        let mut letters = piece.chars();
        match letters.next() {
            // An empty piece is the first half of `%%`.
            None => {
                text.push('%');
                after_percent = true;
                continue;
            }
            Some(verb @ ('s' | 'd' | 'v')) => {
                let value = rest.next().ok_or_else(|| unknown("`format` has too few arguments"))?;
                let piece = text_of(value)?;
                if verb == 'd' && piece.parse::<i64>().is_err() {
                    return Err(unknown("`format` with `%d` and something that is no whole number is not worked out"));
                }
                text.push_str(&piece);
            }
            Some(_) => return Err(unknown("`format` is worked out with `%s`, `%d` and `%v` only")),
        }
        text.push_str(letters.as_str());
    }
    if rest.next().is_some() {
        return Err(unknown("`format` has too many arguments"));
    }
    string(text)
}
