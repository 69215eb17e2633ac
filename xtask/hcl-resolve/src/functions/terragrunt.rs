//! Terragrunt's own functions: the whole list of its documentation, and those of them that look at neither files nor folders.

use std::cmp::Ordering;

use super::{Arguments, Stop, Value, unknown};
use crate::{Fault, Kind};

/// Every function that the documentation of terragrunt 1.1.3 has, sorted, with why it gives nothing that could be known
/// offline. `None` is worked out.
pub const OWN: &[(&str, Option<&str>)] = &[
    ("constraint_check", None),
    ("deep_merge", Some("is an experiment of terragrunt's, which is switched on for no plan")),
    ("find_in_parent_folders", None),
    ("get_aws_account_alias", Some("asks AWS")),
    ("get_aws_account_id", Some("asks AWS")),
    ("get_aws_caller_identity_arn", Some("asks AWS")),
    ("get_aws_caller_identity_user_id", Some("asks AWS")),
    ("get_default_retryable_errors", Some("gives something else in each version of terragrunt")),
    ("get_env", None),
    ("get_original_terragrunt_dir", None),
    ("get_parent_terragrunt_dir", None),
    ("get_path_from_repo_root", None),
    ("get_path_to_repo_root", None),
    ("get_platform", None),
    ("get_repo_root", None),
    ("get_terraform_cli_args", Some("depends on the command that is run")),
    ("get_terraform_command", Some("depends on the command that is run")),
    ("get_terraform_commands_that_need_input", None),
    ("get_terraform_commands_that_need_locking", None),
    ("get_terraform_commands_that_need_parallelism", None),
    ("get_terraform_commands_that_need_vars", None),
    ("get_terragrunt_dir", None),
    ("get_terragrunt_source_cli_flag", None),
    ("get_working_dir", Some("is a folder in terragrunt's cache")),
    ("mark_as_read", None),
    ("mark_glob_as_read", Some("lists files by a pattern")),
    ("path_relative_from_include", None),
    ("path_relative_to_include", None),
    ("read_terragrunt_config", None),
    ("read_tfvars_file", None),
    ("run_cmd", Some("runs a program")),
    ("sops_decrypt_file", Some("decrypts a file")),
];

fn own(name: &str) -> Option<Option<&'static str>> {
    OWN.binary_search_by(|(own, _)| (*own).cmp(name)).ok().map(|at| OWN[at].1)
}

/// Whether a function is Terragrunt's own.
pub(super) fn is_own(name: &str) -> bool {
    own(name).is_some()
}

/// Why a function of Terragrunt's is unknown, if it is one and is.
pub(super) fn why_unknown(name: &str) -> Option<&'static str> {
    own(name).flatten()
}

fn words(words: &[&str]) -> Result<Value, Stop> {
    Ok(Value::list(words.iter().map(|word| Value::string(*word)).collect()))
}

pub(super) fn commands_that_need_input(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    words(&["apply", "import", "init", "plan", "refresh"])
}

pub(super) fn commands_that_need_locking(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    words(&["apply", "destroy", "import", "plan", "refresh", "taint", "untaint"])
}

pub(super) fn commands_that_need_parallelism(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    words(&["apply", "plan", "destroy"])
}

pub(super) fn commands_that_need_vars(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    words(&["apply", "console", "destroy", "import", "plan", "push", "refresh"])
}

/// Empty, since terragrunt is never started with `--source`.
pub(super) fn source_cli_flag(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    Ok(Value::string(""))
}

/// `constraint_check(version, constraint)`
pub(super) fn constraint_check(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (version, constraints) = (call.text(0)?, call.text(1)?);
    let version = segments(&version)?;
    let mut holds = true;
    for constraint in constraints.split(',') {
        let constraint = constraint.trim();
        let at = constraint.find(|letter: char| letter.is_ascii_digit() || letter == 'v').unwrap_or(constraint.len());
        let (operator, wanted) = constraint.split_at(at);
        let wanted = segments(wanted)?;
        let order = padded(&version).cmp(&padded(&wanted));
        holds &= match operator.trim() {
            "" | "=" => order == Ordering::Equal,
            "!=" => order != Ordering::Equal,
            ">" => order == Ordering::Greater,
            ">=" => order != Ordering::Less,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            // Only the last segment that is written may be larger.
            "~>" => {
                order != Ordering::Less && padded(&version)[..wanted.len() - 1] == padded(&wanted)[..wanted.len() - 1]
            }
            _ => return Err(Stop::Fault(Fault::new(format!("`{constraint}` is no constraint of a version")))),
        };
    }
    Ok(Value::made(Kind::Bool(holds)))
}

/// The numbers of a version, three at most.
fn segments(text: &str) -> Result<Vec<u64>, Stop> {
    let wrong = || Stop::Fault(Fault::new(format!("`{text}` is no version")));
    if text.contains(['-', '+']) {
        return Err(unknown("how versions with a suffix compare is not worked out"));
    }
    let parts: Vec<_> = text.strip_prefix('v').unwrap_or(text).split('.').collect();
    if parts.len() > 3 {
        return Err(unknown("how versions of more than three parts compare is not worked out"));
    }
    parts.into_iter().map(|part| part.parse().map_err(|_| wrong())).collect()
}

fn padded(segments: &[u64]) -> [u64; 3] {
    std::array::from_fn(|at| segments.get(at).copied().unwrap_or_default())
}
