//! Paragraphs: text in lines that fit, in which no word is ever cut, since it may be a path or a command.

use crate::model::one_line;
use crate::report::wrap::WIDTH;

/// A text in lines that fit, with something in front of the first and of the others. A word is never cut.
pub fn filled(text: &str, first: &str, others: &str) -> String {
    let text = one_line(text);
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut is_fresh = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !is_fresh && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{line}\n");
            line = others.to_owned();
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        line += word;
        is_fresh = false;
    }
    lines + &format!("{}\n", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn lines_are_filled_up_to_eighty_columns_and_words_stay_whole() {
        let text = format!("{} {} end", "a".repeat(76), "b".repeat(90));
        assert_eq!(filled(&text, "!  ", "   "), format!("!  {}\n   {}\n   end\n", "a".repeat(76), "b".repeat(90)));
        assert_eq!(filled(&format!("{} b", "a".repeat(75)), "!  ", "   "), format!("!  {} b\n", "a".repeat(75)));
    }
}
