//! What differs between before and after, attribute by attribute. What is sensitive never gets in here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::containers;
use crate::model::is_secret_name;

/// One attribute that is not afterwards what it was before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The way to it, such as `container_definitions[0].image`.
    pub path: String,
    /// Before.
    pub before: Side,
    /// After.
    pub after: Side,
}

/// What an attribute is on one side.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It is not there.
    Nothing,
    /// A value, as text.
    Value(String),
    /// Something that is not to be shown.
    Sensitive,
    /// Something that is known after the apply only.
    Unknown,
}

impl Difference {
    /// Puts other words in the place of its texts. What then looks the same on both sides differs all the same; and where one
    /// side alone gets other words, the other value is probably an unknown secret.
    pub fn in_words(&mut self, words: impl Fn(&str) -> String) {
        self.path = words(&self.path);
        let reworded = |side: &mut Side| match side {
            Side::Value(text) => {
                let before = std::mem::replace(text, words(text));
                Some(*text != before)
            }
            _ => None,
        };
        let sides = (reworded(&mut self.before), reworded(&mut self.after));
        match sides {
            (Some(false), Some(true)) => self.before = Side::Value("(not shown)".to_owned()),
            (Some(true), Some(false)) => self.after = Side::Value("(not shown)".to_owned()),
            _ => {}
        }
    }
}

impl Side {
    /// The value, where it can be known and shown.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text),
            Self::Nothing | Self::Sensitive | Self::Unknown => None,
        }
    }

    fn quoted(value: Option<&Value>) -> Self {
        Self::Value(value.unwrap_or(&Value::Null).to_string())
    }

    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::String(text)) => Self::Value(text.clone()),
            Some(other) => Self::Value(other.to_string()),
        }
    }
}

/// Whether the path says that a value is not to be shown, although nothing marks it as sensitive.
pub fn is_private(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let says_so = ["environment", "secret", "password", "token", "credential", "private", "user_data"]
        .iter()
        .any(|it| path.contains(it));
    says_so || path.rsplit(['.', '[']).any(is_secret_name)
}

/// The two sides of a change, with the masks that say what of them is sensitive or not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'v> {
    pub(super) before: Option<&'v Value>,
    pub(super) after: Option<&'v Value>,
    pub(super) before_sensitive: &'v Value,
    pub(super) after_sensitive: &'v Value,
    pub(super) unknown: &'v Value,
}

/// Everything that differs, in the order of the attributes.
pub(super) fn between(sides: Sides<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", sides, &mut found);
    found.shrink_to_fit();
    found
}

fn compare(path: &str, sides: Sides<'_>, found: &mut Vec<Difference>) {
    let Sides { before, after, before_sensitive, after_sensitive, unknown } = sides;
    let mut add = |before, after| found.push(Difference { path: path.to_owned(), before, after });
    if is(before_sensitive) || is(after_sensitive) {
        if is(unknown) || before.unwrap_or(&Value::Null) != after.unwrap_or(&Value::Null) {
            add(Side::Sensitive, Side::Sensitive);
        }
        return;
    }
    if is(unknown) {
        // A part of it may be sensitive, and whole texts are shown here.
        let before = if has_true(before_sensitive) { Side::Sensitive } else { Side::of(before) };
        return add(before, Side::Unknown);
    }
    // Both are documents, or one is and the other is not there.
    if before != after
        && (is_text(before) || is_text(after))
        && let (Ok(old), Ok(new)) = (document(path, before), document(path, after))
    {
        let sides = Sides { before: old.as_ref(), after: new.as_ref(), ..sides };
        return compare(path, sides, found);
    }
    let keys = keys(before, after, unknown);
    if keys.is_empty() {
        if before.unwrap_or(&Value::Null) != after.unwrap_or(&Value::Null) {
            let sides = [before, after].map(Side::of);
            // A number is another thing than its digits as text.
            let [before, after] = if sides[0] == sides[1] { [before, after].map(Side::quoted) } else { sides };
            add(before, after);
        }
        return;
    }
    for key in keys {
        let path = key.below(path);
        let sides = Sides {
            before: before.and_then(|value| key.of(value)),
            after: after.and_then(|value| key.of(value)),
            before_sensitive: key.of(before_sensitive).unwrap_or(&Value::Null),
            after_sensitive: key.of(after_sensitive).unwrap_or(&Value::Null),
            unknown: key.of(unknown).unwrap_or(&Value::Null),
        };
        compare(&path, sides, found);
    }
}

fn is(mask: &Value) -> bool {
    *mask == Value::Bool(true)
}

/// Whether a mask says `true` anywhere.
pub(super) fn has_true(mask: &Value) -> bool {
    match mask {
        Value::Bool(yes) => *yes,
        Value::Array(parts) => parts.iter().any(has_true),
        Value::Object(parts) => parts.values().any(has_true),
        _ => false,
    }
}

fn is_text(value: Option<&Value>) -> bool {
    value.is_some_and(Value::is_string)
}

/// JSON inside a string, such as a policy; nothing where there is nothing, and an error for anything else. A text in which an
/// object has a key twice is no document: which of the two counts, its readers don't agree about.
fn document(path: &str, value: Option<&Value>) -> Result<Option<Value>, ()> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let document = value.as_str().and_then(|text| serde_json::from_str(text).ok()).map(|Unique(document)| document);
    let document = document.filter(|document: &Value| document.is_object() || document.is_array()).ok_or(())?;
    Ok(Some(if path == containers::ATTRIBUTE { containers::plain(document) } else { document }))
}

/// JSON without an object that has a key twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some((key, Unique(value))) = entries.next_entry::<String, Unique>()? {
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key is there twice"));
            }
        }
        Ok(map.into())
    }
}

enum Key {
    Name(String),
    Index(usize),
}

impl Key {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Name(name) => value.get(name),
            Self::Index(n) => value.get(n),
        }
    }

    fn below(&self, path: &str) -> String {
        match self {
            Self::Name(name) if path.is_empty() => name.clone(),
            Self::Name(name) => format!("{path}.{name}"),
            Self::Index(n) => format!("{path}[{n}]"),
        }
    }
}

/// The parts that either side has; none if one of them is a plain value.
fn keys(before: Option<&Value>, after: Option<&Value>, unknown: &Value) -> Vec<Key> {
    let sides = [before, after, Some(unknown)];
    let there =
        || sides.iter().filter_map(|side| *side).filter(|value| !value.is_null() && **value != Value::Bool(false));
    if there().count() > 0 && there().all(Value::is_object) {
        let mut names: Vec<_> = there().filter_map(Value::as_object).flat_map(|parts| parts.keys().cloned()).collect();
        names.sort();
        names.dedup();
        return names.into_iter().map(Key::Name).collect();
    }
    if there().count() > 0 && there().all(Value::is_array) {
        let longest = there().filter_map(Value::as_array).map(Vec::len).max().unwrap_or(0);
        return (0..longest).map(Key::Index).collect();
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(before: &Value, after: &Value, masks: [Value; 3]) -> Vec<String> {
        let [before_sensitive, after_sensitive, unknown] = &masks;
        let sides = Sides { before: Some(before), after: Some(after), before_sensitive, after_sensitive, unknown };
        between(sides).iter().map(|it| format!("{} {:?} {:?}", it.path, it.before, it.after)).collect()
    }

    #[test]
    fn attributes_are_compared_down_to_plain_values() {
        let before = json!({ "a": 1, "b": { "c": ["x", "y"] }, "same": true, "off": false });
        let after = json!({ "a": 2, "b": { "c": ["x"] }, "same": true, "off": true, "new": "n" });
        assert_eq!(
            differences(&before, &after, [json!({}), json!({}), json!({})]),
            [
                r#"a Value("1") Value("2")"#,
                r#"b.c[1] Value("y") Nothing"#,
                r#"new Nothing Value("n")"#,
                r#"off Value("false") Value("true")"#,
            ]
        );
    }

    #[test]
    fn policies_are_compared_as_documents() {
        let policy = |arn: &str| json!({ "policy": json!({ "Statement": [{ "Resource": [arn] }] }).to_string() });
        assert_eq!(
            differences(&policy("arn:a:1"), &policy("arn:a:2"), [json!({}), json!({}), json!({})]),
            [r#"policy.Statement[0].Resource[0] Value("arn:a:1") Value("arn:a:2")"#]
        );
    }

    #[test]
    fn value_beside_one_that_gets_other_words_is_not_shown() {
        let side = |text: &str| Side::Value(text.to_owned());
        let shown = |before: &str, after: Side| {
            let mut difference = Difference { path: "p".to_owned(), before: side(before), after };
            difference.in_words(|text| text.replace("new secret", "***"));
            (difference.before, difference.after)
        };
        assert_eq!(shown("old secret", side("a new secret")), (side("(not shown)"), side("a ***")));
        assert_eq!(shown("x new secret", side("y new secret")), (side("x ***"), side("y ***")));
        assert_eq!(shown("a", side("b")), (side("a"), side("b")));
        assert_eq!(shown("new secret", Side::Unknown), (side("***"), Side::Unknown));
    }

    #[test]
    fn key_that_is_there_twice_and_number_as_text_hide_nothing() {
        let none = || [json!({}), json!({}), json!({})];
        let one = json!({ "policy": r#"{"Action":"ecs:RunTask"}"# });
        let two = json!({ "policy": r#"{"Action":"*","Action":"ecs:RunTask"}"# });
        let found = differences(&one, &two, none());
        assert_eq!(found.len(), 1);
        assert!(found[0].contains('*'), "{found:?}");
        let found = differences(&json!({ "a": 1.0, "b": true }), &json!({ "a": "1.0", "b": "true" }), none());
        assert_eq!(found, [r#"a Value("1.0") Value("\"1.0\"")"#, r#"b Value("true") Value("\"true\"")"#]);
    }

    #[test]
    fn document_of_something_new_is_looked_into() {
        let after = json!({ "container_definitions": "[{\"image\":\"x/y:v1\"}]" });
        let found = differences(&Value::Null, &after, [json!(false), json!({}), json!({})]);
        assert_eq!(found, [r#"container_definitions[0].image Nothing Value("x/y:v1")"#]);
    }

    #[test]
    fn what_is_sensitive_is_told_of_and_never_held() {
        let before = json!({ "password": "old", "nested": { "token": "old" }, "same": "s" });
        let after = json!({ "password": "new", "nested": {}, "same": "s" });
        let masks = [
            json!({ "password": true, "same": true }),
            json!({ "nested": { "token": true } }),
            json!({ "nested": { "token": true } }),
        ];
        let found = differences(&before, &after, masks);
        assert_eq!(found, ["nested.token Sensitive Sensitive", "password Sensitive Sensitive"]);
        let masks = [json!({ "nested": { "token": true } }), json!({}), json!({ "nested": true })];
        let found = differences(&before, &json!({ "password": "old", "same": "s" }), masks);
        assert_eq!(found, ["nested Sensitive Unknown"]);
    }

    #[test]
    fn what_is_not_known_yet_differs() {
        let found = differences(
            &json!({ "arn": "a:1", "n": null }),
            &json!({}),
            [json!({}), json!({}), json!({ "arn": true, "n": true })],
        );
        assert_eq!(found, [r#"arn Value("a:1") Unknown"#, "n Nothing Unknown"]);
    }
}
