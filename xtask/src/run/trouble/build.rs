//! The causes of builds that fail, by the words of infrastructure-deployer, its invoker lambda, kaniko and ECS.

use super::Cause;
use super::rules::Rule;

pub(super) const BUILD: [Rule; 9] = [
    Rule {
        cause: Cause::NoToken,
        any: &[
            &["optionnotinallowedoptionserror", "--env-secret"],
            &["can't open '/kaniko/secrets/"],
            &["you must pass a github pat"],
        ],
        what: "the deployed runner can't hand the GitHub token to the build: it is older than v0.50.6, or not set up for it",
        hint: "build this one image by hand, bump, apply, and let the new runner build the next",
    },
    Rule {
        cause: Cause::OptionNotAllowed,
        any: &[&["optionnotinallowedoptionserror"]],
        what: "the runner's invoker does not allow an option of this build",
        hint: "allow it in the runner's configuration, or bring the runner up to date first",
    },
    Rule {
        cause: Cause::RepositoryNotAllowed,
        any: &[&["optionregexrestrictederror"]],
        what: "the runner's invoker does not allow this repository of Dockerfiles",
        hint: "add it to `allowed_repos` of the docker image builder, or use its HTTPS address",
    },
    Rule {
        cause: Cause::BrokenRegex,
        any: &[&["unbalanced parenthesis at position"]],
        what: "a regular expression in `allowed_repos_regex` of the deployed runner is broken",
        hint: "mend it in the runner's configuration and apply the runner",
    },
    Rule {
        cause: Cause::EmptyOption,
        any: &[&["indexerror: pop from an empty deque"]],
        what: "an option of the build was given without a value",
        hint: "leave the option out, or give it a value",
    },
    Rule {
        cause: Cause::UnknownFlag,
        any: &[&["flag provided but not defined: -secret"]],
        what: "the script in the runner has no option `--secret`",
        hint: "it is called `--env-secret`",
    },
    Rule {
        cause: Cause::NoImage,
        any: &[&["cannotpullcontainererror"]],
        what: "ECS could not pull the runner's own image: its tag is not in ECR, or the task may not read it",
        hint: "look which tag the unit of this account has (`cargo xtask status`) and whether it is in ECR",
    },
    Rule {
        cause: Cause::TaskNotStarted,
        any: &[&["ecs task failed to start"]],
        what: "ECS could not start the task",
        hint: "check the secret's ARN, the grant on its KMS key, and the image of the task",
    },
    Rule {
        cause: Cause::WrongToken,
        any: &[&["error resolving source context", "authentication required"]],
        what: "GitHub refused the token that the runner has",
        hint: "renew the personal access token in the runner's secret; it needs to read the Dockerfile repository",
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Cause, of_build};

    #[test]
    fn every_known_text_of_a_failed_build_has_its_cause() {
        for (log, expected) in [
            ("OptionNotInAllowedOptionsError: Option --task-cpu is not in the provided list", Cause::OptionNotAllowed),
            ("OptionNotInAllowedOptionsError: Option --env-secret is not in the provided list", Cause::NoToken),
            ("cat: can't open '/kaniko/secrets/github-token': No such file or directory", Cause::NoToken),
            ("You must pass a GitHub PAT as a secret", Cause::NoToken),
            (
                "OptionRegexRestrictedError: Provided value for option repo (git@x) does not match regex",
                Cause::RepositoryNotAllowed,
            ),
            ("unbalanced parenthesis at position 3", Cause::BrokenRegex),
            ("IndexError: pop from an empty deque", Cause::EmptyOption),
            ("flag provided but not defined: -secret", Cause::UnknownFlag),
            ("ECS Task failed to start. Reason: CannotPullContainerError: pull access denied", Cause::NoImage),
            (
                "ECS Task failed to start. Reason: ResourceInitializationError: unable to pull secrets",
                Cause::TaskNotStarted,
            ),
            ("error resolving source context: authentication required", Cause::WrongToken),
            ("time=\"2026\" level=error msg=\"ThrottlingException: Rate exceeded\"", Cause::Throttled),
        ] {
            assert_eq!(of_build(log).map(|trouble| trouble.cause), Some(expected), "{log}");
        }
    }
}
