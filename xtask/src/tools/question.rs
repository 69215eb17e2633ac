//! Questions to AWS: each reads something and changes nothing. Several of one account are asked inside one guard, so that they
//! share a session.

use std::str::FromStr;

use anyhow::Context as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ImageUri, Region, Tag};
use crate::tools::aws_error::AwsError;
use crate::tools::deployer::sign::TaskArn;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The newest active task definition of a family, or the one of a revision (`FAMILY:REVISION`).
    TaskDefinition {
        /// Where.
        region: Region,
        /// Which.
        family: String,
    },
    /// An ECS cluster.
    Cluster {
        /// Where.
        region: Region,
        /// Which.
        name: String,
    },
    /// The configuration of a lambda function.
    Function {
        /// Where.
        region: Region,
        /// Which.
        name: String,
    },
    /// An image in ECR.
    Image {
        /// Where.
        uri: ImageUri,
        /// With which tag.
        tag: Tag,
    },
    /// The policy of an ECR repository.
    RepositoryPolicy {
        /// Which.
        uri: ImageUri,
    },
    /// The policy of all of an account's ECR in a region.
    RegistryPolicy {
        /// Where.
        region: Region,
    },
    /// A task that runs or ran.
    Task {
        /// Where.
        region: Region,
        /// Its cluster; empty in the short form of the ARN.
        cluster: String,
        /// Its ARN.
        arn: String,
    },
}

impl Question {
    /// The question for a task, and its region; `None` if that is no ARN of one.
    pub fn task(arn: &str) -> Option<(Region, Self)> {
        let task = TaskArn::parse(arn)?;
        let region: Region = task.region.parse().ok()?;
        Some((region.clone(), Self::Task { region, cluster: task.cluster.to_owned(), arn: arn.to_owned() }))
    }

    /// Whether AWS means by this error that there is no such thing.
    pub(super) fn is_absence(&self, error: &AwsError) -> bool {
        match self {
            // ECS has no error of its own for a family that isn't there.
            Self::TaskDefinition { .. } => {
                error.is("ClientException")
                    && error.message.to_lowercase().contains("unable to describe task definition")
            }
            Self::Cluster { .. } => false,
            Self::Function { .. } => error.is("ResourceNotFoundException"),
            Self::Image { .. } => error.is("ImageNotFoundException"),
            Self::RepositoryPolicy { .. } => error.is("RepositoryPolicyNotFoundException"),
            Self::RegistryPolicy { .. } => error.is("RegistryPolicyNotFoundException"),
            Self::Task { .. } => error.is("ClusterNotFoundException"),
        }
    }

    /// The question as one word, for a command line.
    pub fn word(&self) -> String {
        serde_json::to_string(self).expect("it is names and nothing else")
    }
}

impl FromStr for Question {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(word).map_err(|_| "not a question to AWS".to_owned())
    }
}

/// What AWS answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Its document.
    Found(Value),
    /// AWS says that there is no such thing.
    Absent,
    /// Why there is no answer.
    Failed(AwsError),
}

impl Answer {
    /// What is read of the document; `None` if AWS says that there is no such thing.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<Option<T>> {
        match self {
            Self::Found(document) => Ok(Some(T::deserialize(document).context("the answer is not one of AWS")?)),
            Self::Absent => Ok(None),
            Self::Failed(error) => Err(error.clone().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_survives_being_one_word() {
        let region: Region = "us-east-1".parse().unwrap();
        let question = Question::TaskDefinition { region, family: "it's a 'family'".to_owned() };
        assert_eq!(question.word().parse::<Question>().unwrap(), question);
    }

    #[test]
    fn absence_is_told_from_every_other_error() {
        let region = || -> Region { "us-east-1".parse().unwrap() };
        let uri: ImageUri = "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko".parse().unwrap();
        let family = Question::TaskDefinition { region: region(), family: "x".to_owned() };
        let image = Question::Image { uri: uri.clone(), tag: "v1".parse().unwrap() };
        for (question, code, message, is_absence) in [
            (&family, "ClientException", "Unable to describe task definition.", true),
            (&family, "ClientException", "Family contains invalid characters.", false),
            (&family, "ResourceNotFoundException", "", false),
            (&image, "ImageNotFoundException", "", true),
            (&image, "RepositoryNotFoundException", "", false),
            (&Question::RepositoryPolicy { uri }, "RepositoryNotFoundException", "", false),
            (&Question::RegistryPolicy { region: region() }, "RegistryPolicyNotFoundException", "", true),
            (&Question::Cluster { region: region(), name: "x".to_owned() }, "ClusterNotFoundException", "", false),
            (&Question::Function { region: region(), name: "x".to_owned() }, "ResourceNotFoundException", "", true),
            (&image, "AccessDeniedException", "", false),
        ] {
            let error = AwsError::answered(code, message);
            assert_eq!(question.is_absence(&error), is_absence, "{question:?} {code} {message}");
        }
    }
}
