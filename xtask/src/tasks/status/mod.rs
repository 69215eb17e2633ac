//! `status`: every tag and what decides it, alike units together, and what about the pins needs a look. Asks nobody.

mod json;
mod markdown;
mod notes;
mod rows;
mod text;
mod versions;

use crate::cli::{self, Format};
use crate::model::{Exit, Failure, Failures, ImageName, Kind, Tag};
use crate::repo::outside::OutsidePin;
use crate::repo::{Decider, Repository, Unit};
use crate::tasks::context::Context;
use crate::tasks::select::Selection;
use notes::Note;
use rows::Row;

/// All that there is to show.
struct Status<'r> {
    repo: &'r Repository,
    images: Vec<ImageName>,
    rows: Vec<Row<'r>>,
    outside: Vec<OutsidePin>,
    notes: Vec<Note>,
}

/// Prints the status; with `--check` tells by the exit code whether every unit gets the tag.
pub fn run(context: &Context, args: &cli::Status) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    if repo.units.is_empty() {
        Failures::check(repo.take_problems())?;
        return Err(Failure::new(Kind::NothingSelected, "there is no unit").hint("see `cargo xtask units`").into());
    }
    let wanted = |image: &ImageName| args.image.is_empty() || args.image.contains(image);
    let images: Vec<_> = ImageName::ALL.into_iter().filter(wanted).collect();
    let outside = repo.outside_pins();
    // What decides nothing in the selected units may decide something elsewhere.
    let idle = repo.idle_pins();
    let selection = Selection::of(context, &repo, &args.selectors)?;
    repo.units.retain(|unit| selection.holds(unit));
    let differs = args.check.as_ref().is_some_and(|tag| {
        !repo.units.iter().all(|unit| images.iter().all(|image| gets(unit, *image, tag, &args.config)))
    });
    Failures::check(misnamed(&repo, &args.config))?;
    let status = Status {
        rows: rows::rows(&repo, &images, args.check.as_ref()),
        notes: notes::notes(context, &repo, &outside, idle, &images),
        outside,
        repo: &repo,
        images,
    };
    context.page(&match context.globals.format {
        Format::Text => text::table(&status, context.screen.result_width()),
        Format::Json => json::report(&status, args.check.as_ref().map(|_| !differs)),
        Format::Markdown => markdown::page(&status),
    })?;
    Failures::check(selection.take_problems(&mut repo))?;
    Ok(if differs { Exit::DIFFERS } else { Exit::DONE })
}

/// Whether a unit gets this tag in every configuration, or in the named ones.
fn gets(unit: &Unit, image: ImageName, tag: &Tag, configurations: &[String]) -> bool {
    let Some(uses) = unit.image(image) else { return true };
    let is_meant = |decider: &&Decider| configurations.iter().any(|name| decider.is_called(name));
    match configurations.is_empty() || uses.deciders.is_empty() {
        true => uses.tag.value() == Some(tag),
        false => uses.deciders.iter().filter(is_meant).all(|decider| decider.tag.value() == Some(tag)),
    }
}

/// Names of configurations that no unit has.
fn misnamed(repo: &Repository, names: &[String]) -> Vec<Failure> {
    let uses = || repo.units.iter().flat_map(|unit| unit.images.values().flatten());
    let is_there = |name: &String| uses().flat_map(|uses| &uses.deciders).any(|decider| decider.is_called(name));
    let failure = |name| Failure::new(Kind::NothingSelected, format!("no unit has the configuration `{name}`"));
    names.iter().filter(|name| !is_there(name)).map(failure).collect()
}
