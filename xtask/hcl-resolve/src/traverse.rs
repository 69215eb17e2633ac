//! Steps into a value: `.name`, `[index]` and the two splats. They keep the origin of what they find.

use std::rc::Rc;

use super::evaluate::Scope;
use super::syntax::{Expr, ExprKind, Step};
use super::{Evaluator, Fault, Kind, Value, operators};

impl Evaluator<'_> {
    pub(super) fn traversal(&self, start: &Expr, steps: &[Step], scope: Scope<'_>) -> Result<Value, Fault> {
        if let ExprKind::Variable(name) = &start.kind
            && scope.variable(name).is_none()
        {
            let names = steps.iter().map_while(|step| match step {
                Step::Attribute(name) => Some(name.as_str()),
                _ => None,
            });
            let path: Vec<_> = std::iter::once(name.as_str()).chain(names).collect();
            if let Some(names) = self.names {
                let value = names.value(self, &path)?;
                return self.steps(value, &steps[(path.len() - 1).min(1)..], scope);
            }
            // What is unknown about a dependency is said with the whole name.
            if name == "dependency" {
                return Ok(Value::unknown(format!("`{}` is an output of another unit", path.join("."))));
            }
        }
        let value = self.eval(start, scope)?;
        self.steps(value, steps, scope)
    }

    fn steps(&self, mut value: Value, steps: &[Step], scope: Scope<'_>) -> Result<Value, Fault> {
        for (at, step) in steps.iter().enumerate() {
            value = match step {
                Step::Attribute(name) => self.member(&value, name)?,
                Step::LegacyIndex(index) => self.element(&value, &Value::made(Kind::Number(*index as f64)))?,
                Step::Index(index) => {
                    let index = self.eval(index, scope)?;
                    self.element(&value, &index)?
                }
                Step::FullSplat => return self.splat(&value, &steps[at + 1..], scope),
                Step::AttributeSplat => {
                    let rest = &steps[at + 1..];
                    let names = rest.iter().take_while(|step| matches!(step, Step::Attribute(_))).count();
                    let all = self.splat(&value, &rest[..names], scope)?;
                    return self.steps(all, &rest[names..], scope);
                }
            };
            if value.unknown_reason().is_some() {
                return Ok(value);
            }
        }
        Ok(value)
    }

    fn splat(&self, value: &Value, rest: &[Step], scope: Scope<'_>) -> Result<Value, Fault> {
        let items = match &value.kind {
            Kind::Unknown(_) => return Ok(value.clone()),
            Kind::Null => Vec::new(),
            Kind::List(items) | Kind::Set(items) => items.to_vec(),
            _ => vec![value.clone()],
        };
        if value.is_empty_of_a_type() && !rest.is_empty() {
            return Ok(Value::unknown("what an empty list may be asked for is not worked out"));
        }
        self.spend(items.len())?;
        let items: Result<_, _> = items.into_iter().map(|item| self.steps(item, rest, scope)).collect();
        Ok(Value::list(items?))
    }

    /// An attribute of a value, by name.
    pub fn member(&self, value: &Value, name: &str) -> Result<Value, Fault> {
        let missing = || Fault::new(format!("there is no attribute `{name}` in this map"));
        match &value.kind {
            Kind::Map(map) => match (map.entries.get(name), &map.open) {
                (Some(found), _) => Ok(found.clone()),
                (None, Some(reason)) => Ok(Value::unknown(reason.clone())),
                (None, None) => Err(missing()),
            },
            Kind::Locals(locals) => locals.get(self, name),
            Kind::Config(frame) => frame.attribute(self, name),
            Kind::Unknown(_) => Ok(value.clone()),
            _ => Err(Fault::new(format!("{} has no attribute `{name}`", value.kind_name()))),
        }
    }

    /// An element of a value, by index or key.
    pub(super) fn element(&self, value: &Value, index: &Value) -> Result<Value, Fault> {
        if index.unknown_reason().is_some() {
            return Ok(index.clone());
        }
        match &value.kind {
            Kind::Unknown(_) => Ok(value.clone()),
            Kind::List(items) => {
                let at = operators::number(index).filter(|at| *at >= 0.0 && at.fract() == 0.0);
                at.and_then(|at| items.get(at as usize)).cloned().ok_or_else(|| {
                    let shown = operators::text(index).unwrap_or_else(|| Rc::from(index.kind_name()));
                    Fault::new(format!("there is no element {shown} in a list of {}", items.len()))
                })
            }
            Kind::Map(_) | Kind::Locals(_) | Kind::Config(_) => match operators::text(index) {
                Some(name) => self.member(value, &name),
                None => Err(Fault::new(format!("{} cannot be a key", index.kind_name()))),
            },
            _ => Err(Fault::new(format!("{} has no elements", value.kind_name()))),
        }
    }

    /// The value with everything in it worked out, where it is the locals or the attributes of a file.
    pub fn whole(&self, value: &Value) -> Result<Value, Fault> {
        match &value.kind {
            Kind::Locals(locals) => Ok(Value { kind: locals.all(self)?, origin: value.origin.clone() }),
            Kind::Config(frame) => Ok(Value { kind: frame.all_attributes(self)?, origin: value.origin.clone() }),
            _ => Ok(value.clone()),
        }
    }
}
