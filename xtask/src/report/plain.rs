//! Lines of programs as plain text: what they say may be shown, what they would do to a terminal may not.

use crate::model::acts;

/// A line without escape sequences, control characters and the frames that Terraform draws.
pub fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => skip_sequence(&mut letters),
            '│' | '╷' | '╵' => {}
            '\t' => text.push(' '),
            letter if acts(letter) => {}
            letter => text.push(letter),
        }
    }
    text
}

/// Skips what follows an escape (ECMA-48): `[` up to a final byte, a string up to its terminator, or a single character.
fn skip_sequence(letters: &mut std::str::Chars<'_>) {
    match letters.next() {
        Some('[') => drop(letters.find(|letter| ('\u{40}'..='\u{7e}').contains(letter))),
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(letter) = letters.next() {
                match letter {
                    '\u{7}' => return,
                    '\u{1b}' => {
                        letters.next();
                        return;
                    }
                    _ => {}
                }
            }
        }
        // A character set is named by one more.
        Some('(' | ')' | '#' | ' ') => drop(letters.next()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_that_a_program_prints_moves_the_cursor_or_names_the_window() {
        for (line, expected) in [
            ("\u{1b}[1;31m│\u{1b}[0m Error: no", " Error: no"),
            ("\u{1b}[2J\u{1b}[Hcleared", "cleared"),
            ("\u{1b}]0;a title\u{7}after", "after"),
            ("\u{1b}]8;;https://x\u{1b}\\a link\u{1b}]8;;\u{1b}\\", "a link"),
            ("\u{1b}(Bplain \u{1b}7saved", "plain saved"),
            ("a\tb\u{0}c\rd\u{8}", "a bcd"),
            ("cut off \u{1b}[12", "cut off "),
            ("cut off \u{1b}]0;title", "cut off "),
            ("größer\u{1b}", "größer"),
            ("\u{9b}31mgpj.\u{202e}exe", "31mgpj.exe"),
        ] {
            assert_eq!(plain(line), expected, "{line:?}");
        }
    }
}
