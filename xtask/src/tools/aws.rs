//! What ECR says of an image, and the commands of the AWS CLI that people are told to type.

use std::ffi::OsString;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;

use crate::model::{ImageUri, Tag};
use crate::tools::deployer::sign::TaskArn;
use crate::tools::question::Answer;

/// An image that is in ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
    /// How many bytes it takes in ECR, if ECR says so.
    pub bytes: Option<u64>,
    /// When it was pushed, as RFC 3339.
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

/// Reads an image; `None` if ECR says that there is none with this tag.
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
        image_pushed_at: Option<f64>,
    }
    let detail = answer.read::<Said>()?.and_then(|said| said.image_details.into_iter().next());
    Ok(detail.map(|detail| Image {
        digest: detail.image_digest,
        bytes: detail.image_size_in_bytes,
        pushed: detail.image_pushed_at.and_then(time),
    }))
}

/// The command that deletes an image, for people to type: we never do.
pub fn delete_image(uri: &ImageUri, tag: &Tag) -> Vec<OsString> {
    let (region, account, image) = (uri.region().as_str(), uri.account().as_str(), format!("imageTag={tag}"));
    let words = ["aws", "ecr", "batch-delete-image", "--region", region, "--registry-id", account];
    let rest = ["--repository-name", uri.repository(), "--image-ids", &image];
    words.into_iter().chain(rest).map(OsString::from).collect()
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

/// A time that came as seconds since 1970, without their fractions.
fn time(seconds: f64) -> Option<String> {
    DateTime::from_secs(seconds as i64).fmt(Format::DateTime).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::aws_error::{AwsError, Cause};

    #[test]
    fn an_image_is_there_missing_or_in_doubt() {
        let found = |document| described_image(&Answer::Found(document));
        let image = found(json!({ "imageDetails": [{
            "imageDigest": "sha256:1",
            "imageTags": ["v1"],
            "imageSizeInBytes": 1_048_577,
            "imagePushedAt": 1_795_630_499.25,
        }] }));
        assert_eq!(image.unwrap().unwrap().describe(), "sha256:1, 2 MiB, pushed 2026-11-25T18:14:59Z");
        let bare = found(json!({ "imageDetails": [{ "imageDigest": "sha256:1", "imagePushedAt": 1_795_630_499 }] }));
        assert_eq!(bare.unwrap().unwrap().describe(), "sha256:1, pushed 2026-11-25T18:14:59Z");
        assert!(found(json!({})).is_err());
        assert_eq!(described_image(&Answer::Absent).unwrap(), None);
        let refused = AwsError::answered("AccessDeniedException", "x");
        let error = described_image(&Answer::Failed(refused)).unwrap_err();
        assert_eq!(error.downcast_ref::<AwsError>().map(|error| error.cause), Some(Cause::Denied));
    }

    #[test]
    fn image_is_deleted_where_it_lies() {
        let uri = "100000000002.dkr.ecr.us-east-1.amazonaws.com/kaniko".parse().unwrap();
        let words = delete_image(&uri, &"v1".parse().unwrap());
        assert_eq!(
            words.join(std::ffi::OsStr::new(" ")),
            "aws ecr batch-delete-image --region us-east-1 --registry-id 100000000002 --repository-name kaniko --image-ids imageTag=v1"
        );
    }
}
