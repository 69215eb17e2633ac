//! The command line of `build-images`, and of what it starts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::name_and_value;
use crate::model::{Region, Tag};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask build-images v1.3.0\n  cargo xtask build-images v1.3.0 --image kaniko\n  cargo xtask build-images v1.3.0 --how local-docker --dry-run"
)]
pub struct BuildImages {
    /// The release of terraform-aws-ci to build, and the images' tag
    /// [default: TERRAFORM_AWS_CI_VERSION, then `terraform-aws-ci-version` in Cargo.toml]
    #[arg(value_name = "TAG")]
    pub tag: Option<Tag>,
    /// Only this image, or a further one that the settings define; can be given several times
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<String>,
    /// An argument of the builds, over what scripts and settings say; can be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub build_arg: Vec<(String, String)>,
    /// The unit whose runner builds, where several can, by its path or that of a file in it, or by its account
    /// [default: `build.unit` in Cargo.toml, then the one that has the image in its own account and region]
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Who builds
    #[arg(long, value_name = "HOW", default_value = "runner")]
    pub how: How,
}

/// Who builds images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// The runner of the account that builds, through infrastructure-deployer
    Runner,
    /// Docker on this machine, for a runner that can't build its own successor
    LocalDocker,
}

impl How {
    /// The program that builds.
    pub fn program(self) -> &'static str {
        match self {
            Self::Runner => "infrastructure-deployer",
            Self::LocalDocker => "docker",
        }
    }
}

/// Lets docker into a registry of ECR.
#[derive(Debug, Args)]
pub struct SignIn {
    #[arg(long)]
    pub docker: PathBuf,
    #[arg(long)]
    pub registry: String,
    #[arg(long)]
    pub region: Region,
}
