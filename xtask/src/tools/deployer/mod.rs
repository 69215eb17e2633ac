//! `infrastructure-deployer`, which asks the runner of an account to build an image, or to plan. Its command line is
//! documented in Gruntwork's guide "Updating your ECS Deploy Runner" and beside it.

pub mod sign;

use std::ffi::OsString;

use crate::model::{ImageUri, Region, Tag};

/// One image to build and push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The name of the image, by which people ask for it.
    pub image: String,
    /// Where it is pushed to.
    pub uri: ImageUri,
    /// The tag that it gets, which is also the release whose Dockerfile is used.
    pub tag: Tag,
    /// The git repository of the Dockerfile.
    pub dockerfile_repo: String,
    /// The folder in it.
    pub context_path: String,
    /// The Dockerfile, where it is not the folder's `Dockerfile`.
    pub dockerfile_path: Option<String>,
    /// `id=VARIABLE` each: what the build finds as a secret, and where the value comes from.
    pub env_secrets: Vec<String>,
    /// Arguments of the build, by name.
    pub build_args: Vec<(String, String)>,
    /// The region of the runner that builds.
    pub region: Region,
    /// Further options of the program, without dashes, each with its value.
    pub options: Vec<(String, String)>,
}

/// A unit that a runner is asked to plan, which changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRun {
    /// The region of the runner.
    pub region: Region,
    /// The name of the runner.
    pub runner: String,
    /// The git repository, where the runner doesn't have it set.
    pub repo: Option<String>,
    /// The branch, tag or commit of it.
    pub git_ref: String,
    /// `terragrunt` or `terraform`.
    pub binary: &'static str,
    /// The folder of the unit in the git repository.
    pub deploy_path: String,
}

/// What a runner is called whose invoker the program finds by itself.
const DEFAULT_RUNNER: &str = "ecs-deploy-runner";

impl PlanRun {
    /// The arguments after the program
    /// (<https://docs.gruntwork.io/ecs-deploy-runner/how-it-works>).
    pub fn arguments(&self) -> Vec<OsString> {
        let mut words = vec!["--aws-region".to_owned(), self.region.to_string()];
        if self.runner != DEFAULT_RUNNER {
            words.extend(["--invoker-function-id".to_owned(), invoker(&self.runner)]);
        }
        words.extend(["--", "terraform-planner", "infrastructure-deploy-script"].map(str::to_owned));
        let options = self.options().into_iter().map(|(name, value)| [name.to_owned(), value.to_owned()]);
        words.extend(options.flatten());
        words.into_iter().map(OsString::from).collect()
    }

    /// The options that the invoker has to let through, each with its value.
    pub fn options(&self) -> Vec<(&'static str, &str)> {
        let options = [
            ("--repo", self.repo.as_deref()),
            ("--ref", Some(self.git_ref.as_str())),
            ("--binary", Some(self.binary)),
            ("--command", Some("plan")),
            ("--deploy-path", Some(self.deploy_path.as_str())),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// The name of a runner's invoker.
pub fn invoker(runner: &str) -> String {
    format!("{runner}-invoker")
}

/// What the token for GitHub is called in the documented build, and the variable that has it.
pub const GITHUB_TOKEN: &str = "github-token=GITHUB_OAUTH_TOKEN";

impl Build {
    /// The image with its tag.
    pub fn target(&self) -> String {
        format!("{}:{}", self.uri, self.tag)
    }

    /// The arguments after the program.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut words = vec!["--aws-region".to_owned(), self.region.to_string()];
        let option = |words: &mut Vec<String>, name: &str, value: &str| {
            words.extend([format!("--{name}"), value.to_owned()]);
        };
        for (name, value) in &self.options {
            option(&mut words, name, value);
        }
        words.extend(["--", "docker-image-builder", "build-docker-image"].map(str::to_owned));
        option(&mut words, "repo", &self.dockerfile_repo);
        option(&mut words, "ref", self.tag.as_str());
        option(&mut words, "context-path", &self.context_path);
        if let Some(path) = &self.dockerfile_path {
            option(&mut words, "dockerfile-path", path);
        }
        for secret in &self.env_secrets {
            option(&mut words, "env-secret", secret);
        }
        option(&mut words, "docker-image-tag", &self.target());
        for (name, value) in &self.build_args {
            option(&mut words, "build-arg", &format!("{name}={value}"));
        }
        words.into_iter().map(OsString::from).collect()
    }
}
