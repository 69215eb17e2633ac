//! Text that is safe to show: what would act on a terminal, or reorder what it shows, becomes a visible escape.

use std::borrow::Cow;

/// The text with every control character but line breaks and tabs, and every character that changes the direction of text,
/// written as `\u001b`: so it reads the same in a terminal, in a ticket, and within a string of JSON. Colours are dropped.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| matches!(letter, '\n' | '\t'))
}

/// The same, on one line: a name that has a line break in it can't pass for a line of ours.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The text as a string of TOML, HCL and JSON, in its quotes.
pub fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a character does something else than to be seen: control characters (C0, C1), direction marks, overrides and
/// isolates (<https://www.unicode.org/reports/tr9/>), and separators that some programs take for line breaks.
pub fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(text: &str, is_kept: fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |letter: char| !acts(letter) || is_kept(letter);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = after_color(rest) {
            rest = after;
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        match letter {
            letter if is_shown(letter) => out.push(letter),
            '\r' if rest.starts_with('\n') && is_kept('\n') => {}
            '\n' => out.push_str("\\n"),
            letter => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
        }
    }
    Cow::Owned(out)
}

/// What follows a sequence that only sets colours: `ESC [ 1;31 m`.
fn after_color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    parameters.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';').strip_prefix('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_or_reorders_text_is_left() {
        for (text, expected) in [
            ("größer │ ✓\ta\nb", "größer │ ✓\ta\nb"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"),
            ("\u{1b}[2J\u{9b}2J\u{85}\u{7f}", "\\u001b[2J\\u009b2J\\u0085\\u007f"),
            (
                "gpj.\u{202e}exe \u{2066}x\u{2069}\u{200f}\u{61c}\u{2028}",
                "gpj.\\u202eexe \\u2066x\\u2069\\u200f\\u061c\\u2028",
            ),
            ("a\r\nb\rc\0", "a\nb\\u000dc\\u0000"),
        ] {
            assert_eq!(printable(text), expected, "{text:?}");
            assert_eq!(printable(expected), expected, "an escape is shown as it is");
            assert!(!one_line(text).chars().any(acts), "{text:?}");
        }
        assert_eq!(one_line("dev\nApplied prod\tx"), "dev\\nApplied prod\\u0009x");
    }

    #[test]
    fn escapes_mean_the_same_within_json() {
        let value = serde_json::Value::from("a\u{202e}b\u{9b}c\u{1b}\n\u{7f}");
        let text = value.to_string();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printable(&text)).unwrap(), value);
    }
}
