//! Terraform that is not in a module: what `generate` blocks write, and `*.tf` files beside a unit's configuration.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::files::Files;
use super::hcl::syntax::{Attribute, Body, Expr, ExprKind, Part};
use super::hcl::{Evaluator, Fault, Frame, Source, parse};
use crate::model::{Known, Place};

/// Stands in generated text for what can't be worked out; as a word of its own it is a reference to nothing.
const UNKNOWN: &str = "not_known_offline";

/// A file of Terraform that the unit's module is run with.
#[derive(Debug)]
pub(super) struct Extra {
    source: Arc<Source>,
    /// If it is generated: what is generated, and where the expression for it starts.
    generated: Option<(Body, usize)>,
}

impl Extra {
    /// A file that is there as it is.
    pub(super) fn file(source: Arc<Source>) -> Self {
        Self { source, generated: None }
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

    /// The place of an attribute.
    pub(super) fn place_of(&self, name: &str, attribute: &Attribute) -> Place {
        self.place(attribute.key.start, name)
    }
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
    let mut all = generated(evaluator, frame).unwrap_or_default();
    let sources = beside(files, frame.dir()).into_iter().filter_map(|path| files.hcl(&path).ok());
    all.extend(sources.map(Extra::file));
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

fn generated(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Vec<Extra>, Fault> {
    let mut all: Vec<Extra> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for frame in frame.with_includes(evaluator)? {
        for block in frame.source.body.blocks_named("generate") {
            // A block with the same label in the including file replaces the included one.
            let label = block.labels.first().cloned().unwrap_or_default();
            let Some(contents) = block.body.attributes.get("contents").filter(|_| !labels.contains(&label)) else {
                continue;
            };
            labels.push(label);
            let Ok(text) = text(evaluator, &frame, &contents.value) else { continue };
            if let Ok(body) = parse::parse_bytes("generated", text.as_bytes()) {
                all.push(Extra { source: frame.source.clone(), generated: Some((body, contents.value.span.start)) });
            }
        }
    }
    Ok(all)
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
