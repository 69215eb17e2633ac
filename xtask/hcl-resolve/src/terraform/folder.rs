//! The files of one folder of Terraform, in the order in which Terraform takes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::engine::Engine;
use super::layer::{self, Layer};
use crate::Place;
use crate::files::{Files, clean};
use crate::json;
use crate::{Fault, Frame};

/// A file of JSON: its name as people should read it, and what it says.
pub type Json = (Arc<str>, json::Node);

/// A folder with `*.tf`, read.
#[derive(Debug)]
pub struct Folder {
    /// The folder, absolute.
    pub dir: PathBuf,
    /// The files, overriding ones left out, by name.
    pub plain: Vec<Rc<Frame>>,
    /// The files that override parts of the others, by name.
    pub overriding: Vec<Rc<Frame>>,
    /// The same in JSON, overriding or not.
    pub json: Vec<Json>,
    /// What gives variables their values; a later one wins.
    pub tfvars: Vec<Layer>,
    /// A file that only OpenTofu reads, without one of its name for Terraform, if there is one.
    pub tofu: Option<Place>,
    /// The program that it is read for.
    pub engine: Engine,
}

/// The files of Terraform that come together in one folder, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    all: BTreeMap<String, PathBuf>,
    engine: Engine,
}

impl Listing {
    /// Those in a folder; what Terraform leaves out is left out.
    pub fn of(files: &Files, dir: &Path, engine: Engine) -> Self {
        let mut listing = Self { all: BTreeMap::new(), engine };
        listing.add(files, dir);
        listing
    }

    /// Adds those in another folder, which replace files of the same name.
    pub fn add(&mut self, files: &Files, dir: &Path) {
        let entries = fs::read_dir(files.real(dir)).into_iter().flatten().flatten();
        let is_left_out =
            |name: &str| name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let names = names.filter(|name| is_tf(name) && !is_left_out(name));
        self.all.extend(names.map(|name| (name.clone(), dir.join(name))));
    }

    /// The same files, for another program.
    #[must_use]
    pub fn for_engine(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }

    /// The listing as each program reads it: the one that it is for first.
    pub fn each_way(self) -> Vec<Self> {
        let engines = match self.engine {
            engine if !self.all.keys().any(|name| is_tofu(name)) => vec![engine],
            Engine::Terraform => vec![Engine::Terraform, Engine::OpenTofu],
            Engine::OpenTofu | Engine::Unknown => vec![Engine::OpenTofu, Engine::Terraform],
        };
        engines.into_iter().map(|engine| self.clone().for_engine(engine)).collect()
    }

    /// Each file that is read, with its name, sorted.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        let is_read = |name: &str| match self.engine {
            Engine::Terraform => !is_tofu(name),
            Engine::OpenTofu | Engine::Unknown => !self.all.contains_key(&for_tofu(name)),
        };
        self.all.iter().map(|(name, path)| (name.as_str(), path.as_path())).filter(move |(name, _)| is_read(name))
    }

    /// A file for OpenTofu that has none of its name for Terraform.
    pub fn only_tofu(&self) -> Option<&Path> {
        let has_twin = |name: &str| self.twins().any(|(tofu, _)| tofu == name);
        self.all.iter().find(|(name, _)| is_tofu(name) && !has_twin(name)).map(|(_, path)| path.as_path())
    }

    /// The files of which OpenTofu and Terraform each have one of their own: the name and the path of that for OpenTofu, and
    /// the path of the other one.
    fn twins(&self) -> impl Iterator<Item = (&str, (&Path, &Path))> {
        self.all.iter().filter_map(|(name, path)| {
            let (tofu, other) = self.all.get_key_value(&for_tofu(name))?;
            Some((tofu.as_str(), (other.as_path(), path.as_path())))
        })
    }

    /// A file that OpenTofu reads in the place of another one, where it is not known which program runs them and more than
    /// versions and providers may depend on that.
    fn differing(&self, files: &Files) -> Option<&Path> {
        let is_settings = |path: &Path| {
            let source = files.hcl(path).ok().filter(|_| path.extension().is_none_or(|ending| ending != "json"));
            source.is_some_and(|source| {
                source.body.attributes.is_empty() && source.body.blocks.iter().all(|block| block.kind == "terraform")
            })
        };
        let is_same = |(a, b)| (is_settings(a) && is_settings(b)) || files.bytes(a).ok() == files.bytes(b).ok();
        self.twins()
            .filter(|_| self.engine == Engine::Unknown)
            .find(|(_, twins)| !is_same(*twins))
            .map(|(_, (tofu, _))| tofu)
    }

    /// Whether it can't be read, since it is not known which program runs it.
    pub fn is_in_doubt(&self, files: &Files) -> bool {
        self.differing(files).is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The file of this name alone, if it is there.
    #[must_use]
    pub fn only(&self, name: &str) -> Self {
        let all = self.all.get_key_value(name).map(|(name, path)| (name.clone(), path.clone())).into_iter().collect();
        Self { all, engine: self.engine }
    }

    /// Whether one of these words is in the text of any, without parsing it.
    pub fn mentions(&self, files: &Files, words: &[&str]) -> bool {
        self.files().any(|(_, path)| {
            let bytes = files.bytes(path).ok();
            let text = bytes.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            words.iter().any(|word| text.contains(word))
        })
    }
}

/// Whether only OpenTofu reads a file of this name.
fn is_tofu(name: &str) -> bool {
    [".tofu", ".tofu.json"].iter().any(|ending| name.ends_with(ending))
}

/// The name of the file that OpenTofu reads in the place of this one.
fn for_tofu(name: &str) -> String {
    let json = if name.ends_with(".json") { ".json" } else { "" };
    let stem = name.strip_suffix(json).and_then(|name| name.strip_suffix(".tf"));
    stem.map(|stem| format!("{stem}.tofu{json}")).unwrap_or_default()
}

fn is_tf(name: &str) -> bool {
    is_tofu(name) || [".tf", ".tf.json"].iter().any(|ending| name.ends_with(ending))
}

/// Whether what a file of this name defines overrides parts of what others define.
pub fn is_overriding(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let stem = [".tf", ".tofu"].iter().find_map(|ending| stem.strip_suffix(ending)).unwrap_or(stem);
    stem == "override" || stem.ends_with("_override")
}

impl Folder {
    /// Reads a folder. `start` is the folder in which Terraform is started: paths in functions are relative to it.
    pub fn read(files: &Files, dir: &Path, start: &Path, engine: Engine) -> Result<Self, Fault> {
        Self::listed(files, dir, start, &Listing::of(files, dir, engine))
    }

    /// The same, where these are its files.
    pub fn listed(files: &Files, dir: &Path, start: &Path, listing: &Listing) -> Result<Self, Fault> {
        let mut folder = Self {
            dir: dir.to_owned(),
            plain: Vec::new(),
            overriding: Vec::new(),
            json: Vec::new(),
            tfvars: Vec::new(),
            tofu: listing.only_tofu().map(|path| Place::file(files.name(path))),
            engine: listing.engine,
        };
        if let Some(path) = listing.differing(files) {
            let what = "a file for OpenTofu differs from the one of its name for Terraform, and it is not known which of \
                        them will run it";
            let hint = "let `terraform-binary` in [workspace.metadata.xtask] in Cargo.toml say it";
            return Err(Fault::new(what).at(Place::file(files.name(path))).hint(hint));
        }
        for (name, path) in listing.files() {
            if name.ends_with(".json") {
                folder.json.push(read_json(files, path)?);
                continue;
            }
            let list = if is_overriding(name) { &mut folder.overriding } else { &mut folder.plain };
            list.push(Frame::of(files.hcl(path)?, start.join(name), false));
        }
        let values = layer::values_in(dir);
        for name in layer::automatic(values.iter().map(String::as_str)) {
            folder.take_values(files, name)?;
        }
        Ok(folder)
    }

    /// Takes the values of a file, by its name from the folder; they win over those that were taken before.
    pub fn take_values(&mut self, files: &Files, name: &str) -> Result<(), Fault> {
        self.tfvars.push(Layer::file(files, &clean(&self.dir.join(name)))?);
        Ok(())
    }

    /// The variables that the files of HCL declare; one that is overridden comes twice.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let blocks = self.frames().flat_map(|frame| frame.source.body.blocks_named("variable"));
        blocks.filter_map(|block| block.labels.first().map(String::as_str))
    }

    /// All files of HCL, those that override last.
    pub fn frames(&self) -> impl Iterator<Item = &Rc<Frame>> {
        self.plain.iter().chain(&self.overriding)
    }

    /// Whether Terraform is started in this folder, as far as anybody can see: modules that others call have none of this.
    pub fn is_root(&self, files: &Files) -> bool {
        let states = |frame: &Rc<Frame>| {
            let body = &frame.source.body;
            let mut settings = body.blocks_named("terraform").flat_map(|block| &block.body.blocks);
            body.blocks_named("provider").next().is_some()
                || settings.any(|block| block.kind == "backend" || block.kind == "cloud")
        };
        let in_json = |(_, node): &Json| json_names(node, "provider").next().is_some();
        self.frames().any(states) || self.json.iter().any(in_json) || has_state(files, &self.dir)
    }

    /// The files of JSON that define something of a kind, by its name.
    pub fn in_json(&self, kind: &str) -> BTreeMap<&str, Arc<str>> {
        let mut all = BTreeMap::new();
        for (name, node) in &self.json {
            for entry in json_names(node, kind) {
                all.insert(entry.key.as_str(), name.clone());
            }
        }
        all
    }
}

/// Whether Terraform was started in this folder, or is to be, as far as files beside the configuration tell.
pub fn has_state(files: &Files, dir: &Path) -> bool {
    [".terraform.lock.hcl", "terraform.tfstate"].iter().any(|name| files.is_file(&dir.join(name)))
        || !layer::values_in(dir).is_empty()
}

/// Reads a file of JSON; what is no JSON is a fault with its line.
pub fn read_json(files: &Files, path: &Path) -> Result<Json, Fault> {
    let name = files.name(path);
    let bytes = files.bytes(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Fault::new(format!("`{name}` is not UTF-8")).at(Place::file(&name)).fatal())?;
    let node = json::parse(text).map_err(|error| {
        let place = Place { file: name.clone(), line: Some(error.line), column: Some(error.column) };
        Fault::new(format!("cannot parse `{name}`: {}", error.what)).at(place).fatal()
    })?;
    Ok((Arc::from(name), node))
}

/// The entries of the objects under a key of a document: in JSON, blocks are objects or lists of them.
pub fn json_names<'n>(node: &'n json::Node, kind: &str) -> impl Iterator<Item = &'n json::Entry> {
    json_objects(node).filter(move |entry| entry.key == kind).flat_map(|entry| json_objects(&entry.node))
}

/// The entries of an object, or of all objects of a list.
pub fn json_objects(node: &json::Node) -> Box<dyn Iterator<Item = &json::Entry> + '_> {
    match &node.value {
        json::Value::Object(entries) => Box::new(entries.iter()),
        json::Value::Array(items) => Box::new(items.iter().flat_map(json_objects)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Whether a folder belongs to Terragrunt, which then decides what is passed to Terraform.
pub fn is_terragrunts(files: &Files, dir: &Path) -> bool {
    ["terragrunt.hcl", "terragrunt.hcl.json"].iter().any(|name| files.exists(&dir.join(name)))
}
