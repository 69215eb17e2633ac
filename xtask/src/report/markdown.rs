//! Text within a page of markdown: whatever is in it stays text, in a list as well as in a cell of a table.

use crate::model::{acts, one_line};

/// The text without anything that markdown, HTML or a forge would make something of: no markup, no link, no mention.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = one_line(text).replace("://", "&#58;//").replace("www.", "www&#46;");
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        let ours = ["&#58;", "&#46;"].into_iter().find(|entity| rest.starts_with(entity));
        match (ours, letter) {
            (Some(entity), _) => out.push_str(entity),
            (None, '&') => out.push_str("&amp;"),
            (None, '<') => out.push_str("&lt;"),
            (None, '>') => out.push_str("&gt;"),
            (None, '@') => out.push_str("&#64;"),
            (None, '#') => out.push_str("&#35;"),
            (None, '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$') => out.extend(['\\', letter]),
            (None, '(') if out.ends_with(']') => out.push_str("\\("),
            (None, letter) => out.push(letter),
        }
        rest = &rest[ours.map_or(letter.len_utf8(), str::len)..];
    }
    out
}

/// A path, a place or the like as code, where nothing in it could end that.
pub fn code(text: &str) -> String {
    let is_plain = !text.chars().any(|letter| "`|<>[]\\@".contains(letter) || acts(letter)) && !text.contains("://");
    if is_plain && !text.is_empty() { format!("`{text}`") } else { escaped(text) }
}

/// A sentence of ours, in which what stands between backticks is code.
pub fn sentence(text: &str) -> String {
    let parts: Vec<_> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    parts.iter().enumerate().map(|(n, part)| if n % 2 == 1 { code(part) } else { escaped(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{code, escaped, sentence};

    #[test]
    fn markup_links_html_and_line_breaks_stay_text() {
        for (text, expected) in [
            ("dev/us-east-1 (main, clean)", "dev/us-east-1 (main, clean)"),
            ("a_b*c*|d", "a\\_b\\*c\\*\\|d"),
            ("<img src=x onerror=y> & &lt;", "&lt;img src=x onerror=y&gt; &amp; &amp;lt;"),
            ("![a](https://evil.example)", "!\\[a\\]\\(https&#58;//evil.example)"),
            ("www.evil.example @all #1 `x` \\", "www&#46;evil.example &#64;all &#35;1 \\`x\\` \\\\"),
            ("one\n| two\r\u{202e}", "one\\\\n\\| two\\\\u000d\\\\u202e"),
        ] {
            assert_eq!(escaped(text), expected);
        }
        assert_eq!([code("dev/a.hcl:3"), code("a`b|")], ["`dev/a.hcl:3`", "a\\`b\\|"]);
        assert_eq!(sentence("`a_b` is `<b>`, a_b"), "`a_b` is &lt;b&gt;, a\\_b");
        assert_eq!(sentence("one ` only"), "one \\` only");
    }
}
