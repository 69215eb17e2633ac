//! Strings in files of data, JSON and YAML: the way to each, and putting another in its place without touching anything else.

use std::ops::Range;

use crate::json::{self, Node, Value};
use crate::{Fault, Files, Place, yaml};

/// How a file of data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// A string in a file of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// JSON or YAML.
    pub format: Format,
    /// The way to it: `images.0.tag`.
    pub way: String,
    /// What it says.
    pub value: String,
    /// The bytes of it, with its quotes if it has some.
    pub span: Range<usize>,
    /// The line, from 1.
    pub line: usize,
}

/// The string at a place of a file, `file` as people read it.
pub fn string_at(files: &Files, file: &str, span: &Range<usize>) -> Option<Text> {
    let bytes = files.bytes(&files.path(file)).ok()?;
    strings(std::str::from_utf8(&bytes).ok()?)?.into_iter().find(|text| text.span == *span)
}

/// All strings of a file; `None` if it is neither JSON nor YAML. What an alias repeats is there once.
pub fn strings(text: &str) -> Option<Vec<Text>> {
    let (format, node) = read(text).ok()?;
    let mut found = Vec::new();
    collect(format, &node, String::new(), &mut found);
    found.sort_by_key(|text| text.span.start);
    found.dedup_by_key(|text| text.span.start);
    Some(found)
}

fn collect(format: Format, node: &Node, way: String, found: &mut Vec<Text>) {
    let below = |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
    match &node.value {
        Value::String(value) => {
            found.push(Text { format, way, value: value.clone(), span: node.span.clone(), line: node.line });
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(format, item, below(&at.to_string()), found));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|entry| collect(format, &entry.node, below(&entry.key), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn read(text: &str) -> Result<(Format, Node), String> {
    match json::parse(text) {
        Ok(node) => Ok((Format::Json, node)),
        Err(_) => yaml::parse(text).map(|node| (Format::Yaml, node)).map_err(|error| error.parts().0.to_owned()),
    }
}

/// The bytes with other strings at these places, and proof that nothing else means anything else.
pub fn splice_all(name: &str, bytes: &[u8], edits: &[(Range<usize>, String)]) -> Result<Vec<u8>, Fault> {
    let broken = |what: &str| Fault::new(format!("cannot edit `{name}` safely: {what}")).fatal();
    let before = std::str::from_utf8(bytes).map_err(|_| broken("it is not UTF-8"))?;
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    if edits.windows(2).any(|pair| pair[0].0.end > pair[1].0.start) {
        return Err(broken("two edits overlap"));
    }
    let (format, old) = read(before).map_err(|what| broken(&what))?;
    let known = strings(before).unwrap_or_default();
    let mut after = before.to_owned();
    for (span, value) in edits.iter().rev() {
        let text = known.iter().find(|text| text.span == *span);
        let text = text.ok_or_else(|| broken("there is no string at the place to be edited"))?;
        let written = before.get(span.clone()).unwrap_or_default();
        if written.is_empty() || written.contains('\n') {
            let fault = broken(&format!("`{}` is written over several lines", text.way));
            return Err(fault.at(Place::line(name, text.line)).hint("write it in one line, such as `KEY: \"v1.2.3\"`"));
        }
        let new = rewritten(format, written, value).ok_or_else(|| {
            let fault = broken(&format!("`{}` is written oddly", text.way));
            fault.at(Place::line(name, text.line)).hint("write it as a plain string in quotes")
        })?;
        after.replace_range(span.clone(), &new);
    }
    let (format_after, new) = read(&after).map_err(|what| broken(&what))?;
    if format_after != format || !agrees(&old, &new, &edits) {
        return Err(broken("with the change, something else in it would mean something else"));
    }
    Ok(after.into_bytes())
}

/// A string written as the old one is; `None` if the old one is nothing that is understood.
fn rewritten(format: Format, old: &str, value: &str) -> Option<String> {
    let quoted = || serde_json::to_string(value).ok();
    match old.as_bytes() {
        [b'"', .., b'"'] => quoted(),
        [b'\'', .., b'\''] if format == Format::Yaml => Some(format!("'{}'", value.replace('\'', "''"))),
        [first, ..] if format == Format::Yaml && !matches!(first, b'"' | b'\'' | b'|' | b'>' | b'*' | b'&' | b'!') => {
            // What means a number or a bool without quotes needs some.
            let reads_back =
                |text: &str| matches!(yaml::parse(text), Ok(Node { value: Value::String(read), .. }) if read == value);
            if reads_back(value) && !value.contains([':', '#', ',', '[', ']', '{', '}']) {
                Some(value.to_owned())
            } else {
                quoted()
            }
        }
        _ => None,
    }
}

/// Whether two documents are the same but for the strings at these places, which have the new values.
fn agrees(old: &Node, new: &Node, edits: &[(Range<usize>, String)]) -> bool {
    match (&old.value, &new.value) {
        (Value::String(before), Value::String(after)) => {
            let edit = edits.iter().find(|(span, _)| *span == old.span);
            after == edit.map_or(before, |(_, value)| value)
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len() && before.iter().zip(after).all(|(old, new)| agrees(old, new, edits))
        }
        (Value::Object(before), Value::Object(after)) => {
            let same =
                |(old, new): (&json::Entry, &json::Entry)| old.key == new.key && agrees(&old.node, &new.node, edits);
            before.len() == after.len() && before.iter().zip(after).all(same)
        }
        (Value::Number(before), Value::Number(after)) => before == after,
        (Value::Bool(before), Value::Bool(after)) => before == after,
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(text: &str, way: &str, value: &str) -> Result<String, String> {
        let texts = strings(text).expect("it is data");
        let found = texts.iter().find(|found| found.way == way).unwrap_or_else(|| panic!("{way} in {texts:?}"));
        let edits = [(found.span.clone(), value.to_owned())];
        let bytes = splice_all("f", text.as_bytes(), &edits).map_err(|fault| fault.what().to_owned())?;
        Ok(String::from_utf8(bytes).expect("it is UTF-8"))
    }

    #[test]
    fn only_the_string_changes_in_whatever_way_it_is_written() {
        for (text, way) in [
            ("\u{feff}{ \"é\": [1.50, {\"tag\" :\t\"v1\"}],\r\n \"tag\": \"x\" }", "é.1.tag"),
            ("{\"a\":\"v1\",\"b\":\"v1\"}", "b"),
            ("a: \"v1\" # why\r\nb: v1\r\n", "a"),
            ("a: é\nb: 'v1'\nc: [v1, {d: v1}]\n", "b"),
            ("a: é\nb: 'v1'\nc: [v1, {d: v1}]\n", "c.0"),
            ("a: é\nb: 'v1'\nc: [v1, {d: v1}]\n", "c.1.d"),
            ("\u{feff}# é\na:   v1   # v1\nb: v1", "a"),
            ("- tag: v1\n- tag: v1", "1.tag"),
            ("x: &x v1\ny: *x\n", "x"),
        ] {
            let found = strings(text).and_then(|all| all.into_iter().find(|found| found.way == way)).expect(way);
            let mut expected = text.to_owned();
            let written = &text[found.span.clone()];
            assert!(written.trim_matches(['"', '\'']) == "v1", "{text}: {written:?}");
            expected.replace_range(found.span.clone(), &written.replace("v1", "v1.3.0"));
            assert_eq!(moved(text, way, "v1.3.0"), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_plain_scalar_gets_quotes_where_it_would_be_no_string() {
        assert_eq!(moved("a: v1\n", "a", "1.10").as_deref(), Ok("a: \"1.10\"\n"));
        assert_eq!(moved("a: v1\n", "a", "true").as_deref(), Ok("a: \"true\"\n"));
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused() {
        assert!(moved("a: |\n  v1\n", "a", "v2").is_err());
        assert!(moved("a: >-\n  v1\n", "a", "v2").is_err());
        assert!(moved("a: \"v1\\\n  \"\n", "a", "v2").is_err());
        assert!(splice_all("f", b"{\"a\": 1}", &[(6..7, "v2".to_owned())]).is_err());
        assert!(splice_all("f", b"{\"a\": \"v1\"}", &[(7..9, "v2".to_owned())]).is_err());
        assert!(splice_all("f", b"{", &[]).is_err());
    }
}
