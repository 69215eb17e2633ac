//! Functions that put lists, sets and maps together or take them apart.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::collections::plain_string;
use super::{Arguments, Stop, Value, text_of, unknown, wrong};
use crate::unify::unified;
use crate::{Fault, Kind, operators};

fn fault(what: &str) -> Stop {
    Stop::Fault(Fault::new(what))
}

impl Arguments<'_, '_> {
    /// The elements of an argument that has to be a list or a set.
    pub(super) fn list(&self, at: usize) -> Result<Vec<Value>, Stop> {
        match &self.values[at].kind {
            Kind::List(_) | Kind::Set(_) => self.items(at),
            Kind::Unknown(reason) => Err(Stop::Unknown(reason.clone())),
            _ => Err(wrong("a list", &self.values[at])),
        }
    }

    /// The elements of an argument as texts; one that is null is at fault.
    fn texts(&self, at: usize) -> Result<Vec<Value>, Stop> {
        let text = |item: &Value| Ok(Value { kind: Kind::String(text_of(item)?), origin: item.origin.clone() });
        self.list(at)?.iter().map(text).collect()
    }

    fn set(&self, at: usize, name: &str) -> Result<BTreeMap<Rc<str>, Value>, Stop> {
        self.list(at)?.into_iter().map(|item| Ok((plain_string(&item, name)?, item))).collect()
    }

    /// The elements of an argument with one type.
    pub(super) fn unified(&self, at: usize) -> Result<Vec<Value>, Stop> {
        Ok(unified(self.evaluator, self.list(at)?)?)
    }
}

fn set(items: BTreeMap<Rc<str>, Value>) -> Result<Value, Stop> {
    Ok(Value::made(Kind::Set(Rc::new(items.into_values().collect()))))
}

pub(super) fn sort(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut items = call.texts(0)?;
    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Ok(Value::list(items))
}

/// `slice(list, start, end)`
pub(super) fn slice(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if matches!(call.values[0].kind, Kind::Set(_)) {
        return Err(fault("a set has no order to be sliced by"));
    }
    let items = call.list(0)?;
    let bound = |at| usize::try_from(call.whole_number(at)?).map_err(|_| fault("an index is below zero"));
    match items.get(bound(1)?..bound(2)?) {
        Some(part) => Ok(Value::list(part.to_vec())),
        None => Err(fault("the part to be sliced is outside the list")),
    }
}

/// `index(list, value)`
pub(super) fn index(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if !matches!(call.values[0].kind, Kind::List(_)) {
        return Err(wrong("a list", &call.values[0]));
    }
    for (at, item) in call.list(0)?.iter().enumerate() {
        match operators::equal_plain(item, &call.values[1]) {
            Some(true) => return Ok(Value::made(Kind::Number(at as f64))),
            Some(false) => {}
            None => {
                return Err(item
                    .unknown_reason()
                    .cloned()
                    .map_or_else(|| unknown("`index` is worked out for plain elements only"), Stop::Unknown));
            }
        }
    }
    Err(fault("the list has no such element"))
}

/// `zipmap(keys, values)`
pub(super) fn zipmap(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if !matches!(call.values[1].kind, Kind::List(_)) {
        return Err(wrong("a list", &call.values[1]));
    }
    let (keys, values) = (call.texts(0)?, call.list(1)?);
    if keys.len() != values.len() {
        return Err(fault("there are not as many keys as values"));
    }
    let keys = keys.iter().map(|key| key.as_str().unwrap_or_default().to_owned());
    Ok(Value::map(keys.zip(values).collect()))
}

/// `chunklist(list, size)`
pub(super) fn chunklist(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let items = call.unified(0)?;
    let size = usize::try_from(call.whole_number(1)?).map_err(|_| fault("the size is below zero"))?;
    let size = if size == 0 { items.len().max(1) } else { size };
    call.evaluator.spend(items.len())?;
    Ok(Value::list(items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect()))
}

/// `coalescelist(lists...)`: the first that has elements.
pub(super) fn coalescelist(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    // Also those behind the one that is taken have to be lists.
    if let Some(other) = call.values.iter().find(|value| !matches!(value.kind, Kind::List(_))) {
        return Err(wrong("a list", other));
    }
    for (at, value) in call.values.iter().enumerate() {
        if !call.list(at)?.is_empty() {
            return Ok(value.clone());
        }
    }
    Err(fault("`coalescelist` found nothing but empty lists"))
}

pub(super) fn setunion(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut all = call.set(0, "setunion")?;
    for at in 1..call.values.len() {
        all.extend(call.set(at, "setunion")?);
    }
    set(all)
}

pub(super) fn setintersection(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut all = call.set(0, "setintersection")?;
    for at in 1..call.values.len() {
        let other = call.set(at, "setintersection")?;
        all.retain(|key, _| other.contains_key(key));
    }
    set(all)
}

pub(super) fn setsubtract(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (mut all, other) = (call.set(0, "setsubtract")?, call.set(1, "setsubtract")?);
    all.retain(|key, _| !other.contains_key(key));
    set(all)
}

/// `one(list)`: the only element, or null if there is none.
pub(super) fn one(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match &call.list(0)?[..] {
        [] => Ok(Value::made(Kind::Null)),
        [only] => Ok(only.clone()),
        _ => Err(fault("`one` takes a list with at most one element")),
    }
}

/// `matchkeys(values, keys, wanted)`: the values whose key is wanted.
pub(super) fn matchkeys(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (values, keys, wanted) = (call.list(0)?, call.list(1)?, call.list(2)?);
    let strings =
        |items: &[Value]| items.iter().map(|item| plain_string(item, "matchkeys")).collect::<Result<Vec<_>, _>>();
    let (keys, wanted) = (strings(&keys)?, strings(&wanted)?.into_iter().collect::<BTreeSet<_>>());
    strings(&values)?;
    if keys.len() != values.len() {
        return Err(fault("there are not as many keys as values"));
    }
    let matching = values.into_iter().zip(keys).filter(|(_, key)| wanted.contains(key));
    Ok(Value::list(matching.map(|(value, _)| value).collect()))
}

/// `transpose(map of lists)`
pub(super) fn transpose(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let value = call.evaluator.whole(&call.values[0])?;
    let Kind::Map(map) = &value.kind else { return Err(wrong("a map", &value)) };
    if let Some(reason) = &map.open {
        return Err(Stop::Unknown(reason.clone()));
    }
    if map.entries.is_empty() {
        return Err(unknown("`transpose` of an empty map is not worked out"));
    }
    let mut turned: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, list) in &map.entries {
        let Kind::List(items) = &list.kind else {
            return Err(unknown("`transpose` is worked out for maps of lists only"));
        };
        call.evaluator.spend(items.len())?;
        for item in items.iter() {
            let name = plain_string(item, "transpose")?.to_string();
            turned.entry(name).or_default().push(Value::string(key.as_str()));
        }
    }
    Ok(Value::map(turned.into_iter().map(|(key, keys)| (key, Value::list(keys))).collect()))
}

/// `setproduct(lists...)`: every combination.
pub(super) fn setproduct(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    const MOST: usize = 10_000;
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for at in 0..call.values.len() {
        if !matches!(call.values[at].kind, Kind::List(_)) {
            return Err(unknown("`setproduct` is worked out for lists only"));
        }
        let items = call.list(at)?;
        for item in &items {
            plain_string(item, "setproduct")?;
        }
        if rows.len() * items.len() > MOST {
            return Err(unknown("`setproduct` gives more than is worked out"));
        }
        rows = rows
            .iter()
            .flat_map(|row| items.iter().map(|item| [&row[..], std::slice::from_ref(item)].concat()))
            .collect();
        call.evaluator.spend(rows.len())?;
    }
    Ok(Value::list(rows.into_iter().map(Value::list).collect()))
}
