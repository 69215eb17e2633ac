//! The list of all runs.

use std::path::Path;

use serde_json::json;

use super::find::{self, Known};
use crate::cli::Format;
use crate::model::{Exit, Failure, Failures};
use crate::report::screen::count;
use crate::report::table::table;
use crate::run::event::INTERRUPTED;
use crate::run::journal::story::UnitStory;
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

/// An empty list, where nothing was run yet.
pub(super) fn nothing(context: &Context, why: &Failure) -> Result<Exit, Failures> {
    match context.globals.format {
        Format::Json => context.result(&json!({ "schema": 1, "runs": [] }).to_string())?,
        _ => context.screen.lines(&why.what),
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

/// How many units came out how: `5 done, 1 unknown`; images are counted by themselves.
fn units(run: &Known) -> String {
    let Ok(Some(story)) = &run.story else { return "-".to_owned() };
    let (images, units): (Vec<_>, Vec<_>) = story.units().into_iter().partition(|unit| unit.of.is_image());
    let words = [
        ("failed", "failed"),
        ("unknown", "unknown"),
        (INTERRUPTED, INTERRUPTED),
        ("succeeded", "done"),
        ("planned", "planned"),
    ];
    let words = words.into_iter().chain([("early exit", "not started")]);
    let counted = |of: &[UnitStory<'_>], noun: &str| -> Vec<String> {
        let n_with = |result| of.iter().filter(|unit| story.shown(unit) == result).count();
        let counts = words.clone().map(|(result, word)| (n_with(result), word));
        let parts = counts.filter(|(n, _)| *n > 0);
        parts
            .map(|(n, word)| if noun.is_empty() { format!("{n} {word}") } else { format!("{} {word}", count(n, noun)) })
            .collect()
    };
    let parts: Vec<String> = [counted(&units, ""), counted(&images, "image")].concat();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}
