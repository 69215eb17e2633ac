//! Stands in for Terraform v1.11.4: `version`, `init`, `plan`, `show` and `apply` of one ecs-deploy-runner module.

mod apply;
mod archive;
mod change;
mod describe;
mod plan;
mod resource;
mod show;
mod state;
mod version;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::args::{self, Known, Parsed, Takes, lossy};
use crate::keys::{Keys, NoKeys};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::store;
use crate::unit::hcl;
use crate::world::World;

pub(crate) use apply::seed;
pub(crate) use resource::Inputs;

/// The version that it says it is.
const VERSION: &str = "1.11.4";

const INIT: &[Known] = &[
    ("backend", Takes::Nothing),
    ("backend-config", Takes::Value),
    ("force-copy", Takes::Nothing),
    ("get", Takes::Nothing),
    ("input", Takes::Nothing),
    ("lock", Takes::Nothing),
    ("lock-timeout", Takes::Duration),
    ("lockfile", Takes::Value),
    ("no-color", Takes::Nothing),
    ("reconfigure", Takes::Nothing),
    ("upgrade", Takes::Nothing),
];
const SHOW: &[Known] = &[("json", Takes::Nothing), ("no-color", Takes::Nothing)];

/// Acts as Terraform.
pub(crate) fn run(world: &World, args: &[OsString]) -> Outcome {
    let args = lossy(args);
    let Some((command, rest)) = args.split_first() else {
        return Err(Refusal::new(127, "Usage: terraform [global options] <subcommand> [args]"));
    };
    match command.as_str() {
        "version" | "-version" | "--version" | "-v" => version::run(rest),
        "init" => init(world, &flags("init", INIT, rest)?),
        "plan" => plan::run(world, &flags("plan", plan::FLAGS, rest)?),
        "show" => show::run(world, &flags("show", SHOW, rest)?),
        "apply" => apply::run(world, &flags("apply", apply::FLAGS, rest)?),
        "destroy" | "import" | "output" | "refresh" | "state" | "validate" | "taint" | "untaint" | "workspace"
        | "get" => Err(Refusal::new(1, format!("rehearsal: the stand-in for terraform has no `{command}`"))),
        option if option.starts_with("-chdir") => {
            Err(Refusal::new(1, "rehearsal: the stand-in for terraform has no `-chdir`"))
        }
        other => Err(Refusal::new(
            1,
            format!(
                "Terraform has no command named \"{other}\".\n\nTo see all of Terraform's top-level commands, run:\n  terraform -help\n"
            ),
        )),
    }
}

/// The key of the state of a unit of Terraform alone.
pub(crate) fn key_in(folder: &Path) -> Outcome<String> {
    Folder { path: folder.to_owned() }.backend_key()
}

/// A failure as Terraform words it, with exit code 1.
fn error(title: &str, detail: &str) -> Refusal {
    let detail = if detail.is_empty() { String::new() } else { format!("\n{detail}\n") };
    Refusal::new(1, format!("\nError: {title}\n{detail}"))
}

fn flags(command: &str, known: &[Known], args: &[String]) -> Outcome<Parsed> {
    let usage = format!("For more help on using this command, run:\n  terraform {command} -help");
    let parsed = args::go(known, args)
        .map_err(|text| error("Failed to parse command-line flags", &format!("{text}\n\n{usage}")))?;
    let at_most = usize::from(matches!(command, "apply" | "show"));
    if parsed.rest.len() > at_most {
        return Err(error("Too many command line arguments", &usage));
    }
    Ok(parsed)
}

fn init(world: &World, _flags: &Parsed) -> Outcome {
    let folder = Folder::current()?;
    folder.backend_key()?;
    keys(world)?;
    out::line("Initializing the backend...");
    fs::create_dir_all(folder.path.join(".terraform")).map_err(|error| store::at(&folder.path, error))?;
    out::line("Initializing modules...\nInitializing provider plugins...\n");
    out::line("Terraform has been successfully initialized!");
    Ok(())
}

/// The keys in the environment, or the failure that backend and provider give without any.
fn keys(world: &World) -> Outcome<Keys> {
    Keys::from_env(world).map_err(|none| match none {
        NoKeys::Missing => error("No valid credential sources found", &format!("Error: {}", none.text())),
        NoKeys::Unknown => error("Retrieving AWS account details: validating provider credentials", none.text()),
    })
}

/// The folder that Terraform runs in.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn current() -> Outcome<Self> {
        let path = env::current_dir().map_err(|error| Refusal::of_rehearsal("tell the current folder", error))?;
        Ok(Self { path })
    }

    /// The key of the backend, or of the folder where there is none; `init` must have seen it.
    fn initialized_key(&self) -> Outcome<String> {
        if !self.path.join(".terraform").is_dir() {
            return Err(error(
                "Backend initialization required, please run \"terraform init\"",
                "Reason: Initial configuration of the requested backend \"s3\"",
            ));
        }
        self.backend_key()
    }

    fn backend_key(&self) -> Outcome<String> {
        let text = configuration(&self.path);
        if text.is_empty() {
            return Err(error("No configuration files", "rehearsal: there is no `*.tf` here"));
        }
        let own = || format!("{}/terraform.tfstate", self.path.file_name().unwrap_or_default().to_string_lossy());
        Ok(hcl::string(&text, "key").unwrap_or_else(own))
    }

    /// The file that planning leaves beside the module and applying needs, as a zipped lambda is.
    fn bundle(&self) -> PathBuf {
        self.path.join(".terraform/invoker.zip")
    }
}

/// All of a folder's `*.tf`, one after the other.
fn configuration(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "tf")).collect();
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect::<Vec<_>>().join("\n")
}

/// Whether a path exists, without following what it links to.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
