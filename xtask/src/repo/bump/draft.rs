//! A draft: the strings to be changed, each once, and the texts of their files with the change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::named::Named;
use super::plan::Target;
use super::{Bump, Change, FileEdit, Request};
use crate::model::{Failure, Failures, ImageName, UnitPath, literal};
use crate::repo::files::{clean, relative};
use crate::repo::hcl::splice;
use crate::repo::{Form, Pin, Repository, data, discover, outside};

/// The texts in memory.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) edits: Vec<FileEdit>,
    pub(super) already: Vec<Pin>,
}

/// The strings to be changed, by the file that they really are in. One file may have several names, by links.
#[derive(Default)]
struct Strings(BTreeMap<(PathBuf, usize), Change>);

impl Draft {
    pub(super) fn of(
        repo: &Repository,
        request: &Request<'_>,
        targets: &[Target<'_>],
        modules: &BTreeSet<usize>,
        named: &[Named],
    ) -> Result<Self, Failures> {
        let mut strings = Strings::default();
        let mut failures = Vec::new();
        for named in named {
            failures.extend(strings.add(repo, &named.pin, &named.to, None));
            for (image, unit) in &named.decides {
                failures.extend(strings.add(repo, &named.pin, &named.to, Some((*image, unit))));
            }
        }
        for target in targets {
            let Some(uses) = target.unit.image(target.image) else { continue };
            let to = request.wanted[&target.image].as_str();
            for pin in request.covered(Some(uses)).into_iter().filter_map(|decider| decider.pin.as_ref()) {
                // What can't be changed shows in what the unit gets.
                if is_inside(repo, &pin.file)
                    && !named.iter().any(|named| named.pin.span == pin.span && named.pin.file == pin.file)
                {
                    failures.extend(strings.add(repo, pin, to, Some((target.image, &target.unit.path))));
                }
            }
        }
        let units = modules.iter().map(|at| &repo.units[*at]);
        for (unit, module) in units.flat_map(|unit| unit.modules().map(move |it| (unit, it))) {
            if let (Some(to), Some(pin)) = (&request.module_ref, &module.pin)
                && module.is_of_runner() == Some(true)
                && is_inside(repo, &pin.file)
            {
                strings.add_module(repo, pin, to, &unit.path);
            }
        }
        Failures::check(failures)?;
        strings.draft(repo)
    }

    /// The new texts, under every name by which the repository reads them.
    pub(super) fn overlay(&self, repo: &Repository) -> BTreeMap<PathBuf, Arc<[u8]>> {
        let mut overlay = BTreeMap::new();
        let mut by_real = BTreeMap::new();
        for edit in &self.edits {
            let text: Arc<[u8]> = Arc::from(edit.after.as_slice());
            by_real.insert(real(&edit.path), text.clone());
            overlay.insert(edit.path.clone(), text);
        }
        for path in repo.files.read_so_far() {
            if let Some(text) = by_real.get(&real(&path)) {
                overlay.insert(path, text.clone());
            }
        }
        overlay
    }

    pub(super) fn bump(self) -> Bump {
        Bump { edits: self.edits, already: self.already, ..Bump::default() }
    }
}

/// Whether a file lies in the checkout, links followed.
pub(super) fn is_inside(repo: &Repository, file: &str) -> bool {
    let top = discover::git_root(&repo.root).unwrap_or(&repo.root);
    // What is gone by now is not written either.
    real(&clean(&repo.root.join(file))).starts_with(real(top))
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

impl Strings {
    /// Adds a string; a failure if it is to say two things.
    fn add(
        &mut self,
        repo: &Repository,
        pin: &Pin,
        to: &str,
        decides: Option<(ImageName, &UnitPath)>,
    ) -> Option<Failure> {
        let key = (real(&repo.root.join(&pin.file)), pin.span.start);
        let new = || Change {
            pin: pin.clone(),
            from: pin.value.clone(),
            to: to.to_owned(),
            images: Vec::new(),
            units: Vec::new(),
        };
        let change = self.0.entry(key).or_insert_with(new);
        let is_new = |image| !change.images.contains(image);
        let (is_new, is_other) = (decides.as_ref().is_none_or(|(image, _)| is_new(image)), change.to != to);
        if let Some((image, unit)) = decides {
            if is_new {
                change.images.push(image);
            }
            if change.units.last() != Some(unit) && !change.units.contains(unit) {
                change.units.push(unit.clone());
            }
        }
        (is_other && is_new).then(|| {
            let what = format!("`{}` decides the tag of both images, which are to get different tags", pin.key);
            let failure = Failure::refused(what).at(pin.place());
            failure.detail(format!("{} and {to}", change.to)).hint("give each image a local of its own")
        })
    }

    /// Adds the ref of a module.
    fn add_module(&mut self, repo: &Repository, pin: &Pin, to: &str, unit: &UnitPath) {
        let key = (real(&repo.root.join(&pin.file)), pin.span.start);
        let (from, to) = (pin.value.clone(), to.to_owned());
        let new = || Change { pin: pin.clone(), from, to, images: Vec::new(), units: Vec::new() };
        let change = self.0.entry(key).or_insert_with(new);
        if !change.units.contains(unit) {
            change.units.push(unit.clone());
        }
    }

    fn draft(self, repo: &Repository) -> Result<Draft, Failures> {
        let mut already = Vec::new();
        let mut by_file: BTreeMap<PathBuf, Vec<Change>> = BTreeMap::new();
        for ((path, _), change) in self.0 {
            if change.from == change.to {
                already.push(change.pin);
            } else {
                by_file.entry(path).or_default().push(change);
            }
        }
        let (mut edits, mut failures) = (Vec::new(), Vec::new());
        for changes in by_file.into_values() {
            match edit(repo, changes) {
                Ok(edit) => edits.push(edit),
                Err(failure) => failures.push(failure),
            }
        }
        Failures::check(failures)?;
        edits.sort_by(|a: &FileEdit, b| a.file.cmp(&b.file));
        already.sort_by(|a: &Pin, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Ok(Draft { edits, already })
    }
}

/// The new text of the file that these changes are in.
pub(super) fn edit(repo: &Repository, changes: Vec<Change>) -> Result<FileEdit, Failure> {
    let name = changes.first().map(|change| change.pin.file.as_str()).unwrap_or_default();
    let (path, before) = (repo.root.join(name), repo.bytes_of(name)?);
    let after = spliced(name, &before, &changes)?;
    // What lies above the root has its whole path for a name, which is none in a diff.
    let file =
        if Path::new(name).is_absolute() { relative(&repo.root, &path).display().to_string() } else { name.to_owned() };
    Ok(FileEdit { file, path, before: before.to_vec(), after, changes })
}

fn spliced(file: &str, before: &[u8], changes: &[Change]) -> Result<Vec<u8>, Failure> {
    let spans = |is_word: bool| -> Vec<(Range<usize>, String)> {
        let alike = changes.iter().filter(|change| (change.pin.form == Form::Word) == is_word);
        alike.map(|change| (change.pin.span.clone(), change.to.clone())).collect()
    };
    let (words, strings) = (spans(true), spans(false));
    let form = changes.iter().map(|change| change.pin.form).find(|form| *form != Form::Word);
    let spliced = match form {
        None => return Ok(outside::replaced(before, &words)),
        Some(Form::Json | Form::Yaml) if words.is_empty() => data::splice_all(file, before, &strings),
        Some(_) if words.is_empty() => splice::splice_all(file, before, &strings),
        // Words and whole strings of one file: from the end, so that none moves another.
        Some(_) => {
            let mut all: Vec<_> = changes.iter().collect();
            all.sort_by_key(|change| std::cmp::Reverse(change.pin.span.start));
            all.into_iter().try_fold(before.to_vec(), |text, change| match change.pin.form {
                Form::Word => Ok(outside::replaced(&text, &[(change.pin.span.clone(), change.to.clone())])),
                Form::Json | Form::Yaml => {
                    data::splice_all(file, &text, &[(change.pin.span.clone(), change.to.clone())])
                }
                Form::Hcl => splice::splice(file, &text, &change.pin.span, &change.to),
            })
        }
    };
    spliced.map_err(|fault| {
        // Where the fault knows its place, the others are not to blame.
        let is_there = |change: &&Change| fault.places().is_empty() || fault.places().contains(&change.pin.place());
        let changes = || changes.iter().filter(is_there);
        let failure = changes().fold(Failure::from(&fault), |failure, change| {
            if fault.places().is_empty() { failure.at(change.pin.place()) } else { failure }
        });
        changes()
            .fold(failure, |failure, change| failure.detail(format!("{} = {}", change.pin.key, literal(&change.from))))
    })
}
