//! What a file hands out: its locals, and how they and its inputs come to others. Terragrunt passes them on through JSON,
//! which knows no sets.

use std::rc::Rc;

use super::value::Map;
use super::{Evaluator, Fault, Frame, Kind, Value};

/// The locals of a file, each worked out when asked for.
#[derive(Clone, Debug)]
pub struct Locals {
    frame: Rc<Frame>,
    /// Whether another file asks for them.
    to_others: bool,
}

impl Locals {
    /// As the file itself sees them.
    pub(super) fn own(frame: &Rc<Frame>) -> Self {
        Self { frame: frame.clone(), to_others: false }
    }

    /// As others see them, which read the file or include it.
    pub(super) fn handed_out(frame: &Rc<Frame>) -> Self {
        Self { frame: frame.clone(), to_others: true }
    }

    /// One of them, by name.
    pub(super) fn get(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Value, Fault> {
        let value = self.frame.local(evaluator, name)?;
        let value =
            value.ok_or_else(|| Fault::new(format!("there is no local `{name}` in `{}`", self.frame.source.name)))?;
        if !self.to_others {
            return Ok(value);
        }
        // The accounts of an organization are large, and asked for again and again.
        if let Some(known) = self.frame.handed_out.borrow().get(name) {
            return Ok(known.clone());
        }
        let value = through_json(evaluator, value)?;
        self.frame.handed_out.borrow_mut().insert(name.to_owned(), value.clone());
        Ok(value)
    }

    /// All of them, as a map.
    pub(super) fn all(&self, evaluator: &Evaluator<'_>) -> Result<Kind, Fault> {
        let mut map = Map::default();
        for block in self.frame.source.body.blocks_named("locals") {
            for name in block.body.attributes.keys() {
                map.entries.insert(name.clone(), self.get(evaluator, name)?);
            }
        }
        Ok(Kind::Map(Rc::new(map)))
    }
}

/// The value as it comes out of JSON: sets are lists.
pub(super) fn through_json(evaluator: &Evaluator<'_>, value: Value) -> Result<Value, Fault> {
    if !is_changed(evaluator, &value)? {
        return Ok(value);
    }
    let all = |items: &[Value]| -> Result<_, Fault> {
        let items: Result<_, _> = items.iter().map(|item| through_json(evaluator, item.clone())).collect();
        Ok(Kind::List(Rc::new(items?)))
    };
    let kind = match value.kind {
        Kind::List(items) | Kind::Set(items) => all(&items)?,
        Kind::Map(map) => {
            let entry = |(key, value): (&String, &Value)| Ok((key.clone(), through_json(evaluator, value.clone())?));
            let entries = map.entries.iter().map(entry).collect::<Result<_, Fault>>()?;
            Kind::Map(Rc::new(Map { entries, open: map.open.clone() }))
        }
        Kind::Locals(locals) => Kind::Locals(Locals::handed_out(&locals.frame)),
        other => other,
    };
    Ok(Value { kind, origin: value.origin })
}

/// The value as it comes out of a file that it is written to: everything in it worked out, and sets are lists.
pub(crate) fn written_out(evaluator: &Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
    evaluator.spend(1)?;
    let value = evaluator.whole(value)?;
    let kind = match &value.kind {
        Kind::List(items) | Kind::Set(items) => {
            let items: Result<_, _> = items.iter().map(|item| written_out(evaluator, item)).collect();
            Kind::List(Rc::new(items?))
        }
        Kind::Map(map) => {
            let entry = |(key, value): (&String, &Value)| Ok((key.clone(), written_out(evaluator, value)?));
            let entries = map.entries.iter().map(entry).collect::<Result<_, Fault>>()?;
            Kind::Map(Rc::new(Map { entries, open: map.open.clone() }))
        }
        other => other.clone(),
    };
    Ok(Value { kind, origin: value.origin.clone() })
}

/// Whether there is a set in it, or what may have one.
fn is_changed(evaluator: &Evaluator<'_>, value: &Value) -> Result<bool, Fault> {
    evaluator.spend(1)?;
    let mut parts: Box<dyn Iterator<Item = &Value>> = match &value.kind {
        Kind::Set(_) => return Ok(true),
        Kind::Locals(locals) => return Ok(!locals.to_others),
        Kind::List(items) => Box::new(items.iter()),
        Kind::Map(map) => Box::new(map.entries.values()),
        _ => return Ok(false),
    };
    parts.try_fold(false, |has, part| Ok(has || is_changed(evaluator, part)?))
}
