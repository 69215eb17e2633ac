//! The AWS config file as aws-vault reads it, to find the profiles that lead into an account.
//!
//! aws-vault differs from the AWS CLI: a profile without `include_profile` inherits every key of `[default]`.

use std::collections::BTreeMap;

use crate::model::{AccountId, Place, ProfileCandidate};

/// A config file.
#[derive(Debug, Default)]
pub struct AwsConfig {
    file: String,
    profiles: BTreeMap<String, Section>,
}

#[derive(Debug, Default)]
struct Section {
    line: usize,
    keys: BTreeMap<String, String>,
}

impl AwsConfig {
    /// Reads the text of a config file; `file` is how people should read its path. Lines that make no sense are skipped.
    pub fn parse(text: &str, file: &str) -> Self {
        let mut config = Self { file: file.to_owned(), profiles: BTreeMap::new() };
        let mut section: Option<String> = None;
        let mut nested = false;
        for (at, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                section = profile_name(name.0);
                nested = false;
                if let Some(name) = &section {
                    config
                        .profiles
                        .entry(name.clone())
                        .or_insert_with(|| Section { line: at + 1, ..Section::default() });
                }
                continue;
            }
            // Indented lines below a key without a value belong to that key, such as those of `s3 =`.
            if nested && line.starts_with([' ', '\t']) {
                continue;
            }
            let Some((key, value)) = trimmed.split_once(['=', ':']) else { continue };
            let value = plain_value(value);
            nested = value.is_empty();
            if let Some(section) = section.as_ref().and_then(|name| config.profiles.get_mut(name)) {
                section.keys.insert(key.trim().to_ascii_lowercase(), value.to_owned());
            }
        }
        // `[profile default]` makes the profile be listed, but its keys are not read.
        config
    }

    /// The names of all profiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The profiles that lead into an account, sorted by name.
    pub fn candidates(&self, account: &AccountId) -> Vec<ProfileCandidate> {
        let candidate = |(name, section): (&String, &Section)| {
            let (found, why) = self.account_of(name)?;
            let place = Place::line(&self.file, section.line);
            (found == *account).then(|| ProfileCandidate { name: name.clone(), place, why })
        };
        self.profiles.iter().filter_map(candidate).collect()
    }

    /// Whether a profile stands for stored keys of a user, with neither a role nor SSO nor an MFA device: aws-vault makes a
    /// session of them that IAM refuses. A profile that isn't in the file says nothing.
    pub fn is_session_without_mfa(&self, name: &str) -> bool {
        let elsewhere = [
            "role_arn",
            "sso_account_id",
            "sso_start_url",
            "credential_process",
            "mfa_serial",
            "web_identity_token_file",
        ];
        self.profiles.contains_key(name) && elsewhere.iter().all(|key| self.value(name, key).is_none())
    }

    /// The account that the profile ends up in, as far as the file says, and which key says so.
    fn account_of(&self, name: &str) -> Option<(AccountId, String)> {
        let role = self.value(name, "role_arn");
        let role_account = || {
            let (arn, from) = role.as_ref()?;
            // arn:PARTITION:iam::ACCOUNT:role/NAME
            let id = AccountId::parse(arn.split(':').nth(4)?).ok()?;
            Some((id, said("role_arn", from, name)))
        };
        let (sso, source) = (self.value(name, "sso_account_id"), self.value(name, "source_profile"));
        let has_source = source.is_some_and(|(source, _)| source != name);
        match sso {
            Some((id, from)) if role.is_none() || !has_source => {
                Some((AccountId::parse(&id).ok()?, said("sso_account_id", &from, name)))
            }
            _ => role_account(),
        }
    }

    /// The effective value of a key and the profile that it was found in.
    fn value(&self, name: &str, key: &str) -> Option<(String, String)> {
        let mut name = name;
        let mut seen = Vec::new();
        loop {
            let section = self.profiles.get(name)?;
            if let Some(value) = section.keys.get(key).filter(|value| !value.is_empty()) {
                return Some((value.clone(), name.to_owned()));
            }
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            name = match section.keys.get("include_profile") {
                Some(included) => included,
                // Only a profile that includes no other inherits from `[default]`.
                None if seen.len() == 1 => "default",
                None => return None,
            };
        }
    }
}

fn said(key: &str, from: &str, name: &str) -> String {
    if from == name { format!("`{key}`") } else { format!("`{key}` of profile `{from}`") }
}

/// The name of the profile that a section is about: the names are literal.
fn profile_name(section: &str) -> Option<String> {
    let section = section.trim();
    match section.strip_prefix("profile") {
        Some(rest) if rest.starts_with([' ', '\t']) => Some(rest.trim().to_owned()).filter(|name| name != "default"),
        _ => (section == "default").then(|| section.to_owned()),
    }
}

/// The value without its comment and quotes. A comment starts after white space, since `#` may be part of a URL.
fn plain_value(value: &str) -> &str {
    let comment = value.char_indices().zip(std::iter::once(' ').chain(value.chars()));
    let start = comment.into_iter().find(|((_, letter), before)| matches!(letter, '#' | ';') && before.is_whitespace());
    let value = start.map_or(value, |((at, _), _)| &value[..at]).trim();
    let quoted =
        value.len() >= 2 && value.starts_with(['"', '\'', '`']) && value.as_bytes().first() == value.as_bytes().last();
    if quoted { &value[1..value.len() - 1] } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, account: &str) -> Vec<(String, usize, String)> {
        let id = AccountId::parse(account).expect("twelve digits");
        let candidates = AwsConfig::parse(text, "~/.aws/config").candidates(&id);
        candidates.into_iter().map(|it| (it.name, it.place.line.expect("a line"), it.why)).collect()
    }

    fn one(name: &str, line: usize, why: &str) -> Vec<(String, usize, String)> {
        vec![(name.to_owned(), line, why.to_owned())]
    }

    const DEV: &str = "100000000004";

    #[test]
    fn a_role_or_an_sso_account_tells_the_account() {
        let role = "[profile a]\nsource_profile = base\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile base]\n";
        assert_eq!(found(role, DEV), one("a", 1, "`role_arn`"));
        let china = "\n[ profile  a ]\nROLE_ARN=arn:aws-cn:iam::100000000004:role/x # the role";
        assert_eq!(found(china, DEV), one("a", 2, "`role_arn`"));
        let sso =
            "[profile a]\nsso_session = s\nsso_account_id = 100000000004 ; dev\n[sso-session s]\nsso_account_id = 1";
        assert_eq!(found(sso, DEV), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn a_role_reached_through_another_profile_counts_more_than_an_inherited_sso_account() {
        let text = "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::100000000004:role/x\nsso_account_id = 100000000005\n";
        assert_eq!(found(text, DEV), one("a", 1, "`role_arn`"));
        assert!(found(text, "100000000005").is_empty());
        let itself = text.replace("source_profile = b", "source_profile = a");
        assert_eq!(found(&itself, "100000000005"), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn every_key_of_default_is_inherited_unless_another_profile_is_included() {
        let text = "[default]\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile a]\nregion = r\n[profile b]\ninclude_profile = c\n[profile c]\n";
        let names: Vec<_> = found(text, DEV).into_iter().map(|it| (it.0, it.2)).collect();
        let of_default = "`role_arn` of profile `default`";
        let wanted = [("a", of_default), ("c", of_default), ("default", "`role_arn`")];
        assert_eq!(names, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn included_profiles_are_followed_and_loops_are_not() {
        let text = "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile=c\n[profile c]\nsso_account_id = 100000000004\n";
        assert_eq!(found(text, DEV).len(), 3);
        assert!(found("[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n", DEV).is_empty());
    }

    #[test]
    fn nested_values_comments_and_strange_sections_are_no_profiles() {
        let text = "# [profile z]\n[profile a]\ns3 =\n  role_arn = arn:aws:iam::100000000004:role/x\n  [profile b]\nrole_arn = \
                    \"arn:aws:iam::100000000004:role/y\"\n[a]\nrole_arn = arn:aws:iam::100000000004:role/z\n[profile default]\n";
        assert_eq!(found(text, DEV), one("b", 5, "`role_arn`"));
        let url = "[profile a]\nsso_start_url = https://x/start#/\nsso_account_id = 100000000004";
        assert_eq!(found(url, DEV), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn stored_keys_without_mfa_are_told_from_roles_sso_and_mfa() {
        let text = "[profile keys]\nregion = x\n[profile role]\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile mfa]\nmfa_serial = arn:aws:iam::1:mfa/me\n";
        let config = AwsConfig::parse(text, "config");
        let weak: Vec<_> = ["keys", "role", "mfa", "nobody"].map(|name| config.is_session_without_mfa(name)).into();
        assert_eq!(weak, [true, false, false, false]);
        assert!(!AwsConfig::parse(&format!("[default]\nmfa_serial = m\n{text}"), "c").is_session_without_mfa("keys"));
    }
}
