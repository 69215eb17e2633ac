//! Units of Terraform alone: a root module that calls the module of a runner. Evaluated as Terraform does, offline.

mod account;
mod runner;
mod standard;
pub(super) mod working;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use account::Stated;
use runner::{Calls, Provider, Runner};
use working::WorkingFolder;

use super::accounts::{Allowed, DISPUTED};
use super::files::Files;
use super::generated::Extra;
use super::hcl::terraform::layer;
use super::hcl::terraform::{Engine, Folder, Given, Layer, Listing, Module, folder};
use super::hcl::{Evaluator, Fault, Kind, Value};
use super::image::Images;
use super::redirect;
use super::settings::Settings;
use super::shape::TELLING;
use super::unit::Unit;
use crate::model::{AccountId, Failure, Known, Place, Region};

/// What a folder of Terraform is to a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Terraform is started there, and deploys one.
    Unit,
    /// It calls a runner's module, and nothing in it tells that Terraform is started there.
    Calls,
    /// It has nothing to do with one.
    Other,
}

/// What this folder is to a runner.
pub(super) fn standing(files: &Files, dir: &Path) -> Standing {
    // Most folders call no such module, so they aren't even parsed.
    if folder::is_terragrunts(files, dir) {
        return Standing::Other;
    }
    let listings = Listing::of(files, dir, Engine::Unknown).each_way().into_iter();
    let mut standings = listings.map(|listing| standing_of(files, dir, &listing));
    standings.find(|it| *it != Standing::Other).unwrap_or(Standing::Other)
}

fn standing_of(files: &Files, dir: &Path, listing: &Listing) -> Standing {
    if !listing.mentions(files, &["ecs-deploy-runner", "../", "./"]) && !listing.mentions(files, &TELLING) {
        return Standing::Other;
    }
    match Folder::listed(files, dir, dir, listing) {
        Ok(folder) if Calls::of(files, &folder) == Calls::No => Standing::Other,
        Ok(folder) if folder.is_root(files) => Standing::Unit,
        Ok(_) => Standing::Calls,
        // What can't be read is told of if it looks like one.
        Err(_) if runner::looks_like_one(files, listing) => Standing::Unit,
        Err(_) => Standing::Other,
    }
}

/// The account that the unit's provider states, with the place.
pub(super) fn stated_account(
    files: &Files,
    settings: &Settings,
    dir: &Path,
) -> Result<Option<(AccountId, Place)>, Fault> {
    with_module(files, settings, dir, |evaluator, folder, module| {
        let runners = runner::runners(files, folder, module, evaluator)?;
        // A call without instances or in JSON has the default provider, for all that is known.
        let by_default = runners.is_empty().then_some(Provider::Default);
        let providers = runners.into_iter().map(|it| it.provider).chain(by_default);
        let mut accounts = providers.filter_map(|provider| Stated::by(module, evaluator, &provider)?.account());
        Ok(accounts.next())
    })
}

/// Everything that Terraform would fail on in the unit's locals.
pub(super) fn complaints(files: &Files, settings: &Settings, dir: &Path) -> Vec<Fault> {
    let noticed = with_module(files, settings, dir, |evaluator, _, module| {
        module.all_locals(evaluator);
        Ok(evaluator.noticed.take())
    });
    noticed.unwrap_or_else(|fault| vec![fault])
}

fn with_module<T>(
    files: &Files,
    settings: &Settings,
    dir: &Path,
    work: impl FnOnce(&Evaluator<'_>, &Folder, &Module<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let listing = Listing::of(files, dir, Engine::Unknown);
    let engine = engine(files, None, &listing);
    let mut folder = Folder::listed(files, dir, dir, &listing.for_engine(engine))?;
    let stated = settings.standalone(&files.name(dir)).into_iter().flat_map(|stated| &stated.var_files);
    stated.into_iter().try_for_each(|name| folder.take_values(files, name))?;
    let mut layers = vec![Layer::Environment(settings.pass_environment().to_vec())];
    layers.append(&mut folder.tfvars);
    let module = Module::of(&folder, ".".to_owned(), Given::Layers(&layers), standard::known_outputs)?;
    let evaluator = Evaluator::with_names(files, main_file(dir), &module);
    work(&evaluator, &folder, &module)
}

/// The inputs of a unit of Terragrunt as its module gets them, which lies on this disk and takes the images itself: with its
/// defaults, and converted to its types.
pub(super) fn taken(
    files: &Files,
    (folder, unit): (&WorkingFolder, &Path),
    layers: &[Layer],
) -> Result<(Value, Vec<Fault>), Fault> {
    let inputs = layer::joined(layers, files)?;
    let Kind::Map(given) = &inputs.kind else { return Ok((inputs, Vec::new())) };
    with_working(files, (folder, unit), layers, |evaluator, _, module| {
        let Kind::Map(taken) = standard::variables(module, evaluator).kind else {
            return Ok((inputs.clone(), Vec::new()));
        };
        // Terraform has no variable for any other input.
        let mut all = (**given).clone();
        all.entries.retain(|name, _| {
            module.variables.contains_key(name.as_str()) || module.in_json("variable", name).is_some()
        });
        let is_set = |name: &String, value: &Value| {
            let has_default = || module.variables[name.as_str()].get("default").is_some() && !value.is_null();
            given.entries.contains_key(name) || has_default()
        };
        let set = taken.entries.iter().filter(|(name, value)| is_set(name, value));
        all.entries.extend(set.map(|(name, value)| (name.clone(), value.clone())));
        let inputs = Value { kind: Kind::Map(Rc::new(all)), origin: inputs.origin.clone() };
        Ok((inputs, evaluator.noticed.take()))
    })
}

fn with_working<T>(
    files: &Files,
    (folder, unit): (&WorkingFolder, &Path),
    layers: &[Layer],
    work: impl FnOnce(&Evaluator<'_>, &Folder, &Module<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let folder = folder.read(files)?;
    let module = Module::of(&folder, ".".to_owned(), Given::Layers(layers), standard::known_outputs)?;
    let evaluator = Evaluator::with_names(files, main_file(&folder.dir), &module).over(&folder.dir, unit);
    work(&evaluator, &folder, &module)
}

/// The names of the variables that a module in this folder has; `None` where that can't be known.
pub(super) fn variables(files: &Files, folder: &WorkingFolder) -> Option<BTreeSet<String>> {
    let folder = folder.read(files).ok()?;
    Some(folder.variables().chain(folder.in_json("variable").into_keys()).map(str::to_owned).collect())
}

/// The program that runs these files: as the settings say, the unit, a file that only one of them reads, or what is
/// installed.
fn engine(files: &Files, in_hcl: Option<Engine>, listing: &Listing) -> Engine {
    let engines = files.engines();
    let by_files = || listing.only_tofu().map(|_| Engine::OpenTofu);
    engines.setting.or(in_hcl).or_else(by_files).or(engines.installed).unwrap_or_default()
}

/// The file that paths in messages about the whole unit are made of.
fn main_file(dir: &Path) -> PathBuf {
    dir.join("main.tf")
}

/// Every call of a runner's module.
fn calls(files: &Files, folder: &Folder, module: &Module<'_>, evaluator: &Evaluator<'_>) -> Result<Vec<Runner>, Fault> {
    if Calls::of(files, folder) == Calls::Json {
        return Err(runner::called_in_json(folder));
    }
    runner::runners(files, folder, module, evaluator)
}

impl Unit {
    /// Works out everything about a unit of Terraform.
    pub(super) fn read_terraform(&mut self, files: &Files, settings: &Settings, root: &Path) {
        let dir = self.path.in_root(root);
        let read = with_module(files, settings, &dir, |evaluator, folder, module| {
            self.needs_tofu.clone_from(&folder.tofu);
            let runners = calls(files, folder, module, evaluator)?;
            self.take(evaluator, module, &runners);
            let own: Vec<_> = runners.iter().map(|runner| &runner.provider).collect();
            self.redirections = account::redirections(module, evaluator, &own);
            let files = folder.frames().map(|frame| Extra::file(frame.source.clone()));
            files.for_each(|file| redirect::in_backends(&file, &mut self.redirections));
            self.problems.extend(evaluator.noticed.borrow().iter().map(Failure::from));
            Ok(())
        });
        if let Err(fault) = read {
            self.cannot_be_read(&fault);
        }
    }

    /// Works out the images of a unit of Terragrunt by the module in between, which lies on this disk.
    pub(super) fn read_wrapper(
        &mut self,
        files: &Files,
        folder: (&WorkingFolder, &Path),
        layers: &[Layer],
    ) -> Result<(), Fault> {
        with_working(files, folder, layers, |evaluator, folder, module| {
            let runners = calls(files, folder, module, evaluator)?;
            self.take_runners(evaluator, &runners);
            self.problems.extend(evaluator.noticed.borrow().iter().map(Failure::from));
            Ok(())
        })
    }

    /// Takes what the provider of the module on this disk says of region and accounts.
    pub(super) fn take_module_provider(&mut self, files: &Files, folder: (&WorkingFolder, &Path), layers: &[Layer]) {
        // What is at fault in the module is told by whoever needs it.
        let _ = with_working(files, folder, layers, |evaluator, _, module| {
            if let Some(stated) = Stated::by(module, evaluator, &Provider::Default) {
                self.take_stated(&stated);
            }
            self.redirections.extend(account::redirections(module, evaluator, &[&Provider::Default]));
            Ok(())
        });
    }

    fn take(&mut self, evaluator: &Evaluator<'_>, module: &Module<'_>, runners: &[Runner]) {
        self.take_runners(evaluator, runners);
        self.take_providers(module, evaluator, runners);
    }

    fn take_runners(&mut self, evaluator: &Evaluator<'_>, runners: &[Runner]) {
        let Some(first) = runners.first() else {
            self.module = super::Module::unknown("no call of a runner's module has any instance");
            return;
        };
        self.module = first.module.clone();
        let others = runners.iter().skip(1).map(|runner| &runner.module);
        self.modules_beside = others.chain(runners.iter().flat_map(|runner| &runner.beside)).cloned().collect();
        if runners.iter().any(|other| other.module.source != first.module.source) {
            self.module = super::Module::unknown("the runners in this folder have different sources");
        }
        let read = |runner: &Runner, problems: &mut Vec<Failure>| {
            let name = (runners.len() > 1).then_some(runner.address.as_str());
            (name.map(str::to_owned), Images::read(evaluator, &runner.arguments, problems).of_runner(evaluator))
        };
        let all = runners.iter().map(|runner| read(runner, &mut self.problems)).collect();
        let images = Images::joined(all);
        self.take_images(images);
        if runners.len() > 1 {
            let what = format!("`{}` deploys {} runners", self.path, runners.len());
            let places = runners.iter().filter_map(|runner| runner.module.place.clone());
            self.notes.push(places.fold(Failure::refused(what), Failure::at));
        }
    }

    fn take_providers(&mut self, module: &Module<'_>, evaluator: &Evaluator<'_>, runners: &[Runner]) {
        let mut providers: Vec<_> = Vec::new();
        for runner in runners {
            if !providers.contains(&&runner.provider) {
                providers.push(&runner.provider);
            }
        }
        for provider in providers {
            match Stated::by(module, evaluator, provider) {
                Some(stated) => self.take_stated(&stated),
                None if self.region.value().is_none() => {
                    self.region = Known::Unknown("no `provider \"aws\"` says it".to_owned());
                }
                None => {}
            }
        }
    }

    fn take_stated(&mut self, stated: &Stated) {
        if let Some((region, place)) = &stated.region {
            self.take_stated_region(region, place);
        }
        if let Some((ids, place)) = &stated.allowed {
            let known: Vec<_> = ids.iter().filter_map(|id| id.value().cloned()).collect();
            if known.len() == ids.len() {
                let allowed = Allowed { ids: known, place: place.clone(), is_setting: false };
                self.confirm(&allowed);
            }
        }
        if let Some((id, place)) = stated.of_role() {
            self.confirm(&Allowed::only(&id, place));
        }
    }

    fn confirm(&mut self, allowed: &Allowed) {
        let Known::Value(account) = &mut self.account else { return };
        if let Some(dispute) = allowed.confirm(&self.path, account) {
            self.problems.push(dispute);
            self.account = Known::Unknown(DISPUTED.to_owned());
        }
    }

    fn take_stated_region(&mut self, stated: &Known<String>, place: &Place) {
        match stated {
            Known::Unknown(reason) => self.region = Known::Unknown(reason.clone()),
            Known::Value(text) => match text.parse::<Region>() {
                Ok(region) => self.take_region(region, place.clone()),
                Err(error) => {
                    self.problems.push(Failure::refused(error).at(place.clone()));
                    self.region = Known::Unknown("what its provider says is no region".to_owned());
                }
            },
        }
    }
}
