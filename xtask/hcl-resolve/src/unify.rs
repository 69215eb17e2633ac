//! One type for several values, as lists, sets, maps and both arms of a conditional need it. What Terraform would refuse is
//! a fault; where its versions may differ the value is unknown.

use std::rc::Rc;

use super::{Evaluator, Fault, Kind, Value, operators};

const UNCLEAR: &str = "the one type that such values get is not worked out";

/// The values with one type.
pub(super) fn unified(evaluator: &Evaluator<'_>, values: Vec<Value>) -> Result<Vec<Value>, Fault> {
    let open = |value: &Value| match &value.kind {
        Kind::Unknown(_) | Kind::Config(_) | Kind::Locals(_) => true,
        Kind::Map(map) => map.open.is_some(),
        _ => false,
    };
    if all_same(evaluator, &values)? {
        return Ok(values);
    }
    // A list next to a set becomes one.
    let is_set = |value: &Value| matches!(value.kind, Kind::Set(_));
    let is_mixed = values.iter().any(is_set) && !values.iter().all(is_set);
    let unclear = |value: Value| Value { kind: Kind::Unknown(Rc::from(UNCLEAR)), origin: value.origin };
    let has_open = values.iter().any(|value| open(value) || value.is_null());
    let is_refused = has_open && values.iter().any(Value::is_scalar) && values.iter().any(Value::is_compound);
    if is_mixed || is_refused || values.iter().any(Value::is_empty_of_a_type) {
        return Ok(values.into_iter().map(unclear).collect());
    }
    // A null without a type keeps all others from being converted; one with a type doesn't.
    if has_open {
        let one = |value: Value| if value.is_compound() { Ok(unclear(value)) } else { evaluator.untyped(&value) };
        return values.into_iter().map(one).collect();
    }
    let n_compound = values.iter().filter(|value| value.is_compound()).count();
    if n_compound == 0 {
        return plain(values);
    }
    if n_compound < values.len() {
        return Err(Fault::new("values of different types stand where they must have one type"));
    }
    let parts: Vec<Value> = values.iter().flat_map(parts).collect();
    if parts.iter().any(|part| part.unknown_reason().is_some()) {
        return Ok(values.into_iter().map(unclear).collect());
    }
    let is_map = |value: &&Value| matches!(value.kind, Kind::Map(_));
    let n_maps = values.iter().filter(is_map).count();
    let one_shape = n_maps == 0 || n_maps == values.len();
    if one_shape && all_same(evaluator, &parts)? {
        return Ok(values);
    }
    if one_shape && !parts.iter().any(Value::is_compound) {
        return values.iter().map(|value| evaluator.untyped(value)).collect();
    }
    Ok(values.into_iter().map(unclear).collect())
}

/// Strings, numbers and bools: strings if there are any.
fn plain(values: Vec<Value>) -> Result<Vec<Value>, Fault> {
    if values.iter().all(|value| value.as_str().is_none()) {
        return Err(Fault::new("numbers and bools stand where all must have one type"));
    }
    let text = |value: Value| match operators::text(&value) {
        Some(text) => Value { kind: Kind::String(text), origin: value.origin },
        None => value,
    };
    Ok(values.into_iter().map(text).collect())
}

fn all_same(evaluator: &Evaluator<'_>, values: &[Value]) -> Result<bool, Fault> {
    let Some(first) = values.iter().find(|value| !value.is_null()) else { return Ok(true) };
    values.iter().try_fold(true, |all, value| Ok(all && evaluator.same_type(first, value)?))
}

fn parts(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::List(items) | Kind::Set(items) => items.to_vec(),
        Kind::Map(map) => map.entries.values().cloned().collect(),
        _ => Vec::new(),
    }
}
