//! Why a unit would not get its tag, with the line that decides it.

use std::collections::BTreeMap;

use super::Request;
use super::draft::is_inside;
use super::plan::Target;
use crate::model::{Failure, Known, Place, Tag, UnitPath, literal};
use crate::repo::{Decider, ImageUse, Pin, Repository, Trail};

/// What to do about a tag that is not a plain string.
const HINT: &str = "let it refer to a local that holds nothing but the tag";

/// How to name what a tag is put together from.
fn naming(repo: &Repository, deciders: &[&Decider]) -> String {
    let starts: Vec<_> = deciders.iter().flat_map(|decider| starts(&decider.trail)).collect();
    let plain = || starts.iter().find_map(|place| Pin::plain(&repo.files, &place.file));
    // What decides a runner elsewhere is known by name.
    let all = repo.units.iter().flat_map(|unit| unit.images.values().flatten()).flat_map(|uses| &uses.deciders);
    let known = all.filter_map(|decider| decider.pin.as_ref()).find(|pin| starts.contains(&&pin.place()));
    let name = known.cloned().or_else(plain).map_or("FILE:KEY".to_owned(), |pin| format!("{}:{}", pin.file, pin.key));
    format!("or name what holds the version: --pin {name}")
}

/// The line by which a person states that an input of a module that isn't here is the tag.
fn stating(repo: &Repository, target: &Target<'_>) -> Option<String> {
    let (input, image) = target.unit.takes.iter().find(|(_, image)| *image == target.image)?;
    let folder = repo.settings.folder_of(&repo.root, &target.unit.path.in_root(&repo.root));
    Some(format!(
        "if that input is the runner's tag, write so into [workspace.metadata.xtask] in Cargo.toml: tag-inputs = {{ {} = {{ {} = {} }} }}",
        literal(&folder),
        key(input),
        literal(image.as_str())
    ))
}

/// A key of TOML: quoted where it has to be.
fn key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { name.to_owned() } else { literal(name) }
}

/// The places from which a value came.
fn starts(trail: &Trail) -> Vec<&Place> {
    let own = trail.hops.last().map(|hop| &hop.place).filter(|_| trail.from.is_empty());
    own.into_iter().chain(trail.from.iter().flat_map(starts)).collect()
}

/// Why a unit would not get its tag; `new` is what it would get.
pub(super) fn why(
    repo: &Repository,
    request: &Request<'_>,
    target: &Target<'_>,
    wanted: &Tag,
    new: Option<&ImageUse>,
) -> Failure {
    let image = target.image;
    let Some(uses) = target.unit.image(image).filter(|uses| !uses.deciders.is_empty()) else {
        let what = format!("cannot tell what decides the tag of image `{image}` in `{}`", target.unit.path);
        let tag = target.unit.image(image).map(|uses| &uses.tag);
        let reason = tag.and_then(|tag| tag.reason()).unwrap_or("nothing is known of it");
        return Failure::refused(what).in_file(target.unit.path.as_str()).detail(reason);
    };
    let mut found: Option<(Option<&Place>, String, Vec<&str>)> = None;
    for decider in request.covered(Some(uses)) {
        let Some(why) = why_not(repo, decider, wanted) else { continue };
        let place = decider.place.as_ref();
        let (known_place, known, configurations) = found.get_or_insert_with(|| (place, why.clone(), Vec::new()));
        if *known == why && *known_place == place {
            configurations.push(&decider.configuration);
        }
    }
    match found {
        Some((place, why, configurations)) => {
            let mut stay = request.covered(Some(uses));
            stay.retain(|decider| why_not(repo, decider, wanted).is_some());
            Failure::refused(format!("cannot change the tag of image `{image}`: {why}"))
                .at(place.cloned().unwrap_or_else(|| Place::file(target.unit.path.as_str())))
                .detail(format!("it is the tag of {}", configurations.join(" and ")))
                .hint(stating(repo, target).unwrap_or_else(|| HINT.to_owned()))
                .hint(naming(repo, &stay))
        }
        None => elsewhere(request, target, wanted, uses, new),
    }
}

/// All strings were changed, and the unit takes its tag from somewhere else then.
fn elsewhere(
    request: &Request<'_>,
    target: &Target<'_>,
    wanted: &Tag,
    old: &ImageUse,
    new: Option<&ImageUse>,
) -> Failure {
    let (image, path) = (target.image, &target.unit.path);
    let what = format!("with the change, image `{image}` in `{path}` would not get the tag that it should");
    let deciders = request.covered(new);
    let is_other = |decider: &&&Decider| decider.tag.value() != Some(wanted);
    let place = deciders.iter().find(is_other).and_then(|decider| decider.place.clone());
    let place = place.or_else(|| old.deciders.iter().find_map(|decider| decider.place.clone()));
    let failure = Failure::refused(what).at(place.unwrap_or_else(|| Place::file(path.as_str())));
    let failure = failure.detail(format!("expected  {wanted}"));
    deciders.iter().filter(is_other).fold(failure, |failure, decider| {
        let found = match &decider.tag {
            Known::Value(tag) => tag.to_string(),
            Known::Unknown(reason) => format!("unknown: {reason}"),
        };
        failure.detail(format!("found     {found}   {}", decider.configuration))
    })
}

/// Why what decides a tag is not ours to change; `None` if it is, or needs no change.
fn why_not(repo: &Repository, decider: &Decider, wanted: &Tag) -> Option<String> {
    if decider.tag.value() == Some(wanted) {
        return None;
    }
    match &decider.pin {
        Some(pin) if !is_inside(repo, &pin.file) => {
            Some(format!("it comes from `{}`, which lies outside the repository", pin.file))
        }
        Some(_) => None,
        None => Some(match (decider.tag.reason(), decider.expression.as_str()) {
            (Some(reason), _) => format!("it is unknown: {reason}"),
            (None, "") => "it does not come from a plain string".to_owned(),
            (None, expression) => format!("it comes from `{expression}`, which is not a plain string"),
        }),
    }
}

/// Whether nothing that can be known decides the tag, so that only a person can name the pin.
pub(super) fn is_out_of_sight(request: &Request<'_>, target: &Target<'_>) -> bool {
    request.covered(target.unit.image(target.image)).iter().any(|decider| decider.tag.reason().is_some())
}

/// One failure for all units that miss their tag for the same reason, naming each.
pub(super) fn together(missed: &[(Target<'_>, Failure)]) -> Vec<Failure> {
    let mut order = Vec::new();
    let mut units: BTreeMap<String, Vec<&UnitPath>> = BTreeMap::new();
    for (target, failure) in missed {
        let key = failure.to_string();
        if !units.contains_key(&key) {
            order.push((key.clone(), failure));
        }
        let units = units.entry(key).or_default();
        if !units.contains(&&target.unit.path) {
            units.push(&target.unit.path);
        }
    }
    let with_units = |(key, failure): (String, &Failure)| with_units(failure.again(), units[&key].iter().copied());
    order.into_iter().map(with_units).collect()
}

/// A failure with the units that it is about, unless it names its only one already.
pub(super) fn with_units<'u>(failure: Failure, units: impl Iterator<Item = &'u UnitPath>) -> Failure {
    let new = units.filter(|unit| !failure.what.contains(&format!("`{unit}`"))).map(|unit| format!("in {unit}"));
    let new: Vec<_> = new.collect();
    new.into_iter().fold(failure, Failure::detail)
}
