//! Where a scalar is written: the parser counts letters, and takes more for a scalar than is one.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

/// The text of a document. Its letters are asked for in their order.
pub(super) struct Written<'t> {
    text: &'t str,
    /// The bytes of a byte order mark.
    mark: usize,
    letter: usize,
    byte: usize,
}

impl<'t> Written<'t> {
    /// The text with its byte order mark, if it has one; the parser has been given it without.
    pub(super) fn new(whole: &'t str) -> Self {
        let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
        Self { text, mark: whole.len() - text.len(), letter: 0, byte: 0 }
    }

    /// The byte of a letter.
    fn byte(&mut self, letter: usize) -> usize {
        if letter < self.letter {
            (self.letter, self.byte) = (0, 0);
        }
        let more = self.text[self.byte..].chars().take(letter - self.letter);
        self.byte += more.map(char::len_utf8).sum::<usize>();
        self.letter = letter;
        self.byte
    }

    /// The bytes of a scalar in the whole text, between two letters: without its anchor and tag, and without the blanks and
    /// the comment behind it. Nothing for what is no scalar, or one in a block of its own.
    pub(super) fn span(&mut self, start: usize, end: usize, style: Option<ScalarStyle>) -> Range<usize> {
        let (mut start, end) = (self.byte(start), self.byte(end.max(start)));
        let is_inline = !matches!(style, None | Some(ScalarStyle::Literal | ScalarStyle::Folded));
        while is_inline && self.text[start..end].starts_with(['&', '!']) {
            let property = self.text[start..end].find(char::is_whitespace).unwrap_or(end - start);
            start += property;
            start += self.text[start..end].len() - self.text[start..end].trim_start().len();
        }
        let len = if is_inline { len(&self.text[start..end]) } else { 0 };
        self.mark + start..self.mark + start + len
    }
}

fn len(written: &str) -> usize {
    match written.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => quoted_len(written.as_bytes(), *quote),
        _ => {
            let comment = [" #", "\t#", "\n#"].iter().filter_map(|mark| written.find(mark)).min();
            written[..comment.unwrap_or(written.len())].trim_end().len()
        }
    }
}

/// How long a quoted scalar is, its quotes included.
fn quoted_len(written: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < written.len() {
        match (written[at], written.get(at + 1)) {
            (b'\\', _) if quote == b'"' => at += 2,
            (byte, Some(next)) if byte == quote && quote == b'\'' && *next == quote => at += 2,
            (byte, _) if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    written.len()
}
