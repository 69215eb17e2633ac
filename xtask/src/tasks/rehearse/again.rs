//! A further command in a rehearsal that is laid out already, as its hints have it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Place, build_stand_ins, copy, join};
use crate::model::{Exit, Failure, Failures};
use crate::run::interrupt;
use crate::tasks::context::Context;
use crate::tools::process::Service;

/// Runs it. What was injected is over, as the cause of a failure would be by then.
pub(super) fn run(context: &Context, base: &Path, command: &[OsString]) -> Result<Exit, Failures> {
    let is_elsewhere = |word: &OsString| word == "--repo" || word.to_string_lossy().starts_with("--repo=");
    if command.iter().take_while(|word| *word != "--").any(is_elsewhere) {
        return Err(Failure::usage("a rehearsal is about its own copy, so its commands take no `--repo`").into());
    }
    let place = place(context, base).map_err(|error| {
        Failure::refused("there is no rehearsal in this folder").in_file(base.display().to_string()).because(error)
    })?;
    interrupt::leave_to_child()?;
    place
        .one(context, command.to_vec())
        .map_err(|error| Failure::failed("the command could not be rehearsed").because(error).into())
}

fn place(context: &Context, base: &Path) -> anyhow::Result<Place> {
    let base = base.canonicalize()?;
    let world = base.join("world");
    end_faults(&world.join("world.json"))?;
    let is_root = |path: &Path| path.join(".git").is_dir() && path != world;
    let mut entries = fs::read_dir(&base)?.flatten().map(|entry| entry.path());
    let root = entries.find(|path| is_root(path)).context("it has no copy of a repository")?;
    let standin = build_stand_ins(context)?;
    let sts = Service::start(&standin, &["sts".as_ref(), "--world".as_ref(), world.as_os_str()], "ready ")?;
    copy::write_settings(&root, &sts.told)?;
    let repo = context.opened_at(&root).map_err(|failures| anyhow::anyhow!("{}", join(&failures)))?;
    let profiles = repo.accounts.iter().map(|account| format!("--profile={0}=your-{0}", account.name)).collect();
    let is_copy = world.join("units.json").is_file();
    Ok(Place { root, world, profiles, is_copy, builds: true, _sts: sts })
}

fn end_faults(file: &Path) -> anyhow::Result<()> {
    let mut world: Value = serde_json::from_slice(&fs::read(file)?)?;
    if let Some(faults) = world.get_mut("inject") {
        *faults = json!([]);
        fs::write(file, world.to_string())?;
    }
    Ok(())
}
