//! One file of HCL: its bytes, its syntax tree, and where in it something stands.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::syntax::Body;
use crate::Place;

/// A parsed file. Spans are byte offsets in `bytes`, a byte order mark included.
#[derive(Debug)]
pub struct Source {
    /// The file as people should read it: relative to the repository root where it is inside it.
    pub name: String,
    /// The file on disk, absolute.
    pub path: PathBuf,
    /// The bytes exactly as they are in the file.
    pub bytes: Arc<[u8]>,
    /// The syntax tree.
    pub body: Arc<Body>,
    line_starts: Arc<[usize]>,
}

impl Source {
    /// Puts a file together; `bytes` must be what `body` was parsed from.
    pub fn new(name: String, path: PathBuf, bytes: Arc<[u8]>, body: Body) -> Self {
        let line_starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1)).collect();
        Self { name, path, bytes, body: Arc::new(body), line_starts }
    }

    /// The same text as a file at another path, under the same name.
    #[must_use]
    pub fn copied_to(&self, path: PathBuf) -> Self {
        let (body, line_starts) = (self.body.clone(), self.line_starts.clone());
        Self { name: self.name.clone(), path, bytes: self.bytes.clone(), body, line_starts }
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    /// The place of a byte offset.
    pub fn place(&self, offset: usize) -> Place {
        Place::line(&self.name, self.line(offset))
    }

    /// The text of a span, for messages.
    pub fn text(&self, range: &Range<usize>) -> &str {
        self.bytes.get(range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// A part of a file.
#[derive(Clone, Debug)]
pub struct Span {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes of it.
    pub range: Range<usize>,
}

impl Span {
    /// The place where the span starts.
    pub fn place(&self) -> Place {
        self.source.place(self.range.start)
    }

    /// The text in one line, shortened for messages.
    pub fn excerpt(&self) -> String {
        const LONGEST: usize = 80;
        let text = self.source.text(&self.range).split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > LONGEST { text.chars().take(LONGEST - 1).chain(['…']).collect() } else { text }
    }
}
