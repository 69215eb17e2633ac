//! Which units a command is about, and what each is called.

use std::collections::BTreeMap;

use crate::model::{Failure, Failures, Kind};
use crate::repo::Repository;
use crate::repo::unit::Unit;

/// The units in the named accounts that are among the named ones; every unit if nothing is named. A name that fits nothing
/// is an error: a typing mistake must not make a selection smaller unseen.
pub fn select<'r>(repo: &'r Repository, accounts: &[String], paths: &[String]) -> Result<Vec<&'r Unit>, Failures> {
    let mut failures = Vec::new();
    for name in accounts {
        if !repo.units.iter().any(|unit| unit.is_in(name)) {
            let known: Vec<_> = repo.units.iter().filter_map(account_name).collect();
            failures.push(
                Failure::new(Kind::NothingSelected, format!("no unit is in an account called `{name}`"))
                    .hint(format!("there are {}", distinct(known))),
            );
        }
    }
    let paths: Vec<_> = paths.iter().map(|path| plain(path)).collect();
    for path in &paths {
        if !repo.units.iter().any(|unit| unit.path.as_str() == *path) {
            failures.push(
                Failure::new(Kind::NothingSelected, format!("there is no unit `{path}`"))
                    .hint("see `cargo xtask units`"),
            );
        }
    }
    Failures::check(failures)?;
    let chosen: Vec<_> = repo.units.iter().filter(|unit| is_selected(unit, accounts, &paths)).collect();
    if chosen.is_empty() {
        return Err(Failure::new(Kind::NothingSelected, "nothing is selected").hint("see `cargo xtask units`").into());
    }
    Ok(chosen)
}

/// What may hold units that would be selected and can't be read. Its account is known by its folders alone, so everything
/// belongs to a selection that names no account and no unit.
pub fn unread<'r>(repo: &'r Repository, accounts: &[String], paths: &[String]) -> Vec<&'r Failure> {
    let is_below = |failure: &Failure, account: &str| {
        failure.at.is_empty() || failure.at.iter().any(|place| place.file.split('/').any(|folder| folder == account))
    };
    let is_selected =
        |failure: &&Failure| accounts.is_empty() || accounts.iter().any(|account| is_below(failure, account));
    if paths.is_empty() { repo.unread.iter().filter(is_selected).collect() } else { Vec::new() }
}

/// What is wrong with the repository, and with the units that would be selected.
pub fn take_problems(repo: &mut Repository, accounts: &[String], paths: &[String]) -> Vec<Failure> {
    let mut problems = std::mem::take(&mut repo.problems);
    problems.extend(unread(repo, accounts, paths).into_iter().map(Failure::again));
    let paths: Vec<_> = paths.iter().map(|path| plain(path)).collect();
    for unit in repo.units.iter_mut().filter(|unit| is_selected(unit, accounts, &paths)) {
        problems.append(&mut unit.problems);
    }
    problems
}

fn is_selected(unit: &Unit, accounts: &[String], paths: &[&str]) -> bool {
    (accounts.is_empty() || accounts.iter().any(|name| unit.is_in(name)))
        && (paths.is_empty() || paths.contains(&unit.path.as_str()))
}

/// A unit's path as a shell may have completed it.
fn plain(path: &str) -> &str {
    path.trim_end_matches('/').trim_start_matches("./")
}

fn distinct(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// What each unit is called on the screen: its account where that says enough, its path otherwise.
pub fn labels(units: &[&Unit]) -> Vec<String> {
    let mut per_account: BTreeMap<&str, usize> = BTreeMap::new();
    for name in units.iter().copied().filter_map(account_name) {
        *per_account.entry(name).or_default() += 1;
    }
    let is_alone = |name: &&str| per_account[name] == 1;
    units
        .iter()
        .map(|unit| account_name(unit).filter(is_alone).map_or_else(|| unit.path.to_string(), str::to_owned))
        .collect()
}

/// What a unit is called by itself.
pub fn label(unit: &Unit) -> &str {
    account_name(unit).unwrap_or(unit.path.as_str())
}

fn account_name(unit: &Unit) -> Option<&str> {
    unit.account.value().map(|account| account.name.as_str())
}
