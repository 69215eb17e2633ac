//! What is a person's and not the repository's: the credential tool, the names of profiles, how much runs at once. It is read
//! from the environment and from a file that git ignores, and counts more than what is committed.
//!
//! The environment comes before the file, as in the AWS CLI, cargo and Terraform: what is set for one command is meant.

use std::collections::BTreeMap;

use super::Settings;
use super::read::{Reader, parse};
use crate::model::{Failure, Place};

/// The file, from the root of the repository.
pub const LOCAL: &str = ".xtask/local.toml";

/// The variable with the command that gives credentials.
pub const CREDENTIALS: &str = "XTASK_CREDENTIALS";

/// The variable with the template of profile names.
pub const PROFILE: &str = "XTASK_PROFILE";

/// The keys that the file may have.
const KEYS: [&str; 4] = ["credentials", "jobs", "profile", "profiles"];

/// The file that a setting is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `Cargo.toml`, for everybody.
    Shared,
    /// The file that git ignores.
    Personal,
}

/// Reads the text of the file.
pub fn read_local(text: &str) -> (Settings, Vec<Failure>) {
    read_as(text, LOCAL)
}

fn read_as(text: &str, file: &str) -> (Settings, Vec<Failure>) {
    let document = match parse(text, file) {
        Ok(document) => document,
        Err(failure) => return (Settings::default(), vec![failure]),
    };
    let mut reader = Reader { text, file, settings: Settings::default(), failures: Vec::new() };
    reader.settings.file = Some(file.to_owned());
    reader.table(document.as_table());
    let foreign: Vec<_> = reader.settings.places.iter().filter(|(key, _)| is_foreign(key)).collect();
    let foreign = foreign.into_iter().map(|(key, place)| {
        Failure::refused(format!("`{key}` is not a setting of a person")).at(place.clone()).hint(format!(
            "{LOCAL} has {}; everything else belongs into [workspace.metadata.xtask] in Cargo.toml",
            KEYS.join(", ")
        ))
    });
    let foreign: Vec<_> = foreign.collect();
    let failures = if foreign.is_empty() { reader.failures } else { foreign };
    (reader.settings, failures)
}

fn is_foreign(key: &str) -> bool {
    !KEYS.contains(&key) && !key.starts_with("profiles.")
}

/// The settings that the variables hold; `None` if neither is set.
pub fn of_variables(credentials: Option<&str>, profile: Option<&str>) -> (Option<Settings>, Vec<Failure>) {
    if credentials.is_none() && profile.is_none() {
        return (None, Vec::new());
    }
    let mut places = BTreeMap::new();
    let mut failures = Vec::new();
    let mut lines = String::new();
    for (key, name, value) in [("credentials", CREDENTIALS, credentials), ("profile", PROFILE, profile)] {
        let Some(value) = value else { continue };
        if value.trim().is_empty() {
            let failure = Failure::usage(format!("`{name}` is blank")).hint("unset it, to use the settings in files");
            failures.push(match key {
                "credentials" => failure.hint(format!("for credentials that are in the environment: {name}='[]'")),
                _ => failure,
            });
            continue;
        }
        places.insert(key.to_owned(), Place::file(name));
        let is_array = key == "credentials" && value.trim_start().starts_with('[');
        let words = if key == "credentials" { shlex::split(value) } else { Some(vec![value.to_owned()]) };
        match words {
            _ if is_array => lines += &format!("{key} = {value}\n"),
            Some(words) if key == "credentials" => {
                lines += &format!("{key} = {}\n", toml_edit::Array::from_iter(words));
            }
            Some(_) => lines += &format!("{key} = {}\n", toml_edit::Value::from(value)),
            None => failures.push(
                Failure::usage(format!("`{name}` is no command line: a quote is missing"))
                    .hint(format!("for example: {name}='aws-vault exec {{profile}} --'")),
            ),
        }
    }
    let (mut settings, wrong) = read_as(&lines, CREDENTIALS);
    settings.file = Some(LOCAL.to_owned());
    failures.extend(wrong.into_iter().map(|failure| {
        // The text that it was read from is not one that anybody has written.
        let names = places.values().cloned().collect();
        Failure { at: names, ..failure }
    }));
    settings.places = places;
    (Some(settings), failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_sets_counts_more_than_what_is_committed_and_variables_most() {
        let committed =
            "[workspace.metadata.xtask]\nprofile = 'c-{account}'\nprofiles = { dev = 'committed' }\njobs = 1\n";
        let mut settings = super::super::read(committed, "Cargo.toml").0.expect("there is a table");
        let place = |settings: &Settings, account: &str| {
            let (name, place) = settings.profile_of(account).expect("one is set");
            (name.to_owned(), place.map(ToString::to_string).unwrap_or_default())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(place(&settings, "dev"), pair("committed", "Cargo.toml:3"));
        let (local, wrong) = read_local("jobs = 3\nprofile = 'l-{account}'\n[profiles]\nprod = 'mine'\n");
        assert!(wrong.is_empty());
        let (variables, wrong) = of_variables(Some("env 'AWS_PROFILE={profile}'"), None);
        assert!(wrong.is_empty());
        settings.add_personal(variables.expect("one is set"));
        settings.add_personal(local);
        assert_eq!(place(&settings, "dev"), pair("l-{account}", ".xtask/local.toml:2"));
        assert_eq!(place(&settings, "prod"), pair("mine", ".xtask/local.toml:4"));
        assert_eq!(
            (settings.jobs(), settings.credentials()),
            (Some(3), vec!["env".to_owned(), "AWS_PROFILE={profile}".to_owned()])
        );
        assert_eq!(settings.credentials_place().map(ToString::to_string).as_deref(), Some("XTASK_CREDENTIALS"));
    }

    #[test]
    fn command_of_a_tool_without_a_profile_is_refused_with_what_to_write() {
        let of_variable =
            |words: &str| of_variables(Some(words), None).1.iter().map(ToString::to_string).collect::<String>();
        for (words, better) in [
            ("aws-vault exec --", "aws-vault exec {profile} --"),
            ("/opt/aws-vault exec", "/opt/aws-vault exec {profile} --"),
            ("aws-vault", "aws-vault exec {profile} --"),
            ("aws-vault exec --no-session --", "aws-vault exec --no-session {profile} --"),
            ("saml2aws exec --", "saml2aws exec --profile {profile} --"),
            ("assume --exec --", "assume {profile} --exec --"),
            ("aws-vault exec {profile}", "aws-vault exec {profile} --"),
            ("saml2aws exec --exec-profile {profile}", "saml2aws exec --exec-profile {profile} --"),
        ] {
            let told = of_variable(words);
            let what = if words.contains('{') { "`credentials` has no `--`" } else { "`credentials` names no profile" };
            assert!(told.contains(what), "{words}: {told}");
            assert!(told.contains("--> XTASK_CREDENTIALS"), "{told}");
            assert!(told.contains(&format!("write: XTASK_CREDENTIALS='{better}'")), "{told}");
            assert_eq!(of_variable(better), "");
        }
        let (_, wrong) = read_local("jobs = 1\ncredentials = ['aws-vault', 'exec', '--']\n");
        let told = wrong[0].to_string();
        assert!(told.contains(".xtask/local.toml:2"), "{told}");
        assert!(told.contains(r#"write: credentials = ["aws-vault", "exec", "{profile}", "--"]"#), "{told}");
        // These may be right for one account.
        for words in [
            "aws-vault exec prod --",
            "aws-vault --backend file exec prod --",
            "env X=1",
            "aws-sso exec --profile {profile}",
            "./own",
            "[]",
            "saml2aws exec --exec-profile=x --",
        ] {
            assert_eq!(of_variable(words), "", "{words}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let (_, wrong) = read_local("profile = 'x'\nrequire-clean = 'always'\n");
        assert!(
            wrong[0].to_string().starts_with("`require-clean` is not a setting of a person\n  --> .xtask/local.toml:2")
        );
        let (_, wrong) = of_variables(Some("env 'x"), None);
        assert!(wrong[0].what.contains("XTASK_CREDENTIALS"));
        let (_, wrong) = of_variables(None, Some("x-{acount}"));
        assert!(wrong[0].to_string().contains("  --> XTASK_PROFILE"), "{}", wrong[0]);
        let (none, _) = of_variables(Some("[]"), None);
        assert_eq!(none.expect("it is set").credentials(), Vec::<String>::new());
    }
}
