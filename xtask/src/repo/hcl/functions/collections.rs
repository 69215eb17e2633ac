//! Functions on lists, sets and maps. Those that only pick something keep its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Arguments, Stop, Value, text_of, unknown, wrong};
use crate::repo::hcl::value::Map;
use crate::repo::hcl::{Fault, Kind, operators};

/// Merges maps; later ones win, null ones don't count.
pub(super) fn merge(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut merged = Map::default();
    for value in &call.values {
        let value = call.evaluator.whole(value)?;
        match &value.kind {
            Kind::Null => {}
            Kind::Map(map) => {
                call.evaluator.spend(map.entries.len())?;
                if let Some(reason) = &map.open {
                    merged = Map { entries: BTreeMap::new(), open: Some(reason.clone()) };
                }
                merged.entries.extend(map.entries.clone());
            }
            // What comes later is known again; all before may have been replaced.
            Kind::Unknown(reason) => merged = Map { entries: BTreeMap::new(), open: Some(reason.clone()) },
            _ => return Err(wrong("a map", &value)),
        }
    }
    Ok(Value::made(Kind::Map(Rc::new(merged))))
}

/// The first argument that is neither null nor an empty string.
pub(super) fn coalesce(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    for value in &call.values {
        match &value.kind {
            Kind::Null => {}
            Kind::String(text) if text.is_empty() => {}
            Kind::Bool(_) | Kind::Number(_) if call.values.iter().any(|other| other.as_str().is_some()) => {
                let kind = Kind::String(text_of(value)?);
                return Ok(Value { kind, origin: value.origin.clone() });
            }
            _ => return Ok(value.clone()),
        }
    }
    Err(Stop::Fault(Fault::new("`coalesce` found nothing but nulls and empty strings")))
}

/// `lookup(map, key, default)`
pub(super) fn lookup(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (map, key) = (&call.values[0], text_of(&call.values[1])?);
    if let Some(reason) = map.unknown_reason() {
        return Err(Stop::Unknown(reason.clone()));
    }
    match (call.evaluator.member(map, &key), call.values.get(2)) {
        (Err(fault), Some(default)) if !fault.is_fatal() => Ok(default.clone()),
        (outcome, _) => Ok(outcome?),
    }
}

/// `element(list, index)`, which wraps around.
pub(super) fn element(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let items = call.items(0)?;
    let index = call.number(1)?;
    if index < 0.0 {
        return Err(unknown("terragrunt's versions differ in what `element` does with a negative index"));
    }
    if items.is_empty() || index.fract() != 0.0 {
        return Err(Stop::Fault(Fault::new("`element` needs a list with elements and a whole number")));
    }
    Ok(items[index as usize % items.len()].clone())
}

pub(super) fn keys(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = call.evaluator.whole(&call.values[0])?;
    match &value.kind {
        Kind::Map(map) => match &map.open {
            None => Ok(Value::list(map.entries.keys().map(|key| Value::string(key.as_str())).collect())),
            Some(reason) => Err(Stop::Unknown(reason.clone())),
        },
        _ => Err(wrong("a map", &value)),
    }
}

pub(super) fn values(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = call.evaluator.whole(&call.values[0])?;
    match &value.kind {
        Kind::Map(_) => Ok(Value::list(call.items(0)?)),
        _ => Err(wrong("a map", &value)),
    }
}

pub(super) fn length(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let count = match &call.values[0].kind {
        Kind::String(text) if text.is_ascii() => text.len(),
        Kind::String(_) => return Err(unknown("the length of a string beyond ASCII is not worked out")),
        _ => call.items(0)?.len(),
    };
    Ok(Value::made(Kind::Number(count as f64)))
}

pub(super) fn concat(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = Vec::new();
    for (at, value) in call.values.iter().enumerate() {
        if !matches!(value.kind, Kind::List(_) | Kind::Set(_)) {
            return Err(wrong("a list", value));
        }
        items.extend(call.items(at)?);
    }
    Ok(Value::list(items))
}

pub(super) fn flatten(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    fn into(call: &Arguments<'_, '_>, value: &Value, flat: &mut Vec<Value>) -> Result<(), Stop> {
        match &value.kind {
            Kind::List(items) | Kind::Set(items) => {
                call.evaluator.spend(items.len())?;
                items.iter().try_for_each(|item| into(call, item, flat))
            }
            Kind::Unknown(reason) => Err(Stop::Unknown(reason.clone())),
            _ => {
                flat.push(value.clone());
                Ok(())
            }
        }
    }
    let value = &call.values[0];
    if !matches!(value.kind, Kind::List(_) | Kind::Set(_)) {
        return Err(wrong("a list", value));
    }
    let mut flat = Vec::new();
    into(call, value, &mut flat)?;
    Ok(Value::list(flat))
}

pub(super) fn contains(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let wanted = &call.values[1];
    if !matches!(wanted.kind, Kind::String(_)) {
        return Err(unknown("`contains` is worked out for strings only"));
    }
    let wanted = text_of(wanted)?;
    let mut unknown = None;
    for item in call.items(0)? {
        match (operators::text(&item), item.unknown_reason()) {
            (Some(text), _) if text == wanted => return Ok(Value::made(Kind::Bool(true))),
            (None, Some(reason)) => unknown = Some(reason.clone()),
            _ => {}
        }
    }
    unknown.map_or_else(|| Ok(Value::made(Kind::Bool(false))), |reason| Err(Stop::Unknown(reason)))
}

pub(super) fn compact(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = call.items(0)?;
    if let Some(reason) = items.iter().find_map(Value::unknown_reason) {
        return Err(Stop::Unknown(reason.clone()));
    }
    items.retain(|item| !item.is_null() && item.as_str() != Some(""));
    Ok(Value::list(items))
}

pub(super) fn distinct(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for item in call.items(0)? {
        if seen.insert(plain_string(&item, "distinct")?) {
            items.push(item);
        }
    }
    Ok(Value::list(items))
}

pub(super) fn reverse(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = call.items(0)?;
    items.reverse();
    Ok(Value::list(items))
}

pub(super) fn tolist(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match &call.values[0].kind {
        Kind::Null => Ok(call.values[0].clone()),
        Kind::List(_) | Kind::Set(_) => {
            let items = call.items(0)?;
            let same = items.windows(2).all(|pair| pair[0].kind_name() == pair[1].kind_name());
            let plain = items.iter().all(|item| matches!(item.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_)));
            // A list has elements of one type; which, is only clear among plain ones.
            if same || items.iter().all(|item| item.as_str().is_some()) {
                return Ok(Value::list(items));
            }
            if !plain {
                return Err(unknown("`tolist` of elements with different types is not worked out"));
            }
            let text = |item: &Value| Ok(Value { kind: Kind::String(text_of(item)?), origin: item.origin.clone() });
            Ok(Value::list(items.iter().map(text).collect::<Result<_, Stop>>()?))
        }
        _ => Err(wrong("a list", &call.values[0])),
    }
}

pub(super) fn tomap(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = call.evaluator.whole(&call.values[0])?;
    match &value.kind {
        Kind::Null | Kind::Map(_) => Ok(value),
        _ => Err(wrong("a map", &value)),
    }
}

pub(super) fn toset(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if call.values[0].is_null() {
        return Ok(call.values[0].clone());
    }
    let mut sorted = BTreeMap::new();
    for item in call.items(0)? {
        sorted.insert(plain_string(&item, "toset")?, item);
    }
    Ok(Value::made(Kind::Set(Rc::new(sorted.into_values().collect()))))
}

fn plain_string(item: &Value, function: &str) -> Result<Rc<str>, Stop> {
    match (&item.kind, item.unknown_reason()) {
        (Kind::String(text), _) => Ok(text.clone()),
        (_, Some(reason)) => Err(Stop::Unknown(reason.clone())),
        _ => Err(unknown(&format!("`{function}` is worked out for strings only"))),
    }
}
