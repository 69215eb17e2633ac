//! Values in texts that are put together: an argument, a variable of the environment, a file that is generated. A value in
//! one comes from where its text comes from: a part of a string, or what was put in there.

use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::repo::files::Files;
use crate::repo::hcl::syntax::{Expr, ExprKind, Part};
use crate::repo::hcl::terraform::layer::{self, Form, Layer, Reader};
use crate::repo::hcl::value::Map;
use crate::repo::hcl::{Evaluator, Fault, Frame, Kind, Origin, Source, Span, Value, operators, parse};

/// Stands in a text for what can't be known.
const HOLE: &str = "not_known_offline";
/// The name of the one value of a text that is an expression.
const VALUE: &str = "value";

/// A text and where its parts come from.
#[derive(Clone)]
pub(super) struct Text {
    text: String,
    /// Parts by their bytes in the text, each with its origin. Those of a string in a file are what is written there.
    parts: Vec<(Range<usize>, Origin)>,
    whole: Origin,
    /// Why there are holes in it.
    unknown: Option<Rc<str>>,
}

impl Text {
    /// The text of a value that is a string, or why it isn't known.
    pub(super) fn of(value: &Value) -> Result<Self, Rc<str>> {
        let unknown = || value.unknown_reason().cloned().unwrap_or_else(|| Rc::from("it is no string"));
        let text = operators::text(value).ok_or_else(unknown)?.to_string();
        let parts = vec![(0..text.len(), value.origin.clone())];
        Ok(Self { text, parts, whole: value.origin.clone(), unknown: None })
    }

    /// What it says; a hole is in the place of what isn't known.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands in front of the first of these letters, if there is one.
    pub(super) fn before(&self, letter: char) -> Option<&str> {
        self.text.split_once(letter).map(|(before, _)| before)
    }

    /// Why a piece of the text isn't known, if it isn't.
    pub(super) fn hole_in(&self, piece: &str) -> Option<Rc<str>> {
        piece.contains(HOLE).then(|| self.unknown.clone().unwrap_or_else(|| Rc::from("a part of it is not known")))
    }

    /// The rest of it, from this byte on.
    pub(super) fn ending(&self, from: usize) -> Self {
        let cut = |(part, origin): &(Range<usize>, Origin)| {
            (part.start.saturating_sub(from)..part.end.saturating_sub(from), origin.clone())
        };
        Self {
            text: self.text.get(from..).unwrap_or_default().to_owned(),
            parts: self.parts.iter().filter(|(part, _)| part.end > from).map(cut).collect(),
            whole: self.whole.clone(),
            unknown: self.unknown.clone(),
        }
    }

    /// What it gives a variable, as an argument or a variable of the environment: where the type of that isn't known, what
    /// looks like a collection is one.
    pub(super) fn variable(self, files: &Files, name: &str) -> Layer {
        let given = match self.text.trim_start().starts_with(['{', '[']) {
            true => self.expression(files).unwrap_or_else(|fault| Value::unknown(fault.in_one_line())),
            false => self.as_it_is(),
        };
        let read = move |files: &Files, _: &Value, form| match form {
            Form::Text => Ok(self.as_it_is()),
            Form::Expression => self.expression(files),
        };
        Layer::Passed(Value::map([(name.to_owned(), given)].into()), Reader(Box::new(read)))
    }

    fn as_it_is(&self) -> Value {
        let kind = match self.hole_in(&self.text) {
            Some(reason) => Kind::Unknown(reason),
            None => Kind::String(Rc::from(self.text.as_str())),
        };
        Value { kind, origin: self.origin_of(0..self.text.len()) }
    }

    /// The value of the expression that it is.
    pub(super) fn expression(&self, files: &Files) -> Result<Value, Fault> {
        let beginning = format!("{VALUE} = ");
        let shifted = |(part, origin): &(Range<usize>, Origin)| {
            (part.start + beginning.len()..part.end + beginning.len(), origin.clone())
        };
        let assigned = Self {
            text: format!("{beginning}{}", self.text),
            parts: self.parts.iter().map(shifted).collect(),
            whole: self.whole.clone(),
            unknown: self.unknown.clone(),
        };
        let value = match assigned.layer(files, VALUE) {
            Layer::Values(Value { kind: Kind::Map(map), .. }) => map.entries.get(VALUE).cloned(),
            Layer::Unknown(reason) if self.unknown.is_some() => Some(Value::unknown(reason)),
            _ => None,
        };
        let what = || format!("what is passed on is taken for an expression, and is none: {}", self.text);
        value.ok_or_else(|| Fault::new(what()))
    }

    /// The text of an expression, part by part where it is a template. What is unknown as a whole is its reason.
    pub(super) fn read(
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        expr: &Expr,
    ) -> Result<Result<Self, Rc<str>>, Fault> {
        let mut expr = expr;
        while let ExprKind::Parens(inner) = &expr.kind {
            expr = inner;
        }
        let span = Span { source: frame.source.clone(), range: expr.span.clone() };
        let ExprKind::Template(parts) = &expr.kind else {
            return Ok(Self::of(&evaluator.value(expr, frame)?));
        };
        let whole = Origin::Literal(span.clone());
        let mut made = Self { text: String::new(), parts: Vec::new(), whole, unknown: None };
        for part in parts {
            let start = made.text.len();
            let origin = match part {
                Part::Text(text) => {
                    made.text.push_str(text);
                    Origin::Literal(span.clone())
                }
                Part::Join(_) => return Ok(Err(Rc::from("a loop in a text that is generated is not worked out"))),
                Part::Expr(inner) => {
                    let value = evaluator.value(inner, frame)?;
                    match (operators::text(&value), value.unknown_reason()) {
                        (Some(text), _) => made.text.push_str(&text),
                        (None, reason) => {
                            made.text.push_str(HOLE);
                            made.unknown = reason.cloned().or_else(|| Some(Rc::from("it is no string")));
                        }
                    }
                    value.origin.passed_on_at(&span)
                }
            };
            made.parts.push((start..made.text.len(), origin));
        }
        Ok(Ok(made))
    }

    /// The file that it is the whole text of, if it is.
    pub(super) fn file(&self, files: &Files) -> Option<PathBuf> {
        match self.whole.first() {
            Origin::Data { file, line: None } => Some(files.path(file)),
            _ => None,
        }
    }

    /// The values in it, as a file with this name has them.
    pub(super) fn layer(&self, files: &Files, name: &str) -> Layer {
        let unclear = |what: &str| Layer::Unknown(Rc::from(format!("the generated `{name}` {what}")));
        if name.ends_with(".json") {
            let Some(Layer::Json((_, node))) = layer::json_text(name, &self.text) else { return unclear("is no JSON") };
            let file: Arc<str> = Arc::from(name);
            let values = Layer::Json((file, node));
            return match layer::joined(&[values], files) {
                Ok(values) => Layer::Values(self.placed(values)),
                Err(fault) => unclear(&format!("can't be read: {}", fault.in_one_line())),
            };
        }
        let parsed = parse::parse(name, &PathBuf::from(name), Arc::from(self.text.as_bytes()));
        let values = parsed.and_then(|source| layer::joined(&[Layer::Hcl(frame(source))], files));
        match values {
            Ok(values) => Layer::Values(self.placed(values)),
            // A hole by itself is no value.
            Err(fault) => unclear(&match &self.unknown {
                Some(reason) => format!("has parts that are not known: {reason}"),
                None => format!("can't be read: {}", fault.in_one_line()),
            }),
        }
    }

    /// The value with the origins of the text's parts.
    fn placed(&self, value: Value) -> Value {
        let range = match value.origin.first() {
            Origin::Literal(span) => Some(span.range.clone()),
            Origin::Datum { span, .. } => Some(span.clone()),
            _ => None,
        };
        let all = |items: &[Value]| Rc::new(items.iter().map(|item| self.placed(item.clone())).collect::<Vec<_>>());
        let kind = match value.kind {
            Kind::String(text) if text.contains(HOLE) => {
                Kind::Unknown(self.unknown.clone().unwrap_or_else(|| Rc::from("a part of it is not known")))
            }
            Kind::List(items) => Kind::List(all(&items)),
            Kind::Set(items) => Kind::Set(all(&items)),
            Kind::Map(map) => {
                let entries = map.entries.iter().map(|(name, value)| (name.clone(), self.placed(value.clone())));
                Kind::Map(Rc::new(Map { entries: entries.collect(), open: map.open.clone() }))
            }
            other => other,
        };
        let origin = range.map_or_else(|| self.whole.computed(), |range| self.origin_of(range));
        Value { kind, origin }
    }

    /// Where the bytes of a value come from; quotes around it are none of it.
    fn origin_of(&self, range: Range<usize>) -> Origin {
        let written = self.text.get(range.clone()).unwrap_or_default();
        let range = match written.len() >= 2 && written.starts_with('"') && written.ends_with('"') {
            true => range.start + 1..range.end - 1,
            false => range,
        };
        let part = self.parts.iter().find(|(part, _)| part.start <= range.start && range.end <= part.end);
        match part {
            Some((part, origin)) if *part == range && !matches!(origin, Origin::Literal(_)) => origin.clone(),
            Some((_, origin)) => self.written(&range, origin).unwrap_or_else(|| origin.computed()),
            None => self.whole.computed(),
        }
    }

    /// The place in the string of a file at which this part of the text is written: the same word, at the same turn.
    fn written(&self, range: &Range<usize>, origin: &Origin) -> Option<Origin> {
        let Origin::Literal(span) = origin.first() else { return None };
        let word = self.text.get(range.clone()).filter(|word| !word.is_empty())?;
        let source = span.source.text(&span.range);
        let is_of_it = |at: usize| {
            let mut of = self.parts.iter().filter(|(part, _)| part.start <= at && at + word.len() <= part.end);
            of.any(|(_, other)| matches!(other.first(), Origin::Literal(it) if it.range == span.range && Arc::ptr_eq(&it.source, &span.source)))
        };
        let here: Vec<_> = self.text.match_indices(word).map(|(at, _)| at).filter(|at| is_of_it(*at)).collect();
        let there: Vec<_> = source.match_indices(word).map(|(at, _)| at).collect();
        let turn = here.iter().position(|at| *at == range.start)?;
        (here.len() == there.len()).then(|| {
            let start = span.range.start + there[turn];
            origin.with_first(Origin::Literal(Span { source: span.source.clone(), range: start..start + word.len() }))
        })
    }
}

/// A file of values that lies nowhere.
fn frame(source: Arc<Source>) -> Rc<Frame> {
    let path = source.path.clone();
    Frame::of(source, path, false)
}
