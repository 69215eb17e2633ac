//! Which bytes decide the `ref` of a module's source: in a plain string, in a template, or in what a template is made of.

use std::ops::Range;

use super::hcl::{Origin, Span, Value, splice};
use super::{Form, Pin};

/// What stands before a ref in a source.
const KEY: &str = "ref=";

/// The pin of the ref in a source that is known. `None` where not exactly one place can be made out.
pub(super) fn pin(source: &Value, reference: &str) -> Option<Pin> {
    let (span, range) = find(&source.origin, reference)?;
    Some(Pin {
        file: span.source.name.clone(),
        line: span.source.line(range.start),
        key: splice::key_at(&span.source.body, &span.range).unwrap_or("source").to_owned(),
        span: range,
        value: reference.to_owned(),
        form: Form::Word,
    })
}

fn find(origin: &Origin, reference: &str) -> Option<(Span, Range<usize>)> {
    match origin.first() {
        Origin::Literal(span) => {
            within(span, reference).or_else(|| whole(span, reference)).map(|it| (span.clone(), it))
        }
        Origin::Computed { span, inputs } => match within(span, reference) {
            Some(range) => Some((span.clone(), range)),
            None => {
                let mut found = inputs.iter().filter_map(|input| find(input, reference));
                let first = found.next()?;
                // The same local may stand there twice.
                found.all(|(span, range)| span.source.name == first.0.source.name && range == first.1).then_some(first)
            }
        },
        _ => None,
    }
}

/// The ref behind `ref=` in an expression, if it is there once.
fn within(span: &Span, reference: &str) -> Option<Range<usize>> {
    let text = span.source.text(&span.range);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-+".contains(&byte);
    let ends = |at: usize| text.as_bytes().get(at + reference.len()).is_none_or(|byte| !is_part(*byte));
    let behind = text.match_indices(KEY).map(|(at, _)| at + KEY.len());
    let mut found = behind.filter(|at| text[*at..].starts_with(reference) && ends(*at));
    let (at, None) = (found.next()?, found.next()) else { return None };
    let start = span.range.start + at;
    Some(start..start + reference.len())
}

/// A string that holds nothing but the ref.
fn whole(span: &Span, reference: &str) -> Option<Range<usize>> {
    (span.source.text(&span.range) == format!("\"{reference}\"")).then(|| span.range.start + 1..span.range.end - 1)
}
