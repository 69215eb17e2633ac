//! Whole lines to stdout and stderr, whatever becomes of the reader.

use std::io::{self, Write};

/// Writes a line to stdout.
pub(crate) fn line(text: &str) {
    write(&mut io::stdout().lock(), text);
}

/// Writes a line to stderr.
pub(crate) fn err(text: &str) {
    write(&mut io::stderr().lock(), text);
}

/// One write per line, so that lines of processes that share a file don't mix. A reader that has gone is no reason
/// to stop in the middle of an apply.
fn write(to: &mut impl Write, text: &str) {
    let _ = to.write_all(format!("{text}\n").as_bytes()).and_then(|()| to.flush());
}
