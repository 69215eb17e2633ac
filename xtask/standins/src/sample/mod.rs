//! `xtask-standin sample --into DIR`: lays out a small Reference Architecture to rehearse on.
//!
//! The files are templates that don't bear the names that they get: in somebody's own repository, a `terragrunt.hcl`
//! below `xtask/` would be taken for a unit of theirs.

use std::fs;
use std::path::Path;

use crate::args::{self, Takes};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::store;

/// Accounts by name, in the order of the accounts file.
pub(crate) const ACCOUNTS: &[(&str, &str)] = &[
    ("logs", "100000000001"),
    ("shared", "100000000002"),
    ("security", "100000000003"),
    ("dev", "100000000004"),
    ("stage", "100000000005"),
    ("prod", "100000000006"),
];

/// The account that builds the images.
const BUILDER: &str = "shared";

/// Reads the arguments and writes the sample.
pub(crate) fn run(args: &[String]) -> Outcome {
    let parsed = args::go(&[("into", Takes::Value)], args).map_err(usage)?;
    match (parsed.value("into"), parsed.rest.as_slice()) {
        (Some(folder), []) => write(Path::new(folder)),
        _ => Err(usage("usage: xtask-standin sample --into DIR")),
    }
}

fn usage(text: impl Into<String>) -> Refusal {
    Refusal::new(2, text)
}

/// Writes the sample into a folder, which may be there already but not hold any of its files.
fn write(folder: &Path) -> Outcome {
    if folder.join("accounts.json").exists() {
        return Err(Refusal::new(1, format!("`{}` holds a repository already", folder.display())));
    }
    let mut files = vec![
        ("accounts.json".to_owned(), include_str!("../../sample/accounts.json.in").to_owned()),
        ("common.hcl".to_owned(), include_str!("../../sample/common.hcl.in").to_owned()),
        ("terragrunt.hcl".to_owned(), include_str!("../../sample/root.hcl.in").to_owned()),
        ("_envcommon/mgmt/ecs-deploy-runner.hcl".to_owned(), include_str!("../../sample/envcommon.hcl.in").to_owned()),
    ];
    for (name, id) in ACCOUNTS {
        let account = include_str!("../../sample/account.hcl.in").replace("@NAME@", name).replace("@ID@", id);
        let unit = match *name {
            BUILDER => include_str!("../../sample/unit-with-builder.hcl.in"),
            _ => include_str!("../../sample/unit.hcl.in"),
        };
        files.extend([
            (format!("{name}/account.hcl"), account),
            (format!("{name}/us-east-1/region.hcl"), include_str!("../../sample/region.hcl.in").to_owned()),
            (format!("{name}/us-east-1/mgmt/ecs-deploy-runner/terragrunt.hcl"), unit.to_owned()),
        ]);
    }
    for (path, text) in &files {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent).and_then(|()| fs::write(&file, text)).map_err(|error| store::at(&file, error))?;
    }
    out::line(&format!("{} files in {}", files.len(), folder.display()));
    Ok(())
}
