//! The processes that a run is made of besides the tools: both guards and the log relay, which are this binary too.

use std::ffi::OsString;
use std::path::Path;

use crate::cli;
use crate::model::{Exit, Failure, Failures};
use crate::report::screen::{Color, Screen, Volume};
use crate::run::redact::Redactor;
use crate::run::relay;
use crate::tools::attempt::Attempt;
use crate::tools::docker::login::Login;
use crate::tools::guard::{self, GuardOrder, TerragruntOrder};
use crate::tools::question::Answer;
use crate::tools::shim::{self, ShimConfig};
use crate::tools::{api, env, secrets};

/// The outer guard. Returns only if nothing was started, or nothing was to be.
pub fn guard(args: cli::Guard) -> Result<Exit, Failures> {
    let order = order(args);
    // In a mere proof of identity the runner reports what is wrong, in its own words and all accounts together.
    let is_reported = order.attempt.is_some() && order.program.is_empty();
    match guard::run(&order) {
        Ok(()) => Ok(Exit::DONE),
        Err(failure) if is_reported => Ok(failure.kind.into()),
        Err(failure) => Err(failure.into()),
    }
}

/// The log relay.
pub fn relay(args: &cli::Relay) -> Result<Exit, Failures> {
    relay::run(&args.log, args.secrets.as_deref())?;
    Ok(Exit::DONE)
}

/// Docker's way into a registry, started by the outer guard.
pub fn sign_in(args: cli::SignIn) -> Result<Exit, Failures> {
    let cli::SignIn { docker, registry, region } = args;
    Login { docker, registry, region }.run()?;
    Ok(Exit::DONE)
}

/// Asks AWS several questions, and prints the answers as JSON.
pub fn ask(args: cli::Ask) -> Result<Exit, Failures> {
    let vars = env::of_this_process();
    let mut answers = api::ask_all(args.question, &vars);
    // They go to a file, and what AWS complains of onto the screen.
    let redactor = Redactor::new(secrets::of(&vars));
    for answer in &mut answers {
        if let Answer::Failed(error) = answer {
            error.message = redactor.text(&error.message);
        }
    }
    let text = serde_json::to_string(&answers).expect("answers are text and numbers");
    Screen::new(Color::Never, Volume::Normal)
        .result(&text)
        .map_err(|error| Failure::failed("cannot print the answers").because(error))?;
    Ok(Exit::DONE)
}

/// The inner guard, if that is what this program was put in place as. Returns only if nothing was started.
pub fn shim(program: &Path, args: &[OsString]) -> Option<Failure> {
    Some(match ShimConfig::beside(program)? {
        Ok((config, attempt)) => shim::run(&config, &attempt, args),
        Err(failure) => failure,
    })
}

fn order(args: cli::Guard) -> GuardOrder {
    let attempt = args.attempt.zip(args.nonce).map(|(dir, nonce)| Attempt { dir, nonce });
    let terragrunt = match (args.action, args.terraform, args.plan) {
        (Some(action), Some(terraform), Some(plan)) => Some(TerragruntOrder {
            action,
            terraform,
            plan,
            consent: args.consent,
            workspace: args.workspace,
            product: args.product,
            in_plan_folder: args.in_plan_folder,
            provider_cache: args.provider_cache,
        }),
        _ => None,
    };
    GuardOrder {
        account: args.account,
        region: args.region,
        endpoint: args.endpoint_url,
        pass_environment: args.pass_environment,
        attempt,
        locks: args.lock,
        terragrunt,
        program: args.program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;
    use crate::tools::terragrunt::Action;
    use clap::Parser;

    #[test]
    fn an_order_survives_the_command_line() {
        let original = GuardOrder {
            account: AccountId::parse("000000000004").unwrap(),
            region: "us-east-1".parse().unwrap(),
            endpoint: Some("http://127.0.0.1:5000".to_owned()),
            pass_environment: vec!["TF_VAR_*".to_owned(), "--odd".to_owned()],
            attempt: Some(Attempt { dir: "/a b/x".into(), nonce: "n".to_owned() }),
            locks: vec!["/lock".into(), "/outer/lock".into()],
            terragrunt: Some(TerragruntOrder {
                action: Action::Apply,
                terraform: "/bin/tofu".into(),
                plan: "/p".into(),
                consent: Some("/c".into()),
                workspace: Some("blue".to_owned()),
                product: Some("/s".into()),
                in_plan_folder: true,
                provider_cache: true,
            }),
            program: ["terragrunt", "--", "it's"].map(OsString::from).to_vec(),
        };
        let argv = std::iter::once("xtask".into()).chain(original.arguments());
        let cli::Command::Guard(args) = cli::Cli::try_parse_from(argv).unwrap().command else { panic!("not a guard") };
        assert_eq!(format!("{:?}", order(args)), format!("{original:?}"));
    }
}
