//! `aws-vault exec`: becomes the program, with the keys of a profile in its environment.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;

use super::{Exec, error, keys_for, refuse_nested};
use crate::child;
use crate::clock::Moment;
use crate::keys::Keys;
use crate::refusal::Outcome;
use crate::world::World;

/// What aws-vault takes away; everything else passes through, a passphrase or a role of the caller's included.
const UNSET: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SDK_LOAD_CONFIG",
];

/// Becomes the program.
pub(super) fn run(world: &World, exec: &Exec) -> Outcome {
    refuse_nested("exec", "running in an")?;
    let (keys, ends) = keys_for(world, "exec", &exec.profile)?;
    let mut command = child::command(&exec.program);
    command.args(&exec.args);
    for name in UNSET {
        command.env_remove(name);
    }
    command.envs(variables(world, &exec.profile, &keys, ends));
    let failure = command.exec();
    let program = exec.program.to_string_lossy();
    Err(match failure.kind() {
        ErrorKind::NotFound if program.contains('/') => {
            error("exec", format_args!("fork/exec {program}: no such file or directory"))
        }
        ErrorKind::NotFound => error("exec", format_args!("exec: \"{program}\": executable file not found in $PATH")),
        _ => error("exec", format_args!("fork/exec {program}: {failure}")),
    })
}

/// What aws-vault adds to an environment.
pub(super) fn variables(world: &World, profile: &str, keys: &Keys, ends: Moment) -> Vec<(&'static str, String)> {
    let region = std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION"));
    let region = region.ok().filter(|region| !region.is_empty()).unwrap_or_else(|| world.settings.region.clone());
    vec![
        ("AWS_VAULT", profile.to_owned()),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", keys.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", keys.secret.clone()),
        ("AWS_SESSION_TOKEN", keys.token.clone()),
        ("AWS_CREDENTIAL_EXPIRATION", ends.rfc3339()),
    ]
}
