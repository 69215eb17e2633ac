//! Which profile gives credentials for an account: joins the options, the settings, and the AWS config file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::model::{Account, Failure, Region};
use crate::repo::{Profile, Settings, profile};
use crate::tasks::context::Context;
use crate::tools::aws_config::AwsConfig;
use crate::tools::env;

/// Everything that profiles are chosen from.
#[derive(Debug)]
pub struct Profiles {
    overrides: BTreeMap<String, String>,
    config: AwsConfig,
}

impl Profiles {
    /// Reads the AWS config file, if there is one.
    pub fn read(context: &Context) -> Self {
        let named = env::text(&context.vars, "AWS_CONFIG_FILE").map(PathBuf::from);
        let home = env::text(&context.vars, "HOME").map(|home| PathBuf::from(home).join(".aws/config"));
        let path = named.or(home).unwrap_or_default();
        let shown = match (env::text(&context.vars, "HOME"), path.to_str()) {
            (Some(home), Some(path)) => path.strip_prefix(home).map_or(path.to_owned(), |rest| format!("~{rest}")),
            _ => path.display().to_string(),
        };
        let text = fs::read(&path).unwrap_or_default();
        Self {
            overrides: context.globals.profile.iter().cloned().collect(),
            config: AwsConfig::parse(&String::from_utf8_lossy(&text), &shown),
        }
    }

    /// The profile of an account.
    pub fn of(&self, account: &Account, region: Option<&Region>, settings: &Settings) -> Result<Profile, Failure> {
        profile::choose(account, region, &self.overrides, settings, &self.config.candidates(&account.id))
    }

    /// The names of all profiles in the AWS config file.
    pub fn names(&self) -> BTreeSet<&str> {
        self.config.names().collect()
    }

    /// Whether aws-vault makes a session of a profile's stored keys without MFA: such a session can't call IAM.
    pub fn is_session_without_mfa(&self, profile: &str) -> bool {
        self.config.is_session_without_mfa(profile)
    }

    /// Options for accounts that this repository doesn't have: a typing mistake must not go unseen.
    pub fn misnamed(&self, accounts: &[Account]) -> Vec<Failure> {
        let unknown = self.overrides.keys().filter(|name| accounts.iter().all(|account| account.name != **name));
        unknown
            .map(|name| {
                Failure::usage(format!("`--profile {name}=…` names an account that this repository doesn't have"))
            })
            .collect()
    }
}
