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

fn broken(line: &str, indent: usize) -> String {
    let letters: Vec<char> = line.chars().collect();
    if letters.len() <= WIDTH {
        return format!("{line}\n");
    }
    let (first, rest) = letters.split_at(WIDTH);
    let rest = format!("{}{}", " ".repeat(indent), rest.iter().collect::<String>());
    format!("{}\n{}", first.iter().collect::<String>(), broken(&rest, indent))
}

/// A text that begins at a column, broken at spaces where it is wider than a terminal. Further lines begin at `indent`; a
/// word, which may be a path, is never broken.
pub fn folded(text: &str, column: usize, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(column);
    let letters: Vec<char> = text.chars().collect();
    // Nobody reads a column that is narrower than a word.
    if letters.len() <= room || width < 2 * indent {
        return text.to_owned();
    }
    let is_gap = |n: &usize| letters[*n] == ' ' && letters[..*n].iter().any(|letter| *letter != ' ');
    let gap = (0..=room).rev().find(is_gap).or_else(|| (room..letters.len()).find(is_gap));
    let Some(gap) = gap else { return text.to_owned() };
    let (first, rest): (String, String) = (letters[..gap].iter().collect(), letters[gap..].iter().collect());
    format!("{}\n{}{}", first.trim_end(), " ".repeat(indent), folded(rest.trim_start(), indent, width, indent))
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
