//! The roots of a repository: folders with accounts of their own. A unit belongs to the nearest one above it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::accounts::{self, Listed};
use super::files::Files;
use super::walk::Found;
use crate::model::{Account, Failure, literal};

/// A root. Its accounts are read when the first of its units asks for them.
#[derive(Debug)]
pub(super) struct Root {
    /// The folder, absolute.
    pub(super) dir: PathBuf,
    listed: OnceLock<Listed>,
}

/// The roots, sorted by folder; the first is what was opened.
#[derive(Debug)]
pub(super) struct Roots(Vec<Root>);

impl Root {
    /// The accounts that its accounts files list.
    pub(super) fn listed(&self, files: &Files) -> &Listed {
        self.listed.get_or_init(|| accounts::read(files, &self.dir))
    }
}

impl Roots {
    /// The folder that was opened, and those below it that have an accounts file.
    pub(super) fn new(opened: &Path, found: &Found) -> Self {
        let nested = found.accounts.iter().filter(|dir| *dir != opened).cloned();
        let dirs = std::iter::once(opened.to_owned()).chain(nested);
        Self(dirs.map(|dir| Root { dir, listed: OnceLock::new() }).collect())
    }

    /// The root of a folder.
    pub(super) fn of(&self, dir: &Path) -> &Root {
        let nearest =
            self.0.iter().filter(|root| dir.starts_with(&root.dir)).max_by_key(|root| root.dir.as_os_str().len());
        nearest.unwrap_or(&self.0[0])
    }

    /// What the files of all roots that have been asked for list together.
    pub(super) fn asked_for(self) -> Listed {
        let mut all = Listed::default();
        for listed in self.0.into_iter().filter_map(|root| root.listed.into_inner()) {
            all.accounts.extend(listed.accounts);
            all.failures.extend(listed.failures);
            all.notices.extend(listed.notices);
        }
        all
    }
}

/// One list of accounts, sorted by name: an account that several roots list is there once, with all its places.
pub(super) fn joined(accounts: Vec<Account>) -> Vec<Account> {
    let mut joined: Vec<Account> = Vec::with_capacity(accounts.len());
    let key = |account: &Account| (account.name.clone(), account.id.clone());
    for account in accounts {
        match joined.binary_search_by_key(&key(&account), key) {
            Ok(at) => {
                let evidence = &mut joined[at].evidence;
                let new = account.evidence.into_iter().filter(|place| !evidence.contains(place)).collect::<Vec<_>>();
                evidence.extend(new);
            }
            Err(at) => joined.insert(at, account),
        }
    }
    joined
}

/// Different accounts that are called alike: where both are worked on, neither an option nor a message could say which is meant.
pub fn ambiguous<'u>(accounts: impl Iterator<Item = &'u Account>) -> Vec<Failure> {
    let used = joined(accounts.cloned().collect());
    let pairs = used.windows(2).filter(|pair| pair[0].name == pair[1].name);
    let failure = |pair: &[Account]| {
        let failure = Failure::refused(format!("two accounts are called `{}`", pair[0].name));
        let failure = failure.detail(format!("{} and {}", pair[0].id, pair[1].id));
        let failure = pair
            .iter()
            .fold(failure, |failure, account| account.evidence.first().cloned().into_iter().fold(failure, Failure::at));
        let files = pair.iter().filter_map(|account| Some(account.evidence.first()?.file.as_str()));
        let mut other = files.filter_map(|file| Some((file, file.strip_suffix("/account.hcl")?.replace('/', "-"))));
        if let Some((file, name)) = other.rfind(|(_, name)| *name != pair[0].name) {
            let line = format!("account_name = {}", literal(&name));
            return failure.hint(format!("give one of them a name of its own, in the locals of {file}: {line}"));
        }
        failure
            .hint("work in one root at a time, with `--repo FOLDER`")
            .hint("or leave out what is no part of this: `exclude` in [workspace.metadata.xtask] in Cargo.toml")
    };
    pairs.map(failure).collect()
}
