//! `changes`: what an operator should know between two releases. Asks nobody, unless `--fetch` says so.

mod fetch;
mod table;

use serde_json::json;

pub use table::{Change, Kind, breaking, releases};

use crate::cli::{self, Format};
use crate::model::{Exit, Failure, Failures, ImageName, Tag, Version};
use crate::repo::coupling;
use crate::report::fill::filled;
use crate::report::screen::{Tone, count};
use crate::tasks::context::Context;

/// Prints the changes.
pub fn run(context: &Context, args: &cli::Changes) -> Result<Exit, Failures> {
    let mut table = table::embedded();
    if args.fetch {
        table = fetched(context, table);
    }
    let (from, said) = match &args.from {
        Some(tag) => (version(tag)?, tag.to_string()),
        None => effective(context)?,
    };
    let to = match &args.to {
        Some(tag) => version(tag)?,
        None => table::newest_in(&table).unwrap_or(from).max(from),
    };
    let changes = table::between(&table, from, to);
    match context.globals.format {
        Format::Json => {
            let needed = |it: coupling::Needed| json!({ "repository": it.repository, "folder": it.folder, "oldest": it.release.to_string() });
            let modules: Vec<_> = coupling::needed(to).into_iter().map(needed).collect();
            let report = json!({ "schema": 1, "from": said, "to": to.to_string(), "to_is_known": unknown(&table, to).is_none(), "changes": changes, "modules": modules });
            context.result(&format!("{report:#}\n"))?;
        }
        _ => {
            let columns = context.screen.result_width();
            // Releases that changed nothing worth telling are not in the table; what is newer than all in it is another matter.
            let newest = table::newest_in(&table).unwrap_or(from);
            let ends = [Some(from).filter(|from| *from > newest && *from != to), Some(to)].into_iter().flatten();
            let unknown = ends.filter_map(|end| unknown(&table, end));
            let unknown: String = unknown.map(|text| filled(&text, "\n!  ", "   ", columns)).collect();
            context.page(&(text(&said, from, to, &changes, columns) + &modules(to) + &unknown))?;
        }
    }
    Ok(Exit::DONE)
}

/// The newest release that this program knows of by itself.
pub fn newest() -> Version {
    table::newest_in(&table::embedded()).expect("a test reads the table")
}

/// Whether this program knows of a release.
pub fn is_known(tag: &Tag) -> bool {
    releases().iter().any(|known| known == tag.as_str())
}

/// What is not known of a release; `None` where it is in the table.
fn unknown(table: &[Change], release: Version) -> Option<String> {
    let is_there = table.iter().any(|change| change.version == release);
    let newest = table::newest_in(table)?;
    (!is_there).then(|| {
        format!("not known whether {release} is a release: it is not among those that this program knows of, the newest of which is {newest}; `--fetch` asks GitHub")
    })
}

fn version(tag: &Tag) -> Result<Version, Failure> {
    Version::parse(tag.as_str()).ok_or_else(|| {
        Failure::usage(format!("`{tag}` is not the number of a release")).hint("give one such as v1.3.0")
    })
}

/// The oldest tag that a unit gets now: from there on everything is news to somebody.
fn effective(context: &Context) -> Result<(Version, String), Failures> {
    let repo = context.repository()?;
    let uses = repo.units.iter().flat_map(|unit| ImageName::ALL.into_iter().filter_map(|image| unit.image(image)));
    let tags = uses.flat_map(|uses| uses.tags());
    let oldest = tags.filter_map(|tag| Some((Version::parse(tag.as_str())?, tag.to_string()))).min();
    oldest.ok_or_else(|| {
        Failure::usage("no unit gets a tag that is the number of a release, so it is not known from where to begin")
            .hint("say it: cargo xtask changes v0.52.1 v1.3.0")
            .into()
    })
}

/// The table with what GitHub has besides; without an answer the table alone, and that is said.
fn fetched(context: &Context, table: Vec<Change>) -> Vec<Change> {
    match fetch::releases(context) {
        Ok(releases) => {
            let (n, before) = (releases.len(), table.len());
            let table = fetch::completed(table, releases);
            let about = format!(
                "{} from GitHub by `gh`, {} of them not in the table",
                count(n, "release"),
                table.len() - before
            );
            context.screen.say(Tone::Good, "Fetched", about);
            table
        }
        Err(error) => {
            context.screen.insist(Tone::Warning, "Not fetched", format!("{error:#}; this is the table alone"));
            table
        }
    }
}

/// Which module images of this release go with.
fn modules(to: Version) -> String {
    let needed = coupling::needed(to);
    if needed.is_empty() {
        return String::new();
    }
    let mut text = format!("\nImages {to} need the module of the runner in this release or a newer one:\n");
    for it in needed {
        text += &format!("  {:8}  {} {}\n", it.release.to_string(), it.repository, it.folder);
    }
    text
}

fn text(said: &str, from: Version, to: Version, changes: &[Change], columns: usize) -> String {
    let going = if to < from { "   going back loses:" } else { "" };
    let mut text = format!("{said} -> {to}{going}\n");
    if changes.is_empty() {
        return text + "\n  nothing that an operator has to know\n";
    }
    let width = changes.iter().map(|change| change.version.to_string().len()).max().unwrap_or_default();
    let indent = " ".repeat(2 + width + 2 + 9 + 2);
    for change in changes {
        let first = format!("  {:width$}  {:9}  ", change.version.to_string(), change.kind);
        text += "\n";
        text += &filled(&change.what, &first, &indent, columns);
        if let Some(to_do) = &change.to_do {
            text += &filled(to_do, &format!("{indent}do: "), &format!("{indent}    "), columns);
        }
    }
    text
}
