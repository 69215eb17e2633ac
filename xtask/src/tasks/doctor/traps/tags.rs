//! Traps in what tags and modules say: the bootstrap at v0.50.12, modules that are too old, units that a bump can't reach.

use std::collections::BTreeMap;

use crate::model::{ImageName, Tag};
use crate::repo::bump::Request;
use crate::repo::coupling::too_old;
use crate::repo::{Repository, Unit, plan_bump};
use crate::report::screen::count;
use crate::tasks::build_images::bootstrap::{self, Bootstrap};
use crate::tasks::changes;
use crate::tasks::doctor::finding::Finding;
use crate::tasks::profiles::Profiles;
use crate::tasks::select::label;

/// Whether the runner that builds now can build the release that comes next.
pub(in crate::tasks::doctor) fn bootstrap(repo: &Repository, profiles: &Profiles, target: &Tag) -> Finding {
    const NAME: &str = "bootstrap";
    let Some((unit, kaniko)) = bootstrap::builder(repo) else {
        return Finding::skip(NAME, "no unit builds images with a kaniko whose release is known");
    };
    if let Some(failure) = bootstrap::refusal(repo, profiles, unit, kaniko, target) {
        return Finding::refusal(NAME, &failure);
    }
    match Bootstrap::of(kaniko, target) {
        Bootstrap::NoRelease => Finding::skip(NAME, format!("`{target}` is not the number of a release")),
        Bootstrap::NoSecret => Finding::ok(NAME, format!("{target} needs no secret to be built")),
        Bootstrap::IfAsked => Finding::warn(
            NAME,
            format!("kaniko {kaniko} can build {target}, if the build passes `--env-secret`"),
        )
        .to_do("use `cargo xtask build-images`, which passes it; scripts with `--build-arg GITHUB_OAUTH_TOKEN` fail"),
        Bootstrap::Fine | Bootstrap::Trap if !changes::is_known(target) => Finding::skip(NAME, not_known(target)),
        Bootstrap::Fine | Bootstrap::Trap => {
            Finding::ok(NAME, format!("the runner of {} (kaniko {kaniko}) can build {target}", label(unit)))
        }
    }
}

/// Whether modules are old enough to keep images from working.
pub(in crate::tasks::doctor) fn modules(repo: &Repository, target: &Tag) -> Finding {
    const NAME: &str = "module";
    let effective = |unit: &Unit| {
        let tags = ImageName::ALL.into_iter().filter_map(|image| unit.image(image));
        let tags = tags.flat_map(|uses| uses.tags().into_iter().cloned());
        tags.filter_map(|tag| Some((too_old(&unit.module, &tag)?, tag))).max_by_key(|(old, _)| old.needs)
    };
    let now: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, effective(unit)?))).collect();
    if let Some((first, (old, tag))) = now.first() {
        let what = format!(
            "{} of {} is too old for {tag}: {} since {}, {}",
            old.module,
            label(first),
            old.needs,
            old.since,
            old.why
        );
        let finding = Finding::fail(NAME, what).at_all(now.iter().filter_map(|(unit, _)| unit.module.place.as_ref()));
        return distinct(finding).to_do(format!("raise `ref` to {} or newer before anything else", old.needs));
    }
    let next: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, too_old(&unit.module, target)?))).collect();
    if let Some((_, old)) = next.first() {
        let units = count(next.len(), "unit");
        let what = format!("{units} at {} need {} before {target} ({})", old.module, old.needs, old.why);
        let finding = Finding::warn(NAME, what).at_all(next.iter().filter_map(|(unit, _)| unit.module.place.as_ref()));
        return distinct(finding).to_do(format!("raise `ref` to {} or newer with the tags", old.needs));
    }
    if !changes::is_known(target) {
        return Finding::skip(NAME, not_known(target));
    }
    Finding::ok(NAME, format!("as far as is known, the modules go with their tags and with {target}"))
}

fn not_known(target: &Tag) -> String {
    format!(
        "not known: {target} is not among the releases that this program knows of, the newest of which is {}",
        changes::newest()
    )
}

fn distinct(mut finding: Finding) -> Finding {
    finding.places.dedup();
    finding
}

/// Whether a bump would reach every unit.
pub(in crate::tasks::doctor) fn reach(repo: &Repository, target: &Tag) -> Vec<Finding> {
    const NAME: &str = "pins";
    let used = ImageName::ALL.into_iter().filter(|image| repo.units.iter().any(|unit| unit.image(*image).is_some()));
    let wanted: BTreeMap<_, _> = used.map(|image| (image, target.clone())).collect();
    let request = Request { old_module: true, other_modules: true, ..Request::for_all(repo, wanted) };
    match plan_bump(repo, &request) {
        Ok(bump) => {
            let n = bump.edits.iter().map(|edit| edit.changes.len()).sum();
            let text = if n == 0 {
                format!("every unit is at {target} already")
            } else {
                format!("{} to change {} every unit", count(n, "pin"), if n == 1 { "reaches" } else { "reach" })
            };
            vec![Finding::ok(NAME, text)]
        }
        Err(failures) => failures.iter().map(|failure| Finding::refusal(NAME, failure)).collect(),
    }
}
