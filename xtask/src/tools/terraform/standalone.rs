//! terraform or tofu without terragrunt: the arguments of each thing that they are to do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::model::regular;
use crate::tools::terragrunt::{Action, LOCK_TIMEOUT, NO_COLOR};

/// What a unit of Terraform alone needs besides its folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standalone {
    /// The workspace, if the settings name one.
    pub workspace: Option<String>,
    /// Files of values that Terraform doesn't take by itself, absolute.
    pub var_files: Vec<PathBuf>,
    /// Whether the folder has a lock file of its providers.
    pub has_lock_file: bool,
}

impl Standalone {
    /// The arguments after the program. A lock file that somebody committed is obeyed and left as it is.
    pub fn arguments(&self, action: Action, plan: &Path) -> Vec<OsString> {
        let with = |option: &str, path: &Path| {
            let mut word = OsString::from(option);
            word.push(path);
            word
        };
        match action {
            Action::Init => {
                let lock_file = self.has_lock_file.then(|| "-lockfile=readonly".into());
                ["init", "-input=false", NO_COLOR].into_iter().map(OsString::from).chain(lock_file).collect()
            }
            Action::Plan => {
                let var_files = self.var_files.iter().map(|file| with("-var-file=", file));
                let words = ["plan", "-input=false", NO_COLOR, LOCK_TIMEOUT].into_iter().map(OsString::from);
                words.chain(var_files).chain([with("-out=", plan)]).collect()
            }
            Action::Show | Action::State | Action::Output | Action::Apply => action.arguments(plan),
        }
    }
}

/// The workspace that somebody has selected in a folder by hand, if it is not the default one.
pub fn selected_workspace(folder: &Path) -> Option<String> {
    let name = regular::text(folder.join(".terraform/environment")).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty() && name != "default")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(standalone: &Standalone, action: Action) -> String {
        let words = standalone.arguments(action, Path::new("/p/dev.tfplan"));
        words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_lock_file_is_obeyed_where_there_is_one() {
        let plain = Standalone::default();
        assert_eq!(words(&plain, Action::Init), "init -input=false -no-color");
        let locked = Standalone { has_lock_file: true, ..plain };
        assert_eq!(words(&locked, Action::Init), "init -input=false -no-color -lockfile=readonly");
    }

    #[test]
    fn files_of_values_belong_to_the_plan_alone() {
        let unit = Standalone { var_files: vec!["/r/dev.tfvars".into()], ..Standalone::default() };
        let plan = "plan -input=false -no-color -lock-timeout=120s -var-file=/r/dev.tfvars -out=/p/dev.tfplan";
        assert_eq!(words(&unit, Action::Plan), plan);
        assert_eq!(words(&unit, Action::Apply), "apply -input=false -no-color -lock-timeout=120s /p/dev.tfplan");
    }

    #[test]
    fn workspace_that_was_selected_by_hand_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(selected_workspace(folder.path()), None);
        std::fs::create_dir(folder.path().join(".terraform")).unwrap();
        for (text, seen) in [("default", None), ("", None), ("blue\n", Some("blue"))] {
            std::fs::write(folder.path().join(".terraform/environment"), text).unwrap();
            assert_eq!(selected_workspace(folder.path()).as_deref(), seen);
        }
    }
}
