//! Finds the calls of a runner's module, in a root module and in the modules of the repository that it calls.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::account::Stated;
use super::standard;
use crate::model::Place;
use crate::repo::files::{self, Files, clean};
use crate::repo::hcl::syntax::{Block, Expr, ExprKind, Item, Key, Step};
use crate::repo::hcl::terraform::folder::{json_names, json_objects};
use crate::repo::hcl::terraform::{Engine, Folder, Given, Listing, Merged, Module};
use crate::repo::hcl::{Evaluator, Fault, Kind, Value};
use crate::repo::module::is_runner;
use crate::repo::shape::TELLING;
use crate::repo::{self, json};

/// How many modules may lie between the folder that Terraform is started in and the runners.
const MOST_MODULES: usize = 50;
/// The arguments of a call that are Terraform's, not the module's.
const META: [&str; 6] = ["source", "version", "providers", "count", "for_each", "depends_on"];

/// A call of a runner's module.
pub(super) struct Runner {
    /// Its name as Terraform says it: `module.runner`.
    pub(super) address: String,
    /// The module.
    pub(super) module: repo::Module,
    /// What is passed to it.
    pub(super) arguments: Value,
    /// The modules beside it that are of the same release: those of its standard configuration.
    pub(super) beside: Vec<repo::Module>,
    /// The AWS provider that it uses.
    pub(super) provider: Provider,
}

/// An AWS provider of the root module, or of the module in between that has one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Own(Box<Stated>),
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
        Self::within(files, folder, &mut HashSet::from([folder.dir.clone()]))
    }

    fn within(files: &Files, folder: &Folder, seen: &mut HashSet<PathBuf>) -> Self {
        let in_json = folder.json.iter().flat_map(|(_, node)| json_calls(node)).map(|call| (Self::Json, call));
        let in_hcl = folder.frames().flat_map(|frame| frame.source.body.blocks_named("module"));
        let in_hcl = in_hcl.filter_map(|call| {
            let is_told = configures(call.body.attributes.keys().map(String::as_str));
            Some((Self::Hcl, (literal_source(call)?, is_told)))
        });
        for (how, (source, is_told)) in in_json.chain(in_hcl) {
            if names_runner(folder, source) || (local_dir(folder, source).is_none() && is_told) {
                return how;
            }
            let calls = match local_dir(folder, source)
                .filter(|dir| seen.insert(dir.clone()))
                .map(|dir| Folder::read(files, &dir, &dir, folder.engine).map_err(|_| dir))
            {
                Some(Ok(child)) => {
                    standard::is_copy(&child)
                        || Self::within(files, &child, seen) != Self::No
                        || (is_told && standard::takes_images(&child))
                }
                // What can't be read is told of if it looks like one.
                Some(Err(dir)) => looks_like_one(files, &Listing::of(files, &dir, folder.engine)),
                None => false,
            };
            if calls {
                return how;
            }
        }
        Self::No
    }
}

/// Adds the folders of all modules in the repository that are called from this one, by others too.
pub(super) fn called(files: &Files, folder: &Folder, found: &mut HashSet<PathBuf>) {
    let calls = folder.frames().flat_map(|frame| frame.source.body.blocks_named("module"));
    for dir in calls.filter_map(literal_source).filter_map(|source| local_dir(folder, source)) {
        // What can't be read is told of by whoever needs it.
        if found.insert(dir.clone())
            && let Ok(child) = Folder::read(files, &dir, &dir, folder.engine)
        {
            called(files, &child, found);
        }
    }
}

/// Whether the text of files that can't be read has what makes a call of a runner's module.
pub(super) fn looks_like_one(files: &Files, listing: &Listing) -> bool {
    listing.mentions(files, &["modules/ecs-deploy-runner", "mgmt/ecs-deploy-runner"]) || listing.is_in_doubt(files)
}

pub(super) fn literal_source(block: &Block) -> Option<&str> {
    literal_text(&block.body.attributes.get("source")?.value)
}

pub(super) fn literal_text(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::String(text) => Some(text),
        _ => None,
    }
}

/// The source of each call in JSON, and whether its arguments are those of a runner.
fn json_calls(node: &json::Node) -> impl Iterator<Item = (&str, bool)> {
    json_names(node, "module").filter_map(|entry| {
        let fields: Vec<_> = json_objects(&entry.node).collect();
        let source = fields.iter().find(|field| field.key == "source")?;
        let json::Value::String(source) = &source.node.value else { return None };
        Some((source.as_str(), configures(fields.iter().map(|field| field.key.as_str()))))
    })
}

/// That a call in JSON is not worked out.
pub(super) fn called_in_json(folder: &Folder) -> Fault {
    let file = folder.json.first().map_or("", |(name, _)| name);
    let fault = Fault::new("a runner's module that is called in JSON is not worked out");
    fault.at(Place::file(file)).hint("write the call in HCL, in a file that ends in `.tf`")
}

/// Whether the arguments of a call are those that only a runner's module takes, wherever its source leads.
fn configures<'n>(mut arguments: impl Iterator<Item = &'n str>) -> bool {
    arguments.any(|name| TELLING.contains(&name))
}

/// The folder of a module in the repository; `None` if the source is elsewhere.
fn local_dir(folder: &Folder, source: &str) -> Option<PathBuf> {
    let is_local = source.starts_with("./") || source.starts_with("../");
    is_local.then(|| clean(&folder.dir.join(source)))
}

/// Whether a source is that of a runner's module, also by a way to its folder that leaves the beginning out.
fn names_runner(folder: &Folder, source: &str) -> bool {
    is_runner(source) || local_dir(folder, source).is_some_and(|dir| is_runner(&dir.to_string_lossy()))
}

/// Every call of a runner's module, by its address.
pub(super) fn runners(
    files: &Files,
    folder: &Folder,
    module: &Module<'_>,
    evaluator: &Evaluator<'_>,
) -> Result<Vec<Runner>, Fault> {
    let start = folder.dir.clone();
    let mut search = Search {
        files,
        start: &start,
        original: &evaluator.original,
        laid_over: evaluator.laid_over.clone(),
        found: Vec::new(),
        n_modules: 0,
        noticed: Vec::new(),
    };
    search.within(folder, module, evaluator, "", &Provider::Default)?;
    search.noticed.iter().for_each(|fault| evaluator.notice(fault));
    Ok(search.found)
}

struct Search<'s> {
    files: &'s Files,
    /// The folder that Terraform is started in.
    start: &'s Path,
    original: &'s Path,
    /// The module whose files those of the unit are laid over, and the unit.
    laid_over: Option<(PathBuf, PathBuf)>,
    found: Vec<Runner>,
    n_modules: usize,
    /// What is at fault in the modules in between.
    noticed: Vec<Fault>,
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
        let standard = module.calls.values().filter(|call| standard::is_one(call));
        let standard = standard.filter_map(|call| call.value(evaluator, "source").ok().flatten());
        let beside: Vec<_> = standard.map(|source| repo::Module::at(self.files, &source)).collect();
        for (name, call) in &module.calls {
            let Some(source) = call.value(evaluator, "source")? else { continue };
            let called = repo::Module::at(self.files, &source);
            let Some(text) = called.source.value() else { continue };
            let is_told = configures(call.attributes.keys().copied());
            let is_runner = names_runner(folder, text) || (is_told && local_dir(folder, text).is_none());
            let child = match local_dir(folder, text)
                .map(|dir| Folder::read(self.files, &dir, self.start, folder.engine).map_err(|fault| (dir, fault)))
            {
                Some(Ok(child)) => {
                    let passes_on = match Calls::of(self.files, &child) {
                        Calls::Json => return Err(called_in_json(&child)),
                        calls => calls == Calls::Hcl,
                    };
                    let takes = standard::is_copy(&child) || (is_told && !passes_on && standard::takes_images(&child));
                    Some((child, takes)).filter(|_| takes || passes_on)
                }
                Some(Err((dir, fault)))
                    if looks_like_one(self.files, &Listing::of(self.files, &dir, folder.engine)) =>
                {
                    return Err(fault);
                }
                _ => None,
            };
            if !(is_runner || child.is_some()) || !is_made(call, evaluator)? {
                continue;
            }
            let only_tofu = child.as_ref().and_then(|(child, _)| child.tofu.clone());
            let only_tofu = only_tofu.filter(|_| folder.engine != Engine::OpenTofu);
            if let Some(place) = only_tofu {
                let fault =
                    Fault::new("a module has files that only OpenTofu reads, and the folder that calls it has none");
                return Err(fault.at(place).hint("let the calling file end in `.tofu` too, if OpenTofu is meant"));
            }
            let address = format!("{address}{}module.{name}", if address.is_empty() { "" } else { "." });
            let (mut arguments, mut provider) = (arguments(call, evaluator), provider_of(call, provider));
            // A provider that the module has itself counts in it, unless it is given another.
            if let (Some((child, _)), None) = (&child, call.get("providers"))
                && let Some(stated) = self.own_provider(child, arguments.clone())
            {
                provider = Provider::Own(Box::new(stated));
            }
            if let Some(file) = module.in_json("module", name) {
                let reason = format!("`{file}` overrides `module.{name}`, and JSON is not worked out");
                arguments = Value::unknown(reason);
            }
            match child {
                // The runner's module or one like it: what it makes of its variables is its own affair.
                Some((child, true)) => {
                    let arguments = self.of_copy(&child, arguments)?;
                    self.found.push(Runner { address, module: called, arguments, beside: Vec::new(), provider });
                }
                // A folder that is named like the runner's module, and only passes on to the real one.
                Some((child, false)) => self.inside(&child, arguments, &address, &provider)?,
                None => {
                    let beside = beside.clone();
                    self.found.push(Runner { address, module: called, arguments, beside, provider });
                }
            }
        }
        Ok(())
    }

    /// A module that is called with these arguments.
    fn module<'f>(&self, child: &'f Folder, arguments: Value) -> Result<Module<'f>, Fault> {
        let way = files::relative(self.start, &child.dir).display().to_string();
        Module::of(child, way, Given::Call(arguments), standard::known_outputs)
    }

    /// What the module's own provider says, if it has one.
    fn own_provider(&self, child: &Folder, arguments: Value) -> Option<Stated> {
        // What is at fault in the module is told by whoever goes into it.
        let module = self.module(child, arguments).ok()?;
        let evaluator = self.evaluator(&module);
        Stated::by(&module, &evaluator, &Provider::Default)
    }

    /// The variables of a copy of a runner's module.
    fn of_copy(&mut self, child: &Folder, arguments: Value) -> Result<Value, Fault> {
        let module = self.module(child, arguments)?;
        let evaluator = self.evaluator(&module);
        let variables = standard::variables(&module, &evaluator);
        self.noticed.extend(evaluator.noticed.take());
        Ok(variables)
    }

    fn inside(&mut self, child: &Folder, arguments: Value, address: &str, provider: &Provider) -> Result<(), Fault> {
        self.n_modules += 1;
        if self.n_modules > MOST_MODULES {
            return Err(Fault::new("more modules call each other than in any real configuration").limit());
        }
        let module = self.module(child, arguments)?;
        let evaluator = self.evaluator(&module);
        let result = self.within(child, &module, &evaluator, address, provider);
        self.noticed.extend(evaluator.noticed.take());
        result
    }
}

impl<'s> Search<'s> {
    fn evaluator<'m>(&self, module: &'m Module<'_>) -> Evaluator<'m>
    where
        's: 'm,
    {
        let evaluator = Evaluator::with_names(self.files, self.original.to_owned(), module);
        match &self.laid_over {
            Some((module, unit)) => evaluator.over(module, unit),
            None => evaluator,
        }
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
        (Some(ExprKind::Traversal(start, steps)), Provider::Default) if matches!(&start.kind, ExprKind::Variable(name) if name == "aws") => {
            match &steps[..] {
                [Step::Attribute(alias)] => Provider::Alias(alias.clone()),
                _ => Provider::Unknown,
            }
        }
        _ => Provider::Unknown,
    }
}
