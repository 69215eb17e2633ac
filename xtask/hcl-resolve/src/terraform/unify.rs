//! `any` in the type of a collection: it stands for one type, which all elements get.

use std::rc::Rc;

use super::types::{Type, text};
use crate::value::Map;
use crate::{Evaluator, Fault, Kind, Value, operators};

/// Gives elements, each converted to the type already, the one type that fits all.
pub(super) fn unify(of: &Type, evaluator: &Evaluator<'_>, items: Vec<Value>) -> Result<Vec<Value>, Fault> {
    if !has_any(of) {
        return Ok(items);
    }
    let is_open = |item: &Value| match &item.kind {
        Kind::Unknown(_) => true,
        Kind::Map(map) => map.open.is_some(),
        _ => false,
    };
    if items.iter().any(is_open) {
        return items.iter().map(|item| evaluator.untyped(item)).collect();
    }
    match of {
        Type::List(of) | Type::Set(of) | Type::Map(of) => {
            let parts: Vec<Value> = items.iter().flat_map(parts).cloned().collect();
            let mut parts = unify(of, evaluator, parts)?.into_iter();
            Ok(items.iter().map(|item| with_parts(item, &mut parts)).collect())
        }
        Type::Object(fields) => fields.iter().try_fold(items, |items, field| {
            let values = items.iter().filter_map(|item| attribute(item, &field.name)).cloned().collect();
            let mut values = unify(&field.of, evaluator, values)?.into_iter();
            Ok(items.into_iter().map(|item| with_attribute(item, &field.name, &mut values)).collect())
        }),
        Type::Any => simple(evaluator, items),
        _ => items.iter().map(|item| evaluator.untyped(item)).collect(),
    }
}

fn has_any(of: &Type) -> bool {
    match of {
        Type::Any => true,
        Type::List(of) | Type::Set(of) | Type::Map(of) => has_any(of),
        Type::Object(fields) => fields.iter().any(|field| has_any(&field.of)),
        Type::Tuple(types) => types.iter().any(has_any),
        Type::String | Type::Number | Type::Bool | Type::Other(_) => false,
    }
}

fn simple(evaluator: &Evaluator<'_>, items: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let first = items.iter().find(|item| !item.is_null()).cloned();
    let mut same = true;
    for item in &items {
        same &= first.as_ref().map_or(Ok(true), |first| evaluator.same_type(first, item))?;
    }
    let is_simple = |item: &Value| item.is_null() || operators::text(item).is_some();
    if same {
        Ok(items)
    } else if items.iter().all(is_simple) {
        if items.iter().all(|item| item.as_str().is_none()) {
            return Err(Fault::new("the elements of a collection must all have one type"));
        }
        Ok(items.iter().map(|item| text(item).unwrap_or_else(|| item.clone())).collect())
    } else {
        items.iter().map(|item| evaluator.untyped(item)).collect()
    }
}

/// The elements of a collection; none of a null.
fn parts(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match &value.kind {
        Kind::List(items) | Kind::Set(items) => Box::new(items.iter()),
        Kind::Map(map) => Box::new(map.entries.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The same collection with other elements, as many as it has.
fn with_parts(value: &Value, parts: &mut impl Iterator<Item = Value>) -> Value {
    let kind = match &value.kind {
        Kind::List(items) => Kind::List(Rc::new(parts.take(items.len()).collect())),
        Kind::Set(items) => Kind::Set(Rc::new(parts.take(items.len()).collect())),
        Kind::Map(map) => {
            let entries = map.entries.keys().cloned().zip(parts).collect();
            Kind::Map(Rc::new(Map { entries, open: None }))
        }
        other => other.clone(),
    };
    Value { kind, origin: value.origin.clone() }
}

fn attribute<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match &value.kind {
        Kind::Map(map) => map.entries.get(name),
        _ => None,
    }
}

fn with_attribute(value: Value, name: &str, values: &mut impl Iterator<Item = Value>) -> Value {
    let Kind::Map(map) = &value.kind else { return value };
    let Some(new) = map.entries.contains_key(name).then(|| values.next()).flatten() else { return value };
    let mut map = Map::clone(map);
    map.entries.insert(name.to_owned(), new);
    Value { kind: Kind::Map(Rc::new(map)), origin: value.origin }
}
