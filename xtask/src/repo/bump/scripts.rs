//! What build scripts and CI name beside HCL: moved where that is asked for, and named where it stays behind.

use std::collections::BTreeMap;

use super::draft::edit;
use super::{Bump, Change, Request};
use crate::model::{Failure, Failures, Version};
use crate::repo::{Form, OutsidePin, Pin, Repository};

/// Moves the pins outside HCL as well.
pub(super) fn add(
    repo: &Repository,
    request: &Request<'_>,
    outside: &[OutsidePin],
    bump: &mut Bump,
) -> Result<(), Failures> {
    let mut by_file: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    let mut failures = Vec::new();
    for pin in outside {
        let (Some(tag), Some(value)) = (request.wanted.get(&pin.image), &pin.value) else { continue };
        if Version::parse(tag.as_str()).is_none() {
            let what = format!("`{tag}` is no release, so `{}` can't be moved to it", pin.key);
            failures.push(Failure::refused(what).at(pin.place()).hint("leave `--scripts` out, or name a release"));
        } else if value != tag.as_str() {
            by_file.entry(&pin.file).or_default().push(Change {
                pin: as_pin(pin, value),
                from: value.clone(),
                to: tag.to_string(),
                images: vec![pin.image],
                units: Vec::new(),
            });
        }
    }
    for changes in by_file.into_values() {
        match edit(repo, changes) {
            Ok(edit) => bump.edits.push(edit),
            Err(failure) => failures.push(failure),
        }
    }
    bump.edits.sort_by(|a, b| a.file.cmp(&b.file));
    Failures::check(failures)
}

fn as_pin(pin: &OutsidePin, value: &str) -> Pin {
    Pin {
        file: pin.file.clone(),
        line: pin.line,
        key: pin.key.to_owned(),
        span: pin.span.clone(),
        value: value.to_owned(),
        form: Form::Word,
    }
}

/// The pins outside HCL that say something else than the wanted tag once the files are changed.
pub(super) fn behind(request: &Request<'_>, outside: Vec<OutsidePin>, bump: &Bump) -> Vec<OutsidePin> {
    let is_changed = |pin: &OutsidePin| {
        bump.changes().any(|change| change.pin.file == pin.file && change.pin.span.start == pin.span.start)
    };
    let differs = |pin: &OutsidePin| match request.wanted.get(&pin.image) {
        Some(tag) => pin.value.as_deref() != Some(tag.as_str()),
        None => false,
    };
    outside.into_iter().filter(|pin| differs(pin) && !is_changed(pin)).collect()
}
