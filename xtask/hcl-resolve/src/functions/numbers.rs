//! Functions on numbers, and those that ask whether something holds for all elements.

use super::{Arguments, Stop, Value, unknown, wrong};
use crate::{Fault, Kind, operators};

fn number(result: f64) -> Result<Value, Stop> {
    if operators::is_exact(result) {
        return Ok(Value::made(Kind::Number(result)));
    }
    Err(unknown("arithmetic with such numbers is not worked out"))
}

fn fault(what: &str) -> Stop {
    Stop::Fault(Fault::new(what))
}

impl Arguments<'_, '_> {
    /// An argument as a whole number.
    pub(super) fn whole_number(&self, at: usize) -> Result<i64, Stop> {
        let number = self.number(at)?;
        if number.fract() != 0.0 {
            return Err(fault("a whole number is needed here"));
        }
        Ok(number as i64)
    }

    /// All arguments as numbers.
    fn numbers(&self) -> Result<Vec<f64>, Stop> {
        (0..self.values.len()).map(|at| self.number(at)).collect()
    }
}

pub(super) fn abs(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    number(call.number(0)?.abs())
}

pub(super) fn ceil(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    number(call.number(0)?.ceil())
}

pub(super) fn floor(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    number(call.number(0)?.floor())
}

pub(super) fn signum(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match call.whole_number(0)? {
        0 => number(0.0),
        other => number(other.signum() as f64),
    }
}

pub(super) fn max(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    number(call.numbers()?.into_iter().fold(f64::NEG_INFINITY, f64::max))
}

pub(super) fn min(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    number(call.numbers()?.into_iter().fold(f64::INFINITY, f64::min))
}

pub(super) fn pow(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let (base, exponent) = (call.number(0)?, call.number(1)?);
    let small = (exponent.fract() == 0.0).then_some(exponent as i32).filter(|exponent| (0..=64).contains(exponent));
    match small {
        Some(exponent) if base.fract() == 0.0 => number(base.powi(exponent)),
        _ => Err(unknown("a power like this one is not worked out")),
    }
}

/// `parseint(text, base)`
pub(super) fn parseint(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let Kind::String(text) = &call.values[0].kind else {
        return Err(wrong("a string", &call.values[0]));
    };
    let base = u32::try_from(call.whole_number(1)?).ok().filter(|base| (2..=62).contains(base));
    let base = base.ok_or_else(|| fault("the base must be between 2 and 62"))?;
    if base > 36 || text.contains('_') {
        return Err(unknown("`parseint` with such a base is not worked out"));
    }
    match i64::from_str_radix(text, base) {
        Ok(parsed) => number(parsed as f64),
        Err(_) if text.len() > 12 => Err(unknown("a number is too large to be worked out exactly")),
        Err(_) => Err(fault("this is no number in that base")),
    }
}

pub(super) fn sum(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    if !matches!(call.values[0].kind, Kind::List(_) | Kind::Set(_)) {
        return Err(wrong("a list", &call.values[0]));
    }
    let items = call.items(0)?;
    let mut all = Vec::new();
    for item in &items {
        if let Some(reason) = item.unknown_reason() {
            return Err(Stop::Unknown(reason.clone()));
        }
        if !matches!(item.kind, Kind::Number(_)) {
            return Err(unknown("`sum` of anything but numbers is not worked out"));
        }
        all.extend(operators::number(item));
    }
    if all.is_empty() {
        return Err(fault("nothing can't be summed up"));
    }
    if !all.iter().all(|one| operators::is_exact(*one)) {
        return Err(unknown("arithmetic with such numbers is not worked out"));
    }
    number(all.iter().sum())
}

/// `range(end)`, `range(start, end)`, `range(start, end, step)`
pub(super) fn range(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    const MOST: usize = 1024;
    let (start, end, step) = match call.numbers()?[..] {
        [end] => (0.0, end, if end < 0.0 { -1.0 } else { 1.0 }),
        [start, end] => (start, end, if end < start { -1.0 } else { 1.0 }),
        [start, end, step] => (start, end, step),
        _ => return Err(fault("`range` takes one to three arguments")),
    };
    if ![start, end, step].iter().all(|one| operators::is_exact(*one)) {
        return Err(unknown("`range` with such numbers is not worked out"));
    }
    if step == 0.0 || (step < 0.0 && end > start) || (step > 0.0 && end < start) {
        return Err(fault("such a `range` has no end"));
    }
    let (mut all, mut next) = (Vec::new(), start);
    while if step < 0.0 { next > end } else { next < end } {
        if all.len() >= MOST {
            return Err(fault("`range` gives at most 1024 numbers"));
        }
        all.push(Value::made(Kind::Number(next)));
        next += step;
    }
    call.evaluator.spend(all.len())?;
    Ok(Value::list(all))
}

pub(super) fn alltrue(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    holds(call, false)
}

pub(super) fn anytrue(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    holds(call, true)
}

/// Whether some element decides the matter; null is false.
fn holds(call: &Arguments<'_, '_>, deciding: bool) -> Result<Value, Stop> {
    if !matches!(call.values[0].kind, Kind::List(_) | Kind::Set(_)) {
        return Err(wrong("a list", &call.values[0]));
    }
    let mut open = None;
    let mut decided = false;
    for item in call.items(0)? {
        match (&item.kind, operators::truth(&item)) {
            (Kind::Null, _) => decided |= !deciding,
            (_, Ok(Some(one))) => decided |= one == deciding,
            (_, Ok(None)) => open = item.unknown_reason().cloned(),
            (_, Err(fault)) => return Err(Stop::Fault(fault)),
        }
    }
    match open {
        Some(reason) => Err(Stop::Unknown(reason)),
        None => Ok(Value::made(Kind::Bool(decided == deciding))),
    }
}
