//! Generating the units of stacks, as terragrunt does before it runs them. That copies files and needs no account, so it is
//! done without credentials.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::model::{Failure, Failures};
use crate::repo::Repository;
use crate::report::screen::{Tone, count};
use crate::tasks::apply_all::Work;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::session::Session;
use crate::tools::env::{self, Env, Purpose};
use crate::tools::process;
use crate::tools::programs::Tools;
use crate::tools::terragrunt::{self, Action};

/// The stacks of the units, each with one of its units.
fn stacks<'u>(work: &'u Work<'_>) -> BTreeMap<&'u Path, &'u Workable<'u>> {
    work.units.iter().filter_map(|unit| Some((unit.unit.stack.as_deref()?, unit))).collect()
}

/// Generates all stacks that have units here, and makes sure that each unit is then what was read.
pub(super) fn carry_out(session: &Session<'_>, ready: &Ready<'_>, work: &Work<'_>) -> Result<(), Failures> {
    let stacks = stacks(work);
    if stacks.is_empty() {
        return Ok(());
    }
    let name = |stack: &Path| stack.strip_prefix(&ready.repo.root).unwrap_or(stack).display().to_string();
    for (stack, unit) in &stacks {
        session.check_interrupt()?;
        let vars = environment(ready, unit);
        let program = ready.programs.path("terragrunt");
        process::captured(program, &terragrunt::GENERATE, stack, &vars).map_err(|error| {
            let what = "the units of a stack could not be generated, so nothing was planned";
            Failure::failed(what).in_file(name(stack)).because(error)
        })?;
    }
    Failures::check(work.units.iter().filter_map(|unit| missing(ready.repo, unit)).collect())?;
    let about = format!(
        "{}   {}",
        count(stacks.len(), "stack"),
        stacks.keys().map(|it| name(it)).collect::<Vec<_>>().join(" ")
    );
    session.context.screen.say(Tone::Good, "Generated", about);
    if session.context.tools() != Tools::Real {
        // A stand-in copies files and writes no values.
        return Ok(());
    }
    Failures::check(work.units.iter().filter_map(|unit| ready.repo.differs_from_generated(unit.unit)).collect())
}

/// A failure if the folder of a unit is missing, although its stack was generated.
fn missing(repo: &Repository, unit: &Workable<'_>) -> Option<Failure> {
    let (stack, folder) = (unit.unit.stack.as_deref()?, unit.unit.path.in_root(&repo.root));
    (!folder.is_dir()).then(|| {
        let what = format!("`terragrunt stack generate` ended well and did not write `{}`", unit.unit.path);
        let line = format!("cd {} && terragrunt stack generate", process::quoted(&stack.to_string_lossy()));
        Failure::failed(what).detail("nothing was planned").hint(format!("see what it writes: {line}"))
    })
}

fn environment(ready: &Ready<'_>, unit: &Workable<'_>) -> Env {
    let mut vars = env::build(&ready.shell, Purpose::Program, ready.repo.settings.pass_environment()).vars;
    vars.extend(Action::Init.environment(&unit.terraform));
    let nobody = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].map(|name| (name, "/dev/null"));
    let quiet = [("AWS_EC2_METADATA_DISABLED", "true"), ("GIT_TERMINAL_PROMPT", "0")];
    let all = nobody.into_iter().chain(quiet).map(|(name, value)| (OsString::from(name), OsString::from(value)));
    vars.extend(all);
    vars
}

/// The commands, ready to paste.
pub(super) fn shell_lines(work: &Work<'_>) -> String {
    let line =
        |stack: &&Path| format!("(cd {} && terragrunt stack generate)\n", process::quoted(&stack.to_string_lossy()));
    let lines: String = stacks(work).keys().map(line).collect();
    if lines.is_empty() { lines } else { format!("# Generating\n{lines}") }
}
