//! The commands that look at what is there, and change nothing.

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo xtask verify\n  cargo xtask verify --account dev")]
pub struct Verify {
    /// Only units in this account; can be given several times
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,
    /// Only this unit; can be given several times
    #[arg(long, value_name = "PATH")]
    pub unit: Vec<String>,
}
