//! The forms in which a secret value shows up: as it is, and as programs write it into addresses, headers, JSON and dumps.

use aws_smithy_types::base64;

use super::squeeze::squeezed;

/// Shorter texts would blot out ordinary words.
pub(super) const SHORTEST: usize = 8;

/// Values that are longer are known by parts of this length.
pub(super) const LONGEST: usize = 4096;

/// An encoded form is known by every part of it that has twice as many letters, so that what wraps or cuts it hides
/// nothing.
const PIECE: usize = 12;

/// No form is cut into more pieces: those of a long one lie further apart.
const MOST_PIECES: usize = 512;

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

/// A text that must not be read, without white space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    pub(super) text: Vec<u8>,
    pub(super) how: How,
}

/// What of a form must not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// All of it.
    Whole,
    /// All of it, where it stands alone: it is like a word of a language.
    Word,
    /// Parts as well, which are known by these many letters at its ends.
    Parts(usize),
}

impl Form {
    /// The parts that are looked for: where each begins and ends. What is around one is compared where one is found. Those
    /// between the ends lie `spread` times further apart than their length.
    pub(super) fn pieces(&self, spread: usize) -> Vec<(usize, usize)> {
        let length = self.text.len();
        let How::Parts(end) = self.how else { return vec![(0, length)] };
        if length <= PIECE {
            return vec![(0, length)];
        }
        let step = PIECE.max(length.div_ceil(MOST_PIECES)) * spread;
        let inner = (0..=length - PIECE).step_by(step).map(|from| (from, from + PIECE));
        // Of an address only what is written otherwise: the rest may be the name of a host.
        let is_other =
            |(from, to): &(usize, usize)| !self.text.contains(&b'%') || self.text[*from..*to].contains(&b'%');
        inner.chain([(0, end.min(length)), (length - end.min(length), length)]).filter(is_other).collect()
    }
}

/// Every form of a value. A value of several lines is also one secret per line.
pub(super) fn of(value: &str) -> Vec<Form> {
    let value = value.trim();
    if value.len() < SHORTEST || ORDINARY.contains(&value.to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let bytes = value.as_bytes();
    let mut parts: Vec<_> = (0..3).map(|n_before| (inside_base64(bytes, n_before), SHORTEST)).collect();
    let url_safe = |(text, end): &(String, usize)| (text.replace('+', "-").replace('/', "_"), *end);
    parts.extend(parts.iter().map(url_safe).collect::<Vec<_>>());
    let addresses =
        [percent_encoded(value, char::to_ascii_uppercase), percent_encoded(value, char::to_ascii_lowercase)];
    let addresses = addresses.into_iter().filter(|text| text != value).collect::<Vec<_>>();
    parts.extend(addresses.iter().map(|text| (text.clone(), PIECE)));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.extend([(hex.to_uppercase(), PIECE), (hex, PIECE)]);
    parts.extend(is_random(value).then(|| (value.to_owned(), PIECE)));
    let parts = parts.into_iter().map(|(text, end)| Form { text: text.into_bytes(), how: How::Parts(end) });
    let whole = in_json(value).into_iter().chain(addresses).chain([value.to_owned()]);
    let whole = whole.chain(value.lines().map(|line| line.trim().to_owned())).map(|text| {
        let how = if is_word(&text) { How::Word } else { How::Whole };
        Form { text: squeezed(text.as_bytes(), false), how }
    });
    let cut = |form: Form| -> Vec<Form> {
        let texts = form.text.chunks(LONGEST).map(<[u8]>::to_vec);
        texts.map(|text| Form { text, how: form.how }).collect()
    };
    let mut forms: Vec<_> = whole.flat_map(cut).chain(parts).filter(|form| form.text.len() >= SHORTEST).collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn is_word(text: &str) -> bool {
    text.len() < 20 && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_')
}

/// Whether parts of a value are no words, names or places either, as in AWS's keys and tokens.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_".contains(&byte);
    value.len() >= 32
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && value.bytes().all(is_letter)
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

    fn texts(value: &str) -> Vec<String> {
        of(value).into_iter().map(|form| String::from_utf8(form.text).unwrap()).collect()
    }

    #[test]
    fn value_is_found_in_base64_wherever_it_stands() {
        let value = "canary/with+odd=letters";
        for before in ["", "x", "xy", "user:"] {
            for after in ["", "z", "zz"] {
                let encoded = base64::encode(format!("{before}{value}{after}"));
                assert!(texts(value).iter().any(|text| encoded.contains(text)), "{before}|{after}");
            }
        }
    }

    #[test]
    fn value_is_found_in_an_address_and_in_json() {
        let texts = texts("a b/c+d&\"e\"");
        for form in ["a%20b%2Fc%2Bd%26%22e%22", "a%20b%2fc%2bd%26%22e%22", r#"ab/c+d&\"e\""#, r#"ab\/c+d&\"e\""#] {
            assert!(texts.iter().any(|text| text == form), "{form}: {texts:?}");
        }
    }

    #[test]
    fn each_line_of_a_value_is_a_secret_and_short_or_ordinary_ones_are_none() {
        let texts = texts("first line\nsecond line\nend");
        for text in ["firstline", "secondline", "firstlinesecondlineend"] {
            assert!(texts.iter().any(|known| known == text), "{text}: {texts:?}");
        }
        assert!(!texts.contains(&"end".to_owned()));
        assert!(of("short").is_empty() && of("Terraform").is_empty());
        let is_word = |value: &str| of(value).iter().any(|form| form.how == How::Word);
        assert!(is_word("swordfish") && !is_word("swordf1sh"));
    }

    #[test]
    fn long_values_are_known_by_no_more_pieces_than_there_is_memory_for() {
        let n_pieces: usize = of(&"a1".repeat(24_000)).iter().map(|form| form.pieces(1).len()).sum();
        assert!(n_pieces < 16 * (MOST_PIECES + 2), "{n_pieces}");
    }
}
