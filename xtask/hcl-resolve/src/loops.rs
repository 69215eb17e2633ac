//! `for` expressions, and what they and functions go through.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::evaluate::{Scope, Variable};
use super::syntax::{Expr, For};
use super::{Evaluator, Fault, Kind, Value, operators};

impl Evaluator<'_> {
    pub(super) fn for_expr(&self, it: &For, scope: Scope<'_>) -> Result<Value, Fault> {
        let collection = self.eval(&it.collection, scope)?;
        if collection.may_be_null_of_a_type() {
            return Ok(Value::unknown("a `for` through null is not worked out"));
        }
        let entries = match self.entries(&collection)? {
            Ok(entries) => entries,
            Err(reason) => return Ok(Value::unknown(reason)),
        };
        if let (Some(condition), true) = (&it.condition, entries.is_empty())
            && !self.may_be_condition(condition, it, scope)?
        {
            return Ok(Value::unknown("a `for` through nothing is not worked out where its condition is at fault"));
        }
        let mut list = Vec::new();
        let mut map: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (key, value) in entries {
            let outer = it.key_name.as_ref().map(|name| Variable { name, value: key, outer: scope.variables });
            let variables = Variable { name: &it.value_name, value, outer: outer.as_ref().or(scope.variables) };
            let inner = Scope { frame: scope.frame, variables: Some(&variables) };
            if let Some(condition) = &it.condition {
                let condition = self.eval(condition, inner)?;
                if condition.is_null() {
                    return Ok(Value::unknown("the condition of a `for` is null for some element"));
                }
                match operators::truth(&condition)? {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return Ok(Value::unknown("the condition of a `for` is unknown for some element")),
                }
            }
            let result = self.eval(&it.value, inner)?;
            let Some(key) = &it.key else {
                list.push(result);
                continue;
            };
            let key = self.eval(key, inner)?;
            if let Some(reason) = key.unknown_reason() {
                return Ok(Value::unknown(format!("a key made by a `for` is unknown: {reason}")));
            }
            let text =
                operators::text(&key).ok_or_else(|| Fault::new(format!("{} cannot be a key", key.kind_name())))?;
            let values = map.entry(text.to_string()).or_default();
            if !values.is_empty() && !it.grouping {
                return Err(Fault::new(format!("the `for` gives the key `{text}` twice")));
            }
            values.push(result);
        }
        if it.key.is_none() {
            return Ok(Value::list(list));
        }
        let single = |mut values: Vec<Value>| if it.grouping { Value::list(values) } else { values.swap_remove(0) };
        Ok(Value::map(map.into_iter().map(|(key, values)| (key, single(values))).collect()))
    }

    /// Whether a condition is one, as far as can be told without a value for its variables: Terraform looks at it also
    /// where there is nothing to go through.
    fn may_be_condition(&self, condition: &Expr, it: &For, scope: Scope<'_>) -> Result<bool, Fault> {
        let unknown = || Value::unknown("there is nothing to go through");
        let outer = it.key_name.as_ref().map(|name| Variable { name, value: unknown(), outer: scope.variables });
        let variables = Variable { name: &it.value_name, value: unknown(), outer: outer.as_ref().or(scope.variables) };
        match self.eval(condition, Scope { frame: scope.frame, variables: Some(&variables) }) {
            Err(fault) if fault.is_limit() => Err(fault),
            Err(_) => Ok(false),
            Ok(value) => Ok(operators::truth(&value).is_ok()),
        }
    }

    /// Keys and values of a collection in their order, or why they can't be known.
    #[expect(clippy::type_complexity, reason = "named parts would be used once")]
    pub(super) fn entries(&self, collection: &Value) -> Result<Result<Vec<(Value, Value)>, Rc<str>>, Fault> {
        let collection = self.whole(collection)?;
        let entries: Vec<_> = match &collection.kind {
            Kind::List(items) => {
                let number = |(at, item): (usize, &Value)| (Value::made(Kind::Number(at as f64)), item.clone());
                items.iter().enumerate().map(number).collect()
            }
            Kind::Set(items) => items.iter().map(|item| (item.clone(), item.clone())).collect(),
            Kind::Map(map) => match &map.open {
                Some(reason) => return Ok(Err(reason.clone())),
                None => map.entries.iter().map(|(key, value)| (Value::string(key.as_str()), value.clone())).collect(),
            },
            Kind::Unknown(reason) => return Ok(Err(reason.clone())),
            _ => return Err(Fault::new(format!("{} has no elements to go through", collection.kind_name()))),
        };
        self.spend(entries.len())?;
        Ok(Ok(entries))
    }
}
