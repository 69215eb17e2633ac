//! Reads the settings and says what is wrong with them: file, line and key.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use toml_edit::{Document, Item, TableLike, Value};

use super::personal::CREDENTIALS;
use super::{Clean, Settings, Standalone, StatedAccount, TagInputs, unknown};
use crate::model::{AccountId, Environment, Failure, ImageName, Place, literal};

/// The keys of the table, sorted.
pub const KEYS: [&str; 19] = [
    "accounts",
    "assumed-roles",
    "build",
    "credentials",
    "dockerfile-repo",
    "endpoint-url",
    "environments",
    "exclude",
    "image",
    "jobs",
    "pass-environment",
    "profile",
    "profiles",
    "require-clean",
    "standalone",
    "tag-inputs",
    "terraform-aws-ci-version",
    "terraform-binary",
    "time-limit",
];

/// Reads the settings from the text of a `Cargo.toml`; `None` if it has no such table.
pub fn read(text: &str, file: &str) -> (Option<Settings>, Vec<Failure>) {
    let document = match parse(text, file) {
        Ok(document) => document,
        Err(failure) => return (None, vec![failure]),
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
        Some(table) => {
            table.iter().for_each(|(key, item)| written(item, key, &mut reader.settings.written));
            reader.table(table);
        }
        None => reader.wrong("workspace.metadata.xtask", "a table", item),
    }
    (Some(reader.settings), reader.failures)
}

/// What an item says, key by key: strings without quotes, lists of strings with commas.
fn written(item: &Item, key: &str, found: &mut BTreeMap<String, String>) {
    if let Some(table) = item.as_table_like() {
        return table.iter().for_each(|(name, item)| written(item, &format!("{key}.{name}"), found));
    }
    if let Some(tables) = item.as_array_of_tables() {
        let all = tables.iter().enumerate().flat_map(|(n, table)| table.iter().map(move |entry| (n, entry)));
        return all.for_each(|(n, (name, item))| written(item, &format!("{key}[{n}].{name}"), found));
    }
    let words = item.as_array().and_then(|array| array.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let value = item.as_str().map(str::to_owned).or_else(|| words.map(|words| words.join(", ")));
    let value = value.unwrap_or_else(|| item.to_string().trim().to_owned());
    if !value.is_empty() {
        found.insert(key.to_owned(), value);
    }
}

pub(super) fn parse<'t>(text: &'t str, file: &str) -> Result<Document<&'t str>, Failure> {
    Document::parse(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|error| {
        let what = format!("cannot parse `{file}`: {}", error.message().lines().next().unwrap_or_default());
        Failure::refused(what).at(place_in(text, file, error.span()))
    })
}

fn place_in(text: &str, file: &str, span: Option<Range<usize>>) -> Place {
    match span {
        Some(span) => Place::line(file, 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()),
        None => Place::file(file),
    }
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) file: &'t str,
    pub(super) settings: Settings,
    pub(super) failures: Vec<Failure>,
}

impl Reader<'_> {
    pub(super) fn table(&mut self, table: &dyn TableLike) {
        for (key, item) in table.iter() {
            let span = table.get_key_value(key).and_then(|(key, _)| key.span());
            let place = place_in(self.text, self.file, span.or_else(|| item.span()));
            self.settings.places.insert(key.to_owned(), place.clone());
            match key {
                "accounts" => self.accounts(item),
                "tag-inputs" => self.tag_inputs(item),
                "terraform-aws-ci-version" => self.settings.terraform_aws_ci_version = self.string(key, item),
                "profile" => self.settings.profile = self.string(key, item).and_then(|it| self.template(key, it, item)),
                "profiles" => self.profiles(item),
                "credentials" => {
                    let words = self.strings(key, item);
                    self.settings.credentials = words.map(|words| self.templates(key, words, item));
                    let program = self.settings.credentials.as_ref().and_then(|words| words.first());
                    self.failures.extend(program.and_then(|it| wrong_program(it)).map(|it| it.at(place.clone())));
                    let wrong = self.settings.credentials.as_deref().and_then(corrected);
                    self.failures.extend(wrong.map(|(what, better)| {
                        Failure::refused(what).at(place).hint(format!("write: {}", self.as_written(key, &better)))
                    }));
                }
                "terraform-binary" => self.settings.terraform_binary = self.string(key, item),
                "dockerfile-repo" => {
                    self.settings.dockerfile_repo = self.string(key, item);
                    let has_user = |url: &String| {
                        url.starts_with("http") && url.split('/').nth(2).is_some_and(|host| host.contains('@'))
                    };
                    if self.settings.dockerfile_repo.as_ref().is_some_and(has_user) {
                        let failure = Failure::refused("`dockerfile-repo` has a user or a password in its address");
                        let failure = failure.detail("it would be on command lines and in the request to the runner");
                        self.failures.push(
                            failure.at(place).hint("leave it out: the runner reads its git token from its secret"),
                        );
                    }
                }
                "endpoint-url" => self.settings.endpoint_url = self.string(key, item),
                "pass-environment" => self.settings.pass_environment = self.strings(key, item).unwrap_or_default(),
                "assumed-roles" => self.settings.assumed_roles = self.strings(key, item).unwrap_or_default(),
                "exclude" => self.exclude(key, item),
                "jobs" => self.jobs(item),
                "build" => self.build(item),
                "image" => self.images(item),
                "standalone" => self.standalone(item),
                "time-limit" => self.time_limit(item),
                "environments" => self.environments(item),
                "require-clean" => self.require_clean(item),
                unknown => self.failures.push(unknown::key(unknown, place)),
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
            Some(text) if text.trim().is_empty() => {
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

    fn accounts(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("accounts", "a table", item) };
        for (folders, item) in table.iter() {
            let key = format!("accounts.{}", literal(folders));
            let span = table.get_key_value(folders).and_then(|(key, _)| key.span());
            let place = place_in(self.text, self.file, span.or_else(|| item.span()));
            let Some(id) = item.as_str().and_then(|id| AccountId::parse(id).ok()) else {
                self.wrong_word(&key, "twelve digits, in quotes", item);
                continue;
            };
            if let Some(folders) = self.folders(&key, folders, &place) {
                self.settings.accounts.push(StatedAccount { folders, id, place });
            }
        }
    }

    /// The pattern of folders that a key is: as in `exclude`, but a name alone is that of a folder beside the `Cargo.toml`.
    fn folders(&mut self, key: &str, folders: &str, place: &Place) -> Option<Gitignore> {
        let mut builder = GitignoreBuilder::new("");
        let added = builder.add_line(None, &format!("/{}", folders.trim_matches('/'))).map(|_| ());
        let built = added.and_then(|()| builder.build()).map_err(|error| {
            let failure = Failure::refused(format!("`{key}` is no path of a folder and no pattern of any"));
            self.failures.push(failure.at(place.clone()).because(error));
        });
        built.ok()
    }

    fn tag_inputs(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("tag-inputs", "a table", item) };
        for (folders, item) in table.iter() {
            let key = format!("tag-inputs.{}", literal(folders));
            let span = table.get_key_value(folders).and_then(|(key, _)| key.span());
            let place = place_in(self.text, self.file, span.or_else(|| item.span()));
            let Some(inputs) = item.as_table_like() else {
                self.wrong(&key, "a table of inputs, each with its image", item);
                continue;
            };
            let mut images = Vec::new();
            for (input, image) in inputs.iter() {
                match image.as_str().and_then(|image| image.parse::<ImageName>().ok()) {
                    Some(image) => images.push((input.to_owned(), image)),
                    None => self.wrong_word(&format!("{key}.{input}"), "\"deploy-runner\" or \"kaniko\"", image),
                }
            }
            if let Some(folders) = self.folders(&key, folders, &place) {
                self.settings.tag_inputs.push(TagInputs { folders, images, place });
            }
        }
    }

    fn environments(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("environments", "a table", item) };
        for (account, item) in table.iter() {
            let key = format!("environments.{account}");
            match item.as_str().and_then(|word| word.parse::<Environment>().ok()) {
                Some(environment) => {
                    let place = place_in(self.text, self.file, item.span());
                    self.settings.environments.insert(account.to_owned(), environment);
                    self.settings.places.insert(key, place);
                }
                None => self.wrong_word(&key, "\"development\", \"production\" or \"other\"", item),
            }
        }
    }

    fn require_clean(&mut self, item: &Item) {
        match item.as_str() {
            Some("production") => self.settings.require_clean = Some(Clean::Production),
            Some("always") => self.settings.require_clean = Some(Clean::Always),
            _ => self.wrong_word("require-clean", "\"production\" or \"always\"", item),
        }
    }

    fn wrong_word(&mut self, key: &str, wanted: &str, item: &Item) {
        match item.as_str() {
            Some(word) => {
                let failure = Failure::refused(format!("`{key}` must be {wanted}, this is \"{word}\""));
                self.failures.push(failure.at(place_in(self.text, self.file, item.span())));
            }
            None => self.wrong(key, wanted, item),
        }
    }

    fn jobs(&mut self, item: &Item) {
        match item.as_integer().and_then(|jobs| usize::try_from(jobs).ok()).filter(|jobs| *jobs >= 1) {
            Some(jobs) => self.settings.jobs = Some(jobs),
            None => self.wrong("jobs", "a whole number of 1 or more", item),
        }
    }

    fn standalone(&mut self, item: &Item) {
        let Some(table) = item.as_table_like() else { return self.wrong("standalone", "a table of units", item) };
        for (unit, item) in table.iter() {
            let key = format!("standalone.{unit}");
            let place = place_in(self.text, self.file, item.span());
            let Some(table) = item.as_table_like() else {
                self.wrong(&key, "a table with `workspace` or `var-files`", item);
                continue;
            };
            let mut stated = Standalone::default();
            for (name, item) in table.iter() {
                let key = format!("{key}.{name}");
                match name {
                    "workspace" => stated.workspace = self.string(&key, item),
                    "var-files" => stated.var_files = self.strings(&key, item).unwrap_or_default(),
                    _ => {
                        let failure = Failure::refused(format!("`{key}` is not a setting")).at(place.clone());
                        self.failures.push(failure.hint("a unit of Terraform alone has `workspace` and `var-files`"));
                    }
                }
            }
            self.settings.places.insert(key, place);
            self.settings.standalone.insert(unit.trim_matches('/').to_owned(), stated);
        }
    }

    fn time_limit(&mut self, item: &Item) {
        match item.as_str().and_then(duration) {
            Some(limit) => self.settings.time_limit = Some(limit),
            None => self.wrong_word("time-limit", "a time such as \"90s\", \"45m\" or \"2h\"", item),
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

    /// A setting as it is to be written where this one was read.
    fn as_written(&self, key: &str, words: &[String]) -> String {
        if self.file == CREDENTIALS {
            return format!("{CREDENTIALS}='{}'", words.join(" "));
        }
        let words: Vec<_> = words.iter().map(|word| literal(word)).collect();
        format!("{key} = [{}]", words.join(", "))
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

/// How the name of a program may begin that lies in the user's home folder.
pub(super) const HOME: [&str; 3] = ["~/", "$HOME/", "${HOME}/"];

/// What is wrong with the program of `credentials` by its name alone.
fn wrong_program(program: &str) -> Option<Failure> {
    if program.trim().is_empty() {
        let failure = Failure::refused("`credentials` has no name of a program before its first option");
        return Some(failure.hint("name the program, or write `[]` for credentials that are in the environment"));
    }
    let is_expanded = HOME.iter().any(|home| program.starts_with(home));
    (program.starts_with(['~', '$']) && !is_expanded).then(|| {
        Failure::refused(format!("`credentials` has the program `{program}`, which no shell expands here"))
            .hint("write the whole path, or one that begins with `~/`")
    })
}

/// What is wrong with a command of a credential tool that can't work, and the command that can.
fn corrected(words: &[String]) -> Option<(&'static str, Vec<String>)> {
    const NO_PROFILE: &str = "`credentials` names no profile, so its program has none to give credentials of";
    const NO_DASHES: &str = "`credentials` has no `--`, so its program takes the options of what it starts for its own";
    let (program, rest) = words.split_first()?;
    let name = program.rsplit('/').next()?;
    let (option, command) = match name {
        "aws-vault" => (None, Some("exec")),
        "aws-sso" | "saml2aws" => (Some("--profile"), Some("exec")),
        "assume" => (None, None),
        _ => return None,
    };
    let end = rest.iter().position(|word| word == "--").unwrap_or(rest.len());
    let (before, dashes) = (&rest[..end], ["--".to_owned()]);
    // A word that is neither an option nor the subcommand can be a profile, or the value of an option.
    let can_be_one =
        |word: &String| !word.starts_with('-') && Some(word.as_str()) != command || word.contains(['{', '=']);
    if !rest.iter().any(can_be_one) {
        let added = command.filter(|_| before.is_empty()).into_iter().chain(option).chain(["{profile}"]);
        let added: Vec<_> = added.map(str::to_owned).collect();
        let better = if command.is_some() { [before, &added].concat() } else { [&added, before].concat() };
        return Some((NO_PROFILE, [std::slice::from_ref(program), &better[..], &dashes].concat()));
    }
    // These two are known to take options after the first word for their own.
    let takes_options = ["aws-vault", "saml2aws"].contains(&name) && end == rest.len();
    takes_options.then(|| (NO_DASHES, [words, &dashes].concat()))
}

fn article(type_name: &str) -> String {
    let an = type_name.starts_with(['a', 'i']);
    format!("{} {type_name}", if an { "an" } else { "a" })
}

/// A time as people write it: `90s`, `45m`, `2h`.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(seconds).map(Duration::from_secs)
}
