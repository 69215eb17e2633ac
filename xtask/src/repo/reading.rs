//! What a folder with a configuration turns out to be: a unit, something else, or a unit that nobody can work on.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::accounts::{Allowed, DISPUTED, NoAccount, Says, folders};
use super::evidence::Own;
use super::files::Files;
use super::hcl::frame::VALUES;
use super::hcl::terraform::folder;
use super::hcl::{Evaluator, Fault, Frame};
use super::root::Roots;
use super::settings::Settings;
use super::shape::{KnownPins, Shapes, Verdict};
use super::stacks::{self, Stacks};
use super::terraform::Standing;
use super::terraform::working::WorkingFolder;
use super::unit::{Unit, UnitKind};
use super::walk::{Found, TERRAGRUNT};
use super::{discover, evidence, generated, parallel, passed, terraform};
use crate::model::{Failure, Known, Place, UnitPath, regular};

/// What a folder turns out to be.
#[derive(Debug)]
pub(super) enum Reading {
    /// A unit.
    Unit(Box<Unit>),
    /// Something else.
    Other,
    /// A unit that can't be given to anybody to work on.
    Failed(Failure),
    /// What bears the name of a runner's module and is none, in a sentence.
    NameAlone(Failure),
    /// A folder that calls a runner's module: a module, or a unit that nothing shows to be one.
    Calls(PathBuf),
}

impl Reading {
    fn unit(&self) -> Option<&Unit> {
        match self {
            Self::Unit(unit) => Some(unit),
            _ => None,
        }
    }
}

/// What all folders turned out to be.
#[derive(Debug, Default)]
pub(super) struct Readings {
    /// The units, sorted by path.
    pub(super) units: Vec<Unit>,
    /// Why others are missing.
    pub(super) failures: Vec<Failure>,
    /// What is good to know and keeps nothing from being done.
    pub(super) notices: Vec<Failure>,
}

/// What units are read from.
#[derive(Debug)]
pub(super) struct Ground<'g> {
    pub(super) files: &'g Files,
    pub(super) settings: &'g Settings,
    /// What was opened.
    pub(super) root: &'g Path,
    pub(super) roots: &'g Roots,
}

/// Leaves out what only takes a tag by an expression that gives it to units of several modules alike, such as one in the
/// root's `inputs`: that tells nothing of any of them.
fn without_shared(readings: &mut Vec<Reading>) {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for unit in readings.iter().filter_map(Reading::unit) {
        for place in unit.taken_at() {
            modules.entry(place).or_default().insert(unit.module.address().to_owned());
        }
    }
    let is_shared = |place: &String| modules[place].len() > 1;
    let tells_nothing = |unit: &Unit| unit.may_be_runner() && unit.taken_at().iter().all(is_shared);
    readings.retain(|reading| !reading.unit().is_some_and(tells_nothing));
}

/// Whether any place states the account, or several do and disagree.
fn is_stated(unit: &Unit) -> bool {
    unit.account.value().is_some() || unit.account.reason() == Some(DISPUTED)
}

impl Ground<'_> {
    /// Reads every folder that may be a unit.
    pub(super) fn units(&self, found: &Found, stacks: &Stacks) -> Readings {
        // What is read to find out that a folder is no unit is none of the files that matter.
        let aside = self.files.aside();
        let nothing = KnownPins::default();
        let shapes = Shapes::new(self.files, self.settings, &nothing);
        let (named, mut others): (Vec<_>, Vec<_>) =
            found.terragrunt.iter().cloned().partition(|dir| discover::is_named_so(dir));
        let mut readings = parallel::map(&named, |dir| self.named(&shapes, dir));
        let terraform = |dir: &PathBuf| match terraform::standing(&aside, dir) {
            Standing::Unit => self.terraform(dir),
            Standing::Calls => Reading::Calls(dir.clone()),
            Standing::Other => Reading::Other,
        };
        readings.extend(parallel::map(&found.terraform, terraform));
        // Any other may take a tag from where these have theirs, and a further one from where that has its own.
        let mut known: Option<KnownPins> = None;
        loop {
            let pins = KnownPins::of(readings.iter().filter_map(Reading::unit));
            let is_again = known.is_some();
            if known.as_ref().is_some_and(|known| !pins.has_more_than(known)) {
                break;
            }
            let is_shared = is_again && aside.sources().iter().any(|source| pins.are_mentioned_in(&source.bytes));
            let shapes = Shapes::new(&aside, self.settings, &pins);
            let read = |dir: &PathBuf| {
                let mentions = || regular::bytes(dir.join(TERRAGRUNT)).is_ok_and(|text| pins.are_mentioned_in(&text));
                let has_values = || aside.origin(dir).is_some() || aside.exists(&dir.join(VALUES));
                let may_take = !is_again || is_shared || has_values() || mentions();
                if may_take { self.other(&shapes, &aside, dir) } else { Reading::Other }
            };
            let (is_other, rest): (Vec<_>, Vec<_>) =
                others.iter().zip(parallel::map(&others, read)).partition(|(_, it)| matches!(it, Reading::Other));
            readings.extend(rest.into_iter().map(|(_, reading)| reading));
            others = is_other.into_iter().map(|(dir, _)| dir.clone()).collect();
            known = Some(pins);
        }
        without_shared(&mut readings);
        let known = known.unwrap_or_default();
        let shapes = Shapes::new(&aside, self.settings, &known);
        readings.extend(parallel::map(&stacks.unclear, |unclear| match &unclear.unit {
            _ if !shapes.is_about_runner(unclear) => Reading::Other,
            Some((dir, reason, place)) => self.remote(dir, reason, place),
            None => Reading::Failed(Failure::from(&unclear.fault)),
        }));
        let mut sorted = Readings::default();
        let mut calling = Vec::new();
        for reading in readings {
            match reading {
                Reading::Unit(unit) => sorted.units.push(*unit),
                Reading::Failed(failure) => sorted.failures.push(failure),
                Reading::NameAlone(notice) => sorted.notices.push(notice),
                Reading::Calls(dir) => calling.push(dir),
                Reading::Other => {}
            }
        }
        sorted.units.sort_by(|a, b| a.path.cmp(&b.path));
        self.without_modules(&aside, &mut sorted, calling);
        sorted
    }

    /// Leaves out folders of Terraform that another unit has as a module, whatever they look like: started there, Terraform
    /// would make everything a second time, in another state. Of the folders `calling` a runner's module it names those that
    /// nothing calls.
    fn without_modules(&self, files: &Files, readings: &mut Readings, mut calling: Vec<PathBuf>) {
        let is_terraform = |unit: &Unit| unit.kind == UnitKind::Terraform;
        if calling.is_empty() && !readings.units.iter().any(is_terraform) {
            return;
        }
        let dir = |unit: &Unit| unit.path.in_root(self.root);
        let mut callers: BTreeMap<PathBuf, UnitPath> = BTreeMap::new();
        for unit in &readings.units {
            let folder = match unit.kind {
                UnitKind::Terraform => WorkingFolder::of(files, None, &dir(unit), None),
                UnitKind::Terragrunt => {
                    let file = dir(unit).join(TERRAGRUNT);
                    let evaluator = Evaluator::new(files, file.clone());
                    let frame = Frame::read(&evaluator, &file).ok();
                    frame.and_then(|frame| passed::working_folder(&evaluator, &frame))
                }
            };
            let modules = folder.iter().flat_map(|folder| folder.modules(files));
            modules.filter(|module| *module != dir(unit)).for_each(|module| {
                callers.entry(module).or_insert_with(|| unit.path.clone());
            });
        }
        readings.units.retain(|unit| {
            let Some(caller) = callers.get(&dir(unit)).filter(|_| is_terraform(unit)) else { return true };
            if folder::has_state(files, &dir(unit)) {
                let what = format!(
                    "`{}` is a module of `{caller}`, so it is no unit, though Terraform was started there",
                    unit.path
                );
                readings.notices.push(Failure::refused(what).in_file(unit.path.as_str()));
            }
            false
        });
        let called: HashSet<_> = calling
            .iter()
            .filter_map(|dir| Some((dir, WorkingFolder::of(files, None, dir, None)?)))
            .flat_map(|(dir, folder)| folder.modules(files).into_iter().filter(move |module| module != dir))
            .collect();
        calling.retain(|dir| !callers.contains_key(dir) && !called.contains(dir) && !self.is_source(dir, readings));
        readings.notices.extend(self.uncalled(&calling));
    }

    /// Whether the source of a unit's module is this folder by an address from outside.
    fn is_source(&self, dir: &Path, readings: &Readings) -> bool {
        let path = dir.strip_prefix(self.root).unwrap_or(dir);
        let is_it = |source: &String| {
            let source = source.split('?').next().unwrap_or(source);
            dir != self.root && Path::new(source).ends_with(path)
        };
        readings.units.iter().flat_map(Unit::modules).filter_map(|module| module.source.value()).any(is_it)
    }

    /// Names folders that call a runner's module, and that nothing calls.
    fn uncalled(&self, dirs: &[PathBuf]) -> Option<Failure> {
        const MOST: usize = 5;
        let what = "folders of Terraform that call a runner's module are called by nothing here, and no units, since nothing \
                    tells that Terraform is started there";
        let path = |dir: &PathBuf| match dir.strip_prefix(self.root) {
            Ok(path) if !path.as_os_str().is_empty() => path.display().to_string(),
            _ => ".".to_owned(),
        };
        let notice = dirs.iter().take(MOST).fold(Failure::refused(what), |notice, dir| notice.in_file(path(dir)));
        let notice = match dirs.len().saturating_sub(MOST) {
            0 => notice,
            more => notice.detail(format!("and {more} more")),
        };
        let hint = "where it is, add a `provider` or a `backend` block, or commit its `.terraform.lock.hcl`; else leave it out: \
                    `exclude` in [workspace.metadata.xtask] in Cargo.toml";
        (!dirs.is_empty()).then(|| notice.hint(hint))
    }

    /// Works out everything about a unit of Terraform.
    fn terraform(&self, dir: &Path) -> Reading {
        let evaluator = Evaluator::new(self.files, dir.join("main.tf"));
        let begin = |allowed: &[Allowed]| self.begin(&evaluator, dir, UnitKind::Terraform, allowed, None);
        let begun = begin(&[]).and_then(|unit| {
            if is_stated(&unit) {
                return Ok(unit);
            }
            // What is at fault there is told when the whole unit is read.
            match terraform::stated_account(self.files, self.settings, dir).ok().flatten() {
                Some((id, place)) => begin(&[Allowed { ids: vec![id.to_string()], place, is_setting: false }]),
                None => Ok(unit),
            }
        });
        match begun {
            Ok(mut unit) => {
                unit.read_terraform(self.files, self.settings, self.root);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// Works out what a folder is that isn't named like a unit, from files that needn't matter.
    fn other(&self, shapes: &Shapes<'_>, aside: &Files, dir: &Path) -> Reading {
        let file = dir.join(TERRAGRUNT);
        let evaluator = Evaluator::new(aside, file.clone());
        let is_other = match Frame::read(&evaluator, &file) {
            Ok(frame) => match shapes.verdict(&evaluator, &frame, dir) {
                Verdict::Other => true,
                verdict => return self.terragrunt(dir, |_, _| verdict),
            },
            Err(_) => !aside.bytes(&file).is_ok_and(|bytes| shapes.looks_like_one(&bytes)),
        };
        aside.forget(&file);
        if is_other { Reading::Other } else { self.named(shapes, dir) }
    }

    /// Works out what a folder is that is named like a unit.
    fn named(&self, shapes: &Shapes<'_>, dir: &Path) -> Reading {
        self.terragrunt(dir, |evaluator, frame| shapes.verdict(evaluator, frame, dir))
    }

    /// Works out everything about the folder with this `terragrunt.hcl` if it is a unit.
    fn terragrunt(&self, dir: &Path, verdict: impl FnOnce(&Evaluator<'_>, &Rc<Frame>) -> Verdict) -> Reading {
        let file = dir.join(TERRAGRUNT);
        let evaluator = Evaluator::new(self.files, file.clone());
        let frame = match Frame::read(&evaluator, &file) {
            Ok(frame) => frame,
            Err(fault) => return self.unreadable(&evaluator, dir, &fault),
        };
        let takes = match verdict(&evaluator, &frame) {
            Verdict::Runner => Vec::new(),
            Verdict::TakesTag(takes) => takes,
            Verdict::NameAlone => {
                self.files.forget(&file);
                let what = "it bears the name of the runner's module and takes none of its images: it is no runner";
                return Reading::NameAlone(Failure::refused(what).in_file(self.files.name(&file)));
            }
            Verdict::Other => {
                self.files.forget(&file);
                return Reading::Other;
            }
        };
        if stacks::is_template(self.files, dir) {
            self.files.forget(&file);
            return Reading::Other;
        }
        if let Some(doubt) = stacks::doubt(self.files, dir) {
            return self.unreadable(&evaluator, dir, &doubt);
        }
        let extras = generated::all(self.files, &evaluator, &frame);
        let mut allowed: Vec<_> = extras.iter().flat_map(evidence::allowed).collect();
        // Where a provider says it, that role may be one on the way there.
        if allowed.is_empty() {
            allowed.extend(evidence::of_iam_role(&evaluator, &frame));
        }
        let begin = |allowed: &[Allowed], name| self.begin(&evaluator, dir, UnitKind::Terragrunt, allowed, name);
        let folder = evidence::account_folder(&evaluator, self.root, dir);
        let own_name = || Own::Name.stated(self.files, &file, &folder, &mut Vec::new());
        let begun = begin(&allowed, None).and_then(|mut unit| {
            if is_stated(&unit) {
                // What an accounts file lists has its name there.
                let is_listed = !self.roots.of(dir).listed(self.files).accounts.is_empty();
                return match unit.account.value().filter(|_| !is_listed).and_then(|_| own_name()) {
                    Some(name) => begin(&allowed, Some(name)),
                    None => Ok(unit),
                };
            }
            let mut shared = Vec::new();
            match (Own::Account.stated(self.files, &file, &folder, &mut shared), shared.first()) {
                (Some((id, place)), _) => {
                    let own = Allowed { ids: vec![id], place, is_setting: false };
                    begin(&allowed.iter().cloned().chain([own]).collect::<Vec<_>>(), own_name())
                }
                (None, None) if let Some(name) = own_name() => begin(&allowed, Some(name)),
                (None, Some((id, place))) => {
                    let reason =
                        format!("{place} states {id} for whatever reads it, and nothing states it for this unit");
                    unit.account = Known::Unknown(reason);
                    Ok(unit)
                }
                (None, None) => Ok(unit),
            }
        });
        match begun {
            Ok(mut unit) => {
                let is_written = unit.take_written_region(&evaluator, self.settings, &frame, &extras);
                if !is_written && unit.region.value().is_none() && unit.problems.is_empty() {
                    let own = Own::Region.stated(self.files, &file, self.root, &mut Vec::new());
                    unit.region = own.and_then(|(text, _)| text.parse().ok()).map_or(unit.region, Known::Value);
                }
                unit.takes = takes;
                unit.take_terragrunt(&evaluator, self.settings, &frame, &extras);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A unit that will be generated from what is not in this repository.
    fn remote(&self, dir: &Path, reason: &str, place: &Place) -> Reading {
        let evaluator = Evaluator::new(self.files, dir.join(TERRAGRUNT));
        match self.begin(&evaluator, dir, UnitKind::Terragrunt, &[], None) {
            Ok(mut unit) => {
                unit.is_remote(reason, place);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A configuration that can't be read is a unit's, of which nothing but the folder is known.
    fn unreadable(&self, evaluator: &Evaluator<'_>, dir: &Path, fault: &Fault) -> Reading {
        if dir == self.root {
            return Reading::Failed(Failure::from(fault));
        }
        match self.begin(evaluator, dir, UnitKind::Terragrunt, &[], None) {
            Ok(mut unit) => {
                unit.cannot_be_read(fault);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A unit of which only the folder, the account and the region are known. `name` is what it calls its account by itself.
    fn begin(
        &self,
        evaluator: &Evaluator<'_>,
        dir: &Path,
        kind: UnitKind,
        allowed: &[Allowed],
        name: Option<(String, Place)>,
    ) -> Result<Unit, Reading> {
        let relative = dir.strip_prefix(self.root).ok().and_then(UnitPath::new);
        let path = relative.ok_or_else(|| {
            let failure = Failure::refused("the path of a unit is not UTF-8, or has control characters");
            Reading::Failed(failure.in_file(dir.display().to_string()))
        })?;
        let root = self.roots.of(dir);
        let file = evidence::account_file(evaluator, self.root, &path);
        let top = discover::git_root(&root.dir).or(root.dir.parent()).unwrap_or(&root.dir);
        let by_settings = self.settings.accounts_of(self.root, dir).map(|(id, place)| Allowed {
            ids: vec![id.to_string()],
            place: place.clone(),
            is_setting: true,
        });
        let allowed: Vec<_> = by_settings.chain(allowed.iter().cloned()).collect();
        let says = Says {
            path: &path,
            folders: folders(dir, &root.dir, top),
            listed: root.listed(self.files),
            file: file.as_ref(),
            name: file.as_ref().and_then(|file| file.name.as_ref()).or(name.as_ref()),
            allowed: &allowed,
        };
        let (account, problems) = match says.account() {
            Ok(account) => (Known::Value(account), Vec::new()),
            Err(NoAccount::Disputed(problems)) => (Known::Unknown(DISPUTED.to_owned()), problems),
            Err(NoAccount::Told) => {
                (Known::Unknown("what the accounts file says of it is wrong".to_owned()), Vec::new())
            }
            Err(NoAccount::Unknown(reason)) => (Known::Unknown(reason), Vec::new()),
            Err(NoAccount::Wrong(failure)) => (Known::Unknown(failure.what.clone()), vec![*failure]),
        };
        let (region, problem) = evidence::region(evaluator, self.root, &path);
        let mut unit = Unit::new(path, kind, root.dir.clone(), account, region);
        unit.stack = self.files.stack_of(dir);
        unit.problems.extend(problems.into_iter().chain(problem));
        Ok(unit)
    }
}
