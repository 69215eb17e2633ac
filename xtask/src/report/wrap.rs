//! Lines that fit the screen.

/// How wide a screen is taken to be.
pub const WIDTH: usize = 80;

/// How many columns a text takes: one for each character, which is true of all that is printed here.
pub fn shown_width(text: &str) -> usize {
    text.chars().count()
}

/// Words behind a beginning, broken at spaces; further lines begin at a column. A word that is longer than a line is
/// broken where the line ends.
pub fn wrapped(head: &str, indent: usize, words: &str) -> String {
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
}
