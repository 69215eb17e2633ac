//! What an account is for: it decides when its turn comes.

use std::fmt;
use std::str::FromStr;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Environment {
    /// Something may go wrong here first.
    Development,
    /// Neither: logs, shared services, security.
    Other,
    /// Its turn comes last.
    Production,
}

/// How words of production begin or end.
const PRODUCTION: [&str; 4] = ["production", "prod", "prd", "live"];
const DEVELOPMENT: [&str; 9] = ["development", "dev", "sandbox", "staging", "stage", "stg", "qa", "test", "uat"];
const OTHER: [&str; 17] = [
    "logs",
    "logging",
    "log",
    "shared",
    "security",
    "audit",
    "network",
    "networking",
    "management",
    "mgmt",
    "root",
    "infra",
    "infrastructure",
    "tools",
    "tooling",
    "backup",
    "identity",
];

impl Environment {
    /// All of them, by the words for them in the settings.
    pub const WORDS: [(&str, Self); 3] =
        [("development", Self::Development), ("production", Self::Production), ("other", Self::Other)];

    /// What the name of an account says: one of its words, or how one begins or ends. `acmeprod` is production, and so is
    /// `preprod`: a doubt is decided for production, which costs nothing but a later turn. `None` if it says nothing.
    pub fn of_name(account: &str) -> Option<Self> {
        let name = account.to_ascii_lowercase();
        let says = |known: &[&str]| {
            let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
            words.any(|word| known.iter().any(|known| word.starts_with(known) || word.ends_with(known)))
        };
        match () {
            () if says(&PRODUCTION) => Some(Self::Production),
            () if says(&DEVELOPMENT) => Some(Self::Development),
            () if says(&OTHER) => Some(Self::Other),
            () => None,
        }
    }
}

impl FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, environment)| *environment).ok_or(())
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(_, environment)| environment == self).map(|(word, _)| *word);
        f.pad(word.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_an_account_is_for_and_production_wins_any_doubt() {
        for (environment, names) in [
            (
                Some(Environment::Production),
                &[
                    "prod",
                    "production",
                    "live",
                    "acmeprod",
                    "Prod-EU",
                    "prod1",
                    "acme-production",
                    "eu_live",
                    "preprod",
                    "dev-prod",
                    "acmelive",
                ][..],
            ),
            (
                Some(Environment::Development),
                &["dev", "acmedev", "Sandbox-3", "stage", "acme-staging", "qa", "qa2", "test", "uat-eu", "shared-dev"],
            ),
            (Some(Environment::Other), &["logs", "log-archive", "shared", "security", "acme-shared", "NetworkHub"]),
            (None, &["payments", "acme", "delivery", "reproduce", "alpha", "data"]),
        ] {
            for name in names {
                assert_eq!(Environment::of_name(name), environment, "{name}");
            }
        }
    }
}
