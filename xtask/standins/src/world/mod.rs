//! The world of a rehearsal: a folder that holds accounts, profiles, images, states and a log of every call.
//!
//! A stand-in gets no hint by its environment, which xtask builds from nothing: the world is the folder above the
//! `bin` folder that the stand-in lies in.

mod gate;
mod inject;
mod log;
pub(crate) mod setup;

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use inject::Inject;

use crate::refusal::{Outcome, Refusal};
use crate::store;

/// What `world.json` says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The version of this shape: 1.
    pub(crate) schema: u32,
    /// Account ids by account name.
    pub(crate) accounts: BTreeMap<String, String>,
    /// Account ids by profile, for aws-vault.
    pub(crate) profiles: BTreeMap<String, String>,
    /// The region of every profile.
    pub(crate) region: String,
    /// What is made to go wrong.
    #[serde(default)]
    pub(crate) inject: Vec<Inject>,
    /// How long an apply or a build takes, in milliseconds.
    #[serde(default)]
    pub(crate) pace_ms: u64,
    /// A port on loopback where every apply asks, in the middle, whether it may go on; tests hold it there.
    #[serde(default)]
    pub(crate) gate: Option<u16>,
    /// The same for builds.
    #[serde(default)]
    pub(crate) build_gate: Option<u16>,
}

/// The world that a stand-in lives in.
#[derive(Debug)]
pub(crate) struct World {
    folder: PathBuf,
    pub(crate) settings: Settings,
}

impl World {
    /// Opens the world that this very program lies in.
    pub(crate) fn here() -> Outcome<Self> {
        let program = env::current_exe().map_err(|error| Refusal::of_rehearsal("find this program", error))?;
        match program.parent().and_then(Path::parent) {
            Some(folder) => Self::open(folder),
            None => Err(Refusal::of_rehearsal("find the world", "this program lies in no folder")),
        }
    }

    /// The folder of the world.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens the world in a folder.
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let file = folder.join("world.json");
        let settings: Option<Settings> = store::read_if_there(&file)?;
        let settings = settings.ok_or_else(|| {
            Refusal::new(1, format!("this is a stand-in for rehearsals, and there is no `{}`", file.display()))
        })?;
        Ok(Self { folder: folder.to_owned(), settings })
    }

    /// When the session of aws-vault ends; without this file none ever does.
    pub(crate) fn session(&self) -> PathBuf {
        self.folder.join("session.json")
    }

    /// Whether an account exists.
    pub(crate) fn knows(&self, account: &str) -> bool {
        self.settings.accounts.values().chain(self.settings.profiles.values()).any(|known| known == account)
    }

    /// Whether a name, of an account or a profile, means this account.
    fn means(&self, name: &str, account: &str) -> bool {
        [&self.settings.accounts, &self.settings.profiles]
            .iter()
            .any(|by_name| by_name.get(name).is_some_and(|id| id == account))
    }

    /// The account whose keys are handed out where `account` was asked for: the same, unless `wrong-account` is injected.
    pub(crate) fn account_answering_for(&self, account: &str) -> String {
        let wrong = |inject: &Inject| matches!(inject, Inject::WrongAccount(name) if self.means(name, account));
        if !self.settings.inject.iter().any(wrong) {
            return account.to_owned();
        }
        let prod = self.settings.accounts.get("prod");
        let others = prod.into_iter().chain(self.settings.accounts.values()).chain(self.settings.profiles.values());
        others.into_iter().find(|other| *other != account).cloned().unwrap_or_else(|| "999999999999".to_owned())
    }

    /// Whether the apply in `account` has to fail now. It does so once in a world, as a busy AWS does.
    pub(crate) fn fails_now(&self, account: &str) -> Outcome<bool> {
        let fails = |inject: &&Inject| matches!(inject, Inject::Fail(name) if self.means(name, account));
        match self.settings.inject.iter().find(fails) {
            Some(inject) => self.first_time(&format!("{inject}").replace(':', "-")),
            None => Ok(false),
        }
    }

    /// Whether after an apply in `account` the old task definitions are active again.
    pub(crate) fn keeps_old_tasks(&self, account: &str) -> bool {
        let keeps = |inject: &Inject| matches!(inject, Inject::WrongTagRunning(name) if self.means(name, account));
        self.settings.inject.iter().any(keeps)
    }

    /// Whether an apply in `account` leaves a policy that allows every action.
    pub(crate) fn widens_policies(&self, account: &str) -> bool {
        let widens = |inject: &Inject| matches!(inject, Inject::WiderPolicy(name) if self.means(name, account));
        self.settings.inject.iter().any(widens)
    }

    /// Whether the plan in `account` has to be throttled now; once in a world.
    pub(crate) fn is_busy_now(&self, account: &str) -> Outcome<bool> {
        let busy = |inject: &&Inject| matches!(inject, Inject::Busy(name) if self.means(name, account));
        match self.settings.inject.iter().find(busy) {
            Some(inject) => self.first_time(&format!("{inject}").replace(':', "-")),
            None => Ok(false),
        }
    }

    /// The code with which STS refuses to say whose keys these are, if it is made to.
    pub(crate) fn sts_refuses(&self, account: &str) -> Outcome<Option<&str>> {
        for inject in &self.settings.inject {
            match inject {
                Inject::Sts(code) => return Ok(Some(code)),
                Inject::ExpiredOnce(name) if self.means(name, account) => {
                    let once = format!("{inject}").replace(':', "-");
                    return Ok(self.first_time(&once)?.then_some("ExpiredToken"));
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Whether plans in `account` never end by themselves.
    pub(crate) fn hangs(&self, account: &str) -> bool {
        self.settings.inject.iter().any(|inject| matches!(inject, Inject::Hang(name) if self.means(name, account)))
    }

    /// Whether builds say that they succeeded and push nothing.
    pub(crate) fn loses_images(&self) -> bool {
        self.settings.inject.contains(&Inject::NoImage)
    }

    /// Whether something is made to go wrong.
    pub(crate) fn injects(&self, inject: &Inject) -> bool {
        self.settings.inject.contains(inject)
    }

    /// How a build is made to fail, if it is.
    pub(crate) fn failure_of_builds(&self) -> Option<&str> {
        self.settings.inject.iter().find_map(|inject| match inject {
            Inject::NoSecret => Some("no-secret"),
            Inject::OldKaniko => Some("old-kaniko"),
            Inject::Build(name) => Some(name),
            _ => None,
        })
    }

    /// How the start of a container that is to plan is made to fail, if it is.
    pub(crate) fn start_of_plans(&self) -> Option<&str> {
        self.settings.inject.iter().find_map(|inject| match inject {
            Inject::Start(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether `what` happens for the first time in this world, whoever asks at the same time.
    pub(crate) fn first_time(&self, what: &str) -> Outcome<bool> {
        let file = self.folder.join("once").join(what);
        store::update(&file, |seen: &mut bool| Ok(!std::mem::replace(seen, true)))
    }

    /// Another file of the world.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file with what exists in an account of one service, `ecr` or `ecs`.
    pub(crate) fn service(&self, account: &str, service: &str) -> PathBuf {
        self.folder.join("accounts").join(account).join(format!("{service}.json"))
    }

    /// The file with the state of one key of the backend of an account.
    pub(crate) fn state(&self, account: &str, key: &str) -> PathBuf {
        self.folder.join("state").join(account).join(format!("{}.tfstate", key.trim_end_matches("/terraform.tfstate")))
    }
}
