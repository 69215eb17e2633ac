//! The AWS CLI, for the questions that the guide's tools don't answer: is this image in ECR?

use std::ffi::OsString;

use serde::Deserialize;

use crate::model::{ImageUri, Tag};

/// An image that is in ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…`.
    pub digest: String,
}

impl Image {
    /// As much of the digest as people compare.
    pub fn short(&self) -> &str {
        self.digest.get(..19).unwrap_or(&self.digest)
    }
}

/// The arguments that ask for one image by its tag
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
pub fn described_image(succeeded: bool, stdout: &str, stderr: &str) -> anyhow::Result<Option<Image>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        image_details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Detail {
        image_digest: String,
    }
    if succeeded {
        let answer: Answer = serde_json::from_str(stdout)?;
        return Ok(answer.image_details.into_iter().next().map(|detail| Image { digest: detail.image_digest }));
    }
    if stderr.contains("ImageNotFoundException") {
        return Ok(None);
    }
    anyhow::bail!("{}", stderr.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_there_missing_or_in_doubt() {
        let there = described_image(true, r#"{"imageDetails":[{"imageDigest":"sha256:1","imageTags":["v1"]}]}"#, "");
        assert_eq!(there.unwrap(), Some(Image { digest: "sha256:1".to_owned() }));
        let missing = "An error occurred (ImageNotFoundException) when calling the DescribeImages operation";
        assert_eq!(described_image(false, "", missing).unwrap(), None);
        let denied = "An error occurred (AccessDeniedException) when calling the DescribeImages operation";
        assert!(described_image(false, "", denied).is_err());
        assert!(described_image(false, "", "An error occurred (RepositoryNotFoundException)").is_err());
        assert!(described_image(true, "not json", "").is_err());
    }
}
