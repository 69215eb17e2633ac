//! Tips for commands that other tools have and this one has not, in the place of clap's guess by spelling.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;

const TIPS: [(&str, &str); 6] = [
    ("apply", "`cargo xtask apply-all` plans every unit, shows what would change, asks once, and applies exactly that"),
    ("init", "`cargo xtask adopt` puts this into a repository"),
    ("list", "`cargo xtask units` shows every unit, `cargo xtask runs` what was done here before"),
    ("plan", "`cargo xtask apply-all --plan-only` plans every unit, shows what would change, and applies nothing"),
    ("validate", "`cargo xtask doctor` looks at everything that could go wrong, before anything happens"),
    ("version", "`cargo xtask --version` prints the version of this program"),
];

/// The error with the tip for the command that isn't there; commands that only we start are never offered.
pub fn with_tip(mut error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let tip = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => TIPS.iter().find(|(name, _)| name == word),
        _ => None,
    };
    if let Some((_, tip)) = tip {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![(*tip).into()]));
    } else if let Some(ContextValue::Strings(names)) = error.remove(ContextKind::SuggestedSubcommand) {
        let is_shown = |name: &String| Cli::command().find_subcommand(name).is_some_and(|found| !found.is_hide_set());
        let shown: Vec<_> = names.into_iter().filter(is_shown).collect();
        if !shown.is_empty() {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(shown));
        }
    }
    error
}
