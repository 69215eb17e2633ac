//! `infrastructure-deployer`, which asks the runner of an account to build an image. Its command line is documented in
//! Gruntwork's guide "Updating your ECS Deploy Runner".

use std::ffi::OsString;

use crate::model::{ImageName, ImageUri, Region, Tag};

/// One image to build and push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Which image.
    pub image: ImageName,
    /// Where it is pushed to.
    pub uri: ImageUri,
    /// The tag that it gets, which is also the release whose Dockerfile is used.
    pub tag: Tag,
    /// The git repository of the Dockerfile.
    pub dockerfile_repo: String,
    /// The region of the runner that builds.
    pub region: Region,
}

impl Build {
    /// The arguments after the program.
    pub fn arguments(&self) -> Vec<OsString> {
        let Self { image, uri, tag, dockerfile_repo, region } = self;
        [
            "--aws-region",
            region.as_str(),
            "--",
            "docker-image-builder",
            "build-docker-image",
            "--repo",
            dockerfile_repo,
            "--ref",
            tag.as_str(),
            "--context-path",
            &format!("modules/ecs-deploy-runner/docker/{image}"),
            "--env-secret",
            "github-token=GITHUB_OAUTH_TOKEN",
            "--docker-image-tag",
            &format!("{uri}:{tag}"),
            "--build-arg",
            &format!("module_ci_tag={tag}"),
        ]
        .map(OsString::from)
        .to_vec()
    }
}
