//! Traps in what tags and modules say: the bootstrap at v0.50.12, modules that are too old, units that a bump can't reach.

use std::collections::BTreeMap;

use crate::model::{ImageName, Tag, Version};
use crate::repo::bump::Request;
use crate::repo::coupling::too_old;
use crate::repo::{Repository, Unit, plan_bump};
use crate::report::screen::count;
use crate::tasks::doctor::finding::Finding;
use crate::tasks::profiles::Profiles;

/// From here on the Dockerfiles take the GitHub token as a secret of BuildKit.
const NEEDS_SECRET: Version = Version::new(0, 50, 12);
/// From here on a runner can pass one.
const PASSES_SECRET: Version = Version::new(0, 50, 6);

/// Whether the runner that builds now can build the release that comes next.
pub(in crate::tasks::doctor) fn bootstrap(repo: &Repository, profiles: &Profiles, target: &Tag) -> Finding {
    const NAME: &str = "bootstrap";
    let Some(wanted) = Version::parse(target.as_str()) else {
        return Finding::skip(NAME, format!("`{target}` is not the number of a release"));
    };
    if wanted < NEEDS_SECRET {
        return Finding::ok(NAME, format!("{target} needs no secret to be built"));
    }
    let builders = repo.units.iter().filter_map(|unit| Some((unit, unit.image(ImageName::Kaniko)?)));
    let known = builders.filter_map(|(unit, image)| Some((unit, Version::parse(image.tag.value()?.as_str())?)));
    let Some((unit, kaniko)) = known.min_by_key(|(_, kaniko)| *kaniko) else {
        return Finding::skip(NAME, "no unit builds images with a kaniko whose release is known");
    };
    if kaniko >= NEEDS_SECRET {
        return Finding::ok(NAME, format!("the runner of {} (kaniko {kaniko}) can build {target}", unit.account.name));
    }
    if kaniko >= PASSES_SECRET {
        return Finding::warn(NAME, format!("kaniko {kaniko} can build {target}, if the build passes `--env-secret`"))
            .to_do(
                "use `cargo xtask build-images`, which passes it; scripts with `--build-arg GITHUB_OAUTH_TOKEN` fail",
            );
    }
    let finding = Finding::fail(
        NAME,
        format!(
            "this runner (kaniko {kaniko}) can't build {target}: from {NEEDS_SECRET} on a build needs `--env-secret`, which it doesn't know"
        ),
    );
    recipe(repo, profiles, unit, target).into_iter().fold(finding, Finding::to_do)
}

/// The way across, for this repository: kaniko is built by hand once, and the rest then builds itself.
fn recipe(repo: &Repository, profiles: &Profiles, builder: &Unit, target: &Tag) -> Vec<String> {
    let uri = builder.image(ImageName::Kaniko).and_then(|image| image.uri.value());
    let image = uri.map_or_else(|| "ACCOUNT.dkr.ecr.REGION.amazonaws.com/kaniko".to_owned(), ToString::to_string);
    let host = image.split('/').next().unwrap_or_default().to_owned();
    let region = builder.region.value().map_or("REGION", |region| region.as_str());
    let profile = profiles.of(&builder.account, builder.region.value(), &repo.settings);
    let profile = profile.map_or_else(|_| "PROFILE".to_owned(), |profile| profile.name);
    let bridge: Tag = NEEDS_SECRET.to_string().parse().expect("a version is a tag");
    let mut steps = vec![
        format!("git clone --depth 1 --branch {bridge} {} terraform-aws-ci", repo.settings.dockerfile_repo()),
        format!(
            "DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --secret id=github-token,env=GITHUB_OAUTH_TOKEN --build-arg module_ci_tag={bridge} --tag {image}:{bridge} terraform-aws-ci/modules/ecs-deploy-runner/docker/kaniko"
        ),
        format!(
            "aws-vault exec {profile} -- aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}"
        ),
        format!("docker push {image}:{bridge}"),
    ];
    let old = repo.units.iter().filter_map(|unit| Some((unit, too_old(&unit.module, &bridge)?)));
    let old: Vec<_> = old.collect();
    if let Some((_, needed)) = old.iter().max_by_key(|(_, needed)| needed.needs) {
        let places: Vec<_> =
            old.iter().filter_map(|(unit, _)| unit.module.place.as_ref()).map(ToString::to_string).collect();
        let mut distinct = places;
        distinct.dedup();
        steps.push(format!("raise `ref` of the runner's module to {} or newer: {}", needed.needs, distinct.join(", ")));
    }
    steps.extend([
        format!("cargo xtask bump-tags {bridge} --image kaniko"),
        "cargo xtask apply-all".to_owned(),
        "replace `--build-arg GITHUB_OAUTH_TOKEN` by `--env-secret github-token=GITHUB_OAUTH_TOKEN` in scripts of your own".to_owned(),
        format!("cargo xtask build-images {target}"),
    ]);
    steps
}

/// Whether modules are old enough to keep images from working.
pub(in crate::tasks::doctor) fn modules(repo: &Repository, target: &Tag) -> Finding {
    const NAME: &str = "module";
    let effective = |unit: &Unit| {
        let tags = ImageName::ALL.into_iter().filter_map(|image| unit.image(image)?.tag.value().cloned());
        tags.filter_map(|tag| Some((too_old(&unit.module, &tag)?, tag))).max_by_key(|(old, _)| old.needs)
    };
    let now: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, effective(unit)?))).collect();
    if let Some((first, (old, tag))) = now.first() {
        let what = format!(
            "{} of {} is too old for {tag}: {} since {}, {}",
            old.module, first.account.name, old.needs, old.since, old.why
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
    Finding::ok(NAME, format!("as far as is known, the modules go with their tags and with {target}"))
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
    let request = Request { old_module: true, ..Request::for_all(repo, wanted) };
    match plan_bump(repo, &request) {
        Ok(bump) => {
            let n = bump.edits.iter().map(|edit| edit.changes.len()).sum();
            let text = if n == 0 {
                format!("every unit is at {target} already")
            } else {
                format!("{} to change reach every unit", count(n, "pin"))
            };
            vec![Finding::ok(NAME, text)]
        }
        Err(failures) => failures.iter().map(|failure| Finding::refusal(NAME, failure)).collect(),
    }
}
