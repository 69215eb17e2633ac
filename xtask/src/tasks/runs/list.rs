//! The list of all runs.

use std::path::Path;

use serde_json::json;

use super::find::{self, Known};
use crate::cli::Format;
use crate::model::{Exit, Failures};
use crate::report::table::table;
use crate::tasks::context::Context;

/// Prints all runs, newest first.
pub(super) fn run(context: &Context, root: &Path) -> Result<Exit, Failures> {
    let runs = find::all(root);
    match context.globals.format {
        Format::Json => {
            let runs: Vec<_> = runs.iter().map(as_json).collect();
            context.result(&json!({ "schema": 1, "runs": runs }).to_string())?;
        }
        _ => context.page(&text(&runs, context.screen.result_columns()))?,
    }
    Ok(Exit::DONE)
}

fn as_json(run: &Known) -> serde_json::Value {
    let story = run.story.as_ref().ok().and_then(Option::as_ref);
    json!({
        "run": run.folder.id, "started": story.map(|story| &story.time), "who": story.map(|story| &story.begun.who),
        "command": story.map(|story| &story.begun.argv), "result": run.result(), "units": units(run),
    })
}

fn text(runs: &[Known], columns: Option<usize>) -> String {
    let mut rows = vec![["run", "began", "command", "result", "units", "who"].map(str::to_owned)];
    rows.extend(runs.iter().map(|run| {
        let story = run.story.as_ref().ok().and_then(Option::as_ref);
        let of = |text: fn(&crate::run::journal::story::Story) -> String| story.map_or("-".to_owned(), text);
        [
            run.folder.id.clone(),
            of(|story| format!("{} UTC", story.time.get(11..16).unwrap_or("?"))),
            of(|story| story.begun.command.clone()),
            run.result().to_owned(),
            units(run),
            of(|story| story.begun.who.clone()),
        ]
    }));
    table(&rows, columns)
}

/// How many units came out how: `5 done, 1 unknown`.
fn units(run: &Known) -> String {
    let Ok(Some(story)) = &run.story else { return "-".to_owned() };
    let units = story.units();
    let words = [("failed", "failed"), ("unknown", "unknown"), ("succeeded", "done"), ("early exit", "not started")];
    let counts = words.map(|(result, word)| (units.iter().filter(|unit| unit.result == result).count(), word));
    let parts: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}
