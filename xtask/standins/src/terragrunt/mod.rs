//! Stands in for terragrunt v1.1.3: the shortcuts `init`, `plan`, `show` and `apply`, in one unit, and `stack generate`.

mod args;
mod cache;
mod log;
mod stack;
mod terraform;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::args::lossy;
use crate::keys::{self, Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::unit::Unit;
use crate::world::World;
use args::Command;
use terraform::Terraform;

/// Acts as terragrunt.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    let options = match args::read(&lossy(args))? {
        Command::Version => {
            out::line("terragrunt version v1.1.3");
            return Ok(());
        }
        Command::Help => {
            out::line("Usage: terragrunt [global options] <command> [options]");
            return Ok(());
        }
        Command::Generate => return stack::generate(world),
        Command::Shortcut(options) => options,
    };
    refuse_other_plans()?;
    let folder = env::current_dir().map_err(|error| Refusal::of_rehearsal("tell the current folder", error))?;
    let terraform = Terraform::new(terraform_path()?, &options);
    terraform.check_version(&folder)?;
    if !folder.join("terragrunt.hcl").is_file() {
        return Err(log::error(&format!(
            "You attempted to run terragrunt in a folder that does not contain a terragrunt.hcl file. Please add a \
             terragrunt.hcl file and try again.\n\nPath: \"{}/terragrunt.hcl\"",
            folder.display()
        )));
    }
    let unit = Unit::read(world.folder(), &folder).map_err(|refusal| log::error(&refusal.text))?;
    let assumed = assumed_role(world, &unit)?;
    let cache = cache::prepare(&folder, &unit, options.source_update)?;
    cache::refuse_foreign_lock(&folder, options.provider_cache)?;
    terraform.run(&unit, assumed.as_ref(), &folder, &cache)
}

/// The binary that is run as Terraform. The real one would look for `tofu` and `terraform` on the PATH; a pipeline that
/// leaves this to chance is what a rehearsal has to find.
fn terraform_path() -> Outcome<PathBuf> {
    let path = args::variable("TF_PATH", "TFPATH").map(PathBuf::from).ok_or_else(|| {
        Refusal::new(
            1,
            "rehearsal: terragrunt was told by neither TG_TF_PATH nor TERRAGRUNT_TFPATH which terraform to run",
        )
    })?;
    match path.is_absolute() {
        true => Ok(path),
        false => Err(log::error(&format!(
            "Failed to execute \"{0} -version\"\n\nexec: \"{0}\": executable file not found in $PATH",
            path.display()
        ))),
    }
}

/// Refuses what would make terragrunt run something else than this unit, or print it in another way. The real one obeys without a word.
fn refuse_other_plans() -> Outcome {
    let names = [
        "ALL",
        "GRAPH",
        "FILTER",
        "WORKING_DIR",
        "CONFIG",
        "SOURCE",
        "OUT_DIR",
        "BACKEND_BOOTSTRAP",
        "DOWNLOAD_DIR",
        "TF_FORWARD_STDOUT",
    ];
    let set = |name: &String| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    let mut variables = names.iter().flat_map(|name| [format!("TG_{name}"), format!("TERRAGRUNT_{name}")]);
    match variables.find(set) {
        Some(name) => {
            Err(Refusal::new(1, format!("rehearsal: `{name}` in the environment changes what terragrunt runs")))
        }
        None => Ok(()),
    }
}

/// The keys of the role that terragrunt is told to assume, by the environment or by the unit.
fn assumed_role(world: &World, unit: &Unit) -> Outcome<Option<Keys>> {
    let Some(role) = args::variable("IAM_ASSUME_ROLE", "IAM_ROLE").or_else(|| unit.iam_role.clone()) else {
        return Ok(None);
    };
    Keys::from_env(world).map_err(|none: NoKeys| log::error(none.text()))?;
    let account = keys::account_of_arn(&role)?;
    match world.knows(account) {
        true => Ok(Some(Keys::of(account))),
        false => Err(log::error(&format!("operation error STS: AssumeRole, api error AccessDenied: {role}"))),
    }
}
