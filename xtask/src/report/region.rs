//! The terminal on stderr: the live region, which stays below everything that is printed.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use crate::model::{one_line, printable};
use crate::report::rehearsed;
use crate::report::screen::VERBS;
use crate::report::wrap::folded;

/// The lines of the live region that are on the terminal now. There is one terminal, so there is one of these.
static PAINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints text above the live region, after a word that may have colours. The text itself has nothing that would act on a
/// terminal, whatever it is made of.
pub fn to_stderr(word: &str, text: &str) {
    print(&format!("{word}{}", printable(&rehearsed::told(text))));
}

/// Prints lines above the live region that have colours of ours, and nothing else that would act on a terminal.
pub fn print(text: &str) {
    let painted = PAINTED.lock().unwrap_or_else(PoisonError::into_inner);
    write(&format!("{}{text}\n{}", erase(n_rows(&painted, columns())), shown(&painted)));
}

/// Writes all of it at once: whoever is killed in between would leave the terminal as no line is meant to be. A terminal that
/// is gone must not end a run.
fn write(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Lines that a signal asks for, in the middle of anything.
pub fn interject(text: &str) {
    let lines: Vec<_> = match io::stderr().is_terminal() {
        true => text.lines().map(|line| folded(line, 0, columns(), VERBS)).collect(),
        false => text.lines().map(str::to_owned).collect(),
    };
    to_stderr("", &format!("\n{}", lines.join("\n")));
}

/// Paints the live region anew, below everything that was printed; no lines take it away.
pub fn paint(lines: Vec<String>) {
    let lines: Vec<_> = lines.into_iter().map(|line| one_line(&line).into_owned()).collect();
    let mut painted = PAINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if *painted == lines {
        return;
    }
    write(&format!("{}{}", erase(n_rows(&painted, columns())), shown(&lines)));
    *painted = lines;
}

/// The region as it is written: a line that turns out wider than the terminal is cut there instead of being wrapped.
fn shown(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\u{1b}[?7l{}\n\u{1b}[?7h", lines.join("\n")) }
}

/// How many rows these lines take by now: a terminal that was made narrower has broken those that no longer fit.
fn n_rows(lines: &[String], width: usize) -> usize {
    lines.iter().map(|line| line.chars().count().div_ceil(width.max(1)).max(1)).sum()
}

/// How wide the terminal is; where none says so, nothing has to fit.
pub fn columns() -> usize {
    terminal_size().map_or(usize::MAX, |(columns, _)| columns)
}

/// Goes up over `n` rows and clears what is below.
fn erase(n: usize) -> String {
    if n == 0 { String::new() } else { format!("\u{1b}[{n}A\r\u{1b}[J") }
}

/// How wide the terminal is that something is written to, if there is one that says so.
pub fn columns_of(stream: impl AsFd) -> Option<usize> {
    size_of(stream).map(|(columns, _)| columns)
}

/// Columns and lines of the terminal, if there is one that says so.
pub fn terminal_size() -> Option<(usize, usize)> {
    size_of(io::stderr())
}

fn size_of(stream: impl AsFd) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col.into(), size.ws_row.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_taken_away_whole_after_the_terminal_was_made_narrower() {
        let lines = ["a".repeat(80), String::new(), "b".repeat(41)];
        for (width, n) in [(80, 3), (40, 5), (200, 3), (usize::MAX, 3), (0, 122)] {
            assert_eq!(n_rows(&lines, width), n, "{width}");
        }
    }

    #[test]
    fn what_is_printed_stays_above_the_live_region_and_the_region_leaves_nothing_behind() {
        let (five, two) = (vec!["a".repeat(20), "row".to_owned()], vec!["last".to_owned()]);
        let mut terminal = vt100::Parser::new(6, 20, 100);
        let mut write = |text: String| {
            terminal.process(text.replace('\n', "\r\n").as_bytes());
            terminal.screen().contents()
        };
        write(shown(&five));
        let both = write(format!("{}Applied dev\n{}", erase(2), shown(&five)));
        assert_eq!(both, format!("Applied dev\n{}\nrow", "a".repeat(20)));
        assert_eq!(write(format!("{}{}", erase(2), shown(&two))), "Applied dev\nlast");
        assert_eq!(write(erase(1)), "Applied dev");
    }
}
