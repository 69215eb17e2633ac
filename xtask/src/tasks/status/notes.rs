//! What about the pins needs a look.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Failure, ImageName, Tag, UnitPath, literal};
use crate::repo::image::Decider;
use crate::repo::outside::OutsidePin;
use crate::repo::{Exclusion, Idle, Remark, Repository, Unit, UnitTag};
use crate::report::screen::count;
use crate::tasks::context::Context;
use crate::tasks::select::labels;
use crate::tasks::status::versions;

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    /// What it is, in a word for programs.
    pub(super) kind: Topic,
    /// What it is, in a sentence.
    pub(super) text: String,
    /// Where it is.
    pub(super) places: Vec<String>,
    /// The units that it is about, by path; none if it is about the repository.
    pub(super) units: Vec<String>,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Topic {
    /// A tag that can't be known offline.
    Unknown,
    /// The configurations of one unit have different tags.
    Configurations,
    /// Units have different tags.
    Drift,
    /// A unit decides by itself what a shared pin decides for others.
    OwnPin,
    /// A literal that is named like a pin and decides nothing.
    IdlePin,
    /// An image beside the two.
    OtherImage,
    /// An image that is named like the other one.
    Name,
    /// A module that is too old for its images.
    OldModule,
    /// A version in a script or a file of CI that is not that of the units.
    OutsidePin,
    /// A machine image of workers that is not of the module's release.
    WorkerImage,
    /// An attribute that newer releases of terragrunt don't parse.
    Retired,
    /// A default that is used although the variable is set in the user's shell.
    Environment,
    /// A unit that its own configuration leaves out of plans or applies.
    Excluded,
    /// Something that would make every apply fail.
    NotAppliable,
    /// Something that terragrunt fails on, although no tag depends on it.
    TerragruntError,
    /// An account without a runner, or what only bears the name of one.
    NoRunner,
}

impl Note {
    pub(super) fn new(kind: Topic, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), places: Vec::new(), units: Vec::new() }
    }

    pub(super) fn at(mut self, place: impl ToString) -> Self {
        self.places.push(place.to_string());
        self
    }

    fn about(self, unit: &Unit) -> Self {
        self.about_path(&unit.path)
    }

    pub(super) fn about_path(mut self, path: &UnitPath) -> Self {
        self.units.push(path.to_string());
        self
    }
}

/// All notes: what may be wrong first, what is only good to know last.
pub(super) fn notes(
    context: &Context,
    repo: &Repository,
    outside: &[OutsidePin],
    idle: Vec<Idle>,
    images: &[ImageName],
) -> Vec<Note> {
    let units: Vec<_> = repo.units.iter().collect();
    let labels = labels(&units);
    let mut notes = Vec::new();
    for &image in images {
        notes.extend(alike(&units, |unit| unknown(unit, image).into_iter().collect()));
        notes.extend(drift(&units, &labels, image));
        notes.extend(own_pins(repo, &units, &labels, image));
        notes.extend(alike(&units, |unit| versions::old_module(unit, image)));
    }
    notes.extend(alike(&units, |unit| configurations(unit, images).into_iter().collect()));
    notes.extend(alike(&units, |unit| unit.remarks.iter().map(remark).collect()));
    notes.extend(alike(&units, |unit| unit.excluded.iter().map(excluded).collect()));
    notes.extend(alike(&units, |unit| of_failures(Topic::NotAppliable, &unit.not_appliable)));
    notes.extend(alike(&units, |unit| of_failures(Topic::Name, &unit.notes)));
    notes.extend(alike(&units, |unit| of_failures(Topic::TerragruntError, &repo.complaints(unit))));
    notes.extend(versions::retired(context, repo));
    notes.extend(versions::outside(repo, outside, images));
    notes.extend(versions::workers(repo));
    notes.extend(idle.into_iter().map(|idle| {
        let text = format!("`{}` = {} decides no unit's tag", idle.key, literal(&idle.value));
        Note::new(Topic::IdlePin, text).at(idle.place)
    }));
    notes.extend(alike(&units, others));
    notes.extend(of_failures(Topic::NoRunner, &repo.notices));
    notes
}

/// Different tags of one image.
fn drift(units: &[&Unit], labels: &[String], image: ImageName) -> Option<Note> {
    let mut by_tag: BTreeMap<&Tag, Vec<usize>> = BTreeMap::new();
    for (at, unit) in units.iter().enumerate() {
        if let Some(tag) = unit.image(image).and_then(|uses| uses.tag.value()) {
            by_tag.entry(tag).or_default().push(at);
        }
    }
    if by_tag.len() < 2 {
        return None;
    }
    let mut parts: Vec<_> = by_tag.into_iter().collect();
    parts.sort_by_key(|(_, units)| std::cmp::Reverse(units.len()));
    let shown = parts.iter().map(|(tag, units)| format!("{tag} in {}", some(units, labels)));
    let text = format!("the tag of {image} differs: {}", shown.collect::<Vec<_>>().join(", "));
    let few = parts[1..].iter().flat_map(|(_, at)| at.iter());
    Some(few.fold(Note::new(Topic::Drift, text), |note, at| note.about(units[*at])))
}

/// A few names, or how many there are.
fn some(at: &[usize], labels: &[String]) -> String {
    const FEW: usize = 3;
    if at.len() > FEW {
        return count(at.len(), "unit");
    }
    at.iter().map(|at| labels[*at].as_str()).collect::<Vec<_>>().join(", ")
}

/// Units whose tag is decided in their own folder while one pin decides it for several others.
fn own_pins(repo: &Repository, units: &[&Unit], labels: &[String], image: ImageName) -> Vec<Note> {
    let pins = repo.pins();
    let of_image = pins.iter().filter(|decided| decided.image == image);
    let Some(shared) = of_image.max_by_key(|decided| decided.units.len()).filter(|decided| decided.units.len() > 1)
    else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    for (unit, label) in units.iter().zip(labels) {
        let Some(uses) = unit.image(image) else { continue };
        let own =
            uses.deciders.iter().filter_map(|decider| decider.pin.as_ref()).find(|pin| {
                std::path::Path::new(&pin.file).starts_with(unit.path.as_str()) && pin.file != shared.pin.file
            });
        if let Some(own) = own {
            let text = format!(
                "{label} decides the tag of {image} by itself: a change of {} does not reach it",
                shared.pin.place()
            );
            notes.push(Note::new(Topic::OwnPin, text).at(own.place()).about(unit));
        }
    }
    notes
}

/// What several units say in the same words, once.
fn alike(units: &[&Unit], of: impl Fn(&Unit) -> Vec<Note>) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for unit in units {
        for note in of(unit) {
            let note = note.about(unit);
            match notes.iter_mut().find(|known| known.text == note.text && known.places == note.places) {
                Some(known) => known.units.extend(note.units),
                None => notes.push(note),
            }
        }
    }
    notes
}

fn of_failures<'f>(kind: Topic, failures: impl IntoIterator<Item = &'f Failure>) -> Vec<Note> {
    let note = |failure: &Failure| failure.at.iter().fold(Note::new(kind, &failure.what), Note::at);
    failures.into_iter().map(note).collect()
}

/// What came up where values were worked out, in a sentence.
fn remark(remark: &Remark) -> Note {
    let Remark::Withheld { place, .. } = remark;
    Note::new(Topic::Environment, remark.text()).at(place)
}

fn excluded(exclusion: &Exclusion) -> Note {
    Note::new(Topic::Excluded, exclusion.what()).at(&exclusion.place)
}

/// Which tag each configuration of a unit gets, where one image has several.
fn configurations(unit: &Unit, images: &[ImageName]) -> Option<Note> {
    let differs = |image: &ImageName| unit.image(*image).is_some_and(|uses| uses.tag == UnitTag::Differ);
    images.iter().find(|image| differs(image))?;
    let deciders: Vec<_> = images.iter().filter_map(|image| unit.image(*image)).flat_map(|it| &it.deciders).collect();
    let tag = |decider: &Decider| decider.tag.value().map_or("unknown", Tag::as_str).to_owned();
    let each: Vec<_> = deciders.iter().map(|it| format!("{} {}", it.configuration, tag(it))).collect();
    let text = format!("the configurations get different tags: {}", each.join(", "));
    let mut places: Vec<_> = deciders.iter().filter_map(|decider| decider.place.as_ref()).collect();
    places.dedup();
    Some(places.into_iter().fold(Note::new(Topic::Configurations, text), Note::at))
}

fn others(unit: &Unit) -> Vec<Note> {
    let note = |other: &Decider| {
        let tag = other.tag.value().map_or("unknown", Tag::as_str);
        let text = format!("also an image: `{}` has the tag {tag}", other.configuration);
        other.place.iter().fold(Note::new(Topic::OtherImage, text), Note::at)
    };
    unit.others.iter().map(note).collect()
}

/// A tag that is unknown, with the reason.
fn unknown(unit: &Unit, image: ImageName) -> Option<Note> {
    let uses = unit.image(image)?;
    let text = format!("the tag of {image} is unknown: {}", uses.tag.reason()?);
    let place = uses.deciders.iter().find_map(|decider| decider.place.as_ref());
    Some(place.into_iter().fold(Note::new(Topic::Unknown, text), Note::at))
}
