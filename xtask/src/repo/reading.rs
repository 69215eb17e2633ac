//! What a folder with a configuration turns out to be: a unit, something else, or a unit that nobody can work on.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::accounts::{Allowed, NoAccount, Says, folders};
use super::evidence::Own;
use super::files::Files;
use super::hcl::{Evaluator, Fault, Frame, Kind, Value};
use super::module::{self, Module};
use super::root::Roots;
use super::settings::Settings;
use super::stacks::{self, Remote, Stacks};
use super::unit::{Unit, UnitKind};
use super::walk::{Found, TERRAGRUNT};
use super::{discover, evidence, generated, parallel, terraform};
use crate::model::{Failure, Known, UnitPath};

/// Inputs that only the module of a deploy runner has.
pub(super) const RUNNER_INPUTS: [&str; 5] = [
    "ami_builder_config",
    "container_images",
    "docker_image_builder_config",
    "terraform_applier_config",
    "terraform_planner_config",
];

/// What a folder turns out to be.
#[derive(Debug)]
pub(super) enum Reading {
    /// A unit.
    Unit(Box<Unit>),
    /// Something else.
    Other,
    /// A unit that can't be given to anybody to work on.
    Failed(Failure),
    /// The same, and why is said elsewhere.
    Told,
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

impl Ground<'_> {
    /// Reads every folder that may be a unit. Gives the units sorted by path, and why others are missing.
    pub(super) fn units(&self, found: &Found, stacks: &Stacks) -> (Vec<Unit>, Vec<Failure>) {
        // What is read to find out that a folder is no unit is none of the files that matter.
        let aside = self.files.aside();
        let terragrunt = |dir: &PathBuf| {
            if !discover::is_named_so(dir) {
                let is_unit = may_be_unit(&aside, dir);
                aside.forget(&dir.join(TERRAGRUNT));
                if !is_unit {
                    return Reading::Other;
                }
            }
            self.terragrunt(dir)
        };
        let terraform = |dir: &PathBuf| match terraform::is_unit(&aside, dir) {
            true => self.terraform(dir),
            false => Reading::Other,
        };
        let mut readings = parallel::map(&found.terragrunt, terragrunt);
        readings.extend(parallel::map(&found.terraform, terraform));
        readings.extend(parallel::map(&stacks.remote, |remote| self.remote(remote)));
        let (mut units, mut failures) = (Vec::new(), Vec::new());
        for reading in readings {
            match reading {
                Reading::Unit(unit) => units.push(*unit),
                Reading::Failed(failure) => failures.push(failure),
                Reading::Other | Reading::Told => {}
            }
        }
        units.sort_by(|a, b| a.path.cmp(&b.path));
        (units, failures)
    }

    /// Works out everything about a unit of Terraform.
    fn terraform(&self, dir: &Path) -> Reading {
        let evaluator = Evaluator::new(self.files, dir.join("main.tf"));
        let begin = |allowed: &[Allowed]| self.begin(&evaluator, dir, UnitKind::Terraform, allowed);
        let begun = begin(&[]).and_then(|unit| {
            if unit.account.value().is_some() {
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

    /// Works out what the folder with this `terragrunt.hcl` is, and everything about it if it is a unit.
    fn terragrunt(&self, dir: &Path) -> Reading {
        let file = dir.join(TERRAGRUNT);
        let evaluator = Evaluator::new(self.files, file.clone());
        let frame = match Frame::read(&evaluator, &file) {
            Ok(frame) => frame,
            Err(fault) => return self.unreadable(&evaluator, dir, &fault),
        };
        if !is_unit(&evaluator, &frame, dir) || stacks::is_template(self.files, dir) {
            self.files.forget(&file);
            return Reading::Other;
        }
        let extras = generated::all(self.files, &evaluator, &frame);
        let allowed: Vec<_> = extras.iter().flat_map(evidence::allowed).collect();
        let begin = |allowed: &[Allowed]| self.begin(&evaluator, dir, UnitKind::Terragrunt, allowed);
        let begun = begin(&allowed).and_then(|unit| {
            if unit.account.value().is_some() {
                return Ok(unit);
            }
            match Own::Account.stated(self.files, &file) {
                Some((id, place)) => {
                    let own = Allowed { ids: vec![id], place, is_setting: false };
                    begin(&allowed.iter().cloned().chain([own]).collect::<Vec<_>>())
                }
                None => Ok(unit),
            }
        });
        match begun {
            Ok(mut unit) => {
                match evidence::provider_region(&extras) {
                    Some((region, place)) => unit.take_region(region, place),
                    None if unit.region.value().is_none() && unit.problems.is_empty() => {
                        let own = Own::Region.stated(self.files, &file);
                        unit.region = own.and_then(|(text, _)| text.parse().ok()).map_or(unit.region, Known::Value);
                    }
                    None => {}
                }
                unit.take_terragrunt(&evaluator, self.settings, &frame, &extras);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A unit that will be generated from what is not in this repository.
    fn remote(&self, remote: &Remote) -> Reading {
        let evaluator = Evaluator::new(self.files, remote.dir.join(TERRAGRUNT));
        match self.begin(&evaluator, &remote.dir, UnitKind::Terragrunt, &[]) {
            Ok(mut unit) => {
                unit.is_remote(&remote.reason, &remote.place);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A configuration that can't be read is a unit's if its folder says so; otherwise that is all there is to say.
    fn unreadable(&self, evaluator: &Evaluator<'_>, dir: &Path, fault: &Fault) -> Reading {
        if !discover::is_named_so(dir) {
            return Reading::Failed(fault.failure());
        }
        match self.begin(evaluator, dir, UnitKind::Terragrunt, &[]) {
            Ok(mut unit) => {
                unit.cannot_be_read(fault);
                Reading::Unit(Box::new(unit))
            }
            Err(reading) => reading,
        }
    }

    /// A unit of which only the folder, the account and the region are known.
    fn begin(
        &self,
        evaluator: &Evaluator<'_>,
        dir: &Path,
        kind: UnitKind,
        allowed: &[Allowed],
    ) -> Result<Unit, Reading> {
        let relative = dir.strip_prefix(self.root).ok().and_then(UnitPath::new);
        let path = relative.ok_or_else(|| {
            let failure = Failure::refused("the path of a unit is not UTF-8");
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
            allowed: &allowed,
        };
        let (account, problems) = match says.account() {
            Ok((account, problems)) => (Known::Value(account), problems),
            Err(NoAccount::Told) => return Err(Reading::Told),
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

/// Whether a folder that isn't named like a unit may be one all the same. One that can't be read may be if it names the
/// module.
fn may_be_unit(files: &Files, dir: &Path) -> bool {
    let file = dir.join(TERRAGRUNT);
    let evaluator = Evaluator::new(files, file.clone());
    match Frame::read(&evaluator, &file) {
        Ok(frame) => is_unit(&evaluator, &frame, dir),
        Err(_) => files.bytes(&file).is_ok_and(|bytes| module::may_name_runner(&bytes)),
    }
}

/// The module decides. Where it is another one, such as a wrapper around the right one, or not known, the name of the
/// folder and the inputs do: what is named like a unit and configures no runner is something else, for instance the
/// ECR repository of its image.
fn is_unit(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, dir: &Path) -> bool {
    let configures = || frame.inputs(evaluator).map_or(None, |inputs| configures_runner(&inputs));
    match (Module::of(evaluator, frame).is_runner(), discover::is_named_so(dir)) {
        (Some(true), _) | (None, true) => true,
        (Some(false), true) => configures() != Some(false),
        (Some(false), false) => false,
        (None, false) => configures() == Some(true),
    }
}

/// Whether inputs configure a runner; `None` if that can't be known.
fn configures_runner(inputs: &Value) -> Option<bool> {
    let Kind::Map(map) = &inputs.kind else { return None };
    let configures = RUNNER_INPUTS.iter().any(|name| map.entries.contains_key(*name));
    (configures || map.open.is_none()).then_some(configures)
}
