//! A unit: one folder that deploys one deploy runner, and everything that the repository says about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::accounts::{NoAccount, Says, folders};
use super::files::Files;
use super::hcl::{Evaluator, Fault, Frame, Kind, Value};
use super::image::{self, ImageUse};
use super::module::{self, Module};
use super::redirect::{self, Redirection};
use super::root::Roots;
use super::walk::TERRAGRUNT;
use super::{discover, evidence, generated};
use crate::model::{Account, Failure, ImageName, Known, Place, Region, UnitPath};

/// Inputs that only the module of a deploy runner has.
const RUNNER_INPUTS: [&str; 4] =
    ["terraform_planner_config", "terraform_applier_config", "docker_image_builder_config", "ami_builder_config"];

/// How a unit is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// By Terragrunt.
    Terragrunt,
    /// By Terraform alone.
    Terraform,
}

impl UnitKind {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terragrunt => "terragrunt",
            Self::Terraform => "terraform",
        }
    }
}

/// A unit.
#[derive(Debug)]
pub struct Unit {
    /// The folder, relative to what was opened.
    pub path: UnitPath,
    /// How it is deployed.
    pub kind: UnitKind,
    /// The folder whose accounts file holds for it: what was opened, or a root nested in that. Absolute.
    pub root: PathBuf,
    /// The account that it belongs to, with every place that says so.
    pub account: Account,
    /// The region.
    pub region: Known<Region>,
    /// Its images; `None` where it configures nothing that uses the image.
    pub images: BTreeMap<ImageName, Option<ImageUse>>,
    /// Its module.
    pub module: Module,
    /// `terraform_binary`, if the configuration sets it.
    pub terraform_binary: Option<(Known<String>, Place)>,
    /// What would act with other credentials than those that are proven.
    pub redirections: Vec<Redirection>,
    /// What is wrong with the unit, in a stable order.
    pub problems: Vec<Failure>,
}

/// What a folder with a configuration turns out to be.
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
    /// What was opened.
    pub(super) root: &'g Path,
    pub(super) roots: &'g Roots,
}

impl Unit {
    /// The use of an image, if the unit uses it.
    pub fn image(&self, image: ImageName) -> Option<&ImageUse> {
        self.images.get(&image).and_then(Option::as_ref)
    }

    /// Works out what the folder with this `terragrunt.hcl` is, and everything about it if it is a unit.
    pub(super) fn read(ground: &Ground<'_>, dir: &Path) -> Reading {
        let file = dir.join(TERRAGRUNT);
        let evaluator = Evaluator::new(ground.files, file.clone());
        let frame = match Frame::read(&evaluator, &file) {
            Ok(frame) => frame,
            Err(fault) => return unreadable(ground, &evaluator, dir, &fault),
        };
        let module = module_of(&evaluator, &frame);
        if !is_unit(&evaluator, &frame, &module, dir) {
            return Reading::Other;
        }
        let extras = generated::all(ground.files, &evaluator, &frame, &terraform_in(dir));
        let allowed: Vec<_> = extras.iter().flat_map(evidence::allowed).collect();
        let mut unit = match Self::begin(ground, &evaluator, dir, &allowed) {
            Ok(unit) => unit,
            Err(reading) => return reading,
        };
        unit.module = module;
        unit.redirections = redirect::find(&evaluator, &frame, &extras);
        match frame.inputs(&evaluator) {
            Ok(inputs) => unit.images = image::images(&evaluator, &inputs, &mut unit.problems),
            Err(fault) => {
                unit.cannot_be_read(&fault);
                return Reading::Unit(Box::new(unit));
            }
        }
        unit.terraform_binary = match frame.setting(&evaluator, "terraform_binary") {
            Ok(value) => value.map(|value| {
                let place = value.origin.place().unwrap_or_else(|| Place::file(&frame.source.name));
                (known_text(&value), place)
            }),
            Err(fault) => {
                unit.problems.push(fault.failure());
                None
            }
        };
        if let Err(fault) = frame.setting(&evaluator, "iam_role") {
            unit.problems.push(fault.failure());
        }
        unit.problems.extend(evaluator.noticed.borrow().iter().map(Fault::failure));
        Reading::Unit(Box::new(unit))
    }

    /// A unit of which only the folder, the account and the region are known.
    fn begin(
        ground: &Ground<'_>,
        evaluator: &Evaluator<'_>,
        dir: &Path,
        allowed: &[super::accounts::Allowed],
    ) -> Result<Self, Reading> {
        let relative = dir.strip_prefix(ground.root).ok().and_then(UnitPath::new);
        let path = relative.ok_or_else(|| {
            let failure = Failure::refused("the path of a unit is not UTF-8");
            Reading::Failed(failure.in_file(dir.display().to_string()))
        })?;
        let root = ground.roots.of(dir);
        let file = evidence::account_file(evaluator, ground.root, &path);
        let top = discover::git_root(&root.dir).or(root.dir.parent()).unwrap_or(&root.dir);
        let says = Says {
            path: &path,
            folders: folders(dir, &root.dir, top),
            listed: root.listed(ground.files),
            file: file.as_ref(),
            allowed,
        };
        let (account, mut problems) = says.account().map_err(|none| match none {
            NoAccount::Told => Reading::Told,
            NoAccount::Unknown(failure) => Reading::Failed(*failure),
        })?;
        let (region, problem) = evidence::region(evaluator, ground.root, &path);
        problems.extend(problem);
        Ok(Self {
            kind: UnitKind::Terragrunt,
            root: root.dir.clone(),
            account,
            region,
            images: ImageName::ALL.into_iter().map(|image| (image, None)).collect(),
            module: Module::unknown("the configuration cannot be read"),
            terraform_binary: None,
            redirections: Vec::new(),
            problems,
            path,
        })
    }

    fn cannot_be_read(&mut self, fault: &Fault) {
        self.problems.push(fault.failure());
        let reason = format!("the configuration cannot be read: {}", fault.in_one_line());
        for (name, image) in &mut self.images {
            // Whether it builds docker images is not known either; only the runner's own image is certain.
            *image = (*name == ImageName::DeployRunner).then(|| ImageUse {
                uri: Known::Unknown(reason.clone()),
                tag: Known::Unknown(reason.clone()),
                pin: None,
                deciders: Vec::new(),
            });
        }
    }
}

/// A configuration that can't be read is a unit's if its folder says so, and may be one's if it names the module.
fn unreadable(ground: &Ground<'_>, evaluator: &Evaluator<'_>, dir: &Path, fault: &Fault) -> Reading {
    if !discover::is_named_so(dir) {
        let bytes = ground.files.bytes(&dir.join(TERRAGRUNT));
        let may_be_one = bytes.is_ok_and(|bytes| module::may_name_runner(&bytes));
        return if may_be_one { Reading::Failed(fault.failure()) } else { Reading::Other };
    }
    match Unit::begin(ground, evaluator, dir, &[]) {
        Ok(mut unit) => {
            unit.cannot_be_read(fault);
            Reading::Unit(Box::new(unit))
        }
        Err(reading) => reading,
    }
}

fn module_of(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Module {
    match frame.terraform_source(evaluator) {
        Ok(Some(source)) => Module { source: known_text(&source), place: source.origin.place() },
        Ok(None) => Module::unknown("no `terraform` block has a `source`"),
        Err(fault) => Module::unknown(fault.in_one_line()),
    }
}

/// The module decides. Where it is another one, such as a wrapper around the right one, or not known, the name of the
/// folder and the inputs do: what is named like a unit and configures no runner is something else, for instance the
/// ECR repository of its image.
fn is_unit(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, module: &Module, dir: &Path) -> bool {
    let configures = || frame.inputs(evaluator).map_or(None, |inputs| configures_runner(&inputs));
    match (module.is_runner(), discover::is_named_so(dir)) {
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

/// The files of Terraform beside a unit's configuration, which terragrunt hands to terraform with the module.
fn terraform_in(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "tf")).collect();
    files.sort();
    files
}

pub(super) fn known_text(value: &Value) -> Known<String> {
    match (value.as_str(), value.unknown_reason()) {
        (Some(text), _) => Known::Value(text.to_owned()),
        (None, Some(reason)) => Known::Unknown(reason.to_string()),
        (None, None) => Known::Unknown(format!("{} stands where a string belongs", value.kind_name())),
    }
}
