//! What a scalar means: null, a bool, a number, a string.

use saphyr_parser::{Marker, ScalarStyle, Tag};

use super::{Error, unclear, wrong};
use crate::json::Value;

/// The key of an entry: whatever the scalar means, as a string.
pub(super) fn key(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &Marker) -> Result<String, Error> {
    match scalar(text, style, tag, at)? {
        Value::String(text) => Ok(text),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') => {
            Ok(digits)
        }
        Value::Number(_) => Err(unclear("a number as a key is not worked out", at)),
        _ => Err(wrong(at, "a key cannot be null")),
    }
}

pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &Marker) -> Result<Value, Error> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => return Ok(Value::String(text.to_owned())),
        Some(tag) => return Err(unclear(&format!("the tag `{tag}` is not worked out"), at)),
        None => {}
    }
    if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
        return Ok(Value::String(text.to_owned()));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Err(wrong(at, "NaN is not supported")),
        _ => return plain(text, at),
    })
}

/// A scalar that is neither quoted nor one of the words.
fn plain(text: &str, at: &Marker) -> Result<Value, Error> {
    let first = text.as_bytes().first().copied().unwrap_or_default();
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return Ok(Value::String(text.to_owned()));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case(".inf") {
        return Err(unclear("an infinite number is not worked out", at));
    }
    if let Some(time) = timestamp(text) {
        return time.map(Value::String).ok_or_else(|| unclear("a time is not worked out", at));
    }
    if is_decimal(unsigned) {
        let digits = text.strip_prefix('+').unwrap_or(text);
        return Ok(Value::Number(digits.to_owned()));
    }
    let based = |prefix, base| text.strip_prefix(prefix).map(|digits| (digits, u64::from_str_radix(digits, base)));
    if let Some((digits, number)) = based("0x", 16).or_else(|| based("0o", 8)).filter(|it| !it.0.starts_with('+')) {
        return match number {
            Ok(number) => Ok(Value::Number(number.to_string())),
            Err(_) if digits.contains('_') => Err(unclear("a number with `_` differs between versions", at)),
            Err(_) => Ok(Value::String(text.to_owned())),
        };
    }
    // Older versions take more for a number than newer ones.
    let looks_like_one = unsigned.starts_with("0x") || unsigned.starts_with("0o") || unsigned.contains('_');
    if looks_like_one && unsigned.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'x' | b'o')) {
        return Err(unclear("whether it is a number differs between versions", at));
    }
    Ok(Value::String(text.to_owned()))
}

fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|it| it.strip_prefix(['+', '-']).unwrap_or(it));
    digits(whole)
        && digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(|it| !it.is_empty() && digits(it))
}

/// A date becomes midnight; the inner `None` is a date with a time of day.
fn timestamp(text: &str) -> Option<Option<String>> {
    let (year, rest) = text.split_once('-').filter(|(year, _)| year.len() == 4)?;
    let (month, day) = rest.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let (year, month) = (number(year)?, number(month).filter(|_| month.len() <= 2)?);
    if day.len() > 2 && day.contains(':') {
        return Some(None);
    }
    let day = number(day).filter(|_| day.len() <= 2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (1..=last).contains(&day).then(|| Some(format!("{year:04}-{month:02}-{day:02}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use crate::yaml::tests::outcome;

    #[test]
    fn scalars_mean_what_they_mean_to_yamldecode() {
        for (text, expected) in [
            ("a", "\"a\""),
            ("[1, 1.50, +3, -4, .5, 1e3, 010]", "[#1 #1.50 #3 #-4 #.5 #1e3 #010]"),
            ("[0x1f, 0o17, 0xzz, 1a, \"1\", '2', 1_0]", "?whether it is a number differs between versions (line 1)"),
            ("[0x1f, 0o17, 0xzz, 1a, \"1\", '2', -a, 1.2.3]", "[#31 #15 \"0xzz\" \"1a\" \"1\" \"2\" \"-a\" \"1.2.3\"]"),
            ("[yes, No, on, OFF, y, n, true, yEs]", "[true false true false true false true \"yEs\"]"),
            ("[~, null, '', \"null\"]", "[null null \"\" \"null\"]"),
            ("[2024-1-2, 2024-02-30, 2024-01-02x]", "[\"2024-01-02T00:00:00Z\" \"2024-02-30\" \"2024-01-02x\"]"),
            ("2024-01-02T03:04:05Z", "?a time is not worked out (line 1)"),
            ("[!!str 1, !!str yes]", "[\"1\" \"yes\"]"),
            ("!x 1", "?the tag `!x` is not worked out (line 1)"),
            ("[.nan]", "!1:NaN is not supported"),
            ("|\n  a\n  b\n", "\"a\\nb\\n\""),
            ("|-\n  12\n", "#12"),
            (">-\n  a\n  b\n", "\"a b\""),
            ("---\n", "null"),
            ("", "!1:there is no document"),
        ] {
            assert_eq!(outcome(text), expected, "{text:?}");
        }
    }
}
