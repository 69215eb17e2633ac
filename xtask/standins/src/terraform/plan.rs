//! `terraform plan`, and the file that it saves.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{self, Change, Count};
use super::resource::Inputs;
use super::state::State;
use super::{Folder, archive, describe, error, exists, keys};
use crate::args::{Known, Parsed, Takes};
use crate::clock::{self, Moment};
use crate::keys::Keys;
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

pub(super) const FLAGS: &[Known] = &[
    ("compact-warnings", Takes::Nothing),
    ("destroy", Takes::Nothing),
    ("detailed-exitcode", Takes::Nothing),
    ("input", Takes::Nothing),
    ("json", Takes::Nothing),
    ("lock", Takes::Nothing),
    ("lock-timeout", Takes::Duration),
    ("no-color", Takes::Nothing),
    ("out", Takes::Value),
    ("parallelism", Takes::Value),
    ("refresh", Takes::Nothing),
    ("refresh-only", Takes::Nothing),
    ("replace", Takes::Value),
    ("target", Takes::Value),
    ("var", Takes::Value),
    ("var-file", Takes::Value),
];

/// Options that make another plan than the whole one.
const NOT_HERE: &[&str] = &["destroy", "json", "refresh-only", "replace", "target", "var"];

/// A saved plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Tells a plan of a rehearsal from anything else.
    rehearsal_plan: u32,
    pub(super) timestamp: String,
    pub(super) key: String,
    pub(super) region: String,
    pub(super) lineage: String,
    pub(super) serial: u64,
    pub(super) variables: Value,
    pub(super) changes: Vec<Change>,
}

impl Plan {
    /// Compares the state in the account of these keys with the inputs.
    pub(super) fn make(world: &World, keys: &Keys, key: String, inputs: &Inputs) -> Outcome<Self> {
        let state = State::read(&world.state(&keys.account, &key))?;
        Ok(Self {
            rehearsal_plan: 1,
            timestamp: Moment::now().rfc3339(),
            key,
            region: inputs.region.clone(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            variables: inputs.variables(),
            changes: change::changes(&state.resources(), inputs),
        })
    }

    /// Reads a saved plan; why it can't be read is the error.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let shown = file.display();
        if !exists(file) {
            return Err(format!("{shown}: no such file or directory"));
        }
        let archive = fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
        let plan = archive::plan_in(&archive).and_then(|plan| serde_json::from_slice(plan).ok());
        plan.ok_or_else(|| format!("{shown}: zip: not a valid zip file"))
    }

    /// Whether anything would be done.
    pub(super) fn does_something(&self) -> bool {
        self.changes.iter().any(Change::does_something)
    }

    pub(super) fn count(&self) -> Count {
        Count::of(&self.changes)
    }
}

/// Plans, says what would change, and saves the plan.
pub(super) fn run(world: &World, flags: &Parsed) -> Outcome {
    refuse_partial(flags)?;
    let plan = make(world, &keys(world)?, flags)?;
    describe::print(&plan);
    if let Some(file) = flags.value("out") {
        save(&plan, Path::new(file))?;
    }
    match flags.is_set("detailed-exitcode") && plan.does_something() {
        true => Err(Refusal::silent(2)),
        false => Ok(()),
    }
}

/// Plans for the folder that this runs in, and leaves beside the module what applying needs.
pub(super) fn make(world: &World, keys: &Keys, flags: &Parsed) -> Outcome<Plan> {
    let folder = Folder::current()?;
    let key = folder.initialized_key()?;
    if world.is_busy_now(&keys.account)? {
        let title = "reading ECS Cluster: operation error ECS: DescribeClusters, https response error StatusCode: 400, \
                     ThrottlingException: Rate exceeded";
        return Err(error(title, ""));
    }
    while world.hangs(&keys.account) {
        // Only a signal ends it, as it would end one that waits for an answer that never comes.
        out::line("aws_ecs_cluster.runner: Still reading...");
        clock::pause(60_000);
    }
    let plan = Plan::make(world, keys, key, &Inputs::of(world.folder(), &folder.path, flags.values("var-file"))?)?;
    fs::write(folder.bundle(), b"zipped").map_err(|failure| error("Error archiving file", &failure.to_string()))?;
    Ok(plan)
}

pub(super) fn refuse_partial(flags: &Parsed) -> Outcome {
    match NOT_HERE.iter().find(|name| flags.value(name).is_some()) {
        Some(name) => Err(Refusal::new(1, format!("rehearsal: the stand-in for terraform has no `-{name}`"))),
        None => Ok(()),
    }
}

fn save(plan: &Plan, file: &Path) -> Outcome {
    let text = serde_json::to_vec(plan).map_err(|failure| error("Failed to write plan file", &failure.to_string()))?;
    fs::write(file, archive::pack(&text, &Folder::current()?.path)).map_err(|failure| {
        error(
            "Failed to write plan file",
            &format!("The plan file could not be written: open {}: {failure}.", file.display()),
        )
    })?;
    if plan.does_something() {
        let line = "─".repeat(77);
        out::line(&format!("\n{line}\n\nSaved the plan to: {0}\n", file.display()));
        out::line("To perform exactly these actions, run the following command to apply:");
        out::line(&format!("    terraform apply \"{}\"", file.display()));
    }
    Ok(())
}
