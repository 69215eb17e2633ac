//! The forms in which a secret value shows up: as it is, and as programs write it into addresses, headers and JSON.

use aws_smithy_types::base64;

/// Shorter texts would blot out ordinary words.
pub(super) const SHORTEST: usize = 8;

/// Words that logs are made of, and by which failures are told apart. Somebody whose password is one of them has no secret.
const ORDINARY: &[&str] = &[
    "complete",
    "deploy-runner",
    "disabled",
    "ecs-deploy-runner",
    "infrastructure",
    "opentofu",
    "password",
    "production",
    "security",
    "terraform",
    "terragrunt",
];

/// A text that must not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needle {
    pub(super) text: String,
    /// Whether it is like a word of a language, which is then masked where it stands alone, and not within others.
    pub(super) is_word: bool,
}

/// Every form of a value. A value of several lines is one secret per line, since logs are read line by line.
pub(super) fn of(value: &str) -> Vec<Needle> {
    let value = value.trim();
    if value.len() < SHORTEST || ORDINARY.contains(&value.to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let mut texts: Vec<String> = (0..3).map(|n_before| inside_base64(value.as_bytes(), n_before)).collect();
    let url_safe = |text: &String| text.replace('+', "-").replace('/', "_");
    texts.extend(texts.iter().map(url_safe).collect::<Vec<_>>());
    texts.push(percent_encoded(value, char::to_ascii_uppercase));
    texts.push(percent_encoded(value, char::to_ascii_lowercase));
    texts.extend(in_json(value));
    let encoded = texts.into_iter().map(|text| Needle { text, is_word: false });
    let lines = value.lines().map(|line| Needle { text: line.trim().to_owned(), is_word: is_word(line.trim()) });
    // What an encoding leaves as it is is no other form.
    let encoded = encoded.filter(|needle| needle.text != value);
    lines.chain(encoded).filter(|needle| needle.text.len() >= SHORTEST).collect()
}

fn is_word(text: &str) -> bool {
    text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_')
}

/// What can be seen of a value in a longer text in base64, of which `n_before` bytes (modulo 3) come before it: the letters
/// that depend on nothing else.
fn inside_base64(value: &[u8], n_before: usize) -> String {
    let encoded = base64::encode([&[0; 2][..n_before], value].concat());
    let first = [0, 2, 3][n_before];
    let encoded = encoded.trim_end_matches('=');
    let last = if (n_before + value.len()).is_multiple_of(3) { encoded.len() } else { encoded.len() - 1 };
    encoded.get(first..last).unwrap_or_default().to_owned()
}

/// As in an address or a form (<https://www.rfc-editor.org/rfc/rfc3986#section-2.1>).
fn percent_encoded(value: &str, case: fn(&char) -> char) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match char::from(byte) {
            plain if plain.is_ascii_alphanumeric() || "-._~".contains(plain) => out.push(plain),
            _ => out.extend(format!("%{byte:02x}").chars().map(|letter| case(&letter))),
        }
    }
    out
}

/// As within a string of JSON; Go's own encoder also writes `<`, `>` and `&` as numbers, others `/` with a backslash.
fn in_json(value: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(value).to_string();
    let plain = quoted[1..quoted.len() - 1].to_owned();
    let of_go = plain.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let slashed = plain.replace('/', "\\/");
    [plain, of_go, slashed]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_found_in_base64_wherever_it_stands() {
        let value = "canary/with+odd=letters";
        for before in ["", "x", "xy", "user:"] {
            for after in ["", "z", "zz"] {
                let encoded = base64::encode(format!("{before}{value}{after}"));
                assert!(of(value).iter().any(|needle| encoded.contains(&needle.text)), "{before}|{after}");
            }
        }
    }

    #[test]
    fn value_is_found_in_an_address_and_in_json() {
        let texts: Vec<_> = of("a b/c+d&\"e\"").into_iter().map(|needle| needle.text).collect();
        for form in ["a%20b%2Fc%2Bd%26%22e%22", "a%20b%2fc%2bd%26%22e%22", r#"a b/c+d&\"e\""#, r#"a b\/c+d&\"e\""#] {
            assert!(texts.iter().any(|text| text == form), "{form}: {texts:?}");
        }
    }

    #[test]
    fn each_line_of_a_value_is_a_secret_and_short_or_ordinary_ones_are_none() {
        let texts: Vec<_> = of("first line\nsecond line\nend").into_iter().map(|needle| needle.text).collect();
        assert_eq!(&texts[..2], ["first line", "second line"]);
        assert!(!texts.contains(&"end".to_owned()));
        assert!(of("short").is_empty() && of("Terraform").is_empty());
        assert!(of("swordfish")[0].is_word && !of("swordf1sh")[0].is_word);
    }
}
