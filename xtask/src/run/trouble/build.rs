//! The causes of builds that fail, by the words of infrastructure-deployer, its invoker lambda, kaniko and ECS.

use super::Cause;
use super::rules::Rule;

pub(super) const BUILD: [Rule; 11] = [
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
        any: &[&["cannotpull", ": not found"], &["cannotpull", "image not found"], &["cannotpull", "manifest unknown"]],
        what: "the image that builds is not in ECR, so the runner can't build anything",
        hint: "which tag of kaniko the unit has: cargo xtask status; build that one by hand, or put back the tag that is in ECR and apply",
    },
    Rule {
        cause: Cause::TagImmutable,
        any: &[&["imagetagalreadyexists"], &["cannot be overwritten because the"]],
        what: "the tag is in ECR already, and the repository does not let tags be overwritten",
        hint: "run the command again, which takes the image that is there; to have it built anew, delete it in ECR first",
    },
    Rule {
        cause: Cause::PushDenied,
        any: &[
            &["push permission", "401 unauthorized"],
            &["push permission", "403 forbidden"],
            &["error pushing image", "401 unauthorized"],
            &["error pushing image", "403 forbidden"],
            &["error pushing image", "denied"],
            &["not authorized to perform: ecr:initiatelayerupload"],
            &["not authorized to perform: ecr:uploadlayerpart"],
            &["not authorized to perform: ecr:completelayerupload"],
            &["not authorized to perform: ecr:putimage"],
        ],
        what: "ECR did not let the runner push the image",
        hint: "the role of the docker image builder's task needs `ecr:GetAuthorizationToken`, and to upload layers and `ecr:PutImage` on this repository; if that is in another account, its policy has to let the role in, too",
    },
    Rule {
        cause: Cause::WrongKey,
        any: &[&["permission denied (publickey)"], &["host key verification failed"]],
        what: "the runner could not read the repository over SSH",
        hint: "use the HTTPS address of the repository with a token, or mend the SSH key in the runner's secret (`repo_access_ssh_key_secrets_manager_arn`); images before v0.51.2 don't know GitHub's present host key",
    },
    Rule {
        cause: Cause::WrongToken,
        any: &[
            &["error resolving source context", "authentication required"],
            &["error resolving source context", "repository not found"],
            &["could not read username for"],
            &["terminal prompts disabled"],
            &["authentication failed for 'https"],
            &["remote: invalid username or "],
            &["fatal: repository 'https", "not found"],
            &["unable to access 'https", "the requested url returned error: 403"],
            &["enabled or enforced saml sso"],
            &["401 bad credentials"],
        ],
        what: "GitHub did not accept the token that the runner has, or it may not read this repository",
        hint: "renew the personal access token in the runner's secret in Secrets Manager: a classic one needs the scope `repo`, a fine-grained one the contents of each repository, and where the organization enforces SSO it has to be authorized for that",
    },
];

#[cfg(test)]
mod tests {
    use super::super::rules::{Rule, TERRAFORM};
    use super::super::runner::RUNNER;
    use super::super::start::START;
    use super::super::{Cause, of_build, of_start, text};
    use super::BUILD;

    /// Logs of builds, their causes, and a word of what is said about each.
    const SAMPLES: [(&str, Cause, &str); 71] = [
        (
            "OptionNotInAllowedOptionsError: Option --task-cpu is not in the provided list",
            Cause::OptionNotAllowed,
            "runner's configuration",
        ),
        ("OptionNotInAllowedOptionsError: Option --env-secret is not in the provided list", Cause::NoToken, "by hand"),
        ("cat: can't open '/kaniko/secrets/github-token': No such file or directory", Cause::NoToken, "by hand"),
        ("You must pass a GitHub PAT as a secret", Cause::NoToken, "by hand"),
        (
            "OptionRegexRestrictedError: Provided value for option repo (git@x) does not match regex",
            Cause::RepositoryNotAllowed,
            "`allowed_repos`",
        ),
        ("unbalanced parenthesis at position 3", Cause::BrokenRegex, "`allowed_repos_regex`"),
        ("IndexError: pop from an empty deque", Cause::EmptyOption, "leave the option out"),
        ("flag provided but not defined: -secret", Cause::UnknownFlag, "`--env-secret`"),
        // The task and its image.
        (
            "ECS Task failed to start. Reason: CannotPullContainerError: failed to resolve ref x/kaniko:v1: x/kaniko:v1: not found",
            Cause::NoImage,
            "tag of kaniko",
        ),
        ("CannotPullContainerError: image not found", Cause::NoImage, "tag of kaniko"),
        ("CannotPullContainerError: manifest unknown: Requested image", Cause::NoImage, "tag of kaniko"),
        (
            "ECS Task failed to start. Reason: CannotPullContainerError: pull access denied for x/kaniko, repository does not exist or may require 'docker login'",
            Cause::ImageDenied,
            "`ecr:BatchGetImage`",
        ),
        (
            "ECS Task failed to start. Reason: ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User: x is not authorized to perform: secretsmanager:GetSecretValue",
            Cause::SecretDenied,
            "`secretsmanager:GetSecretValue`",
        ),
        (
            "ECS Task failed to start. Reason: ResourceInitializationError: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager can't find the specified secret",
            Cause::SecretMissing,
            "`secrets_manager_env_vars`",
        ),
        (
            "ECS Task failed to start. Reason: CannotPullContainerError: dial tcp 10.0.0.7:443: i/o timeout",
            Cause::NoNetwork,
            "`private_subnet_ids`",
        ),
        ("ECS Task failed to start. Reason: something new", Cause::TaskNotStarted, "ECS says"),
        // Room for it.
        ("ECS Task failed to start. Reason: RESOURCE:MEMORY", Cause::NoCapacity, "capacity provider"),
        ("Reason: RESOURCE:CPU", Cause::NoCapacity, "capacity provider"),
        (
            "InvalidParameterException: No Container Instances were found in your cluster.",
            Cause::NoCapacity,
            "capacity provider",
        ),
        (
            "service x was unable to place a task because no container instance met all of its requirements.",
            Cause::NoCapacity,
            "capacity provider",
        ),
        ("Capacity is unavailable at this time. Please try again later", Cause::NoCapacity, "capacity provider"),
        (
            "ECS Task failed to start. Reason: The specified capacity provider 'edr-asg' was not found. Specify a valid name or ARN",
            Cause::NoCapacity,
            "capacity provider",
        ),
        (
            "You've reached the limit on the number of tasks you can run concurrently",
            Cause::NoCapacity,
            "the account's quota",
        ),
        (
            "You've reached the limit on the number of vCPUs you can run concurrently",
            Cause::NoCapacity,
            "the account's quota",
        ),
        (
            "[ecs-deploy-runner][2026-01-04T20:12:14+0000] error building image: write /kaniko/0/layer.tar: no space left on device",
            Cause::DiskFull,
            "ECS task is full: /kaniko/0/layer.tar",
        ),
        ("CannotPullContainerError: write /var/lib/x: no space left on device", Cause::DiskFull, "ephemeral storage"),
        (
            "[ecs-deploy-runner][2026-01-04T20:12:14+0000] waiting for process to exit: signal: killed",
            Cause::OutOfMemory,
            "`--task-memory`",
        ),
        ("OutOfMemoryError: Container killed due to memory usage", Cause::OutOfMemory, "`task-memory`"),
        ("fork/exec /bin/sh: cannot allocate memory", Cause::OutOfMemory, "`task-memory`"),
        ("fatal error: runtime: out of memory", Cause::OutOfMemory, "`task-memory`"),
        (
            "failed to execute command: waiting for process to exit: exit status 137",
            Cause::OutOfMemory,
            "`task-memory`",
        ),
        // Registries that images are pulled from and pushed to.
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", Cause::PullLimit, "in some hours"),
        (
            "CannotPullContainerError: toomanyrequests: https://www.docker.com/increase-rate-limit",
            Cause::PullLimit,
            "pull-through cache",
        ),
        (
            "GET https://index.docker.io/v2/library/alpine/manifests/3.18: unexpected status code 429 Too Many Requests",
            Cause::PullLimit,
            "Docker Hub",
        ),
        (
            "error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for \"x/kaniko:v1\": POST https://x/v2/kaniko/blobs/uploads/: unexpected status code 401 Unauthorized: Not Authorized",
            Cause::PushDenied,
            "`ecr:PutImage`",
        ),
        (
            "checking push permission for \"x/kaniko:v1\": POST https://x/v2/kaniko/blobs/uploads/: unexpected status code 403 Forbidden",
            Cause::PushDenied,
            "`ecr:PutImage`",
        ),
        ("error pushing image: failed to push: 401 Unauthorized", Cause::PushDenied, "`ecr:PutImage`"),
        ("error pushing image: failed to push: 403 Forbidden", Cause::PushDenied, "`ecr:PutImage`"),
        (
            "error pushing image: denied: User: arn:aws:sts::1:assumed-role/builder/x is not authorized to perform: ecr:InitiateLayerUpload on resource: y",
            Cause::PushDenied,
            "push the image: ecr:InitiateLayerUpload",
        ),
        ("User: x is not authorized to perform: ecr:InitiateLayerUpload on resource: y", Cause::PushDenied, "policy"),
        ("User: x is not authorized to perform: ecr:UploadLayerPart on resource: y", Cause::PushDenied, "policy"),
        ("User: x is not authorized to perform: ecr:CompleteLayerUpload on resource: y", Cause::PushDenied, "policy"),
        ("User: x is not authorized to perform: ecr:PutImage on resource: y", Cause::PushDenied, "policy"),
        (
            "error pushing image: PUT https://x/v2/kaniko/manifests/v1.3.0: TAG_INVALID: The image tag 'v1.3.0' already exists in the 'kaniko' repository and cannot be overwritten because the repository is immutable.",
            Cause::TagImmutable,
            "overwritten: v1.3.0",
        ),
        ("ImageTagAlreadyExistsException: x", Cause::TagImmutable, "delete it in ECR first"),
        // What is read from GitHub.
        ("error resolving source context: authentication required", Cause::WrongToken, "scope `repo`"),
        ("error resolving source context: repository not found", Cause::WrongToken, "scope `repo`"),
        (
            "fatal: could not read Username for 'https://github.com': No such device or address",
            Cause::WrongToken,
            "this repository: https://github.com",
        ),
        ("fatal: terminal prompts disabled", Cause::WrongToken, "Secrets Manager"),
        (
            "fatal: Authentication failed for 'https://github.com/acme/x.git/'",
            Cause::WrongToken,
            "this repository: https://github.com/acme/x.git/",
        ),
        ("remote: Invalid username or token. Password authentication is not", Cause::WrongToken, "Secrets Manager"),
        (
            "remote: Repository not found.\nfatal: repository 'https://github.com/acme/x.git/' not found",
            Cause::WrongToken,
            "this repository: https://github.com/acme/x.git/",
        ),
        (
            "fatal: unable to access 'https://github.com/acme/x.git/': The requested URL returned error: 403",
            Cause::WrongToken,
            "fine-grained",
        ),
        (
            "remote: The 'acme' organization has enabled or enforced SAML SSO.",
            Cause::WrongToken,
            "where the organization enforces SSO",
        ),
        ("ERROR: The GitHub API returned 401 Bad credentials", Cause::WrongToken, "scope `repo`"),
        (
            "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            Cause::WrongKey,
            "`repo_access_ssh_key_secrets_manager_arn`",
        ),
        ("Host key verification failed.", Cause::WrongKey, "v0.51.2"),
        // AWS and the network.
        (
            "ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:100000000002:function:ecs-deploy-runner-invoker",
            Cause::NoInvoker,
            "account and region: arn:aws:lambda:us-east-1:100000000002:function:ecs-deploy-runner-invoker",
        ),
        ("ExpiredTokenException: x", Cause::CredentialsExpired, "longer session"),
        ("The security token included in the request is expired", Cause::CredentialsExpired, "longer session"),
        ("RequestExpired: Request has expired.", Cause::CredentialsExpired, "longer session"),
        (
            "time=\"2026\" level=error msg=\"ThrottlingException: Rate exceeded\"",
            Cause::Throttled,
            "run the command again",
        ),
        (
            "api error Throttling: TooManyRequestsException RequestLimitExceeded, api error SlowDown",
            Cause::Throttled,
            "run the command again",
        ),
        ("dial tcp: lookup lambda.us-east-1.amazonaws.com: no such host", Cause::Network, "on this machine"),
        ("dial tcp: lookup ecs.us-east-1.amazonaws.com: no such host", Cause::Network, "on this machine"),
        ("lookup logs.us-east-1.amazonaws.com: no such host", Cause::Network, "on this machine"),
        (
            "lookup lambda.x lookup ecs.x lookup logs.x: Temporary failure in name resolution",
            Cause::Network,
            "on this machine",
        ),
        ("dial tcp: lookup github.com: no such host", Cause::NoNetwork, "reach a host: github.com"),
        (
            "temporary failure in name resolution; connection reset by peer; TLS handshake timeout; network is unreachable; Client.Timeout exceeded; dial tcp 1.2.3.4:443: i/o timeout; connection refused",
            Cause::NoNetwork,
            "reach a host: 1.2.3.4",
        ),
        (
            "AccessDeniedException: User: x is not authorized to perform: lambda:InvokeFunction on resource: y",
            Cause::Denied,
            "`invoke_policy_arn`",
        ),
        (
            "AccessDenied: User: x is not authorized to perform: s3:GetObject; UnauthorizedOperation",
            Cause::Denied,
            "names the role",
        ),
    ];

    #[test]
    fn every_known_text_of_a_failed_build_has_its_cause_and_a_remedy_in_the_runner() {
        for (log, cause, word) in SAMPLES {
            let trouble = of_build(log).unwrap_or_else(|| panic!("{log}"));
            assert_eq!(trouble.cause, cause, "{log}");
            let told = format!("{}\n{}", trouble.what, trouble.hint);
            assert!(told.contains(word), "`{word}` is not in `{told}`: {log}");
        }
        assert_eq!(of_build("nothing that anybody knows"), None);
    }

    #[test]
    fn every_alternative_of_the_rules_for_builds_has_a_text_that_it_decides() {
        let shared = START.iter().filter(|rule| {
            matches!(
                rule.cause,
                Cause::DiskFull | Cause::OutOfMemory | Cause::NoInvoker | Cause::PullLimit | Cause::NoCapacity
            )
        });
        for rule in BUILD.iter().chain(&RUNNER).chain(shared) {
            for words in rule.any {
                let decides = |(log, cause, _): &(&str, Cause, &str)| {
                    let flat = text::flattened(log);
                    *cause == rule.cause && words.iter().all(|words| flat.contains(words))
                };
                assert!(SAMPLES.iter().any(decides), "no text for {words:?} of {:?}", rule.cause);
            }
        }
    }

    #[test]
    fn no_remedy_for_the_runner_is_one_for_this_machine() {
        let here = |hint: &str| {
            TERRAFORM.iter().any(|rule| rule.hint == hint)
                || ["`--jobs", ".terragrunt-cache", "TMPDIR", "ssh-add"].iter().any(|word| hint.contains(word))
        };
        let far: Vec<&Rule> = BUILD.iter().chain(&START).chain(&RUNNER).collect();
        for rule in &far {
            assert!(!here(rule.hint), "{}", rule.hint);
        }
        for (log, ..) in SAMPLES {
            assert!(of_start(log).is_none_or(|trouble| !here(&trouble.hint)), "{log}");
        }
    }
}
