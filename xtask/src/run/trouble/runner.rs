//! The causes that builds and plans in the runner share, after those of their own. Programs in the runner's task and
//! infrastructure-deployer on this machine write the same words, so each remedy says where it helps.

use super::Cause;
use super::rules::{DENIED, EXPIRED, Rule, THROTTLED, UNREACHABLE};

pub(super) const RUNNER: [Rule; 6] = [
    Rule {
        cause: Cause::CredentialsExpired,
        any: EXPIRED,
        what: "the session that infrastructure-deployer works with has ended",
        hint: "the task of the runner goes on by itself: run the command again, which finds it or the image; a longer session avoids it",
    },
    Rule {
        cause: Cause::Throttled,
        any: THROTTLED,
        what: "AWS was asked too much at once",
        hint: "run the command again, which finds the task or the image that there is by then",
    },
    Rule {
        cause: Cause::Network,
        any: &[
            &["lookup lambda.", "no such host"],
            &["lookup ecs.", "no such host"],
            &["lookup logs.", "no such host"],
            &["lookup lambda.", "temporary failure in name resolution"],
            &["lookup ecs.", "temporary failure in name resolution"],
            &["lookup logs.", "temporary failure in name resolution"],
        ],
        what: "infrastructure-deployer on this machine could not reach AWS",
        hint: "check the network here (behind a proxy set HTTPS_PROXY), and run the command again; a task that was started goes on by itself",
    },
    Rule {
        cause: Cause::NoNetwork,
        any: UNREACHABLE,
        what: "the runner's task could not reach a host",
        hint: "the log names it: the task's subnets need a NAT gateway for GitHub and other registries, and its security group has to let HTTPS out",
    },
    Rule {
        cause: Cause::Denied,
        any: &[&["not authorized to perform: lambda:invokefunction"]],
        what: "the credentials may not invoke the runner",
        hint: "the role of the profile needs the runner's invoke policy (output `invoke_policy_arn` of its unit)",
    },
    Rule {
        cause: Cause::Denied,
        any: DENIED,
        what: "a role may not do this",
        hint: "the log names the role and the permission that it lacks: a role of the runner is mended in its unit, that of the profile in the account",
    },
];
