//! The command line: clap's types and the help texts. Decides nothing.

mod apply_all;
mod build;
mod hidden;
mod looking;
mod mistake;
mod runs;
mod tips;
mod update;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

pub use hidden::{Ask, Guard, Relay};
pub use looking::{Changes, Doctor, Verify};
pub use mistake::{asks_for_json, mistake};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use apply_all::{Allowance, Applies, ApplyAll};
pub use runs::{Runs, RunsCommand};
pub use tips::with_tip;
pub use update::{Until, Update};

use crate::model::{ImageName, Tag};
use crate::repo::bump::PinName;
use crate::report::screen::Color;
pub use build::{BuildImages, How, SignIn};
use values::{account_and_profile, fault, git_ref, image_and_tag};

/// Updates the Gruntwork ECS Deploy Runner in every account: builds its images, moves their tags, applies its units.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", version)]
#[command(
    after_help = "In this order:\n  cargo xtask doctor v1.3.0\n  cargo xtask update v1.3.0\n\nOr one part after the other:\n  cargo xtask build-images v1.3.0\n  cargo xtask bump-tags v1.3.0\n  cargo xtask apply-all\n\nTo see it all work without any account or tool: cargo xtask rehearse"
)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command has.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// The repository, or a folder in it [default: this or any parent directory]
    #[arg(long, global = true, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// The credential tool's profile for an account; can be given several times
    #[arg(long, global = true, value_name = "ACCOUNT=PROFILE", value_parser = account_and_profile)]
    pub profile: Vec<(String, String)>,
    /// Show what would be done, and change nothing; with `--verbose` each command, ready to paste
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Don't ask for consent; covers nothing that needs `--allow`
    #[arg(long, global = true)]
    pub yes: bool,
    /// Allow something that is refused for safety; can be given several times
    #[arg(long, global = true, value_name = "NAME")]
    pub allow: Vec<Allowance>,
    /// Why this is done, to be kept with the run
    #[arg(long, global = true, value_name = "TEXT")]
    pub reason: Option<String>,
    /// How results are printed on stdout
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print errors, questions and results only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print every line of every program
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

impl Globals {
    /// Whether something that is refused for safety is allowed.
    pub fn allows(&self, allowance: Allowance) -> bool {
        self.allow.contains(&allowance)
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// For a merge request or a ticket; `status` and `runs show` alone
    Markdown,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// All of it as one run: images, tags, plans, applies
    Update(Update),
    /// Look at everything that could go wrong, before anything happens
    Doctor(Doctor),
    /// Show every unit: account, profile, region, images and tags
    Units(Units),
    /// Show every tag and what decides it, and what about the pins needs a look
    Status(Status),
    /// Show which line decides the tag of an image, and every step from there to the unit
    Why(Why),
    /// Show what an operator should know between two releases
    Changes(Changes),
    /// Build and push the deploy-runner and kaniko images
    BuildImages(BuildImages),
    /// Move the image tags in the repository, and nothing else in its files
    BumpTags(BumpTags),
    /// Plan every unit, show what would change, ask once, apply exactly those plans
    ApplyAll(ApplyAll),
    /// Verify what runs in every account: task definitions, images, cluster, invoker
    Verify(Verify),
    /// Show what was done here before, and take it up again
    Runs(Runs),
    /// Do all of it with stand-ins, on a sample or on a copy of this repository
    Rehearse(Rehearse),
    /// Put this into a repository, or bring it up to date there
    Adopt(Adopt),
    /// Verify whose credentials every account's profile gives, and do nothing more
    #[command(hide = true)]
    Identity,
    #[command(hide = true)]
    Guard(Guard),
    #[command(hide = true)]
    Relay(Relay),
    #[command(hide = true)]
    SignIn(SignIn),
    #[command(hide = true)]
    Ask(Ask),
}

impl Command {
    /// Whether a run starts this by itself, within what it does.
    pub fn is_part_of_a_run(&self) -> bool {
        matches!(self, Self::Guard(_) | Self::Relay(_) | Self::SignIn(_) | Self::Ask(_))
    }
}

/// Options that select the units of a command.
#[derive(Clone, Debug, Default, Args)]
pub struct Selectors {
    /// Only units in this account, by its name or id; several with commas, or given several times
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    pub account: Vec<String>,
    /// Only this unit, by its path or that of a file in it, or by its account; can be given several times
    #[arg(long, value_name = "UNIT")]
    pub unit: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo xtask units --format json\n  cargo xtask units --account dev,stage")]
pub struct Units {
    #[command(flatten)]
    pub selectors: Selectors,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask why dev\n  cargo xtask why shared/us-east-1/mgmt/ecs-deploy-runner kaniko"
)]
pub struct Why {
    /// The unit: its path or that of a file in it, or its account if that has only one
    #[arg(value_name = "UNIT")]
    pub unit: String,
    /// Only this image [default: all that the unit uses]
    #[arg(value_name = "IMAGE")]
    pub image: Option<ImageName>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo xtask status\n  cargo xtask status --check v1.3.0")]
pub struct Status {
    /// Exit with 5 unless every unit gets this tag
    #[arg(long, value_name = "TAG")]
    pub check: Option<Tag>,
    /// Look at this image only; can be given several times
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<ImageName>,
    /// Check this configuration only, such as `terraform_planner_config`; can be given several times
    #[arg(long, value_name = "NAME", requires = "check")]
    pub config: Vec<String>,
    #[command(flatten)]
    pub selectors: Selectors,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask bump-tags v1.3.0\n  cargo xtask bump-tags --check\n  cargo xtask bump-tags v1.3.0 --set kaniko=v1.2.0\n  cargo xtask bump-tags v1.3.0 --account dev"
)]
pub struct BumpTags {
    /// The tag to move to
    /// [default: TERRAFORM_AWS_CI_VERSION, then `terraform-aws-ci-version` in Cargo.toml]
    #[arg(value_name = "TAG")]
    pub tag: Option<Tag>,
    /// Only this image; can be given several times
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<ImageName>,
    /// Only this configuration, such as `terraform_planner_config`; can be given several times
    #[arg(long, value_name = "NAME")]
    pub config: Vec<String>,
    /// Another tag for one image; can be given several times
    #[arg(long, value_name = "IMAGE=TAG", value_parser = image_and_tag)]
    pub set: Vec<(ImageName, Tag)>,
    #[command(flatten)]
    pub selectors: Selectors,
    /// A pin that can't be found: its file, and the key in front of it; can be given several times
    #[arg(long, value_name = "FILE:KEY")]
    pub pin: Vec<PinName>,
    /// Also move the releases that build scripts and files of CI name
    #[arg(long)]
    pub scripts: bool,
    /// Move the `ref` of the runner's module; without TAG and `--set` nothing else moves
    #[arg(long, value_name = "REF", value_parser = git_ref)]
    pub module_ref: Option<String>,
    /// Write nothing; exit with 5 if something would change
    #[arg(long)]
    pub check: bool,
    /// Don't ask ECR whether the images exist
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask rehearse\n  cargo xtask rehearse --inject wrong-account:dev\n  cargo xtask rehearse --inject fail:prod"
)]
pub struct Rehearse {
    /// The tag to move to [default: as for build-images]
    #[arg(value_name = "TAG")]
    pub tag: Option<Tag>,
    /// What goes wrong: wrong-account:ACCOUNT, fail:ACCOUNT, wrong-tag-running:ACCOUNT, no-image, idempotent,
    /// no-secret or old-kaniko; can be given several times
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    pub inject: Vec<String>,
    /// Where to lay it out [default: a new folder in the system's temporary folder]
    #[arg(long, value_name = "PATH")]
    pub into: Option<PathBuf>,
    /// A rehearsal in which a further command is run; what was injected is over then
    #[arg(long = "in", value_name = "PATH", requires = "command", conflicts_with_all = ["tag", "inject", "into"])]
    pub inside: Option<PathBuf>,
    /// The further command, as a hint of the rehearsal has it
    #[arg(last = true, value_name = "COMMAND", requires = "inside")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask adopt --into ~/infrastructure-live\n  cargo xtask adopt --into ~/infrastructure-live --git https://example.com/xtask.git --tag v0.1.0"
)]
pub struct Adopt {
    /// The repository, by its root [default: --repo]
    #[arg(long, value_name = "PATH")]
    pub into: Option<PathBuf>,
    /// Let the repository depend on this library by git, instead of copying its source
    #[arg(long, value_name = "URL", requires = "tag")]
    pub git: Option<String>,
    /// The tag in that git repository
    #[arg(long, value_name = "TAG", requires = "git")]
    pub tag: Option<String>,
    /// The checkout of this project to copy from [default: the one that this program was built in]
    #[arg(long, value_name = "PATH", conflicts_with = "git")]
    pub from: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
