//! The rows of the table: units that get the same tags from the same lines are one row.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ImageName, Known, Place, Tag};
use crate::repo::{ImageUse, Pin, Repository, Unit, UnitTag};
use crate::tasks::select::labels;

/// Units that are alike.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'r> {
    /// What they are called, in their order.
    pub(super) labels: Vec<String>,
    /// Their paths, in their order.
    pub(super) paths: Vec<&'r str>,
    /// The tag of each image.
    pub(super) tags: Vec<Cell>,
    /// The ref of the module.
    pub(super) module: String,
    /// What decides the tags: `common.hcl:26, :30`.
    pub(super) decided_by: String,
    /// What decides the ref of the module, where that isn't the same for all units; otherwise empty.
    pub(super) module_by: String,
}

/// A tag in the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// The tag, `?` if it is unknown, `-` if the image is not used.
    pub(super) text: String,
    /// Whether it is not what most others have, or not what was asked for.
    pub(super) stands_out: bool,
}

/// One row for all units that are alike, in the order of the first of each; the tags of `images` only.
pub(super) fn rows<'r>(repo: &'r Repository, images: &[ImageName], wanted: Option<&Tag>) -> Vec<Row<'r>> {
    let units: Vec<_> = repo.units.iter().collect();
    let usual: Vec<_> = images.iter().map(|image| wanted.cloned().or_else(|| usual_tag(&units, *image))).collect();
    let lines: BTreeSet<_> = units.iter().map(|unit| module_by(unit)).collect();
    let is_shared = lines.len() < 2;
    let mut rows: Vec<Row<'r>> = Vec::new();
    for (unit, label) in units.iter().zip(labels(&units)) {
        let cell = |(image, usual): (&ImageName, &Option<Tag>)| cell(unit.image(*image), usual.as_ref());
        let tags: Vec<_> = images.iter().zip(&usual).map(cell).collect();
        let module = module(unit);
        let decided_by = decided_by(unit, images);
        let module_by = if is_shared { String::new() } else { module_by(unit) };
        let is_alike = |row: &&mut Row<'_>| {
            row.tags == tags && row.module == module && row.decided_by == decided_by && row.module_by == module_by
        };
        match rows.iter_mut().find(is_alike) {
            Some(row) => {
                row.labels.push(label);
                row.paths.push(unit.path.as_str());
            }
            None => {
                let (labels, paths) = (vec![label], vec![unit.path.as_str()]);
                rows.push(Row { labels, paths, tags, module, decided_by, module_by });
            }
        }
    }
    // What most have comes first.
    rows.sort_by_key(|row| std::cmp::Reverse(row.labels.len()));
    rows
}

/// The tag that most units have; none if two are equally common.
pub(super) fn usual_tag(units: &[&Unit], image: ImageName) -> Option<Tag> {
    let mut counts: BTreeMap<&Tag, usize> = BTreeMap::new();
    for tag in units.iter().filter_map(|unit| unit.image(image)?.tag.value()) {
        *counts.entry(tag).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    let mut common = counts.iter().filter(|(_, count)| **count == most);
    match (common.next(), common.next()) {
        (Some((tag, _)), None) => Some((*tag).clone()),
        _ => None,
    }
}

fn cell(uses: Option<&ImageUse>, usual: Option<&Tag>) -> Cell {
    let Some(uses) = uses else { return Cell { text: "-".to_owned(), stands_out: false } };
    match &uses.tag {
        UnitTag::Unknown(_) => Cell { text: "?".to_owned(), stands_out: true },
        UnitTag::Differ => Cell { text: "differs".to_owned(), stands_out: true },
        UnitTag::One(tag) => Cell { text: tag.to_string(), stands_out: usual.is_some_and(|usual| usual != tag) },
    }
}

fn module(unit: &Unit) -> String {
    match unit.module.version() {
        Known::Unknown(_) => "?".to_owned(),
        Known::Value(version) => version.unwrap_or("-").to_owned(),
    }
}

/// The lines that decide the tags.
fn decided_by(unit: &Unit, images: &[ImageName]) -> String {
    lines(unit, images.iter().filter_map(|image| unit.image(*image)).flat_map(places))
}

/// The line that decides the ref of the module; that of its source where no single one does.
fn module_by(unit: &Unit) -> String {
    let place = unit.module.pin.as_ref().map(Pin::place).or_else(|| unit.module.place.clone());
    lines(unit, place.iter())
}

/// Lines, those of one file together. Files in the unit's own folder are called its own, so that units which each have
/// their own are alike.
fn lines<'p>(unit: &Unit, places: impl Iterator<Item = &'p Place>) -> String {
    let mut by_file: Vec<(String, Vec<usize>)> = Vec::new();
    for place in places {
        let inside = place.file.strip_prefix(unit.path.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let file = inside.map_or_else(|| place.file.clone(), |inside| format!("own {inside}"));
        let at = by_file.iter().position(|(known, _)| *known == file).unwrap_or_else(|| {
            by_file.push((file, Vec::new()));
            by_file.len() - 1
        });
        let lines = &mut by_file[at].1;
        lines.extend(place.line.filter(|line| !lines.contains(line)));
    }
    let shown = by_file.iter().map(|(file, lines)| {
        let lines: Vec<_> = lines.iter().map(|line| format!(":{line}")).collect();
        format!("{file}{}", lines.join(", "))
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { "?".to_owned() } else { shown.join(", ") }
}

fn places(uses: &ImageUse) -> impl Iterator<Item = &Place> {
    uses.deciders.iter().filter_map(|decider| decider.place.as_ref())
}
