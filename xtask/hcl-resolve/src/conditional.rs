//! `a ? b : c`: both arms get one type, as in <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::{Expr, ExprKind, Step};
use super::unify::unified;
use super::value::Map;
use super::{Evaluator, Fault, Kind, Value, operators};

impl Evaluator<'_> {
    pub(super) fn conditional(&self, [condition, yes, no]: &[Expr; 3], scope: Scope<'_>) -> Result<Value, Fault> {
        let condition = self.eval(condition, scope)?;
        if condition.may_be_null_of_a_type() {
            return Ok(Value::unknown("the condition in front of `?` is null"));
        }
        let Some(decided) = operators::truth(&condition)? else {
            return Ok(Value::unknown(format!(
                "the condition in front of `?` is unknown: {}",
                condition.unknown_reason().map_or("", |reason| reason)
            )));
        };
        let (chosen, other) = if decided { (yes, no) } else { (no, yes) };
        let value = self.eval(chosen, scope)?;
        // A null with a type may not fit what stands in the other arm, which then fails.
        let is_typed = value.may_be_null_of_a_type();
        if is_typed && self.eval(other, scope).is_ok_and(|other| other.is_compound()) {
            return Ok(Value::unknown("a conditional with a null that has a type is not worked out"));
        }
        // Other nulls and what is not known yet stay what they are, so the other arm needs no look.
        if matches!(value.kind, Kind::Null | Kind::Unknown(_) | Kind::Config(_) | Kind::Locals(_)) {
            return Ok(value);
        }
        match self.eval(other, scope) {
            Ok(other) => self.like(value, &other),
            // A fault in the arm that isn't taken is no fault, but its type may still be known.
            Err(fault) if fault.is_limit() => Err(fault),
            Err(_) if may_have_any_type(other) => Ok(value),
            Err(fault) => {
                let reason = format!("the arm that is not taken is at fault: {}", fault.what());
                Ok(Value { kind: Kind::Unknown(Rc::from(reason)), origin: value.origin })
            }
        }
    }

    /// The value with the type that it gets next to another one.
    fn like(&self, value: Value, other: &Value) -> Result<Value, Fault> {
        let is_text = value.as_str().is_some();
        if other.is_null() {
            let fits = is_text || !other.may_be_null_of_a_type();
            let unknown = || Value::unknown("a conditional with a null that has a type is not worked out");
            return Ok(if fits { value } else { unknown() });
        }
        if let Some(reason) = other.unknown_reason() {
            // What another unit gives fits, or nothing works; what isn't worked out here may be a list.
            let fits = is_text && !other.is_beyond_us();
            let kind = if fits { value.kind } else { Kind::Unknown(reason.clone()) };
            return Ok(Value { kind, origin: value.origin });
        }
        if is_text && other.is_scalar() {
            return Ok(value);
        }
        match (&value.kind, &other.kind) {
            // Newer versions refuse it, older ones did not.
            (Kind::Number(_), Kind::Bool(_)) | (Kind::Bool(_), Kind::Number(_)) => self.untyped(&value),
            _ => match unified(self, vec![value, other.clone()]) {
                Err(fault) if !fault.is_fatal() => {
                    Ok(Value::unknown("a conditional with arms of different types is not worked out"))
                }
                unified => {
                    let value = unified?.swap_remove(0);
                    // What is empty has a type from now on.
                    Ok(if is_empty(&value) && !is_empty(other) { Value::made(value.kind) } else { value })
                }
            },
        }
    }

    /// The value with every number and bool unknown, since they may have become strings.
    pub(crate) fn untyped(&self, value: &Value) -> Result<Value, Fault> {
        self.spend(1)?;
        let kind = match &value.kind {
            Kind::Bool(_) | Kind::Number(_) => {
                Kind::Unknown(Rc::from("the one type that such values get is not worked out"))
            }
            Kind::List(items) => {
                Kind::List(Rc::new(items.iter().map(|item| self.untyped(item)).collect::<Result<_, _>>()?))
            }
            Kind::Map(map) => {
                let entry = |(key, value): (&String, &Value)| Ok((key.clone(), self.untyped(value)?));
                let entries = map.entries.iter().map(entry).collect::<Result<_, Fault>>()?;
                Kind::Map(Rc::new(Map { entries, open: map.open.clone() }))
            }
            other => other.clone(),
        };
        Ok(Value { kind, origin: value.origin.clone() })
    }

    pub(crate) fn same_type(&self, a: &Value, b: &Value) -> Result<bool, Fault> {
        self.spend(1)?;
        Ok(match (&a.kind, &b.kind) {
            (Kind::Null, _) | (_, Kind::Null) => true,
            (Kind::Bool(_), Kind::Bool(_))
            | (Kind::Number(_), Kind::Number(_))
            | (Kind::String(_), Kind::String(_)) => true,
            (Kind::List(a), Kind::List(b)) if a.len() == b.len() => {
                let mut same = a.iter().zip(b.iter()).map(|(a, b)| self.same_type(a, b));
                same.try_fold(true, |all, one| Ok(all && one?))?
            }
            (Kind::Map(a), Kind::Map(b))
                if a.open.is_none() && b.open.is_none() && a.entries.keys().eq(b.entries.keys()) =>
            {
                let mut same = a.entries.values().zip(b.entries.values()).map(|(a, b)| self.same_type(a, b));
                same.try_fold(true, |all, one| Ok(all && one?))?
            }
            (Kind::Set(_), Kind::Set(_)) => true,
            _ => false,
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match &value.kind {
        Kind::List(items) | Kind::Set(items) => items.is_empty(),
        Kind::Map(map) => map.entries.is_empty() && map.open.is_none(),
        _ => false,
    }
}

/// Whether an expression that is at fault leaves its type open, as what is looked up or read does.
fn may_have_any_type(expr: &Expr) -> bool {
    const OPEN: [&str; 8] =
        ["coalesce", "element", "file", "jsondecode", "lookup", "read_terragrunt_config", "try", "yamldecode"];
    match &expr.kind {
        ExprKind::Parens(inner) => may_have_any_type(inner),
        ExprKind::Variable(_) => true,
        // What `[*]` gives is a tuple, whatever is wrong with its parts.
        ExprKind::Traversal(_, steps) => {
            !steps.iter().any(|step| matches!(step, Step::AttributeSplat | Step::FullSplat))
        }
        ExprKind::Call(call) => OPEN.contains(&call.name.as_str()),
        _ => false,
    }
}
