//! The AWS CLI, for the question that the guide's tools don't answer: is this image in ECR? It reads and changes nothing;
//! while AWS is busy the CLI asks again by itself, a bounded number of times.

use std::ffi::OsString;

use anyhow::Context as _;
use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;
use serde_json::Value;

use crate::model::{ImageUri, Tag};
use crate::tools::answer::Answer;
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
pub fn described_image(answer: &Answer) -> anyhow::Result<Option<Image>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        image_details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Detail {
        image_digest: String,
        image_size_in_bytes: Option<u64>,
        image_pushed_at: Option<Value>,
    }
    if answer.is_error("ImageNotFoundException") {
        return Ok(None);
    }
    let said: Said = serde_json::from_str(answer.text()?).context("the AWS CLI printed something else")?;
    Ok(said.image_details.into_iter().next().map(|detail| Image {
        digest: detail.image_digest,
        bytes: detail.image_size_in_bytes,
        pushed: detail.image_pushed_at.as_ref().map(time),
    }))
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

/// Takes a revision of a task definition away, so that the one before it is the newest again.
pub fn deregister(region: &str, family: &str, revision: u64) -> Vec<OsString> {
    let name = format!("{family}:{revision}");
    let words = ["aws", "ecs", "deregister-task-definition", "--region", region, "--task-definition", &name];
    words.into_iter().map(OsString::from).collect()
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
    use crate::tools::aws_error::{AwsError, Cause};

    #[test]
    fn an_image_is_there_missing_or_in_doubt() {
        let there = |stdout: &str| {
            let answer = Answer { code: Some(0), stdout: stdout.to_owned(), ..Answer::default() };
            described_image(&answer.of_cli())
        };
        let image = there(
            r#"{"imageDetails":[{"imageDigest":"sha256:1","imageTags":["v1"],"imageSizeInBytes":1048577,"imagePushedAt":"2026-01-02T03:04:05.678000+01:00"}]}"#,
        );
        let image = image.unwrap().unwrap();
        assert_eq!(image.describe(), "sha256:1, 2 MiB, pushed 2026-01-02T03:04:05+01:00");
        let bare = there(r#"{"imageDetails":[{"imageDigest":"sha256:1"}]}"#).unwrap();
        assert_eq!(bare.unwrap().describe(), "sha256:1");
        assert!(there("not json").is_err());
        let refused = |code: &str| {
            let stderr = format!("An error occurred ({code}) when calling the DescribeImages operation: x");
            described_image(&Answer { code: Some(254), stderr, ..Answer::default() }.of_cli())
        };
        assert_eq!(refused("ImageNotFoundException").unwrap(), None);
        let error = refused("AccessDeniedException").unwrap_err();
        assert_eq!(error.downcast_ref::<AwsError>().map(|error| error.cause), Some(Cause::Denied));
    }

    #[test]
    fn a_time_reads_the_same_from_both_versions_of_the_cli() {
        assert_eq!(time(&serde_json::json!(1_795_630_499.25)), "2026-11-25T18:14:59Z");
        assert_eq!(time(&serde_json::json!("2026-11-25T18:14:59.250000+00:00")), "2026-11-25T18:14:59+00:00");
    }
}
