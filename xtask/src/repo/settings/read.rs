//! Reads the settings and says what is wrong with them: file, line and key.

use std::ops::Range;

use ignore::gitignore::GitignoreBuilder;
use toml_edit::{Document, Item, TableLike, Value};

use super::Settings;
use crate::model::{Failure, Place};

/// The keys of the table, sorted.
pub const KEYS: [&str; 13] = [
    "assumed-roles",
    "build",
    "credentials",
    "dockerfile-repo",
    "endpoint-url",
    "exclude",
    "image",
    "jobs",
    "pass-environment",
    "profile",
    "profiles",
    "terraform-aws-ci-version",
    "terraform-binary",
];

/// Reads the settings from the text of a `Cargo.toml`; `None` if it has no such table.
pub fn read(text: &str, file: &str) -> (Option<Settings>, Vec<Failure>) {
    let document = match Document::parse(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        Ok(document) => document,
        Err(error) => {
            let place = place_in(text, file, error.span());
            let what = format!("cannot parse `{file}`: {}", error.message().lines().next().unwrap_or_default());
            return (None, vec![Failure::refused(what).at(place)]);
        }
    };
    let mut item = document.as_item();
    for name in ["workspace", "metadata", "xtask"] {
        match item.get(name) {
            Some(inner) => item = inner,
            None => return (None, Vec::new()),
        }
    }
    let mut reader = Reader { text, file, settings: Settings::default(), failures: Vec::new() };
    reader.settings.file = Some(file.to_owned());
    match item.as_table_like() {
        Some(table) => reader.table(table),
        None => reader.wrong("workspace.metadata.xtask", "a table", item),
    }
    (Some(reader.settings), reader.failures)
}

fn place_in(text: &str, file: &str, span: Option<Range<usize>>) -> Place {
    match span {
        Some(span) => Place::line(file, 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()),
        None => Place::file(file),
    }
}

pub(super) struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    pub(super) settings: Settings,
    pub(super) failures: Vec<Failure>,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike) {
        for (key, item) in table.iter() {
            let span = table.get_key_value(key).and_then(|(key, _)| key.span());
            let place = place_in(self.text, self.file, span.or_else(|| item.span()));
            self.settings.places.insert(key.to_owned(), place.clone());
            match key {
                "terraform-aws-ci-version" => self.settings.terraform_aws_ci_version = self.string(key, item),
                "profile" => self.settings.profile = self.string(key, item).and_then(|it| self.template(key, it, item)),
                "profiles" => self.profiles(item),
                "credentials" => {
                    let words = self.strings(key, item);
                    self.settings.credentials = words.map(|words| self.templates(key, words, item));
                }
                "terraform-binary" => self.settings.terraform_binary = self.string(key, item),
                "dockerfile-repo" => self.settings.dockerfile_repo = self.string(key, item),
                "endpoint-url" => self.settings.endpoint_url = self.string(key, item),
                "pass-environment" => self.settings.pass_environment = self.strings(key, item).unwrap_or_default(),
                "assumed-roles" => self.settings.assumed_roles = self.strings(key, item).unwrap_or_default(),
                "exclude" => self.exclude(key, item),
                "jobs" => self.jobs(item),
                "build" => self.build(item),
                "image" => self.images(item),
                unknown => self.failures.push(unknown_key(unknown, place)),
            }
        }
    }

    /// Where an item stands.
    pub(super) fn place(&self, item: Option<&Item>) -> Place {
        place_in(self.text, self.file, item.and_then(Item::span))
    }

    pub(super) fn wrong(&mut self, key: &str, wanted: &str, item: &Item) {
        let what = format!("`{key}` must be {wanted}, this is {}", article(item.type_name()));
        self.failures.push(Failure::refused(what).at(place_in(self.text, self.file, item.span())));
    }

    pub(super) fn string(&mut self, key: &str, item: &Item) -> Option<String> {
        match item.as_str() {
            Some("") => {
                let place = place_in(self.text, self.file, item.span());
                self.failures.push(Failure::refused(format!("`{key}` must not be empty")).at(place));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong(key, "a string", item);
                None
            }
        }
    }

    pub(super) fn strings(&mut self, key: &str, item: &Item) -> Option<Vec<String>> {
        let words: Option<Vec<_>> =
            item.as_array().and_then(|array| array.iter().map(Value::as_str).map(|it| it.map(str::to_owned)).collect());
        if words.is_none() {
            self.wrong(key, "an array of strings", item);
        }
        words
    }

    fn profiles(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("profiles", "a table", item) };
        for (account, item) in table.iter() {
            let key = format!("profiles.{account}");
            let place = place_in(self.text, self.file, item.span());
            if let Some(profile) = self.string(&key, item) {
                self.settings.profiles.insert(account.to_owned(), profile);
                self.settings.places.insert(key, place);
            }
        }
    }

    fn jobs(&mut self, item: &Item) {
        match item.as_integer().and_then(|jobs| usize::try_from(jobs).ok()).filter(|jobs| *jobs >= 1) {
            Some(jobs) => self.settings.jobs = Some(jobs),
            None => self.wrong("jobs", "a whole number of 1 or more", item),
        }
    }

    fn exclude(&mut self, key: &str, item: &Item) {
        for glob in self.strings(key, item).unwrap_or_default() {
            match GitignoreBuilder::new("").add_line(None, &glob) {
                Ok(_) => self.settings.exclude.push(glob),
                Err(error) => {
                    let place = place_in(self.text, self.file, item.span());
                    let failure = Failure::refused(format!("`{key}` has the pattern `{glob}`, which is none"));
                    self.failures.push(failure.at(place).because(error));
                }
            }
        }
    }

    fn templates(&mut self, key: &str, words: Vec<String>, item: &Item) -> Vec<String> {
        for word in &words {
            let _ = self.checked(key, word, &["account", "account_id", "region", "profile"], item);
        }
        words
    }

    fn template(&mut self, key: &str, text: String, item: &Item) -> Option<String> {
        self.checked(key, &text, &["account", "account_id", "region"], item).then_some(text)
    }

    /// Whether all that looks like a placeholder is one.
    fn checked(&mut self, key: &str, text: &str, known: &[&str], item: &Item) -> bool {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            let looks_like_one =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-');
            if looks_like_one && !known.contains(&name) {
                let list: Vec<_> = known.iter().map(|name| format!("{{{name}}}")).collect();
                let failure =
                    Failure::refused(format!("`{key}` has the placeholder `{{{name}}}`, which does not exist"));
                let place = place_in(self.text, self.file, item.span());
                self.failures.push(failure.at(place).hint(format!("there are {}", list.join(", "))));
                return false;
            }
            rest = behind;
        }
        true
    }
}

fn article(type_name: &str) -> String {
    let an = type_name.starts_with(['a', 'i']);
    format!("{} {type_name}", if an { "an" } else { "a" })
}

fn unknown_key(key: &str, place: Place) -> Failure {
    let failure = Failure::refused(format!("`{key}` is not a setting")).at(place);
    let nearest = KEYS.iter().min_by_key(|known| distance(known, key)).filter(|known| distance(known, key) <= 3);
    let failure = match nearest {
        Some(known) => failure.hint(format!("did you mean `{known}`?")),
        None => failure,
    };
    failure.hint(format!("the settings are {}", KEYS.join(", ")))
}

/// How many letters have to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(table: &str) -> (Settings, Vec<String>) {
        let (settings, failures) = read(&format!("[workspace.metadata.xtask]\n{table}"), "Cargo.toml");
        (settings.expect("there is a table"), failures.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_key_has_a_typed_accessor() {
        let (settings, failures) = settings(
            "terraform-aws-ci-version = 'v1.3.0'\nprofile = 'your-{account}'\ncredentials = ['a', '{profile}']\n\
             terraform-binary = 'tofu'\ndockerfile-repo = 'r'\nendpoint-url = 'http://localhost'\njobs = 4\n\
             pass-environment = ['A', 'B_*']\nassumed-roles = ['arn:x']\n[workspace.metadata.xtask.profiles]\ndev = 'd'",
        );
        assert!(failures.is_empty(), "{failures:?}");
        assert_eq!(settings.terraform_aws_ci_version(), Some("v1.3.0"));
        assert_eq!(settings.profile(), Some("your-{account}"));
        assert_eq!(settings.credentials(), ["a", "{profile}"]);
        assert_eq!(settings.terraform_binary(), Some("tofu"));
        assert_eq!(settings.dockerfile_repo(), "r");
        assert_eq!(settings.endpoint_url(), Some("http://localhost"));
        assert_eq!(settings.jobs(), Some(4));
        assert_eq!(settings.pass_environment(), ["A", "B_*"]);
        assert_eq!(settings.assumed_roles(), ["arn:x"]);
        assert_eq!(settings.profiles()["dev"], "d");
        assert_eq!(settings.place("profiles.dev"), Some(&Place::line("Cargo.toml", 12)));
        assert_eq!(settings.place("jobs"), Some(&Place::line("Cargo.toml", 8)));
    }

    #[test]
    fn without_a_table_everything_has_its_default() {
        let (none, failures) = read("[package]\nname = 'x'\n", "Cargo.toml");
        assert!(none.is_none() && failures.is_empty());
        let settings = Settings::default();
        assert_eq!(settings.credentials(), ["aws-vault", "exec", "{profile}", "--"]);
        assert_eq!(settings.dockerfile_repo(), "https://github.com/gruntwork-io/terraform-aws-ci.git");
    }

    #[test]
    fn an_empty_credentials_array_is_not_the_default() {
        assert!(settings("credentials = []").0.credentials().is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_said_with_its_line() {
        let (_, failures) = settings("jobs = 0\nprofile = ['x']\ncredentials = 'aws-vault'\nprofil = 'y'\nxyz = 1\n");
        assert_eq!(failures.len(), 5, "{failures:#?}");
        assert_eq!(failures[0], "`jobs` must be a whole number of 1 or more, this is an integer\n  --> Cargo.toml:2");
        assert_eq!(failures[1], "`profile` must be a string, this is an array\n  --> Cargo.toml:3");
        assert_eq!(failures[2], "`credentials` must be an array of strings, this is a string\n  --> Cargo.toml:4");
        assert!(
            failures[3].starts_with("`profil` is not a setting\n  --> Cargo.toml:5\nhint: did you mean `profile`?")
        );
        assert!(failures[4].contains("hint: the settings are assumed-roles, build, credentials"));
    }

    #[test]
    fn a_placeholder_that_does_not_exist_is_refused() {
        let (_, failures) = settings("profile = '{acount}-admin'\ncredentials = ['x', '{json: 1}', '{profile}']");
        assert_eq!(failures.len(), 1, "{failures:#?}");
        assert!(
            failures[0]
                .starts_with("`profile` has the placeholder `{acount}`, which does not exist\n  --> Cargo.toml:2")
        );
    }

    #[test]
    fn broken_toml_is_said_with_its_line() {
        let (_, failures) = read("[workspace]\nmembers = [\n", "Cargo.toml");
        assert!(failures[0].to_string().starts_with("cannot parse `Cargo.toml`: "), "{}", failures[0]);
    }
}
