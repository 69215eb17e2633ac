//! What a plan must not do, whoever agrees to it: reach into another account, bring other images than the repository
//! says, or hold a mock in place of what another unit really gives.

use std::path::{Path, PathBuf};

use crate::cli::Allowance;
use crate::model::{Failure, ImageUri, Reach, Remedy, Tag};
use crate::repo::{Decider, Unit};
use crate::run::digest::UnitPlan;
use crate::tasks::context::Context;
use crate::tasks::ready::Workable;
use crate::tools::state;
use crate::tools::terraform::plan::Wanted;

/// What terragrunt says where it passes on mock outputs, in every version: "Config … is a dependency of … that has no
/// outputs, but mock outputs provided and returning those in dependency output."
const MOCKED: &str = "mock outputs provided and returning those";

/// The images that a unit is to have, by what the repository says.
pub(super) fn wanted(unit: &Unit) -> Vec<Wanted> {
    let wanted = |image: &str, decider: &Decider| Wanted {
        image: image.to_owned(),
        repository: decider.uri.value().map(ImageUri::to_string),
        tag: decider.tag.value().map(Tag::to_string),
    };
    let own = unit.images.iter().filter_map(|(image, uses)| Some((image, uses.as_ref()?)));
    let own = own.flat_map(|(image, uses)| uses.deciders.iter().map(|decider| wanted(image.as_str(), decider)));
    own.chain(unit.others.iter().map(|decider| wanted(&decider.configuration, decider))).collect()
}

/// Everything for which a plan is refused; `done` says what was applied until now.
pub(super) fn refusals(
    context: &Context,
    unit: &Workable<'_>,
    plan: &UnitPlan,
    log: Option<&Path>,
    done: &str,
) -> Vec<Failure> {
    let mut refusals = Vec::new();
    let is_allowed = |reach: &Reach| reach.remedy == Remedy::Allow && context.globals.allows(Allowance::ProviderArgs);
    let elsewhere: Vec<_> = plan.plan.elsewhere.iter().filter(|reach| !is_allowed(reach)).collect();
    if !elsewhere.is_empty() {
        refusals.push(acts_elsewhere(unit, &elsewhere, done));
    }
    if !plan.plan.incomplete.is_empty() && !context.globals.allows(Allowance::IncompletePlan) {
        refusals.push(incomplete(unit, &plan.plan.incomplete, done));
    }
    if !plan.plan.images.wrong.is_empty() && !context.globals.allows(Allowance::OtherImage) {
        refusals.push(other_images(unit, &plan.plan.images.wrong, done));
    }
    let mocks = mocks(unit.unit, plan, log);
    if !mocks.is_empty() && !context.globals.allows(Allowance::Mock) {
        let what = format!("the plan of `{}` was made with mock outputs of a unit that it depends on", unit.unit.path);
        let failure = mocks.into_iter().fold(Failure::refused(what), Failure::detail);
        refusals.push(
            failure.detail(done).hint("apply the unit that it depends on first; if these are no mocks: --allow mock"),
        );
    }
    refusals
}

/// What was applied until the first digest.
pub(super) const NOTHING_APPLIED: &str = "nothing was applied in any account";

fn acts_elsewhere(unit: &Workable<'_>, found: &[&Reach], done: &str) -> Failure {
    let only_unknown = found.iter().all(|reach| reach.remedy == Remedy::Allow);
    let verb = if only_unknown { "may reach" } else { "reaches" };
    let failure =
        Failure::refused(format!("the plan of `{}` {verb} into another account than {}", unit.unit.path, unit.account));
    let failure = found.iter().fold(failure, |failure, reach| failure.detail(reach.what.clone())).detail(done);
    let mut remedies: Vec<_> = found.iter().map(|reach| reach.remedy).collect();
    remedies.sort_unstable();
    remedies.dedup();
    remedies.into_iter().filter_map(hint).fold(failure, Failure::hint)
}

fn hint(remedy: Remedy) -> Option<&'static str> {
    Some(match remedy {
        Remedy::DeclareRole => {
            "if a provider is meant to assume that role: add it to `assumed-roles` in [workspace.metadata.xtask] in Cargo.toml"
        }
        Remedy::DeclareItsRole => {
            "if a provider of this unit is meant to work in that account: add the role that it assumes to `assumed-roles` in [workspace.metadata.xtask] in Cargo.toml; otherwise this is the state of another unit: see the `key` of its backend"
        }
        Remedy::NameEndpoint => {
            "if all of AWS is meant to be there: name it as `endpoint-url` in [workspace.metadata.xtask] in Cargo.toml"
        }
        Remedy::SetInShell => {
            "leave it out, and set `HTTPS_PROXY`, `NO_PROXY` or `AWS_CA_BUNDLE` in this shell: every program gets them"
        }
        Remedy::Allow => {
            "if a newer provider has it, and it changes neither credentials nor endpoints: --allow provider-args"
        }
        Remedy::None => return None,
    })
}

fn incomplete(unit: &Workable<'_>, reasons: &[String], done: &str) -> Failure {
    let what = format!("the plan of `{}` leaves out a part of what is configured", unit.unit.path);
    let failure = reasons.iter().cloned().fold(Failure::refused(what), Failure::detail).detail(done);
    failure
        .hint("look for `-target` or `-exclude` under `extra_arguments` in the HCL")
        .hint("if that is meant: --allow incomplete-plan")
}

fn other_images(unit: &Workable<'_>, wrong: &[String], done: &str) -> Failure {
    let what = format!("the plan of `{}` has other images than the repository says", unit.unit.path);
    let failure = wrong.iter().cloned().fold(Failure::refused(what), Failure::detail).detail(done);
    failure
        .hint(format!("see where its tags come from: cargo xtask why {}", unit.unit.path))
        .hint("if that is meant: --allow other-image")
}

/// What tells that mocks are in a plan: terragrunt says so, or a value that the module is given has one in it. A mock that
/// is a number, a short word, or known to nobody offline is not recognised.
fn mocks(unit: &Unit, plan: &UnitPlan, log: Option<&Path>) -> Vec<String> {
    let mut found = Vec::new();
    let says = |log: &Path| state::read(log).is_ok_and(|text| String::from_utf8_lossy(&text).contains(MOCKED));
    if log.is_some_and(|log| says(log) || again(log).iter().any(|log| says(log))) {
        found.push("terragrunt says that it passed on mock outputs, see the log of the plan".to_owned());
    }
    let is_there = |text: &str| plan.plan.inputs.iter().any(|input| input.contains(text));
    let there = unit.mocks.iter().filter(|mock| is_there(&mock.text));
    found.extend(there.map(|mock| format!("{} is the mock `{}`, of {}", mock.output, mock.text, mock.place)));
    found
}

/// The logs of a plan that was begun again, for a new session or as another try: `dev.plan.1.log` of `dev.plan.log`, and
/// `dev.plan.4.1.log`. Only the last one got this far.
pub(super) fn again(log: &Path) -> Vec<PathBuf> {
    let stem = log.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_again = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let between = name.strip_prefix(&stem).and_then(|rest| rest.strip_suffix(".log"));
        between.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
    };
    let entries = log.parent().and_then(|folder| state::entries(folder).ok()).unwrap_or_default().into_iter();
    entries.filter(is_again).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_log_of_a_plan_that_was_begun_again_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        for name in
            ["dev.plan.log", "dev.plan.1.log", "dev.plan.10.log", "dev.plan.4.1.log", "dev.plan.json", "dev.show.1.log"]
        {
            fs::write(file(name), "").unwrap();
        }
        let mut found = again(&file("dev.plan.log"));
        found.sort();
        assert_eq!(found, ["dev.plan.1.log", "dev.plan.10.log", "dev.plan.4.1.log"].map(file));
    }
}
