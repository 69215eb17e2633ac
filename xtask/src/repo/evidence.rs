//! What the surroundings of a unit say about its region and its account.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::accounts::{AccountFile, Allowed};
use super::files::Files;
use super::generated::{Extra, literal};
use super::hcl::syntax::{Attribute, Block, Body, Expr, ExprKind, Part, Step};
use super::hcl::{Evaluator, Frame, Kind, Origin, Value};
use super::{json, redirect, yaml};
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
pub(super) fn is_default(block: &&Block) -> bool {
    block.labels.first().is_some_and(|label| label == "aws") && !block.body.attributes.contains_key("alias")
}

/// `allowed_account_ids` of the default AWS provider, and the account of the role that it assumes, where they are written out.
pub(super) fn allowed(extra: &Extra) -> Vec<Allowed> {
    let providers = extra.body().blocks_named("provider").filter(is_default);
    let list = |body: &Body| {
        let attribute = body.attributes.get("allowed_account_ids")?;
        let ExprKind::List(items) = &attribute.value.kind else { return None };
        let ids: Option<Vec<_>> = items.iter().map(|item| literal(item)?.value().cloned()).collect();
        Some(Allowed { ids: ids?, place: extra.place_of("allowed_account_ids", attribute), is_setting: false })
    };
    let roles = redirect::own_accounts(extra).into_iter().map(|(id, place)| Allowed::only(&id, place));
    providers.filter_map(|block| list(&block.body)).chain(roles).collect()
}

/// The account of the role that terragrunt assumes before it runs anything.
pub(super) fn of_iam_role(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Option<Allowed> {
    let (role, place) = redirect::iam_role(evaluator, frame)?;
    Some(Allowed::only(&redirect::account_of(role.as_str()?)?, place))
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
        if let Some(doubt) = extra.doubt() {
            return Some((Known::Unknown(doubt.to_owned()), extra.place_of("region", attribute)));
        }
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

/// What a unit itself says of its account, its account's name or its region, in its inputs and locals or in those of a file that a local reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own {
    Account,
    Name,
    Region,
}

impl Own {
    fn locals(self) -> &'static [&'static str] {
        match self {
            Self::Account => &["aws_account_id", "account_id"],
            Self::Name => &["account_name"],
            Self::Region => &["aws_region"],
        }
    }

    fn input(self) -> &'static str {
        self.locals()[0]
    }

    /// The only such text, with its place; `None` where there is none, or several differ. What a file states that lies outside
    /// of `folder`, and so is read by others too, says nothing of this unit: it is left out and added to `shared`.
    pub(super) fn stated(
        self,
        files: &Files,
        file: &Path,
        folder: &Path,
        shared: &mut Vec<(String, Place)>,
    ) -> Option<(String, Place)> {
        // What is at fault here is told by whoever needs it.
        let evaluator = Evaluator::new(files, file.to_owned());
        let frame = Frame::read(&evaluator, file).ok()?;
        let mut all: Vec<(String, Place)> = Vec::new();
        let mut add = |value: &Value, (text, place): (String, Place)| match self.is_shared(files, value, folder) {
            true => shared.push((text, value.origin.first().place().unwrap_or(place))),
            false => all.push((text, place)),
        };
        if let Ok(inputs) = frame.inputs(&evaluator)
            && let Ok(value) = evaluator.member(&inputs, self.input())
            && let (Some(text), Some(place)) = (value.as_str(), value.origin.place())
        {
            add(&value, (text.to_owned(), place));
        }
        for frame in frame.with_includes(&evaluator).ok()? {
            let names: Vec<_> =
                frame.source.body.blocks_named("locals").flat_map(|it| it.body.attributes.keys().cloned()).collect();
            for name in names {
                match frame.local(&evaluator, &name) {
                    Ok(Some(Value { kind: Kind::Config(read), .. })) => {
                        let found = self.locals().iter().find_map(|key| one_local(&evaluator, &read, key));
                        found.into_iter().for_each(|(value, stated)| add(&value, stated));
                    }
                    Ok(Some(Value { kind: Kind::Map(read), .. })) => {
                        let found = self.locals().iter().find_map(|key| of_data(read.entries.get(*key)?));
                        found.into_iter().for_each(|(value, stated)| add(&value, stated));
                    }
                    _ if self.locals().contains(&name.as_str()) => {
                        let found = one_local(&evaluator, &frame, &name);
                        found.into_iter().for_each(|(value, stated)| add(&value, stated));
                    }
                    _ => {}
                }
            }
        }
        let first = all.first()?.clone();
        all.iter().all(|(text, _)| *text == first.0).then_some(first)
    }

    /// Whether a value is written in so many words as such a local of a file outside of this folder, unless file or folder are
    /// named after it. What is looked up there, by the name of an account, is another value for each.
    fn is_shared(self, files: &Files, value: &Value, folder: &Path) -> bool {
        let (path, is_such) = match value.origin.first() {
            Origin::Literal(span) => {
                let is_it = |attribute: &Attribute| attribute.value.span == span.range;
                let mut locals = self.locals().iter().filter_map(|key| span.source.body.local(key));
                (span.source.path.clone(), locals.any(is_it))
            }
            Origin::Datum { file, span, .. } => (files.path(file), self.is_at_top(files, &files.path(file), span)),
            _ => return false,
        };
        let is_named = folder.file_name().is_some_and(|name| {
            path.file_stem() == Some(name) || path.parent().and_then(Path::file_name) == Some(name)
        });
        is_such && !path.starts_with(folder) && !is_named
    }

    /// Whether these bytes of a file of data are one of its own values with such a name.
    fn is_at_top(self, files: &Files, path: &Path, span: &Range<usize>) -> bool {
        let bytes = files.bytes(path).ok();
        let text = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let node = if is_json { json::parse(text).ok() } else { yaml::parse(text).ok() };
        let Some(json::Value::Object(entries)) = node.map(|node| node.value) else { return false };
        entries.iter().any(|entry| self.locals().contains(&entry.key.as_str()) && entry.node.span == *span)
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
    keys.iter().find_map(|key| one_local(evaluator, frame, key)).map(|(_, stated)| stated)
}

/// A local that is known, with its text and its place.
fn one_local(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, key: &str) -> Option<(Value, (String, Place))> {
    let value = frame.local(evaluator, key).ok()??;
    let text = match (&value.kind, &value.origin) {
        (Kind::String(text), _) => text.to_string(),
        // As it is written: leading zeros are part of an id.
        (Kind::Number(_), Origin::Literal(span)) => span.source.text(&span.range).to_owned(),
        (Kind::Number(number), _) => format!("{number}"),
        _ => return None,
    };
    let place = frame.source.body.local(key).map(|attribute| frame.source.place(attribute.key.start))?;
    Some((value, (text, place)))
}

/// A value of a file of data, with its text and its place.
fn of_data(value: &Value) -> Option<(Value, (String, Place))> {
    let Origin::Datum { .. } = value.origin.first() else { return None };
    let text = match &value.kind {
        Kind::String(text) => text.to_string(),
        Kind::Number(number) => format!("{number}"),
        _ => return None,
    };
    Some((value.clone(), (text, value.origin.place()?)))
}

/// The folder of a unit's account below `root`: that of `account.hcl`, or the one above the region's. `root` itself where
/// neither is there.
pub(super) fn account_folder(evaluator: &Evaluator<'_>, root: &Path, dir: &Path) -> PathBuf {
    let path = dir.strip_prefix(root).unwrap_or(dir);
    let by_file = UnitPath::new(path).and_then(|path| account_file(evaluator, root, &path)).map(|file| file.dir);
    let is_region = |part: &std::ffi::OsStr| part.to_str().is_some_and(|part| part.parse::<Region>().is_ok());
    let regional = || root.join(path.iter().take_while(|part| !is_region(part)).collect::<PathBuf>());
    by_file.unwrap_or_else(|| if path.iter().any(is_region) { regional() } else { root.to_owned() })
}
