//! The pins of a repository: which literal decides the tags of which units, and which look as if they did and don't.

use std::collections::BTreeMap;

use super::hcl::literals::{Literal, literals};
use super::hcl::{Source, stack};
use super::{Files, Pin, Repository, Unit, UnitKind, whole};
use crate::model::{ImageName, Place, Tag, UnitPath};

/// A pin, and the units whose tag it decides.
#[derive(Debug)]
pub struct Decided<'r> {
    /// The image.
    pub image: ImageName,
    /// The pin.
    pub pin: &'r Pin,
    /// The units, in their order.
    pub units: Vec<&'r UnitPath>,
}

/// A literal that is named like a pin and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Where it stands.
    pub place: Place,
    /// The name in front of it.
    pub key: String,
    /// What it says.
    pub value: String,
    /// The image that it is named after, if it is.
    pub image: Option<ImageName>,
}

impl Repository {
    /// All pins by image, file and line.
    pub fn pins(&self) -> Vec<Decided<'_>> {
        let mut pins: BTreeMap<(ImageName, &str, usize), Decided<'_>> = BTreeMap::new();
        for unit in &self.units {
            for (image, pin) in pins_of(unit) {
                let new = || Decided { image, pin, units: Vec::new() };
                let decided = pins.entry((image, &pin.file, pin.span.start)).or_insert_with(new);
                if decided.units.last() != Some(&&unit.path) {
                    decided.units.push(&unit.path);
                }
            }
        }
        pins.into_values().collect()
    }

    /// The literals in the files of all units that are named like a pin and decide no unit's tag. None where what a unit gets
    /// is unknown: any of them may decide that.
    pub fn idle_pins(&self) -> Vec<Idle> {
        if self.unread.is_empty() { idle(&self.files, self.units.iter()) } else { Vec::new() }
    }

    /// The same for one unit: literals in the files that it reads which decide nothing in it, such as those that it
    /// overrides.
    pub fn overridden_pins(&self, unit: &Unit) -> Vec<Idle> {
        stack::deep(|| {
            // Read by itself, so that the files are those of this unit.
            let files = self.files.aside();
            let again = self.read_again(&files, unit);
            if unit.kind == UnitKind::Terragrunt && unit.has_configuration() {
                whole::read_all(&files, unit, &self.root);
            }
            idle(&files, [&again].into_iter())
        })
    }
}

pub(super) fn pins_of(unit: &Unit) -> impl Iterator<Item = (ImageName, &Pin)> {
    let uses = ImageName::ALL.into_iter().filter_map(|image| Some((image, unit.image(image)?)));
    uses.flat_map(|(image, uses)| uses.deciders.iter().filter_map(move |it| Some((image, it.pin.as_ref()?))))
}

fn idle<'u>(files: &Files, units: impl Iterator<Item = &'u Unit>) -> Vec<Idle> {
    let mut deciding: Vec<(&str, usize)> = Vec::new();
    for unit in units {
        if unit.has_unknown_tag() {
            return Vec::new();
        }
        deciding.extend(pins_of(unit).map(|(_, pin)| (pin.file.as_str(), pin.span.start)));
        let others = unit.others.iter().filter_map(|other| other.pin.as_ref());
        deciding.extend(others.map(|pin| (pin.file.as_str(), pin.span.start)));
    }
    deciding.sort_unstable();
    let decides = |source: &Source, literal: &Literal<'_>| {
        deciding.binary_search(&(source.name.as_str(), literal.span.start)).is_ok()
    };
    let mut idle = Vec::new();
    for source in files.sources() {
        let named = literals(&source.body).into_iter().filter(|literal| is_named_like_a_pin(literal));
        for literal in named.filter(|literal| !decides(&source, literal)) {
            idle.push(Idle {
                place: source.place(literal.span.start),
                key: literal.way.last().copied().unwrap_or_default().to_owned(),
                value: literal.text.to_owned(),
                image: named_after(&literal.way),
            });
        }
    }
    idle
}

fn is_named_like_a_pin(literal: &Literal<'_>) -> bool {
    let Some(key) = literal.way.last() else { return false };
    let key = key.to_ascii_lowercase();
    let is_tag =
        key == "docker_tag" || (key.contains("tag") && ["image", "runner", "kaniko"].iter().any(|it| key.contains(it)));
    is_tag && literal.text.parse::<Tag>().is_ok() && (key == "docker_tag" || named_after(&literal.way).is_some())
}

/// The image whose name is in the way to a literal, the innermost first.
fn named_after(way: &[&str]) -> Option<ImageName> {
    way.iter().rev().find_map(|name| {
        let name = name.to_ascii_lowercase().replace('_', "-");
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["kaniko", "docker-image-builder"]) {
            Some(ImageName::Kaniko)
        } else if has(&["deploy-runner", "terraform-planner", "terraform-applier", "ami-builder"]) {
            Some(ImageName::DeployRunner)
        } else {
            None
        }
    })
}
