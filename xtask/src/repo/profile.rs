//! Which profile gives credentials for an account.

use std::collections::BTreeMap;

use super::settings::{Settings, fill};
use crate::model::{Account, Failure, ProfileCandidate, Region};

/// A profile and why it is that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name that the credential tool takes.
    pub name: String,
    /// Where it was found, such as `--profile` or `Cargo.toml:12`.
    pub found_in: String,
}

/// Chooses the profile: the flag, the settings' `profiles`, their template `profile`, and last the only profile of the
/// AWS config file that leads into the account. Several are never picked from silently.
pub fn choose(
    account: &Account,
    region: Option<&Region>,
    overrides: &BTreeMap<String, String>,
    settings: &Settings,
    candidates: &[ProfileCandidate],
) -> Result<Profile, Failure> {
    let found_at =
        |key: &str| settings.place(key).map_or_else(|| format!("`{key}` of the settings"), ToString::to_string);
    if let Some(name) = overrides.get(&account.name) {
        return Ok(Profile { name: name.clone(), found_in: "--profile".to_owned() });
    }
    if let Some(name) = settings.profiles().get(&account.name) {
        let found_in = found_at(&format!("profiles.{}", account.name));
        return Ok(Profile { name: name.clone(), found_in });
    }
    if let Some(template) = settings.profile() {
        let name = fill(template, &account.name, &account.id, region).map_err(|why| {
            let failure = Failure::refused(format!("cannot tell the profile of account `{}`: {why}", account.name));
            settings.place("profile").cloned().into_iter().fold(failure, Failure::at)
        })?;
        return Ok(Profile { name, found_in: found_at("profile") });
    }
    match candidates {
        [only] => Ok(Profile { name: only.name.clone(), found_in: only.place.to_string() }),
        [] => Err(Failure::refused(format!("there is no profile for account `{}`", account.name))
            .detail(format!("no profile of the AWS config file has a role or an SSO account in {}", account.id))
            .hint(line_to_add(account, "PROFILE"))),
        [first, ..] => {
            let what = format!("{} profiles lead into account `{}`", candidates.len(), account.name);
            let failure = candidates.iter().fold(Failure::refused(what), |failure, candidate| {
                failure.at(candidate.place.clone()).detail(format!("{} by {}", candidate.name, candidate.why))
            });
            Err(failure.hint(line_to_add(account, &first.name)))
        }
    }
}

fn line_to_add(account: &Account, profile: &str) -> String {
    let bare =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !name.is_empty();
    let key = if bare(&account.name) { account.name.clone() } else { format!("{:?}", account.name) };
    format!(
        "say which: `{key} = {profile:?}` under `[workspace.metadata.xtask.profiles]` in `Cargo.toml`, or `--profile {}={profile}`",
        account.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Place};

    fn account() -> Account {
        let id = AccountId::parse("100000000004").expect("twelve digits");
        Account { name: "dev".to_owned(), id, deploy_order: None, evidence: Vec::new() }
    }

    fn candidate(name: &str, line: usize) -> ProfileCandidate {
        let place = Place::line("~/.aws/config", line);
        ProfileCandidate { name: name.to_owned(), place, why: "`role_arn`".to_owned() }
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
            let profile = choose(&account(), None, flags, settings, &one).expect("there is one");
            (profile.name, profile.found_in)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(chosen(&flag, &both), pair("by-flag", "--profile"));
        assert_eq!(chosen(&none, &both), pair("by-table", "Cargo.toml:3"));
        assert_eq!(chosen(&none, &template), pair("your-dev-100000000004", "Cargo.toml:2"));
        assert_eq!(chosen(&none, &Settings::default()), pair("by-config", "~/.aws/config:3"));
    }

    #[test]
    fn several_profiles_are_listed_with_the_line_to_add() {
        let several = [candidate("dev-admin", 3), candidate("dev-readonly", 9)];
        let failure =
            choose(&account(), None, &BTreeMap::new(), &Settings::default(), &several).expect_err("ambiguous");
        assert_eq!(
            failure.to_string(),
            "2 profiles lead into account `dev`\n  --> ~/.aws/config:3\n  --> ~/.aws/config:9\n  dev-admin by `role_arn`\n  \
             dev-readonly by `role_arn`\nhint: say which: `dev = \"dev-admin\"` under `[workspace.metadata.xtask.profiles]` \
             in `Cargo.toml`, or `--profile dev=dev-admin`"
        );
    }

    #[test]
    fn no_profile_and_a_region_that_is_not_known_are_refused() {
        assert!(choose(&account(), None, &BTreeMap::new(), &Settings::default(), &[]).is_err());
        assert!(choose(&account(), None, &BTreeMap::new(), &settings("profile = '{region}'"), &[]).is_err());
    }
}
