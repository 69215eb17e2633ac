//! `xtask-standin world`: makes a world, empty or with what a repository says is deployed now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Inject, Settings, World};
use crate::args::{self, Known, Parsed, Takes};
use crate::cloud::ecr::{self, Place};
use crate::keys;
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::store;
use crate::terraform::{self, Inputs};
use crate::unit::Unit;

const FLAGS: &[Known] = &[
    ("into", Takes::Value),
    ("account", Takes::Value),
    ("profile", Takes::Value),
    ("region", Takes::Value),
    ("inject", Takes::Value),
    ("pace", Takes::Value),
    ("repo", Takes::Value),
    ("unit", Takes::Value),
    ("image", Takes::Value),
];
const USAGE: &str = "usage: xtask-standin world --into WORLD [--account NAME=ID]… [--profile NAME=ID]… [--region R] \
                     [--inject WHAT]… [--pace MS] [--repo ROOT [--unit PATH=ID]…] [--image URI:TAG]…";

/// Makes a world.
pub(crate) fn run(args: &[String]) -> Outcome {
    let parsed = args::go(FLAGS, args).map_err(usage)?;
    let (Some(folder), []) = (parsed.value("into"), parsed.rest.as_slice()) else { return Err(usage(USAGE)) };
    let repo = parsed.value("repo").map(PathBuf::from);
    let mut accounts = match &repo {
        Some(repo) => accounts_of(repo)?,
        None => BTreeMap::new(),
    };
    accounts.extend(pairs(&parsed, "account")?);
    let settings = Settings {
        schema: 1,
        accounts,
        profiles: pairs(&parsed, "profile")?,
        region: parsed.value("region").unwrap_or("us-east-1").to_owned(),
        inject: parsed
            .values("inject")
            .map(|what| Inject::try_from(what.to_owned()))
            .collect::<Result<_, _>>()
            .map_err(usage)?,
        pace_ms: parsed.value("pace").map_or(Ok(0), str::parse).map_err(|_| usage("--pace takes milliseconds"))?,
        gate: None,
        build_gate: None,
    };
    check_names(&settings)?;
    let images: Vec<Place> = parsed.values("image").map(place).collect::<Outcome<_>>()?;
    let folder = Path::new(folder);
    for name in ["bin", "accounts", "state"] {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).map_err(|error| store::at(&folder, error))?;
    }
    let file = folder.join("world.json");
    if file.exists() {
        return Err(Refusal::new(1, format!("`{}` holds a world already", folder.display())));
    }
    store::write(&file, &settings)?;
    let world = World::open(folder)?;
    images.iter().try_for_each(|image| push(&world, image))?;
    if let Some(repo) = &repo {
        let units = pairs(&parsed, "unit")?;
        let units = if units.is_empty() { find_units(repo, &world.settings.accounts) } else { units };
        units.iter().try_for_each(|(path, account)| seed(&world, repo, path, account))?;
        out::line(&format!("{} units in {}", units.len(), folder.display()));
    }
    Ok(())
}

fn usage(text: impl Into<String>) -> Refusal {
    Refusal::new(2, text)
}

/// Refuses to inject something into an account that isn't there: it would look as if all went well.
fn check_names(settings: &Settings) -> Outcome {
    let there = |name: &String| settings.accounts.contains_key(name) || settings.profiles.contains_key(name);
    let unknown = settings.inject.iter().find(|inject| inject.name().is_some_and(|name| !there(name)));
    unknown.map_or(Ok(()), |inject| Err(usage(format!("`{inject}` names no account and no profile"))))
}

/// The `NAME=ID` values of a flag.
fn pairs(parsed: &Parsed, flag: &str) -> Outcome<BTreeMap<String, String>> {
    let pair = |text: &str| {
        let pair = text.rsplit_once('=').filter(|(name, id)| !name.is_empty() && keys::is_account(id));
        let (name, id) =
            pair.ok_or_else(|| usage(format!("--{flag} takes NAME=ID with an id of twelve digits, not `{text}`")))?;
        Ok((name.to_owned(), id.to_owned()))
    };
    parsed.values(flag).map(pair).collect()
}

fn place(text: &str) -> Outcome<Place> {
    Place::parse(text).ok_or_else(|| usage(format!("`{text}` is no ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG")))
}

/// The accounts of the accounts file, whose values are ids or objects with one.
fn accounts_of(repo: &Path) -> Outcome<BTreeMap<String, String>> {
    let accounts: Map<String, Value> = store::read(&repo.join("accounts.json"))?;
    let id = |value: &Value| value.as_str().or_else(|| value.get("id")?.as_str()).map(str::to_owned);
    Ok(accounts.iter().filter_map(|(name, value)| Some((name.clone(), id(value)?))).collect())
}

/// The units `ACCOUNT/REGION/mgmt/ecs-deploy-runner` of a repository, with the accounts that their paths name.
fn find_units(repo: &Path, accounts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut units = BTreeMap::new();
    for (name, id) in accounts {
        for region in fs::read_dir(repo.join(name)).into_iter().flatten().flatten() {
            let path = format!("{name}/{}/mgmt/ecs-deploy-runner", region.file_name().to_string_lossy());
            if repo.join(&path).join("terragrunt.hcl").is_file() {
                units.insert(path, id.clone());
            }
        }
    }
    units
}

/// Makes a unit deployed as the repository has it now: state, task definitions, images.
fn seed(world: &World, repo: &Path, path: &str, account: &str) -> Outcome {
    let folder = repo.join(path);
    let unit = Unit::read(world.folder(), &folder)?;
    let images = unit.images();
    images.iter().try_for_each(|(_, image)| push(world, &place(image)?))?;
    let key = if folder.join("terragrunt.hcl").is_file() { unit.key } else { terraform::key_in(&folder)? };
    terraform::seed(world, account, &key, &Inputs { region: unit.region, images })?;
    Ok(())
}

fn push(world: &World, image: &Place) -> Outcome {
    ecr::create(world, &image.account, &image.region, &image.repository)?;
    ecr::push(world, image)?;
    Ok(())
}
