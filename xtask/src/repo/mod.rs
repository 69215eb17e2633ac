//! What the repository says: pure and offline. Nothing here starts a program or asks AWS.

pub mod accounts;
pub mod bump;
pub mod commands;
pub mod coupling;
pub mod discover;
mod evidence;
mod exclude;
mod generated;
pub mod image;
pub mod mocks;
pub mod module;
pub mod outside;
mod parallel;
mod passed;
pub mod pin;
pub mod pins;
pub mod profile;
pub mod programs;
pub mod providers;
mod reading;
pub mod redirect;
mod reference;
pub mod retired;
mod root;
pub mod script;
pub mod settings;
mod shape;
mod stacks;
mod terraform;
pub mod texts;
pub mod toml;
pub mod trail;
pub mod unit;
mod walk;
mod whole;
pub mod workers;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use bump::{Bump, Change, FileEdit, Request, plan_bump};
use discover::Opened;
pub use exclude::Exclusion;
use hcl::stack;
pub use hcl_resolve::files::{Environment, Files};
pub use hcl_resolve::terraform::Engine;
pub use hcl_resolve::{self as hcl, Remark, files, json, yaml};
use hcl_resolve::{cache, data};
use ignore::gitignore::Gitignore;
pub use image::{Decider, ImageUse, UnitTag};
pub use module::Module;
pub use outside::OutsidePin;
pub use pin::{Form, Pin};
pub use pins::{Decided, Idle};
pub use profile::Profile;
use reading::{Ground, Readings};
pub use redirect::Redirection;
use root::Roots;
pub use root::ambiguous;
pub use settings::Settings;
use stacks::Stacks;
pub use trail::{Hop, Trail};
pub use unit::{Unit, UnitKind};

use crate::model::{Account, Failure, Failures, ImageName, Place, UnitPath, literal, regular};

/// How many places are told of what lies beside the only folder with accounts.
const MOST_PLACES: usize = 5;

/// An infrastructure-live repository, read once.
#[derive(Debug)]
pub struct Repository {
    /// What was opened, absolute and canonical: a root with all that are nested in it, or what lies above several roots, or
    /// above one and runners beside it.
    pub root: PathBuf,
    /// The settings.
    pub settings: Settings,
    /// The accounts of all roots in use, sorted by name and id.
    pub accounts: Vec<Account>,
    /// The units, sorted by path.
    pub units: Vec<Unit>,
    /// What is wrong with the repository as a whole, in a stable order; what is wrong with a unit stands there.
    pub problems: Vec<Failure>,
    /// Units of different accounts that are called alike: wrong only where both are worked on.
    pub alike: Vec<Failure>,
    /// What may hold units and can't be read, in a stable order; each names the file or the folder.
    pub unread: Vec<Failure>,
    /// What is good to know and keeps nothing from being done, in a stable order.
    pub notices: Vec<Failure>,
    files: Files,
}

impl Repository {
    /// Reads the repository around `start`, which is the root or a folder in it.
    ///
    /// An error means that there is nothing to work with; everything else that is wrong is under `problems`.
    pub fn open(start: &Path) -> Result<Self, Failures> {
        Self::open_in(start, &|_| Environment::default())
    }

    /// The same, with the environment that terragrunt will have, which depends on the settings.
    pub fn open_in(start: &Path, environment: &dyn Fn(&Settings) -> Environment) -> Result<Self, Failures> {
        let start = start.canonicalize().map_err(|error| {
            Failure::refused(format!("cannot open the folder `{}`", start.display())).because(error)
        })?;
        let (_, exclude) = find_settings(&start, &mut Vec::new());
        match discover::root(&start, &exclude)? {
            Opened::Folder(root) => Self::read(root, environment),
            Opened::OnlyRoot { around, root } => match Self::read(around, environment) {
                Ok(mut repo) if !repo.beside(&root).is_empty() => {
                    repo.problems.extend(repo.unread_settings(&root));
                    Ok(repo)
                }
                _ => Self::read(root, environment),
            },
        }
    }

    /// What lies outside of this folder: units, what can't be read, and what is good to know.
    fn beside(&self, dir: &Path) -> BTreeSet<&str> {
        let units = self.units.iter().map(|unit| unit.path.as_str());
        let told = self.unread.iter().chain(&self.notices).flat_map(|failure| &failure.at);
        let all = units.chain(told.map(|place| place.file.as_str()));
        all.filter(|path| !self.root.join(path).starts_with(dir)).collect()
    }

    /// Settings that lie in the only folder with accounts, where more than that is opened.
    fn unread_settings(&self, dir: &Path) -> Option<Failure> {
        let path = dir.join("Cargo.toml");
        let file = path.strip_prefix(&self.root).unwrap_or(&path).display().to_string();
        settings::read(&regular::text(&path).ok()?, &file).0?;
        let what = format!("the settings in `{file}` are for that folder alone, and there are runners beside it");
        let places = self.beside(dir).into_iter().take(MOST_PLACES).map(Place::file);
        Some(places.fold(Failure::refused(what).in_file(file), Failure::at).hint(
            "move [workspace.metadata.xtask] into a Cargo.toml above all of them, or open one folder with `--repo FOLDER`",
        ))
    }

    fn read(root: PathBuf, environment: &dyn Fn(&Settings) -> Environment) -> Result<Self, Failures> {
        let mut problems = Vec::new();
        let (settings, exclude) = find_settings(&root, &mut problems);
        let mut found = walk::all(&root, &exclude);
        let mut environment = environment(&settings);
        environment.engines.setting = settings.terraform_binary().map(Engine::of);
        let files = Files::new(root.clone()).in_environment(environment);
        let mut stacks = Stacks::read(&files, &found);
        stacks.folders(&files, &mut found);
        let files = files.generating(std::mem::take(&mut stacks.generated));
        let roots = Roots::new(&root, &found);
        let mut unread = std::mem::take(&mut found.failures);
        unread.extend(discover::not_supported(&files, &found));
        let ground = Ground { files: &files, settings: &settings, root: &root, roots: &roots };
        let Readings { mut units, failures, mut notices } = ground.units(&found, &stacks);
        notices.extend(discover::without_templates(&root, &stacks, &mut units));
        notices.extend(discover::without_aliases(&root, &found, &mut units));
        let is_nothing = units.is_empty() && failures.is_empty();
        unread.extend(failures);
        // The accounts of what was opened matter also where no unit is in them, such as that of a registry.
        roots.of(&root).listed(&files);
        let accounts::Listed { mut accounts, failures, notices: others, .. } = roots.asked_for();
        problems.extend(failures);
        notices.extend(others);
        let alike = ambiguous(units.iter().filter_map(|unit| unit.account.value()));
        let is_listed = |of: &&Account| accounts.iter().any(|it| it.name == of.name && it.id == of.id);
        let of_units = units.iter().filter_map(|unit| unit.account.value());
        let others: Vec<_> = of_units.filter(|account| !is_listed(account)).cloned().collect();
        accounts.extend(others);
        if accounts.is_empty() && is_nothing && notices.is_empty() {
            problems.extend(unread);
            Failures::check(problems)?;
            return Err(discover::nothing_here(&root).into());
        }
        let accounts = root::joined(accounts);
        notices.extend(discover::without_runner(&files, &found, &accounts, &units));
        Ok(Self { root, settings, accounts, units, problems, alike, unread, notices, files })
    }

    /// Everything that is wrong: with the repository, what can't be read, then unit by unit.
    pub fn all_problems(&self) -> impl Iterator<Item = &Failure> {
        self.problems
            .iter()
            .chain(&self.alike)
            .chain(&self.unread)
            .chain(self.units.iter().flat_map(|unit| &unit.problems))
    }

    /// Takes everything that is wrong out of the repository, to be reported together: what several units share, once.
    pub fn take_problems(&mut self) -> Vec<Failure> {
        let mut all = std::mem::take(&mut self.problems);
        all.append(&mut self.unread);
        all.extend(self.units.iter_mut().flat_map(|unit| std::mem::take(&mut unit.problems)));
        all
    }

    /// The unit in this folder.
    pub fn unit(&self, path: &UnitPath) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.path == *path)
    }

    /// Whether Terragrunt has anything to do in it.
    pub fn uses_terragrunt(&self) -> bool {
        self.units.iter().any(|unit| unit.kind == UnitKind::Terragrunt)
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The account of a unit, which everything needs that goes beyond the repository's files; or what to write so that it
    /// is known.
    pub fn needs_account<'u>(&self, unit: &'u Unit) -> Result<&'u Account, Failure> {
        unit.account.as_result().map_err(|reason| {
            let what = format!("the account of `{}` is not known, because {reason}", unit.path);
            if reason == accounts::DISPUTED {
                return Failure::refused(what).hint("settle which is right; one more statement does not help");
            }
            Failure::refused(what).hint(format!(
                "write its twelve digits into [workspace.metadata.xtask] in Cargo.toml: {}",
                self.line_for_account(unit, "111122223333")
            ))
        })
    }

    /// The line of the settings that states the account of a unit.
    pub fn line_for_account(&self, unit: &Unit, id: &str) -> String {
        let folder = self.settings.folder_of(&self.root, &unit.path.in_root(&self.root));
        format!("accounts = {{ {} = {} }}", literal(&folder), literal(id))
    }

    /// The bytes of a file as they were when the repository was read; `file` is relative to the root.
    pub fn bytes_of(&self, file: &str) -> Result<Arc<[u8]>, Failure> {
        self.files.bytes(&self.root.join(file)).map_err(|fault| Failure::from(&fault))
    }

    /// Every file that was read, as it was then.
    pub fn files_read(&self) -> Vec<(PathBuf, Arc<[u8]>)> {
        self.files.read()
    }

    /// Makes room once everything is read: what was parsed of the files goes, and which paths there are; their bytes stay.
    /// Whoever goes through all sources does so before.
    pub fn let_go_of_parsed(&self) {
        self.files.let_go_of_parsed();
    }

    /// The files that somebody has changed since the repository was read.
    pub fn changed_files(&self) -> Vec<String> {
        self.files.changed()
    }

    /// The folder that a stack copies a unit from; the unit's own if none does.
    pub fn copied_from(&self, unit: &Unit) -> PathBuf {
        self.files.real(&unit.path.in_root(&self.root)).into_owned()
    }

    /// A refusal if the unit that a stack has generated isn't what was read in its place: another tag, or no unit at all.
    pub fn differs_from_generated(&self, unit: &Unit) -> Option<Failure> {
        unit.stack.as_ref()?;
        // Without the stack, what lies on the disk is read.
        let files = self.files.aside().generating(Default::default());
        let again = stack::deep(|| self.read_again(&files, unit));
        let is_alike = |image| match (unit.image(image), again.image(image)) {
            (Some(read), Some(found)) => read.uri == found.uri && read.has_tags_of(found),
            (read, found) => read.is_none() && found.is_none(),
        };
        let is_same = again.problems.is_empty() && ImageName::ALL.into_iter().all(is_alike);
        (!is_same).then(|| {
            let what = format!("what terragrunt has generated in `{}` isn't what its stack says", unit.path);
            let failure = Failure::refused(what).in_file(unit.path.as_str());
            let problems = again.problems.iter().map(|problem| problem.what.clone());
            problems.fold(failure, Failure::detail).hint("nothing was planned")
        })
    }

    /// The units as they would be with other texts in some files.
    fn units_with(&self, files: &Files) -> Vec<Unit> {
        parallel::map(&self.units, |unit| self.read_again(files, unit))
    }

    /// A unit as it is with these files.
    fn read_again(&self, files: &Files, unit: &Unit) -> Unit {
        unit.read_again(files, &self.settings, &self.root)
    }
}

/// The settings of the nearest `Cargo.toml` that has the table, from the root up to the root of the git repository; and
/// what they exclude.
fn find_settings(root: &Path, problems: &mut Vec<Failure>) -> (Settings, Gitignore) {
    let git_root = discover::git_root(root).unwrap_or(root);
    for dir in root.ancestors().take_while(|dir| dir.starts_with(git_root)) {
        let path = dir.join("Cargo.toml");
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let text = match regular::text(&path) {
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
            let exclude = settings.excluded_below(dir);
            return (settings, exclude);
        }
    }
    (Settings::default(), Gitignore::empty())
}
