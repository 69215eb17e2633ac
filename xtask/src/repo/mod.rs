//! What the repository says: pure and offline. Nothing here starts a program or asks AWS.

pub mod accounts;
pub mod bump;
pub mod discover;
mod evidence;
pub mod files;
pub mod hcl;
pub mod image;
pub mod json;
pub mod pin;
pub mod pins;
pub mod profile;
pub mod settings;
mod terraform;
pub mod trail;
pub mod unit;
mod whole;
pub mod yaml;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use bump::{Bump, Change, FileEdit, plan_bump};
pub use files::Files;
pub use image::{Decider, ImageUse};
pub use pin::Pin;
pub use pins::{Decided, Idle};
pub use profile::Profile;
pub use settings::Settings;
pub use trail::{Hop, Trail};
pub use unit::{Unit, UnitKind};

use crate::model::{Account, Failure, Failures, UnitPath};

/// An infrastructure-live repository, read once.
#[derive(Debug)]
pub struct Repository {
    /// The root, absolute and canonical.
    pub root: PathBuf,
    /// The settings.
    pub settings: Settings,
    /// The accounts, sorted by name.
    pub accounts: Vec<Account>,
    /// The units, sorted by path.
    pub units: Vec<Unit>,
    /// What is wrong with the repository as a whole, in a stable order; what is wrong with a unit stands there.
    pub problems: Vec<Failure>,
    files: Files,
}

impl Repository {
    /// Reads the repository around `start`, which is the root or a folder in it.
    ///
    /// An error means that there is nothing to work with; everything else that is wrong is under `problems`.
    pub fn open(start: &Path) -> Result<Self, Failures> {
        let root = discover::root(start)?;
        hcl::stack::deep(|| Self::read(root))
    }

    fn read(root: PathBuf) -> Result<Self, Failures> {
        let files = Files::new(root.clone());
        let mut problems = Vec::new();
        let settings = find_settings(&root, &mut problems);
        let path = root.join(accounts::FILE);
        let accounts = match files.bytes(&path).map(|bytes| String::from_utf8(bytes.to_vec())) {
            Ok(Ok(text)) => {
                let (accounts, failures) = accounts::read(&text, accounts::FILE);
                problems.extend(failures);
                accounts
            }
            Ok(Err(_)) => {
                problems.push(Failure::refused("the accounts file is not UTF-8").in_file(accounts::FILE));
                Vec::new()
            }
            Err(fault) => {
                problems.push(fault.failure());
                Vec::new()
            }
        };
        if accounts.is_empty() {
            Failures::check(problems)?;
            return Err(Failure::refused("the accounts file lists no account").in_file(accounts::FILE).into());
        }
        let (paths, failures) = discover::units(&root);
        problems.extend(failures);
        let mut units = Vec::with_capacity(paths.len());
        for path in paths {
            match account_of(&path, &accounts) {
                Some(account) => units.push(Unit::read(&files, &root, path, account)),
                None => problems.push(unlisted(&path)),
            }
        }
        Ok(Self { root, settings, accounts, units, problems, files })
    }

    /// Everything that is wrong: with the repository, then unit by unit.
    pub fn all_problems(&self) -> impl Iterator<Item = &Failure> {
        self.problems.iter().chain(self.units.iter().flat_map(|unit| &unit.problems))
    }

    /// Takes everything that is wrong out of the repository, to be reported together: what several units share, once.
    pub fn take_problems(&mut self) -> Vec<Failure> {
        let mut all = std::mem::take(&mut self.problems);
        all.extend(self.units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.problems)));
        all
    }

    /// The unit in this folder.
    pub fn unit(&self, path: &UnitPath) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.path == *path)
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The bytes of a file as they were when the repository was read; `file` is relative to the root.
    pub fn bytes_of(&self, file: &str) -> Result<Arc<[u8]>, Failure> {
        self.files.bytes(&self.root.join(file)).map_err(|fault| fault.failure())
    }

    /// The files that somebody has changed since the repository was read.
    pub fn changed_files(&self) -> Vec<String> {
        self.files.changed()
    }

    /// The units as they would be with other texts in some files.
    fn units_with(&self, files: &Files) -> Vec<Unit> {
        hcl::stack::deep(|| self.units.iter().map(|unit| self.read_again(files, unit)).collect())
    }

    /// A unit as it is with these files.
    fn read_again(&self, files: &Files, unit: &Unit) -> Unit {
        let account = self.account(&unit.account.name).unwrap_or(&unit.account);
        Unit::read(files, &self.settings, &self.root, (unit.path.clone(), unit.kind), account)
    }
}

/// The account of a unit: the first folder of its path that is an account's name.
fn account_of<'a>(path: &UnitPath, accounts: &'a [Account]) -> Option<&'a Account> {
    path.as_str().split('/').find_map(|part| {
        let at = accounts.binary_search_by(|account| account.name.as_str().cmp(part)).ok()?;
        accounts.get(at)
    })
}

fn unlisted(path: &UnitPath) -> Failure {
    Failure::refused(format!("the account of `{path}` is not listed"))
        .in_file(format!("{path}/{}", discover::TERRAGRUNT))
        .hint(format!("add the account to `{}`, under the name of its folder", accounts::FILE))
}

/// The settings of the nearest `Cargo.toml` that has the table, from the root up to the root of the git repository.
fn find_settings(root: &Path, problems: &mut Vec<Failure>) -> Settings {
    let git_root = root.ancestors().find(|dir| dir.join(".git").exists()).unwrap_or(root);
    for dir in root.ancestors().take_while(|dir| dir.starts_with(git_root)) {
        let path = dir.join("Cargo.toml");
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push(Failure::refused("cannot read the settings").in_file(file).because(error));
                continue;
            }
        };
        let (settings, failures) = settings::read(&text, &file);
        problems.extend(failures);
        if let Some(settings) = settings {
            return settings;
        }
    }
    Settings::default()
}
