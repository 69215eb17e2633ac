//! The `ref` of the runner's module: which bytes move, and proof that every selected unit then has the wanted module.

use std::collections::BTreeSet;

use super::{Left, Request};
use crate::model::{Failure, Place};
use crate::repo::{Module, Repository, Unit};

/// What becomes of the modules of all units with the change.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Units whose module is to move and doesn't, by their place among all, and why.
    pub(super) missed: Vec<(usize, Failure)>,
    /// Modules that would move although nobody selected their unit.
    pub(super) refused: Vec<Failure>,
}

/// The units whose modules are to move, by their place among all. What only takes a tag has no module of the runner.
pub(super) fn targets(repo: &Repository, request: &Request<'_>) -> BTreeSet<usize> {
    let chosen = request.chosen();
    let is_one = |unit: &Unit| {
        let is_taker = !unit.takes.is_empty() && unit.module.is_of_runner() != Some(true);
        request.module_ref.is_some() && chosen.contains(&unit.path) && !is_taker
    };
    (0..repo.units.len()).filter(|at| is_one(&repo.units[*at])).collect()
}

/// Compares the modules of all units with what was asked for.
pub(super) fn compare(repo: &Repository, request: &Request<'_>, targets: &BTreeSet<usize>, after: &[Unit]) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(wanted) = &request.module_ref else { return outcome };
    let chosen = request.chosen();
    for (at, (old, new)) in repo.units.iter().zip(after).enumerate() {
        let is_target = targets.contains(&at);
        for (was, is) in old.modules().zip(new.modules()) {
            let is_moved = moved(was, wanted).is_some_and(|wanted| is.source.value() == Some(&wanted));
            if is_target && !is_moved {
                outcome.missed.push((at, missed(old, was, wanted)));
            } else if was.source != is.source && !chosen.contains(&old.path) {
                let what = format!("the same line decides the module of `{}`, which is not selected", old.path);
                let place = was.pin.as_ref().map(|pin| pin.place());
                let failure = place.into_iter().fold(Failure::refused(what), Failure::at);
                outcome.refused.push(failure.hint("select it as well"));
            }
        }
        if is_target && old.modules().count() != new.modules().count() {
            outcome.missed.push((at, missed(old, &old.module, wanted)));
        }
    }
    outcome
}

/// A unit whose module is left out may share a line with one whose module isn't.
pub(super) fn say_what_changes_all_the_same(repo: &Repository, left: &mut Left, after: &[Unit]) {
    let both = repo.units.iter().zip(after).find(|(unit, _)| unit.path == left.unit);
    for (was, is) in both.into_iter().flat_map(|(old, new)| old.modules().zip(new.modules())) {
        if let Some(source) = is.source.value().filter(|_| was.source != is.source) {
            left.why.details.push(format!("it gets {source} all the same: others get it from there"));
        }
    }
}

/// The source with the wanted ref in the place of its own.
fn moved(module: &Module, wanted: &str) -> Option<String> {
    let (source, reference) = (module.source.value()?, module.reference()?);
    module.is_of_runner().filter(|is| *is)?;
    Some(source.replacen(&format!("ref={reference}"), &format!("ref={wanted}"), 1))
}

fn missed(unit: &Unit, module: &Module, wanted: &str) -> Failure {
    let why = match (module.source.as_result(), module.reference()) {
        (Err(reason), _) => format!("its source is unknown: {reason}"),
        (Ok(source), None) => format!("its source has no `ref`: {source}"),
        (Ok(source), _) if module.is_of_runner() == Some(false) => {
            format!("it is none of the runner's, which has releases of its own: {source}")
        }
        (Ok(_), Some(reference)) => format!("no single plain text decides that it is {reference}"),
    };
    let place = module.place.clone().unwrap_or_else(|| Place::file(unit.path.as_str()));
    Failure::refused(format!("cannot move the module of `{}` to {wanted}: {why}", unit.path))
        .at(place)
        .hint("write the `ref` out in the source, or in a local that holds nothing else")
}
