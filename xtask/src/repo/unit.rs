//! A unit: one folder that deploys one deploy runner, and everything that the repository says about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::exclude::{self, Exclusion};
use super::files::Files;
use super::generated::{self, Extra};
use super::hcl::{Evaluator, Fault, Frame, Value};
use super::image::{Decider, ImageUse, Images};
use super::mocks::{self, Mock};
use super::module::Module;
use super::passed;
use super::redirect::{self, Redirection};
use super::settings::Settings;
use super::terraform::{self, layer};
use super::walk::TERRAGRUNT;
use crate::model::{Account, Failure, ImageName, Known, Place, Region, UnitPath};

/// What Terragrunt merges over a unit, without a word in the unit, if it lies beside it.
const AUTO_INCLUDE: &str = "terragrunt.autoinclude.hcl";

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
    pub account: Known<Account>,
    /// The region.
    pub region: Known<Region>,
    /// Its images; `None` where it configures nothing that uses the image. Boxed, since a map makes room for eleven.
    pub images: BTreeMap<ImageName, Option<Box<ImageUse>>>,
    /// Its other images, such as that of a steampipe runner, by the configuration that uses them.
    pub others: Vec<Decider>,
    /// Its module.
    pub module: Module,
    /// `terraform_binary`, if the configuration sets it.
    pub terraform_binary: Option<(Known<String>, Place)>,
    /// What would act with other credentials than those that are proven.
    pub redirections: Vec<Redirection>,
    /// What leaves it out of plans or applies, if anything does.
    pub excluded: Option<Exclusion>,
    /// What would make every apply of it fail; what only reads the unit doesn't mind.
    pub not_appliable: Vec<Failure>,
    /// Mock outputs of the units that it depends on, with which a plan may be made.
    pub mocks: Vec<Mock>,
    /// What is wrong with the unit, in a stable order.
    pub problems: Vec<Failure>,
    /// What looks wrong and may be meant.
    pub notes: Vec<Failure>,
}

impl Unit {
    /// A unit of which only this is known.
    pub(super) fn new(
        path: UnitPath,
        kind: UnitKind,
        root: PathBuf,
        account: Known<Account>,
        region: Known<Region>,
    ) -> Self {
        Self {
            path,
            kind,
            root,
            account,
            region,
            images: ImageName::ALL.into_iter().map(|image| (image, None)).collect(),
            others: Vec::new(),
            module: Module::unknown("the configuration cannot be read"),
            terraform_binary: None,
            redirections: Vec::new(),
            excluded: None,
            not_appliable: Vec::new(),
            mocks: Vec::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What certainly leaves it out of plans or applies.
    pub fn left_out(&self) -> Option<&Exclusion> {
        self.excluded.as_ref().filter(|exclusion| exclusion.doubt.is_none())
    }

    /// Whether it belongs to the account with this name.
    pub fn is_in(&self, account: &str) -> bool {
        self.account.value().is_some_and(|it| it.name == account)
    }

    /// The use of an image, if the unit uses it.
    pub fn image(&self, image: ImageName) -> Option<&ImageUse> {
        self.images.get(&image).and_then(Option::as_deref)
    }

    /// The same unit as it is with these files; where it lies and whose it is are not asked again.
    pub(super) fn read_again(&self, files: &Files, settings: &Settings, opened: &Path) -> Self {
        let (root, account, region) = (self.root.clone(), self.account.clone(), self.region.clone());
        let mut again = Self::new(self.path.clone(), self.kind, root, account, region);
        if self.kind == UnitKind::Terraform {
            again.read_terraform(files, settings, opened);
            return again;
        }
        let file = self.path.in_root(opened).join(TERRAGRUNT);
        let evaluator = Evaluator::new(files, file.clone());
        match Frame::read(&evaluator, &file) {
            Ok(frame) => {
                let extras = generated::all(files, &evaluator, &frame);
                again.take_terragrunt(&evaluator, settings, &frame, &extras);
            }
            Err(fault) => again.cannot_be_read(&fault),
        }
        again
    }

    /// Takes everything that a configuration of Terragrunt says, but the account and the region.
    pub(super) fn take_terragrunt(
        &mut self,
        evaluator: &Evaluator<'_>,
        settings: &Settings,
        frame: &Rc<Frame>,
        extras: &[Extra],
    ) {
        let beside = frame.dir().join(AUTO_INCLUDE);
        if evaluator.files.exists(&beside) {
            let fault = Fault::new("a file that a stack generates overrides the unit, which is not supported");
            let fault = fault.at(Place::file(evaluator.files.name(&beside)));
            return self.cannot_be_read(&fault.hint("update the unit by hand, or delete the file if it is a leftover"));
        }
        self.module = Module::of(evaluator, frame);
        self.redirections = redirect::find(evaluator, frame, extras);
        self.mocks = mocks::find(evaluator, frame);
        match exclude::exclusion(evaluator, frame) {
            Ok(excluded) => self.excluded = excluded,
            Err(fault) => self.problems.push(fault.failure()),
        }
        match exclude::misplaced_arguments(evaluator, frame) {
            Ok(failures) => self.not_appliable = failures,
            Err(fault) => self.problems.push(fault.failure()),
        }
        let layers = passed::layers(evaluator.files, settings.pass_environment(), evaluator, frame);
        let read = layers.and_then(|layers| match passed::module_folder(evaluator, frame) {
            Some(dir) if terraform::passes_on(evaluator.files, &dir) => {
                self.read_wrapper(evaluator.files, &dir, &layers)
            }
            _ => {
                let inputs = layer::joined(&layers, evaluator.files)?;
                let images = Images::read(evaluator, &inputs, &mut self.problems);
                self.take_images(images);
                Ok(())
            }
        });
        if let Err(fault) = read {
            return self.cannot_be_read(&fault);
        }
        self.terraform_binary = match frame.setting(evaluator, "terraform_binary") {
            Ok(value) => value.map(|value| {
                let place = value.origin.place().unwrap_or_else(|| Place::file(&frame.source.name));
                (known_text(&value), place)
            }),
            Err(fault) => {
                self.problems.push(fault.failure());
                None
            }
        };
        if let Ok(Some(value)) = frame.setting(evaluator, "download_dir") {
            let what = format!(
                "`download_dir` takes terragrunt's cache out of `{}`, where a state that could not be saved is looked for",
                self.path
            );
            let place = value.origin.place().unwrap_or_else(|| Place::file(&frame.source.name));
            let hint = "leave it out; the cache then lies in the unit's own folder";
            self.problems.push(Failure::refused(what).at(place).hint(hint));
        }
        self.problems.extend(frame.setting(evaluator, "iam_role").err().map(|fault| fault.failure()));
        self.problems.extend(evaluator.noticed.borrow().iter().map(Fault::failure));
    }

    pub(super) fn take_images(&mut self, images: Images) {
        (self.images, self.others) = (images.own, images.others);
        self.notes.extend(images.notes);
    }

    pub(super) fn cannot_be_read(&mut self, fault: &Fault) {
        self.problems.push(fault.failure());
        let reason = format!("the configuration cannot be read: {}", fault.in_one_line());
        for (name, image) in &mut self.images {
            // Whether it builds docker images is not known either; only the runner's own image is certain.
            *image = (*name == ImageName::DeployRunner).then(|| {
                Box::new(ImageUse {
                    uri: Known::Unknown(reason.clone()),
                    tag: Known::Unknown(reason.clone()),
                    pin: None,
                    deciders: Vec::new(),
                })
            });
        }
    }
}

pub(super) fn known_text(value: &Value) -> Known<String> {
    match (value.as_str(), value.unknown_reason()) {
        (Some(text), _) => Known::Value(text.to_owned()),
        (None, Some(reason)) => Known::Unknown(reason.to_string()),
        (None, None) => Known::Unknown(format!("{} stands where a string belongs", value.kind_name())),
    }
}
