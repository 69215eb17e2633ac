//! What every unit gets with the change, compared with what it should get.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::draft::Draft;
use super::plan::Target;
use super::{Also, Left, Request, explain};
use crate::model::{Failure, ImageName, Known, Tag, UnitPath};
use crate::repo::coupling::{self, TooOld};
use crate::repo::{Decider, ImageUse, Repository, Unit, UnitTag};

/// What differs from what is wanted, and what changes beside it.
#[derive(Debug, Default)]
pub(super) struct Outcome<'r> {
    /// Selected units that don't get their tag, and why.
    pub(super) missed: Vec<(Target<'r>, Failure)>,
    /// What nobody selected and changes all the same.
    pub(super) also: Vec<Also>,
    /// Selected units whose tag becomes the wanted one.
    pub(super) reached: BTreeMap<ImageName, Vec<UnitPath>>,
    /// Units whose tag is as unknown as before, although somebody has named a pin.
    pub(super) unproven: Vec<(UnitPath, ImageName)>,
    /// What nothing allows.
    pub(super) refused: Vec<Failure>,
}

/// Compares all units before and after.
pub(super) fn compare<'r>(
    repo: &Repository,
    request: &Request<'_>,
    targets: &[Target<'r>],
    draft: &Draft,
    left: &[Left],
    after: &[Unit],
) -> Outcome<'r> {
    let mut outcome = Outcome::default();
    for target in targets {
        let (wanted, new) = (&request.wanted[&target.image], after[target.at].image(target.image));
        let old = target.unit.image(target.image);
        let is_unknown = |uses: Option<&ImageUse>| uses.is_none_or(|uses| uses.tag.reason().is_some());
        if new.is_some_and(|uses| request.is_at(uses, wanted)) {
            // A unit that gets its tag and can't be worked on is like one that doesn't get it.
            let wrong = wrong(repo, true, target.unit, &after[target.at]);
            if !wrong.is_empty() {
                outcome.missed.extend(wrong.into_iter().map(|why| (*target, why)));
            } else if old.zip(new).is_none_or(|(old, new)| !new.has_tags_of(old)) {
                outcome.reached.entry(target.image).or_default().push(target.unit.path.clone());
            }
            continue;
        }
        let is_named = !request.named.is_empty() && is_unknown(old) && is_unknown(new);
        if is_named && explain::is_out_of_sight(request, target) {
            outcome.unproven.push((target.unit.path.clone(), target.image));
        } else {
            let has_deciders = target.unit.image(target.image).is_some_and(|uses| !uses.deciders.is_empty());
            let why = match explain::is_out_of_sight(request, target) || !has_deciders {
                // What is wrong with the unit says more than that its tag is unknown for it, and units may share it.
                true => after[target.at].problems.iter().map(Failure::again).collect(),
                false => Vec::new(),
            };
            let why = if why.is_empty() { vec![explain::why(repo, request, target, wanted, new)] } else { why };
            outcome.missed.extend(why.into_iter().map(|why| (*target, why)));
        }
    }
    let all: BTreeSet<_> = targets.iter().map(|target| (target.at, target.image)).collect();
    let chosen = request.chosen();
    for (at, (old, new)) in repo.units.iter().zip(after).enumerate() {
        let is_selected = chosen.contains(&old.path);
        let is_target = |image| all.contains(&(at, image));
        for image in ImageName::ALL.into_iter().filter(|image| !is_target(*image)) {
            outcome.beside(request, draft, (old, new), image, is_selected);
        }
        for image in ImageName::ALL.into_iter().filter(|image| is_target(*image)) {
            if let (Some(was), Some(is)) = (old.image(image), new.image(image)) {
                outcome.configurations(request, old, (was, is), |decider| request.covers(decider));
            }
        }
        outcome.others(request, old, new);
        outcome.refused.extend(beside_tags(old, new));
        let is_missed = outcome.missed.iter().any(|(target, _)| target.at == at);
        if !is_missed && left.iter().all(|left| left.unit != old.path) {
            outcome.refused.extend(wrong(repo, is_selected && !request.partial, old, new));
        }
    }
    outcome
}

impl Outcome<'_> {
    /// What becomes of an image that is not to move in this unit.
    fn beside(
        &mut self,
        request: &Request<'_>,
        draft: &Draft,
        (old, new): (&Unit, &Unit),
        image: ImageName,
        is_selected: bool,
    ) {
        let (Some(was), Some(is)) = (old.image(image), new.image(image)) else { return };
        if is.has_tags_of(was) {
            return;
        }
        let shown = |tag: &UnitTag| match tag {
            UnitTag::One(tag) => tag.to_string(),
            UnitTag::Differ => "differs".to_owned(),
            UnitTag::Unknown(_) => "unknown".to_owned(),
        };
        match is.tag.value() {
            Some(to) if request.wanted.get(&image) == Some(to) => {
                let from = shown(&was.tag);
                let (unit, image) = (old.path.clone(), image.to_string());
                self.also.push(Also { unit, image, from, to: to.clone(), is_wanted: true });
            }
            // Left out, since it would get its tag only in part: that is said with the reason.
            None if request.wanted.contains_key(&image) && request.partial && is_selected => {}
            None if request.wanted.contains_key(&image) && is.tag == UnitTag::Differ => {
                self.configurations(request, old, (was, is), |_| false);
            }
            _ => {
                let what = format!("the change would also change image `{image}` in `{}`, which is to stay", old.path);
                let by = is.deciders.iter().filter_map(|decider| decider.pin.as_ref());
                let is_changed = |place: &String| draft.edits.iter().any(|edit| edit.file == *place);
                let failure = match by.map(|pin| pin.place()).find(|place| is_changed(&place.file)) {
                    Some(place) => Failure::refused(what).at(place),
                    None => Failure::refused(what).in_file(old.path.as_str()),
                };
                let failure = failure.detail(format!("expected  {}", shown(&was.tag)));
                let failure = failure.detail(format!("found     {}", shown(&is.tag)));
                self.refused.push(failure.hint("move both images, or give each a local of its own"));
            }
        }
    }

    /// Configurations of a unit that are not to move and do so all the same.
    fn configurations(
        &mut self,
        request: &Request<'_>,
        old: &Unit,
        (was, is): (&ImageUse, &ImageUse),
        is_meant: impl Fn(&Decider) -> bool,
    ) {
        let both = was.deciders.iter().zip(&is.deciders);
        for (was, is) in both.filter(|(was, is)| was.tag != is.tag && !is_meant(was)) {
            let from = was.tag.value().map_or("unknown", Tag::as_str).to_owned();
            match is.tag.value().cloned() {
                Some(to) => self.also(request, old, is, (from, to)),
                None => {
                    let what =
                        format!("the change would make the tag of `{}` in `{}` unknown", is.configuration, old.path);
                    let place = was.place.clone().into_iter();
                    self.refused.push(place.fold(Failure::refused(what), Failure::at));
                }
            }
        }
    }

    /// Other images whose tag comes from the same string, such as that of a steampipe runner.
    fn others(&mut self, request: &Request<'_>, old: &Unit, new: &Unit) {
        for (was, is) in old.others.iter().zip(&new.others).filter(|(was, is)| was.tag != is.tag) {
            let from = was.tag.value().map_or("unknown", Tag::as_str).to_owned();
            if let Some(to) = is.tag.value().cloned() {
                self.also(request, old, is, (from, to));
            }
        }
    }

    /// A configuration that changes from one tag to another beside what is selected.
    fn also(&mut self, request: &Request<'_>, unit: &Unit, is: &Decider, (from, to): (String, Tag)) {
        let is_wanted = request.wanted.values().any(|wanted| *wanted == to);
        self.also.push(Also { unit: unit.path.clone(), image: is.configuration.clone(), from, to, is_wanted });
    }
}

/// Where the runner would be another one, or its images would come from somewhere else: that is no change of tags.
fn beside_tags(old: &Unit, new: &Unit) -> Option<Failure> {
    let deciders = |unit: &'_ Unit| {
        let own = unit.images.values().flatten().flat_map(|uses| uses.deciders.clone());
        own.chain(unit.others.iter().cloned()).collect::<Vec<_>>()
    };
    let both: Vec<_> = deciders(old).into_iter().zip(deciders(new)).collect();
    let address = both.iter().find(|(was, is)| was.uri != is.uri).map(|(was, is)| {
        let what = format!("the address of the image of `{}`", was.configuration);
        (what, known(&was.uri), known(&is.uri), "give the tag a local of its own")
    });
    let name = both.iter().find(|(was, is)| was.runner.value() != is.runner.value()).map(|(was, is)| {
        let hint = "a runner of another name is made anew, cluster and all: take the tag out of its name first";
        ("the name of the runner".to_owned(), known(&was.runner), known(&is.runner), hint)
    });
    let region = (old.region.value() != new.region.value())
        .then(|| ("the region".to_owned(), known(&old.region), known(&new.region), "give the tag a local of its own"));
    let account = old.account.value().zip(new.account.value()).filter(|(was, is)| !was.is(is)).map(|(was, is)| {
        ("the account".to_owned(), was.to_string(), is.to_string(), "give the tag a local of its own")
    });
    let (what, was, is, hint) = address.or(name).or(region).or(account)?;
    let what = format!("the change would also change {what} in `{}`", old.path);
    let failure = Failure::refused(what).in_file(old.path.as_str());
    Some(failure.detail(format!("expected  {was}")).detail(format!("found     {is}")).hint(hint))
}

fn known<T: ToString>(value: &Known<T>) -> String {
    value.as_result().map_or_else(|why| format!("unknown: {why}"), ToString::to_string)
}

/// What is wrong with a unit with the change: with a selected one anything, with any other only what is new.
fn wrong(repo: &Repository, is_selected: bool, old: &Unit, new: &Unit) -> Vec<Failure> {
    if new.problems.is_empty() && old.problems.is_empty() {
        return Vec::new();
    }
    let texts = |unit: &Unit| unit.problems.iter().map(ToString::to_string).collect::<HashSet<_>>();
    // What the same reading finds without the change; the rest, such as two accounts, it does not look for.
    let known = texts(&repo.read_again(&repo.files, old));
    let new_ones = new.problems.iter().filter(|problem| is_selected || !known.contains(&problem.to_string()));
    let rest = old.problems.iter().filter(|problem| is_selected && !known.contains(&problem.to_string()));
    new_ones.chain(rest).map(Failure::again).collect()
}

/// A unit that is left out may share a string with one that isn't, also where nothing is known of what it reads.
pub(super) fn say_what_changes_all_the_same(repo: &Repository, left: &mut Left, image: ImageName, after: &[Unit]) {
    let all = repo.units.iter().zip(after).find(|(unit, _)| unit.path == left.unit);
    let Some((was, is)) = all.and_then(|(old, new)| old.image(image).zip(new.image(image))) else { return };
    if was.deciders.is_empty() {
        left.why.details.push("if it shares a string with others, its tag changes with theirs".to_owned());
    }
    for (was, is) in was.deciders.iter().zip(&is.deciders) {
        if let Some(tag) = is.tag.value().filter(|_| was.tag != is.tag) {
            left.why.details.push(format!("{} gets {tag} all the same: others get it from there", is.configuration));
        }
    }
}

/// What is wrong with moving tags that a unit's module is too old for.
pub(super) fn old_modules(repo: &Repository, request: &Request<'_>, after: &[Unit]) -> Vec<Failure> {
    let mut found: BTreeMap<String, (TooOld, Tag, Vec<&Unit>)> = BTreeMap::new();
    for (old, new) in repo.units.iter().zip(after) {
        for image in request.wanted.keys() {
            let (Some(was), Some(is)) = (old.image(*image), new.image(*image)) else { continue };
            for tag in is.tags().difference(&was.tags()) {
                let Some(too_old) = coupling::too_old(&new.module, tag) else { continue };
                let place = old.module.place.as_ref().map(ToString::to_string).unwrap_or_default();
                let key = format!("{place} {tag} {}", too_old.module);
                let (.., units) = found.entry(key).or_insert_with(|| (too_old, (*tag).clone(), Vec::new()));
                if units.last().is_none_or(|last| last.path != old.path) {
                    units.push(old);
                }
            }
        }
    }
    found.into_values().map(|(too_old, tag, units)| failure(&too_old, &tag, &units)).collect()
}

fn failure(too_old: &TooOld, tag: &Tag, units: &[&Unit]) -> Failure {
    let TooOld { module, needs, since, why } = too_old;
    let failure = Failure::refused(format!("module {module} is too old for images {tag}: it must be {needs} or newer"));
    let place = units.first().and_then(|unit| unit.module.place.clone());
    let failure =
        place.into_iter().fold(failure, Failure::at).detail(format!("images from {since} on need {needs}: {why}"));
    let failure = explain::with_units(failure, units.iter().map(|unit| &unit.path));
    failure.hint("move the module with it: --module-ref REF; if it is known to work: --allow old-module")
}
