//! Text that is safe to show: what would act on a terminal, or reorder what it shows, becomes a visible escape.

use std::borrow::Cow;

/// What stands in the place of a secret.
pub const MASK: &str = "[redacted]";

/// The text with every control character but line breaks and tabs, and every character that changes the direction of text,
/// written as `\u001b`: so it reads the same in a terminal, in a ticket, and within a string of JSON. Colours are dropped, and
/// passwords in addresses.
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
/// isolates (<https://www.unicode.org/reports/tr9/>), separators that some programs take for line breaks, and whatever isn't
/// seen at all, with which one name can pass for another. That takes some emoji apart, which are joined by such characters.
pub fn acts(letter: char) -> bool {
    // Nearly all of what is printed.
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    let at = UNSEEN.partition_point(|(first, _)| *first <= letter);
    letter.is_control() || at.checked_sub(1).is_some_and(|at| letter <= UNSEEN[at].1)
}

/// Characters of the category Cf, those that a program may leave out (`Default_Ignorable_Code_Point`), letters that are
/// blank, spaces that are narrow, and separators of lines: the first and the last of each range, in order
/// (<https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt>).
const UNSEEN: [(char, char); 27] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// The text without the passwords of addresses such as `https://USER:PASSWORD@HOST/`.
fn without_passwords(text: &str) -> Cow<'_, str> {
    const SCHEME: &str = "://";
    if !text.contains(SCHEME) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(SCHEME);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(SCHEME);
        let end = part.find(|letter: char| letter.is_whitespace() || "/\"'`<>".contains(letter)).unwrap_or(part.len());
        let password = part[..end].rfind('@').and_then(|at| Some((part[..at].find(':')?, at)));
        // The word for one, as in our own hints, is none.
        let password = password.filter(|(colon, at)| &part[colon + 1..*at] != "PASSWORD");
        match password {
            Some((colon, at)) => {
                out.push_str(&part[..=colon]);
                out.push_str(MASK);
                out.push_str(&part[at..]);
            }
            None => out.push_str(part),
        }
    }
    Cow::Owned(out)
}

fn escaped(text: &str, is_kept: fn(char) -> bool) -> Cow<'_, str> {
    match without_passwords(text) {
        Cow::Borrowed(text) => visible(text, is_kept),
        Cow::Owned(text) => Cow::Owned(visible(&text, is_kept).into_owned()),
    }
}

fn visible(text: &str, is_kept: fn(char) -> bool) -> Cow<'_, str> {
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
            letter => {
                letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
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
    fn passwords_in_addresses_are_not_shown() {
        for (text, expected) in [
            (
                "git::https://oauth2:hunter2@gitlab.example.com/x.git?ref=v1 a",
                "git::https://oauth2:[redacted]@gitlab.example.com/x.git?ref=v1 a",
            ),
            ("`https://a:b@x` and https://a:c@d@y/z", "`https://a:[redacted]@x` and https://a:[redacted]@y/z"),
            ("https://x.example.com:8080/a@b", "https://x.example.com:8080/a@b"),
            ("ssh://git@host:22/x", "ssh://git@host:22/x"),
            ("a: b@c", "a: b@c"),
            ("http://USER:PASSWORD@HOST:PORT", "http://USER:PASSWORD@HOST:PORT"),
        ] {
            assert_eq!(printable(text), expected);
            assert_eq!(one_line(text), expected);
        }
    }

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
            ("de\u{200b}v d\u{ad}ev de\u{feff}v", "de\\u200bv d\\u00adev de\\ufeffv"),
            ("a\u{3164}\u{115f}\u{2800}\u{200a}b\u{fe0f}", "a\\u3164\\u115f\\u2800\\u200ab\\ufe0f"),
            ("tag\u{e0041}", "tag\\udb40\\udc41"),
        ] {
            assert_eq!(printable(text), expected, "{text:?}");
            assert_eq!(printable(expected), expected, "an escape is shown as it is");
            assert!(!one_line(text).chars().any(acts), "{text:?}");
        }
        assert_eq!(one_line("dev\nApplied prod\tx"), "dev\\nApplied prod\\u0009x");
    }

    #[test]
    fn what_is_not_seen_is_listed_in_order() {
        assert!(UNSEEN.iter().flat_map(|(first, last)| [first, last]).is_sorted());
        for seen in ['a', 'é', '\u{a0}', '\u{3000}', '│', '✓', '→', '…', '\u{fffd}', '😀'] {
            assert!(!acts(seen), "{seen:?}");
        }
    }

    #[test]
    fn escapes_mean_the_same_within_json() {
        let value = serde_json::Value::from("a\u{202e}b\u{9b}c\u{1b}\n\u{7f}\u{200b}\u{e0041}");
        let text = value.to_string();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printable(&text)).unwrap(), value);
    }
}
