//! `try` and `can`, and what they have to know of what is worked out inside of them.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::Expr;
use super::{Evaluator, Fault, Kind, Value};

/// Where an evaluation stands between the attempts that are made of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// How many are around.
    n_around: usize,
    /// How often something was met that isn't worked out here, so that it may be at fault.
    n_unsure: usize,
}

impl Evaluator<'_> {
    /// Works out what is worked out before any `try` that uses it.
    pub fn outside_try<T>(&self, work: impl FnOnce() -> T) -> T {
        let outer = self.attempts.get();
        self.attempts.set(Attempts { n_around: 0, ..outer });
        let result = work();
        self.attempts.set(outer);
        result
    }

    /// Whether what is at fault now is caught.
    pub(super) fn is_in_try(&self) -> bool {
        self.attempts.get().n_around > 0
    }

    /// Notes that something isn't worked out here, so that it may be at fault.
    pub(super) fn note_unsure(&self) {
        let attempts = self.attempts.get();
        self.attempts.set(Attempts { n_unsure: attempts.n_unsure + 1, ..attempts });
    }

    /// Evaluates an argument, with why its value could be an error: something in it is unknown, or something that it was
    /// made of.
    fn attempt(&self, argument: &Expr, scope: Scope<'_>) -> Result<(Value, Option<Rc<str>>), Fault> {
        let before = self.attempts.get();
        self.attempts.set(Attempts { n_around: before.n_around + 1, ..before });
        let outcome = self.eval(argument, scope);
        let n_unsure = self.attempts.get().n_unsure;
        self.attempts.set(Attempts { n_unsure, ..before });
        let value = outcome?;
        let unsure = || Rc::from("something inside of `try` is not worked out");
        let doubt = hidden(self, &value)?.or_else(|| (n_unsure > before.n_unsure).then(unsure));
        Ok((value, doubt))
    }
}

/// The first argument without an error. One that is unknown, or has anything in it that isn't worked out, could be an
/// error, so it decides nothing.
pub(super) fn first_sound(evaluator: &Evaluator<'_>, arguments: &[Expr], scope: Scope<'_>) -> Result<Value, Fault> {
    let mut last = Fault::new("`try` needs at least one argument");
    for argument in arguments {
        match evaluator.attempt(argument, scope) {
            Err(fault) if !fault.is_fatal() => last = fault,
            outcome => return outcome.map(|(value, doubt)| doubt.map_or(value, Value::unknown)),
        }
    }
    Err(last)
}

pub(super) fn can(evaluator: &Evaluator<'_>, arguments: &[Expr], scope: Scope<'_>) -> Result<Value, Fault> {
    let [argument] = arguments else {
        return Err(Fault::new("`can` takes one argument"));
    };
    let is_sound = match evaluator.attempt(argument, scope) {
        Ok((_, Some(doubt))) => return Ok(Value::unknown(doubt)),
        Ok((_, None)) => true,
        Err(fault) if !fault.is_fatal() => false,
        Err(fault) => return Err(fault),
    };
    Ok(Value::made(Kind::Bool(is_sound)))
}

/// Why something in a value is unknown.
fn hidden(evaluator: &Evaluator<'_>, value: &Value) -> Result<Option<Rc<str>>, Fault> {
    evaluator.spend(1)?;
    let mut parts: Box<dyn Iterator<Item = &Value>> = match &value.kind {
        Kind::Unknown(reason) => return Ok(Some(reason.clone())),
        Kind::Map(map) if map.open.is_some() => return Ok(map.open.clone()),
        Kind::Map(map) => Box::new(map.entries.values()),
        Kind::List(items) | Kind::Set(items) => Box::new(items.iter()),
        _ => return Ok(None),
    };
    parts.find_map(|part| hidden(evaluator, part).transpose()).transpose()
}
