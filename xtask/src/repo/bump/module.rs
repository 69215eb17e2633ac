//! The `ref` of the runner's module: which bytes move, and proof that every selected unit then has the wanted module.

use super::Request;
use crate::model::{Failure, Place};
use crate::repo::{Module, Repository, Unit};

/// What is wrong with the modules of all units with the change: a selected one that isn't the wanted one, and any other
/// that changes.
pub(super) fn wrong(repo: &Repository, request: &Request<'_>, after: &[Unit]) -> Vec<Failure> {
    let Some(wanted) = &request.module_ref else { return Vec::new() };
    let chosen = request.chosen();
    let mut failures = Vec::new();
    for (old, new) in repo.units.iter().zip(after) {
        let is_chosen = chosen.contains(&old.path);
        for (was, is) in old.modules().zip(new.modules()) {
            let is_moved = moved(was, wanted).is_some_and(|wanted| is.source.value() == Some(&wanted));
            if is_chosen && !is_moved {
                failures.push(missed(old, was, wanted));
            } else if !is_chosen && was.source != is.source {
                let what = format!("the same line decides the module of `{}`, which is not selected", old.path);
                let place = was.pin.as_ref().map(|pin| pin.place());
                failures.push(place.into_iter().fold(Failure::refused(what), Failure::at).hint("select it as well"));
            }
        }
        if is_chosen && old.modules().count() != new.modules().count() {
            failures.push(missed(old, &old.module, wanted));
        }
    }
    failures
}

/// The source with the wanted ref in the place of its own.
fn moved(module: &Module, wanted: &str) -> Option<String> {
    let (source, reference) = (module.source.value()?, module.reference()?);
    Some(source.replacen(&format!("ref={reference}"), &format!("ref={wanted}"), 1))
}

fn missed(unit: &Unit, module: &Module, wanted: &str) -> Failure {
    let why = match (module.source.as_result(), module.reference()) {
        (Err(reason), _) => format!("its source is unknown: {reason}"),
        (Ok(source), None) => format!("its source has no `ref`: {source}"),
        (Ok(_), Some(reference)) => format!("no single plain text decides that it is {reference}"),
    };
    let place = module.place.clone().unwrap_or_else(|| Place::file(unit.path.as_str()));
    Failure::refused(format!("cannot move the module of `{}` to {wanted}: {why}", unit.path))
        .at(place)
        .hint("write the `ref` out in the source, or in a local that holds nothing else")
}
