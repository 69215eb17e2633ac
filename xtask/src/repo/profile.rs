//! Which profile gives credentials for an account, and the patterns by which profiles of several accounts are named.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{Settings, fill};
use crate::model::{Account, Failure, ProfileCandidate, Region, is_limited};

/// A profile and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name that the credential tool takes.
    pub name: String,
    /// Where it was found, such as `--profile` or `Cargo.toml:12`.
    pub found_in: String,
    /// Whether the settings or the command line name it, so that it is not only what a person's config file suggests.
    pub is_stated: bool,
}

/// Why there is none.
#[derive(Debug)]
pub enum Unchosen {
    /// Nothing leads into the account.
    Missing,
    /// Several profiles lead into the account.
    Several,
    /// What the settings say can't be used.
    Wrong(Failure),
}

/// Chooses the profile: the flag, what the settings say, and last the only profile of the AWS config files that leads into the
/// account. Several are never picked from silently.
pub fn choose(
    account: &Account,
    region: Option<&Region>,
    overrides: &BTreeMap<String, String>,
    settings: &Settings,
    candidates: &[ProfileCandidate],
) -> Result<Profile, Unchosen> {
    if let Some(name) = overrides.get(&account.name) {
        return Ok(Profile { name: name.clone(), found_in: "--profile".to_owned(), is_stated: true });
    }
    if let Some((template, place)) = settings.profile_of(&account.name) {
        let name = fill(template, &account.name, &account.id, region).map_err(|why| {
            let failure = Failure::refused(format!("cannot tell the profile of account `{}`: {why}", account.name));
            Unchosen::Wrong(place.cloned().into_iter().fold(failure, Failure::at))
        })?;
        let found_in = place.map_or_else(|| "the settings".to_owned(), ToString::to_string);
        return Ok(Profile { name, found_in, is_stated: true });
    }
    match candidates {
        [only] => Ok(Profile { name: only.name.clone(), found_in: only.place.to_string(), is_stated: false }),
        [] => Err(Unchosen::Missing),
        _ => Err(Unchosen::Several),
    }
}

/// A template by which there is a profile for each account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Such as `acme-{account}.AdministratorAccess`.
    pub template: String,
    /// Whether the roles that it leads to can't apply anything.
    pub is_limited: bool,
}

/// What is known of a profile and an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It leads there.
    Leads {
        /// With a role that can't apply anything.
        is_limited: bool,
    },
    /// It exists, and nothing tells where it leads.
    Unknown,
    /// It is missing, or leads elsewhere.
    No,
}

/// The templates by which each of these accounts has a profile that leads there or may do so, those that can't apply anything
/// last. `names` are all profiles.
pub fn patterns(accounts: &[&Account], names: &[&str], fit: &dyn Fn(&str, &Account) -> Fit) -> Vec<Pattern> {
    let Some((first, _)) = accounts.split_first() else { return Vec::new() };
    let mut found: Vec<(usize, Pattern)> = Vec::new();
    for template in names.iter().flat_map(|name| templates(name, first)) {
        let fits: Vec<_> = accounts
            .iter()
            .map(|account| {
                let name = fill(&template, &account.name, &account.id, None).unwrap_or_default();
                (fit(&name, account), is_limited(&name))
            })
            .collect();
        if fits.iter().any(|(fit, _)| *fit == Fit::No) || found.iter().any(|(_, it)| it.template == template) {
            continue;
        }
        let is_limited = fits.iter().any(|(fit, by_name)| match fit {
            Fit::Leads { is_limited } => *is_limited,
            _ => *by_name,
        });
        let n_unknown = fits.iter().filter(|(fit, _)| *fit == Fit::Unknown).count();
        found.push((n_unknown, Pattern { template, is_limited }));
    }
    found.sort_by(|(n, a), (m, b)| (a.is_limited, n, &a.template).cmp(&(b.is_limited, m, &b.template)));
    found.into_iter().map(|(_, pattern)| pattern).collect()
}

/// How many of these accounts have a profile, among the names beside each, by the template that this profile of an account
/// follows: by the one that most do.
pub fn n_alike(profile: &str, account: &Account, others: &[(&Account, BTreeSet<String>)]) -> usize {
    let has = |template: &str, (other, names): &(&Account, BTreeSet<String>)| {
        fill(template, &other.name, &other.id, None).is_ok_and(|name| names.contains(&name))
    };
    let n_with = |template: String| others.iter().filter(|other| has(&template, other)).count();
    templates(profile, account).into_iter().map(n_with).max().unwrap_or_default()
}

/// The name of a profile with the name or the id of an account taken out, in every way.
fn templates(profile: &str, account: &Account) -> Vec<String> {
    let parts = [(account.id.as_str(), "{account_id}"), (account.name.as_str(), "{account}")];
    let parts = parts.into_iter().filter(|(part, _)| !part.is_empty());
    parts
        .flat_map(|(part, placeholder)| {
            profile
                .match_indices(part)
                .map(move |(at, _)| format!("{}{placeholder}{}", &profile[..at], &profile[at + part.len()..]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Place};

    fn account(name: &str, id: &str) -> Account {
        let id = AccountId::parse(id).expect("twelve digits");
        Account { name: name.to_owned(), id, deploy_order: None, evidence: Vec::new() }
    }

    fn dev() -> Account {
        account("dev", "100000000004")
    }

    fn candidate(name: &str, line: usize) -> ProfileCandidate {
        let place = Place::line("~/.aws/config", line);
        ProfileCandidate { name: name.to_owned(), place, why: "`role_arn`".to_owned(), role: None }
    }

    fn settings(table: &str) -> Settings {
        let text = format!("[workspace.metadata.xtask]\n{table}");
        crate::repo::settings::read(&text, "Cargo.toml").0.expect("there is a table")
    }

    #[test]
    fn the_flag_wins_then_the_table_then_the_template_then_the_config_file() {
        let flag = BTreeMap::from([("dev".to_owned(), "by-flag".to_owned())]);
        let none = BTreeMap::new();
        let both = settings("profile = 'your-{account}-{account_id}'\nprofiles = { dev = 'by-table' }");
        let template = settings("profile = 'your-{account}-{account_id}'");
        let one = [candidate("by-config", 3)];
        let chosen = |flags, settings| {
            let profile = choose(&dev(), None, flags, settings, &one).expect("there is one");
            (profile.name, profile.found_in)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(chosen(&flag, &both), pair("by-flag", "--profile"));
        assert_eq!(chosen(&none, &both), pair("by-table", "Cargo.toml:3"));
        assert_eq!(chosen(&none, &template), pair("your-dev-100000000004", "Cargo.toml:2"));
        assert_eq!(chosen(&none, &Settings::default()), pair("by-config", "~/.aws/config:3"));
    }

    #[test]
    fn none_and_several_are_never_picked_from() {
        let choose = |settings: &Settings, found: &[ProfileCandidate]| {
            choose(&dev(), None, &BTreeMap::new(), settings, found).expect_err("nothing is chosen")
        };
        let several = [candidate("dev-admin", 3), candidate("dev-readonly", 9)];
        assert!(matches!(choose(&Settings::default(), &several), Unchosen::Several));
        assert!(matches!(choose(&Settings::default(), &[]), Unchosen::Missing));
        assert!(matches!(choose(&settings("profile = '{region}'"), &[]), Unchosen::Wrong(_)));
    }

    fn found(names: &[&str], fit: &dyn Fn(&str, &Account) -> Fit) -> Vec<String> {
        let accounts = [dev(), account("prod", "100000000006")];
        let found = patterns(&accounts.iter().collect::<Vec<_>>(), names, fit);
        found.into_iter().map(|it| it.template).collect()
    }

    #[test]
    fn a_pattern_must_fit_every_account() {
        let exists = |names: &'static [&'static str]| {
            found(names, &|name, _| if names.contains(&name) { Fit::Unknown } else { Fit::No })
        };
        assert_eq!(exists(&["acme-dev", "acme-prod", "other"]), ["acme-{account}"]);
        assert_eq!(exists(&["dev", "prod"]), ["{account}"]);
        assert_eq!(exists(&["dev-admin", "prod-admin", "dev"]), ["{account}-admin"]);
        assert_eq!(exists(&["x-100000000004", "x-100000000006"]), ["x-{account_id}"]);
        assert!(exists(&["acme-dev", "acme-stage"]).is_empty());
        assert_eq!(exists(&["a-dev", "a-prod", "b-dev", "b-prod"]), ["a-{account}", "b-{account}"]);
    }

    #[test]
    fn a_pattern_never_leads_elsewhere_and_one_that_only_reads_comes_last() {
        let names = ["old-dev", "old-prod", "a-dev-ReadOnly", "a-prod-ReadOnly", "b-dev-Admin", "b-prod-Admin"];
        let fit = |name: &str, _: &Account| match name {
            "old-dev" | "old-prod" => Fit::No,
            name if names.contains(&name) => Fit::Leads { is_limited: name.ends_with("ReadOnly") },
            _ => Fit::No,
        };
        assert_eq!(found(&names, &fit), ["b-{account}-Admin", "a-{account}-ReadOnly"]);
    }
}
