//! Plans a change of tags: which literals, in which files, and proof that every unit then gets what is wanted.
//! Nothing is written here.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use similar::TextDiff;

use super::hcl::{splice, stack};
use super::{Decider, ImageUse, Pin, Repository, Unit};
use crate::model::{Failure, Failures, ImageName, Kind, Place, Tag};

/// The file whose locals may be changed.
const COMMON: &str = "common.hcl";

/// A planned change of tags.
#[derive(Debug, Default)]
pub struct Bump {
    /// The files to be changed, sorted by name.
    pub edits: Vec<FileEdit>,
    /// The pins that already have the wanted tag, sorted by place.
    pub already: Vec<Pin>,
    /// The wanted images that no unit uses.
    pub unused: Vec<ImageName>,
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

/// One literal that changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The literal as it is now.
    pub pin: Pin,
    /// The tag that it has.
    pub from: String,
    /// The tag that it gets.
    pub to: Tag,
    /// The images whose tag it decides.
    pub images: Vec<ImageName>,
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
}

/// Plans to give every unit the wanted tags. If even one unit would not get its tag, nothing is planned, and every such
/// unit is named with the line that decides.
pub fn plan_bump(repo: &Repository, wanted: &BTreeMap<ImageName, Tag>) -> Result<Bump, Failures> {
    let mut pins = Pins::default();
    let mut failures = Vec::new();
    let mut unused = Vec::new();
    for (&image, tag) in wanted {
        let users: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, unit.image(image)?))).collect();
        if users.is_empty() {
            unused.push(image);
        }
        for (unit, uses) in users {
            failures.extend(reasons_against(unit, image, uses));
            for pin in uses.deciders.iter().filter_map(|decider| decider.pin.as_ref()) {
                failures.extend(pins.add(pin, image, tag));
            }
        }
    }
    if unused.len() == wanted.len() {
        let what = if repo.units.is_empty() { "there is no unit" } else { "no unit uses the image" };
        return Err(Failure::new(Kind::NothingSelected, what).into());
    }
    Failures::check(failures)?;
    let mut bump = stack::deep(|| pins.edits(repo))?;
    bump.unused = unused;
    prove(repo, wanted, &bump)?;
    Ok(bump)
}

/// Why the tag of this unit can't be moved: one failure for each line that decides it and is not ours to change.
fn reasons_against(unit: &Unit, image: ImageName, uses: &ImageUse) -> Vec<Failure> {
    if uses.deciders.is_empty() {
        let what = format!("cannot tell what decides the tag of image `{image}` in `{}`", unit.path);
        let reason = uses.tag.reason().unwrap_or("nothing is known of it");
        return vec![Failure::refused(what).in_file(unit.path.as_str()).detail(reason)];
    }
    let mut reasons: BTreeMap<(Option<&Place>, String), Vec<&str>> = BTreeMap::new();
    for decider in &uses.deciders {
        if let Some(why) = why_not(decider) {
            reasons.entry((decider.place.as_ref(), why)).or_default().push(&decider.configuration);
        }
    }
    let failure = |((place, why), configurations): ((Option<&Place>, String), Vec<&str>)| {
        Failure::refused(format!("cannot change the tag of image `{image}` in `{}`: {why}", unit.path))
            .at(place.cloned().unwrap_or_else(|| Place::file(unit.path.as_str())))
            .detail(format!("it is the tag of {}", configurations.join(" and ")))
            .hint("let it refer to a local of `common.hcl` that holds nothing but the tag, or change it by hand")
    };
    reasons.into_iter().map(failure).collect()
}

/// Why what decides a tag is not ours to change; `None` if it is.
fn why_not(decider: &Decider) -> Option<String> {
    match &decider.pin {
        Some(pin) if Path::new(&pin.file).is_absolute() => {
            Some(format!("it comes from `{}`, which lies outside the repository", pin.file))
        }
        Some(pin)
            if pin.form == super::Form::Hcl && Path::new(&pin.file).file_name().is_some_and(|name| name == COMMON) =>
        {
            None
        }
        Some(pin) => {
            let (key, file) = (&pin.key, &pin.file);
            Some(format!("it comes from `{key}` in `{file}`, not from the locals of `{COMMON}`"))
        }
        None => Some(match (decider.tag.reason(), decider.expression.as_str()) {
            (Some(reason), _) => format!("it is unknown: {reason}"),
            (None, "") => "it does not come from a plain string".to_owned(),
            (None, expression) => format!("it comes from `{expression}`, which is not a plain string"),
        }),
    }
}

/// The literals to be changed, each once.
#[derive(Default)]
struct Pins(BTreeMap<(String, usize), (Pin, Tag, Vec<ImageName>)>);

impl Pins {
    fn add(&mut self, pin: &Pin, image: ImageName, tag: &Tag) -> Option<Failure> {
        let key = (pin.file.clone(), pin.span.start);
        let (_, planned, images) = self.0.entry(key).or_insert_with(|| (pin.clone(), tag.clone(), Vec::new()));
        if planned != tag {
            if images.contains(&image) {
                return None;
            }
            images.push(image);
            let what = format!("`{}` decides the tag of both images, which are to get different tags", pin.key);
            let failure = Failure::refused(what).at(pin.place());
            return Some(failure.detail(format!("{planned} and {tag}")).hint("give each image a local of its own"));
        }
        if !images.contains(&image) {
            images.push(image);
        }
        None
    }

    fn edits(self, repo: &Repository) -> Result<Bump, Failures> {
        let mut bump = Bump::default();
        let mut by_file: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for (pin, to, images) in self.0.into_values() {
            if pin.value == to.as_str() {
                bump.already.push(pin);
            } else {
                let change = Change { from: pin.value.clone(), to, images, pin };
                by_file.entry(change.pin.file.clone()).or_default().push(change);
            }
        }
        let mut failures = Vec::new();
        for (file, changes) in by_file {
            match edit(repo, file, changes) {
                Ok(edit) => bump.edits.push(edit),
                Err(failure) => failures.push(failure),
            }
        }
        Failures::check(failures)?;
        Ok(bump)
    }
}

fn edit(repo: &Repository, file: String, changes: Vec<Change>) -> Result<FileEdit, Failure> {
    let before = repo.bytes_of(&file)?;
    let spans: Vec<(Range<usize>, String)> =
        changes.iter().map(|change| (change.pin.span.clone(), change.to.to_string())).collect();
    let after = splice::splice_all(&file, &before, &spans).map_err(|fault| fault.failure())?;
    Ok(FileEdit { path: repo.root.join(&file), before: before.to_vec(), after, changes, file })
}

/// Evaluates every unit on the edited texts: all get what is wanted, and nothing else changes.
fn prove(repo: &Repository, wanted: &BTreeMap<ImageName, Tag>, bump: &Bump) -> Result<(), Failures> {
    let overlay: BTreeMap<PathBuf, Arc<[u8]>> =
        bump.edits.iter().map(|edit| (edit.path.clone(), Arc::from(edit.after.as_slice()))).collect();
    let after = repo.units_with(&repo.files.overlaid(overlay));
    let mut failures = Vec::new();
    for (before, after) in repo.units.iter().zip(&after) {
        for image in ImageName::ALL {
            let (Some(old), Some(new)) = (before.image(image), after.image(image)) else { continue };
            let expected = match wanted.get(&image) {
                Some(tag) => new.tag.value() == Some(tag),
                None => new.tag == old.tag,
            };
            if !expected {
                let what = format!(
                    "with the change, image `{image}` in `{}` would not get the tag that it should",
                    before.path
                );
                let show = |tag: Option<&Tag>| tag.map_or("unknown", Tag::as_str).to_owned();
                let should = wanted.get(&image).or(old.tag.value());
                let failure = Failure::refused(what).in_file(before.path.as_str());
                let failure = failure.detail(format!("expected  {}", show(should)));
                failures.push(failure.detail(format!("found     {}", show(new.tag.value()))));
            }
        }
    }
    Failures::check(failures)
}
