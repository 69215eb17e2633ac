//! Terraform that is not in a module: what `generate` blocks write, and `*.tf` files beside a unit's configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::files::Files;
use super::hcl::syntax::{Attribute, Block, Body, Expr, ExprKind, Item, Part};
use super::hcl::terraform::Listing;
use super::hcl::terraform::folder::is_overriding;
use super::hcl::{Evaluator, Fault, Frame, Kind, Origin, Source, Value, operators, parse};
use super::module::is_runner;
use crate::model::{Known, Place};

/// Stands in generated text for what can't be worked out; as a word of its own it is a reference to nothing.
const UNKNOWN: &str = "not_known_offline";

/// A file of Terraform that the unit's module is run with.
#[derive(Debug)]
pub(super) struct Extra {
    /// What it is called.
    name: String,
    source: Arc<Source>,
    /// Why it may not be what is there in the end.
    doubt: Option<String>,
    /// If it is generated: what is generated, and where the expression for it starts.
    generated: Option<(Body, usize)>,
}

impl Extra {
    /// A file that is there as it is.
    pub(super) fn file(source: Arc<Source>) -> Self {
        let name = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, source, doubt: None, generated: None }
    }

    /// Whether its arguments win over those of files that aren't called so.
    pub(super) fn overrides(&self) -> bool {
        is_overriding(&self.name)
    }

    /// Why it may not be what is there in the end.
    pub(super) fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// What is in it.
    pub(super) fn body(&self) -> &Body {
        self.generated.as_ref().map_or(&self.source.body, |(body, _)| body)
    }

    /// The place of an attribute or block, by its span in the body and the word that it starts with.
    pub(super) fn place(&self, start: usize, word: &str) -> Place {
        let Some((_, from)) = &self.generated else { return self.source.place(start) };
        // The text is computed, so the line is looked for in the file that it comes from.
        let text = self.source.text(&(*from..self.source.bytes.len()));
        self.source.place(from + text.find(word).unwrap_or_default())
    }

    /// Where it begins: the file, or what it is generated from.
    fn beginning(&self) -> Place {
        match &self.generated {
            Some((_, from)) => self.source.place(*from),
            None => Place::file(&self.source.name),
        }
    }

    /// The place of an attribute.
    pub(super) fn place_of(&self, name: &str, attribute: &Attribute) -> Place {
        self.place(attribute.key.start, name)
    }
}

impl Extra {
    /// Whether it stands for the removal of a file.
    fn removes(&self) -> bool {
        self.doubt.is_some()
            && self.generated.as_ref().is_some_and(|(body, _)| body.attributes.is_empty() && body.blocks.is_empty())
    }

    /// Whether it calls a runner's module.
    pub(super) fn calls_runner(&self) -> bool {
        let sources = self.body().blocks_named("module").filter_map(|block| block.body.attributes.get("source"));
        let mut sources = sources.filter_map(|source| literal(&source.value)?.value().cloned());
        sources.any(|source| is_runner(&source))
    }

    /// Whether it defines what may decide the tags of a runner.
    fn decides(&self) -> bool {
        self.body().blocks.iter().any(|block| ["locals", "module", "variable"].contains(&block.kind.as_str()))
    }
}

/// Why it is not known what a file says that two blocks write: terragrunt goes through them in any order.
pub(super) fn either(name: &str) -> String {
    format!("two blocks `generate` write `{name}`, and either may be the last")
}

/// Why nobody can tell offline what tags a module takes with these files over it: its files, where it lies on this disk,
/// with those beside the unit.
pub(super) fn doubt(files: &Files, extras: &[Extra], module: Option<&Listing>) -> Option<String> {
    let matters = |extra: &&Extra| {
        let overrides = extra.overrides() && extra.decides();
        let replaces = |listing: &Listing| listing.only(&extra.name).mentions(files, &["locals", "module", "variable"]);
        match (&extra.generated, module) {
            // It is one of the files that are read.
            (None, Some(_)) => extra.doubt.is_some() && extra.decides(),
            (None, None) => overrides,
            (Some(_), _) if extra.doubt.is_some() && extra.decides() => true,
            (Some(_), module) => overrides || extra.calls_runner() || module.is_some_and(replaces),
        }
    };
    let extra = extras.iter().find(matters)?;
    let name = &extra.name;
    let verb = if extra.generated.is_some() { "is generated and" } else { "lies beside the unit and" };
    Some(format!("`{name}` {verb} may decide it, which is not worked out ({})", extra.beginning()))
}

/// The text of an expression if it is written out; `None` if it is null or empty.
pub(super) fn literal(expr: &Expr) -> Option<Known<String>> {
    match &expr.kind {
        ExprKind::Null => None,
        ExprKind::String(text) if text.is_empty() => None,
        ExprKind::String(text) if !text.contains(UNKNOWN) => Some(Known::Value(text.to_string())),
        ExprKind::Parens(inner) => literal(inner),
        _ => Some(Known::Unknown("it is not a plain string".to_owned())),
    }
}

/// Everything beside the unit's module. What can't be read is left out: whoever runs it says so.
pub(super) fn all(files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Vec<Extra> {
    let mut all = generated(files, evaluator, frame).unwrap_or_default();
    let mut rest = Vec::new();
    for mut extra in beside(files, frame.dir()).iter().filter_map(|path| files.hcl(path).ok()).map(Extra::file) {
        match all.iter().position(|other| other.name == extra.name) {
            // It is removed, or not: what it says may hold.
            Some(at) if all[at].removes() => {
                extra.doubt = all.remove(at).doubt;
                rest.push(extra);
            }
            Some(_) => {}
            None => rest.push(extra),
        }
    }
    all.append(&mut rest);
    all
}

/// The files of Terraform in a folder: those beside a unit's configuration terragrunt hands to terraform with the module.
pub(super) fn beside(files: &Files, dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(files.real(dir)).into_iter().flatten().flatten();
    let entries = entries.map(|entry| dir.join(entry.file_name()));
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|ending| ending == "tf")).collect();
    files.sort();
    files
}

fn generated(files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Vec<Extra>, Fault> {
    let mut all: Vec<Extra> = Vec::new();
    let dir = frame.dir();
    each_written(evaluator, frame, &mut |written| {
        let Ok(written) = written else { return Ok(()) };
        let path = written.value(evaluator, "path").ok().flatten();
        let path = path.as_ref().and_then(Value::as_str);
        // Of what can't be told from a file of Terraform it is taken to be one.
        let name = path.map_or("generated.tf", |path| path.rsplit('/').next().unwrap_or(path)).to_owned();
        let is_kept = written.is_kept(evaluator).unwrap_or_default() && files.is_file(&dir.join(&name));
        let is_terraform = [".tf", ".tofu"].iter().any(|ending| name.ends_with(ending));
        let is_disabled = written.is_disabled(evaluator).unwrap_or_default();
        let if_disabled = written.value(evaluator, "if_disabled").ok().flatten();
        if is_terraform && is_disabled && if_disabled.is_some_and(|value| value.as_str() != Some("skip")) {
            let doubt =
                Some(format!("whether `{name}` is removed, as `if_disabled` says, depends on terragrunt's version"));
            let (source, from) = (written.frame.source.clone(), written.start());
            all.push(Extra { name, source, doubt, generated: Some((Body::default(), from)) });
            return Ok(());
        }
        let is_left_out = !is_terraform || is_kept || is_disabled;
        let contents = if is_left_out { None } else { written.contents(evaluator) };
        let Some((text, source, from)) = contents else { return Ok(()) };
        if let Ok(body) = parse::parse_bytes("generated", text.as_bytes()) {
            let mut twins = all.iter_mut().filter(|other| other.name == name).peekable();
            let doubt = twins.peek().map(|_| either(&name));
            twins.for_each(|twin| twin.doubt = Some(either(&name)));
            all.push(Extra { name, source, doubt, generated: Some((body, from)) });
        }
        Ok(())
    })?;
    Ok(all)
}

/// A file that Terragrunt writes before Terraform is started: a block `generate`, or an entry of the map with that name.
pub(super) struct Written<'w> {
    pub(super) label: String,
    pub(super) frame: &'w Rc<Frame>,
    attributes: BTreeMap<&'w str, Given<'w>>,
}

/// An attribute as it is written, or as it was worked out.
pub(super) enum Given<'w> {
    Expr(&'w Expr),
    Value(&'w Value),
}

/// What is done with each file that is written; an error is what can't be known of them.
pub(super) type Work<'w> = dyn FnMut(Result<&Written<'_>, &Rc<str>>) -> Result<(), Fault> + 'w;

/// Goes through all files that are written. What can't be known of the map is an error with the reason.
pub(super) fn each_written(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, work: &mut Work<'_>) -> Result<(), Fault> {
    let mut labels: BTreeSet<String> = BTreeSet::new();
    for (frame, is_deep) in &frame.with_merged(evaluator)? {
        let mut own: BTreeSet<String> = BTreeSet::new();
        let mut new = |written: &Written<'_>| {
            let is_known = labels.contains(&written.label);
            // One of an include that is merged deeply is replaced by that of the including file.
            if !own.insert(written.label.clone()) || (is_known && !is_deep) {
                let what = format!("terragrunt refuses two `generate` with one name: `{}`", written.label);
                return Err(Fault::new(what).at(written.place()));
            }
            if is_known { Ok(()) } else { work(Ok(written)) }
        };
        let body = &frame.source.body;
        body.blocks_named("generate").try_for_each(|block| new(&Written::of_block(frame, block)))?;
        if let Some(map) = body.attributes.get("generate").map(|attribute| &attribute.value) {
            let items = match &map.kind {
                ExprKind::Object(items) => items.iter().map(|item| Written::of_item(frame, item)).collect(),
                _ => None,
            };
            match items {
                Some::<Vec<_>>(items) => items.iter().try_for_each(new)?,
                None => {
                    let value = evaluator.value(map, frame)?;
                    let value = evaluator.whole(&value)?;
                    match &value.kind {
                        Kind::Map(all) => {
                            all.entries
                                .iter()
                                .filter_map(|(label, value)| Written::of_value(frame, label, value))
                                .try_for_each(|written| new(&written))?;
                            all.open.iter().try_for_each(|reason| work(Err(reason)))?;
                        }
                        Kind::Unknown(reason) => work(Err(reason))?,
                        _ => {}
                    }
                }
            }
        }
        labels.append(&mut own);
    }
    Ok(())
}

impl<'w> Written<'w> {
    fn of_block(frame: &'w Rc<Frame>, block: &'w Block) -> Self {
        let given = |(name, attribute): (&'w String, &'w Attribute)| (name.as_str(), Given::Expr(&attribute.value));
        let attributes = block.body.attributes.iter().map(|(name, attribute)| given((name, attribute))).collect();
        Self { label: block.labels.first().cloned().unwrap_or_default(), frame, attributes }
    }

    /// `None` where it is not written out.
    fn of_item(frame: &'w Rc<Frame>, item: &'w Item) -> Option<Self> {
        let ExprKind::Object(items) = &item.value.kind else { return None };
        let attributes = items.iter().map(|item| Some((item.key.written()?, Given::Expr(&item.value))));
        Some(Self { label: item.key.written()?.to_owned(), frame, attributes: attributes.collect::<Option<_>>()? })
    }

    fn of_value(frame: &'w Rc<Frame>, label: &str, value: &'w Value) -> Option<Self> {
        let Kind::Map(map) = &value.kind else { return None };
        let attributes = map.entries.iter().map(|(name, value)| (name.as_str(), Given::Value(value)));
        Some(Self { label: label.to_owned(), frame, attributes: attributes.collect() })
    }

    /// Where the first of its attributes is written.
    fn start(&self) -> usize {
        let starts = self.attributes.values().filter_map(|given| match given {
            Given::Expr(expr) => Some(expr.span.start),
            Given::Value(_) => None,
        });
        starts.min().unwrap_or_default()
    }

    fn place(&self) -> Place {
        self.frame.source.place(self.start())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Given<'w>> {
        self.attributes.get(name)
    }

    /// The value of an attribute, if it is there.
    pub(super) fn value(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Option<Value>, Fault> {
        match self.get(name) {
            None => Ok(None),
            Some(Given::Expr(expr)) => evaluator.value(expr, self.frame).map(Some),
            Some(Given::Value(value)) => Ok(Some((*value).clone())),
        }
    }

    /// Whether it is certainly not written.
    pub(super) fn is_disabled(&self, evaluator: &Evaluator<'_>) -> Result<bool, Fault> {
        let disable = self.value(evaluator, "disable")?;
        Ok(disable.map(|value| operators::truth(&value)).transpose()?.flatten() == Some(true))
    }

    /// Whether a file that is there stays as it is.
    pub(super) fn is_kept(&self, evaluator: &Evaluator<'_>) -> Result<bool, Fault> {
        Ok(self.value(evaluator, "if_exists")?.is_some_and(|value| value.as_str() == Some("skip")))
    }

    /// What it has, with a word in place of each part that is unknown, and where that stands.
    fn contents(&self, evaluator: &Evaluator<'_>) -> Option<(String, Arc<Source>, usize)> {
        match self.get("contents")? {
            Given::Expr(expr) => {
                Some((text(evaluator, self.frame, expr).ok()?, self.frame.source.clone(), expr.span.start))
            }
            Given::Value(value) => {
                let (source, start) = match value.origin.first() {
                    Origin::Literal(span) | Origin::Computed { span, .. } => (span.source.clone(), span.range.start),
                    _ => (self.frame.source.clone(), 0),
                };
                Some((value.as_str()?.to_owned(), source, start))
            }
        }
    }
}

/// The text, with a word in place of each part that is unknown.
fn text(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, contents: &Expr) -> Result<String, Fault> {
    if let Some(text) = evaluator.value(contents, frame)?.as_str() {
        return Ok(text.to_owned());
    }
    let ExprKind::Template(parts) = &contents.kind else { return Ok(String::new()) };
    let part = |part: &Part| match part {
        Part::Text(text) => Ok(text.to_string()),
        Part::Join(_) => Ok(UNKNOWN.to_owned()),
        Part::Expr(expr) => Ok(evaluator.value(expr, frame)?.as_str().unwrap_or(UNKNOWN).to_owned()),
    };
    parts.iter().map(part).collect()
}
