//! Removing what is kept of old runs. What nobody has looked at yet stays.

use std::path::Path;

use super::find::{self, Known};
use crate::model::{Exit, Failure, Failures};
use crate::report::screen::{Tone, count};
use crate::run::event::StepResult;
use crate::run::folder::RunFolder;
use crate::run::lock::RunLock;
use crate::run::unfinished::Unfinished;
use crate::tasks::context::Context;
use crate::tools::{state, tty};

/// Removes all but the newest `keep` runs.
pub(super) fn run(context: &Context, root: &Path, keep: usize) -> Result<Exit, Failures> {
    let holder = format!("process {}, which removes old runs", std::process::id());
    let _lock = RunLock::take(&RunFolder::new(root).run_lock(), &holder)?;
    let runs = find::all(root);
    let mut old = Vec::new();
    for (at, run) in runs.iter().enumerate().skip(keep) {
        match unsettled(run, &runs[..at]) {
            Some(why) => context.screen.say(Tone::Plain, "Kept", format!("{}   {why}", run.folder.id)),
            None => old.push(run),
        }
    }
    let ids: String = old.iter().map(|run| format!("{}\n", run.folder.id)).collect();
    if old.is_empty() {
        context.screen.finished("nothing to remove");
        return Ok(Exit::DONE);
    }
    if context.globals.dry_run {
        context.result(&ids)?;
        return Ok(Exit::DONE);
    }
    ask(context, old.len())?;
    for run in &old {
        state::remove_folder(&run.folder.dir).map_err(|error| {
            let path = run.folder.dir.display().to_string();
            Failure::failed(format!("run {} can't be removed", run.folder.id)).in_file(path).because(error)
        })?;
    }
    context.result(&ids)?;
    context.screen.say(Tone::Good, "Removed", count(old.len(), "run"));
    Ok(Exit::DONE)
}

/// Why a run has to stay, if it has to. `newer` are those that began after it.
fn unsettled(run: &Known, newer: &[Known]) -> Option<String> {
    let story = match &run.story {
        Ok(story) => story.as_ref(),
        Err(damage) => return Some(format!("its journal is damaged: {}", damage.why)),
    };
    if run.is_alive {
        return Some("it is going on".to_owned());
    }
    if let Some(left) = Unfinished::of(&run.folder).into_iter().next() {
        let now = if left.is_running { "is still going on" } else { "has an end that nobody saw" };
        return Some(format!("{} of {} {now}", left.started.kind, left.started.subject));
    }
    if state::entries(&run.folder.dir).unwrap_or_default().iter().any(|path| is_state(path)) {
        return Some("it keeps a state that terraform could not save".to_owned());
    }
    let done_since = |path: &str| {
        let stories = newer.iter().filter_map(|run| run.story.as_ref().ok().and_then(Option::as_ref));
        stories.flat_map(|story| story.units()).any(|unit| unit.of.path == path && unit.result == succeeded())
    };
    let units = story?.units();
    let unknown =
        units.iter().find(|unit| unit.result == StepResult::Unknown.as_str() && !done_since(&unit.of.path))?;
    Some(format!("{} is unknown, and no later run has finished it", unknown.of.label))
}

fn succeeded() -> &'static str {
    StepResult::Succeeded.as_str()
}

fn is_state(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".errored.tfstate")
}

fn ask(context: &Context, n: usize) -> Result<(), Failure> {
    if context.globals.yes {
        return Ok(());
    }
    let question = format!("Remove what is kept of {}? [y/N] ", count(n, "run"));
    let otherwise = "there is no terminal to ask at: --yes, or --dry-run to see what would go";
    tty::agree(&question, "nothing was removed", otherwise, &|| false)
}
