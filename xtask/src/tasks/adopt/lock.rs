//! The lock file that comes with the crate, without what only its tests need: as cargo itself leaves it, so that the first
//! build changes nothing of it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::source::Source;
use super::texts::LOCK;
use super::{config, workspace};
use crate::tools::answer;
use crate::tools::env::{self, Env};

/// How long cargo may take. It reads its index, and asks no network.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lock file `tested`, for the crate alone in a workspace with this manifest and this configuration of cargo. Where
/// cargo can't tell, it stays as it was tested, and the first build leaves out the rest.
pub(super) fn of_crate(tested: &[u8], source: &Source, manifest: &[u8], cargo: &[u8], vars: &Env) -> Vec<u8> {
    let Ok(folder) = Folder::new() else { return tested.to_owned() };
    let program = env::text(vars, "CARGO").unwrap_or("cargo");
    let trimmed = || -> anyhow::Result<Vec<u8>> {
        folder.write(workspace::FILE, manifest)?;
        folder.write(config::file(&folder.0), cargo)?;
        folder.write(LOCK, tested)?;
        source.files.iter().try_for_each(|(name, bytes)| folder.write(format!("xtask/{name}"), bytes))?;
        answer::ask(program, &["update", "--workspace", "--offline", "--quiet"], &folder.0, vars, PATIENCE)?.text()?;
        Ok(fs::read(folder.0.join(LOCK))?)
    };
    trimmed().unwrap_or_else(|_| tested.to_owned())
}

/// A folder of our own, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("xtask-adopt-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
        fs::write(path, bytes)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
