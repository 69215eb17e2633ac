//! The settings of a person: read from the environment and from the file that git ignores, and added to those of the
//! repository.

use std::io::ErrorKind;
use std::path::Path;

use crate::model::Failure;
use crate::repo::settings::{self, LOCAL};
use crate::repo::{Repository, Settings};
use crate::tools::env::{self, Env};
use crate::tools::state;

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

/// The text of the file; `None` if it is missing. It names programs that are started with this person's credentials, so it
/// is read as all of the state is, and refused where git tracks it.
pub fn read(root: &Path) -> Result<Option<String>, Failure> {
    let text = match state::read_to_string(&root.join(LOCAL)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::refused("cannot read the personal settings").in_file(LOCAL).because(error));
        }
    };
    state::check(root)?;
    Ok(Some(text))
}
