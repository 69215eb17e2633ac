//! A unit: one folder that deploys one deploy runner, and everything that the repository says about it.

use std::collections::BTreeMap;
use std::path::Path;

use super::evidence;
use super::files::Files;
use super::hcl::{Evaluator, Fault, Frame, Value};
use super::image::{Decider, ImageUse, Images};
use super::settings::Settings;
use crate::model::{Account, Failure, ImageName, Known, Place, Region, UnitPath};
use crate::repo::discover::TERRAGRUNT;

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
    /// The folder, relative to the root.
    pub path: UnitPath,
    /// How it is deployed.
    pub kind: UnitKind,
    /// The account that it belongs to, with every place that says so.
    pub account: Account,
    /// The region.
    pub region: Known<Region>,
    /// Its images; `None` where it configures nothing that uses the image.
    pub images: BTreeMap<ImageName, Option<ImageUse>>,
    /// Its other images, such as that of a steampipe runner, by the configuration that uses them.
    pub others: Vec<Decider>,
    /// The source of its module.
    pub module_source: Known<String>,
    /// `terraform_binary`, if the configuration sets it.
    pub terraform_binary: Option<(Known<String>, Place)>,
    /// `iam_role`, if the configuration sets it: terragrunt assumes it before it starts terraform.
    pub iam_role: Option<(Known<String>, Place)>,
    /// What is wrong with the unit, in a stable order.
    pub problems: Vec<Failure>,
    /// What looks wrong and may be meant.
    pub notes: Vec<Failure>,
}

impl Unit {
    /// The use of an image, if the unit uses it.
    pub fn image(&self, image: ImageName) -> Option<&ImageUse> {
        self.images.get(&image).and_then(Option::as_ref)
    }

    /// Works out everything about the unit in this folder.
    pub(super) fn read(
        files: &Files,
        settings: &Settings,
        root: &Path,
        (path, kind): (UnitPath, UnitKind),
        account: &Account,
    ) -> Self {
        let mut unit = Self {
            region: Known::Unknown("nothing says it".to_owned()),
            path,
            kind,
            account: account.clone(),
            images: ImageName::ALL.into_iter().map(|image| (image, None)).collect(),
            others: Vec::new(),
            module_source: Known::Unknown("the configuration cannot be read".to_owned()),
            terraform_binary: None,
            iam_role: None,
            problems: Vec::new(),
            notes: Vec::new(),
        };
        evidence::region(files, root, &mut unit);
        evidence::account_file(files, root, &mut unit);
        match kind {
            UnitKind::Terragrunt => unit.read_terragrunt(files, root),
            UnitKind::Terraform => unit.read_terraform(files, settings, root),
        }
        unit
    }

    fn read_terragrunt(&mut self, files: &Files, root: &Path) {
        let file = self.path.in_root(root).join(TERRAGRUNT);
        let evaluator = Evaluator::new(files, file.clone());
        let frame = match Frame::read(&evaluator, &file) {
            Ok(frame) => frame,
            Err(fault) => {
                self.cannot_be_read(&fault);
                return;
            }
        };
        match frame.inputs(&evaluator) {
            Ok(inputs) => {
                let images = Images::read(&evaluator, &inputs, &mut self.problems);
                (self.images, self.others, self.notes) = (images.own, images.others, images.notes);
            }
            Err(fault) => {
                self.cannot_be_read(&fault);
                return;
            }
        }
        self.module_source = match frame.terraform_source(&evaluator) {
            Ok(Some(source)) => known_text(&source),
            Ok(None) => Known::Unknown("no `terraform` block has a `source`".to_owned()),
            Err(fault) => Known::Unknown(fault.in_one_line()),
        };
        let file = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let mut setting = |name| match frame.setting(&evaluator, name) {
            Ok(value) => value.map(|value| (known_text(&value), value.origin.place().unwrap_or(Place::file(&file)))),
            Err(fault) => {
                self.problems.push(fault.failure());
                None
            }
        };
        let (binary, role) = (setting("terraform_binary"), setting("iam_role"));
        (self.terraform_binary, self.iam_role) = (binary, role);
        evidence::allowed_account_ids(&evaluator, &frame, self);
        self.problems.extend(evaluator.noticed.borrow().iter().map(Fault::failure));
    }

    pub(super) fn cannot_be_read(&mut self, fault: &Fault) {
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

pub(super) fn known_text(value: &Value) -> Known<String> {
    match (value.as_str(), value.unknown_reason()) {
        (Some(text), _) => Known::Value(text.to_owned()),
        (None, Some(reason)) => Known::Unknown(reason.to_string()),
        (None, None) => Known::Unknown(format!("{} stands where a string belongs", value.kind_name())),
    }
}
