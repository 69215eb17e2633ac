//! Finding known secrets in text from which white space is left out.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::forms::{Form, How};

/// A beginning of a secret that is shorter than this is no reason to keep a line back.
const TELLING: usize = 4;

/// Where all secrets together have more pieces, those of encoded forms lie further apart: each takes 1 KB of memory.
const MOST_PIECES: usize = 1 << 16;

/// All known secrets, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    forms: Vec<Form>,
    /// For each pattern of the searcher its form, and where it begins in that.
    pieces: Vec<(usize, usize)>,
    searcher: Option<AhoCorasick>,
    /// What each form is recognized by at its beginning, sorted.
    beginnings: Vec<Vec<u8>>,
    /// Which two bytes some beginning begins with.
    pairs: Vec<bool>,
    longest: usize,
}

/// A secret within the text that was searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    /// Whether it only counts where it stands alone.
    pub(super) is_word: bool,
}

impl Known {
    /// Knows these besides.
    pub(super) fn learn(&mut self, forms: impl IntoIterator<Item = Form>) {
        self.forms.extend(forms);
        self.forms.sort_unstable();
        self.forms.dedup();
        let n_pieces: usize = self.forms.iter().map(|form| form.pieces(1).len()).sum();
        let spread = n_pieces.div_ceil(MOST_PIECES).max(1);
        let all = self.forms.iter().enumerate();
        let cut = all.flat_map(|(n, form)| form.pieces(spread).into_iter().map(move |(from, to)| (n, from, to)));
        let cut: Vec<_> = cut.collect();
        self.pieces = cut.iter().map(|(form, from, _)| (*form, *from)).collect();
        let patterns = cut.iter().map(|(form, from, to)| &self.forms[*form].text[*from..*to]);
        // More patterns than it can number are more than any environment has; what is behind them would be unknown.
        self.searcher = AhoCorasick::new(patterns).ok();
        self.beginnings = self
            .forms
            .iter()
            .filter_map(|form| match form.how {
                How::Whole | How::Word => Some(form.text.clone()),
                How::Parts(_) => {
                    form.pieces(spread).iter().find(|(from, _)| *from == 0).map(|(_, to)| form.text[..*to].to_vec())
                }
            })
            .collect();
        self.beginnings.sort_unstable();
        self.beginnings.dedup();
        self.pairs = vec![false; 1 << 16];
        for beginning in &self.beginnings {
            self.pairs[pair(beginning[0], beginning[1])] = true;
        }
        self.longest = self.beginnings.iter().map(Vec::len).max().unwrap_or_default();
    }

    /// The length of the longest text that counts as a whole.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Every secret, in the order in which they begin; they may overlap.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Found> {
        let Some(searcher) = &self.searcher else { return Vec::new() };
        let mut found = Vec::new();
        for piece in searcher.find_overlapping_iter(text) {
            let (form, from) = self.pieces[piece.pattern().as_usize()];
            let form = &self.forms[form];
            let before = common(text[..piece.start()].iter().rev(), form.text[..from].iter().rev());
            let after = common(text[piece.end()..].iter(), form.text[from + piece.len()..].iter());
            let range = piece.start() - before..piece.end() + after;
            found.push(Found { range, is_word: form.how == How::Word });
        }
        found.sort_unstable_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
        found.dedup();
        found
    }

    /// Where the first secret begins whose end is not there yet.
    pub(super) fn begun(&self, text: &[u8]) -> Option<usize> {
        let mut at = (text.len() + 1).saturating_sub(self.longest.max(1));
        while at + TELLING <= text.len() {
            if self.pairs[pair(text[at], text[at + 1])] {
                let rest = &text[at..];
                // Whatever goes on from it comes right behind it.
                let next = self.beginnings.partition_point(|known| known.as_slice() <= rest);
                if self.beginnings.get(next).is_some_and(|known| known.starts_with(rest)) {
                    return Some(at);
                }
            }
            at += 1;
        }
        None
    }
}

fn pair(one: u8, other: u8) -> usize {
    usize::from(one) << 8 | usize::from(other)
}

fn common<'t>(one: impl Iterator<Item = &'t u8>, other: impl Iterator<Item = &'t u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}
