//! Regular expressions. Terraform's are those of Go; what Go and this crate may read differently is unknown, not guessed.
//! Go's syntax: <https://pkg.go.dev/regexp/syntax>.

use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::{Captures, Regex};

use super::{Arguments, Stop, Value, unknown};
use crate::{Fault, Kind};

/// Compiles a pattern that means the same in Go.
pub(super) fn compiled(pattern: &str, text: &str) -> Result<Regex, Stop> {
    if !means_the_same(pattern) || !text.is_ascii() || text.contains('\u{b}') {
        return Err(unknown("a regular expression like this one is not worked out"));
    }
    Regex::new(pattern).map_err(|_| unknown("a regular expression like this one is not worked out"))
}

/// Only what both read in the same way.
fn means_the_same(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let (mut at, mut in_class, mut after_repeat) = (0, false, false);
    if !pattern.is_ascii() || pattern.len() > 500 {
        return false;
    }
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        let mut repeats = false;
        match byte {
            b'\\' => {
                let simple = next.is_ascii_punctuation() && !matches!(next, b'<' | b'>');
                if !(simple || b"dDwWsStnrf".contains(&next) || (!in_class && b"bBAz".contains(&next))) {
                    return false;
                }
                at += 1;
            }
            b'[' if in_class => return false,
            b'[' => {
                in_class = true;
                let skip = usize::from(next == b'^');
                // A bracket that comes first stands for itself in one of them.
                if bytes.get(at + 1 + skip).is_none_or(|first| b"]-".contains(first)) {
                    return false;
                }
            }
            b']' if in_class => in_class = false,
            b'&' | b'~' | b'-' if in_class && next == *byte => return false,
            _ if in_class => {}
            b'{' => {
                let Some((inner, _)) = pattern[at + 1..].split_once('}') else { return false };
                let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
                let number = |text: &str| text.parse::<u32>().is_ok_and(|number| number <= 100);
                if after_repeat || !number(low) || !(high.is_empty() || number(high)) {
                    return false;
                }
                at += inner.len() + 1;
                repeats = true;
            }
            b'*' | b'+' | b'?' => {
                if after_repeat {
                    return false;
                }
                repeats = true;
                // `*?` repeats as little as possible.
                at += usize::from(next == b'?');
            }
            b'(' if next == b'?' => {
                let rest = &pattern[at + 2..];
                if !(rest.starts_with(':') || rest.starts_with("P<")) {
                    return false;
                }
                at += 1;
            }
            _ => {}
        }
        after_repeat = repeats;
        at += 1;
    }
    !in_class
}

/// `regex(pattern, text)`: the match, or its groups.
pub(super) fn regex(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (pattern, text) = (call.text(0)?, call.text(1)?);
    let regex = compiled(&pattern, &text)?;
    let groups = Groups::of(&regex)?;
    match regex.captures(&text) {
        Some(found) => Ok(groups.value(&found)),
        None => Err(Stop::Fault(Fault::new("the regular expression did not match"))),
    }
}

/// `regexall(pattern, text)`: every match.
pub(super) fn regexall(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (pattern, text) = (call.text(0)?, call.text(1)?);
    let regex = compiled(&pattern, &text)?;
    let groups = Groups::of(&regex)?;
    call.evaluator.spend(text.len())?;
    let all: Vec<_> = regex.captures_iter(&text).map(|found| groups.value(&found)).collect();
    if all.is_empty() && !matches!(groups, Groups::None) {
        return Err(unknown("what an empty list of groups may be used for is not worked out"));
    }
    Ok(Value::list(all))
}

/// What a match gives: the text, a list of groups, or a map of named ones.
enum Groups {
    None,
    Numbered,
    Named(Vec<String>),
}

impl Groups {
    fn of(regex: &Regex) -> Result<Self, Stop> {
        let names: Vec<_> = regex.capture_names().skip(1).collect();
        let named: Vec<String> = names.iter().flatten().map(|name| (*name).to_owned()).collect();
        match (names.len(), named.len()) {
            (0, _) => Ok(Self::None),
            (_, 0) => Ok(Self::Numbered),
            (all, named_ones) if all == named_ones => Ok(Self::Named(named)),
            _ => Err(Stop::Fault(Fault::new("a regular expression can't mix named groups with others"))),
        }
    }

    fn value(&self, found: &Captures<'_>) -> Value {
        let text = |group: Option<regex_lite::Match<'_>>| match group {
            Some(group) => Value::string(group.as_str()),
            None => Value::made(Kind::Null),
        };
        match self {
            Self::None => text(found.get(0)),
            Self::Numbered => Value::list((1..found.len()).map(|at| text(found.get(at))).collect()),
            Self::Named(names) => {
                let entries: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), text(found.name(name)))).collect();
                Value::map(entries)
            }
        }
    }
}

/// `replace(text, "/pattern/", by)`, where `$1` and `${name}` in `by` stand for groups.
pub(super) fn replaced(pattern: &str, text: &str, by: &str) -> Result<Rc<str>, Stop> {
    let regex = compiled(pattern, text)?;
    Ok(Rc::from(regex.replace_all(text, by)))
}

#[cfg(test)]
mod tests {
    use super::means_the_same;

    #[test]
    fn patterns_that_go_may_read_differently_are_left_alone() {
        for pattern in ["^v[0-9]+\\.(\\d+)$", "a*?b{2,3}", "(?P<n>x)|(?:y)", "[^/.]+", "a{2,}", "[a-z0-9-]"] {
            assert!(means_the_same(pattern), "{pattern}");
        }
        for pattern in [
            "a**",
            "a{,3}",
            "a{",
            "(?i)a",
            "[[:alpha:]]",
            "[]a]",
            "[a&&b]",
            "\\pL",
            "\\Qa\\E",
            "a{2}{3}",
            "é",
            "\\x41",
            "(?<n>a)",
            "\\v",
            "[-a]",
        ] {
            assert!(!means_the_same(pattern), "{pattern}");
        }
    }
}
