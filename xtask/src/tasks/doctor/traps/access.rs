//! Traps in what the repository says of accounts: places that disagree, roles that lead elsewhere without being declared.

use std::collections::BTreeSet;

use crate::repo::Repository;
use crate::report::screen::count;
use crate::tasks::doctor::finding::Finding;

/// What is wrong with the repository itself: accounts files and allowed ids that disagree are among it.
pub(in crate::tasks::doctor) fn problems(repo: &Repository) -> Vec<Finding> {
    const NAME: &str = "repository";
    let mut found: Vec<_> = repo.all_problems().map(|failure| Finding::refusal(NAME, failure)).collect();
    let unknown = repo.units.iter().filter_map(|unit| repo.needs_account(unit).err());
    found.extend(unknown.map(|failure| Finding::refusal(NAME, &failure)));
    found.dedup();
    if found.is_empty() {
        let own: BTreeSet<_> = repo.units.iter().filter_map(|unit| unit.account.value()).map(|it| &it.id).collect();
        let units = format!("{} in {}", count(repo.units.len(), "unit"), count(own.len(), "account"));
        found.push(Finding::ok(
            NAME,
            match repo.accounts.len() {
                n if n == own.len() => format!("{units}, and every place agrees on them"),
                n => format!("{units}, and every place agrees on all {}", count(n, "account")),
            },
        ));
    }
    found
}

/// Accounts without a runner, and what only bears the name of one.
pub(in crate::tasks::doctor) fn notices(repo: &Repository) -> Vec<Finding> {
    repo.notices.iter().map(|notice| Finding::warn("runners", &notice.what).at_all(&notice.at)).collect()
}

/// Roles, profiles and keys in the configuration that lead into another account and that the settings don't declare.
pub(in crate::tasks::doctor) fn redirections(repo: &Repository) -> Vec<Finding> {
    const NAME: &str = "roles";
    let (declared, endpoint) = (repo.settings.assumed_roles(), repo.settings.endpoint_url());
    let refusals = repo.units.iter().flat_map(|unit| {
        let account = unit.account.value();
        let of_account =
            |account| unit.redirections.iter().filter_map(move |it| it.refusal(account, declared, endpoint));
        account.into_iter().flat_map(of_account)
    });
    let mut found: Vec<_> = refusals.map(|failure| Finding::refusal(NAME, &failure)).collect();
    found.dedup();
    if found.is_empty() {
        let n: usize = repo.units.iter().map(|unit| unit.redirections.len()).sum();
        let text = if n == 0 {
            "nothing in the configuration acts as somebody else"
        } else {
            "what acts as somebody else is in the right account, or declared"
        };
        found.push(Finding::ok(NAME, text));
    }
    found
}

/// The region of every unit.
pub(in crate::tasks::doctor) fn regions(repo: &Repository) -> Finding {
    const NAME: &str = "region";
    let mut regions: Vec<_> =
        repo.units.iter().filter_map(|unit| unit.region.value()).map(ToString::to_string).collect();
    regions.sort_unstable();
    regions.dedup();
    match repo.units.iter().find_map(|unit| Some((unit, unit.region.reason()?))) {
        Some((unit, reason)) => Finding::fail(NAME, format!("that of `{}` is not known, because {reason}", unit.path)),
        None => Finding::ok(NAME, regions.join(", ")),
    }
}

/// Units that their own configuration leaves out, and arguments that would make every apply fail.
pub(in crate::tasks::doctor) fn left_out(repo: &Repository) -> Vec<Finding> {
    const NAME: &str = "exclusions";
    let excluded = repo.units.iter().filter_map(|unit| Some((unit, unit.excluded.as_ref()?)));
    let mut found: Vec<_> = excluded
        .map(|(unit, exclusion)| {
            let finding = Finding::warn(NAME, format!("`{}` is {}", unit.path, exclusion.what()));
            finding
                .at(&exclusion.place)
                .to_do("take that out if the unit is to be updated; the others go on without it")
        })
        .collect();
    let mut refusals: Vec<_> = repo.units.iter().flat_map(|unit| &unit.not_appliable).collect();
    refusals.sort_by_key(|failure| failure.to_string());
    refusals.dedup_by_key(|failure| failure.to_string());
    found.extend(refusals.into_iter().map(|failure| Finding::refusal("extra arguments", failure)));
    found
}
