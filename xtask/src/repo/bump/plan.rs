//! The story of a plan: draft the edits, look at what every unit gets with them, and explain whatever is not as wanted.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::{Bump, Left, Request, clash, explain, module, named, others, outcome, scripts};
use crate::model::{Failure, Failures, ImageName, Kind};
use crate::repo::hcl::stack;
use crate::repo::{Repository, Unit};

/// A selected unit and an image that it uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'r> {
    /// Which of the repository's units.
    pub(super) at: usize,
    pub(super) unit: &'r Unit,
    pub(super) image: ImageName,
}

impl Target<'_> {
    fn is(&self, other: &Target<'_>) -> bool {
        self.at == other.at && self.image == other.image
    }
}

/// Plans to give every selected unit the wanted tags. If even one would not get its tag nothing is planned, unless that is
/// allowed, and every such unit is named with what decides.
pub fn plan_bump(repo: &Repository, request: &Request<'_>) -> Result<Bump, Failures> {
    let (mut targets, unused) = targets(repo, request)?;
    let named = named::find(repo, request, &targets)?;
    let mut modules = module::targets(repo, request);
    let mut left = Vec::new();
    loop {
        let draft = stack::deep(|| Draft::of(repo, request, &targets, &modules, &named))?;
        let changed = repo.files.overlaid(draft.overlay(repo));
        let after = repo.units_with(&changed);
        let mut found = outcome::compare(repo, request, &targets, &draft, &left, &after);
        let old_modules = outcome::old_modules(repo, request, &after);
        let of_modules = module::compare(repo, request, &modules, &after);
        let missed = |target: &&Target<'_>| found.missed.iter().any(|(missed, _)| missed.is(target));
        let missed_modules: BTreeSet<_> = of_modules.missed.iter().map(|(at, _)| *at).collect();
        let n_missed = targets.iter().filter(missed).count() + missed_modules.len();
        let mut failures = std::mem::take(&mut found.refused);
        failures.extend(clash::of(&repo.units, &after));
        failures.extend(of_modules.refused);
        if n_missed > 0 && (!request.partial || n_missed == targets.len() + modules.len()) {
            failures.extend(explain::together(&found.missed));
            failures.extend(of_modules.missed.iter().map(|(_, why)| why.again()));
        }
        let allowed = if request.old_module {
            old_modules
        } else {
            failures.extend(old_modules);
            Vec::new()
        };
        Failures::check(failures)?;
        if n_missed == 0 {
            let mut other_modules = others::of(repo, &changed);
            if !request.other_modules {
                Failures::check(std::mem::take(&mut other_modules))?;
            }
            left.iter_mut().for_each(|left| match left.image {
                Some(image) => outcome::say_what_changes_all_the_same(repo, left, image, &after),
                None => module::say_what_changes_all_the_same(repo, left, &after),
            });
            let outcome::Outcome { reached, also, unproven, .. } = found;
            let both = repo.units.iter().zip(&after);
            let modules = both.filter(|(old, new)| old.modules().zip(new.modules()).any(|(a, b)| a.source != b.source));
            let modules = modules.map(|(old, _)| old.path.clone()).collect();
            let mut bump =
                Bump { unused, reached, also, unproven, left, allowed, modules, other_modules, ..draft.bump() };
            let outside = repo.outside_pins();
            if request.scripts {
                scripts::add(repo, request, &outside, &mut bump)?;
            }
            bump.outside = scripts::behind(request, outside, &bump);
            return Ok(bump);
        }
        targets.retain(|target| !found.missed.iter().any(|(missed, _)| missed.is(target)));
        let of = |(target, why): (Target<'_>, Failure)| Left {
            unit: target.unit.path.clone(),
            image: Some(target.image),
            why,
        };
        left.extend(found.missed.into_iter().map(of));
        modules.retain(|at| !missed_modules.contains(at));
        let of = |(at, why): (usize, Failure)| Left { unit: repo.units[at].path.clone(), image: None, why };
        left.extend(of_modules.missed.into_iter().map(of));
    }
}

/// Names of configurations that fit nothing: a typing mistake must not make a change smaller unseen.
fn misnamed(request: &Request<'_>) -> Vec<Failure> {
    let uses = || request.selected.iter().flat_map(|unit| unit.images.values().flatten());
    let is_there = |name: &String| uses().flat_map(|uses| &uses.deciders).any(|decider| decider.is_called(name));
    let failure = |name: &String| {
        let mut known: Vec<_> = uses().flat_map(|uses| &uses.deciders).map(|it| it.configuration.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        let failure = Failure::new(Kind::NothingSelected, format!("no selected unit has the configuration `{name}`"));
        if known.is_empty() { failure } else { failure.hint(format!("there are {}", known.join(", "))) }
    };
    request.configurations.iter().filter(|name| !is_there(name)).map(failure).collect()
}

/// What is to move, and the images that nothing selected uses.
fn targets<'r>(repo: &'r Repository, request: &Request<'_>) -> Result<(Vec<Target<'r>>, Vec<ImageName>), Failures> {
    Failures::check(misnamed(request))?;
    let chosen = request.chosen();
    let mut by_image: BTreeMap<ImageName, Vec<Target<'r>>> = BTreeMap::new();
    for &image in request.wanted.keys() {
        let is_meant = |unit: &Unit| match unit.image(image) {
            Some(uses) => request.configurations.is_empty() || !request.covered(Some(uses)).is_empty(),
            None => false,
        };
        let uses = repo.units.iter().enumerate().filter(|(_, unit)| is_meant(unit));
        let selected = uses.filter(|(_, unit)| chosen.contains(&unit.path));
        by_image.insert(image, selected.map(|(at, unit)| Target { at, unit, image }).collect());
    }
    let unused: Vec<_> = by_image.iter().filter(|(_, targets)| targets.is_empty()).map(|(image, _)| *image).collect();
    if unused.len() == by_image.len() && request.module_ref.is_none() {
        let what = match (repo.units.is_empty(), request.selected.len() == repo.units.len()) {
            (true, _) => "there is no unit",
            (false, true) => "no unit uses the image",
            (false, false) => "no selected unit uses the image",
        };
        return Err(Failure::new(Kind::NothingSelected, what).into());
    }
    Ok((by_image.into_values().flatten().collect(), unused))
}
