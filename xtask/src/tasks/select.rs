//! Which units a command is about, and what each is called.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::Selectors;
use crate::model::{Account, Failure, Failures, Kind, UnitPath, did_you_mean};
use crate::repo::unit::Unit;
use crate::repo::{Repository, ambiguous};
use crate::tasks::context::Context;
use crate::tools::process::quoted;

/// The accounts and units that a person has named. Nothing named is everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    accounts: Vec<Account>,
    units: Vec<UnitPath>,
}

impl Selection {
    /// What `--account` and `--unit` name. A value that fits nothing is an error: a typing mistake must not make a selection
    /// smaller unseen.
    pub fn of(context: &Context, repo: &Repository, named: &Selectors) -> Result<Self, Failures> {
        let folder = context.start()?;
        let mut failures = Vec::new();
        let names: Vec<_> = named.account.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        if names.is_empty() && !named.account.is_empty() {
            failures.push(Failure::usage("`--account` names no account"));
        }
        let accounts = names.into_iter().map(|name| accounts(repo, name));
        let accounts = accounts.filter_map(|found| found.map_err(|failure| failures.push(failure)).ok());
        let accounts = accounts.flatten().collect();
        let units = named.unit.iter().map(|name| find_unit(repo, &folder, name).map(|unit| unit.path.clone()));
        let units = units.filter_map(|found| found.map_err(|failure| failures.push(failure)).ok()).collect();
        Failures::check(failures)?;
        let selection = Self { accounts, units };
        if !repo.units.is_empty() && !repo.units.iter().any(|unit| selection.holds(unit)) {
            let what = "nothing is selected: no unit that `--unit` names is in an account that `--account` names";
            return Err(Failure::new(Kind::NothingSelected, what).into());
        }
        Ok(selection)
    }

    /// Exactly these units.
    pub fn of_units(repo: &Repository, paths: &[String]) -> Result<Self, Failures> {
        let found = |path: &String| repo.units.iter().find(|unit| unit.path.as_str() == *path);
        let units: Result<Vec<_>, Failure> = paths
            .iter()
            .map(|path| found(path).map(|unit| unit.path.clone()).ok_or_else(|| unknown(repo, path)))
            .collect();
        Ok(Self { accounts: Vec::new(), units: units? })
    }

    /// Whether a unit is selected.
    pub fn holds(&self, unit: &Unit) -> bool {
        (self.accounts.is_empty() || self.accounts.iter().any(|account| is_of(unit, account)))
            && (self.units.is_empty() || self.units.contains(&unit.path))
    }

    /// Whether a unit is selected by its own name.
    pub fn names(&self, unit: &Unit) -> bool {
        self.units.contains(&unit.path)
    }

    /// The selected units; none is an error.
    pub fn units<'r>(&self, repo: &'r Repository) -> Result<Vec<&'r Unit>, Failures> {
        let chosen: Vec<_> = repo.units.iter().filter(|unit| self.holds(unit)).collect();
        if chosen.is_empty() {
            return Err(Failure::new(Kind::NothingSelected, "nothing is selected")
                .hint("see `cargo xtask units`")
                .into());
        }
        Ok(chosen)
    }

    /// What may hold units that would be selected and can't be read. Its account is known by its folders alone, so everything
    /// belongs to a selection that names no account and no unit.
    pub fn unread<'r>(&self, repo: &'r Repository) -> Vec<&'r Failure> {
        let is_below = |failure: &Failure, account: &Account| {
            let mut folders = failure.at.iter().flat_map(|place| place.file.split('/'));
            failure.at.is_empty() || folders.any(|folder| folder == account.name)
        };
        let is_selected = |failure: &&Failure| {
            self.accounts.is_empty() || self.accounts.iter().any(|account| is_below(failure, account))
        };
        if self.units.is_empty() { repo.unread.iter().filter(is_selected).collect() } else { Vec::new() }
    }

    /// What is wrong with the repository, and with the selected units.
    pub fn take_problems(&self, repo: &mut Repository) -> Vec<Failure> {
        let mut problems = std::mem::take(&mut repo.problems);
        problems.extend(self.unread(repo).into_iter().map(Failure::again));
        for unit in repo.units.iter_mut().filter(|unit| self.holds(unit)) {
            problems.append(&mut unit.problems);
        }
        let of_units = repo.units.iter().filter(|unit| self.holds(unit)).filter_map(|unit| unit.account.value());
        problems.extend(ambiguous(of_units));
        problems
    }

    /// The same as options of a command, for messages.
    pub fn options(&self) -> String {
        let accounts = self.accounts.iter().map(|account| format!(" --account {}", quoted(&account.name)));
        accounts.chain(self.units.iter().map(|path| format!(" --unit {}", quoted(path.as_str())))).collect()
    }
}

/// Whether a unit belongs to an account. One whose account is unknown belongs to that of the folder that it lies in, so that it
/// isn't left out unseen.
fn is_of(unit: &Unit, account: &Account) -> bool {
    match unit.account.value() {
        Some(own) => own.is(account),
        None => unit.path.as_str().split('/').any(|folder| folder == account.name),
    }
}

/// The account of this name, or all of this id: it may have several names. Units have to be in them.
fn accounts(repo: &Repository, name: &str) -> Result<Vec<Account>, Failure> {
    let accounts = || repo.accounts.iter().filter(|account| repo.units.iter().any(|unit| is_of(unit, account)));
    let is_named = |account: &&Account| account.name == name || account.id.as_str() == name;
    let found: Vec<_> = accounts().filter(is_named).cloned().collect();
    if let Some(failure) = ambiguous(found.iter()).into_iter().next() {
        let ids = found.iter().map(|account| format!("--account {}", account.id)).collect::<Vec<_>>();
        return Err(failure.hint(format!("or name it by its id: {}", ids.join(" or "))));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let names: BTreeSet<_> = accounts().map(|account| account.name.as_str()).collect();
    let failure = Failure::new(Kind::NothingSelected, format!("no unit is in an account called `{name}`"));
    let all = || format!("there are {}", names.iter().copied().collect::<Vec<_>>().join(", "));
    Err(failure.hint(did_you_mean(names.iter().copied(), name).unwrap_or_else(all)))
}

/// The unit that a person names: by its path or that of a file in it, from the root or from `folder`; or where there is only
/// one, by its account, by name or id, or by a folder above it.
pub fn find_unit<'r>(repo: &'r Repository, folder: &Path, name: &str) -> Result<&'r Unit, Failure> {
    let path = plain(name);
    let of_path = |path: &str| repo.units.iter().find(|unit| unit.path.as_str() == path);
    let from_folder = below(&repo.root, &folder.join(name));
    if let Some(unit) = of_path(path).or_else(|| of_path(from_folder.as_deref()?.to_str()?)) {
        return Ok(unit);
    }
    let is_in = |unit: &Unit| unit.account.value().is_some_and(|it| it.name == path || it.id.as_str() == path);
    let is_under = |unit: &Unit, folder: &Path| Path::new(unit.path.as_str()).starts_with(folder);
    let folders = [
        from_folder.filter(|_| folder.join(name).is_dir()),
        Some(PathBuf::from(name.trim_end_matches('/').trim_start_matches("./"))).filter(|it| it != Path::new("")),
    ];
    let is_below = |unit: &Unit| folders.iter().flatten().any(|folder| is_under(unit, folder));
    let of_account: Vec<_> = repo.units.iter().filter(|unit| is_in(unit)).collect();
    let below: Vec<_> = repo.units.iter().filter(|unit| is_below(unit)).collect();
    match if of_account.is_empty() { &below[..] } else { &of_account[..] } {
        [] => Err(unknown(repo, path)),
        [only] => Ok(only),
        several => {
            let failure = Failure::usage(format!("`{name}` has several units"));
            let failure =
                several.iter().take(MOST).fold(failure, |failure, unit| failure.detail(unit.path.to_string()));
            let failure = match several.len().saturating_sub(MOST) {
                0 => failure,
                more => failure.detail(format!("and {more} more: cargo xtask units")),
            };
            Err(failure.hint("name one by its path"))
        }
    }
}

/// How many units are listed to choose from.
const MOST: usize = 20;

fn unknown(repo: &Repository, name: &str) -> Failure {
    let paths = || repo.units.iter().map(|unit| unit.path.as_str());
    let names = repo.units.iter().filter_map(account_name);
    let part = paths().find(|path| !name.is_empty() && path.contains(name)).map(|path| format!("there is `{path}`"));
    let near = part.or_else(|| did_you_mean(paths().chain(names), name));
    let failure = Failure::new(Kind::NothingSelected, format!("there is no unit `{name}`"));
    failure.hint(near.unwrap_or_else(|| "see `cargo xtask units`".to_owned()))
}

/// A unit's path as a shell may have completed it: with `./`, with a slash at the end, or on to a file in its folder.
fn plain(path: &str) -> &str {
    let path = path.trim_end_matches('/').trim_start_matches("./");
    match path.rsplit_once('/') {
        Some((folder, file)) if is_configuration(file) => folder,
        _ => path,
    }
}

fn is_configuration(file: &str) -> bool {
    [".hcl", ".tf", ".tofu"].iter().any(|end| file.ends_with(end))
}

/// Where a folder, or a file of configuration in it, lies below the root; `None` if it lies outside or isn't there.
pub fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let folder = if path.is_dir() { path.as_path() } else { path.parent()? };
    folder.strip_prefix(fs::canonicalize(root).ok()?).ok().map(Path::to_owned)
}

/// What each unit is called on the screen: its account where that says enough and is no other unit's path, its path
/// otherwise. No two are called the same.
pub fn labels(units: &[&Unit]) -> Vec<String> {
    let mut per_account: BTreeMap<&str, usize> = BTreeMap::new();
    for name in units.iter().copied().filter_map(account_name) {
        *per_account.entry(name).or_default() += 1;
    }
    let paths: BTreeSet<_> = units.iter().map(|unit| unit.path.as_str()).collect();
    let is_alone = |name: &&str| per_account[name] == 1 && !paths.contains(name);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::tests::Tree;

    #[test]
    fn no_two_units_are_called_the_same() {
        let source = "terraform {\n  source = \"git::git@github.com:gruntwork-io/terraform-aws-ci.git//modules/ecs-deploy-runner?ref=v0.52.1\"\n}\n";
        let account =
            |name: &str, id: &str| format!("locals {{\n  account_name = \"{name}\"\n  account_id = \"{id}\"\n}}\n");
        let [prod, solo, dev] = [("prod", "100000000006"), ("solo", "100000000009"), ("dev", "100000000004")]
            .map(|(name, id)| account(name, id));
        let repo = Tree::new(&[
            ("solo/account.hcl", &prod),
            ("prod/account.hcl", &prod),
            ("a/account.hcl", &solo),
            ("dev/account.hcl", &dev),
            ("solo/terragrunt.hcl", source),
            ("prod/runner/terragrunt.hcl", source),
            ("a/runner/terragrunt.hcl", source),
            ("dev/runner/terragrunt.hcl", source),
        ])
        .open();
        let units: Vec<_> = repo.units.iter().collect();
        assert_eq!(labels(&units), ["a/runner", "dev", "prod/runner", "solo"]);
        assert_eq!(label(units[0]), "solo", "which is why it is called by its path");
    }

    #[test]
    fn unit_whose_account_places_dispute_is_selected_by_the_folder_that_it_lies_in() {
        let repo = Tree::new(&[
            ("accounts.json", r#"{"dev": "100000000004", "prod": "100000000006"}"#),
            ("dev/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
            ("dev/us-east-2/account.hcl", "locals {\n  account_id = \"100000000006\"\n}\n"),
            ("dev/us-east-2/ecs-deploy-runner/terragrunt.hcl", ""),
            ("prod/us-east-1/ecs-deploy-runner/terragrunt.hcl", ""),
        ])
        .open();
        let selected = |name: &str| {
            let accounts = accounts(&repo, name).expect("it has a unit");
            let selection = Selection { accounts, units: Vec::new() };
            let units = selection.units(&repo).expect("some are selected");
            units.iter().map(|unit| unit.path.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(selected("dev"), ["dev/us-east-1/ecs-deploy-runner", "dev/us-east-2/ecs-deploy-runner"]);
        assert_eq!(selected("prod"), ["prod/us-east-1/ecs-deploy-runner"]);
    }
}
