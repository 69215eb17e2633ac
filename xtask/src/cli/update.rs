//! `update` on the command line.

use clap::{Args, ValueEnum};

use super::values::git_ref;
use super::{Applies, ApplyAll, How};
use crate::model::Tag;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask update v1.3.0\n  cargo xtask update v1.3.0 --until bump   # then a pull request, then the same without it\n  cargo xtask update v0.52.1               # back to an older release"
)]
pub struct Update {
    /// The release of terraform-aws-ci to update to, and the images' tag
    /// [default: TERRAFORM_AWS_CI_VERSION, then `terraform-aws-ci-version` in Cargo.toml]
    #[arg(value_name = "TAG")]
    pub tag: Option<Tag>,
    /// Stop when this is done, so that a pull request can come between
    #[arg(long, value_name = "PART")]
    pub until: Option<Until>,
    /// Who builds the images that are missing
    #[arg(long, value_name = "HOW", default_value = "runner")]
    pub how: How,
    /// Also move the releases that build scripts and files of CI name
    #[arg(long)]
    pub scripts: bool,
    /// Also move the `ref` of the runner's module
    #[arg(long, value_name = "REF", value_parser = git_ref)]
    pub module_ref: Option<String>,
    #[command(flatten)]
    pub applies: Applies,
}

/// A part of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// Both images are in ECR
    Images,
    /// The tags are moved in the files
    Bump,
    /// The plans are shown, and kept for a day for `apply-all --from`
    Plan,
}

impl Update {
    /// Whether this part is the last.
    pub fn ends_with(&self, part: Until) -> bool {
        self.until == Some(part)
    }

    /// The applies, as `apply-all` would be asked for them.
    pub fn apply(&self) -> ApplyAll {
        ApplyAll { applies: self.applies.clone(), plan_only: self.ends_with(Until::Plan), from: None }
    }
}
