//! The settings of a person: read from the environment and from the file that git ignores, and added to those of the
//! repository.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::model::Failure;
use crate::repo::settings::{self, LOCAL};
use crate::repo::{Repository, Settings};
use crate::tools::env::{self, Env};

/// Adds them; what is wrong with them is wrong with the repository as it is used here.
pub fn add_to(repo: &mut Repository, vars: &Env) {
    let (variables, failures) =
        settings::of_variables(env::text(vars, settings::CREDENTIALS), env::text(vars, settings::PROFILE));
    repo.problems.extend(failures);
    if let Some(variables) = variables {
        repo.settings.add_personal(variables);
    }
    let (local, failures) = local(&repo.root);
    repo.problems.extend(failures);
    if let Some(local) = local {
        repo.settings.add_personal(local);
    }
}

fn local(root: &Path) -> (Option<Settings>, Vec<Failure>) {
    match read(root) {
        Ok(None) => (None, Vec::new()),
        Ok(Some(text)) => {
            let (settings, failures) = settings::read_local(&text);
            (Some(settings), failures)
        }
        Err(failure) => (None, vec![failure]),
    }
}

/// The text of the file; `None` if it is missing. It names programs that are started with this person's credentials, so
/// neither it nor its folder may be a link or another user's.
pub fn read(root: &Path) -> Result<Option<String>, Failure> {
    let cannot = |what: &str| Failure::refused(format!("the settings of a person {what}")).in_file(LOCAL);
    let path = root.join(LOCAL);
    let folder = path.parent().unwrap_or(root);
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("can't be read").because(error)),
        Ok(found) if !found.is_dir() => return Err(cannot("lie in a folder that is a link")),
        Ok(found) if !is_mine(&found) => return Err(cannot("lie in a folder of another user")),
        Ok(_) => {}
    }
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot("can't be read").because(error)),
    };
    let found = file.metadata().map_err(|error| cannot("can't be read").because(error))?;
    if !found.is_file() || !is_mine(&found) {
        return Err(cannot("must be a file of this user"));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| cannot("can't be read").because(error))?;
    Ok(Some(text))
}

fn is_mine(found: &fs::Metadata) -> bool {
    found.uid() == rustix::process::getuid().as_raw()
}
