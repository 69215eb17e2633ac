//! What the programs really print, with the cause that is told from it and the name of what it is about.

use super::rules::{Rule, TERRAFORM};
use super::{Cause, StateLock, of_terraform, text};

/// A log, its cause, and what has to be named.
type Sample = (&'static str, Cause, &'static str);

/// Logs of plans and applies.
const SAMPLES: [Sample; 51] = [
    (
        "╷\n│ Error: Failed to install provider\n│ \n│ Error while installing hashicorp/aws v5.80.0: write\n│ /home/ana/.terraform.d/plugin-cache/x: no space left on device\n╵",
        Cause::DiskFull,
        "/home/ana/.terraform.d/plugin-cache/x",
    ),
    (
        "12:00:00.000 ERROR  mkdir /r/dev/.terragrunt-cache/a: no space left on device",
        Cause::DiskFull,
        "/r/dev/.terragrunt-cache/a",
    ),
    (
        "Error: Failed to create temporary directory\nmkdir /ro/terragrunt-download123: read-only\nfile system",
        Cause::Unwritable,
        "/ro/terragrunt-download123",
    ),
    (
        "Unrecognized remote plugin message: listen unix /ro/plugin1: bind: read-only file system",
        Cause::Unwritable,
        "/ro/plugin1",
    ),
    ("mkdir /srv/tmp: permission denied", Cause::Unwritable, "/srv/tmp"),
    ("listen unix /tmp/plugin1: bind: permission denied", Cause::Unwritable, ""),
    ("open /tmp/x/terraform-log1: permission denied", Cause::Unwritable, "/tmp/x/terraform-log1"),
    ("fatal: could not create work tree dir '/ro/getter1': Read-only file system", Cause::Unwritable, "/ro/getter1"),
    ("error: unable to create temporary file: Read-only file system", Cause::Unwritable, ""),
    ("fork/exec /usr/bin/terraform: cannot allocate memory", Cause::OutOfMemory, ""),
    ("runtime: out of memory: cannot allocate 8388608-byte block", Cause::OutOfMemory, ""),
    ("12:00:00.000 ERROR  Failed to execute \"terraform plan\" in ./x\n  signal: killed", Cause::OutOfMemory, ""),
    (
        "╷\n│ Error: Error acquiring the state lock\n│ \n│ Error message: ConditionalCheckFailedException: The conditional request failed\n╵",
        Cause::StateLocked,
        "",
    ),
    (
        "Error: Error locking state: Error acquiring the state lock: unexpected end of JSON input",
        Cause::StateLocked,
        "",
    ),
    (
        "╷\n│ Error: Saved plan is stale\n│ \n│ The given plan file can no longer be applied because the state was changed by\n│ another operation after the plan was created.\n╵",
        Cause::StalePlan,
        "",
    ),
    (
        "operation error ECS: RegisterTaskDefinition, https response error StatusCode: 400, api error ExpiredTokenException: The security token included in the request is expired",
        Cause::CredentialsExpired,
        "",
    ),
    ("api error RequestExpired: Request has expired.", Cause::CredentialsExpired, ""),
    (
        "operation error IAM: GetRole, https response error StatusCode: 403, api error InvalidClientTokenId: The security token included in the request is invalid",
        Cause::CredentialsUnusable,
        "",
    ),
    (
        "10:57:56.609 ERROR  /r/dev/vpc/terragrunt.hcl is a dependency of /r/dev/app/terragrunt.hcl but detected no outputs. Either the target module has not been applied yet, or the module has no outputs.",
        Cause::DependencyNotApplied,
        "/r/dev/vpc/terragrunt.hcl",
    ),
    (
        "Error: Unsupported argument\n\n  on /r/dev/terragrunt.hcl line 3:\n   3: skip = true\n\nAn argument named \"skip\" is not expected here.",
        Cause::RemovedAttribute,
        "`skip` in /r/dev/terragrunt.hcl:3",
    ),
    (
        "12:00:00.000 ERROR  /r/dev/terragrunt.hcl:7,1-17: Unsupported argument; An argument named \"retryable_errors\" is not expected here.",
        Cause::RemovedAttribute,
        "`retryable_errors` in /r/dev/terragrunt.hcl:7,1-17",
    ),
    ("An argument named \"retry_max_attempts\" is not expected here.", Cause::RemovedAttribute, "`retry_max_attempts`"),
    (
        "An argument named \"retry_sleep_interval_sec\" is not expected here.",
        Cause::RemovedAttribute,
        "`retry_sleep_interval_sec`",
    ),
    (
        "│ Error: Failed to install provider\n│ \n│ Error while installing hashicorp/aws v5.0.0: the local package for\n│ registry.terraform.io/hashicorp/aws 5.0.0 doesn't match any of the checksums\n│ previously recorded in the dependency lock file (this might be because the\n│ available checksums are for packages targeting different platforms)",
        Cause::ProviderHash,
        "hashicorp/aws",
    ),
    (
        "Error: registry.terraform.io/hashicorp/aws: the cached package for registry.terraform.io/hashicorp/aws 5.0.0 (in .terraform/providers) does not match any of the checksums recorded in the dependency lock file",
        Cause::ProviderHash,
        "hashicorp/aws",
    ),
    ("api error NoSuchBucket: The specified bucket does not exist", Cause::NoBackend, ""),
    (
        "15:25:42.971 ERROR  Remote state S3 bucket acme-dev-state does not exist or you don't have permissions to access it.",
        Cause::NoBackend,
        "acme-dev-state",
    ),
    (
        "╷\n│ Error: Failed to get existing workspaces: S3 bucket \"acme-dev-state\" does not exist.\n│ \n│ The referenced S3 bucket must have been previously created.\n╵",
        Cause::NoBackend,
        "acme-dev-state",
    ),
    ("bucket for remote state acme does not exist", Cause::NoBackend, ""),
    (
        "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        Cause::GitAccess,
        "",
    ),
    (
        "│ Error: Failed to download module\n│ \n│ Could not download module \"runner\" (main.tf:1) source code from\n│ \"git::ssh://git@github.com/acme/modules.git?ref=v1\": error downloading: exit\n│ status 128: Host key verification failed.",
        Cause::GitAccess,
        "git::ssh://git@github.com/acme/modules.git?ref=v1",
    ),
    (
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
        Cause::GitAccess,
        "https://github.com",
    ),
    (
        "remote: Repository not found.\nfatal: repository 'https://github.com/acme/x.git/' not found",
        Cause::GitAccess,
        "https://github.com/acme/x.git/",
    ),
    (
        "│ Error: creating ECS Task Definition (runner): operation error ECS: RegisterTaskDefinition, https response\n│ error StatusCode: 400, RequestID: 1, ThrottlingException: Rate exceeded",
        Cause::Throttled,
        "",
    ),
    ("api error Throttling: Rate exceeded", Cause::Throttled, ""),
    ("status code: 400, Rate exceeded", Cause::Throttled, ""),
    ("api error TooManyRequestsException: slow down", Cause::Throttled, ""),
    ("api error RequestLimitExceeded: Request limit exceeded.", Cause::Throttled, ""),
    ("api error SlowDown: Please reduce your request rate.", Cause::Throttled, ""),
    (
        "│ Error: Failed to query available provider packages\n│ \n│ Could not retrieve the list of available versions for provider\n│ hashicorp/aws: could not connect to registry.terraform.io: failed to request\n│ discovery document: 503 Service Unavailable",
        Cause::Registry,
        "hashicorp/aws",
    ),
    ("failed to request discovery document: context deadline exceeded", Cause::Registry, ""),
    ("Error: Failed to install provider\nError while installing hashicorp/aws v5.0.0: timeout", Cause::Registry, ""),
    (
        "Error: Failed to install provider\nError while installing hashicorp/aws v5.0.0: read tcp: connection reset by peer",
        Cause::Registry,
        "",
    ),
    (
        "Error: Failed to install provider\nError while installing hashicorp/aws v5.0.0: unexpected EOF",
        Cause::Registry,
        "",
    ),
    ("dial tcp: lookup sts.us-east-1.amazonaws.com: no such host", Cause::Network, "sts.us-east-1.amazonaws.com"),
    ("lookup github.com: Temporary failure in name resolution", Cause::Network, ""),
    ("read tcp 10.0.0.2:5000->52.1.1.1:443: read: connection reset by peer", Cause::Network, ""),
    ("net/http: TLS handshake timeout; connect: network is unreachable; Client.Timeout exceeded", Cause::Network, ""),
    ("dial tcp 10.0.0.1:443: i/o timeout", Cause::Network, "10.0.0.1"),
    ("dial tcp 10.0.0.1:443: connect: connection refused", Cause::Network, "10.0.0.1"),
    (
        "api error AccessDenied: User: arn:aws:sts::100000000004:assumed-role/x is not authorized to perform: ecs:RegisterTaskDefinition on resource: *\nUnauthorizedOperation",
        Cause::Denied,
        "ecs:RegisterTaskDefinition",
    ),
];

#[test]
fn what_the_programs_print_has_its_cause_and_names_what_it_is_about() {
    for (log, expected, name) in SAMPLES {
        let trouble = of_terraform(log).unwrap_or_else(|| panic!("{log}"));
        assert_eq!(trouble.cause, expected, "{log}");
        assert!(trouble.what.contains(name), "`{name}` is not in `{}`: {log}", trouble.what);
        assert!(!trouble.hint.is_empty(), "{log}");
    }
    for log in ["", "Error: Invalid value for variable", "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."]
    {
        assert_eq!(of_terraform(log).map(|trouble| trouble.cause), None, "{log}");
    }
}

#[test]
fn every_alternative_of_every_rule_for_terraform_has_a_text_that_it_decides() {
    let decides = |rule: &Rule, words: &[&str]| {
        SAMPLES.iter().any(|(log, cause, _)| {
            let flat = text::flattened(log);
            *cause == rule.cause && words.iter().all(|words| flat.contains(words))
        })
    };
    for rule in &TERRAFORM {
        for words in rule.any {
            assert!(decides(rule, words), "no text for {words:?} of {:?}", rule.cause);
        }
    }
}

#[test]
fn a_version_that_does_not_fit_is_no_trouble_of_the_registry() {
    let log = "Error: Failed to query available provider packages\nlocked provider registry.terraform.io/hashicorp/aws 4.16.0 does not match configured version constraint";
    assert_eq!(of_terraform(log), None);
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
