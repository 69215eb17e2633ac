//! Units that terragrunt generates from `terragrunt.stack.hcl` files: which there will be, from which folder of a catalog,
//! and where their values are written. Nothing is generated here: the generated folders exist in [`Files`] alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::files::{Files, clean};
use super::hcl::frame::VALUES;
use super::hcl::syntax::{Attribute, Block, Body, Expr, ExprKind, Key, Part, Step};
use super::hcl::{Evaluator, Fault, Frame, stack};
use super::walk::{Found, STACK, TERRAGRUNT};
use super::{discover, module};
use crate::model::{Failure, Place};

/// The folder beside a stack file in which its units are generated.
const GENERATED: &str = ".terragrunt-stack";
/// What terragrunt merges into a stack file if it lies beside it.
const STACK_AUTO_INCLUDE: &str = "terragrunt.autoinclude.stack.hcl";
/// How deep stacks may be nested; terragrunt has its own limit.
const DEEPEST: usize = 16;

/// A folder that terragrunt generates: its files are those of another one, and its values are in a stack file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The folder that is copied.
    pub(super) source: PathBuf,
    /// The stack file with the block.
    pub(super) stack: PathBuf,
    /// `unit` or `stack`.
    pub(super) kind: &'static str,
    /// The label of the block.
    pub(super) label: String,
}

/// The folders that are generated, by their path.
pub(super) type Generated = BTreeMap<PathBuf, Origin>;

/// A unit whose catalog is not in this repository.
#[derive(Debug)]
pub(super) struct Remote {
    /// The folder that it will be generated in.
    pub(super) dir: PathBuf,
    /// Why nothing is known of it.
    pub(super) reason: String,
    /// The line with its source.
    pub(super) place: Place,
}

/// What the stack files of a repository generate.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// All generated folders.
    pub(super) generated: Generated,
    /// Generated units that may deploy a runner, and whose source can't be read.
    pub(super) remote: Vec<Remote>,
    /// What can't be worked out, where it may be about a runner.
    pub(super) failures: Vec<Failure>,
    /// The folders that are copied.
    sources: BTreeSet<PathBuf>,
}

impl Stacks {
    /// Reads all stack files, nested ones included.
    pub(super) fn read(files: &Files, found: &Found) -> Self {
        if found.stacks.is_empty() {
            return Self::default();
        }
        stack::deep(|| {
            let mut stacks = Self::default();
            // What a stack names as its source is no stack by itself, wherever it lies.
            for dir in &found.stacks {
                let mut alone = Self::default();
                alone.read_one(&files.aside(), dir);
                stacks.sources.append(&mut alone.sources);
            }
            let is_live =
                |dir: &&PathBuf| !stacks.sources.contains(*dir) && !lacks_values(&files.aside(), &dir.join(STACK));
            let mut next: Vec<_> = found.stacks.iter().filter(is_live).cloned().collect();
            for _ in 0..DEEPEST {
                let files = files.aside().generating(stacks.generated.clone());
                let before = stacks.generated.clone();
                next.iter().for_each(|dir| stacks.read_one(&files, dir));
                let new = stacks.generated.iter().filter(|(dir, _)| !before.contains_key(*dir));
                next = new.filter(|(_, origin)| origin.kind == "stack").map(|(dir, _)| dir.clone()).collect();
                if next.is_empty() {
                    break;
                }
            }
            stacks
        })
    }

    /// The folders that may be units: those that are there and are no templates, and those that will be generated.
    pub(super) fn folders(&self, files: &Files, found: &mut Found) {
        let is_one = |dir: &PathBuf| !self.is_template(files, dir) && !self.generated.contains_key(dir);
        if !self.generated.is_empty() || !self.sources.is_empty() {
            found.terragrunt.retain(is_one);
        }
        let units = self.generated.iter().filter(|(_, origin)| origin.kind == "unit").map(|(dir, _)| dir.clone());
        found.terragrunt.extend(units);
        found.terragrunt.sort_unstable();
    }

    /// Whether a folder is only ever copied: a stack names it, or one that it lies in, as its source.
    fn is_template(&self, files: &Files, dir: &Path) -> bool {
        dir.ancestors().any(|dir| self.sources.contains(dir)) && !files.exists(&dir.join(VALUES))
    }

    /// Adds the units that one stack file generates.
    fn read_one(&mut self, files: &Files, dir: &Path) {
        let path = dir.join(STACK);
        let result = self.blocks(files, dir, &path);
        let Err(fault) = result else { return };
        let text = files.bytes(&path).unwrap_or_default();
        if module::may_name_runner(&text) && !lacks_values(files, &path) {
            let failure = fault.failure().hint("units that it generates are not known, and are not updated");
            self.failures.push(failure);
        }
    }

    fn blocks(&mut self, files: &Files, dir: &Path, path: &Path) -> Result<(), Fault> {
        let evaluator = Evaluator::new(files, path.to_owned());
        let frame = Frame::read(&evaluator, path)?;
        let place = |block: &Block| frame.source.place(block.span.start);
        if let Some(include) = frame.source.body.blocks_named("include").next() {
            return Err(Fault::new("an `include` in a stack file is not supported").at(place(include)));
        }
        if files.exists(&dir.join(STACK_AUTO_INCLUDE)) {
            let name = files.name(&dir.join(STACK_AUTO_INCLUDE));
            return Err(Fault::new("a file that is merged into a stack file is not supported").at(Place::file(name)));
        }
        for kind in ["unit", "stack"] {
            for block in frame.source.body.blocks_named(kind) {
                if let Some(inner) = block.body.blocks.first() {
                    let what = format!("`{}` in a block of a stack file is not supported", inner.kind);
                    return Err(Fault::new(what).at(place(inner)));
                }
                self.block(&evaluator, &frame, kind, block, dir)?;
            }
        }
        Ok(())
    }

    fn block(
        &mut self,
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        kind: &'static str,
        block: &Block,
        dir: &Path,
    ) -> Result<(), Fault> {
        let place = |attribute: Option<&Attribute>| {
            frame.source.place(attribute.map_or(block.span.start, |attribute| attribute.value.span.start))
        };
        let attribute = |name: &str| block.body.attributes.get(name).map(AsRef::as_ref);
        let text = |name: &str| -> Result<Result<String, String>, Fault> {
            let Some(found) = attribute(name) else {
                return Err(Fault::new(format!("a `{kind}` needs a `{name}`")).at(place(None)));
            };
            let value = evaluator.value(&found.value, frame)?;
            match (value.as_str(), value.unknown_reason()) {
                (Some(text), _) => Ok(Ok(text.to_owned())),
                (None, Some(reason)) => Ok(Err(reason.to_string())),
                (None, None) => Err(Fault::new(format!("`{name}` must be a string")).at(place(Some(found)))),
            }
        };
        let label = block.labels.first().cloned().unwrap_or_default();
        let is_beside = match attribute("no_dot_terragrunt_stack") {
            Some(attribute) => evaluator.truth_of(&attribute.value, frame)?.unwrap_or_default(),
            None => false,
        };
        let base = if is_beside { dir.to_owned() } else { dir.join(GENERATED) };
        let unknown = |name: &str, reason: &str| {
            Fault::new(format!("`{name}` of the {kind} `{label}` is unknown: {reason}")).at(place(attribute(name)))
        };
        let path = text("path")?.map_err(|reason| unknown("path", &reason))?;
        let leaves =
            Path::new(&path).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        if leaves {
            return Err(Fault::new(format!("the {kind} `{label}` would leave its stack")).at(place(attribute("path"))));
        }
        let target = clean(&base.join(path));
        let reason = match text("source")? {
            Ok(source) => {
                let folder = clean(&dir.join(&source));
                if evaluator.files.exists(&folder) {
                    self.sources.insert(evaluator.files.real(&folder).into_owned());
                    let origin = Origin { source: folder, stack: frame.source.path.clone(), kind, label };
                    self.generated.insert(target, origin);
                    return Ok(());
                }
                format!("its source is not in this repository: {source}")
            }
            Err(reason) => format!("its source is unknown: {reason}"),
        };
        let lines = frame.source.text(&block.span);
        if discover::is_named_so(&target) || module::may_name_runner(lines.as_bytes()) {
            if kind == "stack" {
                return Err(Fault::new(format!("what the stack `{label}` generates is unknown: {reason}"))
                    .at(place(attribute("source"))));
            }
            self.remote.push(Remote { dir: target, reason, place: place(attribute("source")) });
        }
        Ok(())
    }
}

/// Whether a file uses `values` and none lie beside it: then it is a template, which terragrunt could not read either.
pub(super) fn lacks_values(files: &Files, path: &Path) -> bool {
    let dir = path.parent().unwrap_or(path);
    let has_values = files.exists(&dir.join(VALUES)) || files.origin(dir).is_some();
    !has_values && files.hcl(path).is_ok_and(|source| uses_values(&source.body))
}

fn uses_values(body: &Body) -> bool {
    body.attributes.values().any(|attribute| names_values(&attribute.value))
        || body.blocks.iter().any(|block| uses_values(&block.body))
}

fn names_values(expr: &Expr) -> bool {
    let of_step = |step: &Step| matches!(step, Step::Index(index) if names_values(index));
    match &expr.kind {
        ExprKind::Variable(name) => name == "values",
        ExprKind::Traversal(start, steps) => names_values(start) || steps.iter().any(of_step),
        ExprKind::List(items) => items.iter().any(names_values),
        ExprKind::Object(items) => items
            .iter()
            .any(|item| matches!(&item.key, Key::Expr(key) if names_values(key)) || names_values(&item.value)),
        ExprKind::Template(parts) => parts.iter().any(|part| match part {
            Part::Text(_) => false,
            Part::Expr(inner) | Part::Join(inner) => names_values(inner),
        }),
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => names_values(inner),
        ExprKind::Conditional(parts) => parts.iter().any(names_values),
        ExprKind::Binary(_, operands) => operands.iter().any(names_values),
        // `try(values.x, y)` and `can(values.x)` are what a unit without values may say.
        ExprKind::Call(call) => !matches!(call.name.as_str(), "try" | "can") && call.arguments.iter().any(names_values),
        ExprKind::For(it) => {
            let parts = [Some(&it.collection), it.key.as_ref(), Some(&it.value), it.condition.as_ref()];
            parts.into_iter().flatten().any(names_values)
        }
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Unsupported(_) => {
            false
        }
    }
}

/// Whether a folder with a `terragrunt.hcl` is a template for want of values.
pub(super) fn is_template(files: &Files, dir: &Path) -> bool {
    lacks_values(files, &dir.join(TERRAGRUNT))
}
