//! What one accounts file lists, and what several of them list together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Account, AccountId, Failure, Place, acts, one_line};
use crate::repo::json::{Entry, Node, Value};

/// The accounts of a root, and what is wrong with them.
#[derive(Debug, Default)]
pub(in crate::repo) struct Listed {
    /// Sorted by name.
    pub(in crate::repo) accounts: Vec<Account>,
    /// The names of accounts that are listed and can't be used; why is among the failures.
    pub(in crate::repo) spoilt: BTreeSet<String>,
    /// In a stable order.
    pub(in crate::repo) failures: Vec<Failure>,
    /// Files that are called so and list something else.
    pub(in crate::repo) notices: Vec<Failure>,
}

impl Listed {
    /// A file that can't be read at all.
    pub(super) fn failed(failure: Failure) -> Self {
        Self { failures: vec![failure], ..Self::default() }
    }

    /// Reads a document: names with ids as strings, or with objects that have an `id`. What is wrong with one account does
    /// not hide the others.
    pub(super) fn read(node: &Node, file: &str) -> Self {
        let entries = match &node.value {
            Value::Object(entries) if entries.is_empty() || entries.iter().any(is_account) => entries,
            _ => {
                let what = "this is no accounts file as Gruntwork writes it, and tells no account";
                let notice = Failure::refused(what).at(Place::line(file, node.line)).hint(super::FORM);
                return Self { notices: vec![notice], ..Self::default() };
            }
        };
        let mut listed = Self::default();
        if entries.is_empty() {
            listed.failures.push(Failure::refused("the accounts file lists no account").in_file(file));
        }
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        let mut by_id = HashMap::new();
        for entry in entries.iter().filter(|entry| !is_remark(entry)) {
            if let Some(line) = by_name.insert(&entry.key, entry.line) {
                let failure = Failure::refused(format!("the account `{}` is listed twice", entry.key));
                listed.failures.push(failure.at(Place::line(file, line)).at(Place::line(file, entry.line)));
                continue;
            }
            match account(entry, file) {
                Ok(account) => listed.add(account, &mut by_id),
                Err(failure) => {
                    listed.failures.push(failure);
                    listed.spoilt.insert(entry.key.clone());
                }
            }
        }
        listed.sort();
        listed
    }

    /// Adds what another file of the same root lists: an account that both have must have one id.
    pub(super) fn join(&mut self, other: Self) {
        self.spoilt.extend(other.spoilt);
        self.failures.extend(other.failures);
        self.notices.extend(other.notices);
        let n_known = self.accounts.len();
        let mut by_id = self.accounts.iter().enumerate().map(|(at, known)| (known.id.clone(), at)).collect();
        let mut disputed = BTreeSet::new();
        for account in other.accounts {
            let at = self.accounts[..n_known].binary_search_by(|known| known.name.cmp(&account.name)).ok();
            match at.map(|at| &mut self.accounts[at]) {
                None => self.add(account, &mut by_id),
                Some(known) if known.id == account.id => {
                    known.evidence.extend(account.evidence);
                    known.deploy_order = known.deploy_order.or(account.deploy_order);
                }
                Some(known) => {
                    let what = format!("two accounts files give the account `{}` different ids", known.name);
                    let failure = Failure::refused(what).detail(format!("{} by the first", known.id));
                    let failure = failure.detail(format!("{} by the second", account.id));
                    let places = known.evidence.iter().chain(&account.evidence).cloned();
                    self.failures.push(places.fold(failure, Failure::at).hint("settle which is right"));
                    by_id.remove(&known.id);
                    self.spoilt.insert(account.name.clone());
                    disputed.insert(account.name);
                }
            }
        }
        self.accounts.retain(|known| !disputed.contains(&known.name));
        self.sort();
    }

    /// Adds an account whose name is new. `by_id` has the positions of the accounts that are already there.
    fn add(&mut self, account: Account, by_id: &mut HashMap<AccountId, usize>) {
        if let Some(other) = by_id.get(&account.id).map(|at| &self.accounts[*at]) {
            let what = format!("the accounts `{}` and `{}` have the same id {}", other.name, account.name, account.id);
            let places = other.evidence.iter().chain(&account.evidence).cloned();
            let failure = places.fold(Failure::refused(what), Failure::at);
            self.failures.push(failure.hint("write the id of each, or leave out the one that is not in use"));
            self.spoilt.insert(account.name);
            return;
        }
        by_id.insert(account.id.clone(), self.accounts.len());
        self.accounts.push(account);
    }

    fn sort(&mut self) {
        self.accounts.sort_by(|one, other| one.name.cmp(&other.name));
    }
}

/// `"_comment": "…"` and `"$schema": "…"`, as they are written where a format has no comments.
fn is_remark(entry: &Entry) -> bool {
    entry.key.starts_with(['_', '$'])
}

/// Whether this is meant for an account, right or wrong: digits, or something with an id.
fn is_account(entry: &Entry) -> bool {
    let is_id = |value: &Value| match value {
        Value::Number(_) => true,
        Value::String(text) => text.bytes().any(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    match &entry.node.value {
        _ if is_remark(entry) => false,
        Value::Object(fields) => fields.iter().any(|field| matches!(field.key.as_str(), "id" | "account_id")),
        value => is_id(value),
    }
}

fn account(entry: &Entry, file: &str) -> Result<Account, Failure> {
    let name = entry.key.clone();
    if name.chars().any(acts) {
        let failure = Failure::refused(format!("the name of the account `{}` has control characters", one_line(&name)));
        return Err(failure.at(Place::line(file, entry.line)));
    }
    let field = |key: &str| match &entry.node.value {
        Value::Object(fields) => fields.iter().find(|field| field.key == key).map(|field| &field.node),
        _ => None,
    };
    let node = match &entry.node.value {
        Value::Object(_) => field("id").or_else(|| field("account_id")).ok_or_else(|| {
            Failure::refused(format!("the account `{name}` has no id"))
                .at(Place::line(file, entry.line))
                .hint("add an `id` with its twelve digits, in quotes")
        })?,
        _ => &entry.node,
    };
    let place = Place::line(file, node.line);
    let id = id(&name, node).map_err(|failure| failure.at(place.clone()))?;
    let deploy_order = field("deploy_order").and_then(|node| match &node.value {
        Value::Number(text) | Value::String(text) => text.parse().ok(),
        _ => None,
    });
    Ok(Account { name, id, deploy_order, evidence: vec![place] })
}

/// A number is an id only with twelve digits of which the first isn't 0: whoever else reads the file would lose that.
fn id(name: &str, node: &Node) -> Result<AccountId, Failure> {
    let what = format!("the id of account `{name}`");
    match &node.value {
        Value::String(text) => {
            AccountId::parse(text).map_err(|error| Failure::refused(format!("{what} is wrong: {error}")))
        }
        Value::Number(digits) => AccountId::parse(digits).ok().filter(|_| !digits.starts_with('0')).ok_or_else(|| {
            Failure::refused(format!("{what} is a number, which would lose leading zeros"))
                .hint("quote it: write all twelve digits, in quotes")
        }),
        _ => Err(Failure::refused(format!("{what} is wrong: it is not a string"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::json;

    fn read(text: &str) -> Listed {
        Listed::read(&json::parse(text).expect("it is JSON"), "accounts.json")
    }

    fn texts(failures: &[Failure]) -> Vec<String> {
        failures.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn strings_and_objects_are_read_with_their_lines_and_their_order() {
        let listed = read(
            "{\n  \"logs\": \"000000000001\",\n  \"dev\": {\n    \"deploy_order\": 3,\n    \"id\": \"100000000004\"\n  }\n}\n",
        );
        assert_eq!(texts(&listed.failures), [""; 0]);
        let shown = |it: &Account| format!("{it} {:?} {}", it.deploy_order, it.evidence[0]);
        let shown: Vec<_> = listed.accounts.iter().map(shown).collect();
        assert_eq!(shown, ["100000000004 dev Some(3) accounts.json:5", "000000000001 logs None accounts.json:2"]);
    }

    #[test]
    fn an_id_that_is_a_number_is_refused_where_it_may_have_lost_zeros() {
        assert_eq!(texts(&read("{\"dev\": 100000000004}").failures), [""; 0]);
        assert_eq!(
            texts(&read("{\"dev\":\n 10000000004}").failures),
            ["the id of account `dev` is a number, which would lose leading zeros\n  --> accounts.json:2\n\
              hint: quote it: write all twelve digits, in quotes"]
        );
    }

    #[test]
    fn an_id_in_yaml_without_quotes_is_read_unless_other_readers_would_lose_its_zeros() {
        let text = "dev:\n  email: aws+dev@example.com\n  id: 100000000004\nold:\n  id: 012345678901\nsmall: {id: 42}\nlogs: '000000000001'\n";
        let listed = Listed::read(&crate::repo::yaml::parse(text).expect("it is YAML"), "accounts.yml");
        let shown: Vec<_> = listed.accounts.iter().map(|it| format!("{it} {}", it.evidence[0])).collect();
        assert_eq!(shown, ["100000000004 dev accounts.yml:3", "000000000001 logs accounts.yml:7"]);
        let texts = texts(&listed.failures);
        let loses =
            "the id of account `old` is a number, which would lose leading zeros\n  --> accounts.yml:5\nhint: quote it";
        assert!(texts[0].starts_with(loses), "{texts:?}");
        assert!(texts[1].starts_with("the id of account `small` is a number, "), "{texts:?}");
    }

    #[test]
    fn all_that_is_wrong_is_reported_and_the_rest_is_read() {
        let listed = read(
            r#"{"a": "100000000001", "b": "100000000001", "c": "1", "d": {}, "e": null, "a": "100000000002", "f": "100000000006"}"#,
        );
        assert_eq!(listed.accounts.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "f"]);
        let texts = texts(&listed.failures);
        assert_eq!(texts.len(), 5, "{texts:#?}");
        assert!(texts[0].starts_with("the accounts `a` and `b` have the same id 100000000001"));
        assert!(texts[1].starts_with("the id of account `c` is wrong: `1` is not an AWS account id"));
        assert!(texts[2].starts_with("the account `d` has no id"));
        assert!(texts[3].starts_with("the id of account `e` is wrong: it is not a string"));
        assert!(texts[4].starts_with("the account `a` is listed twice"));
        assert_eq!(listed.spoilt.iter().map(String::as_str).collect::<Vec<_>>(), ["b", "c", "d", "e"]);
    }

    #[test]
    fn file_of_another_form_tells_nothing_and_stops_nobody() {
        for text in [
            "[]",
            "1",
            r#"[{"name": "dev", "id": "100000000004"}]"#,
            r#"{"accounts": {"dev": "100000000004"}}"#,
            r#"{"_1": "100000000004"}"#,
        ] {
            let listed = read(text);
            assert!(listed.failures.is_empty() && listed.accounts.is_empty(), "{text}");
            assert_eq!(listed.notices.len(), 1, "{text}");
        }
        let listed = read(r#"{"$schema": "x", "_comment": "1", "dev": {"id": "100000000004"}}"#);
        assert_eq!((listed.accounts.len(), listed.failures.len(), listed.notices.len()), (1, 0, 0));
        assert_eq!(read("{}").failures.len(), 1);
    }

    #[test]
    fn two_files_are_joined_where_they_agree_and_refused_where_they_do_not() {
        let mut listed = read(r#"{"dev": "100000000004", "prod": "100000000006"}"#);
        listed.join(read(r#"{"dev": "100000000004", "qa": "100000000007"}"#));
        assert_eq!(texts(&listed.failures), [""; 0]);
        assert_eq!(listed.accounts.iter().map(|it| it.evidence.len()).collect::<Vec<_>>(), [2, 1, 1]);
        listed.join(read(r#"{"prod": "100000000016", "stage": "100000000007"}"#));
        let texts = texts(&listed.failures);
        assert!(texts[0].starts_with("two accounts files give the account `prod` different ids\n"), "{texts:?}");
        assert!(texts[1].starts_with("the accounts `qa` and `stage` have the same id 100000000007\n"), "{texts:?}");
        assert!(listed.accounts.iter().all(|account| account.name != "prod"));
    }
}
