//! The accounts files: which accounts there are, and what their ids are.

mod list;
mod owner;

use std::path::Path;

pub(super) use list::Listed;
pub(super) use owner::{AccountFile, Allowed, DISPUTED, NoAccount, Says, folders};

use super::files::Files;
use super::{json, yaml};
use crate::model::{Failure, Place};

/// The names that an accounts file may have; a root may have several, as long as they agree.
pub const NAMES: [&str; 3] = ["accounts.json", "accounts.yml", "accounts.yaml"];

/// What an accounts file looks like.
const FORM: &str = "it has the name of each account with its id: {\"dev\": {\"id\": \"111122223333\"}}";

/// Whether the folder has an accounts file.
pub(super) fn is_in(dir: &Path) -> bool {
    NAMES.iter().any(|name| dir.join(name).is_file())
}

/// Reads every accounts file of a folder.
pub(super) fn read(files: &Files, dir: &Path) -> Listed {
    let mut all = Listed::default();
    for path in NAMES.iter().map(|name| dir.join(name)).filter(|path| files.is_file(path)) {
        all.join(read_file(files, &path));
    }
    all
}

fn read_file(files: &Files, path: &Path) -> Listed {
    let file = files.name(path);
    let bytes = match files.bytes(path) {
        Ok(bytes) => bytes,
        Err(fault) => return Listed::failed(Failure::from(&fault)),
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Listed::failed(Failure::refused("the accounts file is not UTF-8").in_file(file));
    };
    let parsed = if file.ends_with(".json") {
        json::parse(text).map_err(|error| (error.what, Some((error.line, error.column))))
    } else {
        yaml::parse(text).map_err(|error| {
            let (what, line) = error.parts();
            (what.to_owned(), line.map(|line| (line, 1)))
        })
    };
    match parsed {
        Ok(node) => Listed::read(&node, &file),
        Err((what, at)) => {
            let place = Place { file, line: at.map(|at| at.0), column: at.map(|at| at.1) };
            let failure = Failure::refused(format!("cannot parse the accounts file: {what}")).at(place);
            Listed::failed(failure.hint(FORM))
        }
    }
}
