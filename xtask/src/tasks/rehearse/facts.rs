//! What the stand-ins are told of the units of a copy: they read no HCL but that of a Reference Architecture.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::model::{ImageName, Tag};
use crate::repo::{Decider, ImageUse, Repository, Unit, UnitTag};

/// Writes down what each unit deploys now.
pub(super) fn write(repo: &Repository, world: &Path) -> anyhow::Result<()> {
    let units: Map<String, Value> =
        repo.units.iter().filter_map(|unit| Some((unit.path.to_string(), fact(repo, unit)?))).collect();
    let text = json!({ "root": repo.root, "units": units }).to_string();
    fs::create_dir_all(world)?;
    fs::write(world.join("units.json"), text).context("writing what the units deploy")
}

fn fact(repo: &Repository, unit: &Unit) -> Option<Value> {
    let image = |decider: &Decider| {
        Some(json!({ "uri": decider.uri.value()?.to_string(), "tag": decider.tag.value()?.as_str() }))
    };
    // Where configurations get different tags, the stand-ins know those of the planner and the applier.
    let called = |uses: &ImageUse, name: &str| uses.deciders.iter().find(|it| it.is_called(name)).and_then(image);
    let first = |uses: &ImageUse| uses.deciders.first().filter(|_| uses.tag.reason().is_none()).and_then(image);
    let kaniko = unit.image(ImageName::Kaniko).and_then(first);
    let runner = unit.image(ImageName::DeployRunner)?;
    let differs = runner.tag == UnitTag::Differ;
    Some(json!({
        "region": unit.region.value().map(ToString::to_string),
        "deploy_runner": called(runner, "terraform_planner_config").or_else(|| first(runner))?,
        "applier": called(runner, "terraform_applier_config").filter(|_| differs),
        "kaniko": kaniko,
        "stack": unit.stack.as_ref().map(|stack| [stack.clone(), repo.copied_from(unit)]),
    }))
}

/// The accounts and the units, as options of the stand-in that makes a world.
pub(super) fn options(repo: &Repository) -> Vec<String> {
    let accounts = repo.accounts.iter().map(|account| format!("--account={}={}", account.name, account.id));
    let told = repo.units.iter().filter(|unit| fact(repo, unit).is_some());
    let units = told.filter_map(|unit| Some(format!("--unit={}={}", unit.path, unit.account.value()?.id)));
    accounts.chain(units).collect()
}

/// Every image at this tag, as options of the same.
pub(super) fn images(repo: &Repository, tag: &Tag) -> Vec<String> {
    let uses = repo.units.iter().flat_map(|unit| unit.images.values().flatten());
    let deciders = uses.flat_map(|uses| &uses.deciders);
    let mut all: Vec<_> =
        deciders.filter_map(|decider| Some(format!("--image={}:{tag}", decider.uri.value()?))).collect();
    all.sort();
    all.dedup();
    all
}
