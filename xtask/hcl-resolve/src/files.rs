//! The files of a repository: each is read and parsed once, and may be overlaid by texts that are not written yet.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use crate::generated::{Generated, Origin};
use crate::terraform::Engines;
use crate::{Fault, Place, Source, json, parse, regular};

/// The size in bytes of the largest file that is read as configuration. The time that reading takes grows with it, and
/// with the number of units that read it: some seconds at this size. A list of 10 000 accounts takes half of it.
const LARGEST: u64 = 2 << 20;

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    File,
    Folder,
    Other,
}

/// A variable of the environment that terragrunt and terraform will have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// It has this value.
    Is(String),
    /// It is not set.
    Unset,
    /// It is set in the user's shell, and is not passed on.
    Withheld,
    /// Nobody can tell yet.
    Unknown,
}

/// The variables that terragrunt and terraform will have, but those that are only set when a unit is run.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: Option<Arc<BTreeMap<String, String>>>,
    withheld: Arc<BTreeSet<String>>,
    /// What decides which program runs a unit.
    pub engines: Engines,
}

/// The beginnings of names of variables that are set for each unit when it is run.
const SET_LATER: [&str; 6] = ["AWS_", "TF_", "TG_", "TERRAGRUNT_", "GIT_SSH_COMMAND", "GIT_TERMINAL_PROMPT"];

impl Environment {
    /// An environment that is known.
    pub fn of(variables: BTreeMap<String, String>) -> Self {
        Self { variables: Some(Arc::new(variables)), ..Self::default() }
    }

    /// The same, where the user's shell also has these variables, which are not passed on.
    #[must_use]
    pub fn without(self, withheld: BTreeSet<String>) -> Self {
        Self { withheld: Arc::new(withheld), ..self }
    }

    /// Whether the variable may have a value, also one that is only set when a unit is run.
    fn may_have(&self, name: &str) -> bool {
        self.variables.as_ref().is_none_or(|all| all.contains_key(name))
    }

    fn variable(&self, name: &str) -> Variable {
        match &self.variables {
            Some(all) if !SET_LATER.iter().any(|prefix| name.starts_with(prefix)) => {
                let other = || if self.withheld.contains(name) { Variable::Withheld } else { Variable::Unset };
                all.get(name).map_or_else(other, |value| Variable::Is(value.clone()))
            }
            _ => Variable::Unknown,
        }
    }
}

/// What is worked out once for each path, faults included. The key is the path as it is written, whose hash takes a
/// fraction of that of a `Path`.
type Once<T> = Cache<OsString, Result<T, Fault>>;

/// The files below a root, and those outside it that configuration refers to. Several threads may ask at once.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    environment: Environment,
    generated: Arc<Generated>,
    overlay: BTreeMap<PathBuf, Arc<[u8]>>,
    bytes: Once<Arc<[u8]>>,
    parsed: Once<Arc<Source>>,
    /// What is copied into folders that are generated, parsed once for all of them.
    copied: Once<Arc<Source>>,
    decoded: Cache<String, Result<Arc<json::Node>, json::Error>>,
    there: Cache<OsString, There>,
}

impl Files {
    /// The files below an absolute root.
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            environment: Environment::default(),
            generated: Arc::default(),
            overlay: BTreeMap::new(),
            bytes: Once::default(),
            parsed: Once::default(),
            copied: Once::default(),
            decoded: Cache::default(),
            there: Cache::default(),
        }
    }

    /// The same files, read for an environment that is known.
    #[must_use]
    pub fn in_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// The same files, with folders that terragrunt will generate.
    #[must_use]
    pub fn generating(self, generated: Generated) -> Self {
        Self { generated: Arc::new(generated), ..self }
    }

    /// What a folder is generated from, if it is.
    pub fn origin(&self, dir: &Path) -> Option<&Origin> {
        self.generated.get(dir)
    }

    /// The folder with the stack file that begins what generates a folder, if it is generated.
    pub fn stack_of(&self, dir: &Path) -> Option<PathBuf> {
        let mut stack = None;
        let mut dir = dir;
        while let Some(origin) = self.origin(dir) {
            dir = origin.block.stack.parent()?;
            stack = Some(dir.to_owned());
        }
        stack
    }

    /// The path of what is read: that of the source, if the path is in a folder that is generated.
    pub fn real<'p>(&self, path: &'p Path) -> Cow<'p, Path> {
        if self.generated.is_empty() {
            return Cow::Borrowed(path);
        }
        let mut path = Cow::Borrowed(path);
        // What is copied may lie in a folder that is generated itself.
        for _ in 0..=self.generated.len() {
            let found = path.ancestors().find_map(|dir| Some((dir, self.generated.get(dir)?)));
            let Some((dir, origin)) = found else { break };
            let rest = path.strip_prefix(dir).unwrap_or(Path::new(""));
            let copied = origin.source.join(rest);
            path = Cow::Owned(copied);
        }
        path
    }

    /// The same files, without remembering which of them were read.
    pub fn aside(&self) -> Self {
        Self { generated: self.generated.clone(), overlay: self.overlay.clone(), ..Self::new(self.root.clone()) }
            .in_environment(self.environment.clone())
    }

    /// What decides which program runs a unit.
    pub fn engines(&self) -> Engines {
        self.environment.engines
    }

    /// A variable of the environment.
    pub fn variable(&self, name: &str) -> Variable {
        self.environment.variable(name)
    }

    /// Whether a variable of the environment may have a value.
    pub fn may_be_set(&self, name: &str) -> bool {
        self.environment.may_have(name)
    }

    /// The same files with other texts in some of them. What is parsed already stays so.
    pub fn overlaid(&self, overlay: BTreeMap<PathBuf, Arc<[u8]>>) -> Self {
        let is_same = |path: &OsString| !overlay.contains_key(&*self.real(Path::new(path)));
        let (bytes, parsed) = (self.bytes.copy(is_same), self.parsed.copy(is_same));
        let copied = self.copied.copy(is_same);
        let there = self.there.copy(|_| true);
        let (environment, generated) = (self.environment.clone(), self.generated.clone());
        Self {
            root: self.root.clone(),
            environment,
            generated,
            overlay,
            bytes,
            parsed,
            copied,
            decoded: Cache::default(),
            there,
        }
    }

    /// Forgets a file that turned out not to matter: neither does then whether somebody changes it.
    pub fn forget(&self, path: &Path) {
        self.bytes.forget(self.real(path).as_os_str());
        self.parsed.forget(path.as_os_str());
    }

    /// Lets go of everything but the bytes. Whoever asks again has it parsed again, from the same bytes.
    pub fn let_go_of_parsed(&self) {
        self.parsed.clear();
        self.copied.clear();
        self.decoded.clear();
        self.there.clear();
    }

    /// The path as people should read it: relative to the root where it is below it, and that of the source in a folder that
    /// is generated.
    pub fn name(&self, path: &Path) -> String {
        let path = &*self.real(path);
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The path of a file that [`Files::name`] gave this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The bytes of a file, read once.
    pub fn bytes(&self, path: &Path) -> Result<Arc<[u8]>, Fault> {
        let path = &*self.real(path);
        if let Some(bytes) = self.overlay.get(path) {
            return Ok(bytes.clone());
        }
        self.bytes.get(path.as_os_str(), || self.on_disk(path))
    }

    fn on_disk(&self, path: &Path) -> Result<Arc<[u8]>, Fault> {
        let fault = |error: std::io::Error| {
            let name = self.name(path);
            Fault::new(format!("cannot read `{name}`: {error}")).at(Place::file(name))
        };
        let size = regular::open(path).and_then(|file| file.metadata()).map_err(fault)?.len();
        if size > LARGEST {
            let name = self.name(path);
            let what = format!("`{name}` is too large to be read: it has {size} bytes, and at most {LARGEST} are read");
            return Err(Fault::new(what).at(Place::file(name)).limit());
        }
        regular::bytes(path).map(Arc::from).map_err(fault)
    }

    /// Every file that was read, as it was then.
    pub fn read(&self) -> Vec<(PathBuf, Arc<[u8]>)> {
        self.bytes.entries().into_iter().filter_map(|(path, bytes)| Some((path.into(), bytes.ok()?))).collect()
    }

    /// The files that are no longer what they were when they were read, by the name that people should read.
    pub fn changed(&self) -> Vec<String> {
        let is_changed = |path: &Path, before: &Result<Arc<[u8]>, Fault>| match (self.on_disk(path), before) {
            (Ok(now), Ok(before)) => now != *before,
            (now, before) => now.is_ok() != before.is_ok(),
        };
        let read = self.bytes.entries().into_iter();
        let changed = read
            .filter(|(path, before)| is_changed(Path::new(path), before))
            .map(|(path, _)| self.name(Path::new(&path)));
        let mut changed: Vec<_> = changed.collect();
        changed.sort();
        changed
    }

    /// A file of HCL, parsed once. In a folder that is generated it has the name of the file that is copied.
    pub fn hcl(&self, path: &Path) -> Result<Arc<Source>, Fault> {
        let parse = |path: &Path| parse::parse(&self.name(path), path, self.bytes(path)?);
        self.parsed.get(path.as_os_str(), || match self.real(path) {
            Cow::Borrowed(path) => parse(path),
            Cow::Owned(copied) => {
                let source = self.copied.get(copied.as_os_str(), || parse(&copied))?;
                Ok(Arc::new(source.copied_to(path.to_owned())))
            }
        })
    }

    /// The paths of all files that have been read.
    pub fn read_so_far(&self) -> Vec<PathBuf> {
        self.bytes.entries().into_iter().map(|(path, _)| path.into()).collect()
    }

    /// The files of HCL below the root that have been read, by name.
    pub fn sources(&self) -> Vec<Arc<Source>> {
        let inside = self.parsed.entries().into_iter().filter(|(path, _)| Path::new(path).starts_with(&self.root));
        let mut sources: Vec<_> = inside.filter_map(|(_, source)| source.ok()).collect();
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        // What is copied several times is one file.
        sources.dedup_by(|a, b| a.name == b.name);
        sources
    }

    /// The JSON in the text of a file, decoded once; `name` is the file as people should read it.
    pub fn json(&self, name: &str, text: &str) -> Result<Arc<json::Node>, json::Error> {
        self.decoded.get(name, || json::parse(text).map(Arc::new))
    }

    /// Whether there is a file at the path.
    pub fn is_file(&self, path: &Path) -> bool {
        self.there(path) == There::File
    }

    /// Whether there is a folder at the path.
    pub fn is_folder(&self, path: &Path) -> bool {
        self.there(path) == There::Folder
    }

    /// Whether there is anything at the path.
    pub fn exists(&self, path: &Path) -> bool {
        self.there(path) != There::Nothing
    }

    fn there(&self, path: &Path) -> There {
        let is_above_generated = || {
            let below = (Bound::Included(path), Bound::Unbounded);
            self.generated.range::<Path, _>(below).next().is_some_and(|(dir, _)| dir.starts_with(path))
        };
        self.there.get(path.as_os_str(), || match std::fs::metadata(self.real(path)) {
            Ok(metadata) if metadata.is_file() => There::File,
            Ok(metadata) if metadata.is_dir() => There::Folder,
            Ok(_) => There::Other,
            Err(_) if is_above_generated() => There::Folder,
            Err(_) => There::Nothing,
        })
    }
}

/// The path without `.`, `..` and doubled slashes, as Go's `filepath.Clean` makes it: links are not followed.
pub fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => clean.push(".."),
            },
            other => clean.push(other),
        }
    }
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

/// The way from one absolute folder to another.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| OsStr::new(".."));
    let way: PathBuf = up.chain(to[shared..].iter().map(|part| part.as_os_str())).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, wanted) in [
            ("/a/b/../c", "/a/c"),
            ("/../a", "/a"),
            ("a/./b//c/", "a/b/c"),
            ("../../a", "../../a"),
            ("a/../..", ".."),
            ("", "."),
            ("a/..", "."),
        ] {
            assert_eq!(clean(Path::new(path)), Path::new(wanted), "{path}");
        }
    }

    #[test]
    fn the_way_between_two_folders_goes_over_their_common_parent() {
        for (from, to, way) in
            [("/a/b", "/a/c/d", "../c/d"), ("/a", "/a", "."), ("/a", "/a/b", "b"), ("/a/b", "/a", "..")]
        {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way));
        }
    }
}
