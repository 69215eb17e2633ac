//! The commands that look at what is there, and change nothing.

use clap::Args;

use super::Selectors;
use crate::model::Tag;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask verify\n  cargo xtask verify --account dev\n  cargo xtask verify --smoke --account dev"
)]
pub struct Verify {
    #[command(flatten)]
    pub selectors: Selectors,
    /// Also let each runner plan its own unit once, to see its container start; changes nothing
    #[arg(long)]
    pub smoke: bool,
    /// The branch, tag or commit that runners plan [default: the default branch of `origin`]
    #[arg(long = "ref", value_name = "REF", requires = "smoke")]
    pub git_ref: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask doctor\n  cargo xtask doctor v1.3.0 --offline\n  cargo xtask doctor --account dev,stage"
)]
pub struct Doctor {
    /// The tag that is to come next
    /// [default: TERRAFORM_AWS_CI_VERSION, then `terraform-aws-ci-version` in Cargo.toml, then the newest known]
    #[arg(value_name = "TAG")]
    pub tag: Option<Tag>,
    /// Ask nobody: do what needs neither credentials nor a network
    #[arg(long)]
    pub offline: bool,
    /// Settle which credential tool and profiles are used: ask which, show the change, write it into .xtask/local.toml
    #[arg(long)]
    pub fix: bool,
    /// With `--fix`: write into Cargo.toml, for everybody
    #[arg(long, requires = "fix")]
    pub shared: bool,
    #[command(flatten)]
    pub selectors: Selectors,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask changes\n  cargo xtask changes v0.50.4 v1.3.0\n  cargo xtask changes --fetch"
)]
pub struct Changes {
    /// The release that there is now [default: the oldest tag that a unit gets]
    #[arg(value_name = "FROM")]
    pub from: Option<Tag>,
    /// The release that is to come [default: the newest known]
    #[arg(value_name = "TO")]
    pub to: Option<Tag>,
    /// Ask GitHub for all releases, by `gh` and with the access that it has
    #[arg(long)]
    pub fetch: bool,
}
