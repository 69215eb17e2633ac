//! Replaces one string literal in the bytes of a file and nothing else, and proves it.

use std::ops::Range;

use super::Fault;
use super::parse::parse_bytes;
use super::syntax::{Body, Expr, ExprKind, Key, Part, Step};

/// The bytes with the literal at `span` (quotes included) replaced by one that means `value`.
///
/// The proof: what stood there was a plain string, the result parses, at the same place it has a plain string that
/// means `value`, and putting the old literal back gives the original bytes.
pub fn splice(name: &str, bytes: &[u8], span: &Range<usize>, value: &str) -> Result<Vec<u8>, Fault> {
    splice_all(name, bytes, &[(span.clone(), value.to_owned())])
}

/// The same for several literals of one file, which is parsed only twice.
pub fn splice_all(name: &str, bytes: &[u8], edits: &[(Range<usize>, String)]) -> Result<Vec<u8>, Fault> {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    if edits.windows(2).any(|pair| pair[0].0.end > pair[1].0.start) {
        return Err(broken(name, "two edits overlap"));
    }
    let before = parse_bytes(name, bytes)?;
    let mut spliced = Vec::with_capacity(bytes.len());
    let mut done = 0;
    let mut placed = Vec::with_capacity(edits.len());
    for (span, value) in &edits {
        if literal_at(&before, span).is_none() {
            return Err(broken(name, "there is no plain string at the place to be edited"));
        }
        spliced.extend_from_slice(&bytes[done..span.start]);
        let start = spliced.len();
        spliced.extend_from_slice(literal(value).as_bytes());
        placed.push(start..spliced.len());
        done = span.end;
    }
    spliced.extend_from_slice(&bytes[done..]);

    let after = parse_bytes(name, &spliced)?;
    for (span, (_, value)) in placed.iter().zip(&edits) {
        if literal_at(&after, span) != Some(value) {
            return Err(broken(name, "the new literal does not read back as the new value"));
        }
    }
    let mut restored = spliced.clone();
    for (span, (old, _)) in placed.iter().zip(&edits).rev() {
        restored.splice(span.clone(), bytes[old.clone()].iter().copied());
    }
    if restored != bytes {
        return Err(broken(name, "putting the old literal back does not give the original bytes"));
    }
    Ok(spliced)
}

fn broken(name: &str, what: &str) -> Fault {
    Fault::new(format!("cannot edit `{name}` safely: {what}")).fatal()
}

/// A literal of HCL that means `value`, with as few escapes as possible.
pub fn literal(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('"');
    let mut rest = value.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => literal.extend([letter, letter]),
            control if control.is_control() => literal.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// The value of the plain string whose literal takes exactly this span.
pub fn literal_at<'b>(body: &'b Body, span: &Range<usize>) -> Option<&'b str> {
    let expr = expr_at(body, span)?;
    match &expr.kind {
        ExprKind::String(text) if expr.span == *span => Some(text),
        _ => None,
    }
}

/// The innermost key in front of the literal at this span.
pub fn key_at<'b>(body: &'b Body, span: &Range<usize>) -> Option<&'b str> {
    for (name, attribute) in &body.attributes {
        if holds(&attribute.value, span) {
            return Some(nested_key(&attribute.value, span).unwrap_or(name));
        }
    }
    let block = body.blocks.iter().find(|block| block.span.start <= span.start && span.end <= block.span.end)?;
    key_at(&block.body, span)
}

fn holds(expr: &Expr, span: &Range<usize>) -> bool {
    expr.span.start <= span.start && span.end <= expr.span.end
}

fn expr_at<'b>(body: &'b Body, span: &Range<usize>) -> Option<&'b Expr> {
    let mut attributes = body.attributes.values().map(|attribute| &attribute.value);
    if let Some(expr) = attributes.find(|expr| holds(expr, span)) {
        let mut innermost = expr;
        while let Some(inner) = children(innermost).into_iter().find(|inner| holds(inner, span)) {
            innermost = inner;
        }
        return Some(innermost);
    }
    let block = body.blocks.iter().find(|block| block.span.start <= span.start && span.end <= block.span.end)?;
    expr_at(&block.body, span)
}

fn nested_key<'b>(expr: &'b Expr, span: &Range<usize>) -> Option<&'b str> {
    if let ExprKind::Object(items) = &expr.kind {
        let item = items.iter().find(|item| holds(&item.value, span))?;
        return nested_key(&item.value, span).or(item.key.written());
    }
    children(expr).into_iter().find(|inner| holds(inner, span)).and_then(|inner| nested_key(inner, span))
}

fn children(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::List(items) => items.iter().collect(),
        ExprKind::Object(items) => {
            let keys = items.iter().filter_map(|item| match &item.key {
                Key::Expr(key) => Some(key),
                Key::Word(_) => None,
            });
            keys.chain(items.iter().map(|item| &item.value)).collect()
        }
        ExprKind::Template(parts) => parts
            .iter()
            .filter_map(|part| if let Part::Expr(expr) | Part::Join(expr) = part { Some(expr) } else { None })
            .collect(),
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => vec![inner],
        ExprKind::Traversal(start, steps) => {
            let indices =
                steps.iter().filter_map(|step| if let Step::Index(index) = step { Some(index) } else { None });
            std::iter::once(&**start).chain(indices).collect()
        }
        ExprKind::Conditional(parts) => parts.iter().collect(),
        ExprKind::Binary(_, operands) => operands.iter().collect(),
        ExprKind::Call(call) => call.arguments.iter().collect(),
        ExprKind::For(it) => [Some(&it.collection), it.key.as_ref(), Some(&it.value), it.condition.as_ref()]
            .into_iter()
            .flatten()
            .collect(),
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_)
        | ExprKind::Unsupported(_) => Vec::new(),
    }
}
