//! YAML with lines, as the nodes of [`super::json`]. What a scalar means is what Terraform's `yamldecode` makes of it:
//! YAML 1.2 with the booleans of 1.1, see <https://github.com/zclconf/go-cty-yaml/blob/main/resolve.go>.

mod scalar;
mod written;

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::json::{Entry, Error as Wrong, Node, Value};
use scalar::{key, scalar};
use written::Written;

/// How deep a document may be nested.
const DEEPEST: usize = 128;
/// How many nodes a document may have once its aliases stand for what they mean.
const MOST_NODES: usize = 200_000;

/// Why a text gives no document.
#[derive(Clone, Debug)]
pub enum Error {
    /// It is no YAML, or nothing that `yamldecode` takes.
    Wrong(Wrong),
    /// It is beyond what is read here, for this reason.
    Unclear(String),
}

impl Error {
    /// What is wrong, and in which line if one is to blame.
    pub fn parts(&self) -> (&str, Option<usize>) {
        match self {
            Self::Wrong(wrong) => (&wrong.what, Some(wrong.line)),
            Self::Unclear(reason) => (reason, None),
        }
    }
}

impl From<ScanError> for Error {
    fn from(error: ScanError) -> Self {
        wrong(error.marker(), error.info())
    }
}

fn wrong(at: &Marker, what: impl Into<String>) -> Error {
    Error::Wrong(Wrong { what: what.into(), line: at.line().max(1), column: at.col() + 1 })
}

fn unclear(what: &str, at: &Marker) -> Error {
    Error::Unclear(format!("{what} (line {})", at.line().max(1)))
}

/// Reads the one document of a text.
pub fn parse(text: &str) -> Result<Node, Error> {
    let whole = text;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        written: Written::new(whole),
        anchors: HashMap::new(),
        nodes: 0,
        last: Marker::default(),
        ends: Marker::default(),
    };
    let node = reader.document()?;
    match reader.next()? {
        (Event::StreamEnd, _) => Ok(node),
        (_, at) => {
            Err(wrong(&at, "there is more than one document, and files are read with one only: put each into its own"))
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    written: Written<'t>,
    /// What each anchor stands for, and how many nodes that is; an anchor that is missing is still being read.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    last: Marker,
    /// Where the last event ends.
    ends: Marker,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Marker), Error> {
        match self.parser.next_event() {
            Some(Ok((event, Span { start, end }))) => {
                (self.last, self.ends) = (start, end);
                Ok((event, start))
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(wrong(&self.last, "the text ends too early")),
        }
    }

    fn document(&mut self) -> Result<Node, Error> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::Nothing, _) => {}
                (Event::DocumentStart(_), _) => break,
                (_, at) => return Err(wrong(&at, "there is no document")),
            }
        }
        let (event, at) = self.next()?;
        let node = self.node(event, at, 0)?;
        match self.next()? {
            (Event::DocumentEnd, _) => Ok(node),
            (_, at) => Err(wrong(&at, "something follows the document")),
        }
    }

    fn node(&mut self, event: Event<'t>, at: Marker, depth: usize) -> Result<Node, Error> {
        if depth > DEEPEST {
            return Err(unclear("the YAML is nested too deep", &at));
        }
        let before = self.nodes;
        self.count(1, &at)?;
        let style = if let Event::Scalar(_, style, ..) = &event { Some(*style) } else { None };
        let span = self.written.span(at.index(), self.ends.index(), style);
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref(), &at)?),
            Event::SequenceStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "seq", &at)?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "map", &at)?;
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(anchor) => return self.alias(anchor, &at),
            _ => return Err(wrong(&at, "a value is missing")),
        };
        let node = Node { value, line: at.line().max(1), span };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: &Marker) -> Result<(), Error> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES { Err(unclear("the YAML is larger than any real one", at)) } else { Ok(()) }
    }

    fn alias(&mut self, anchor: usize, at: &Marker) -> Result<Node, Error> {
        let nodes = self.anchors.get(&anchor).map(|known| known.1);
        self.count(nodes.unwrap_or_default(), at)?;
        let known = self.anchors.get(&anchor).map(|known| known.0.clone());
        known.ok_or_else(|| wrong(at, "an alias stands inside what it stands for"))
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Error> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Error> {
        let mut entries = Vec::new();
        loop {
            let (event, at) = self.next()?;
            let (text, style, tag) = match event {
                Event::MappingEnd => return Ok(Value::Object(entries)),
                Event::Scalar(text, style, _, tag) => (text, style, tag),
                _ => return Err(wrong(&at, "only strings are allowed as keys")),
            };
            let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
            let key = if is_merge { String::new() } else { key(&text, style, tag.as_deref(), &at)? };
            let (event, value_at) = self.next()?;
            let node = self.node(event, value_at, depth + 1)?;
            match node.value {
                // What is merged in wins over what stands above it.
                Value::Object(merged) if is_merge => entries.extend(merged),
                _ if is_merge => return Err(wrong(&at, "only a map can be merged into a map")),
                _ => entries.push(Entry { key, line: at.line().max(1), node }),
            }
        }
    }
}

fn collection_tag(tag: Option<&Tag>, wanted: &str, at: &Marker) -> Result<(), Error> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() || tag.suffix != wanted => {
            Err(wrong(at, format!("the tag `{tag}` is not supported")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        let node = |node: &Node| shown(&node.value);
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(digits) => format!("#{digits}"),
            Value::String(text) => format!("{text:?}"),
            Value::Array(items) => format!("[{}]", items.iter().map(node).collect::<Vec<_>>().join(" ")),
            Value::Object(entries) => {
                let entry = |entry: &Entry| format!("{}@{}={}", entry.key, entry.line, node(&entry.node));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
            }
        }
    }

    pub(super) fn outcome(text: &str) -> String {
        match parse(text) {
            Ok(node) => shown(&node.value),
            Err(Error::Wrong(wrong)) => format!("!{}:{}", wrong.line, wrong.what),
            Err(Error::Unclear(reason)) => format!("?{reason}"),
        }
    }

    #[test]
    fn maps_keep_lines_and_their_keys_are_strings() {
        assert_eq!(outcome("a: 1\nb:\n  - x\n  - {c: d}\n"), "{a@1=#1 b@2=[\"x\" {c@4=\"d\"}]}");
        assert_eq!(outcome("yes: 1\n12: 2\n\"q\": 3\n"), "{true@1=#1 12@2=#2 q@3=#3}");
        assert_eq!(outcome("~: 1"), "!1:a key cannot be null");
        assert_eq!(outcome("? [a]\n: 1"), "!1:only strings are allowed as keys");
    }

    #[test]
    fn anchors_and_merges_are_followed_and_bombs_are_not() {
        assert_eq!(outcome("a: &x {b: 1}\nc: *x\n"), "{a@1={b@1=#1} c@2={b@1=#1}}");
        assert_eq!(outcome("a: &x {b: 1}\nc:\n  d: 2\n  <<: *x\n"), "{a@1={b@1=#1} c@2={d@3=#2 b@1=#1}}");
        assert_eq!(outcome("a: &x [*x]"), "!1:an alias stands inside what it stands for");
        assert!(outcome("a: *y").starts_with("!1:"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            bomb.push_str(&format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10)));
        }
        assert!(outcome(&bomb).starts_with("?the YAML is larger than any real one"));
        assert!(outcome(&"[".repeat(100_000)).starts_with(['?', '!']));
        assert!(outcome(&"- ".repeat(100_000)).starts_with(['?', '!']));
        assert!(outcome(&"a: {".repeat(100_000)).starts_with(['?', '!']));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert!(outcome("a: 1\nb: [1\nc: 2\n").starts_with('!'));
        assert_eq!(
            outcome("a: 1\n---\nb: 2\n"),
            "!2:there is more than one document, and files are read with one only: put each into its own"
        );
    }
}
