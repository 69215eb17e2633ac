//! Units that terragrunt generates from `terragrunt.stack.hcl` files: which there will be, from which folder of a catalog,
//! and where their values are written. Nothing is generated here: the generated folders exist in [`Files`] alone.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::files::{Files, clean};
use super::hcl::frame::VALUES;
use super::hcl::generated::{Generated, Generator, Origin};
use super::hcl::syntax::{Attribute, Block, Body, Expr, ExprKind, Key, Part, Step};
use super::hcl::{Evaluator, Fault, Frame, Source, stack};
use super::walk::{Found, STACK, TERRAGRUNT};
use crate::model::Place;

/// The folder beside a stack file in which its units are generated.
const GENERATED: &str = ".terragrunt-stack";
/// Where a catalog keeps its units, by terragrunt's convention, beside `modules` and `stacks`.
const CATALOG: &str = "units";
/// What terragrunt merges into a stack file if it lies beside it.
const STACK_AUTO_INCLUDE: &str = "terragrunt.autoinclude.stack.hcl";
/// How deep stacks may be nested; terragrunt has its own limit.
const DEEPEST: usize = 16;
const LOST: &str = "units that it generates are not known, and are not updated";

/// What a stack may generate and can't be worked out; it matters if it is about a runner.
#[derive(Debug)]
pub(super) struct Unclear {
    /// The folder of the unit, where no more than its source is missing; the place is the line of that.
    pub(super) unit: Option<(PathBuf, String, Place)>,
    /// Why.
    pub(super) fault: Fault,
    /// The block, where it is one alone.
    pub(super) block: Option<Generator>,
    /// The text by which it may be known what it is about.
    pub(super) text: Vec<u8>,
}

/// What the stack files of a repository generate.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// All generated folders.
    pub(super) generated: Generated,
    /// What can't be worked out.
    pub(super) unclear: Vec<Unclear>,
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
            let beside = files.aside();
            let mut each: Vec<_> = found.stacks.iter().map(|dir| (dir, Self::of(&beside, dir))).collect();
            each.iter_mut().for_each(|(_, stack)| stacks.sources.append(&mut stack.sources));
            for (dir, mut stack) in each {
                if !stacks.sources.contains(dir) && !lacks_values(&beside, &dir.join(STACK)) {
                    stacks.generated.append(&mut stack.generated);
                    stacks.unclear.append(&mut stack.unclear);
                }
            }
            let is_stack = |(dir, origin): (&PathBuf, &Origin)| (origin.block.kind == "stack").then(|| dir.clone());
            let mut next: Vec<_> = stacks.generated.iter().filter_map(is_stack).collect();
            for _ in 1..DEEPEST {
                if next.is_empty() {
                    break;
                }
                let files = files.aside().generating(stacks.generated.clone());
                let mut nested = Self::default();
                next.iter().for_each(|dir| nested.read_one(&files, dir));
                nested.generated.retain(|dir, _| !stacks.generated.contains_key(dir));
                next = nested.generated.iter().filter_map(is_stack).collect();
                stacks.generated.append(&mut nested.generated);
                stacks.unclear.append(&mut nested.unclear);
                stacks.sources.append(&mut nested.sources);
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
        let units = self.generated.iter().filter(|(_, origin)| origin.block.kind == "unit").map(|(dir, _)| dir.clone());
        found.terragrunt.extend(units);
        found.terragrunt.sort_unstable();
    }

    /// Whether a folder is only ever copied: a stack names it, or one that it lies in, as its source.
    fn is_template(&self, files: &Files, dir: &Path) -> bool {
        dir.ancestors().any(|dir| self.sources.contains(dir)) && !files.exists(&dir.join(VALUES))
    }

    /// Whether a folder lies among those that stacks copy, in a catalog's `units`, and is not copied itself.
    pub(super) fn is_beside_templates(&self, dir: &Path) -> bool {
        let catalog = dir.parent().filter(|above| above.file_name().is_some_and(|name| name == CATALOG));
        catalog.is_some_and(|catalog| self.sources.iter().any(|source| source.parent() == Some(catalog)))
    }

    fn of(files: &Files, dir: &Path) -> Self {
        let mut stacks = Self::default();
        stacks.read_one(files, dir);
        stacks
    }

    /// Adds the units that one stack file generates.
    fn read_one(&mut self, files: &Files, dir: &Path) {
        let path = dir.join(STACK);
        let evaluator = Evaluator::new(files, path.clone());
        let frame = match Frame::read(&evaluator, &path) {
            Ok(frame) => frame,
            Err(fault) => {
                let text = files.bytes(&path).map(|bytes| bytes.to_vec()).unwrap_or_default();
                return self.unclear.push(Unclear { unit: None, fault: fault.hint(LOST), block: None, text });
            }
        };
        let merged = merged(files, &evaluator, &frame, dir);
        for kind in ["unit", "stack"] {
            for block in frame.source.body.blocks_named(kind) {
                let inner = block.body.blocks.first().map(|inner| {
                    let what = format!("`{}` in a block of a stack file is not supported", inner.kind);
                    Fault::new(what).at(frame.source.place(inner.span.start)).hint(LOST)
                });
                let doubt = merged.as_ref().map(|(fault, _)| fault.clone()).or(inner);
                let label = block.labels.first().cloned().unwrap_or_default();
                let generator = Generator { stack: frame.source.path.clone(), kind, label };
                if let Err(unclear) = self.block(&evaluator, &frame, generator.clone(), block, doubt) {
                    let (unit, fault) = *unclear;
                    let text = frame.source.text(&block.span).as_bytes().to_vec();
                    self.unclear.push(Unclear { unit, fault, block: Some(generator), text });
                }
            }
        }
        if let Some((fault, text)) = merged {
            self.unclear.push(Unclear { unit: None, fault, block: None, text });
        }
    }

    fn block(
        &mut self,
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        generator: Generator,
        block: &Block,
        doubt: Option<Fault>,
    ) -> Result<(), Box<Lost>> {
        let Generator { kind, label, .. } = &generator;
        let lost = |fault: Fault| Box::new((None, fault.hint(LOST)));
        let dir = frame.dir();
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
        let is_beside = match attribute("no_dot_terragrunt_stack") {
            Some(attribute) => evaluator.truth_of(&attribute.value, frame).map_err(lost)?.unwrap_or_default(),
            None => false,
        };
        let base = if is_beside { dir.to_owned() } else { dir.join(GENERATED) };
        let unknown = |name: &str, reason: &str| {
            Fault::new(format!("`{name}` of the {kind} `{label}` is unknown: {reason}")).at(place(attribute(name)))
        };
        let path = text("path").and_then(|path| path.map_err(|reason| unknown("path", &reason))).and_then(|path| {
            let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
            let leaves =
                || Fault::new(format!("the {kind} `{label}` would leave its stack")).at(place(attribute("path")));
            if Path::new(&path).components().all(stays) { Ok(path) } else { Err(leaves()) }
        });
        let reason = match text("source").map_err(lost)? {
            Ok(source) => {
                let folder = clean(&dir.join(&source));
                if evaluator.files.exists(&folder) {
                    self.sources.insert(evaluator.files.real(&folder).into_owned());
                    // Whether it is a runner its source tells, wherever it is generated.
                    let doubt = doubt.or_else(|| path.as_ref().err().cloned().map(|fault| fault.hint(LOST)));
                    let path = path.unwrap_or_else(|_| format!("<path of {label}>"));
                    let target = clean(&base.join(path));
                    self.generated.insert(target, Origin { source: folder, block: generator, doubt });
                    return Ok(());
                }
                format!("its source is not in this repository: {source}")
            }
            Err(reason) => format!("its source is unknown: {reason}"),
        };
        let target = clean(&base.join(path.map_err(lost)?));
        let place = place(attribute("source"));
        let what = format!("what the {kind} `{label}` generates is unknown: {reason}");
        let fault = Fault::new(what).at(place.clone()).hint(LOST);
        Err(Box::new(((*kind == "unit").then_some((target, reason, place)), fault)))
    }
}

/// What keeps a block from being worked out, and the unit that it generates if that is known.
type Lost = (Option<(PathBuf, String, Place)>, Fault);

/// What is merged into a stack file, which is not supported: where, and the text of what it is about.
fn merged(files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>, dir: &Path) -> Option<(Fault, Vec<u8>)> {
    let text = |path: &Path| files.bytes(path).map(|bytes| bytes.to_vec()).ok();
    if let Some(include) = frame.source.body.blocks_named("include").next() {
        let fault = Fault::new("an `include` in a stack file is not supported");
        let fault = fault.at(frame.source.place(include.span.start)).hint(LOST);
        let path = include.body.attributes.get("path").map(|path| evaluator.value(&path.value, frame));
        let path = path.and_then(Result::ok).and_then(|path| Some(dir.join(path.as_str()?)));
        // Where the included file can't be read, the text of the including file is looked at instead.
        let text = path.and_then(|path| text(&path)).unwrap_or_else(|| frame.source.bytes.to_vec());
        return Some((fault, text));
    }
    let beside = dir.join(STACK_AUTO_INCLUDE);
    files.exists(&beside).then(|| {
        let fault = Fault::new("a file that is merged into a stack file is not supported");
        (fault.at(Place::file(files.name(&beside))).hint(LOST), text(&beside).unwrap_or_default())
    })
}

/// Why a folder that is generated may turn out otherwise: by its own block, or by that of a stack that generates the stack.
pub(super) fn doubt(files: &Files, dir: &Path) -> Option<Fault> {
    generators(files, dir).find_map(|origin| origin.doubt.clone())
}

/// Whether a test holds for a text that the values of a folder are in: that of the blocks that generate it and of the locals
/// beside them, or of the file beside the unit.
pub(super) fn are_values_in(files: &Files, dir: &Path, test: &dyn Fn(&[u8]) -> bool) -> bool {
    if files.origin(dir).is_none() {
        let beside = dir.join(VALUES);
        return files.exists(&beside) && files.bytes(&beside).is_ok_and(|text| test(&text));
    }
    generators(files, dir).any(|origin| {
        files.hcl(&origin.block.stack).is_ok_and(|source| {
            let blocks = origin.block.block_in(&source).into_iter().chain(source.body.blocks_named("locals"));
            blocks.into_iter().any(|block| test(source.text(&block.span).as_bytes()))
        })
    })
}

/// Whether values may be passed on whole, so that no text has the names under which they arrive.
pub(super) fn passes_whole(files: &Files, dir: &Path, source: &Source) -> bool {
    let is_whole = |attribute: &Attribute| match &attribute.value.kind {
        ExprKind::Object(items) => items.iter().any(|item| matches!(item.key, Key::Expr(_))),
        _ => true,
    };
    source.body.attributes.get("inputs").is_some_and(|inputs| is_whole(inputs))
        || generators(files, dir).any(|origin| {
            let source = files.hcl(&origin.block.stack).ok();
            let block = source.as_ref().and_then(|source| origin.block.block_in(source));
            block.and_then(|block| block.body.attributes.get("values")).is_some_and(|values| is_whole(values))
        })
}

/// What generates a folder, the nearest first.
fn generators<'f>(files: &'f Files, dir: &Path) -> impl Iterator<Item = &'f Origin> {
    std::iter::successors(files.origin(dir), |origin| files.origin(origin.block.stack.parent()?))
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
