//! What the surroundings of a unit say about its region and its account.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::accounts::{AccountFile, Allowed};
use super::files::Files;
use super::generated::{Extra, literal};
use super::hcl::syntax::{Block, Body, Expr, ExprKind, Part, Step};
use super::hcl::{Evaluator, Frame, Kind, Origin, Value};
use crate::model::{Failure, Known, Place, Region, UnitPath};

/// The region: a folder of the unit's path that is named like one, and `region.hcl`; with what is wrong with it.
pub(super) fn region(evaluator: &Evaluator<'_>, root: &Path, path: &UnitPath) -> (Known<Region>, Option<Failure>) {
    let by_folder = path.as_str().split('/').find_map(|part| part.parse::<Region>().ok());
    let file = above(evaluator.files, root, path, "region.hcl");
    let by_file = file.and_then(|file| local(evaluator, &file, &["aws_region", "region"]));
    let by_file = by_file.and_then(|(text, place)| Some((text.parse::<Region>().ok()?, place)));
    match (by_folder, by_file) {
        (Some(folder), Some((file, place))) if folder != file => {
            let what = format!("the region of `{path}` is {folder} by its folder and {file} by `region.hcl`");
            let failure = Failure::refused(what).at(place).in_file(path.as_str());
            (Known::Unknown("its folder and `region.hcl` disagree".to_owned()), Some(failure))
        }
        (Some(region), _) | (None, Some((region, _))) => (Known::Value(region), None),
        (None, None) => {
            let reason = "no folder of its path is named like a region, and no `region.hcl` says it";
            (Known::Unknown(reason.to_owned()), None)
        }
    }
}

/// The nearest `account.hcl`.
pub(super) fn account_file(evaluator: &Evaluator<'_>, root: &Path, path: &UnitPath) -> Option<AccountFile> {
    let file = above(evaluator.files, root, path, "account.hcl")?;
    Some(AccountFile {
        name: local(evaluator, &file, &["account_name", "name"]),
        id: local(evaluator, &file, &["account_id", "aws_account_id"]),
        dir: file.parent()?.to_owned(),
    })
}

/// Whether a block is the default AWS provider; one with an alias may be for another account and region.
fn is_default(block: &&Block) -> bool {
    block.labels.first().is_some_and(|label| label == "aws") && !block.body.attributes.contains_key("alias")
}

/// `allowed_account_ids` of the default AWS provider, where they are written out.
pub(super) fn allowed(extra: &Extra) -> Vec<Allowed> {
    let providers = extra.body().blocks_named("provider").filter(is_default);
    let list = |body: &Body| {
        let attribute = body.attributes.get("allowed_account_ids")?;
        let ExprKind::List(items) = &attribute.value.kind else { return None };
        let ids: Option<Vec<_>> = items.iter().map(|item| literal(item)?.value().cloned()).collect();
        Some(Allowed { ids: ids?, place: extra.place_of("allowed_account_ids", attribute), is_setting: false })
    };
    providers.filter_map(|block| list(&block.body)).collect()
}

/// The region of the default AWS provider, if there is one: as it is written out, or what an input gives.
pub(super) fn provider_region(
    extras: &[Extra],
    input: &dyn Fn(&str) -> Known<String>,
) -> Option<(Known<Region>, Place)> {
    let (overriding, others): (Vec<_>, Vec<_>) = extras.iter().partition(|extra| extra.overrides());
    overriding.into_iter().chain(others).find_map(|extra| {
        let attribute =
            extra.body().blocks_named("provider").filter(is_default).find_map(|it| it.body.attributes.get("region"))?;
        let text = variable(&attribute.value).map_or_else(|| literal(&attribute.value), |name| Some(input(name)))?;
        let region = match text {
            Known::Value(text) => text.parse().map_or_else(|error: String| Known::Unknown(error), Known::Value),
            Known::Unknown(reason) => Known::Unknown(format!("its provider says it, and {reason}")),
        };
        Some((region, extra.place_of("region", attribute)))
    })
}

/// The variable that an expression is, if it is one.
fn variable(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Parens(inner) => variable(inner),
        ExprKind::Template(parts) => match &parts[..] {
            [Part::Expr(only)] => variable(only),
            _ => None,
        },
        ExprKind::Traversal(start, steps) => match (&start.kind, &steps[..]) {
            (ExprKind::Variable(name), [Step::Attribute(variable)]) if name == "var" => Some(variable),
            _ => None,
        },
        _ => None,
    }
}

/// What a unit itself says of its account or region, in its inputs and locals or in those of a file that a local reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own {
    Account,
    Region,
}

impl Own {
    fn locals(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["aws_account_id", "account_id"],
            Self::Region => &["aws_region"],
        }
    }

    fn input(self) -> &'static str {
        self.locals()[0]
    }

    /// The only such text, with its place; `None` where there is none, or several differ.
    pub(super) fn stated(self, files: &Files, file: &Path) -> Option<(String, Place)> {
        // What is at fault here is told by whoever needs it.
        let evaluator = Evaluator::new(files, file.to_owned());
        let frame = Frame::read(&evaluator, file).ok()?;
        let mut all: Vec<(String, Place)> = Vec::new();
        if let Ok(inputs) = frame.inputs(&evaluator)
            && let Ok(value) = evaluator.member(&inputs, self.input())
            && let (Some(text), Some(place)) = (value.as_str(), value.origin.place())
        {
            all.push((text.to_owned(), place));
        }
        for frame in frame.with_includes(&evaluator).ok()? {
            let names: Vec<_> =
                frame.source.body.blocks_named("locals").flat_map(|it| it.body.attributes.keys().cloned()).collect();
            for name in names {
                match frame.local(&evaluator, &name) {
                    Ok(Some(Value { kind: Kind::Config(read), .. })) => {
                        all.extend(local_of(&evaluator, &read, self.locals()));
                    }
                    _ if self.locals().contains(&name.as_str()) => {
                        all.extend(local_of(&evaluator, &frame, &[name.as_str()]));
                    }
                    _ => {}
                }
            }
        }
        let first = all.first()?.clone();
        all.iter().all(|(text, _)| *text == first.0).then_some(first)
    }
}

/// The nearest file with this name, from the unit's folder up to the root.
fn above(files: &Files, root: &Path, path: &UnitPath, name: &str) -> Option<PathBuf> {
    let folder = path.in_root(root);
    let candidates = folder.ancestors().take_while(|dir| dir.starts_with(root)).map(|dir| dir.join(name));
    candidates.into_iter().find(|path| files.is_file(path))
}

/// The first of these locals that is known, with its place. A file that can't be parsed is told of by whoever needs it.
fn local(evaluator: &Evaluator<'_>, file: &Path, keys: &[&str]) -> Option<(String, Place)> {
    local_of(evaluator, &Frame::read(evaluator, file).ok()?, keys)
}

fn local_of(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, keys: &[&str]) -> Option<(String, Place)> {
    keys.iter().find_map(|key| {
        let value = frame.local(evaluator, key).ok()??;
        let text = match (&value.kind, &value.origin) {
            (Kind::String(text), _) => text.to_string(),
            // As it is written: leading zeros are part of an id.
            (Kind::Number(_), Origin::Literal(span)) => span.source.text(&span.range).to_owned(),
            (Kind::Number(number), _) => format!("{number}"),
            _ => return None,
        };
        let place = frame.source.body.local(key).map(|attribute| frame.source.place(attribute.key.start));
        Some((text, place?))
    })
}
