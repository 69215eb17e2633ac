//! What looks like a secret, known or not: tokens by their beginnings, passwords in addresses, and what stands
//! behind a name that says so. One pass over a text looks for the beginnings of all of these.

use aho_corasick::{AhoCorasick, MatchKind};

use super::MASK;

/// Beginnings by which tokens are known: GitHub's
/// (<https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>) and AWS's
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>), the latter's session tokens included.
const TOKENS: &[(&str, usize)] = &[
    ("github_pat_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    // JSON in base 64: what signs in to registries and clusters.
    ("eyJ", 80),
    ("AKIA", 12),
    ("ASIA", 12),
    ("IQoJ", 80),
    ("FwoG", 80),
];

/// Names whose values are secret, in lowercase.
const NAMES: &[&str] = &[
    "secret_access_key",
    "secretaccesskey",
    "session_token",
    "sessiontoken",
    "password",
    "passphrase",
    "authorization",
];

/// Before the password in `https://USER:PASSWORD@HOST`.
const ADDRESS: &str = "://";

/// A search for all of these beginnings at once.
#[derive(Debug)]
pub(super) struct Shapes(Option<AhoCorasick>);

impl Default for Shapes {
    fn default() -> Self {
        let beginnings = TOKENS.iter().map(|(prefix, _)| *prefix).chain(NAMES.iter().copied()).chain([ADDRESS]);
        let builder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(beginnings);
        Self(builder.ok())
    }
}

impl Shapes {
    /// Writes the text without what looks like a secret.
    pub(super) fn mask(&self, text: &str, out: &mut String) {
        let mut done = 0;
        for found in self.0.iter().flat_map(|searcher| searcher.find_iter(text)) {
            if found.start() < done {
                continue;
            }
            let after = &text[found.end()..];
            let secret = match found.pattern().as_usize() {
                n if n < TOKENS.len() => token(&text[..found.start()], &text[found.start()..], TOKENS[n]),
                n if n < TOKENS.len() + NAMES.len() => value(after, NAMES[n - TOKENS.len()]),
                _ => password(after),
            };
            if let Some((from, to)) = secret {
                out.push_str(&text[done..found.end() + from]);
                out.push_str(MASK);
                done = found.end() + to;
            }
        }
        out.push_str(&text[done..]);
    }
}

/// What of a text behind a beginning is secret.
type Secret = Option<(usize, usize)>;

fn token(before: &str, text: &str, (prefix, at_least): (&str, usize)) -> Secret {
    let tail = text.strip_prefix(prefix)?;
    if before.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
        return None;
    }
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-+/=".contains(byte);
    let length = tail.bytes().take_while(is_letter).count();
    (length >= at_least).then_some((0, length))
}

fn password(address: &str) -> Secret {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"/\"'<>`".contains(byte);
    let end = address.as_bytes().iter().position(is_end).unwrap_or(address.len());
    let (login, _) = address[..end].rsplit_once('@')?;
    let (user, _) = login.split_once(':')?;
    Some((user.len() + 1, login.len()))
}

/// What follows `NAME =`, `NAME:` or `"NAME": "`.
fn value(text: &str, name: &str) -> Secret {
    let is_blank = |byte: &u8| matches!(byte, b'"' | b'\'' | b' ' | b'\t' | b'\\');
    let blank = |text: &str| text.bytes().take_while(is_blank).count();
    let separator = blank(text);
    let rest = text[separator..].strip_prefix(['=', ':'])?;
    let from = separator + 1 + blank(rest);
    let value = &text[from..];
    // The value of an authorization header is several words; others end with the word.
    let is_end = |byte: &u8| match name {
        "authorization" => matches!(byte, b'\n' | b'\r'),
        _ => byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b','),
    };
    let length = value.as_bytes().iter().position(is_end).unwrap_or(value.len());
    (length > 0 && !value.starts_with("(sensitive")).then_some((from, from + length))
}
