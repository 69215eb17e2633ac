//! `aws configure export-credentials`.

use serde_json::json;

use super::args::{Call, usage};
use crate::keys::{Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::{Inject, World};

/// Prints the keys of `AWS_PROFILE`, or those in the environment, which the CLI does without asking AWS about them.
pub(super) fn export_credentials(world: &World, call: &Call) -> Outcome {
    let format = call.value("format").unwrap_or("process");
    if !["process", "env", "env-no-export"].contains(&format) {
        return Err(usage("argument --format: Invalid choice, valid choices are: process, env, env-no-export"));
    }
    let profile = std::env::var("AWS_PROFILE").ok().filter(|profile| !profile.is_empty());
    let of_profile = profile.map(|profile| match world.settings.profiles.get(&profile) {
        Some(account) if !world.injects(&Inject::SignedOut) => Ok(Keys::of(&world.account_answering_for(account))),
        Some(_) => {
            Err(Refusal::new(255, "\nError when retrieving token from sso: Token has expired and refresh failed"))
        }
        None => Err(Refusal::new(255, format!("\nThe config profile ({profile}) could not be found"))),
    });
    let keys = of_profile.unwrap_or_else(|| of_environment(world))?;

    if format == "process" {
        let mut json = json!({
            "Version": 1,
            "AccessKeyId": keys.id,
            "SecretAccessKey": keys.secret,
            "SessionToken": keys.token,
        });
        if let Ok(expiration) = std::env::var("AWS_CREDENTIAL_EXPIRATION") {
            json["Expiration"] = expiration.into();
        }
        super::print(&json);
        return Ok(());
    }
    let export = if format == "env" { "export " } else { "" };
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", &keys.id), ("AWS_SECRET_ACCESS_KEY", &keys.secret), ("AWS_SESSION_TOKEN", &keys.token)]
    {
        out::line(&format!("{export}{name}={value}"));
    }
    Ok(())
}

fn of_environment(world: &World) -> Result<Keys, Refusal> {
    Keys::from_env(world).map_err(|none| match none {
        NoKeys::Missing => Refusal::new(253, "\nUnable to retrieve credentials: no credentials found"),
        NoKeys::Unknown => Refusal::new(1, "rehearsal: the keys in the environment are none that were handed out"),
    })
}
