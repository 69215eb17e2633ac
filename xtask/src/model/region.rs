//! An AWS region.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an AWS region, such as `us-east-1`; checked for shape only, since regions are added every year.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// The name as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let letters = |part: &str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let ends_in_number = text.bytes().last().is_some_and(|byte| byte.is_ascii_digit());
        let shaped = (3..=4).contains(&text.split('-').count())
            && parts.next().is_some_and(letters)
            && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if shaped && ends_in_number {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not the name of an AWS region"))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_every_partition_are_recognised() {
        for name in ["us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "eu-isoe-west-1"] {
            assert!(name.parse::<Region>().is_ok(), "{name}");
        }
        for name in ["", "global", "_global", "us-east", "mgmt", "us_east_1", "US-EAST-1", "us-east-1/x"] {
            assert!(name.parse::<Region>().is_err(), "{name}");
        }
    }
}
