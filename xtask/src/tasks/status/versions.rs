//! What about versions needs a look: those that should move together and don't, and what the next terragrunt will refuse.

use std::collections::BTreeMap;

use super::notes::{Note, Topic};
use super::rows::usual_tag;
use crate::model::{ImageName, Tag, Version};
use crate::repo::coupling::{self, TooOld};
use crate::repo::outside::OutsidePin;
use crate::repo::{Repository, Unit, retired};
use crate::tasks::context::Context;
use crate::tools::env::{self, Purpose};
use crate::tools::{process, programs, terragrunt};

/// A module that its images are too new for.
pub(super) fn old_module(unit: &Unit, image: ImageName) -> Vec<Note> {
    let note = |tag: &Tag| {
        let TooOld { module, needs, since, why } = coupling::too_old(&unit.module, tag)?;
        let text = format!(
            "module {module} is too old for {image} {tag}: images from {since} on need {needs} or newer, since {why}"
        );
        Some(unit.module.place.iter().fold(Note::new(Topic::OldModule, text), Note::at))
    };
    unit.image(image).into_iter().flat_map(|uses| uses.tags()).filter_map(note).collect()
}

/// Versions in scripts and files of CI that the units of the repository have left behind, or the other way round.
pub(super) fn outside(repo: &Repository, pins: &[OutsidePin], images: &[ImageName]) -> Vec<Note> {
    let units: Vec<_> = repo.units.iter().collect();
    let mut apart: BTreeMap<(&str, ImageName, &str), Vec<&OutsidePin>> = BTreeMap::new();
    for pin in pins.iter().filter(|pin| images.contains(&pin.image)) {
        if let Some(value) = &pin.value {
            apart.entry((pin.key, pin.image, value)).or_default().push(pin);
        }
    }
    let note = |((key, image, value), pins): ((&str, ImageName, &str), Vec<&OutsidePin>)| {
        let usual = usual_tag(&units, image)?;
        let text = format!("`{key}` is {value}, and the tag of {image} is {usual}");
        let note = pins.iter().fold(Note::new(Topic::OutsidePin, text), |note, pin| note.at(pin.place()));
        (usual.as_str() != value).then_some(note)
    };
    apart.into_iter().filter_map(note).collect()
}

/// Filters for images of workers whose release is not that of the module.
pub(super) fn workers(repo: &Repository) -> Vec<Note> {
    let note = |filter: &crate::repo::workers::WorkerFilter| {
        let behind = filter.behind(repo);
        let (_, version) = behind.first()?;
        let release = filter.release.as_deref()?;
        let text = format!("the workers' machine image is {release}, and the module is {version}");
        let note = Note::new(Topic::WorkerImage, text).at(&filter.place);
        Some(behind.iter().fold(note, |note, (path, _)| note.about_path(path)))
    };
    repo.worker_filters().iter().filter_map(note).collect()
}

/// Attributes that the terragrunt that is installed, or the next one, fails on.
pub(super) fn retired(context: &Context, repo: &Repository) -> Vec<Note> {
    let found = repo.retired_attributes();
    if found.is_empty() {
        return Vec::new();
    }
    let since = retired::SINCE;
    let when = match installed(context, repo) {
        Some(version) if version >= since => format!("is an error for terragrunt {version}, which is installed"),
        Some(version) => {
            format!("works with terragrunt {version}, which is installed, and is an error from {since} on")
        }
        None => format!("is an error for terragrunt {since} and newer"),
    };
    let mut notes: Vec<Note> = Vec::new();
    for attribute in found {
        let text = format!("`{}` {when}: {} takes its place", attribute.name, attribute.instead);
        match notes.last_mut().filter(|last| last.text == text) {
            Some(last) => last.places.push(attribute.place.to_string()),
            None => notes.push(Note::new(Topic::Retired, text).at(attribute.place)),
        }
    }
    notes
}

/// The version of the terragrunt that would be used. Only asked where it matters.
fn installed(context: &Context, repo: &Repository) -> Option<Version> {
    let program = programs::locate("terragrunt", &repo.root, &context.vars)?;
    let plain = env::build(&context.vars, Purpose::Plain, &[]).vars;
    let said = process::captured(program, &["--version"], &repo.root, &plain).ok()?;
    Version::parse(terragrunt::version(&said)?)
}
