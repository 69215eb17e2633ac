//! Finds the calls of a runner's module, in a root module and in the modules of the repository that it calls.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{Folder, json_names, json_objects};
use super::module::{Merged, Module};
use super::variables::Given;
use super::source;
use crate::model::{Known, Place};
use crate::repo::files::{self, Files, clean};
use crate::repo::hcl::syntax::{Block, ExprKind, Item, Key, Step};
use crate::repo::hcl::{Evaluator, Fault, Kind, Value};
use crate::repo::{json, unit};

/// How deep modules may call each other.
const DEEPEST: usize = 8;
/// The arguments of a call that are Terraform's, not the module's.
const META: [&str; 6] = ["source", "version", "providers", "count", "for_each", "depends_on"];

/// A call of a runner's module.
pub(super) struct Runner {
    /// Its name as Terraform says it: `module.runner`.
    pub(super) address: String,
    /// The source of the module.
    pub(super) source: Known<String>,
    /// What is passed to it.
    pub(super) arguments: Value,
    /// The AWS provider of the root module that it uses.
    pub(super) provider: Provider,
}

/// An AWS provider of the root module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Default,
    Alias(String),
    Unknown,
}

/// Whether a runner's module is called from this folder: by its files of HCL, by those of JSON, or not at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Calls {
    Hcl,
    Json,
    No,
}

impl Calls {
    /// Looks for calls in the files, without working anything out.
    pub(super) fn of(files: &Files, folder: &Folder) -> Self {
        Self::within(files, folder, 0)
    }

    fn within(files: &Files, folder: &Folder, depth: usize) -> Self {
        let in_json = folder.json.iter().any(|(_, node)| json_sources(node).any(source::is_runner));
        if in_json {
            return Self::Json;
        }
        let calls = folder.frames().flat_map(|frame| frame.source.body.blocks_named("module"));
        for source in calls.filter_map(literal_source) {
            if source::is_runner(source) {
                return Self::Hcl;
            }
            if let Some(child) = local_module(files, folder, source).filter(|_| depth < DEEPEST)
                && Self::within(files, &child, depth + 1) != Self::No
            {
                return Self::Hcl;
            }
        }
        Self::No
    }
}

fn literal_source(block: &Block) -> Option<&str> {
    match &block.body.attributes.get("source")?.value.kind {
        ExprKind::String(text) => Some(text),
        _ => None,
    }
}

fn json_sources(node: &json::Node) -> impl Iterator<Item = &str> {
    let fields = json_names(node, "module").flat_map(|entry| json_objects(&entry.node));
    fields.filter(|field| field.key == "source").filter_map(|field| match &field.node.value {
        json::Value::String(text) => Some(text.as_str()),
        _ => None,
    })
}

/// The folder of a module in the repository; `None` if the source is elsewhere or there is nothing to read.
fn local_module(files: &Files, folder: &Folder, source: &str) -> Option<Folder> {
    let dir = local_dir(folder, source)?;
    Folder::read(files, &dir, &dir).ok().filter(|folder| folder.frames().next().is_some() || !folder.json.is_empty())
}

fn local_dir(folder: &Folder, source: &str) -> Option<std::path::PathBuf> {
    let is_local = source.starts_with("./") || source.starts_with("../");
    is_local.then(|| clean(&folder.dir.join(source)))
}

/// Every call of a runner's module, by its address.
pub(super) fn runners(
    files: &Files,
    folder: &Folder,
    module: &Module<'_>,
    evaluator: &Evaluator<'_>,
) -> Result<Vec<Runner>, Fault> {
    let start = folder.dir.clone();
    let mut search = Search { files, start: &start, original: &evaluator.original, found: Vec::new() };
    search.within(folder, module, evaluator, "", &Provider::Default)?;
    Ok(search.found)
}

struct Search<'s> {
    files: &'s Files,
    /// The folder that Terraform is started in.
    start: &'s Path,
    original: &'s Path,
    found: Vec<Runner>,
}

impl Search<'_> {
    fn within(
        &mut self,
        folder: &Folder,
        module: &Module<'_>,
        evaluator: &Evaluator<'_>,
        address: &str,
        provider: &Provider,
    ) -> Result<(), Fault> {
        for (name, call) in &module.calls {
            let Some(source) = call.value(evaluator, "source")? else { continue };
            let source = unit::known_text(&source);
            let Some(text) = source.value() else { continue };
            let is_runner = source::is_runner(text);
            let child = local_module(self.files, folder, text).filter(|child| {
                address.matches("module.").count() < DEEPEST && Calls::of(self.files, child) == Calls::Hcl
            });
            if !(is_runner || child.is_some()) || !is_made(call, evaluator)? {
                continue;
            }
            let address = format!("{address}{}module.{name}", if address.is_empty() { "" } else { "." });
            let (arguments, provider) = (arguments(call, evaluator), provider_of(call, provider));
            match child {
                // A folder that is named like the runner's module, and only passes on to the real one.
                Some(child) => self.inside(&child, arguments, &address, &provider)?,
                None => self.found.push(Runner { address, source, arguments, provider }),
            }
        }
        Ok(())
    }

    fn inside(&mut self, child: &Folder, arguments: Value, address: &str, provider: &Provider) -> Result<(), Fault> {
        let folder = Folder::read(self.files, &child.dir, self.start)?;
        let way = files::relative(self.start, &child.dir).display().to_string();
        let module = Module::of(&folder, way, Given::Call(arguments))?;
        let evaluator = Evaluator::with_names(self.files, self.original.to_owned(), &module);
        self.within(&folder, &module, &evaluator, address, provider)
    }
}

/// Whether there is any instance of a call; one of which that can't be known is taken to be there.
fn is_made(call: &Merged<'_>, evaluator: &Evaluator<'_>) -> Result<bool, Fault> {
    let count = call.value(evaluator, "count")?;
    let each = call.value(evaluator, "for_each")?;
    let is_zero = matches!(count.map(|value| value.kind), Some(Kind::Number(0.0)));
    let is_empty = match each.map(|value| value.kind) {
        Some(Kind::Map(map)) => map.entries.is_empty() && map.open.is_none(),
        Some(Kind::Set(items)) => items.is_empty(),
        _ => false,
    };
    Ok(!is_zero && !is_empty)
}

/// What is passed to the module. An argument that is at fault is unknown, and noticed.
fn arguments(call: &Merged<'_>, evaluator: &Evaluator<'_>) -> Value {
    let of_module = call.attributes.iter().filter(|(name, _)| !META.contains(name));
    let entries: BTreeMap<String, Value> = of_module
        .map(|(name, definition)| {
            let value = definition.value(evaluator).unwrap_or_else(|fault| {
                evaluator.notice(&fault);
                Value::unknown(fault.in_one_line())
            });
            ((*name).to_owned(), value)
        })
        .collect();
    Value::map(entries)
}

/// The provider that a call passes on as its module's `aws`.
fn provider_of(call: &Merged<'_>, outer: &Provider) -> Provider {
    let Some(definition) = call.get("providers") else { return outer.clone() };
    let ExprKind::Object(items) = &definition.attribute.value.kind else { return Provider::Unknown };
    let is_aws = |item: &&Item| match &item.key {
        Key::Word(word) => word == "aws",
        Key::Expr(key) => matches!(&key.kind, ExprKind::Variable(name) if name == "aws"),
    };
    let passed = items.iter().find(is_aws).map(|item| &item.value.kind);
    match (passed, outer) {
        (Some(ExprKind::Variable(name)), outer) if name == "aws" => outer.clone(),
        // An alias in a module that is called names a provider of that module.
        (Some(ExprKind::Traversal(start, steps)), Provider::Default)
            if matches!(&start.kind, ExprKind::Variable(name) if name == "aws") =>
        {
            match &steps[..] {
                [Step::Attribute(alias)] => Provider::Alias(alias.clone()),
                _ => Provider::Unknown,
            }
        }
        _ => Provider::Unknown,
    }
}

/// Where a call is written, for messages.
pub(super) fn place_of(module: &Module<'_>, address: &str) -> Option<Place> {
    let name = address.strip_prefix("module.")?.split('.').next()?;
    module.calls.get(name).map(|call| call.place.clone())
}
