//! Functions on lists, sets and maps. Those that only pick something keep its origin.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Arguments, Stop, Value, null_of_a_type, text_of, unknown, wrong};
use crate::unify::unified;
use crate::value::Map;
use crate::{Fault, Kind, operators};

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
                for (key, value) in &map.entries {
                    // What is replaced may be at fault, and then all is.
                    let value = match merged.entries.get(key) {
                        Some(replaced) if replaced.has_beyond_us() => {
                            let reason = "what stands in its place before it is merged is not worked out";
                            Value { kind: Kind::Unknown(Rc::from(reason)), origin: value.origin.clone() }
                        }
                        _ => value.clone(),
                    };
                    merged.entries.insert(key.clone(), value);
                }
            }
            // What comes later is known again; all before may have been replaced.
            Kind::Unknown(reason) => merged = Map { entries: BTreeMap::new(), open: Some(reason.clone()) },
            _ => return Err(wrong("a map", &value)),
        }
    }
    Ok(Value::made(Kind::Map(Rc::new(merged))))
}

/// The first argument that is neither null nor an empty string; all get one type.
pub(super) fn coalesce(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    // A null beside it may have a type, which what is no string either gets as well or doesn't fit.
    let has_null = call.values.iter().any(Value::may_be_null_of_a_type);
    for value in unified(call.evaluator, call.values.clone())? {
        match &value.kind {
            Kind::Null => {}
            Kind::String(text) if text.is_empty() => {}
            _ if has_null && (value.is_compound() || value.is_scalar() && value.as_str().is_none()) => {
                return Err(unknown("the one type that values beside a null get is not worked out"));
            }
            // Whether all are of one type can't be told.
            _ => return Ok(call.values.iter().find(|it| it.unknown_reason().is_some()).cloned().unwrap_or(value)),
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
    let entries = match &map.kind {
        Kind::Map(map) => Some(map),
        Kind::Locals(_) | Kind::Config(_) => None,
        _ => return Err(wrong("a map", map)),
    };
    match (call.evaluator.member(map, &key), call.values.get(2)) {
        (Err(fault), Some(default)) if !fault.is_fatal() => {
            if map.is_empty_of_a_type() {
                return Err(unknown("what an empty map may be asked for is not worked out"));
            }
            let kind = default.kind_name();
            let is_other = |value: &Value| value.kind_name() != kind;
            // If it is a map and no object, the default gets the type of the elements.
            if entries
                .is_some_and(|map| !default.is_null() && !map.entries.is_empty() && map.entries.values().all(is_other))
            {
                return Err(unknown("the type that the default of this `lookup` gets is not worked out"));
            }
            Ok(default.clone())
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// `element(list, index)`, which wraps around.
pub(super) fn element(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if matches!(call.values[0].kind, Kind::Set(_)) {
        return Err(wrong("a list", &call.values[0]));
    }
    let items = call.list(0)?;
    if call.values[1].is_null() {
        return Err(unknown("`element` with null as its index is not worked out"));
    }
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
            None => {
                nothing_hidden(&value)?;
                Ok(Value::list(map.entries.keys().map(|key| Value::string(key.as_str())).collect()))
            }
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
        _ => {
            nothing_hidden(&call.values[0])?;
            call.items(0)?.len()
        }
    };
    Ok(Value::made(Kind::Number(count as f64)))
}

/// What is in there decides nothing here, but could be an error, and then all is.
fn nothing_hidden(value: &Value) -> Result<(), Stop> {
    if value.has_beyond_us() { Err(unknown("not all that is in it is worked out")) } else { Ok(()) }
}

pub(super) fn concat(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = Vec::new();
    for (at, value) in call.values.iter().enumerate() {
        if !matches!(value.kind, Kind::List(_)) {
            return Err(wrong("a list", value));
        }
        items.extend(call.items(at)?);
    }
    // Lists get one type, unless one of them is written down, which makes a tuple of all.
    if call.values.iter().any(Value::is_written) {
        return Ok(Value::list(items));
    }
    let mut others = items.iter().skip(1);
    let is_one_type =
        others.try_fold(true, |all, item| Ok::<_, Fault>(all && call.evaluator.same_type(&items[0], item)?))?;
    if !is_one_type || call.values.iter().any(Value::is_empty_of_a_type) {
        items = items.iter().map(|item| call.evaluator.untyped(item)).collect::<Result<_, _>>()?;
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
    if call.values[1].is_null() {
        return Err(unknown("`contains` is not worked out for null"));
    }
    let mut unknown = None;
    for item in call.list(0)? {
        match operators::equal_plain(&item, &call.values[1]) {
            Some(true) => return Ok(Value::made(Kind::Bool(true))),
            Some(false) => {}
            None => {
                let reason = item.unknown_reason().cloned();
                unknown = Some(reason.unwrap_or_else(|| Rc::from("`contains` is worked out for plain elements only")));
            }
        }
    }
    unknown.map_or_else(|| Ok(Value::made(Kind::Bool(false))), |reason| Err(Stop::Unknown(reason)))
}

pub(super) fn compact(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = Vec::new();
    for item in call.list(0)?.into_iter().filter(|item| !item.is_null()) {
        let text = text_of(&item)?;
        if !text.is_empty() {
            items.push(Value { kind: Kind::String(text), origin: item.origin });
        }
    }
    Ok(Value::list(items))
}

pub(super) fn distinct(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for item in call.unified(0)? {
        if seen.insert(rank(&item, "distinct")?) {
            items.push(item);
        }
    }
    Ok(Value::list(items))
}

pub(super) fn reverse(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = call.list(0)?;
    items.reverse();
    Ok(Value::list(items))
}

pub(super) fn tolist(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if call.values[0].is_null() {
        return Err(null_of_a_type());
    }
    Ok(Value::list(call.unified(0)?))
}

pub(super) fn tomap(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = call.evaluator.whole(&call.values[0])?;
    let map = match &value.kind {
        Kind::Null => return Err(null_of_a_type()),
        Kind::Map(map) => map,
        _ => return Err(wrong("a map", &value)),
    };
    if let Some(reason) = &map.open {
        return Err(Stop::Unknown(reason.clone()));
    }
    let values = unified(call.evaluator, map.entries.values().cloned().collect())?;
    Ok(Value::map(map.entries.keys().cloned().zip(values).collect()))
}

pub(super) fn toset(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if call.values[0].is_null() {
        return Err(null_of_a_type());
    }
    let mut sorted = BTreeMap::new();
    for item in call.unified(0)? {
        sorted.entry(rank(&item, "toset")?).or_insert(item);
    }
    Ok(Value::made(Kind::Set(Rc::new(sorted.into_values().collect()))))
}

/// What tells a plain element of one type from another, and their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Bool(bool),
    Number(i64),
    String(Rc<str>),
}

fn rank(item: &Value, function: &str) -> Result<Rank, Stop> {
    match &item.kind {
        Kind::Bool(value) => Ok(Rank::Bool(*value)),
        Kind::Number(number) if number.fract() == 0.0 && operators::is_exact(*number) => {
            Ok(Rank::Number(*number as i64))
        }
        Kind::String(text) => Ok(Rank::String(text.clone())),
        Kind::Unknown(reason) => Err(Stop::Unknown(reason.clone())),
        _ => Err(unknown(&format!("`{function}` is worked out for plain elements only"))),
    }
}

pub(super) fn plain_string(item: &Value, function: &str) -> Result<Rc<str>, Stop> {
    match (&item.kind, item.unknown_reason()) {
        (Kind::String(text), _) => Ok(text.clone()),
        (_, Some(reason)) => Err(Stop::Unknown(reason.clone())),
        _ => Err(unknown(&format!("`{function}` is worked out for strings only"))),
    }
}
