//! Docker, where an image has to be built on this machine: with buildx, for the platform of the runner, and with secrets
//! that no layer and no command line ever has.

pub mod login;

use std::ffi::OsString;

use crate::tools::deployer::Build;

/// The platform that the runner's tasks have.
const PLATFORM: &str = "linux/amd64";
/// The variable with the token for GitHub.
pub const TOKEN: &str = "GITHUB_OAUTH_TOKEN";

/// Further variables that docker needs to find its engine and its builder.
pub const VARIABLES: [&str; 7] = [
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "BUILDX_BUILDER",
    "BUILDX_CONFIG",
];

/// The arguments that build and push an image, right from the git repository
/// (<https://docs.docker.com/build/concepts/context/#git-repositories>).
pub fn build(build: &Build) -> Vec<OsString> {
    let mut words: Vec<String> =
        ["buildx", "build", "--progress", "plain", "--platform", PLATFORM].map(str::to_owned).to_vec();
    for (id, variable) in secrets(build) {
        words.extend(["--secret".to_owned(), format!("id={id},env={variable}")]);
    }
    if build.dockerfile_repo.starts_with("https://") {
        // What BuildKit clones a private repository with.
        words.extend(["--secret".to_owned(), format!("id=GIT_AUTH_TOKEN,env={TOKEN}")]);
    } else {
        words.extend(["--ssh", "default"].map(str::to_owned));
    }
    for (name, value) in &build.build_args {
        words.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    if let Some(path) = &build.dockerfile_path {
        words.extend(["--file".to_owned(), path.clone()]);
    }
    words.extend(["--tag".to_owned(), build.target(), "--push".to_owned()]);
    words.push(format!("{}#{}:{}", build.dockerfile_repo, build.tag, build.context_path));
    words.into_iter().map(OsString::from).collect()
}

/// The secrets of a build: what it calls them, and the variables that have them.
pub fn secrets(build: &Build) -> impl Iterator<Item = (&str, &str)> {
    build.env_secrets.iter().filter_map(|secret| secret.split_once('='))
}
