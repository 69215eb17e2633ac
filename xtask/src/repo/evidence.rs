//! What else the repository says about the account and the region of a unit, and whether all of it agrees.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::files::Files;
use super::hcl::syntax::{Body, Expr, ExprKind};
use super::hcl::{Evaluator, Fault, Frame, Source, parse};
use super::unit::Unit;
use crate::model::{AccountId, Failure, Known, Place, Region};

/// The region: a folder of the unit's path that is named like one, and `region.hcl`.
pub(super) fn region(files: &Files, root: &Path, unit: &mut Unit) {
    let by_folder = unit.path.as_str().split('/').find_map(|part| part.parse::<Region>().ok());
    let by_file = literal_above(files, root, unit, "region.hcl", &["aws_region", "region"]);
    let by_file = by_file.and_then(|(text, place)| Some((text.parse::<Region>().ok()?, place)));
    unit.region = match (by_folder, by_file) {
        (Some(folder), Some((file, place))) if folder != file => {
            let what = format!("the region of `{}` is {folder} by its folder and {file} by `region.hcl`", unit.path);
            unit.problems.push(Failure::refused(what).at(place).in_file(unit.path.as_str()));
            Known::Unknown("its folder and `region.hcl` disagree".to_owned())
        }
        (Some(region), _) | (None, Some((region, _))) => Known::Value(region),
        (None, None) => {
            Known::Unknown("no folder of its path is named like a region, and no `region.hcl` says it".to_owned())
        }
    };
}

/// The account's own file: `account.hcl` with a plain `account_id` or `aws_account_id`.
pub(super) fn account_file(files: &Files, root: &Path, unit: &mut Unit) {
    if let Some((text, place)) = literal_above(files, root, unit, "account.hcl", &["account_id", "aws_account_id"]) {
        confirm(unit, &text, place);
    }
}

/// `allowed_account_ids` of the AWS provider in the `generate` blocks, where their contents can be worked out.
pub(super) fn allowed_account_ids(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, unit: &mut Unit) {
    for (contents, source, start) in generated(evaluator, frame).unwrap_or_default() {
        let Ok(body) = parse::parse_bytes("generated", contents.as_bytes()) else { continue };
        // The contents are computed, so the line is looked for in the file that they come from.
        let text = source.text(&(start..source.bytes.len()));
        let place = source.place(start + text.find("allowed_account_ids").unwrap_or_default());
        for ids in allowed_ids(&body) {
            match &ids[..] {
                [only] => confirm(unit, only, place.clone()),
                // Several allow this account without saying that it is this unit's.
                [first, ..] if !ids.iter().any(|id| *id == *unit.account.id.as_str()) => {
                    confirm(unit, first, place.clone());
                }
                _ => {}
            }
        }
    }
}

type Generated = (String, std::sync::Arc<Source>, usize);

fn generated(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Vec<Generated>, Fault> {
    let mut all: Vec<Generated> = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    for frame in frame.with_includes(evaluator)? {
        for block in frame.source.body.blocks_named("generate") {
            // A block with the same label in the including file replaces the included one.
            let label = block.labels.first().cloned().unwrap_or_default();
            let Some(contents) = block.body.attributes.get("contents").filter(|_| !labels.contains(&label)) else {
                continue;
            };
            labels.push(label);
            if !frame.source.text(&contents.value.span).contains("allowed_account_ids") {
                continue;
            }
            if let Some(text) = evaluator.value(&contents.value, &frame)?.as_str() {
                all.push((text.to_owned(), frame.source.clone(), contents.value.span.start));
            }
        }
    }
    Ok(all)
}

/// The ids of each list that consists of plain strings.
fn allowed_ids(body: &Body) -> Vec<Vec<String>> {
    let providers = body.blocks_named("provider").filter(|block| block.labels.first().is_some_and(|it| it == "aws"));
    let lists = providers.filter_map(|block| block.body.attributes.get("allowed_account_ids"));
    let plain = |item: &Expr| match &item.kind {
        ExprKind::String(text) => Some(text.to_string()),
        _ => None,
    };
    lists
        .filter_map(|list| match &list.value.kind {
            ExprKind::List(items) => items.iter().map(plain).collect(),
            _ => None,
        })
        .collect()
}

/// Adds a place that states the account's id, or a problem if it states another one.
pub(super) fn confirm(unit: &mut Unit, stated: &str, place: Place) {
    let account = &mut unit.account;
    match AccountId::parse(stated) {
        Ok(id) if id == account.id => {
            if !account.evidence.contains(&place) {
                account.evidence.push(place);
            }
        }
        Ok(id) => {
            let what = format!("two places name different accounts for `{}`", unit.path);
            let mut failure = Failure::refused(what).at(place).detail(format!("{id} by the first of them"));
            if let Some(first) = account.evidence.first() {
                failure = failure.at(first.clone()).detail(format!("{account} by the second"));
            }
            unit.problems
                .push(failure.hint("settle which is right; until then this unit is neither planned nor applied"));
        }
        Err(error) => unit.problems.push(Failure::refused(error.to_string()).at(place)),
    }
}

/// A plain local of the nearest file with this name, from the unit's folder up to the root.
fn literal_above(files: &Files, root: &Path, unit: &Unit, name: &str, keys: &[&str]) -> Option<(String, Place)> {
    let folder = unit.path.in_root(root);
    let candidates = folder.ancestors().take_while(|dir| dir.starts_with(root)).map(|dir| dir.join(name));
    let path: PathBuf = candidates.into_iter().find(|path| files.is_file(path))?;
    // A file that can't be parsed is told of by whoever needs it.
    let source = files.hcl(&path).ok()?;
    keys.iter().find_map(|key| {
        let attribute = source.body.local(key)?;
        let text = match &attribute.value.kind {
            ExprKind::String(text) => text.to_string(),
            ExprKind::Number(_) => source.text(&attribute.value.span).to_owned(),
            _ => return None,
        };
        Some((text, source.place(attribute.key.start)))
    })
}
