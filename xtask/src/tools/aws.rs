//! The AWS CLI, for the question that the guide's tools don't answer: is this image in ECR? It reads and changes nothing;
//! while AWS is busy the CLI asks again by itself, a bounded number of times.

use std::ffi::OsString;
use std::fmt;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;
use serde_json::Value;

use crate::model::{ImageUri, Tag};
use crate::tools::deployer::sign::TaskArn;

/// How often the CLI asks in all before it gives up; it waits longer each time, at most 20 seconds
/// (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-retries.html>).
pub const ATTEMPTS: &str = "6";

/// An image that is in ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
    /// How many bytes it takes in ECR, if ECR says so.
    pub bytes: Option<u64>,
    /// When it was pushed, as the CLI writes it, without fractions of seconds.
    pub pushed: Option<String>,
}

impl Image {
    /// As much of the digest as people compare.
    pub fn short(&self) -> &str {
        self.digest.get(..19).unwrap_or(&self.digest)
    }

    /// Digest, size and age in a line.
    pub fn describe(&self) -> String {
        let size = self.bytes.map(|bytes| format!(", {} MiB", bytes.div_ceil(1024 * 1024)));
        let pushed = self.pushed.as_ref().map(|pushed| format!(", pushed {pushed}"));
        format!("{}{}{}", self.short(), size.unwrap_or_default(), pushed.unwrap_or_default())
    }
}

/// Why the AWS CLI could not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// There is no such repository in ECR.
    NoRepository,
    /// The credentials may not ask this.
    Denied(String),
    /// AWS was busy, also at the last try.
    Busy,
    /// AWS could not be reached.
    Unreachable(String),
    /// Anything else, in the CLI's words.
    Other(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRepository => "there is no such repository",
            Self::Busy => "AWS is busy, also at the last try",
            Self::Denied(said) | Self::Unreachable(said) | Self::Other(said) => said,
        })
    }
}

impl std::error::Error for NoAnswer {}

impl NoAnswer {
    /// Told from what the CLI wrote on stderr.
    pub fn of(stderr: &str) -> Self {
        let said = stderr.trim().to_owned();
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if has(&["RepositoryNotFoundException"]) {
            Self::NoRepository
        } else if has(&["AccessDenied", "UnauthorizedOperation", "not authorized to perform"]) {
            Self::Denied(said)
        } else if has(&["Throttling", "TooManyRequests", "Rate exceeded", "RequestLimitExceeded"]) {
            Self::Busy
        } else if has(&[
            "Could not connect to the endpoint",
            "Connect timeout",
            "Read timeout",
            "Connection was closed",
        ]) {
            Self::Unreachable(said)
        } else {
            Self::Other(said)
        }
    }
}

/// The arguments that ask for one image by its tag; one that is asked for by name is never on a second page
/// (<https://docs.aws.amazon.com/cli/latest/reference/ecr/describe-images.html>).
pub fn describe_image(uri: &ImageUri, tag: &Tag) -> Vec<OsString> {
    [
        "--region",
        uri.region().as_str(),
        "--output",
        "json",
        "ecr",
        "describe-images",
        "--registry-id",
        uri.account().as_str(),
        "--repository-name",
        uri.repository(),
        "--image-ids",
        &format!("imageTag={tag}"),
    ]
    .map(OsString::from)
    .to_vec()
}

/// Reads the answer: the image, `None` if ECR says that there is no image with this tag, an error otherwise.
pub fn described_image(succeeded: bool, stdout: &str, stderr: &str) -> Result<Option<Image>, NoAnswer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        image_details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Detail {
        image_digest: String,
        image_size_in_bytes: Option<u64>,
        image_pushed_at: Option<Value>,
    }
    if succeeded {
        let answer: Answer = read(stdout)?;
        return Ok(answer.image_details.into_iter().next().map(|detail| Image {
            digest: detail.image_digest,
            bytes: detail.image_size_in_bytes,
            pushed: detail.image_pushed_at.as_ref().map(time),
        }));
    }
    if stderr.contains("ImageNotFoundException") { Ok(None) } else { Err(NoAnswer::of(stderr)) }
}

/// The command that deletes an image, for people to type: we never do.
pub fn delete_image(uri: &ImageUri, tag: &Tag) -> Vec<OsString> {
    let mut words = vec!["aws".into()];
    words.extend(describe_image(uri, tag));
    let renamed = |word: OsString| if word == "describe-images" { "batch-delete-image".into() } else { word };
    words.into_iter().map(renamed).collect()
}

/// The command that stops a task, for people to type.
pub fn stop_task(arn: &str, task: &TaskArn<'_>) -> Vec<OsString> {
    let words = ["aws", "ecs", "stop-task", "--region", task.region, "--task", arn];
    let cluster = (!task.cluster.is_empty()).then_some(["--cluster", task.cluster]);
    words.into_iter().chain(cluster.into_iter().flatten()).map(OsString::from).collect()
}

fn read<'a, T: Deserialize<'a>>(stdout: &'a str) -> Result<T, NoAnswer> {
    serde_json::from_str(stdout)
        .map_err(|error| NoAnswer::Other(format!("the AWS CLI printed something else: {error}")))
}

/// A time as the CLI writes it: ISO 8601 since version 2, seconds since 1970 before.
fn time(value: &Value) -> String {
    let Some(text) = value.as_str() else {
        let seconds = value.as_f64().map(|seconds| DateTime::from_secs(seconds as i64));
        return seconds.and_then(|time| time.fmt(Format::DateTime).ok()).unwrap_or_else(|| value.to_string());
    };
    match text.split_once('.') {
        Some((seconds, rest)) => {
            format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit()))
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_there_missing_or_in_doubt() {
        let there = described_image(
            true,
            r#"{"imageDetails":[{"imageDigest":"sha256:1","imageTags":["v1"],"imageSizeInBytes":1048577,"imagePushedAt":"2026-01-02T03:04:05.678000+01:00"}]}"#,
            "",
        );
        let image = there.unwrap().unwrap();
        assert_eq!(image.describe(), "sha256:1, 2 MiB, pushed 2026-01-02T03:04:05+01:00");
        let bare = described_image(true, r#"{"imageDetails":[{"imageDigest":"sha256:1"}]}"#, "").unwrap();
        assert_eq!(bare.unwrap().describe(), "sha256:1");
        let missing = "An error occurred (ImageNotFoundException) when calling the DescribeImages operation";
        assert_eq!(described_image(false, "", missing).unwrap(), None);
        assert!(matches!(described_image(true, "not json", ""), Err(NoAnswer::Other(_))));
    }

    #[test]
    fn every_reason_not_to_know_has_its_own_words() {
        let said = |text: &str| described_image(false, "", text).unwrap_err();
        let error =
            |code: &str| said(&format!("An error occurred ({code}) when calling the DescribeImages operation: x"));
        assert_eq!(error("RepositoryNotFoundException"), NoAnswer::NoRepository);
        assert!(matches!(error("AccessDeniedException"), NoAnswer::Denied(_)));
        assert_eq!(error("ThrottlingException"), NoAnswer::Busy);
        let unreachable = "Could not connect to the endpoint URL: \"https://api.ecr.us-east-9.amazonaws.com/\"";
        assert!(matches!(said(unreachable), NoAnswer::Unreachable(_)));
        assert!(matches!(error("ServerException"), NoAnswer::Other(_)));
    }

    #[test]
    fn a_time_reads_the_same_from_both_versions_of_the_cli() {
        assert_eq!(time(&serde_json::json!(1_795_630_499.25)), "2026-11-25T18:14:59Z");
        assert_eq!(time(&serde_json::json!("2026-11-25T18:14:59.250000+00:00")), "2026-11-25T18:14:59+00:00");
    }
}
