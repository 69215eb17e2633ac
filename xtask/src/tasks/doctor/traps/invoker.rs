//! Traps in the configuration of the invoker of the account that builds: which repositories it builds from, and which
//! options it lets through.

use crate::tasks::build_images::admission::{self, Admission};
use crate::tasks::doctor::finding::Finding;
use crate::tools::lambda::Function;

/// What `build-images` passes.
const OPTIONS: [&str; 2] = ["--env-secret", "--build-arg"];

/// Looks whether a build of these Dockerfiles would be let through.
pub(in crate::tasks::doctor) fn allows(function: &Function, account: &str, dockerfile_repo: &str) -> Vec<Finding> {
    const NAME: &str = "invoker";
    let found = admission::of_invoker(function, account, &OPTIONS, dockerfile_repo);
    if found.is_empty() {
        let said = format!("that of {account} builds from {dockerfile_repo}, with {}", OPTIONS.join(" and "));
        return vec![Finding::ok(NAME, said)];
    }
    let finding = |admission| match admission {
        Admission::Refused(failure) => Finding::refusal(NAME, &failure),
        Admission::Unknown(why) => Finding::warn(NAME, why),
    };
    found.into_iter().map(finding).collect()
}
