//! Finding the outside programs: all that are missing are named together, and a stand-in is told from the real thing.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Failure, Failures, Version};
use crate::tools::answer;
use crate::tools::env::Env;

/// Where programs were found, by the name by which they are called.
#[derive(Clone, Debug, Default)]
pub struct Programs(BTreeMap<String, PathBuf>);

/// Whether stand-ins are what this run is to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tools {
    /// The real programs; stand-ins are refused.
    Real,
    /// The stand-ins of a rehearsal in this folder; anything else is refused.
    StandIns(PathBuf),
}

/// The file beside the folder of stand-ins that makes them work, and by which they are known.
pub const WORLD: &str = "world.json";

impl Programs {
    /// Finds every program on the `PATH` in `vars`, or names all that are missing or not what this run may use.
    pub fn find(names: &[&str], cwd: &Path, vars: &Env, tools: &Tools) -> Result<Self, Failures> {
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        let mut failures = Vec::new();
        for &name in names {
            match locate(name, cwd, vars) {
                None if missing.contains(&name) => {}
                None => missing.push(name),
                Some(path) => match judge(name, &path, tools) {
                    Ok(()) => drop(found.insert(name.to_owned(), path)),
                    Err(failure) => failures.push(failure),
                },
            }
        }
        if !missing.is_empty() {
            failures.push(not_found(&missing));
        }
        Failures::check(failures)?;
        Ok(Self(found))
    }

    /// The path of a program that was asked for in [`Programs::find`].
    pub fn path(&self, name: &str) -> &Path {
        self.0.get(name).expect("only programs that were looked for are asked for")
    }
}

/// The path of a program, if it is there. A shim of a version manager is taken as it is: it decides by the folder that it
/// is called in.
pub fn locate(name: &str, cwd: &Path, vars: &Env) -> Option<PathBuf> {
    which::which_in(name, vars.get(OsStr::new("PATH")), cwd).ok()
}

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// The version that a program tells of itself, on either stream.
pub fn version(program: &Path, cwd: &Path, vars: &Env) -> Option<Version> {
    let answer = answer::ask(program, &["--version"], cwd, vars, PATIENCE).ok()?;
    version_in(&answer.stdout).or_else(|| version_in(&answer.stderr))
}

/// The first word of a text that is a version.
fn version_in(text: &str) -> Option<Version> {
    text.split(|letter: char| letter.is_whitespace() || "/,()".contains(letter)).find_map(Version::parse)
}

/// The folder of the rehearsal that a program belongs to, if it is a stand-in.
pub fn world_of(program: &Path) -> Option<PathBuf> {
    let real = std::fs::canonicalize(program).ok()?;
    let world = real.parent()?.parent()?;
    world.join(WORLD).is_file().then(|| world.to_owned())
}

fn judge(name: &str, path: &Path, tools: &Tools) -> Result<(), Failure> {
    match (world_of(path), tools) {
        (None, Tools::Real) => Ok(()),
        (Some(world), Tools::StandIns(expected)) if world == *expected => Ok(()),
        (Some(_), _) => Err(Failure::refused(format!("`{name}` is the stand-in of a rehearsal, not the real program"))
            .in_file(path.display().to_string())
            .hint("take that folder out of PATH")),
        (None, Tools::StandIns(_)) => Err(Failure::refused(format!(
            "a rehearsal would have used the real `{name}`, which could change an account"
        ))
        .in_file(path.display().to_string())),
    }
}

fn not_found(missing: &[&str]) -> Failure {
    let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
    let failure = Failure::refused(format!("{} not found on PATH", names.join(", ")));
    missing.iter().fold(failure, |failure, name| match where_from(name) {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}

fn where_from(name: &str) -> Option<&'static str> {
    Some(match name {
        "terragrunt" => "terragrunt: https://docs.terragrunt.com/getting-started/install/",
        "infrastructure-deployer" => {
            "infrastructure-deployer comes with terraform-aws-ci: `gruntwork-install --binary-name infrastructure-deployer --repo https://github.com/gruntwork-io/terraform-aws-ci --tag TAG`; or build with docker on this machine: `cargo xtask build-images --how local-docker`"
        }
        "docker" => "docker, with buildx: https://docs.docker.com/engine/install/",
        "aws" => "aws: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn on_path(folder: &Path) -> Env {
        Env::from([("PATH".into(), folder.as_os_str().to_owned())])
    }

    #[test]
    fn all_missing_programs_are_named_together() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = ["aws-vault", "terragrunt"];
        let failures = Programs::find(&wanted, folder.path(), &on_path(folder.path()), &Tools::Real).unwrap_err();
        let text: Vec<_> = failures.iter().map(|failure| failure.what.as_str()).collect();
        assert_eq!(text, ["`aws-vault`, `terragrunt` not found on PATH"]);
    }

    #[test]
    fn a_stand_in_is_refused_in_earnest_and_the_real_program_in_a_rehearsal() {
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().canonicalize().unwrap();
        program(&world.join("bin/terragrunt"));
        let vars = on_path(&world.join("bin"));
        let find = |tools: &Tools| Programs::find(&["terragrunt"], &world, &vars, tools);
        assert!(find(&Tools::Real).is_ok());
        assert!(find(&Tools::StandIns(world.clone())).is_err());
        std::fs::write(world.join(WORLD), "{}").unwrap();
        assert!(find(&Tools::Real).is_err());
        assert!(find(&Tools::StandIns(world.clone())).is_ok());
        assert!(find(&Tools::StandIns("/another".into())).is_err());
    }

    #[test]
    fn every_program_says_its_version_in_its_own_way() {
        for (text, version) in [
            ("terragrunt version v1.1.3", "v1.1.3"),
            ("aws-cli/2.31.0 Python/3.13.7 Linux/6.8.0 exe/x86_64", "v2.31.0"),
            ("Terraform v1.11.4\non linux_amd64\n", "v1.11.4"),
            ("OpenTofu v1.11.0", "v1.11.0"),
            ("git version 2.43.0", "v2.43.0"),
            ("v7.2.0\n", "v7.2.0"),
        ] {
            assert_eq!(version_in(text).map(|it| it.to_string()).as_deref(), Some(version), "{text}");
        }
        assert_eq!(version_in("terragrunt version latest"), None);
    }
}
