//! The causes of plans and applies that fail, by the words that Terraform, terragrunt, git and the AWS SDK use. The first
//! rule that fits wins: the particular ones come before the general ones.

use super::lock::StateLock;
use super::subject::subject;
use super::{Cause, Trouble, text};

/// One rule: if all words of one of the alternatives are in the log, this is the cause.
pub(super) struct Rule {
    pub(super) cause: Cause,
    pub(super) any: &'static [&'static [&'static str]],
    pub(super) what: &'static str,
    pub(super) hint: &'static str,
}

/// The words of a session that has ended.
pub(super) const EXPIRED: &[&[&str]] =
    &[&["expiredtoken"], &["security token included in the request is expired"], &["requestexpired"]];

/// The words of a service that takes no more requests for now.
pub(super) const THROTTLED: &[&[&str]] = &[
    &["throttlingexception"],
    &["throttling:"],
    &["rate exceeded"],
    &["toomanyrequestsexception"],
    &["requestlimitexceeded"],
    &["api error slowdown"],
];

/// The words of a permission that is missing.
pub(super) const DENIED: &[&[&str]] =
    &[&["accessdenied"], &["is not authorized to perform"], &["unauthorizedoperation"]];

/// The words of a host that can't be reached.
pub(super) const UNREACHABLE: &[&[&str]] = &[
    &["no such host"],
    &["temporary failure in name resolution"],
    &["connection reset by peer"],
    &["tls handshake timeout"],
    &["network is unreachable"],
    &["client.timeout exceeded"],
    &["dial tcp", "i/o timeout"],
    &["dial tcp", "connection refused"],
];

pub(super) const TERRAFORM: [Rule; 16] = [
    Rule {
        cause: Cause::DiskFull,
        any: &[&["no space left on device"]],
        what: "the disk is full",
        hint: "make room: old folders `.terragrunt-cache` and `.terraform` are the usual cause; for temporary files the \
               variable TMPDIR names another folder",
    },
    Rule {
        cause: Cause::Unwritable,
        any: &[
            &["read-only file system"],
            &["mkdir /", ": permission denied"],
            &["open /", ": permission denied"],
            &["bind: permission denied"],
            &["unable to create temporary file"],
            &["could not create work tree dir"],
        ],
        what: "a folder can't be written to",
        hint: "make it writable; if it is the one for temporary files, the variable TMPDIR names another folder",
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
        any: EXPIRED,
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
        any: THROTTLED,
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
        any: UNREACHABLE,
        what: "the network failed",
        hint: "run the command again; behind a proxy set HTTPS_PROXY",
    },
    Rule {
        cause: Cause::Denied,
        any: DENIED,
        what: "the credentials may not do this",
        hint: "the role of the profile lacks a permission: the log names it",
    },
];

/// The first rule of the tables that fits a log.
pub(super) fn first<const N: usize>(tables: [&[Rule]; N], log: &str) -> Option<Trouble> {
    let flat = text::flattened(log);
    let fits = |rule: &&Rule| rule.any.iter().any(|all| all.iter().all(|words| flat.contains(words)));
    let rule = tables.into_iter().flatten().find(fits)?;
    let lock = (rule.cause == Cause::StateLocked).then(|| StateLock::read(&text::plain(log))).flatten();
    let what = match subject(rule.cause, &text::plain(log)) {
        Some(subject) => format!("{}: {subject}", rule.what),
        None => rule.what.to_owned(),
    };
    Some(Trouble { cause: rule.cause, what, hint: rule.hint.to_owned(), lock })
}
