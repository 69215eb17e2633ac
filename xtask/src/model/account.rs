//! An AWS account: its id, its name in the repository, and where the repository says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Place;

/// A twelve-digit AWS account id. It is a string: leading zeros are part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// Why a text is not an account id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an AWS account id (twelve digits)")]
pub struct AccountIdError(String);

impl AccountId {
    /// Checks that `text` is twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, AccountIdError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountIdError(text.to_owned()))
        }
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = AccountIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account as the repository names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name in the accounts file, which is the name of the account's folder. Without such a file, the name in
    /// `account.hcl`, or that of the folder that holds it.
    pub name: String,
    /// The id that every process working on this account has to prove.
    pub id: AccountId,
    /// `deploy_order` of the accounts file, if it has one.
    pub deploy_order: Option<i64>,
    /// Every place in the repository that states this id.
    pub evidence: Vec<Place>,
}

impl Account {
    /// Whether both are the same account by the same name. Several environments may share an AWS account, each with a profile
    /// of its own.
    pub fn is(&self, other: &Self) -> bool {
        (&self.id, &self.name) == (&other.id, &other.name)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_part_of_an_account_id() {
        assert_eq!(AccountId::parse("000000000004").expect("twelve digits").as_str(), "000000000004");
    }

    #[test]
    fn anything_but_twelve_digits_is_refused() {
        for text in ["", "4", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", " 23456789012"] {
            assert!(AccountId::parse(text).is_err(), "{text}");
        }
    }
}
