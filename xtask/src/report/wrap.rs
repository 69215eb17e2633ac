//! Text in lines that fit on a terminal.

/// How wide a terminal is taken to be.
const WIDTH: usize = 80;

/// A text in lines that fit, with something in front of the first and of the others. A word is never cut.
pub fn wrapped(text: &str, first: &str, others: &str) -> String {
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
    use super::wrapped;

    #[test]
    fn lines_are_filled_up_to_eighty_columns_and_words_stay_whole() {
        let text = format!("{} {} end", "a".repeat(76), "b".repeat(90));
        assert_eq!(wrapped(&text, "!  ", "   "), format!("!  {}\n   {}\n   end\n", "a".repeat(76), "b".repeat(90)));
        assert_eq!(wrapped(&format!("{} b", "a".repeat(75)), "!  ", "   "), format!("!  {} b\n", "a".repeat(75)));
    }
}
