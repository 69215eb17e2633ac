//! The words of `runs`.

use clap::{Args, Subcommand};

use super::values::n_kept;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask runs\n  cargo xtask runs show k3f --format markdown\n  cargo xtask runs resume\n  cargo xtask runs logs k3f dev plan"
)]
pub struct Runs {
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
}

#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Show one run: who, when, commit, consent, the verified identity in every account, and how each unit came out
    Show {
        /// The run; the last part of its id is enough
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// Go on where a run stopped: the same command again, looked up afresh
    Resume {
        /// The run [default: the last one]
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Print the log of a unit or an image
    Logs {
        /// The run; the last part of its id is enough
        #[arg(value_name = "RUN")]
        run: String,
        /// The unit: its account or its path; or the image
        #[arg(value_name = "UNIT")]
        unit: String,
        /// The step, such as `plan` [default: the last one]
        #[arg(value_name = "STEP")]
        step: Option<String>,
    },
    /// Remove what is kept of old runs, except of those that nobody has looked at yet
    Clean {
        /// How many runs stay, newest first
        #[arg(long, value_name = "N", default_value = "20", value_parser = n_kept)]
        keep: usize,
    },
}
