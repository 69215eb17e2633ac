//! Which folders deploy a runner: by the source of their module, by the shape of their inputs, by a module in between, or by
//! an input that a pin decides which decides the tag of a runner elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use aho_corasick::AhoCorasick;

use super::cache::Cache;
use super::generated::{self, Extra};
use super::hcl::frame::VALUES;
use super::hcl::terraform::layer;
use super::hcl::{Evaluator, Fault, Frame, Kind, Origin, Source, Value};
use super::module::Module;
use super::settings::Settings;
use super::stacks::Unclear;
use super::terraform::working::{Role, WorkingFolder};
use super::unit::known_text;
use super::{Files, Unit, discover, passed, pins, stacks, terraform};
use crate::model::{ImageName, Known};

/// Inputs that only the module of a deploy runner has.
pub(super) const RUNNER_INPUTS: [&str; 5] = [
    "ami_builder_config",
    "container_images",
    "docker_image_builder_config",
    "terraform_applier_config",
    "terraform_planner_config",
];
/// Those of them that no other module has.
pub(super) const TELLING: [&str; 3] =
    ["docker_image_builder_config", "terraform_applier_config", "terraform_planner_config"];
/// What the module, a unit or an input of a runner may be called, where nothing better is known.
const NAMES: [&str; 2] = ["deploy-runner", "deploy_runner"];
/// A name that is shorter is looked for as a word of its own: as a part of another it says nothing.
const SHORTEST_NAME: usize = 5;

/// What a folder turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A runner.
    Runner,
    /// Something that takes a tag of the runner's images: the inputs, each with its image.
    TakesTag(Vec<(String, ImageName)>),
    /// Something that bears the name of the runner's module and takes none of its images.
    NameAlone,
    /// Something else.
    Other,
}

/// The pins that decide the tags of the runners that are known so far.
#[derive(Debug, Default)]
pub(super) struct KnownPins {
    pins: BTreeMap<(String, usize), ImageName>,
    /// Words of which a file that refers to one of them has at least one.
    words: BTreeSet<String>,
}

impl KnownPins {
    pub(super) fn of<'u>(units: impl Iterator<Item = &'u Unit>) -> Self {
        let mut known = Self::default();
        for unit in units {
            for (image, pin) in pins::pins_of(unit) {
                known.pins.insert((pin.file.clone(), pin.span.start), image);
                known.words.insert(pin.key.clone());
            }
            let deciders = unit.images.values().flatten().flat_map(|uses| &uses.deciders);
            for hop in deciders.flat_map(|decider| &decider.trail.hops) {
                let last = hop.expression.rsplit(['.', ' ', '"', '[', '(']).next().unwrap_or_default();
                known.words.insert(last.trim_end_matches(['}', ']', ')', '"']).to_owned());
            }
        }
        let is_word = |word: &String| word.bytes().all(is_of_name) && !word.bytes().all(|byte| byte.is_ascii_digit());
        known.words.retain(is_word);
        known
    }

    /// Whether a text has a word by which one of them is referred to.
    pub(super) fn are_mentioned_in(&self, text: &[u8]) -> bool {
        self.words
            .iter()
            .any(|word| memchr::memmem::find_iter(text, word.as_bytes()).any(|at| is_name(text, at..at + word.len())))
    }

    /// Whether there is anything that `other` doesn't have.
    pub(super) fn has_more_than(&self, other: &Self) -> bool {
        self.pins.keys().any(|pin| !other.pins.contains_key(pin))
    }
}

/// Tells what folders are; what was found out about shared files and modules is kept.
#[derive(Debug)]
pub(super) struct Shapes<'s> {
    files: &'s Files,
    settings: &'s Settings,
    pins: &'s KnownPins,
    words: Words,
    mentions: Cache<PathBuf, bool>,
    generators: Cache<PathBuf, bool>,
    roles: Cache<WorkingFolder, Role>,
}

impl<'s> Shapes<'s> {
    pub(super) fn new(files: &'s Files, settings: &'s Settings, pins: &'s KnownPins) -> Self {
        let words = Words::new(RUNNER_INPUTS.into_iter().chain(pins.words.iter().map(String::as_str)));
        Self {
            files,
            settings,
            pins,
            words,
            mentions: Cache::default(),
            generators: Cache::default(),
            roles: Cache::default(),
        }
    }

    /// What the folder with this configuration is. A published module that deploys a runner does so whatever its inputs are;
    /// of others the inputs tell.
    pub(super) fn verdict(&self, evaluator: &Evaluator<'_>, frame: &Rc<Frame>, dir: &Path) -> Verdict {
        if !self.settings.tag_inputs(&self.files.path(""), dir).is_empty() {
            return Verdict::Runner;
        }
        let module = Module::of(evaluator, frame);
        let folder = passed::working_folder(evaluator, frame);
        if folder.is_none() && module.is_published_runner() {
            return Verdict::Runner;
        }
        let folder = folder.as_ref();
        let is_wrapper = || folder.is_some_and(|folder| self.role(folder) == Role::PassesOn);
        let by_source = module.is_runner();
        let is_named = discover::is_named_so(dir);
        if by_source == Some(true) || is_named {
            // What can't be read is told of.
            let inputs = self.inputs(evaluator, frame, folder);
            let configures = inputs.as_ref().map_or(None, configures_runner);
            return match (by_source, configures) {
                (None, _) => Verdict::Runner,
                (Some(_), Some(false)) if is_wrapper() => Verdict::Runner,
                (Some(true), Some(false)) => Verdict::NameAlone,
                (Some(false), Some(false)) => {
                    inputs.map_or(Verdict::Other, |inputs| self.takes_tag(evaluator, frame, folder, &inputs))
                }
                _ => Verdict::Runner,
            };
        }
        if is_wrapper() {
            return Verdict::Runner;
        }
        if self.generates_runner(evaluator, frame) {
            return Verdict::Runner;
        }
        let takes_by_default = || folder.is_some_and(|folder| self.role(folder) == Role::Takes);
        let may_take = by_source.is_none() || self.is_mentioned(evaluator, frame, dir) || takes_by_default();
        match may_take.then(|| self.inputs(evaluator, frame, folder)) {
            Some(Ok(inputs)) => {
                let is_shaped = match by_source {
                    None => configures_runner(&inputs) == Some(true),
                    Some(_) => has_shape(&inputs),
                };
                if is_shaped { Verdict::Runner } else { self.takes_tag(evaluator, frame, folder, &inputs) }
            }
            // What can't be read is told of.
            Some(Err(_)) if self.may_be_shaped(frame, dir) => Verdict::Runner,
            _ => Verdict::Other,
        }
    }

    /// Whether a configuration that can't be read may be that of a runner, as far as bytes can tell.
    pub(super) fn looks_like_one(&self, text: &[u8]) -> bool {
        super::module::may_name_runner(text) || TELLING.iter().any(|name| has(text, name))
    }

    /// Whether a configuration whose inputs can't be worked out may have those of a runner, as far as bytes can tell.
    fn may_be_shaped(&self, frame: &Frame, dir: &Path) -> bool {
        TELLING.iter().any(|name| has(&frame.source.bytes, name))
            || stacks::are_values_in(self.files, dir, &|text| self.looks_like_one(text))
    }

    fn inputs(
        &self,
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        folder: Option<&WorkingFolder>,
    ) -> Result<Value, Fault> {
        let layers = passed::layers(evaluator.files, self.settings.pass_environment(), evaluator, frame)?;
        match folder.filter(|folder| self.role(folder) == Role::Takes) {
            Some(folder) => Ok(terraform::taken(self.files, (folder, frame.dir()), &layers)?.0),
            None => layer::joined(&layers, evaluator.files),
        }
    }

    /// Whether a `generate` block writes the call of a runner's module.
    fn generates_runner(&self, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> bool {
        let names_one = |frame: &Rc<Frame>| {
            self.generators.get(&frame.source.path, || {
                has(&frame.source.bytes, "generate") && super::module::may_name_runner(&frame.source.bytes)
            })
        };
        frame.with_includes(evaluator).unwrap_or_default().iter().any(names_one)
            && generated::all(self.files, evaluator, frame).iter().any(Extra::calls_runner)
    }

    /// What the module in this folder is to a runner.
    fn role(&self, folder: &WorkingFolder) -> Role {
        self.roles.get(folder, || folder.role(self.files))
    }

    /// Whether the unit's own file, one that it includes, or one with its values has a word of what makes a runner. Most have
    /// none, so that their inputs need not be worked out.
    fn is_mentioned(&self, evaluator: &Evaluator<'_>, frame: &Rc<Frame>, dir: &Path) -> bool {
        let mentions = |source: &Source| self.words.are_in(&source.bytes);
        if mentions(&frame.source) {
            return true;
        }
        let included = frame.with_includes(evaluator).unwrap_or_default();
        if included.iter().skip(1).any(|frame| self.mentions.get(&frame.source.path, || mentions(&frame.source))) {
            return true;
        }
        let has_values = self.files.origin(dir).is_some() || self.files.exists(&dir.join(VALUES));
        has_values
            && (stacks::passes_whole(self.files, dir, &frame.source)
                || stacks::are_values_in(self.files, dir, &|text| self.words.are_in(text)))
    }

    /// Whether a part of a stack that can't be worked out may be a runner, by its text or by the values that it passes on.
    pub(super) fn is_about_runner(&self, unclear: &Unclear) -> bool {
        let is_named = unclear.unit.as_ref().is_some_and(|(dir, ..)| discover::is_named_so(dir));
        is_named
            || self.looks_like_one(&unclear.text)
            || NAMES.iter().any(|name| has(&unclear.text, name))
            || unclear.block.as_ref().is_some_and(|block| {
                let values = block.values(self.files).ok().flatten();
                values.is_some_and(|values| has_shape(&values) || self.image_of(&values).is_some())
            })
    }

    /// The inputs that a known pin decides: those that are meant for its module, by where they are written, and that it has,
    /// where it is on this disk. Other published modules are known to be something else, and tags of AWS say what is
    /// deployed elsewhere.
    fn takes_tag(
        &self,
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        folder: Option<&WorkingFolder>,
        inputs: &Value,
    ) -> Verdict {
        let Kind::Map(map) = &inputs.kind else { return Verdict::Other };
        let taken = map.entries.iter().filter_map(|(name, value)| Some((name.clone(), self.image_of(value)?)));
        let mut taken: Vec<_> = taken.collect();
        if taken.is_empty() || (folder.is_none() && Module::of(evaluator, frame).is_published()) {
            return Verdict::Other;
        }
        let declared = folder.and_then(|folder| terraform::variables(self.files, folder));
        let meant = meant_for_module(evaluator, frame);
        let counts = |name: &String| {
            let is_of_aws = name == "tags" || name.ends_with("_tags");
            !is_of_aws && meant.contains(name) && declared.as_ref().is_none_or(|names| names.contains(name))
        };
        taken.retain(|(name, _)| counts(name));
        if taken.is_empty() { Verdict::Other } else { Verdict::TakesTag(taken) }
    }

    fn image_of(&self, value: &Value) -> Option<ImageName> {
        match &value.kind {
            Kind::Map(map) => map.entries.values().find_map(|value| self.image_of(value)),
            Kind::List(items) | Kind::Set(items) => items.iter().find_map(|value| self.image_of(value)),
            _ => {
                let (file, start) = match value.origin.first() {
                    Origin::Literal(span) => (span.source.name.clone(), span.range.start),
                    Origin::Datum { file, span, .. } => (file.to_string(), span.start),
                    Origin::Data { file, line: None } => (file.to_string(), 0),
                    _ => return None,
                };
                self.pins.pins.get(&(file, start)).copied()
            }
        }
    }
}

/// What the module of a unit of Terragrunt is given.
fn inputs(files: &Files, settings: &Settings, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Value, Fault> {
    let layers = passed::layers(files, settings.pass_environment(), evaluator, frame)?;
    layer::joined(&layers, files)
}

/// One of the inputs, as a text.
pub(super) fn input(
    files: &Files,
    settings: &Settings,
    evaluator: &Evaluator<'_>,
    frame: &Rc<Frame>,
    name: &str,
) -> Known<String> {
    let given = match inputs(files, settings, evaluator, frame) {
        Ok(Value { kind: Kind::Map(map), .. }) => match (map.entries.get(name), &map.open) {
            (Some(value), _) if !value.is_null() => return known_text(value),
            (_, Some(reason)) => Err(reason.to_string()),
            (_, None) => Err(format!("no input gives `{name}`")),
        },
        Ok(value) => Err(value.unknown_reason().map_or_else(|| "there are no inputs".to_owned(), ToString::to_string)),
        Err(fault) => Err(fault.in_one_line()),
    };
    given.map_or_else(Known::Unknown, Known::Value)
}

/// The inputs that the unit's own file gives, or a file that also names the module. What a file for many units gives, such
/// as a tag for all resources, says nothing about one of them.
fn meant_for_module(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> BTreeSet<String> {
    let names_module = |frame: &Frame| {
        let mut blocks = frame.source.body.blocks_named("terraform");
        blocks.any(|block| block.body.attributes.contains_key("source"))
    };
    let mut names = BTreeSet::new();
    for (n, frame) in frame.with_includes(evaluator).unwrap_or_default().iter().enumerate() {
        let inputs = frame.source.body.attributes.get("inputs").filter(|_| n == 0 || names_module(frame));
        if let Some(Ok(Value { kind: Kind::Map(map), .. })) = inputs.map(|it| evaluator.value(&it.value, frame)) {
            names.extend(map.entries.keys().cloned());
        }
    }
    names
}

/// Whether inputs configure a runner; `None` if that can't be known.
fn configures_runner(inputs: &Value) -> Option<bool> {
    let Kind::Map(map) = &inputs.kind else { return None };
    let configures = RUNNER_INPUTS.iter().any(|name| map.entries.contains_key(*name));
    (configures || map.open.is_none()).then_some(configures)
}

/// Whether the inputs are those of a runner, whatever their module is called.
fn has_shape(inputs: &Value) -> bool {
    let Kind::Map(map) = &inputs.kind else { return false };
    let is_set = |name: &&str| map.entries.get(*name).is_some_and(|value| !value.is_null());
    TELLING.iter().any(is_set)
}

/// Words that are looked for in one go.
#[derive(Debug)]
struct Words(Option<AhoCorasick>);

impl Words {
    fn new<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        Self(AhoCorasick::new(words).ok())
    }

    /// Whether one of them is in a text; if there are too many to look for, one may be.
    fn are_in(&self, text: &[u8]) -> bool {
        self.0.as_ref().is_none_or(|words| words.find_overlapping_iter(text).any(|found| is_name(text, found.range())))
    }
}

/// Whether a name stands there: a short one by itself, a long one maybe as a part of another.
fn is_name(text: &[u8], range: Range<usize>) -> bool {
    let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| is_of_name(*byte));
    range.len() >= SHORTEST_NAME || (!is_inside(text[..range.start].last()) && !is_inside(text.get(range.end)))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}

fn has(text: &[u8], word: &str) -> bool {
    memchr::memmem::find(text, word.as_bytes()).is_some()
}
