//! Which release of the runner's module an image needs: an image that is newer than its module can't be built, or is
//! started with options that it doesn't know. What isn't in the tables is not known to be wrong.

use super::Module;
use crate::model::{Tag, Version};

/// From one release of terraform-aws-ci on, its images need a module of this release or a newer one.
struct Coupling {
    image: Version,
    module: Version,
    why: &'static str,
}

const fn row(image: [u32; 3], module: [u32; 3], why: &'static str) -> Coupling {
    Coupling {
        image: Version::new(image[0], image[1], image[2]),
        module: Version::new(module[0], module[1], module[2]),
        why,
    }
}

const TAKEN_UP: &str = "it is the release of the service catalog that took these images up";
const BUILD_SECRETS: &str = "their Dockerfiles need a secret that older runners can't pass to a build (`--env-secret`)";

/// `modules/mgmt/ecs-deploy-runner` of the service catalog, ascending.
const SERVICE_CATALOG: [Coupling; 7] = [
    row([0, 38, 9], [0, 60, 0], TAKEN_UP),
    row([0, 41, 0], [0, 71, 0], TAKEN_UP),
    row([0, 45, 0], [0, 79, 0], TAKEN_UP),
    row([0, 47, 2], [0, 85, 0], TAKEN_UP),
    row([0, 50, 0], [0, 92, 0], TAKEN_UP),
    row([0, 50, 12], [0, 96, 3], BUILD_SECRETS),
    row([0, 52, 1], [0, 104, 6], TAKEN_UP),
];

/// `modules/ecs-deploy-runner` of terraform-aws-ci itself.
const TERRAFORM_AWS_CI: [Coupling; 1] = [row([0, 50, 12], [0, 50, 6], BUILD_SECRETS)];

/// The folder of each module, the repository that it is in, and its table.
const TABLES: [(&str, &str, &[Coupling]); 2] = [
    ("modules/mgmt/ecs-deploy-runner", "terraform-aws-service-catalog", &SERVICE_CATALOG),
    ("modules/ecs-deploy-runner", "terraform-aws-ci", &TERRAFORM_AWS_CI),
];

fn row_of(table: &[Coupling], image: Version) -> Option<&Coupling> {
    table.iter().rev().find(|coupling| coupling.image <= image)
}

/// The oldest release of a module that goes with an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The folder of the module in its repository.
    pub folder: &'static str,
    /// The repository.
    pub repository: &'static str,
    /// The release.
    pub release: Version,
}

/// What images of a release of terraform-aws-ci need of each of the runner's modules.
pub fn needed(image: Version) -> Vec<Needed> {
    let needs = |(folder, repository, table): (_, _, &[Coupling])| {
        row_of(table, image).map(|row| Needed { folder, repository, release: row.module })
    };
    TABLES.into_iter().filter_map(needs).collect()
}

/// A module that is too old for an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooOld {
    /// The release of the module that is in use, as it is written.
    pub module: String,
    /// The oldest release of the module that goes with the image.
    pub needs: Version,
    /// The release of terraform-aws-ci from which on that holds.
    pub since: Version,
    /// How that is known, as a sentence without a period.
    pub why: &'static str,
}

/// Whether a module is too old for images with this tag; `None` where it isn't, and where that can't be told: a source
/// without a version, a tag that is none, a module of somebody's own.
pub fn too_old(module: &Module, tag: &Tag) -> Option<TooOld> {
    let (_, _, table) = TABLES.into_iter().find(|(folder, ..)| module.folder() == Some(folder))?;
    let image = Version::parse(tag.as_str())?;
    let written = module.reference()?.to_owned();
    let version = Version::parse(&written)?;
    let needed = row_of(table, image)?;
    let too_old = TooOld { module: written, needs: needed.module, since: needed.image, why: needed.why };
    (version < needed.module).then_some(too_old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Known;

    fn check(source: &str, tag: &str) -> Option<String> {
        let module = Module { source: Known::Value(source.to_owned()), place: None, pin: None };
        too_old(&module, &tag.parse().expect("a tag")).map(|it| format!("{} since {}", it.needs, it.since))
    }

    fn catalog(version: &str, tag: &str) -> Option<String> {
        check(&format!("git::git@example.com:service-catalog.git//modules/mgmt/ecs-deploy-runner?ref={version}"), tag)
    }

    #[test]
    fn each_image_needs_the_newest_release_that_its_row_or_an_older_one_names() {
        for (module, tag, needs) in [
            ("v0.59.9", "v0.38.10.1", Some("v0.60.0 since v0.38.9")),
            ("v0.60.0", "v0.38.10.1", None),
            ("v0.90.2", "v0.49.1", None),
            ("v0.96.2", "v0.50.12", Some("v0.96.3 since v0.50.12")),
            ("v0.96.3", "v0.50.12", None),
            ("v0.96.3", "v0.52.1", Some("v0.104.6 since v0.52.1")),
            ("v0.104.6", "v1.3.0", None),
            ("v0.104.5-example.1", "v1.3.0", Some("v0.104.6 since v0.52.1")),
            ("v2.11.1", "v1.3.0", None),
            ("v0.1.0", "v0.20.0", None),
        ] {
            assert_eq!(catalog(module, tag).as_deref(), needs, "{module} with {tag}");
        }
        let own = |version: &str| {
            check(&format!("git@example.com:ci.git//modules/ecs-deploy-runner?ref={version}"), "v1.3.0")
        };
        assert_eq!(own("v0.50.5").as_deref(), Some("v0.50.6 since v0.50.12"));
        assert_eq!(own("v0.50.6"), None);
    }

    #[test]
    fn what_cannot_be_compared_is_not_called_too_old() {
        assert_eq!(catalog("main", "v1.3.0"), None);
        assert_eq!(catalog("v0.1.0", "deploy-runner-v1"), None);
        assert_eq!(check("../../modules/mgmt/ecs-deploy-runner", "v1.3.0"), None);
        assert_eq!(check("git::x//modules/ecs-deploy-runner-with-steampipe-runner?ref=v0.3.5", "v1.3.0"), None);
        assert_eq!(check("git::x//modules/our-runner?ref=v0.3.5", "v1.3.0"), None);
    }

    #[test]
    fn rows_ascend_in_both_columns() {
        for table in [&SERVICE_CATALOG[..], &TERRAFORM_AWS_CI] {
            assert!(table.windows(2).all(|pair| pair[0].image < pair[1].image && pair[0].module < pair[1].module));
        }
    }
}
