//! What is at the crate's place already: nothing, an earlier copy of ours, or something of somebody else's, which stays.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use ignore::WalkBuilder;

use super::record::Record;
use super::{crates, workspace};
use crate::model::{Failure, Failures, regular};
use crate::tools::process::quoted;

/// The folder of the crate, in the root of the repository.
pub(super) const FOLDER: &str = "xtask";
/// How deep below the root another package called `xtask` is looked for.
const DEEPEST: usize = 4;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct There {
    /// Every file below the folder, by path from there.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What an earlier adoption noted.
    pub(super) record: Option<Record>,
}

/// Looks at what is there; whatever isn't ours is a refusal.
pub(super) fn look(root: &Path) -> Result<There, Failures> {
    let folder = root.join(FOLDER);
    let foreign = |place: String| {
        let what = "this repository has an `xtask` of its own, and that stays as it is";
        Failures::from(outside(Failure::refused(what).in_file(place), root))
    };
    if let Some(other) = other_package(root) {
        return Err(foreign(other));
    }
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(There::default()),
        Ok(metadata) if metadata.is_dir() => {}
        _ => return Err(foreign(FOLDER.to_owned())),
    }
    let cannot =
        |error: io::Error| Failure::refused("cannot read what is there already").in_file(FOLDER).because(error);
    let mut files = BTreeMap::new();
    collect(&folder, &folder, &mut files).map_err(cannot)?;
    let record = Record::read(&folder)?;
    if !files.is_empty() && record.is_none() && !crates::is_ours(&folder) {
        return Err(foreign(format!("{FOLDER}/Cargo.toml")));
    }
    Ok(There { files, record })
}

/// What to do where something else is called `xtask`.
pub(super) fn outside(failure: Failure, root: &Path) -> Failure {
    let root = quoted(&root.to_string_lossy());
    failure
        .hint(format!("leave the repository as it is, and name it from here: cargo xtask --repo {root} units"))
        .hint("or give the other one another name, its package, folder and alias, and adopt again")
}

fn collect(top: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
        let kind = entry?;
        if kind.is_dir() {
            collect(top, &path, files)?;
            continue;
        }
        let name = path.strip_prefix(top).unwrap_or(&path).display().to_string();
        // What a link says is where it leads; what it leads to is not ours to read.
        let bytes =
            if kind.is_file() { regular::bytes(&path)? } else { fs::read_link(&path)?.display().to_string().into() };
        files.insert(name, bytes);
    }
    Ok(())
}

/// The manifest of another member of the workspace that is called `xtask`.
fn other_package(root: &Path) -> Option<String> {
    let text = regular::text(root.join(workspace::FILE)).ok()?;
    let members = workspace::members_of(&text);
    if members.is_empty() {
        return None;
    }
    let manifests = WalkBuilder::new(root).require_git(false).max_depth(Some(DEEPEST)).build().flatten();
    let folders = manifests.filter(|entry| entry.file_name() == workspace::FILE).filter_map(|entry| {
        let folder = entry.path().parent()?;
        let name = folder.strip_prefix(root).ok()?.to_str()?.to_owned();
        (name != FOLDER && crates::name(folder).as_deref() == Some("xtask")).then_some(name)
    });
    let mut folders = folders.filter(|folder| members.iter().any(|member| workspace::covers(member, folder)));
    folders.next().map(|folder| format!("{folder}/{}", workspace::FILE))
}

/// The names of files, all in one list, as far as a person reads.
pub(super) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> Vec<String> {
    const MANY: usize = 12;
    let n = names.len();
    let mut lines: Vec<_> = names.take(MANY).map(|name| format!("{FOLDER}/{name}")).collect();
    if n > MANY {
        lines.push(format!("and {} more", n - MANY));
    }
    lines
}
