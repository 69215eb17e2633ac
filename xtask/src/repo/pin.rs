//! A pin: the place in the repository where a version is written.

use std::ops::Range;

use super::hcl::{Origin, Value, splice};
use crate::model::Place;

/// A plain string in a file that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The file, relative to the root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name in front of it.
    pub key: String,
    /// The bytes of the literal with its quotes, in the raw file, a byte order mark included.
    pub span: Range<usize>,
    /// What it says.
    pub value: String,
    /// Whether it stands in a `locals` block.
    pub in_locals: bool,
}

impl Pin {
    /// The pin that a value comes from, if it comes from a plain string.
    pub fn of(value: &Value) -> Option<Self> {
        let Origin::Literal(span) = value.origin.first() else { return None };
        let text = value.as_str()?;
        let (key, in_locals) = splice::key_at(&span.source.body, &span.range).unwrap_or_default();
        Some(Self {
            file: span.source.name.clone(),
            line: span.source.line(span.range.start),
            key: key.to_owned(),
            span: span.range.clone(),
            value: text.to_owned(),
            in_locals,
        })
    }

    /// The place, for messages.
    pub fn place(&self) -> Place {
        Place::line(&self.file, self.line)
    }
}
