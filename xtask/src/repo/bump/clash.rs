//! Both images in one ECR repository are told apart by their tags alone: one tag for both would start one in place of the
//! other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Failure, ImageName, ImageUri, Tag, UnitPath};
use crate::repo::Unit;

/// The units that take each image, by address and tag.
type Taken<'u> = BTreeMap<(&'u ImageUri, &'u Tag), BTreeMap<ImageName, BTreeSet<&'u UnitPath>>>;

/// Tags that would mean both images with the change and didn't before.
pub(super) fn of(before: &[Unit], after: &[Unit]) -> Vec<Failure> {
    let known: BTreeSet<&ImageUri> = clashing(before).into_keys().map(|(uri, _)| uri).collect();
    let new = clashing(after).into_iter().filter(|((uri, _), _)| !known.contains(uri));
    new.map(|((uri, tag), by_image)| failure(uri, tag, &by_image)).collect()
}

fn clashing(units: &[Unit]) -> Taken<'_> {
    let mut taken = Taken::new();
    for unit in units {
        for image in ImageName::ALL {
            let deciders = unit.image(image).map(|uses| &uses.deciders[..]).unwrap_or_default();
            for (uri, tag) in deciders.iter().filter_map(|decider| decider.uri.value().zip(decider.tag.value())) {
                taken.entry((uri, tag)).or_default().entry(image).or_default().insert(&unit.path);
            }
        }
    }
    taken.retain(|_, by_image| by_image.len() > 1);
    taken
}

fn failure(uri: &ImageUri, tag: &Tag, by_image: &BTreeMap<ImageName, BTreeSet<&UnitPath>>) -> Failure {
    let what =
        format!("`{tag}` would be the tag of both images in one ECR repository, where only the tag tells them apart");
    let failure = Failure::refused(what).detail(uri.to_string());
    let failure = by_image.iter().fold(failure, |failure, (image, units)| {
        units.iter().fold(failure, |failure, unit| failure.detail(format!("{image} in {unit}")))
    });
    failure.hint(format!("give each its own: --set deploy-runner=deploy-runner-{tag} --set kaniko=kaniko-{tag}"))
}
