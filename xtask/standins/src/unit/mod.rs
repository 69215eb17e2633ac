//! What a unit deploys, as far as a rehearsal has to know it.
//!
//! This is no evaluator of HCL: it knows where a Reference Architecture writes its tags and URIs, and nothing else.
//! That it reads the files in its own way is on purpose; it must not agree with xtask by sharing code with it.

pub(crate) mod hcl;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::refusal::{Outcome, Refusal};
use crate::store;

/// What is written down of the units of a copy.
#[derive(Deserialize)]
struct Facts {
    root: PathBuf,
    units: BTreeMap<String, Told>,
}

/// What is written down of one.
#[derive(Deserialize)]
struct Told {
    region: Option<String>,
    deploy_runner: Image,
    applier: Option<Image>,
    kaniko: Option<Image>,
}

/// An image with its tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Image {
    pub(crate) uri: String,
    pub(crate) tag: String,
}

/// A unit, read from its folder and those above it.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The path from the root configuration, as `path_relative_to_include()` gives it.
    pub(crate) key: String,
    pub(crate) region: String,
    pub(crate) deploy_runner: Image,
    /// The image of the applier, where it has another tag than the planner.
    pub(crate) applier: Option<Image>,
    /// Only where the unit configures the docker image builder.
    pub(crate) kaniko: Option<Image>,
    /// The role that terragrunt assumes first, if the unit names one.
    pub(crate) iam_role: Option<String>,
}

impl Unit {
    /// What the rehearsal of a copy has written down of the unit in a folder.
    pub(crate) fn told(world: &Path, folder: &Path) -> Outcome<Option<Self>> {
        let facts: Option<Facts> = store::read_if_there(&world.join("units.json"))?;
        let told = facts.and_then(|mut facts| {
            let path = folder.strip_prefix(&facts.root).ok()?.to_str()?.to_owned();
            // The root itself is a unit by this name.
            let path = if path.is_empty() { ".".to_owned() } else { path };
            let Told { region, deploy_runner, applier, kaniko } = facts.units.remove(&path)?;
            let region = region.unwrap_or_else(|| "us-east-1".to_owned());
            Some(Self { key: path, region, deploy_runner, applier, kaniko, iam_role: None })
        });
        Ok(told)
    }

    /// Whole addresses, by the task that each is for.
    pub(crate) fn images(&self) -> Vec<(&'static str, String)> {
        let whole = |image: &Image| format!("{}:{}", image.uri, image.tag);
        let applier = self.applier.as_ref().unwrap_or(&self.deploy_runner);
        let mut images = vec![("planner", whole(&self.deploy_runner)), ("applier", whole(applier))];
        images.extend(self.kaniko.iter().map(|kaniko| ("image_builder", whole(kaniko))));
        images
    }

    /// Reads the unit in a folder. What the rehearsal of a copy has written down of it comes first.
    pub(crate) fn read(world: &Path, folder: &Path) -> Outcome<Self> {
        if let Some(told) = Self::told(world, folder)? {
            // A unit of Terraform alone has none.
            let own = fs::read_to_string(folder.join("terragrunt.hcl")).unwrap_or_default();
            return Ok(Self { iam_role: hcl::string(&own, "iam_role"), ..told });
        }
        let own = text(&folder.join("terragrunt.hcl"))?;
        let root = above(folder, &["terragrunt.hcl", "root.hcl"])?;
        let root_folder = root.parent().unwrap_or(folder);
        let key = folder.strip_prefix(root_folder).unwrap_or(folder).to_string_lossy().into_owned();

        let common = Common::read(folder)?;
        let region = match above(folder, &["region.hcl"]) {
            Ok(file) => hcl::string(&text(&file)?, "aws_region"),
            Err(_) => None,
        };
        let region = region.map_or_else(|| common.resolved("default_region"), Ok)?;
        let image = |uri, tag| -> Outcome<Image> {
            // A unit that redefines a tag in its own locals is not reached by `common.hcl`.
            let own_tag = hcl::string(&own, tag);
            Ok(Image { uri: common.resolved(uri)?, tag: own_tag.map_or_else(|| common.resolved(tag), Ok)? })
        };
        let builds = hcl::value(&own, "docker_image_builder_config").is_some_and(|value| value != "null");
        let applier = hcl::string(&own, "terraform_applier_image_tag");
        let applier = applier.map(|tag| Ok(Image { uri: common.resolved("deploy_runner_ecr_uri")?, tag }));
        Ok(Self {
            key,
            region,
            applier: applier.transpose()?,
            deploy_runner: image("deploy_runner_ecr_uri", "deploy_runner_container_image_tag")?,
            kaniko: builds.then(|| image("kaniko_ecr_uri", "kaniko_container_image_tag")).transpose()?,
            iam_role: hcl::string(&own, "iam_role"),
        })
    }
}

/// `common.hcl`, with the accounts file beside it.
struct Common {
    file: PathBuf,
    text: String,
    accounts: Map<String, Value>,
}

impl Common {
    fn read(folder: &Path) -> Outcome<Self> {
        let file = above(folder, &["common.hcl"])?;
        let accounts = file.with_file_name("accounts.json");
        Ok(Self { text: text(&file)?, accounts: store::read(&accounts)?, file })
    }

    /// A local that is a string, possibly a template of other locals and account ids.
    fn resolved(&self, name: &str) -> Outcome<String> {
        let unknown = |what: &str| {
            Refusal::new(1, format!("rehearsal: `{}`: cannot make out {what} of `{name}`", self.file.display()))
        };
        let value = hcl::string(&self.text, name).ok_or_else(|| unknown("the value"))?;
        let mut resolved = String::new();
        let mut rest = value.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (reference, after) = after.split_once('}').ok_or_else(|| unknown("the template"))?;
            resolved.push_str(before);
            resolved.push_str(&self.reference(reference.trim()).ok_or_else(|| unknown(reference))?);
            rest = after;
        }
        Ok(resolved + rest)
    }

    /// `local.NAME`, or `local.SOMETHING.ACCOUNT`, or the same with `.id`.
    fn reference(&self, reference: &str) -> Option<String> {
        let mut path = reference.strip_prefix("local.")?.split('.');
        let local = path.next()?;
        let Some(account) = path.next() else { return hcl::string(&self.text, local) };
        let account = self.accounts.get(account)?;
        account.as_str().or_else(|| account.get("id")?.as_str()).map(str::to_owned)
    }
}

/// The first of the named files in the folders above, the nearest first.
fn above(folder: &Path, names: &[&str]) -> Outcome<PathBuf> {
    let files = folder.ancestors().skip(1).flat_map(|folder| names.iter().map(|name| folder.join(name)));
    files.into_iter().find(|file| file.is_file()).ok_or_else(|| {
        Refusal::new(
            1,
            format!(
                "ParentFileNotFoundError: could not find a {} in any of the parent folders of {}",
                names[0],
                folder.display()
            ),
        )
    })
}

fn text(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(|error| store::at(file, error))
}
