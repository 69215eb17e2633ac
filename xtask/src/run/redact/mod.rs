//! Keeps secrets out of logs: what is known to be secret, what looks like a token, and what stands behind a name that
//! says so. [`Redactor`] is fed with text as it comes, and gives whole lines; its memory doesn't grow with the text.

mod forms;
mod known;
mod shapes;
mod squeeze;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use known::{Found, Known};
use shapes::Shapes;
use squeeze::{Places, places, squeezed};

use crate::model::MASK;
pub use crate::model::is_secret_name;

/// Longer lines are given in pieces of this many bytes, so that memory stays bounded.
pub const LONGEST_LINE: usize = 64 * 1024;

/// No secret of one word is longer: tokens of AWS sessions have one to two thousand letters.
const LONGEST_WORD: usize = 16 * 1024;

/// How much of what was given out is remembered at least, to know what goes on in what comes next.
const REMEMBERED: usize = 64;

/// Replaces what must not be read.
#[derive(Debug, Default)]
pub struct Redactor {
    known: Known,
    /// The values that are known.
    values: BTreeSet<String>,
    shapes: Shapes,
    /// What has come and was not given out yet, less than a longest line.
    pending: Vec<u8>,
    /// The last byte that was given out.
    last: Option<u8>,
    /// The end of what was given out, without white space.
    context: Vec<u8>,
}

impl Redactor {
    /// Knows these values as secret, in whatever form they are written; short ones are left out, since they would blot out
    /// ordinary words.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut redactor = Self::default();
        redactor.learn(secrets);
        redactor
    }

    /// Knows these values besides.
    pub fn learn(&mut self, secrets: impl IntoIterator<Item = String>) {
        let new: Vec<_> = secrets.into_iter().filter(|secret| self.values.insert(secret.clone())).collect();
        if !new.is_empty() {
            self.known.learn(new.iter().flat_map(|secret| forms::of(secret)));
        }
    }

    /// How many more bytes it takes at once.
    pub fn room(&self) -> usize {
        LONGEST_LINE - self.pending.len()
    }

    /// Takes what has come, at most as much as there is room for, and gives the lines that are complete and don't end in the
    /// middle of a secret.
    pub fn push(&mut self, text: &[u8]) -> String {
        self.pending.extend_from_slice(text);
        let mut given = String::new();
        let end = memchr::memrchr(b'\n', &self.pending).map_or(0, |at| at + 1);
        let is_full = self.pending.len() >= LONGEST_LINE;
        if end == 0 && !is_full {
            return given;
        }
        let Secrets { places: secrets, begun, text } = self.passage().secrets(&self.known, end);
        // Lines that end like a secret begins wait for what comes next.
        let whole = match begun {
            Some(at) if at < end => memchr::memrchr(b'\n', &self.pending[..at]).map_or(0, |at| at + 1),
            _ => end,
        };
        let to = match (whole, is_full) {
            (0, true) if end > 0 => end,
            (0, true) => self.seam(&secrets),
            (whole, _) => whole,
        };
        self.give(to, &secrets, text, &mut given);
        given
    }

    /// Gives the rest.
    pub fn finish(&mut self) -> String {
        let mut given = String::new();
        let Secrets { places: secrets, text, .. } = self.passage().secrets(&self.known, 0);
        self.give(self.pending.len(), &secrets, text, &mut given);
        given
    }

    /// A text of its own without its secrets.
    pub fn text(&self, text: &str) -> String {
        let all = Passage { text: text.as_bytes(), last: None, context: &[] };
        let secrets = all.secrets(&self.known, 0).places;
        let mut given = String::with_capacity(text.len());
        self.shapes.mask(&String::from_utf8_lossy(&all.masked(text.len(), &secrets)), &mut given);
        given
    }

    fn passage(&self) -> Passage<'_> {
        Passage { text: &self.pending, last: self.last, context: &self.context }
    }

    /// Where a piece of a long line ends: not in the middle of a word, which may be a secret, unless there is none to part
    /// at; not within a known secret; and so far before the end that one that begins before it is there as a whole.
    fn seam(&self, secrets: &[Range<usize>]) -> usize {
        let piece = &self.pending;
        let to = piece.len() - self.known.longest().clamp(1, LONGEST_WORD / 2);
        let from = piece.len() - LONGEST_WORD;
        let any = |[one, two, three]: [u8; 3]| memchr::memrchr3(one, two, three, &piece[from..to]);
        let seam = any(*b" ,\"").or_else(|| any(*b"\t;'")).or_else(|| any(*b"<>&")).map_or(to, |at| from + at + 1);
        let seam = secrets.iter().find(|secret| secret.contains(&seam)).map_or(seam, |secret| secret.start);
        // Not in the middle of a character either.
        let seam = (0..=seam).rev().find(|at| piece[*at] & 0xc0 != 0x80).unwrap_or(seam);
        if seam == 0 { to } else { seam }
    }

    /// Gives what is pending up to a place, as whole lines.
    fn give(&mut self, to: usize, secrets: &[Range<usize>], mut text: Vec<u8>, given: &mut String) {
        if to == 0 {
            return;
        }
        let bytes = self.passage().masked(to, secrets);
        let n_left = squeezed(&self.pending[to..], self.pending[to - 1] == b'\n').len();
        text.truncate(text.len().saturating_sub(n_left));
        let n_forgotten = text.len().saturating_sub(self.known.longest().max(REMEMBERED));
        self.context = text.split_off(n_forgotten);
        self.last = Some(self.pending[to - 1]);
        self.pending.drain(..to);
        self.shapes.mask(&String::from_utf8_lossy(&bytes), given);
        if !given.ends_with('\n') {
            given.push('\n');
        }
    }
}

/// The known secrets of a passage.
struct Secrets {
    /// Where they stand, in order: one range for each line.
    places: Vec<Range<usize>>,
    /// Where one begins whose end is not there yet.
    begun: Option<usize>,
    /// What was searched: the context and the passage, without white space.
    text: Vec<u8>,
}

/// A part of what comes, with what is known of the part before it.
struct Passage<'t> {
    text: &'t [u8],
    /// The last byte before it.
    last: Option<u8>,
    /// The end of what is before it, without white space.
    context: &'t [u8],
}

impl Passage<'_> {
    fn is_at_line_start(&self) -> bool {
        self.last.is_none_or(|last| last == b'\n')
    }

    /// Finds the known secrets. `end` is the end of the last whole line: what begins before it may go on in the next one,
    /// of which not even the beginning has to be there.
    fn secrets(&self, known: &Known, end: usize) -> Secrets {
        let mut text = self.context.to_vec();
        let n_given = text.len();
        text.extend(squeezed(&self.text[..end], self.is_at_line_start()));
        let begun = known.begun(&text).filter(|at| *at >= n_given);
        text.extend(squeezed(&self.text[end..], end > 0 || self.is_at_line_start()));
        let mut found = known.find(&text);
        found.retain(|found| found.range.end > n_given);
        if found.is_empty() && begun.is_none() {
            return Secrets { places: Vec::new(), begun: None, text };
        }
        let places = places(self.text, self.is_at_line_start());
        let found = found.into_iter().filter(|found| !found.is_word || self.stands_alone(found, n_given, &places));
        let mut secrets: Vec<Range<usize>> = Vec::new();
        let mut end = 0;
        for Found { range, .. } in found {
            let from = range.start.max(end).max(n_given);
            if from < range.end {
                let is_more = range.start < end;
                self.add(&places[from - n_given..range.end - n_given], is_more, &mut secrets);
                end = range.end;
            }
        }
        Secrets { places: secrets, begun: begun.map(|at| places[at - n_given] as usize), text }
    }

    /// Adds where a secret stands, one range for each line that it is on.
    fn add(&self, places: &[u32], is_more: bool, secrets: &mut Vec<Range<usize>>) {
        let mut is_same = is_more;
        for place in places.iter().map(|place| *place as usize) {
            match secrets.last_mut() {
                Some(last) if is_same && !self.text[last.end..place].contains(&b'\n') => last.end = place + 1,
                _ => secrets.push(place..place + 1),
            }
            is_same = true;
        }
    }

    /// Whether a word is no part of another, and in one piece but for a line break.
    fn stands_alone(&self, found: &Found, n_given: usize, places: &Places) -> bool {
        let is_part = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_".contains(byte))
        };
        let Some(first) = found.range.start.checked_sub(n_given) else { return true };
        let places = &places[first..found.range.end - n_given];
        let (from, to) = (places[0] as usize, places[places.len() - 1] as usize);
        let before = if from == 0 { self.last.as_ref() } else { self.text.get(from - 1) };
        let is_whole = places.windows(2).all(|pair| {
            let between = &self.text[pair[0] as usize + 1..pair[1] as usize];
            between.is_empty() || between.contains(&b'\n')
        });
        is_whole && !is_part(before) && !is_part(self.text.get(to + 1))
    }

    /// The text up to a place, without its secrets.
    fn masked(&self, to: usize, secrets: &[Range<usize>]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(to + 1);
        let mut done = 0;
        for secret in secrets.iter().filter(|secret| secret.start < to) {
            bytes.extend_from_slice(&self.text[done..secret.start]);
            bytes.extend_from_slice(MASK.as_bytes());
            done = secret.end.min(to);
        }
        bytes.extend_from_slice(&self.text[done..to]);
        bytes
    }
}
