//! Lines that fit the screen.

use crate::model::one_line;

/// How wide a screen is taken to be.
pub const WIDTH: usize = 80;

/// How many columns a text takes: one for each character, which is true of all that is printed here.
pub fn shown_width(text: &str) -> usize {
    text.chars().count()
}

/// Words behind a beginning, broken at spaces; further lines begin at a column. A word that is longer than a line is
/// broken where the line ends.
pub fn wrapped(head: &str, indent: usize, words: &str) -> String {
    let (head, words) = (one_line(head), one_line(words));
    // Words need room beside a long beginning.
    let indent = indent.min(WIDTH / 2);
    let mut lines = vec![format!("{head:<indent$}")];
    let mut is_empty = true;
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let last = lines.last_mut().expect("there is one from the beginning");
        let gap = usize::from(!is_empty);
        if shown_width(last) + gap + shown_width(word) <= WIDTH || is_empty {
            last.push_str(&" ".repeat(gap));
            last.push_str(word);
        } else {
            lines.push(format!("{}{word}", " ".repeat(indent)));
        }
        is_empty = false;
    }
    lines.iter().map(|line| broken(line.trim_end(), indent)).collect()
}

/// A line in pieces, each as long as a line may be.
fn broken(line: &str, indent: usize) -> String {
    let letters: Vec<char> = line.chars().collect();
    let (first, rest) = letters.split_at(letters.len().min(WIDTH));
    let mut text: String = first.iter().chain(&['\n']).collect();
    for piece in rest.chunks(WIDTH - indent) {
        text.extend(std::iter::repeat_n(&' ', indent).chain(piece).chain(&['\n']));
    }
    text
}

/// A text without any of its spaces lost, in pieces behind a beginning; further lines begin below the first piece.
pub fn chunked(head: &str, text: &str) -> String {
    let (head, text) = (one_line(head), text.replace('\n', "\\n"));
    let letters: Vec<char> = one_line(&text).chars().collect();
    let indent = shown_width(&head).min(WIDTH / 2);
    let line = |(n, piece): (usize, &[char])| {
        let head = if n == 0 { head.to_string() } else { " ".repeat(indent) };
        format!("{head}{}\n", piece.iter().collect::<String>())
    };
    letters.chunks(WIDTH - indent).enumerate().map(line).collect()
}

/// A text that begins at a column, broken at spaces where it is wider than a terminal. Further lines begin at `indent`; a
/// word, which may be a path, is never broken.
pub fn folded(text: &str, column: usize, width: usize, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let (mut rest, mut room) = (text, width.saturating_sub(column));
    // Nobody reads a column that is narrower than a word.
    while width >= 2 * indent && rest.chars().nth(room).is_some() {
        let first_word = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at + 1);
        let gap = rest[first_word..].match_indices(' ').map(|(at, _)| first_word + at);
        let gap = gap.clone().take_while(|at| *at < end).last().or_else(|| gap.clone().next());
        let Some(gap) = gap else { break };
        lines.push(rest[..gap].trim_end().to_owned());
        (rest, room) = (rest[gap..].trim_start(), width.saturating_sub(indent));
    }
    lines.push(rest.to_owned());
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// The beginning of a text that is too long, on one line.
pub fn cut(text: &str, width: usize) -> String {
    let text = text.replace(|letter: char| letter.is_control(), " ");
    if shown_width(&text) <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_whatever_is_in_them() {
        let words = format!("{} {}", "word ".repeat(30), "x".repeat(200));
        for line in wrapped("  Head   ", 9, &words).lines() {
            assert!(shown_width(line) <= WIDTH, "{line}");
        }
        assert_eq!(wrapped("  a  ", 5, "b c"), "  a  b c\n");
        assert_eq!(wrapped("  a  b", 5, ""), "  a  b\n");
        assert_eq!(cut("a\nbcdef", 4), "a b…");
        assert_eq!(chunked("  a  ", "b  c\nd"), "  a  b  c\\nd\n");
    }

    #[test]
    fn text_and_its_beginning_may_be_of_any_length() {
        let long = "x".repeat(100_000);
        let head = format!("  {}", "tag ".repeat(100));
        for text in [wrapped(&head, head.len(), &long), wrapped("  a  ", 5, &long), chunked(&head, &long)] {
            let letters = text.lines().map(|line| line.matches('x').count());
            assert_eq!(letters.sum::<usize>(), 100_000);
        }
        assert!(wrapped(&head, head.len(), &long).lines().all(|line| shown_width(line) <= WIDTH));
        assert_eq!(folded(&"word ".repeat(100_000), 0, 80, 13).matches("word").count(), 100_000);
    }

    #[test]
    fn text_that_is_wider_than_the_terminal_is_broken_at_spaces_and_below_itself() {
        let indent = " ".repeat(13);
        let words = "nothing new is started,   what runs is waited for";
        assert_eq!(folded(words, 13, 80, 13), words);
        assert_eq!(folded(words, 13, usize::MAX, 13), words);
        let lines = format!("nothing new is\n{indent}started,   what runs\n{indent}is waited for");
        assert_eq!(folded(words, 13, 34, 13), lines);
        let path = "/a/path/that/is/longer/than/the/line";
        assert_eq!(folded(&format!("in {path} it is"), 13, 30, 13), format!("in\n{indent}{path}\n{indent}it is"));
        assert_eq!(
            folded("Stopping     now or never and here", 0, 30, 13),
            format!("Stopping     now or never and\n{indent}here")
        );
        assert_eq!(folded(words, 13, 20, 13), words, "there is no room to do better");
    }
}
