//! The causes of containers that don't start, by the words of ECS
//! (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>) and of the runner's invoker.

use super::Cause;
use super::rules::Rule;

pub(super) const START: [Rule; 17] = [
    Rule {
        cause: Cause::DiskFull,
        any: &[&["no space left on device"]],
        what: "the disk of the runner's ECS task is full",
        hint: "give the task more ephemeral storage: Fargate has 20 GiB unless the task definition says more; on EC2 it is the disk of the instance",
    },
    Rule {
        cause: Cause::OutOfMemory,
        any: &[
            &["signal: killed"],
            &["outofmemoryerror"],
            &["cannot allocate memory"],
            &["runtime: out of memory"],
            &["exit status 137"],
        ],
        what: "the runner's ECS task ran out of memory",
        hint: "give it more: `task-memory` in the table `build` of the settings, in MiB, becomes `--task-memory` (on Fargate it has to go with `task-cpu`); otherwise the memory of the container in the runner's unit",
    },
    Rule {
        cause: Cause::NoInvoker,
        any: &[&["function not found: arn:"]],
        what: "the runner's invoker is not in this account and region",
        hint: "if the runner is not called `ecs-deploy-runner`, name its function by `invoker-function-id` in the table `build` of the settings; if there is no runner yet, apply its unit first",
    },
    Rule {
        cause: Cause::PullLimit,
        any: &[&["pull rate limit"], &["docker.com/increase-rate-limit"], &["docker.io", "429 too many requests"]],
        what: "Docker Hub lets the runner's address pull no more images for now",
        hint: "try again in some hours; for good, take the base image from ECR Public or a pull-through cache",
    },
    Rule {
        cause: Cause::NoNetwork,
        any: &[
            &["cannotpull", "i/o timeout"],
            &["cannotpull", "deadline exceeded"],
            &["cannotpull", "dial tcp"],
            &["cannotpull", "request canceled"],
            &["resourceinitializationerror", "i/o timeout"],
            &["resourceinitializationerror", "deadline exceeded"],
            &["resourceinitializationerror", "requestcanceled"],
            &["resourceinitializationerror", "network configuration"],
            &["resourceinitializationerror", "connection issue"],
            &["timeout waiting for network interface"],
            &["timeout waiting for eni"],
        ],
        what: "the task has no way out of its network: it can't reach ECR, Secrets Manager or CloudWatch Logs",
        hint: "the subnets in `private_subnet_ids` of the unit need a NAT gateway, or VPC endpoints for these and for S3, and the security group has to let HTTPS out",
    },
    Rule {
        cause: Cause::ImageDenied,
        any: &[&["cannotpull", "not authorized"], &["cannotpull", "denied"], &["cannotpull", "403 forbidden"]],
        what: "the task may not pull the runner's image",
        hint: "the policy of the repository in ECR has to let this account read, and the task's execution role needs `ecr:BatchGetImage`",
    },
    Rule {
        cause: Cause::NoImage,
        any: &[&["cannotpull", "not found"], &["cannotpull", "manifest unknown"], &["cannotpull", "does not exist"]],
        what: "the runner's image is not in ECR",
        hint: "which tag the unit has: cargo xtask status; to have it built: cargo xtask build-images TAG",
    },
    Rule {
        cause: Cause::NoImage,
        any: &[&["cannotpull"]],
        what: "ECS could not pull the runner's image",
        hint: "which tag the unit has: cargo xtask status; whether that is in ECR: cargo xtask verify",
    },
    Rule {
        cause: Cause::SecretMissing,
        any: &[
            &["resourceinitializationerror", "resourcenotfoundexception"],
            &["resourceinitializationerror", "can't find the specified secret"],
            &["resourceinitializationerror", "did not contain json key"],
        ],
        what: "a secret that the task needs is not there",
        hint: "compare the ARNs of secrets in the unit (`repo_access_ssh_key_secrets_manager_arn`, `secrets_manager_env_vars`) with what Secrets Manager has in this account and region",
    },
    Rule {
        cause: Cause::SecretDenied,
        any: &[
            &["resourceinitializationerror", "accessdenied"],
            &["resourceinitializationerror", "not authorized"],
            &["resourceinitializationerror", "kms"],
        ],
        what: "the task may not read a secret that it needs",
        hint: "its execution role needs `secretsmanager:GetSecretValue` on the secret, and a grant on the KMS key of the secret",
    },
    Rule {
        cause: Cause::NoLogGroup,
        any: &[&["failed to validate logger args"], &["log group does not exist"]],
        what: "the task can't write its log",
        hint: "its log group in CloudWatch is missing or may not be written to; cargo xtask apply-all makes it anew",
    },
    Rule {
        cause: Cause::TaskNotStarted,
        any: &[&["resourceinitializationerror"]],
        what: "ECS could not get the task ready: its secrets, its network or its log",
        hint: "look at what ECS says, at the ARNs of secrets in the unit, and at its subnets",
    },
    Rule {
        cause: Cause::NotStartable,
        any: &[&["cannotstartcontainererror"], &["cannotcreatecontainererror"]],
        what: "the image was pulled, but its container can't be started",
        hint: "it may be built for another platform than linux/amd64, or lack its entrypoint",
    },
    Rule {
        cause: Cause::NoCapacity,
        any: &[
            &["resource:cpu"],
            &["resource:memory"],
            &["no container instances were found"],
            &["no container instance met all of its requirements"],
            &["capacity is unavailable"],
            &["capacity provider", "was not found"],
            &["limit on the number of tasks you can run"],
            &["limit on the number of vcpus you can run"],
        ],
        what: "the cluster has no room for the task",
        hint: "wait until another task has ended; on EC2 look at the cluster's capacity provider and its instances, on Fargate at the account's quota",
    },
    Rule {
        cause: Cause::OptionNotAllowed,
        any: &[&["optionnotinallowedoptionserror"]],
        what: "the runner's invoker does not allow an option of this plan, so nothing was started",
        hint: "infrastructure-deployer --describe-containers shows what it allows",
    },
    Rule {
        cause: Cause::RepositoryNotAllowed,
        any: &[&["optionregexrestrictederror"]],
        what: "the runner's invoker does not let this repository or ref be planned, so nothing was started",
        hint: "compare it with `infrastructure_live_repositories` in the unit; another ref: --ref",
    },
    Rule {
        cause: Cause::TaskNotStarted,
        any: &[&["ecs task failed to start"], &["task failed to start"]],
        what: "ECS could not start the task",
        hint: "look at what ECS says, at the ARNs of secrets in the unit, and at its subnets",
    },
];

#[cfg(test)]
mod tests {
    use super::super::{Cause, of_start};

    #[test]
    fn every_known_reason_of_ecs_has_its_cause() {
        let secrets = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm:";
        for (said, expected) in [
            ("CannotPullContainerError: failed to resolve ref x/y:v1: x/y:v1: not found", Cause::NoImage),
            ("CannotPullContainerError: manifest unknown: Requested image not found", Cause::NoImage),
            ("CannotPullImageManifestError: something", Cause::NoImage),
            (
                "CannotPullContainerError: pull access denied for x/y, repository does not exist or may require 'docker login'",
                Cause::ImageDenied,
            ),
            ("CannotPullContainerError: dial tcp 10.0.0.7:443: i/o timeout", Cause::NoNetwork),
            (
                &format!("{secrets} RequestCanceled: request context canceled caused by: context deadline exceeded"),
                Cause::NoNetwork,
            ),
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
                Cause::NoNetwork,
            ),
            ("Timeout waiting for network interface provisioning to complete.", Cause::NoNetwork),
            (
                &format!(
                    "{secrets} ResourceNotFoundException: Secrets Manager can't find the specified secret. status code: 400"
                ),
                Cause::SecretMissing,
            ),
            (
                &format!("{secrets} AccessDeniedException: User: arn:aws:sts::1:assumed-role/x is not authorized"),
                Cause::SecretDenied,
            ),
            ("ResourceInitializationError: failed to validate logger args: create stream", Cause::NoLogGroup),
            ("ResourceInitializationError: something new", Cause::TaskNotStarted),
            ("CannotStartContainerError: exec format error", Cause::NotStartable),
            ("RESOURCE:MEMORY", Cause::NoCapacity),
            ("OptionNotInAllowedOptionsError: Option --ref is not in the provided list", Cause::OptionNotAllowed),
            (
                "OptionRegexRestrictedError: Provided value for option ref (x) does not match regex",
                Cause::RepositoryNotAllowed,
            ),
            ("Task failed to start", Cause::TaskNotStarted),
        ] {
            assert_eq!(of_start(said).map(|trouble| trouble.cause), Some(expected), "{said}");
        }
        assert_eq!(of_start("Essential container in task exited"), None);
    }
}
