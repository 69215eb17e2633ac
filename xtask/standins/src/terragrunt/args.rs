//! The arguments of terragrunt, and the variables that stand for some of them.

use std::env;

use super::log;
use crate::refusal::{Outcome, Refusal};

/// What terragrunt was asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Version,
    Help,
    /// `stack generate`.
    Generate,
    Shortcut(Options),
}

/// A shortcut for a command of Terraform, with what is passed on to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `init`, `plan`, `show` or `apply`.
    pub(super) command: String,
    /// Arguments that are not terragrunt's.
    pub(super) passed_on: Vec<String>,
    pub(super) source_update: bool,
    pub(super) no_color: bool,
    pub(super) provider_cache: bool,
}

/// Flags that terragrunt keeps for itself and that change nothing here.
const SWITCHES: &[&str] = &["non-interactive", "no-auto-init", "no-auto-retry", "backend-require-bootstrap", "no-tips"];
const WITH_VALUE: &[&str] = &["log-level", "log-format", "parallelism"];

/// Flags of the real one that would change what is run; a rehearsal has no use for them.
const NOT_HERE: &[&str] = &[
    "all",
    "graph",
    "filter",
    "working-dir",
    "config",
    "source",
    "source-map",
    "tf-path",
    "download-dir",
    "out-dir",
    "json-out-dir",
    "iam-assume-role",
    "auth-provider-cmd",
    "backend-bootstrap",
    "provider-cache",
    "report-file",
    "tf-forward-stdout",
];

/// Reads the arguments.
pub(super) fn read(args: &[String]) -> Outcome<Command> {
    let mut options = Options {
        source_update: boolean_variable("SOURCE_UPDATE")?,
        no_color: boolean_variable("NO_COLOR")?,
        provider_cache: boolean_variable("PROVIDER_CACHE")?,
        ..Options::default()
    };
    for name in ["NON_INTERACTIVE", "NO_AUTO_RETRY", "NO_AUTO_INIT"] {
        boolean_variable(name)?;
    }
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            match arg.as_str() {
                command @ ("init" | "plan" | "show" | "apply") if options.command.is_empty() => {
                    options.command = command.to_owned();
                }
                "version" if options.command.is_empty() => return Ok(Command::Version),
                "stack" if options.command.is_empty() && args.as_slice() == ["generate"] => {
                    return Ok(Command::Generate);
                }
                _ if options.command.is_empty() => return Err(unknown_command(arg)),
                _ => options.passed_on.push(arg.clone()),
            }
            continue;
        };
        if flag == "-" {
            options.passed_on.extend(args.by_ref().cloned());
            break;
        }
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        match name {
            "version" | "v" if options.command.is_empty() => return Ok(Command::Version),
            "help" | "h" if options.command.is_empty() => return Ok(Command::Help),
            "source-update" => options.source_update = boolean(name, inline)?,
            "no-color" => options.no_color = boolean(name, inline)?,
            _ if SWITCHES.contains(&name) => drop(boolean(name, inline)?),
            _ if WITH_VALUE.contains(&name) => {
                if inline.is_none() && args.next().is_none() {
                    return Err(log::error(&format!("flag needs an argument: -{name}")));
                }
            }
            _ if NOT_HERE.contains(&name) => {
                return Err(Refusal::new(1, format!("rehearsal: the stand-in for terragrunt has no `--{name}`")));
            }
            _ if options.command.is_empty() => {
                return Err(log::error(&format!("flag provided but not defined: -{name}")));
            }
            // Whatever a shortcut doesn't know goes to Terraform, with one dash.
            _ => options.passed_on.push(format!("-{flag}")),
        }
    }
    Ok(match options.command.as_str() {
        "" => Command::Help,
        _ => Command::Shortcut(options),
    })
}

fn unknown_command(name: &str) -> Refusal {
    let known =
        ["run", "exec", "find", "list", "render", "output", "validate", "destroy", "state", "import", "refresh"];
    match known.contains(&name) {
        true => Refusal::new(1, format!("rehearsal: the stand-in for terragrunt has no `{name}`")),
        false => log::error(&format!(
            "unknown command: \"{name}\". Terragrunt no longer forwards unknown commands by default. Use 'terragrunt run \
             -- {name} ...' or a supported shortcut."
        )),
    }
}

fn boolean(name: &str, inline: Option<&str>) -> Outcome<bool> {
    inline.map_or(Ok(true), |value| {
        parse_boolean(value).ok_or_else(|| {
            log::error(&format!(
                "invalid boolean value \"{value}\" for -{name}: must be one of: \"0\", \"1\", \"f\", \"t\", \"false\", \"true\""
            ))
        })
    })
}

fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The value of `TG_NEW`, or else of `TERRAGRUNT_OLD` with a warning.
pub(super) fn variable(new: &str, old: &str) -> Option<String> {
    let get = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let (new, old) = (format!("TG_{new}"), format!("TERRAGRUNT_{old}"));
    get(&new).or_else(|| {
        let value = get(&old)?;
        log::warn(&format!(
            "The `{old}` environment variable is deprecated and will be removed in a future version of Terragrunt. Use \
             `{new}={value}` instead."
        ));
        Some(value)
    })
}

fn boolean_variable(name: &str) -> Outcome<bool> {
    let Some(value) = variable(name, name) else { return Ok(false) };
    parse_boolean(&value).ok_or_else(|| {
        log::error(&format!(
            "invalid value \"{value}\" for env var TG_{name}: must be one of: \"0\", \"1\", \"f\", \"t\", \"false\", \"true\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{Command, read};

    fn said(line: &str) -> String {
        match read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()) {
            Ok(Command::Shortcut(options)) => format!("{} {}", options.command, options.passed_on.join(" ")),
            Ok(command) => format!("{command:?}"),
            Err(refusal) => {
                refusal.text.split_once("ERROR  ").map_or(refusal.text.clone(), |(_, text)| text.to_owned())
            }
        }
    }

    #[test]
    fn arguments_are_kept_passed_on_or_refused() {
        for (line, expected) in [
            ("plan -input=false -lock-timeout=120s -out=/p", "plan -input=false -lock-timeout=120s -out=/p"),
            ("plan --terragrunt-source-update", "plan -terragrunt-source-update"),
            ("apply --source-update -no-color /p", "apply /p"),
            ("plan --parallelism 3 -target=x", "plan -target=x"),
            ("plan -- --all", "plan --all"),
            ("--version", "Version"),
            ("", "Help"),
            ("--terragrunt-source-update plan", "flag provided but not defined: -terragrunt-source-update"),
            ("plan --all", "rehearsal: the stand-in for terragrunt has no `--all`"),
            ("plan --log-level", "flag needs an argument: -log-level"),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
        assert!(said("frob").starts_with("unknown command: \"frob\""));
        assert!(said("plan --source-update=maybe").starts_with("invalid boolean value"));
    }
}
