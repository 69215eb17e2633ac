//! The repository's own build scripts, `build_deploy_runner_image.sh` and `build_kaniko_image.sh`: the arguments that they
//! give to `infrastructure-deployer`, as far as they are plain. Nothing is run.

mod call;
mod lex;
mod values;

pub use call::Recipe;
pub use values::Said;

use super::{Repository, discover, files, walk};
use crate::model::{Failure, ImageName, Place, Tag, UnitPath, regular};

/// The folder in which a Reference Architecture keeps its build scripts.
const FOLDER: &str = "container_images";

/// A build script.
#[derive(Debug)]
pub struct Script {
    /// The file, relative to the root.
    pub file: String,
    /// The image that its name says it builds.
    pub image: Option<ImageName>,
    text: Result<String, String>,
}

impl Script {
    /// A script by its text, which nobody has to have on disk.
    pub fn of(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), image: named_after(file), text: Ok(text.to_owned()) }
    }

    /// What it passes to `infrastructure-deployer` if it builds this tag, or why that can't be known.
    pub fn read(&self, tag: &Tag) -> Result<Recipe, Failure> {
        let not_understood = |line: Option<usize>, why: &str| {
            let place = line.map_or_else(|| Place::file(&self.file), |line| Place::line(&self.file, line));
            Failure::refused(format!("a build script of this repository is not understood: {why}")).at(place)
        };
        let text = self.text.as_ref().map_err(|error| not_understood(None, error))?;
        let commands =
            lex::commands(text).map_err(|line| not_understood(Some(line), "a quote or bracket never ends"))?;
        call::read(&commands, tag).map_err(|(line, why)| not_understood(line, &why))
    }

    /// A line of it, for messages.
    pub fn place(&self, line: usize) -> Place {
        Place::line(&self.file, line)
    }
}

impl Repository {
    /// The build scripts of this repository: every `build*.sh` below a folder `container_images`, by path.
    pub fn build_scripts(&self) -> Vec<Script> {
        let top = discover::git_root(&self.root).unwrap_or(&self.root);
        let scripts = walk::files_in(top, &[FOLDER]).into_iter().filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("build") && name.ends_with(".sh")
        });
        let script = |path: std::path::PathBuf| {
            let file = files::relative(&self.root, &path).display().to_string();
            let text = regular::text(&path).map_err(|error| format!("it can't be read: {error}"));
            Script { image: named_after(&file), file, text }
        };
        scripts.map(script).collect()
    }
}

/// The scripts that are nearest to a unit: of those for several accounts or regions, the ones of its own.
pub fn nearest<'s>(scripts: impl IntoIterator<Item = &'s Script>, unit: &UnitPath) -> Vec<&'s Script> {
    let shared =
        |script: &Script| script.file.split('/').zip(unit.as_str().split('/')).take_while(|(a, b)| a == b).count();
    let mut scripts: Vec<_> = scripts.into_iter().collect();
    let most = scripts.iter().map(|script| shared(script)).max().unwrap_or_default();
    scripts.retain(|script| shared(script) == most);
    scripts
}

fn named_after(file: &str) -> Option<ImageName> {
    let name = file.rsplit('/').next().unwrap_or_default().replace('-', "_");
    if name.contains("kaniko") {
        Some(ImageName::Kaniko)
    } else if name.contains("deploy_runner") && !name.contains("worker") {
        Some(ImageName::DeployRunner)
    } else {
        None
    }
}
