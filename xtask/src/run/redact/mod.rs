//! Keeps secrets out of logs: what is known to be secret, what looks like a token, and what stands behind a name that
//! says so.

mod forms;

use forms::Needle;

pub use crate::model::is_secret_name;

/// Replaces what must not be read.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Texts to be found literally, longest first.
    known: Vec<Needle>,
}

const MASK: &str = "[redacted]";

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

impl Redactor {
    /// Knows these values as secret, in whatever form they are written; short ones are left out, since they would blot out
    /// ordinary words.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut redactor = Self::default();
        redactor.learn(secrets);
        redactor
    }

    /// Knows these values besides.
    pub fn learn(&mut self, secrets: impl IntoIterator<Item = String>) {
        self.known.extend(secrets.into_iter().flat_map(|secret| forms::of(&secret)));
        self.known.sort_by(|one, other| other.text.len().cmp(&one.text.len()).then_with(|| one.cmp(other)));
        self.known.dedup();
    }

    /// The line without its secrets.
    pub fn line(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for needle in self.known.iter().filter(|needle| !needle.text.is_empty()) {
            if needle.is_word {
                line = without_word(&line, &needle.text);
            } else if line.contains(&needle.text) {
                line = line.replace(&needle.text, MASK);
            }
        }
        named_values(&in_addresses(&tokens(&line)))
    }

    /// How many bytes the longest known text has.
    pub fn longest(&self) -> usize {
        self.known.first().map_or(0, |needle| needle.text.len())
    }

    /// The same place in a text, or the last one before it that is not in the middle of a known secret.
    pub fn clear_of_secrets(&self, text: &[u8], at: usize) -> usize {
        let across = |needle: &Needle| {
            let needle = needle.text.as_bytes();
            (at.saturating_sub(needle.len().saturating_sub(1))..at).find(|from| text[*from..].starts_with(needle))
        };
        match self.known.iter().filter_map(across).min() {
            Some(earlier) if earlier > 0 => self.clear_of_secrets(text, earlier),
            _ => at,
        }
    }
}

/// Masks a word where it stands alone.
fn without_word(line: &str, word: &str) -> String {
    let is_part = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '-' || it == '_');
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let left = before.chars().next_back().or_else(|| out.chars().next_back());
        let stands_alone = !is_part(left) && !is_part(after.chars().next());
        out.push_str(before);
        out.push_str(if stands_alone { MASK } else { word });
        rest = after;
    }
    out + rest
}

fn tokens(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    let mut before: Option<char> = None;
    while let Some(first) = rest.chars().next() {
        let starts_word = !before.is_some_and(|letter| letter.is_ascii_alphanumeric());
        let token = TOKENS.iter().filter(|_| starts_word).find_map(|(prefix, at_least)| {
            let tail = rest.strip_prefix(prefix)?;
            let length = tail.find(|letter: char| !is_token_letter(letter)).unwrap_or(tail.len());
            (length >= *at_least).then_some((*prefix, prefix.len() + length))
        });
        match token {
            Some((prefix, length)) => {
                out.push_str(prefix);
                out.push_str(MASK);
                before = Some('*');
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                before = Some(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// Masks the password of `https://USER:PASSWORD@HOST`.
fn in_addresses(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let end =
            after.find(|letter: char| letter.is_whitespace() || "/\"'<>`".contains(letter)).unwrap_or(after.len());
        let password = after[..end].rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        rest = match password {
            Some((user, password)) => {
                out.extend([user, ":", MASK]);
                &after[user.len() + 1 + password.len()..]
            }
            None => after,
        };
    }
    out + rest
}

fn is_token_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-+/=".contains(letter)
}

/// Masks what follows `NAME =`, `NAME:` or `"NAME": "` for a secret name.
fn named_values(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let Some((at, name)) = NAMES.iter().filter_map(|name| lower.find(name).map(|at| (at, name))).min() else {
        return line.to_owned();
    };
    let after_name = at + name.len();
    let rest = &line[after_name..];
    let separator = rest.find(|letter: char| !matches!(letter, '"' | '\'' | ' ' | '\t' | '\\')).unwrap_or(rest.len());
    let Some(value) = rest[separator..].strip_prefix(['=', ':']) else {
        return format!("{}{}", &line[..after_name], named_values(rest));
    };
    let start = value.find(|letter: char| !matches!(letter, '"' | '\'' | ' ' | '\t' | '\\')).unwrap_or(value.len());
    let (blank, value) = value.split_at(start);
    // The value of an authorization header is several words; others end with the word.
    let end = if *name == "authorization" {
        value.len()
    } else {
        value.find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',')).unwrap_or(value.len())
    };
    if end == 0 || value.starts_with("(sensitive") {
        return line.to_owned();
    }
    let head = &line[..after_name + separator + 1];
    format!("{head}{blank}{MASK}{}", named_values(&value[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_masked_wherever_they_stand() {
        let redactor = Redactor::new(["s3cr3t-value".to_owned(), "short".to_owned()]);
        assert_eq!(redactor.line("x=s3cr3t-value; short"), "x=[redacted]; short");
    }

    #[test]
    fn values_are_masked_in_every_form_and_words_where_they_stand_alone() {
        let mut redactor = Redactor::new(["horse".repeat(2)]);
        assert_eq!(redactor.line("a horsehorse, horsehorses"), "a [redacted], horsehorses");
        redactor.learn(["p/w 1234".to_owned()]);
        assert_eq!(redactor.line("https://x:p%2Fw%201234@host"), "https://x:[redacted]@host");
        let header = aws_smithy_types::base64::encode("x:p/w 1234");
        assert!(!redactor.line(&header).contains(&header[4..12]), "{}", redactor.line(&header));
    }

    #[test]
    fn password_in_an_address_is_masked() {
        let redactor = Redactor::default();
        let line = "via http://me:p:w@proxy:3128 to https://github.com/a@b, git@host:x, 'ssh://git@host:22/y'";
        assert_eq!(redactor.line(line), line.replace("p:w", MASK));
    }

    #[test]
    fn tokens_are_known_by_their_beginning() {
        let redactor = Redactor::default();
        let token = format!("ghp_{}", "a1".repeat(18));
        assert_eq!(
            redactor.line(&format!("clone https://{token}@github.com")),
            "clone https://ghp_[redacted]@github.com"
        );
        assert_eq!(redactor.line("key ASIAABCDEFGHIJKLMNOP done"), "key ASIA[redacted] done");
        assert_eq!(redactor.line("GALLASIAN ghp_short AKIA"), "GALLASIAN ghp_short AKIA");
        assert_eq!(redactor.line("größe ASIAABCDEFGHIJKLMNOP"), "größe ASIA[redacted]");
    }

    #[test]
    fn values_behind_secret_names_are_masked() {
        let redactor = Redactor::default();
        for (line, expected) in [
            (r#""SecretAccessKey": "abc/def", "x": 1"#, r#""SecretAccessKey": "[redacted]", "x": 1"#),
            ("aws_secret_access_key = abc", "aws_secret_access_key = [redacted]"),
            ("Authorization: Bearer abc def", "Authorization: [redacted]"),
            ("password=abc session_token=def", "password=[redacted] session_token=[redacted]"),
            ("the password is asked for", "the password is asked for"),
            (r#"password = (sensitive value)"#, r#"password = (sensitive value)"#),
        ] {
            assert_eq!(redactor.line(line), expected);
        }
    }
}
