//! Images as docker names them: which of the two, in which repository, with which tag.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{AccountId, Region};

/// One of the two images that a deploy runner is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageName {
    /// Runs terraform and terragrunt: the planner, the applier and the AMI builder use it.
    DeployRunner,
    /// Builds docker images: the docker image builder uses it.
    Kaniko,
}

impl ImageName {
    /// Both images, in the order in which they are always shown.
    pub const ALL: [Self; 2] = [Self::DeployRunner, Self::Kaniko];

    /// The name on the command line, in files and in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeployRunner => "deploy-runner",
            Self::Kaniko => "kaniko",
        }
    }
}

impl FromStr for ImageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|image| image.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not an image (deploy-runner or kaniko)"))
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A docker tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
/// (<https://github.com/distribution/reference>, grammar in `reference.go`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

impl Tag {
    /// The tag as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut bytes = text.bytes();
        if text.is_empty() {
            return Err("a tag must not be empty".to_owned());
        }
        if text.len() > 128 {
            return Err(format!("a tag has at most 128 characters, this one has {}", text.len()));
        }
        if bytes.next().is_some_and(word) && bytes.all(|byte| word(byte) || matches!(byte, b'.' | b'-')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{}` is not a docker tag (letters, digits, `_`, `.` and `-`, not starting with `.` or `-`)",
                text.escape_debug()
            ))
        }
    }
}

impl TryFrom<String> for Tag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What stands between account and region in an address.
const SERVICES: [&str; 2] = ["dkr.ecr", "dkr.ecr-fips"];

/// A repository in ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`, any partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageUri {
    account: AccountId,
    region: Region,
    /// `dkr.ecr`, or `dkr.ecr-fips` for endpoints that are validated by FIPS 140.
    service: String,
    domain: String,
    repository: String,
}

impl ImageUri {
    /// The account whose registry this is.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The region of the registry.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The host of the registry.
    pub fn registry(&self) -> String {
        let Self { account, region, domain, .. } = self;
        format!("{account}.{}.{region}.{domain}", self.service)
    }

    /// Another repository in the same registry.
    pub fn beside(&self, repository: &str) -> Result<Self, String> {
        format!("{}/{repository}", self.registry()).parse()
    }

    /// The name of the ECR repository, which may contain slashes.
    pub fn repository(&self) -> &str {
        &self.repository
    }
}

impl FromStr for ImageUri {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_ecr = || format!("`{text}` is not the address of an ECR repository");
        let (host, repository) = text.split_once('/').ok_or_else(not_ecr)?;
        let split = |service: &'static str| Some((service, host.split_once(&format!(".{service}."))?));
        let (service, (account, rest)) = SERVICES.into_iter().find_map(split).ok_or_else(not_ecr)?;
        let (region, domain) = rest.split_once('.').ok_or_else(not_ecr)?;
        // Each partition has its own domain; those without one of their own share AWS's.
        let expected = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
        if repository.is_empty() || !repository.bytes().all(name) {
            return Err(not_ecr());
        }
        if domain != expected {
            return Err(format!("{}: the registries of `{region}` end with `{expected}`", not_ecr()));
        }
        Ok(Self {
            account: AccountId::parse(account).map_err(|_| not_ecr())?,
            region: region.parse().map_err(|_| not_ecr())?,
            service: service.to_owned(),
            domain: domain.to_owned(),
            repository: repository.to_owned(),
        })
    }
}

impl TryFrom<String> for ImageUri {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageUri> for String {
    fn from(uri: ImageUri) -> Self {
        uri.to_string()
    }
}

impl fmt::Display for ImageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry(), self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_dockers_grammar() {
        for good in ["v1.3.0", "v0.38.10.1", "_x", "deploy-runner-v1", "A", &"a".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".v1", "-v1", "v1 ", "v1/2", "v1:2", "vé", "$(id)", &"a".repeat(129)] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_image_uri_tells_account_region_and_repository() {
        for text in [
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner",
            "000000000002.dkr.ecr.cn-north-1.amazonaws.com.cn/team/kaniko",
            "000000000002.dkr.ecr.us-gov-west-1.amazonaws.com/kaniko",
            "000000000002.dkr.ecr-fips.us-gov-west-1.amazonaws.com/kaniko",
        ] {
            let uri: ImageUri = text.parse().expect(text);
            assert_eq!(uri.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_in_ecr_is_refused() {
        for text in [
            "ecs-deploy-runner",
            "docker.io/library/kaniko",
            "1.dkr.ecr.us-east-1.amazonaws.com/x",
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/",
            "100000000002.dkr.ecr.us-east-1.evil.example/x",
            "100000000002.dkr.ecr.us-east-1.amazonaws.com.cn/x",
            "100000000002.dkr.ecr.cn-north-1.amazonaws.com/x",
            "100000000002.dkr.ecr.us-east-1.amazonaws.com/x:v1",
        ] {
            assert!(text.parse::<ImageUri>().is_err(), "{text}");
        }
    }
}
