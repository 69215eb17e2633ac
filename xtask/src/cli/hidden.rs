//! The processes that a run is made of besides the tools, which are commands that nobody types.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::model::{AccountId, Region};
use crate::tools::question::Question;
use crate::tools::terragrunt::Action;

/// The outer guard, started by a credential wrapper.
#[derive(Debug, Args)]
pub struct Guard {
    #[arg(long)]
    pub account: AccountId,
    #[arg(long)]
    pub region: Region,
    #[arg(long)]
    pub endpoint_url: Option<String>,
    #[arg(long)]
    pub pass_environment: Vec<String>,
    #[arg(long, requires = "nonce")]
    pub attempt: Option<PathBuf>,
    #[arg(long, requires = "attempt")]
    pub nonce: Option<String>,
    #[arg(long)]
    pub lock: Vec<PathBuf>,
    #[arg(long, requires = "terraform", requires = "plan", requires = "attempt")]
    pub action: Option<Action>,
    #[arg(long)]
    pub terraform: Option<PathBuf>,
    #[arg(long)]
    pub plan: Option<PathBuf>,
    #[arg(long)]
    pub consent: Option<PathBuf>,
    #[arg(long)]
    pub workspace: Option<String>,
    #[arg(long, requires = "action")]
    pub product: Option<PathBuf>,
    #[arg(long, requires = "action")]
    pub in_plan_folder: bool,
    #[arg(long)]
    pub provider_cache: bool,
    #[arg(last = true)]
    pub program: Vec<OsString>,
}

/// The process between a child and its log.
#[derive(Debug, Args)]
pub struct Relay {
    #[arg(long)]
    pub log: PathBuf,
    #[arg(long)]
    pub secrets: Option<PathBuf>,
}

/// Several questions to AWS, inside one guard.
#[derive(Debug, Args)]
pub struct Ask {
    pub question: Vec<Question>,
}
