//! The accounts file: which accounts there are, and what their ids are.

use std::collections::BTreeMap;

use super::json::{self, Entry, Node, Value};
use crate::model::{Account, AccountId, Failure, Place};

/// The name of the accounts file.
pub const FILE: &str = "accounts.json";

/// Reads the accounts file: names with ids as strings, or with objects that have an `id`. What is wrong with one
/// account does not hide the others.
pub fn read(text: &str, file: &str) -> (Vec<Account>, Vec<Failure>) {
    let node = match json::parse(text) {
        Ok(node) => node,
        Err(error) => {
            let place = Place { file: file.to_owned(), line: Some(error.line), column: Some(error.column) };
            let failure = Failure::refused(format!("cannot parse the accounts file: {}", error.what)).at(place);
            return (Vec::new(), vec![failure]);
        }
    };
    let Value::Object(entries) = &node.value else {
        let failure = Failure::refused("the accounts file must be an object of account names");
        return (Vec::new(), vec![failure.at(Place::line(file, node.line))]);
    };
    let mut accounts: Vec<Account> = Vec::with_capacity(entries.len());
    let mut failures = Vec::new();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_id: BTreeMap<AccountId, (&str, Place)> = BTreeMap::new();
    for entry in entries {
        if let Some(line) = by_name.insert(&entry.key, entry.line) {
            let failure = Failure::refused(format!("the account `{}` is listed twice", entry.key));
            failures.push(failure.at(Place::line(file, line)).at(Place::line(file, entry.line)));
            continue;
        }
        let (id, place) = match id(entry, file) {
            Ok(found) => found,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        match by_id.get(&id) {
            Some((other, first)) => {
                let what = format!("the accounts `{other}` and `{}` have the same id {id}", entry.key);
                failures.push(Failure::refused(what).at(first.clone()).at(place));
            }
            None => {
                by_id.insert(id.clone(), (&entry.key, place.clone()));
                accounts.push(Account { name: entry.key.clone(), id, evidence: vec![place] });
            }
        }
    }
    if entries.is_empty() {
        failures.push(Failure::refused("the accounts file lists no account").in_file(file));
    }
    accounts.sort_by(|a, b| a.name.cmp(&b.name));
    (accounts, failures)
}

fn id(entry: &Entry, file: &str) -> Result<(AccountId, Place), Failure> {
    let name = &entry.key;
    let node: &Node = match &entry.node.value {
        Value::Object(fields) => match fields.iter().find(|field| field.key == "id") {
            Some(field) => &field.node,
            None => {
                let failure = Failure::refused(format!("the account `{name}` has no id"));
                return Err(failure
                    .at(Place::line(file, entry.line))
                    .hint("add `\"id\": \"…\"` with its twelve digits"));
            }
        },
        _ => &entry.node,
    };
    let place = Place::line(file, node.line);
    let found = match &node.value {
        Value::String(text) => match AccountId::parse(text) {
            Ok(id) => return Ok((id, place)),
            Err(error) => error.to_string(),
        },
        Value::Number(_) => {
            let what = format!("the id of account `{name}` is a number, which would lose leading zeros");
            return Err(Failure::refused(what).at(place).hint("write all twelve digits, in quotes"));
        }
        _ => "it is not a string".to_owned(),
    };
    Err(Failure::refused(format!("the id of account `{name}` is wrong: {found}")).at(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(failures: &[Failure]) -> Vec<String> {
        failures.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn strings_and_objects_are_read_with_their_lines() {
        let text = "{\n  \"logs\": \"000000000001\",\n  \"dev\": {\n    \"deploy_order\": 0,\n    \"id\": \"100000000004\"\n  }\n}\n";
        let (accounts, failures) = read(text, "accounts.json");
        assert!(failures.is_empty(), "{failures:?}");
        let shown: Vec<_> = accounts.iter().map(|it| (it.to_string(), it.evidence[0].to_string())).collect();
        assert_eq!(
            shown,
            [
                ("100000000004 dev".to_owned(), "accounts.json:5".to_owned()),
                ("000000000001 logs".to_owned(), "accounts.json:2".to_owned())
            ]
        );
    }

    #[test]
    fn an_id_that_is_a_number_is_refused_with_the_reason() {
        let (_, failures) = read("{\"dev\":\n 4}", "accounts.json");
        assert_eq!(
            texts(&failures),
            ["the id of account `dev` is a number, which would lose leading zeros\n  --> accounts.json:2\n\
              hint: write all twelve digits, in quotes"]
        );
    }

    #[test]
    fn all_that_is_wrong_is_reported_and_the_rest_is_read() {
        let text = r#"{"a": "100000000001", "b": "100000000001", "c": "1", "d": {}, "e": null, "a": "100000000002", "f": "100000000006"}"#;
        let (accounts, failures) = read(text, "accounts.json");
        assert_eq!(accounts.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "f"]);
        let texts = texts(&failures);
        assert_eq!(texts.len(), 5, "{texts:#?}");
        assert!(texts[0].starts_with("the accounts `a` and `b` have the same id 100000000001"));
        assert!(texts[1].starts_with("the id of account `c` is wrong: `1` is not an AWS account id"));
        assert!(texts[2].starts_with("the account `d` has no id"));
        assert!(texts[3].starts_with("the id of account `e` is wrong: it is not a string"));
        assert!(texts[4].starts_with("the account `a` is listed twice"));
    }

    #[test]
    fn what_is_not_an_object_of_accounts_is_refused() {
        for text in ["[]", "{}", "", "{\"a\": }"] {
            assert_eq!(read(text, "accounts.json").1.len(), 1, "{text}");
        }
    }
}
