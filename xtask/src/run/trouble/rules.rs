//! The causes of plans and applies that fail, by the words that Terraform, terragrunt, git and the AWS SDK use. The first
//! rule that fits wins: the particular ones come before the general ones.

use super::lock::StateLock;
use super::{Cause, Trouble, text};

/// One rule: if all words of one of the alternatives are in the log, this is the cause.
pub(super) struct Rule {
    pub(super) cause: Cause,
    pub(super) any: &'static [&'static [&'static str]],
    pub(super) what: &'static str,
    pub(super) hint: &'static str,
}

pub(super) const TERRAFORM: [Rule; 15] = [
    Rule {
        cause: Cause::DiskFull,
        any: &[&["no space left on device"]],
        what: "the disk is full",
        hint: "make room: old folders `.terragrunt-cache` and `.terraform` are the usual cause",
    },
    Rule {
        cause: Cause::OutOfMemory,
        any: &[&["cannot allocate memory"], &["runtime: out of memory"], &["signal: killed"]],
        what: "the machine ran out of memory, or somebody killed the process",
        hint: "work on fewer units at once: `--jobs 2`",
    },
    Rule {
        cause: Cause::ProviderHash,
        any: &[
            &["checksums previously recorded in the dependency lock file"],
            &["checksums recorded in the dependency lock file"],
        ],
        what: "the lock file has no hash for this provider's package as it is on this platform",
        hint: "add the hashes of all platforms in use: `terraform providers lock -platform=linux_amd64 -platform=darwin_arm64`",
    },
    Rule {
        cause: Cause::StateLocked,
        any: &[&["error acquiring the state lock"], &["error locking state"]],
        what: "somebody else holds the lock of the state",
        hint: "wait until they are done; a lock that nobody holds any more is removed by force-unlock, which we never do",
    },
    Rule {
        cause: Cause::StalePlan,
        any: &[&["saved plan is stale"], &["can no longer be applied because the state was changed"]],
        what: "the state was changed after the plan was made, so the plan was not applied",
        hint: "run the command again: it plans afresh and shows what is left",
    },
    Rule {
        cause: Cause::CredentialsExpired,
        any: &[&["expiredtoken"], &["security token included in the request is expired"], &["requestexpired"]],
        what: "the session's credentials expired on the way",
        hint: "run the command again; a longer session (`duration_seconds`, AWS_ASSUME_ROLE_TTL) avoids it",
    },
    Rule {
        cause: Cause::CredentialsUnusable,
        any: &[&["invalidclienttokenid"]],
        what: "AWS does not know these credentials, or they may not be used for this service",
        hint: "a session that was opened without MFA can't call IAM: set `mfa_serial` in the profile, or use a role",
    },
    Rule {
        cause: Cause::DependencyNotApplied,
        any: &[&["detected no outputs", "has not been applied yet"]],
        what: "a unit that this one depends on has not been applied",
        hint: "apply that one first",
    },
    Rule {
        cause: Cause::RemovedAttribute,
        any: &[
            &["an argument named \"skip\" is not expected here"],
            &["an argument named \"retryable_errors\" is not expected here"],
            &["an argument named \"retry_max_attempts\" is not expected here"],
            &["an argument named \"retry_sleep_interval_sec\" is not expected here"],
        ],
        what: "this terragrunt no longer knows an attribute that the configuration uses (removed in 0.93)",
        hint: "use an `errors` block for retries and an `exclude` block for `skip`, or an older terragrunt",
    },
    Rule {
        cause: Cause::NoBackend,
        any: &[
            &["nosuchbucket"],
            &["the specified bucket does not exist"],
            &["s3 bucket", "does not exist"],
            &["bucket for remote state", "does not exist"],
        ],
        what: "the bucket for the state is not there, or not in this account",
        hint: "make sure that the unit's account and region are right; the bucket is never made on the way",
    },
    Rule {
        cause: Cause::GitAccess,
        any: &[
            &["permission denied (publickey)"],
            &["could not read from remote repository"],
            &["could not read username for"],
            &["host key verification failed"],
            &["terminal prompts disabled"],
            &["fatal: repository", "not found"],
        ],
        what: "git could not read the source of a module",
        hint: "check that your key is loaded (`ssh-add -l`) and may read the repository",
    },
    Rule {
        cause: Cause::Throttled,
        any: &[
            &["throttlingexception"],
            &["throttling:"],
            &["rate exceeded"],
            &["toomanyrequestsexception"],
            &["requestlimitexceeded"],
            &["api error slowdown"],
        ],
        what: "AWS was asked too much at once",
        hint: "run the command again; what was done is in the state",
    },
    Rule {
        cause: Cause::Registry,
        any: &[
            &["could not connect to registry"],
            &["failed to request discovery document"],
            &["failed to install provider", "timeout"],
            &["failed to install provider", "connection reset"],
            &["failed to install provider", "unexpected eof"],
        ],
        what: "the registry of providers could not be reached",
        hint: "run the command again; behind a proxy set HTTPS_PROXY",
    },
    Rule {
        cause: Cause::Network,
        any: &[
            &["no such host"],
            &["temporary failure in name resolution"],
            &["connection reset by peer"],
            &["tls handshake timeout"],
            &["network is unreachable"],
            &["client.timeout exceeded"],
            &["dial tcp", "i/o timeout"],
            &["dial tcp", "connection refused"],
        ],
        what: "the network failed",
        hint: "run the command again; behind a proxy set HTTPS_PROXY",
    },
    Rule {
        cause: Cause::Denied,
        any: &[&["accessdenied"], &["is not authorized to perform"], &["unauthorizedoperation"]],
        what: "the credentials may not do this",
        hint: "the role of the profile lacks a permission: the log names it",
    },
];

/// The first rule that fits a log.
pub(super) fn first(rules: &[Rule], log: &str) -> Option<Trouble> {
    let flat = text::flattened(log);
    let fits = |rule: &&Rule| rule.any.iter().any(|all| all.iter().all(|words| flat.contains(words)));
    let rule = rules.iter().find(fits)?;
    let lock = (rule.cause == Cause::StateLocked).then(|| StateLock::read(&text::plain(log))).flatten();
    let what = match rule.cause {
        Cause::DependencyNotApplied => dependency(&text::plain(log)).unwrap_or_else(|| rule.what.to_owned()),
        _ => rule.what.to_owned(),
    };
    Some(Trouble { cause: rule.cause, what, hint: rule.hint.to_owned(), lock })
}

/// The name of the unit that has not been applied, as terragrunt tells it.
fn dependency(plain: &str) -> Option<String> {
    let (before, _) = plain.split_once(" is a dependency of ")?;
    let file = before.split_whitespace().next_back()?;
    Some(format!("the unit that this one depends on has not been applied: {file}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, StateLock, of_terraform};

    fn cause(log: &str) -> Option<Cause> {
        of_terraform(log).map(|trouble| trouble.cause)
    }

    #[test]
    fn causes_are_told_from_what_the_programs_say() {
        for (log, expected) in [
            ("Error: creating ECS Task Definition: ThrottlingException: Rate exceeded", Cause::Throttled),
            (
                "│ Error: Failed to query available provider packages\n│ Could not retrieve the list of available versions for provider hashicorp/aws: could not\n│ connect to registry.terraform.io: failed to request discovery document",
                Cause::Registry,
            ),
            (
                "Error: Failed to install provider\nError while installing hashicorp/aws v5.0.0: read tcp: connection reset by peer",
                Cause::Registry,
            ),
            ("dial tcp: lookup sts.us-east-1.amazonaws.com: no such host", Cause::Network),
            ("dial tcp 10.0.0.1:443: i/o timeout", Cause::Network),
            (
                "api error ExpiredToken: The security token included in the request is expired",
                Cause::CredentialsExpired,
            ),
            (
                "api error InvalidClientTokenId: The security token included in the request is invalid",
                Cause::CredentialsUnusable,
            ),
            (
                "Error: Saved plan is stale\n\nThe given plan file can no longer be applied because the state was changed by another operation",
                Cause::StalePlan,
            ),
            (
                "Error: Unsupported argument\n on terragrunt.hcl line 3:\nAn argument named \"skip\" is not expected here.",
                Cause::RemovedAttribute,
            ),
            (
                "Error while installing hashicorp/aws v5.0.0: the local package for registry.terraform.io/hashicorp/aws 5.0.0 doesn't match any of the\nchecksums previously recorded in the dependency lock file (this might be because",
                Cause::ProviderHash,
            ),
            ("api error NoSuchBucket: The specified bucket does not exist", Cause::NoBackend),
            (
                "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                Cause::GitAccess,
            ),
            ("fatal: could not read Username for 'https://github.com': terminal prompts disabled", Cause::GitAccess),
            ("write /x/.terraform/providers: no space left on device", Cause::DiskFull),
            ("fork/exec: cannot allocate memory", Cause::OutOfMemory),
            (
                "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecs:RegisterTaskDefinition",
                Cause::Denied,
            ),
        ] {
            assert_eq!(cause(log), Some(expected), "{log}");
        }
        for log in
            ["", "Error: Invalid value for variable", "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."]
        {
            assert_eq!(cause(log), None, "{log}");
        }
    }

    #[test]
    fn a_version_that_does_not_fit_is_no_trouble_of_the_registry() {
        let log = "Error: Failed to query available provider packages\nlocked provider registry.terraform.io/hashicorp/aws 4.16.0 does not match configured version constraint";
        assert_eq!(cause(log), None);
    }

    #[test]
    fn only_what_may_be_gone_at_the_next_try_is_transient() {
        assert!(Cause::Throttled.is_transient() && Cause::Network.is_transient() && Cause::Registry.is_transient());
        for cause in [Cause::StateLocked, Cause::CredentialsExpired, Cause::Denied, Cause::StalePlan, Cause::DiskFull] {
            assert!(!cause.is_transient(), "{cause:?}");
        }
    }

    #[test]
    fn holder_of_a_lock_is_read_from_a_framed_and_prefixed_log() {
        let lines = [
            "│ Error: Error acquiring the state lock",
            "│ ",
            "│ Error message: operation error DynamoDB: PutItem, ConditionalCheckFailedException",
            "│ Lock Info:",
            "│   ID:        3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11",
            "│   Path:      bucket/dev/terraform.tfstate",
            "│   Operation: OperationTypeApply",
            "│   Who:       ana@laptop",
            "│   Version:   1.11.4",
            "│   Created:   2026-11-23 10:00:00.1 +0000 UTC",
            "│   Info:      ",
            "│ ",
            "│ Terraform acquires a state lock to protect the state from being written",
        ];
        let bare = lines.join("\n");
        let prefixed: String = lines.iter().map(|line| format!("10:00:00.123 STDERR terraform: {line}\n")).collect();
        let expected = StateLock {
            id: "3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11".to_owned(),
            who: Some("ana@laptop".to_owned()),
            since: Some("2026-11-23 10:00:00.1 +0000 UTC".to_owned()),
        };
        for log in [bare, prefixed] {
            assert_eq!(of_terraform(&log).and_then(|trouble| trouble.lock), Some(expected.clone()), "{log}");
        }
        let without = of_terraform("Error acquiring the state lock").expect("it is known");
        assert_eq!((without.cause, without.lock), (Cause::StateLocked, None));
    }

    #[test]
    fn unit_that_was_not_applied_is_named() {
        let log = "10:57:56.609 ERROR  /r/dev/vpc/terragrunt.hcl is a dependency of /r/dev/app/terragrunt.hcl but detected no outputs. Either the target module has not been applied yet, or the module has no outputs.";
        let what = of_terraform(log).expect("it is known").what;
        assert_eq!(what, "the unit that this one depends on has not been applied: /r/dev/vpc/terragrunt.hcl");
    }
}
