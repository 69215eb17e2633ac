//! terragrunt: the arguments and the environment pairs that mean the same in every version from 0.35 to 1.1.
//!
//! Options go through environment variables, old name and new name together, because flags were renamed in 0.73 and the
//! old ones removed in 0.85, while variables of either name that a version doesn't know are ignored by it.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The one thing that a terragrunt process is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Makes a unit of Terraform alone ready; terragrunt does that by itself.
    Init,
    /// Writes a plan file.
    Plan,
    /// Prints a plan file as JSON.
    Show,
    /// Prints the state as JSON.
    State,
    /// Prints the outputs of the state as JSON.
    Output,
    /// Applies a plan file.
    Apply,
}

impl Action {
    /// Terraform's subcommand for it, which is terragrunt's too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Plan => "plan",
            Self::Show | Self::State => "show",
            Self::Output => "output",
            Self::Apply => "apply",
        }
    }

    /// Its name on our own command line.
    pub fn name(self) -> &'static str {
        if self == Self::State { "state" } else { self.as_str() }
    }

    /// The arguments after the program. The plan path is absolute and comes last: only then does terragrunt leave out
    /// variables that Terraform would refuse beside a saved plan.
    pub fn arguments(self, plan: &Path) -> Vec<OsString> {
        let mut out = OsString::from("-out=");
        out.push(plan);
        let plan = plan.as_os_str().to_owned();
        match self {
            Self::Init => vec!["init".into(), "-input=false".into(), NO_COLOR.into()],
            Self::Plan => vec!["plan".into(), "-input=false".into(), NO_COLOR.into(), LOCK_TIMEOUT.into(), out],
            Self::Show => vec!["show".into(), "-json".into(), plan],
            Self::State => vec!["show".into(), "-json".into()],
            Self::Output => vec!["output".into(), "-json".into()],
            Self::Apply => vec!["apply".into(), "-input=false".into(), NO_COLOR.into(), LOCK_TIMEOUT.into(), plan],
        }
    }

    /// The environment pairs. `shim` is what terragrunt takes for terraform.
    pub fn environment(self, shim: &Path) -> Vec<(OsString, OsString)> {
        let shim = shim.as_os_str();
        let yes = OsString::from("true");
        let mut pairs: Vec<(OsString, OsString)> = vec![
            ("TERRAGRUNT_TFPATH".into(), shim.to_owned()),
            ("TG_TF_PATH".into(), shim.to_owned()),
            ("TERRAGRUNT_NO_COLOR".into(), yes.clone()),
            ("TG_NO_COLOR".into(), yes.clone()),
            // With wrong credentials a bucket for the state would be made in the wrong account.
            ("TERRAGRUNT_FAIL_ON_STATE_BUCKET_CREATION".into(), yes.clone()),
            ("TG_BACKEND_REQUIRE_BOOTSTRAP".into(), yes.clone()),
            ("TF_IN_AUTOMATION".into(), "1".into()),
        ];
        match self {
            // On `show` and `apply` it would delete the folder in which the plan was made, with what the plan wrote there.
            Self::Plan => {
                pairs.push(("TERRAGRUNT_SOURCE_UPDATE".into(), yes.clone()));
                pairs.push(("TG_SOURCE_UPDATE".into(), yes));
            }
            Self::Init | Self::Show | Self::State | Self::Output => {}
            // A second try of a saved plan can only fail, and hides why the first one did. Three names, because 1.1.3
            // still reads the oldest one before its own, and 0.55 the second before the first.
            Self::Apply => {
                pairs.push(("TERRAGRUNT_AUTO_RETRY".into(), "false".into()));
                pairs.push(("TERRAGRUNT_NO_AUTO_RETRY".into(), yes.clone()));
                pairs.push(("TG_NO_AUTO_RETRY".into(), yes));
            }
        }
        pairs
    }
}

/// Generates the units of the stack in the folder that it is started in.
pub const GENERATE: [&str; 2] = ["stack", "generate"];

/// Terraform's own option: terragrunt 0.55 colours Terraform's output in spite of its variable, and newer ones take the
/// option for their own and pass it on once.
pub const NO_COLOR: &str = "-no-color";

/// Two minutes: long enough for somebody else's plan, short enough to say who holds the lock.
pub(super) const LOCK_TIMEOUT: &str = "-lock-timeout=120s";

/// The version in the output of `terragrunt --version`, without its `v`; `None` for builds that don't say.
pub fn version(output: &str) -> Option<&str> {
    output.lines().find_map(|line| {
        let word = line.trim().strip_prefix("terragrunt version ")?.trim();
        let number = word.strip_prefix('v').unwrap_or(word);
        number.starts_with(|first: char| first.is_ascii_digit()).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_update_belongs_to_plan_only() {
        let has = |action: Action| {
            action
                .environment(Path::new("/shim"))
                .iter()
                .any(|(name, _)| name.to_string_lossy().contains("SOURCE_UPDATE"))
        };
        assert!(has(Action::Plan) && !has(Action::Show) && !has(Action::Apply));
    }

    #[test]
    fn every_action_has_the_name_that_our_command_line_knows() {
        for action in <Action as clap::ValueEnum>::value_variants() {
            assert_eq!(<Action as clap::ValueEnum>::from_str(action.name(), false).as_ref(), Ok(action));
        }
    }

    #[test]
    fn a_saved_plan_comes_last_and_nothing_is_approved_blindly() {
        for action in [Action::Show, Action::Apply] {
            let arguments = action.arguments(Path::new("/plans/dev.tfplan"));
            assert_eq!(arguments.last().unwrap(), "/plans/dev.tfplan");
            assert!(!arguments.contains(&"-auto-approve".into()));
        }
    }

    #[test]
    fn versions_of_every_kind_of_build_are_read() {
        assert_eq!(version("terragrunt version v1.1.3\n"), Some("1.1.3"));
        assert_eq!(version("warning\nterragrunt version 0.99.4\n"), Some("0.99.4"));
        assert_eq!(version("terragrunt version latest"), None);
        assert_eq!(version(""), None);
    }
}
