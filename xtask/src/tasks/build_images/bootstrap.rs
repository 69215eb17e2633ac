//! The bootstrap at v0.50.12: from there on the Dockerfiles take the GitHub token as a secret of BuildKit, and a runner from
//! before v0.50.6 can't pass one, so that it can't build its own successor.

use crate::model::{Failure, ImageName, Tag, Version};
use crate::repo::coupling::too_old;
use crate::repo::{Repository, Unit};
use crate::tasks::profiles::Profiles;
use crate::tools::credentials::Wrapper;
use crate::tools::process::quoted;

/// From here on the Dockerfiles take the GitHub token as a secret of BuildKit.
const NEEDS_SECRET: Version = Version::new(0, 50, 12);
/// From here on a runner can pass one.
const PASSES_SECRET: Version = Version::new(0, 50, 6);

/// How a runner and the release that it is to build go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// The tag is not the number of a release.
    NoRelease,
    /// The release is built without a secret.
    NoSecret,
    /// The runner is new enough.
    Fine,
    /// The runner passes a secret, if the build asks for it by `--env-secret`.
    IfAsked,
    /// The runner can't build it.
    Trap,
}

impl Bootstrap {
    /// Judges a kaniko and the release that it is to build.
    pub fn of(kaniko: Version, target: &Tag) -> Self {
        match Version::parse(target.as_str()) {
            None => Self::NoRelease,
            Some(target) if target < NEEDS_SECRET => Self::NoSecret,
            Some(_) if kaniko >= NEEDS_SECRET => Self::Fine,
            Some(_) if kaniko >= PASSES_SECRET => Self::IfAsked,
            Some(_) => Self::Trap,
        }
    }
}

/// The unit that builds and the release of its kaniko, as the repository has it: the oldest, if several build.
pub fn builder(repo: &Repository) -> Option<(&Unit, Version)> {
    let known = repo.units.iter().filter_map(|unit| Some((unit, kaniko(unit)?)));
    known.min_by_key(|(_, kaniko)| *kaniko)
}

/// The release of a unit's kaniko: the oldest, if it has several.
pub fn kaniko(unit: &Unit) -> Option<Version> {
    unit.image(ImageName::Kaniko)?.tags().into_iter().filter_map(|tag| Version::parse(tag.as_str())).min()
}

/// That a runner with this kaniko can't build the release, and the way across; `None` if it can.
pub fn refusal(
    repo: &Repository,
    profiles: &Profiles,
    builder: &Unit,
    kaniko: Version,
    target: &Tag,
) -> Option<Failure> {
    if Bootstrap::of(kaniko, target) != Bootstrap::Trap {
        return None;
    }
    let what = format!(
        "this runner (kaniko {kaniko}) can't build {target}: from {NEEDS_SECRET} on a build needs `--env-secret`, which it doesn't know"
    );
    Some(recipe(repo, profiles, builder, target).into_iter().fold(Failure::refused(what), Failure::hint))
}

/// The way across, for this repository: kaniko is built by hand once, and the rest then builds itself.
fn recipe(repo: &Repository, profiles: &Profiles, builder: &Unit, target: &Tag) -> Vec<String> {
    let uri = builder.image(ImageName::Kaniko).and_then(|image| image.uri.value());
    let image = uri.map_or_else(|| "ACCOUNT.dkr.ecr.REGION.amazonaws.com/kaniko".to_owned(), ToString::to_string);
    let host = image.split('/').next().unwrap_or_default().to_owned();
    let region = uri.map_or("REGION", |uri| uri.region().as_str());
    let wrapper = wrapper(repo, profiles, builder);
    let bridge: Tag = NEEDS_SECRET.to_string().parse().expect("a version is a tag");
    let mut steps = vec![
        format!("cargo xtask build-images {bridge} --image kaniko --how local-docker, which is:"),
        format!("git clone --depth 1 --branch {bridge} {} terraform-aws-ci", repo.settings.dockerfile_repo()),
        format!(
            "DOCKER_BUILDKIT=1 docker build --platform linux/amd64 --secret id=github-token,env=GITHUB_OAUTH_TOKEN --build-arg module_ci_tag={bridge} --tag {image}:{bridge} terraform-aws-ci/modules/ecs-deploy-runner/docker/kaniko"
        ),
        format!(
            "{wrapper}aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}"
        ),
        format!("docker push {image}:{bridge}"),
    ];
    let old: Vec<_> = repo.units.iter().filter_map(|unit| Some((unit, too_old(&unit.module, &bridge)?))).collect();
    if let Some((_, needed)) = old.iter().max_by_key(|(_, needed)| needed.needs) {
        let places = old.iter().filter_map(|(unit, _)| unit.module.place.as_ref());
        let mut distinct: Vec<_> = places.map(ToString::to_string).collect();
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

/// The words before a command in the account that builds, ending with a space; none where the environment has credentials.
fn wrapper(repo: &Repository, profiles: &Profiles, builder: &Unit) -> String {
    let (Ok(wrapper), Some(account), Some(region)) =
        (Wrapper::new(repo.settings.credentials().to_vec()), builder.account.value(), builder.region.value())
    else {
        return String::new();
    };
    let profile = profiles.of(account, Some(region), &repo.settings);
    let profile = profile.map_or_else(|_| "PROFILE".to_owned(), |profile| profile.name);
    let words = wrapper.argv(account, Some(&profile), region);
    words.iter().flatten().map(|word| quoted(&word.to_string_lossy()) + " ").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_runner_from_before_secrets_can_not_build_a_release_that_needs_one() {
        for (kaniko, target, expected) in [
            ([0, 50, 4], "v0.50.12", Bootstrap::Trap),
            ([0, 50, 4], "v1.3.0", Bootstrap::Trap),
            ([0, 50, 4], "v0.50.11", Bootstrap::NoSecret),
            ([0, 50, 6], "v1.3.0", Bootstrap::IfAsked),
            ([0, 50, 12], "v1.3.0", Bootstrap::Fine),
            ([0, 50, 4], "2026-11", Bootstrap::NoRelease),
        ] {
            let [major, minor, patch] = kaniko;
            assert_eq!(
                Bootstrap::of(Version::new(major, minor, patch), &target.parse().unwrap()),
                expected,
                "{target}"
            );
        }
    }
}
