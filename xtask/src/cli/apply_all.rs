//! `apply-all` on the command line, and what can be allowed by name.

use clap::{Args, ValueEnum};

use super::Selectors;
use super::values::n_jobs;
use crate::run::wave::Arrangement;

/// What is refused for safety unless it is allowed by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allowance {
    /// Apply plans that destroy something, or replace more than task definitions
    Destroy,
    /// Apply plans that change what an update of the runner does not change
    Unexpected,
    /// Apply plans that leave out a part of what is configured, such as those of a leftover `-target`
    IncompletePlan,
    /// Apply plans with other images than the repository says
    OtherImage,
    /// Apply plans that were made with mock outputs
    Mock,
    /// Apply plans although a provider for AWS has arguments that this program doesn't know
    ProviderArgs,
    /// Apply what nobody else can see on the default branch, where `require-clean` asks for that
    Uncommitted,
    /// Move or apply a tag although its image is not in ECR
    UnverifiedImage,
    /// Apply although the policy of an ECR repository lets an account not pull its images
    DeniedPull,
    /// Go on to the next wave although ECS could not be asked what runs in this one
    UnverifiedWave,
    /// Go on although the disk seems to have too little room for what is planned
    FullDisk,
    /// Build images with a tag that is no known release of terraform-aws-ci
    UnknownRelease,
    /// Have images built although the deployed runner seems unable to, or not to allow it
    DoubtfulBuild,
    /// Build as the guide has it although a build script of this repository says otherwise, or can't be read
    IgnoreScript,
    /// Move the tags and modules of all units that can get theirs, and leave out those that can't
    PartialBump,
    /// Move a tag although the unit's module is too old for its images
    OldModule,
    /// Move the modules of units that are no runners with a tag or a module that the same line decides
    OtherModules,
    /// Overwrite files of this crate that were changed in the repository
    LocalChanges,
}

impl std::fmt::Display for Allowance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask apply-all\n  cargo xtask apply-all --account dev,stage\n  cargo xtask apply-all --dry-run"
)]
pub struct ApplyAll {
    #[command(flatten)]
    pub applies: Applies,
    /// Stop when the plans are shown, and keep them for a day; `--from` goes on with them
    #[arg(long, conflicts_with = "from")]
    pub plan_only: bool,
    /// Apply the plans that `--plan-only` has kept, on the same machine and in the same checkout
    #[arg(long, value_name = "RUN", conflicts_with_all = ["account", "unit"])]
    pub from: Option<String>,
}

/// Which units are applied, and how; `update` has it too.
#[derive(Clone, Debug, Args)]
pub struct Applies {
    #[command(flatten)]
    pub selectors: Selectors,
    /// How units are put into waves, which are applied one after the other
    #[arg(long, value_name = "HOW", default_value = "default")]
    pub waves: Arrangement,
    /// How many units are worked on side by side [default: `jobs` in Cargo.toml, or as many as
    /// the memory is enough for, up to 16]
    #[arg(long, value_name = "N", value_parser = n_jobs)]
    pub jobs: Option<u16>,
    /// After a failed apply, finish the other units of its wave; the next wave never starts
    #[arg(long)]
    pub keep_going: bool,
}
