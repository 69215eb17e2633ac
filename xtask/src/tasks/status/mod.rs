//! `status`: every tag and what decides it, alike units together, and what about the pins needs a look. Asks nobody.

mod json;
mod markdown;
mod notes;
mod rows;
mod text;
mod versions;

use crate::cli::{self, Format};
use crate::model::{Exit, Failure, Failures, ImageName, Kind};
use crate::repo::outside::OutsidePin;
use crate::repo::{Repository, Unit};
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
        let gets = |unit: &Unit, image| unit.image(image).is_none_or(|uses| uses.tag.value() == Some(tag));
        !repo.units.iter().all(|unit| images.iter().all(|image| gets(unit, *image)))
    });
    let status = Status {
        rows: rows::rows(&repo, &images, args.check.as_ref()),
        notes: notes::notes(context, &repo, &outside, idle, &images),
        outside,
        repo: &repo,
        images,
    };
    context.result(&match context.globals.format {
        Format::Text => text::table(&status),
        Format::Json => json::report(&status, args.check.as_ref().map(|_| !differs)),
        Format::Markdown => markdown::page(&status),
    })?;
    Failures::check(selection.take_problems(&mut repo))?;
    Ok(if differs { Exit::DIFFERS } else { Exit::DONE })
}
