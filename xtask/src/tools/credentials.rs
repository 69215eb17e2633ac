//! The credential wrapper: an argv template from the settings, never a shell.

use std::ffi::OsString;

use crate::model::{Account, Failure, Region};
use crate::tools::process::quoted;

/// The template, such as `["aws-vault", "exec", "{profile}", "--"]`. Empty where the environment already has credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapper(Vec<String>);

/// The names that may stand in braces.
const PLACEHOLDERS: [&str; 4] = ["profile", "account", "account_id", "region"];

impl Wrapper {
    /// Checks the placeholders of a template.
    pub fn new(template: Vec<String>) -> Result<Self, Failure> {
        for word in &template {
            for name in placeholders(word) {
                if !PLACEHOLDERS.contains(&name) {
                    return Err(Failure::refused(format!("`credentials` has `{{{name}}}`, which means nothing here"))
                        .in_file("Cargo.toml")
                        .hint("use {profile}, {account}, {account_id} or {region}"));
                }
            }
        }
        Ok(Self(template))
    }

    /// The program, unless credentials are in the environment.
    pub fn program(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// Whether no wrapper is used, because the environment already has credentials.
    pub fn is_ambient(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a profile has to be known.
    pub fn needs_profile(&self) -> bool {
        self.0.iter().any(|word| placeholders(word).any(|name| name == "profile"))
    }

    /// Whether accounts get different commands.
    pub fn tells_accounts_apart(&self) -> bool {
        self.0.iter().any(|word| placeholders(word).any(|name| name != "region"))
    }

    /// Whether this is aws-vault with the key store that asks for its passphrase at every call.
    pub fn asks_for_passphrase_every_time(&self, backend: Option<&str>) -> bool {
        let is_aws_vault = self
            .program()
            .is_some_and(|program| std::path::Path::new(program).file_name().is_some_and(|name| name == "aws-vault"));
        let mut words = self.0.iter().map(String::as_str);
        let flag = words
            .clone()
            .find_map(|word| word.strip_prefix("--backend="))
            .or_else(|| words.find(|word| *word == "--backend").and_then(|_| words.next()));
        is_aws_vault && flag.or(backend) == Some("file")
    }

    /// The words before our guard, for one account. No word is ever split or joined, and none keeps a placeholder: where a
    /// profile is needed and none was chosen, there is no command, and this is why.
    pub fn argv(&self, account: &Account, profile: Option<&str>, region: &Region) -> Result<Vec<OsString>, String> {
        if profile.is_none() && self.needs_profile() {
            let name = &account.name;
            return Err(format!(
                "no profile was chosen for account `{name}`, so nothing was started there; name one: --profile {}=PROFILE",
                quoted(name)
            ));
        }
        let fill = |word: &String| {
            let filled = word
                .replace("{account}", &account.name)
                .replace("{account_id}", account.id.as_str())
                .replace("{region}", region.as_str());
            profile.map_or(filled.clone(), |profile| filled.replace("{profile}", profile))
        };
        Ok(self.0.iter().map(|word| OsString::from(fill(word))).collect())
    }
}

fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    word.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;

    fn wrapper(words: &[&str]) -> Wrapper {
        Wrapper::new(words.iter().map(|word| (*word).to_owned()).collect()).unwrap()
    }

    fn dev() -> Account {
        Account {
            name: "dev".into(),
            id: AccountId::parse("100000000004").unwrap(),
            deploy_order: None,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn words_with_spaces_and_quotes_stay_one_word() {
        let words = wrapper(&["w", "--name=it's {account}", "{account_id} {region}", "{profile}"]);
        let argv = words.argv(&dev(), Some("a 'b\" c"), &"us-east-1".parse().unwrap());
        assert_eq!(argv.unwrap(), ["w", "--name=it's dev", "100000000004 us-east-1", "a 'b\" c"]);
    }

    #[test]
    fn without_a_profile_there_is_no_command_where_one_is_needed() {
        let region = "us-east-1".parse().unwrap();
        let why = wrapper(&["w", "--as={profile}"]).argv(&dev(), None, &region).unwrap_err();
        assert!(why.starts_with("no profile was chosen for account `dev`") && why.ends_with("--profile dev=PROFILE"));
        assert_eq!(wrapper(&["w", "{account}"]).argv(&dev(), None, &region).unwrap(), ["w", "dev"]);
        assert_eq!(wrapper(&[]).argv(&dev(), None, &region).unwrap(), [""; 0]);
    }

    #[test]
    fn an_unknown_placeholder_is_refused() {
        assert!(Wrapper::new(vec!["w".into(), "{role}".into()]).is_err());
    }

    #[test]
    fn the_passphrase_question_is_foreseen() {
        let plain = wrapper(&["aws-vault", "exec", "{profile}", "--"]);
        assert!(plain.asks_for_passphrase_every_time(Some("file")));
        assert!(!plain.asks_for_passphrase_every_time(Some("keychain")));
        assert!(!plain.asks_for_passphrase_every_time(None));
        assert!(wrapper(&["/opt/aws-vault", "--backend=file", "exec"]).asks_for_passphrase_every_time(None));
        assert!(wrapper(&["aws-vault", "--backend", "file", "exec"]).asks_for_passphrase_every_time(None));
        assert!(!wrapper(&["aws-sso", "--backend=file"]).asks_for_passphrase_every_time(None));
    }
}
