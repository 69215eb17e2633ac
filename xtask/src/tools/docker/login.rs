//! Signing docker in to a registry of ECR: the password goes from ECR to docker through a pipe of ours, and is never
//! on a command line, in a file of ours, or on a screen.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::model::{Failure, ImageUri, Region};
use crate::tools::{api, env, process};

/// What there is to do.
#[derive(Clone, Debug)]
pub struct Login {
    /// Docker.
    pub docker: PathBuf,
    /// The host of the registry.
    pub registry: String,
    /// Its region.
    pub region: Region,
}

impl Login {
    /// For the registry of an image.
    pub fn to(uri: &ImageUri, docker: &Path) -> Self {
        Self { docker: docker.to_owned(), registry: uri.registry(), region: uri.region().clone() }
    }

    /// This as arguments for our own binary, which the guard starts.
    pub fn arguments(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["sign-in".into(), "--docker".into(), self.docker.clone().into()];
        words.extend(["--registry", &self.registry, "--region", self.region.as_str()].map(OsString::from));
        words
    }

    /// Asks for the password and hands it to docker
    /// (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>).
    pub fn run(&self) -> Result<(), Failure> {
        let vars = env::of_this_process();
        let password = api::registry_password(&self.region, &vars)
            .map_err(|error| Failure::failed(format!("ECR gives no password for {}", self.registry)).because(error))?;
        let words = ["login", "--username", "AWS", "--password-stdin", &self.registry];
        let status = process::fed(&self.docker, &words, &vars, password.as_bytes());
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::failed(format!("docker did not sign in to {}: {status}", self.registry))),
            Err(error) => Err(Failure::failed(format!("docker did not sign in to {}", self.registry)).because(error)),
        }
    }
}
