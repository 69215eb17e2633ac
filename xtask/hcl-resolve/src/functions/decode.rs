//! Functions from text to values: JSON and YAML.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::{Arguments, Stop, Value, tfvars, unknown};
use crate::Place;
use crate::{Fault, Kind, Origin, operators};
use crate::{json, yaml};

/// The file that a text was read from as a whole.
fn data_file(text: &Value) -> Option<Arc<str>> {
    match text.origin.first() {
        Origin::Data { file, line: None } => Some(file.clone()),
        _ => None,
    }
}

/// Decodes JSON; values of a file keep the line that they stand in.
pub(super) fn jsondecode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let file = data_file(&call.values[0]);
    if let Some(value) = file.as_deref().map(|file| tfvars::decoded(call, file, &text)).transpose()?.flatten() {
        return Ok(value);
    }
    if text.starts_with('\u{feff}') {
        return Err(Stop::Fault(Fault::new("cannot read the JSON: it starts with a byte order mark")));
    }
    let node = match &file {
        Some(file) => call.evaluator.files.json(file, &text),
        None => json::parse(&text).map(Arc::new),
    };
    let node = node.map_err(|error| {
        let fault = Fault::new(format!("cannot read the JSON: {}", error.what));
        match &file {
            Some(file) => fault.at(Place::line(&**file, error.line)),
            None => fault,
        }
    })?;
    Ok(LAST_DECODED.with_borrow_mut(|last| match last {
        Some((known, value)) if file.is_some() && Arc::ptr_eq(known, &node) => value.clone(),
        _ => {
            let value = decoded(&node, file.as_ref());
            if file.is_some() {
                *last = Some((node, value.clone()));
            }
            value
        }
    }))
}

thread_local! {
    /// The file of data that this thread has decoded last: each unit asks for the accounts, and a thread reads many units.
    static LAST_DECODED: RefCell<Option<(Arc<json::Node>, Value)>> = const { RefCell::new(None) };
}

/// Decodes YAML; values of a file keep the line that they stand in.
pub(super) fn yamldecode(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let file = data_file(&call.values[0]);
    call.evaluator.spend(text.len() / 8)?;
    match yaml::parse(&text) {
        Ok(node) => Ok(decoded(&Arc::new(node), file.as_ref())),
        Err(yaml::Error::Unclear(reason)) => Err(unknown(&reason)),
        Err(yaml::Error::Wrong(wrong)) => {
            let fault = Fault::new(format!("cannot read the YAML: {}", wrong.what));
            Err(Stop::Fault(match file {
                Some(file) => fault.at(Place::line(&*file, wrong.line)),
                None => fault,
            }))
        }
    }
}

pub(crate) fn decoded(node: &json::Node, file: Option<&Arc<str>>) -> Value {
    let kind = match &node.value {
        json::Value::Null => Kind::Null,
        json::Value::Bool(value) => Kind::Bool(*value),
        json::Value::Number(digits) => match operators::decimal(digits) {
            Some(number) => Kind::Number(number),
            None => Kind::Unknown(Rc::from("a number in the data has more digits than are worked out exactly")),
        },
        json::Value::String(text) if operators::is_composed(text) => Kind::String(Rc::from(text.as_str())),
        json::Value::String(_) => Kind::Unknown(Rc::from("a string with combining characters is not worked out")),
        json::Value::Array(items) => Kind::List(Rc::new(items.iter().map(|item| decoded(item, file)).collect())),
        json::Value::Object(entries) => {
            // As in Go, the last of several equal keys wins.
            let entries: BTreeMap<_, _> =
                entries.iter().map(|entry| (entry.key.clone(), decoded(&entry.node, file))).collect();
            return Value { origin: origin(node, file), ..Value::map(entries) };
        }
    };
    Value { kind, origin: origin(node, file) }
}

fn origin(node: &json::Node, file: Option<&Arc<str>>) -> Origin {
    file.map_or(Origin::Made, |file| Origin::Datum { file: file.clone(), line: node.line, span: node.span.clone() })
}
