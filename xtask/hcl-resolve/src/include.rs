//! `include` blocks, and how Terragrunt merges what they bring. The order and the rules are those of
//! <https://github.com/gruntwork-io/terragrunt/blob/main/pkg/config/include.go>.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::Block;
use super::value::Map;
use super::{Evaluator, Fault, Frame, Kind, Value, operators};
use crate::files;

/// One `include` block.
#[derive(Debug)]
pub struct Include {
    /// The label; empty for a bare block.
    pub(super) label: String,
    /// The included file seen from the one that includes it, or why it can't be known.
    pub frame: Result<Rc<Frame>, Rc<str>>,
    /// Whether `include.LABEL` may be used.
    pub(super) expose: bool,
    /// How it is merged.
    pub(super) merge: Merge,
}

/// How an included file is merged into the one that includes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Not at all.
    No,
    /// Attribute by attribute: the including file wins.
    Shallow,
    /// Maps into each other, lists one after the other.
    Deep,
}

impl Include {
    pub(super) fn read(frame: &Rc<Frame>, block: &Block, evaluator: &Evaluator<'_>) -> Result<Self, Fault> {
        let place = || frame.source.place(block.span.start);
        if frame.is_included {
            let fault = Fault::new("an included file cannot include another one: terragrunt knows one level");
            return Err(fault.at(place()));
        }
        let attribute = |name: &str| -> Result<Option<Value>, Fault> {
            let attribute = block.body.attributes.get(name);
            attribute.map(|attribute| evaluator.eval(&attribute.value, Scope::of(frame))).transpose()
        };
        let merge = match attribute("merge_strategy")? {
            None => Merge::Shallow,
            Some(value) => match value.as_str() {
                Some("no_merge") => Merge::No,
                Some("shallow") => Merge::Shallow,
                Some("deep") => Merge::Deep,
                _ => return Err(Fault::new("`merge_strategy` must be no_merge, shallow or deep").at(place())),
            },
        };
        let expose = attribute("expose")?.map(|value| operators::truth(&value)).transpose()?.flatten();
        let path = attribute("path")?.ok_or_else(|| Fault::new("the include has no `path`").at(place()))?;
        let included = match (path.as_str(), path.unknown_reason()) {
            (Some(path), _) => Ok(included(frame, path, evaluator).map_err(|fault| fault.near(place))?),
            (None, Some(reason)) => Err(Rc::from(format!("which file is included is unknown: {reason}"))),
            (None, None) => return Err(Fault::new("the `path` of an include must be a string").at(place())),
        };
        let label = block.labels.first().cloned().unwrap_or_default();
        Ok(Self { label, frame: included, expose: expose == Some(true), merge })
    }

    /// What `include.LABEL` stands for.
    pub(super) fn exposed(&self) -> Option<Value> {
        self.expose.then(|| match &self.frame {
            Ok(frame) => Value::made(Kind::Config(frame.clone())),
            Err(reason) => Value::unknown(reason.clone()),
        })
    }
}

fn included(frame: &Rc<Frame>, path: &str, evaluator: &Evaluator<'_>) -> Result<Rc<Frame>, Fault> {
    let path = files::clean(&frame.dir().join(path));
    Ok(Frame::of(evaluator.files.hcl(&path)?, frame.config_path.clone(), true))
}

/// Merges maps attribute by attribute; `above` wins.
pub(super) fn shallow(above: &Value, below: &Value) -> Value {
    let (above_map, below_map) = (as_open_map(above), as_open_map(below));
    let mut merged = Map { open: above_map.open.clone(), entries: above_map.entries.clone() };
    if above_map.open.is_none() {
        for (key, value) in &below_map.entries {
            merged.entries.entry(key.clone()).or_insert_with(|| value.clone());
        }
        merged.open.clone_from(&below_map.open);
    }
    Value { kind: Kind::Map(Rc::new(merged)), origin: above.origin.clone() }
}

/// Merges maps into each other and appends lists, as Terragrunt's deep merge does; `above` wins otherwise.
pub(super) fn deep(evaluator: &Evaluator<'_>, above: &Value, below: &Value) -> Result<Value, Fault> {
    let (above_map, below_map) = (as_open_map(above), as_open_map(below));
    evaluator.spend(1 + above_map.entries.len() + below_map.entries.len())?;
    let mut merged = Map { open: above_map.open.clone().or_else(|| below_map.open.clone()), ..Map::default() };
    for (key, value) in &above_map.entries {
        let under = match (below_map.entries.get(key), &below_map.open) {
            (Some(under), _) => under.clone(),
            (None, Some(reason)) => Value::unknown(reason.clone()),
            (None, None) => value.clone(),
        };
        let alone = below_map.open.is_none() && !below_map.entries.contains_key(key);
        let value = if alone { value.clone() } else { deep_entry(evaluator, key, value, &under)? };
        merged.entries.insert(key.clone(), value);
    }
    if above_map.open.is_none() {
        for (key, value) in &below_map.entries {
            merged.entries.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    Ok(Value { kind: Kind::Map(Rc::new(merged)), origin: above.origin.clone() })
}

fn deep_entry(evaluator: &Evaluator<'_>, key: &str, above: &Value, below: &Value) -> Result<Value, Fault> {
    let (above, below) = (evaluator.whole(above)?, evaluator.whole(below)?);
    match (&above.kind, &below.kind) {
        (Kind::Map(_), Kind::Map(_) | Kind::Unknown(_)) => deep(evaluator, &above, &below),
        (Kind::Map(_), Kind::Null) => Ok(above),
        // Measured: 1.1.3 takes the map, 0.55.1 what is below.
        (Kind::Map(_), _) => Ok(Value::unknown(format!("terragrunt's versions differ in how `{key}` is merged"))),
        (Kind::List(_) | Kind::Set(_), Kind::Null) => Ok(above),
        (Kind::List(_) | Kind::Set(_), Kind::Unknown(_)) => Ok(below),
        (Kind::List(first) | Kind::Set(first), Kind::List(second) | Kind::Set(second)) => {
            evaluator.spend(first.len() + second.len())?;
            let items = second.iter().chain(first.iter()).cloned().collect();
            Ok(Value { kind: Kind::List(Rc::new(items)), origin: above.origin })
        }
        (Kind::List(_) | Kind::Set(_), _) => {
            Err(Fault::new(format!("`{key}` is a list here and {} in the included file", below.kind_name())))
        }
        _ => Ok(above),
    }
}

fn as_open_map(value: &Value) -> Rc<Map> {
    match &value.kind {
        Kind::Map(map) => map.clone(),
        Kind::Unknown(reason) => Rc::new(Map { open: Some(reason.clone()), ..Map::default() }),
        _ => Rc::default(),
    }
}
