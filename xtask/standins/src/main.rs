//! Stands in for the outside tools in a rehearsal: one binary that acts by the file name it was started under.
//!
//! Stand-ins are strict: what the real tool would refuse, they refuse, with its exit code and in words of like
//! meaning. What the real tool would do and a rehearsal has no use for, they refuse too, and say so.

mod api;
mod args;
mod aws;
mod aws_vault;
mod child;
mod clock;
mod cloud;
mod deployer;
mod digest;
mod docker;
mod keys;
mod out;
mod partition;
mod refusal;
mod sample;
mod store;
mod sts;
mod terraform;
mod terragrunt;
mod unit;
mod world;

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use refusal::{Outcome, Refusal};
use world::World;

fn main() -> ExitCode {
    let mut argv = env::args_os();
    let name = argv.next().as_deref().map(Path::new).and_then(Path::file_name).map(|name| name.to_owned());
    let args: Vec<OsString> = argv.collect();
    let outcome = match name.as_deref().and_then(|name| name.to_str()) {
        Some("xtask-standin") => own(&args),
        Some(tool) => stand_in(tool, &args),
        None => Err(Refusal::new(1, "started under no name")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refusal.tell(),
    }
}

/// Acts as the tool `tool`.
fn stand_in(tool: &str, args: &[OsString]) -> Outcome {
    let run: fn(&World, &[OsString]) -> Outcome = match tool {
        "aws-vault" => aws_vault::run,
        "terragrunt" => terragrunt::run,
        "terraform" => terraform::run,
        "infrastructure-deployer" => deployer::run,
        "aws" => aws::run,
        "docker" => docker::run,
        _ => return Err(Refusal::new(1, format!("xtask-standin: stands in for no tool named `{tool}`"))),
    };
    let world = World::here()?;
    world.log_call(tool, args)?;
    run(&world, args)
}

/// The commands of the binary under its own name: making a world, laying out a sample, answering as STS.
fn own(args: &[OsString]) -> Outcome {
    let args = args::lossy(args);
    match args.split_first().map(|(name, rest)| (name.as_str(), rest)) {
        Some(("sample", rest)) => sample::run(rest),
        Some(("sts", rest)) => sts::run(rest),
        Some(("world", rest)) => world::setup::run(rest),
        _ => Err(Refusal::new(2, "usage: xtask-standin sample|sts|world …")),
    }
}
