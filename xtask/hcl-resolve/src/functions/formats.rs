//! `format` and `formatlist`, as
//! <https://github.com/zclconf/go-cty/blob/main/cty/function/stdlib/format.go> does it.

use std::rc::Rc;

use super::encode::json_text;
use super::{Arguments, Stop, Value, text_of, unknown, wrong};
use crate::{Fault, Kind, operators};

fn fault(what: impl Into<String>) -> Stop {
    Stop::Fault(Fault::new(what))
}

/// `format(pattern, values...)`
pub(super) fn format(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = formatted(call, &call.text(0)?, &call.values[1..])?;
    super::text::string(text)
}

/// `formatlist(pattern, lists or values...)`: lists go side by side.
pub(super) fn formatlist(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let pattern = call.text(0)?;
    let mut columns = Vec::new();
    let mut n_rows = None;
    for (at, value) in call.values.iter().enumerate().skip(1) {
        if !matches!(value.kind, Kind::List(_) | Kind::Set(_)) {
            columns.push(Err(value.clone()));
            continue;
        }
        let items = call.items(at)?;
        if n_rows.is_some_and(|n| n != items.len()) {
            return Err(fault("the lists for `formatlist` have different lengths"));
        }
        n_rows = Some(items.len());
        columns.push(Ok(items));
    }
    let mut rows = Vec::new();
    for row in 0..n_rows.unwrap_or(1) {
        let cell = |column: &Result<Vec<Value>, Value>| match column {
            Ok(items) => items[row].clone(),
            Err(value) => value.clone(),
        };
        let cells: Vec<_> = columns.iter().map(cell).collect();
        rows.push(super::text::string(formatted(call, &pattern, &cells)?)?);
    }
    Ok(Value::list(rows))
}

/// `%`, flags, width, verb.
struct Verb {
    letter: char,
    zero: bool,
    left: bool,
    plus: bool,
    width: usize,
}

fn formatted(call: &Arguments<'_, '_>, pattern: &str, values: &[Value]) -> Result<String, Stop> {
    let mut text = String::new();
    let mut rest = pattern;
    let mut next = values.iter();
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (verb, after) = verb(rest)?;
        rest = after;
        let value = next.next().ok_or_else(|| fault("`format` has too few arguments"))?;
        text.push_str(&padded(&verb, one(call, &verb, value)?)?);
        if text.len() > 1 << 20 {
            return Err(unknown("the string becomes longer than any real one"));
        }
    }
    text.push_str(rest);
    // Values that no verb takes are an error only where there are verbs or values at all, which is so here.
    if next.next().is_some() {
        return Err(fault("`format` has too many arguments"));
    }
    Ok(text)
}

fn verb(text: &str) -> Result<(Verb, &str), Stop> {
    let mut verb = Verb { letter: ' ', zero: false, left: false, plus: false, width: 0 };
    let mut rest = text.char_indices();
    let mut digits = String::new();
    for (at, letter) in &mut rest {
        match letter {
            '0' if digits.is_empty() => verb.zero = true,
            '-' if digits.is_empty() => verb.left = true,
            '+' if digits.is_empty() => verb.plus = true,
            '0'..='9' => digits.push(letter),
            's' | 'd' | 'v' | 'q' | 't' | 'x' | 'X' | 'b' | 'o' => {
                verb.letter = letter;
                verb.width = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) };
                return Ok((verb, &text[at + 1..]));
            }
            _ => break,
        }
    }
    Err(unknown("`format` with a verb like this one is not worked out"))
}

fn one(call: &Arguments<'_, '_>, verb: &Verb, value: &Value) -> Result<String, Stop> {
    let value = call.evaluator.whole(value)?;
    if let Some(reason) = value.unknown_reason() {
        return Err(Stop::Unknown(reason.clone()));
    }
    if value.is_null() && verb.letter != 'v' {
        return Err(fault("null cannot be formatted"));
    }
    let is_text = matches!(verb.letter, 's' | 'v' | 'q' | 't');
    if verb.plus && is_text {
        return Err(unknown("`format` with `+` in front of something that is no number is not worked out"));
    }
    match verb.letter {
        's' => Ok(text_of(&value)?.to_string()),
        'q' => Ok(json_text(&Value::string(text_of(&value)?))?),
        't' => match operators::truth(&value) {
            Ok(Some(holds)) => Ok(holds.to_string()),
            _ => Err(wrong("a bool", &value)),
        },
        'v' => match &value.kind {
            Kind::String(text) => Ok(text.to_string()),
            Kind::Number(number) => Ok(general(*number)),
            _ => json_text(&value),
        },
        letter => {
            let number = operators::number(&value).ok_or_else(|| wrong("a number", &value))?;
            if number.fract() != 0.0 {
                return Err(fault("a whole number is needed here"));
            }
            let (whole, sign) = (
                number.abs() as u64,
                if number < 0.0 {
                    "-"
                } else if verb.plus {
                    "+"
                } else {
                    ""
                },
            );
            let digits = match letter {
                'x' => format!("{whole:x}"),
                'X' => format!("{whole:X}"),
                'b' => format!("{whole:b}"),
                'o' => format!("{whole:o}"),
                _ => whole.to_string(),
            };
            // Zeros stand between the sign and the digits.
            let missing = verb.width.saturating_sub(sign.len() + digits.len());
            let zeros = if verb.zero && !verb.left { "0".repeat(missing.min(1 << 20)) } else { String::new() };
            Ok(format!("{sign}{zeros}{digits}"))
        }
    }
}

fn padded(verb: &Verb, text: String) -> Result<String, Stop> {
    if verb.width == 0 {
        return Ok(text);
    }
    if verb.width > 1 << 16 || !text.is_ascii() || text.contains("\r\n") {
        return Err(unknown("`format` with such a width is not worked out"));
    }
    let missing = verb.width.saturating_sub(text.len());
    let is_number = !matches!(verb.letter, 's' | 'v' | 'q' | 't');
    let pad = |with: &str| with.repeat(missing);
    Ok(match (verb.left, verb.zero && !is_number) {
        (true, false) => text + &pad(" "),
        (false, false) => pad(" ") + &text,
        (false, true) => pad("0") + &text,
        (true, true) => return Err(unknown("`format` with both `-` and `0` is not worked out")),
    })
}

/// A number as Go's `%g` writes it with as few digits as possible.
fn general(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&exponent) && exponent < 6 {
        return Rc::<str>::from(format!("{number}")).to_string();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let (direction, size) = if exponent < 0 { ('-', -exponent) } else { ('+', exponent) };
    format!("{sign}{mantissa}e{direction}{size:02}")
}
