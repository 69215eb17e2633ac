//! Paragraphs: text in lines that fit, in which no word is ever cut, since it may be a path or a command.

use crate::model::one_line;
use crate::report::wrap::{folded, shown_width};

/// A text in lines that fit, with something in front of the first and of the others. A word is never cut.
pub fn filled(text: &str, first: &str, others: &str, width: usize) -> String {
    let text = one_line(text);
    let lines = folded(&format!("{first}{}", text.trim()), 0, width, shown_width(others).min(width / 2));
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn lines_are_filled_up_to_the_width_and_words_stay_whole() {
        let text = format!("{} {} end", "a".repeat(76), "b".repeat(90));
        let lines = format!("!  {}\n   {}\n   end\n", "a".repeat(76), "b".repeat(90));
        assert_eq!(filled(&text, "!  ", "   ", 80), lines);
        assert_eq!(filled(&format!("{} b", "a".repeat(75)), "!  ", "   ", 80), format!("!  {} b\n", "a".repeat(75)));
        assert_eq!(filled(&format!("{} b", "a".repeat(76)), "!  ", "   ", 90), format!("!  {} b\n", "a".repeat(76)));
    }
}
