//! Plans a change of tags: which strings, in which files, and proof that every selected unit then gets what is wanted.
//! Nothing is written here.
//!
//! The strings to change are those that decide a selected unit's tag, wherever they are. The change is made on the texts in
//! memory, and every unit is evaluated on them: what counts is what the units get, not what was replaced.

mod clash;
mod draft;
mod explain;
mod module;
mod named;
mod others;
mod outcome;
mod plan;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use similar::TextDiff;

use super::{Decider, ImageUse, OutsidePin, Pin, Repository, Unit};
use crate::model::{Failure, ImageName, Tag, UnitPath, Version};
pub use named::PinName;
pub use plan::plan_bump;

/// What is asked for.
#[derive(Debug)]
pub struct Request<'r> {
    /// The tag of each image that is to move.
    pub wanted: BTreeMap<ImageName, Tag>,
    /// The units whose tags are to move, in their order.
    pub selected: Vec<&'r Unit>,
    /// The configurations whose tags are to move, by name; all if there is none.
    pub configurations: Vec<String>,
    /// Pins that can't be found, named by the one who asks.
    pub named: Vec<PinName>,
    /// Whether what build scripts and CI name moves as well.
    pub scripts: bool,
    /// Whether units that can't get their tag or their module are left out, rather than keep all others from getting theirs.
    pub partial: bool,
    /// Whether tags may move that the unit's module is too old for.
    pub old_module: bool,
    /// Whether modules of units that are no runners may move with the change.
    pub other_modules: bool,
    /// The `ref` that the runner's module is to get in all selected units.
    pub module_ref: Option<String>,
}

impl<'r> Request<'r> {
    /// Moves these tags in all units.
    pub fn for_all(repo: &'r Repository, wanted: BTreeMap<ImageName, Tag>) -> Self {
        let selected = repo.units.iter().collect();
        Self {
            wanted,
            selected,
            configurations: Vec::new(),
            named: Vec::new(),
            scripts: false,
            partial: false,
            old_module: false,
            other_modules: false,
            module_ref: None,
        }
    }

    /// Whether the tag that this decides is to move.
    fn covers(&self, decider: &Decider) -> bool {
        self.configurations.is_empty() || self.configurations.iter().any(|name| decider.is_called(name))
    }

    /// What decides the tags that are to move.
    fn covered<'u>(&self, uses: Option<&'u ImageUse>) -> Vec<&'u Decider> {
        uses.into_iter().flat_map(|uses| &uses.deciders).filter(|decider| self.covers(decider)).collect()
    }

    /// Whether all that is to move has this tag.
    fn is_at(&self, uses: &ImageUse, wanted: &Tag) -> bool {
        let covered = self.covered(Some(uses));
        !covered.is_empty() && covered.iter().all(|decider| decider.tag.value() == Some(wanted))
    }

    /// The paths of the units whose tags are to move.
    fn chosen(&self) -> BTreeSet<&UnitPath> {
        self.selected.iter().map(|unit| &unit.path).collect()
    }
}

/// A planned change of tags.
#[derive(Debug, Default)]
pub struct Bump {
    /// The files to be changed, sorted by name.
    pub edits: Vec<FileEdit>,
    /// The pins that already have the wanted tag, sorted by place.
    pub already: Vec<Pin>,
    /// The wanted images that no selected unit uses.
    pub unused: Vec<ImageName>,
    /// The selected units whose tag changes, by image.
    pub reached: BTreeMap<ImageName, Vec<UnitPath>>,
    /// What also changes although nobody selected it, because the same pin decides it.
    pub also: Vec<Also>,
    /// Selected units that don't get their tag or their module; only where that was allowed.
    pub left: Vec<Left>,
    /// What may hold units and can't be read; only where leaving units out was allowed.
    pub unread: Vec<Failure>,
    /// What was allowed although it is refused otherwise: modules that are too old.
    pub allowed: Vec<Failure>,
    /// Units that are no runners and whose modules move with the change; only where that was allowed.
    pub other_modules: Vec<Failure>,
    /// Units of which only the one who named a pin knows that they get the tag.
    pub unproven: Vec<(UnitPath, ImageName)>,
    /// Pins outside HCL that say something else than the wanted tag afterwards.
    pub outside: Vec<OutsidePin>,
    /// The selected units whose module changes.
    pub modules: Vec<UnitPath>,
}

/// One file before and after.
#[derive(Debug)]
pub struct FileEdit {
    /// The file, relative to the root.
    pub file: String,
    /// The file on disk.
    pub path: PathBuf,
    /// The bytes that it must still have when it is written.
    pub before: Vec<u8>,
    /// The bytes that it gets.
    pub after: Vec<u8>,
    /// What changes in it, from top to bottom.
    pub changes: Vec<Change>,
}

/// One string that changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The string as it is now.
    pub pin: Pin,
    /// What it says.
    pub from: String,
    /// What it will say: the tag, or the part of it that stands there.
    pub to: String,
    /// The images whose tag it decides.
    pub images: Vec<ImageName>,
    /// The selected units whose tag it decides.
    pub units: Vec<UnitPath>,
}

/// In which direction a string changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To a newer release, or the same.
    Up,
    /// To an older release.
    Down,
    /// One of the two is no release that could be compared.
    Unclear,
}

/// Something that nobody selected and that changes all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Also {
    /// The unit.
    pub unit: UnitPath,
    /// The image, or the configuration that uses another one.
    pub image: String,
    /// The tag that it has.
    pub from: String,
    /// The tag that it gets.
    pub to: Tag,
    /// Whether that is the one that was asked for.
    pub is_wanted: bool,
}

/// A selected unit that doesn't get its tag or its module.
#[derive(Debug)]
pub struct Left {
    /// The unit.
    pub unit: UnitPath,
    /// The image; the module if there is none.
    pub image: Option<ImageName>,
    /// Why.
    pub why: Failure,
}

impl Change {
    /// In which direction it goes.
    pub fn direction(&self) -> Direction {
        match (Version::parse(&self.from), Version::parse(&self.to)) {
            (Some(from), Some(to)) if to < from => Direction::Down,
            (Some(_), Some(_)) => Direction::Up,
            _ => Direction::Unclear,
        }
    }
}

impl Bump {
    /// A unified diff of all files.
    pub fn diff(&self) -> String {
        let one = |edit: &FileEdit| {
            let (before, after) = (String::from_utf8_lossy(&edit.before), String::from_utf8_lossy(&edit.after));
            let (old, new) = (format!("a/{}", edit.file), format!("b/{}", edit.file));
            TextDiff::from_lines(&*before, &*after).unified_diff().header(&old, &new).to_string()
        };
        self.edits.iter().map(one).collect()
    }

    /// The units that get the tag that was asked for, selected or not, by image or configuration.
    pub fn reaches(&self) -> BTreeMap<&str, BTreeSet<&UnitPath>> {
        let selected = self.reached.iter().flat_map(|(image, units)| units.iter().map(|unit| (image.as_str(), unit)));
        let also = self.also.iter().filter(|also| also.is_wanted).map(|also| (also.image.as_str(), &also.unit));
        let mut units: BTreeMap<&str, BTreeSet<&UnitPath>> = BTreeMap::new();
        selected.chain(also).for_each(|(image, unit)| {
            units.entry(image).or_default().insert(unit);
        });
        units
    }

    /// Everything that changes, file by file from top to bottom.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.edits.iter().flat_map(|edit| &edit.changes)
    }
}
