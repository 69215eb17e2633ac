//! The module of a unit: where its source is, which version of it, and whether it is the one that deploys a runner.

use std::rc::Rc;

use super::hcl::{Evaluator, Frame, Value};
use super::unit::known_text;
use super::{Files, Pin, reference};
use crate::model::{Known, Place};

/// The folders of modules that deploy a runner, as a source ends in them: that of the service catalog, that of
/// terraform-aws-ci, and the one with a steampipe runner beside it.
const RUNNERS: [&str; 3] =
    ["modules/mgmt/ecs-deploy-runner", "modules/ecs-deploy-runner", "modules/ecs-deploy-runner-with-steampipe-runner"];

/// The repositories that they come from. A fork or mirror with the same name counts too.
const REPOSITORIES: [&str; 3] = ["terraform-aws-service-catalog", "terraform-aws-ci", "terraform-aws-ci-steampipe"];

/// The folder of the module that terraform-aws-ci has for the arguments of its runner.
const STANDARD: &str = "modules/ecs-deploy-runner-standard-configuration";

/// The module of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The source as terragrunt or terraform gets it.
    pub source: Known<String>,
    /// Where it is written.
    pub place: Option<Place>,
    /// What decides its `ref`, where that can be made out.
    pub pin: Option<Pin>,
}

impl Module {
    /// The module of a unit of Terragrunt.
    pub(super) fn of(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Self {
        match frame.terraform_source(evaluator) {
            Ok(Some(source)) => Self::at(evaluator.files, &source),
            Ok(None) => Self::unknown("no `terraform` block has a `source`"),
            Err(fault) => Self::unknown(fault.in_one_line()),
        }
    }

    /// The module at a source.
    pub(super) fn at(files: &Files, source: &Value) -> Self {
        let pin = source.as_str().and_then(|text| reference::pin(files, source, parts(text).1?));
        Self { source: known_text(source), place: source.origin.place(), pin }
    }

    /// A module of which nothing is known.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self { source: Known::Unknown(reason.into()), place: None, pin: None }
    }

    /// The version: `ref` of the source. The inner `None` is a source that names none, such as a local path.
    pub fn version(&self) -> Known<Option<&str>> {
        match &self.source {
            Known::Value(source) => Known::Value(parts(source).1),
            Known::Unknown(reason) => Known::Unknown(reason.clone()),
        }
    }

    /// The version, where it is known and there is one.
    pub fn reference(&self) -> Option<&str> {
        self.source.value().and_then(|source| parts(source).1)
    }

    /// Whether it is a module that deploys a runner; `None` if that can't be known.
    pub fn is_runner(&self) -> Option<bool> {
        self.source.value().map(|source| is_runner(source))
    }

    /// Whether it is released with the runner's module: that module itself, or the one for its arguments; `None` if that can't
    /// be known.
    pub(super) fn is_of_runner(&self) -> Option<bool> {
        self.source.value().map(|source| is_runner(source) || is_standard_configuration(source))
    }

    /// Whether its source names a module that deploys a runner in the repository that has it.
    pub(super) fn is_published_runner(&self) -> bool {
        self.is_published() && self.is_runner() == Some(true)
    }

    /// Whether its source names a module in one of the repositories that have one which deploys a runner.
    pub(super) fn is_published(&self) -> bool {
        let is_repository = |part: &str| REPOSITORIES.contains(&part.strip_suffix(".git").unwrap_or(part));
        self.source.value().is_some_and(|source| parts(source).0.split(['/', ':']).any(is_repository))
    }

    /// Its source without the version; nothing if it is unknown.
    pub(super) fn address(&self) -> &str {
        self.source.value().map_or("", |source| parts(source).0)
    }

    /// Which of the modules that deploy a runner it is: the folder in its repository.
    pub fn folder(&self) -> Option<&'static str> {
        self.source.value().and_then(|source| runner_folder(source))
    }
}

/// Whether a module's source ends in the folder of a module that deploys a runner: in the service catalog,
/// terraform-aws-ci, a fork or a copy of either.
pub(super) fn is_runner(source: &str) -> bool {
    runner_folder(source).is_some()
}

/// Whether a module's source ends in the folder of the module that makes the images of a runner from one argument for
/// each container.
pub(super) fn is_standard_configuration(source: &str) -> bool {
    folder_among(source, &[STANDARD]).is_some()
}

fn runner_folder(source: &str) -> Option<&'static str> {
    folder_among(source, &RUNNERS)
}

fn folder_among(source: &str, folders: &[&'static str]) -> Option<&'static str> {
    let (folder, _) = parts(source);
    // `//` only parts the repository from the folder in it.
    let parts: Vec<_> = folder.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let ends_in = |runner: &&str| {
        let wanted: Vec<_> = runner.split('/').collect();
        parts.ends_with(&wanted)
    };
    folders.iter().copied().find(ends_in)
}

/// Whether a text names a module that deploys a runner, as far as bytes can tell.
pub(super) fn may_name_runner(text: &[u8]) -> bool {
    const NAME: &[u8] = b"ecs-deploy-runner";
    text.windows(NAME.len()).any(|window| window == NAME)
}

/// A source without its query, and the `ref` in the query.
fn parts(source: &str) -> (&str, Option<&str>) {
    let (folder, query) = source.split_once('?').unwrap_or((source, ""));
    (folder, query.split('&').find_map(|pair| pair.strip_prefix("ref=")).filter(|version| !version.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runner_modules_are_known_by_the_end_of_their_source() {
        for source in [
            "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5",
            "git::ssh://git@git.example.com/forks/service-catalog.git//modules/mgmt/ecs-deploy-runner",
            "git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1&depth=1",
            "git::https://example.com/terraform-aws-ci-steampipe.git//modules/ecs-deploy-runner-with-steampipe-runner?ref=v0.3.5",
            "../../../..//modules/ecs-deploy-runner",
            "/checkout/modules//mgmt/ecs-deploy-runner/",
            "tfr://registry.example.com/x/y/aws//modules/mgmt/ecs-deploy-runner?version=1.0.0",
        ] {
            assert!(is_runner(source), "{source}");
        }
        for source in [
            "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/data-stores/ecr-repos?ref=v0.107.5",
            "git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner-invoke-iam-policy?ref=v0.52.1",
            "git::git@github.com:example/modules.git//mgmt/other?ref=modules/ecs-deploy-runner",
            "../ecs-deploy-runner",
            "",
        ] {
            assert!(!is_runner(source), "{source}");
        }
    }

    #[test]
    fn published_runner_modules_are_known_by_repository_and_folder() {
        let is_published = |source: &str| {
            Module { source: Known::Value(source.to_owned()), place: None, pin: None }.is_published_runner()
        };
        for source in [
            "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner?ref=v0.107.5",
            "git@git.example.com:terraform-aws-ci.git//modules/ecs-deploy-runner",
            "github.com/gruntwork-io/terraform-aws-ci//modules/ecs-deploy-runner?ref=v0.52.1",
        ] {
            assert!(is_published(source), "{source}");
        }
        for source in [
            "git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner-invoke-iam-policy?ref=v0.52.1",
            "git::git@github.com:example/modules.git//modules/ecs-deploy-runner?ref=terraform-aws-ci",
            "../../modules/ecs-deploy-runner",
        ] {
            assert!(!is_published(source), "{source}");
        }
    }

    #[test]
    fn the_version_is_the_ref_of_the_source() {
        let version = |source: &str| {
            let module = Module { source: Known::Value(source.to_owned()), place: None, pin: None };
            module.version().value().copied().flatten().map(str::to_owned)
        };
        assert_eq!(version("git::x//modules/y?ref=v0.107.5-example.2").as_deref(), Some("v0.107.5-example.2"));
        assert_eq!(version("git::x//modules/y?depth=1&ref=main").as_deref(), Some("main"));
        for without in ["git::x//modules/y", "git::x//modules/y?ref=", "../modules/y"] {
            assert_eq!(version(without), None);
        }
        assert_eq!(Module::unknown("why").version().reason(), Some("why"));
    }
}
