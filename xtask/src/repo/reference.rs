//! Which bytes decide the `ref` of a module's source: in a plain string, in a template, or in what a template is made of.

use std::ops::Range;

use super::files::Files;
use super::hcl::{Origin, Span, Value, splice};
use super::{Form, Pin, data};

/// What stands before a ref in a source.
const KEY: &str = "ref=";

/// The pin of the ref in a source that is known. `None` where not exactly one place can be made out.
pub(super) fn pin(files: &Files, source: &Value, reference: &str) -> Option<Pin> {
    find(files, &source.origin, reference)
}

fn find(files: &Files, origin: &Origin, reference: &str) -> Option<Pin> {
    match origin.first() {
        Origin::Literal(span) => {
            let text = span.source.text(&span.range);
            Some(in_hcl(span, within(text, reference).or_else(|| whole(text, reference))?, reference))
        }
        Origin::Computed { span, inputs } => match within(span.source.text(&span.range), reference) {
            Some(range) => Some(in_hcl(span, range, reference)),
            None => {
                let mut found = inputs.iter().filter_map(|input| find(files, input, reference));
                let first = found.next()?;
                // The same local may stand there twice.
                found.all(|it| it.file == first.file && it.span == first.span).then_some(first)
            }
        },
        Origin::Datum { file, line, span } => in_data(files, file, *line, span, reference),
        _ => None,
    }
}

/// A ref in a part of an expression.
fn in_hcl(span: &Span, part: Range<usize>, reference: &str) -> Pin {
    let range = span.range.start + part.start..span.range.start + part.end;
    Pin {
        file: span.source.name.clone(),
        line: span.source.line(range.start),
        key: splice::key_at(&span.source.body, &span.range).unwrap_or("source").to_owned(),
        span: range,
        value: reference.to_owned(),
        form: Form::Word,
    }
}

/// A ref in a string of JSON or YAML: the whole of it, or a part of a source.
fn in_data(files: &Files, file: &str, line: usize, span: &Range<usize>, reference: &str) -> Option<Pin> {
    let text = data::string_at(files, file, span)?;
    let (value, file) = (reference.to_owned(), file.to_owned());
    if text.value == reference {
        let (form, key) = (text.format.into(), text.way);
        return Some(Pin { file, line, key, span: span.clone(), value, form });
    }
    let bytes = files.bytes(&files.path(&file)).ok()?;
    let part = within(std::str::from_utf8(bytes.get(span.clone())?).ok()?, reference)?;
    let key = text.way;
    Some(Pin { file, line, key, span: span.start + part.start..span.start + part.end, value, form: Form::Word })
}

/// The ref behind `ref=` in a text, if it is there once.
fn within(text: &str, reference: &str) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-+".contains(&byte);
    let ends = |at: usize| text.as_bytes().get(at + reference.len()).is_none_or(|byte| !is_part(*byte));
    let behind = text.match_indices(KEY).map(|(at, _)| at + KEY.len());
    let mut found = behind.filter(|at| text[*at..].starts_with(reference) && ends(*at));
    let (at, None) = (found.next()?, found.next()) else { return None };
    Some(at..at + reference.len())
}

/// A string that holds nothing but the ref.
fn whole(text: &str, reference: &str) -> Option<Range<usize>> {
    (text == format!("\"{reference}\"")).then(|| 1..text.len() - 1)
}
