//! States that terraform could not save: the only record of what an apply made. They are kept, and never planned over.

use std::path::Path;

use crate::model::{Failure, regular};
use crate::report::summary::Row;
use crate::run::event::{Outcome, StepResult};
use crate::tasks::ready::Workable;
use crate::tasks::session::Session;
use crate::tools::cache;
use crate::tools::process::{private_file, quoted};

/// A refusal for each state that an earlier apply left behind: a source update would delete it.
pub(super) fn left_behind(root: &Path, units: &[Workable<'_>]) -> Vec<Failure> {
    let of_unit = |unit: &Workable<'_>| {
        let folder = unit.unit.path.in_root(root);
        let program = program(unit);
        cache::errored_states(&folder)
            .into_iter()
            .map(move |state| refusal(root, &folder, &state, &program))
            .collect::<Vec<_>>()
    };
    units.iter().flat_map(of_unit).collect()
}

/// What pushes a state, in the workspace of the unit: without it, it would be pushed into another one.
fn program(unit: &Workable<'_>) -> String {
    let Some(standalone) = &unit.standalone else { return "terragrunt".to_owned() };
    let name =
        unit.terraform.file_name().map_or_else(|| "terraform".to_owned(), |name| name.to_string_lossy().into_owned());
    match &standalone.workspace {
        Some(workspace) => format!("TF_WORKSPACE={} {}", quoted(workspace), quoted(&name)),
        None => quoted(&name),
    }
}

fn refusal(root: &Path, folder: &Path, state: &Path, program: &str) -> Failure {
    let unit = folder.strip_prefix(root).unwrap_or(folder).display();
    let (folder, file) = (quoted(&folder.to_string_lossy()), quoted(&state.to_string_lossy()));
    Failure::refused(format!("an earlier apply of `{unit}` could not save its state, and planning would delete it"))
        .in_file(state.strip_prefix(root).unwrap_or(state).display().to_string())
        .hint(format!("with the unit's credentials: cd {folder} && {program} state push {file}"))
        .hint("once it is pushed, remove the file and run this again")
}

/// Keeps the state that an apply which ended badly could not save, and says so in its row.
pub(super) fn keep(session: &Session<'_>, unit: &Workable<'_>, outcome: &Outcome, row: &mut Row) {
    if !matches!(outcome.result, StepResult::Failed | StepResult::Unknown) {
        return;
    }
    for state in cache::errored_states(&unit.unit.path.in_root(&session.root)) {
        let kept = session.run.lost_state(&unit.label);
        let copied = regular::open(&state)
            .map_err(anyhow::Error::from)
            .and_then(|mut from| Ok(std::io::copy(&mut from, &mut private_file(&kept)?)?));
        let place = if copied.is_ok() { kept } else { state };
        let place = place.strip_prefix(&session.root).unwrap_or(&place).display().to_string();
        let said = format!(
            "terraform could not save the state; it is kept in {place}, and has to be pushed before anything else"
        );
        row.cause = Some(row.cause.take().map_or_else(|| said.clone(), |cause| format!("{cause}\n{said}")));
    }
}
