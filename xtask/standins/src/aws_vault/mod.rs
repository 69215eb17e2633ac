//! Stands in for aws-vault v7.2.0 (`99designs/aws-vault`): `exec`, `export` and `list` with the profiles of the world.

mod args;
mod exec;
mod session;

use std::ffi::OsString;

use serde_json::json;

use crate::clock::Moment;
use crate::keys::{self, Keys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;
use args::{Command, Exec, Export, List};

/// Acts as aws-vault.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    match args::read(args)? {
        Command::Version => {
            // The real one says it on stderr.
            out::err("v7.2.0");
            Ok(())
        }
        Command::Help => {
            out::err("usage: aws-vault [<flags>] <command> [<args> ...]");
            Ok(())
        }
        Command::Exec(exec) => exec::run(world, &exec),
        Command::Export(Export { profile, format }) => export(world, &profile, &format),
        Command::List(list) => {
            print_list(world, &list);
            Ok(())
        }
    }
}

/// A failure of one of aws-vault's commands: always exit code 1.
fn error(command: &str, text: impl std::fmt::Display) -> Refusal {
    Refusal::new(1, format!("aws-vault: error: {command}: {text}"))
}

/// Refuses to run within itself, before anything else.
fn refuse_nested(command: &str, running: &str) -> Outcome {
    match std::env::var_os("AWS_VAULT").filter(|profile| !profile.is_empty()) {
        None => Ok(()),
        Some(_) => Err(error(
            command,
            format_args!("{running} existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force"),
        )),
    }
}

/// Opens a session for a profile, and says when it ends.
fn keys_for(world: &World, command: &str, profile: &str) -> Outcome<(Keys, Moment)> {
    let account = world.settings.profiles.get(profile).ok_or_else(|| {
        error(command, format_args!("Error getting temporary credentials: profile {profile}: credentials missing"))
    })?;
    // Real aws-vault lets the environment beat the profile's role, which is how people end up in another account.
    let account = match std::env::var("AWS_ROLE_ARN").ok().filter(|arn| !arn.is_empty()) {
        Some(arn) => keys::account_of_arn(&arn)?.to_owned(),
        None => world.account_answering_for(account),
    };
    if !world.knows(&account) {
        return Err(error(
            command,
            format_args!(
                "Failed to get credentials for {profile}: operation error STS: AssumeRole, https response error \
                 StatusCode: 403, api error AccessDenied: not authorized to perform: sts:AssumeRole on a role in {account}"
            ),
        ));
    }
    if world.first_time("mfa")? {
        world.log(json!({ "event": "mfa", "profile": profile }))?;
    }
    let ends = session::end(world, profile)
        .map_err(|why| error(command, format_args!("Failed to get credentials for {profile}: {why}")))?;
    Ok((Keys::of(&account), ends))
}

fn export(world: &World, profile: &str, format: &str) -> Outcome {
    refuse_nested("export", "in an")?;
    let (keys, ends) = keys_for(world, "export", profile)?;
    let pairs = exec::variables(world, profile, &keys, ends);
    match format {
        "json" => {
            let json = json!({
                "Version": 1,
                "AccessKeyId": keys.id,
                "SecretAccessKey": keys.secret,
                "SessionToken": keys.token,
                "Expiration": ends.rfc3339(),
            });
            out::line(&format!("{json:#}"));
        }
        _ => {
            let export = if format == "export-env" { "export " } else { "" };
            for (name, value) in pairs.iter().filter(|(name, _)| *name != "AWS_VAULT") {
                out::line(&format!("{export}{name}={value}"));
            }
        }
    }
    Ok(())
}

fn print_list(world: &World, list: &List) {
    let profiles = world.settings.profiles.keys();
    match list {
        List::Profiles => profiles.for_each(|profile| out::line(profile)),
        List::Credentials | List::Sessions => {}
        List::Table => {
            let row = |profile: &str, credentials: &str, sessions: &str| {
                out::line(&format!("{profile:<24} {credentials:<24} {sessions:<24} "));
            };
            row("Profile", "Credentials", "Sessions");
            row("=======", "===========", "========");
            profiles.for_each(|profile| row(profile, "-", "-"));
        }
    }
}
