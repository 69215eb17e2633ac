//! JSON with lines: what serde_json can't tell is where in the file something stands.

use std::ops::Range;

use serde_json::Value as Checked;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The line that it starts in, from 1.
    pub line: usize,
    /// The bytes of it in the text, with its quotes if it has some; a byte order mark counts.
    pub span: Range<usize>,
}

/// A JSON value. Numbers keep their spelling.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Entry>),
}

/// An entry of an object, in the order of the file; equal keys are all kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The line of the key, from 1.
    pub line: usize,
    /// The value.
    pub node: Node,
}

/// Why a text is not JSON.
#[derive(Clone, Debug)]
pub struct Error {
    /// What is wrong.
    pub what: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// Reads a document. serde_json decides what is valid (and how deep it may be nested); this adds the lines.
pub fn parse(text: &str) -> Result<Node, Error> {
    let whole = text;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<Checked>(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = error.to_string();
        let what = what.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&what).to_owned();
        Error { what, line: line.max(1), column: column.max(1) }
    })?;
    Ok(Scan { text: whole, at: whole.len() - text.len(), line: 1 }.node())
}

/// Goes through text that is known to be valid.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Scan<'t> {
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    /// Skips white space and the separators, which carry no meaning in a valid document.
    fn skip(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n' | b',' | b':') {
            self.line += usize::from(self.byte() == b'\n');
            self.at += 1;
        }
    }

    fn node(&mut self) -> Node {
        self.skip();
        let (line, start) = (self.line, self.at);
        let value = match self.byte() {
            b'{' => Value::Object(self.many(b'}', |scan| {
                let line = scan.line;
                let key = scan.string();
                Entry { key, line, node: scan.node() }
            })),
            b'[' => Value::Array(self.many(b']', Self::node)),
            b'"' => Value::String(self.string()),
            _ => match self.word() {
                "null" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                digits => Value::Number(digits.to_owned()),
            },
        };
        Node { value, line, span: start..self.at }
    }

    fn many<T>(&mut self, close: u8, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut all = Vec::new();
        self.at += 1;
        loop {
            self.skip();
            if self.byte() == close || self.at >= self.text.len() {
                self.at += 1;
                return all;
            }
            all.push(one(self));
        }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while self.at < self.text.len() && self.byte() != b'"' {
            self.at += if self.byte() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.text.len());
        serde_json::from_str(&self.text[start..self.at]).unwrap_or_default()
    }

    fn word(&mut self) -> &'t str {
        let start = self.at;
        while self.at < self.text.len() && !matches!(self.byte(), b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
        &self.text[start..self.at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_line() {
        let node = parse("{\n  \"a\": [1,\n 2.50],\r\n\"b\\\"\\u00e9\": {\"c\"\n:null}}").expect("it is JSON");
        let Value::Object(entries) = node.value else { panic!("an object") };
        assert_eq!((entries[0].key.as_str(), entries[0].line), ("a", 2));
        let Value::Array(items) = &entries[0].node.value else { panic!("an array") };
        assert_eq!(items[1].line, 3);
        assert!(matches!(&items[1].value, Value::Number(digits) if digits == "2.50"));
        assert_eq!((items[0].span.clone(), entries[0].node.span.clone()), (10..11, 9..19));
        assert_eq!((entries[1].key.as_str(), entries[1].line), ("b\"é", 4));
        let Value::Object(inner) = &entries[1].node.value else { panic!("an object") };
        assert_eq!((inner[0].line, inner[0].node.line), (4, 5));
    }

    #[test]
    fn equal_keys_are_all_kept() {
        let node = parse(r#"{"a": 1, "a": 2}"#).expect("it is JSON");
        assert!(matches!(node.value, Value::Object(entries) if entries.len() == 2));
    }

    #[test]
    fn an_error_has_a_line_and_a_column() {
        let error = parse("{\n  \"a\": 1,\n}").expect_err("a trailing comma");
        assert_eq!((error.line, error.column, error.what.as_str()), (3, 1, "trailing comma"));
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        assert!(parse(&"[".repeat(1_000_000)).is_err());
    }
}
