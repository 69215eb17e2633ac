//! A pin: the place in the repository where a version is written.

use std::ops::Range;

use super::files::Files;
use super::hcl::data::{self, Format};
use super::hcl::{Origin, Value, splice};
use crate::model::Place;

/// A plain string in a file that decides something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The file, relative to the root.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The name in front of it; in files of data the whole way to it: `images.0.tag`.
    pub key: String,
    /// The bytes of it in the raw file, a byte order mark counted and quotes included, but those of a plain word.
    pub span: Range<usize>,
    /// What it says.
    pub value: String,
    /// How it is written.
    pub form: Form,
}

/// How a pin is written, which decides how another value is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A literal of HCL.
    Hcl,
    /// A string of JSON.
    Json,
    /// A string of YAML, quoted or not.
    Yaml,
    /// A plain word in a script, in a file of CI or in a longer string of HCL, or all that a plain file has; the span leaves
    /// quotes out.
    Word,
}

impl From<Format> for Form {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Yaml => Self::Yaml,
        }
    }
}

impl Pin {
    /// The pin that a value comes from, if it comes from a plain string in a file.
    pub fn of(value: &Value, files: &Files) -> Option<Self> {
        let text = value.as_str()?;
        match value.origin.first() {
            Origin::Literal(span) => {
                let form = match splice::literal_at(&span.source.body, &span.range) {
                    Some(written) if written == text => Form::Hcl,
                    // A part of a longer string has no quotes of its own.
                    None if span.source.text(&span.range) == text => Form::Word,
                    _ => return None,
                };
                Some(Self {
                    file: span.source.name.clone(),
                    line: span.source.line(span.range.start),
                    key: splice::key_at(&span.source.body, &span.range).unwrap_or_default().to_owned(),
                    span: span.range.clone(),
                    value: text.to_owned(),
                    form,
                })
            }
            Origin::Datum { file, line, span } => {
                // What was converted to a string on the way is none in the file.
                let found =
                    data::string_at(files, file, span).filter(|found| found.value == text && !found.way.is_empty());
                let Some((form, key)) = found.map(|found| (found.format.into(), found.way)) else {
                    return Self::plain(files, file).filter(|plain| plain.value == text && plain.span == *span);
                };
                let (file, line, span, value) = (file.to_string(), *line, span.clone(), text.to_owned());
                Some(Self { file, line, key, span, value, form })
            }
            Origin::Data { file, line: None } => Self::plain(files, file).filter(|plain| plain.value == text),
            _ => None,
        }
    }

    /// What stands in a file that has nothing else, but space around it; its key is the name of the file.
    pub(super) fn plain(files: &Files, file: &str) -> Option<Self> {
        let bytes = files.bytes(&files.path(file)).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let value = text.trim();
        let start = text.len() - text.trim_start().len();
        (!value.is_empty() && !value.contains('\n')).then(|| Self {
            file: file.to_owned(),
            line: 1 + text[..start].matches('\n').count(),
            key: file.rsplit('/').next().unwrap_or(file).to_owned(),
            span: start..start + value.len(),
            value: value.to_owned(),
            form: Form::Word,
        })
    }

    /// The place, for messages.
    pub fn place(&self) -> Place {
        Place::line(&self.file, self.line)
    }
}
