//! Functions from values to text: JSON, base64 and back, URLs.

use super::{Arguments, Stop, Value, unknown};
use crate::{Evaluator, Fault, Kind, operators};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A value as Go writes it in JSON.
pub(super) fn json_text(value: &Value) -> Result<String, Stop> {
    Ok(match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(_) | Kind::Number(_) => operators::text(value).unwrap_or_default().to_string(),
        Kind::String(text) => quoted(text)?,
        Kind::List(items) | Kind::Set(items) => {
            let items = items.iter().map(json_text).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(","))
        }
        Kind::Map(map) => {
            if let Some(reason) = &map.open {
                return Err(Stop::Unknown(reason.clone()));
            }
            let entry = |(key, value): (&String, &Value)| Ok(format!("{}:{}", quoted(key)?, json_text(value)?));
            let entries = map.entries.iter().map(entry).collect::<Result<Vec<_>, Stop>>()?;
            format!("{{{}}}", entries.join(","))
        }
        Kind::Unknown(reason) => return Err(Stop::Unknown(reason.clone())),
        Kind::Config(_) | Kind::Locals(_) => return Err(unknown("another file as JSON is not worked out")),
    })
}

/// A value as the text of its JSON.
pub(crate) fn as_json(evaluator: &Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
    let kind = match json_text(&evaluator.whole(value)?) {
        Ok(text) => Kind::String(text.into()),
        Err(Stop::Unknown(reason)) => Kind::Unknown(reason),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    Ok(Value { kind, origin: value.origin.computed() })
}

/// Go escapes what HTML would take for its own, and some spell control characters in other ways.
fn quoted(text: &str) -> Result<String, Stop> {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '<' | '>' | '&' => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                return Err(unknown("JSON with control characters is not worked out"));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

pub(super) fn jsonencode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    super::text::string(json_text(&call.evaluator.whole(&call.values[0])?)?)
}

pub(super) fn base64encode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let mut encoded = String::with_capacity(text.len() * 4 / 3 + 4);
    for chunk in text.as_bytes().chunks(3) {
        let bytes = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or_default()));
        let bits = bytes[0] << 16 | bytes[1] << 8 | bytes[2];
        for at in 0..4 {
            let sextet = (bits >> (18 - 6 * at)) & 63;
            encoded.push(if at <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    super::text::string(encoded)
}

pub(super) fn base64decode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let wrong = || Stop::Fault(Fault::new("this is not base64 of UTF-8 text"));
    if text.contains(['\n', '\r']) {
        return Err(unknown("base64 over several lines is not worked out"));
    }
    if text.len() % 4 != 0 {
        return Err(wrong());
    }
    let padding = text.len() - text.trim_end_matches('=').len();
    let sextets = text.trim_end_matches('=').bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte));
    let sextets: Vec<_> = sextets.collect::<Option<_>>().ok_or_else(wrong)?;
    if padding > 2 {
        return Err(wrong());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for chunk in sextets.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, sextet| bits << 6 | sextet) << (6 * (4 - chunk.len()));
        bytes.extend((0..chunk.len() - 1).map(|at| u8::try_from(bits >> (16 - 8 * at) & 255).unwrap_or_default()));
    }
    super::text::string(String::from_utf8(bytes).map_err(|_| wrong())?)
}

pub(super) fn urlencode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut encoded = String::new();
    for byte in call.text(0)?.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    super::text::string(encoded)
}
