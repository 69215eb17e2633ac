//! The types of variables, and the conversion of values to them. The rules are those of
//! <https://developer.hashicorp.com/terraform/language/expressions/type-constraints>.

use std::rc::Rc;

use super::unify;
use crate::syntax::{Expr, ExprKind, Key};
use crate::value::Map;
use crate::{Evaluator, Fault, Kind, Origin, Value, operators};

/// A type as a variable declares it.
#[derive(Debug)]
pub(super) enum Type {
    Any,
    String,
    Number,
    Bool,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(Vec<Field>),
    Tuple(Vec<Type>),
    /// One that isn't worked out, with the reason.
    Other(String),
}

/// An attribute of an object.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) of: Type,
    /// What stands in where the attribute is missing; `None` means that it must be there.
    default: Option<Value>,
}

impl Type {
    /// Reads a type; `value` works out the defaults of attributes.
    pub(super) fn read(expr: &Expr, value: &dyn Fn(&Expr) -> Result<Value, Fault>) -> Result<Self, Fault> {
        let simple = |name: &str| match name {
            "any" => Self::Any,
            "string" => Self::String,
            "number" => Self::Number,
            "bool" => Self::Bool,
            // As Terraform 0.11 had them.
            "list" => Self::List(Box::new(Self::Any)),
            "map" => Self::Map(Box::new(Self::Any)),
            other => Self::Other(format!("the type `{other}` is not worked out")),
        };
        let call = match &expr.kind {
            ExprKind::Variable(name) => return Ok(simple(name)),
            ExprKind::String(name) => return Ok(simple(name)),
            ExprKind::Parens(inner) => return Self::read(inner, value),
            ExprKind::Call(call) => call,
            _ => return Ok(Self::Other("its type is not worked out".to_owned())),
        };
        let of = |at: usize| match call.arguments.get(at) {
            Some(argument) => Self::read(argument, value).map(Box::new),
            None => Err(Fault::new(format!("the type `{}` needs the type of its elements", call.name)).fatal()),
        };
        Ok(match (call.name.as_str(), call.arguments.first().map(|argument| &argument.kind)) {
            ("list", _) => Self::List(of(0)?),
            ("set", _) => Self::Set(of(0)?),
            ("map", _) => Self::Map(of(0)?),
            ("tuple", Some(ExprKind::List(items))) => {
                Self::Tuple(items.iter().map(|item| Self::read(item, value)).collect::<Result<_, _>>()?)
            }
            ("object", Some(ExprKind::Object(items))) => {
                let mut fields = Vec::with_capacity(items.len());
                for item in items {
                    let Key::Word(name) = &item.key else {
                        return Err(Fault::new("the names of an object's attributes must be words").fatal());
                    };
                    fields.push(Field::read(name.clone(), &item.value, value)?);
                }
                Self::Object(fields)
            }
            (other, _) => Self::Other(format!("the type `{other}(…)` is not worked out")),
        })
    }

    /// Turns a value into one of this type, as Terraform does; what doesn't fit is an error.
    pub(super) fn convert(&self, evaluator: &Evaluator<'_>, value: &Value) -> Result<Value, Fault> {
        if value.is_null() || value.unknown_reason().is_some() {
            return Ok(value.clone());
        }
        let kind = match (self, &value.kind) {
            (Self::Any, _) => return Ok(value.clone()),
            (Self::Other(reason), _) => Kind::Unknown(Rc::from(reason.as_str())),
            (Self::String, _) => return text(value).ok_or_else(|| misfit("a string", value)),
            (Self::Number, Kind::String(_)) => match operators::number(value) {
                Some(number) => Kind::Number(number),
                None => Kind::Unknown(Rc::from("the conversion of this string to a number is not worked out")),
            },
            (Self::Number, Kind::Number(_)) | (Self::Bool, Kind::Bool(_)) => return Ok(value.clone()),
            (Self::Bool, Kind::String(text)) => match &**text {
                "true" | "1" => Kind::Bool(true),
                "false" | "0" => Kind::Bool(false),
                _ => return Err(misfit("a bool", value)),
            },
            (Self::List(of), Kind::List(items) | Kind::Set(items)) => {
                Kind::List(Rc::new(of.elements(evaluator, items.to_vec())?))
            }
            (Self::Set(of), Kind::List(items) | Kind::Set(items)) => set(of.elements(evaluator, items.to_vec())?),
            (Self::Map(of), Kind::Map(map)) => {
                let values = of.elements(evaluator, map.entries.values().cloned().collect())?;
                let entries = map.entries.keys().cloned().zip(values).collect();
                Kind::Map(Rc::new(Map { entries, open: map.open.clone() }))
            }
            (Self::Object(fields), Kind::Map(map)) => {
                let field = |field: &Field| Ok((field.name.clone(), field.take(evaluator, map)?));
                let entries = fields.iter().map(field).collect::<Result<_, Fault>>()?;
                Kind::Map(Rc::new(Map { entries, open: None }))
            }
            (Self::Tuple(types), Kind::List(items)) if types.len() == items.len() => {
                let items = types.iter().zip(items.iter()).map(|(of, item)| of.convert(evaluator, item));
                Kind::List(Rc::new(items.collect::<Result<_, _>>()?))
            }
            _ => return Err(misfit(self.name(), value)),
        };
        Ok(Value { kind, origin: value.origin.clone() })
    }

    /// Converts the elements of a collection, which all get one type.
    fn elements(&self, evaluator: &Evaluator<'_>, items: Vec<Value>) -> Result<Vec<Value>, Fault> {
        let converted: Result<Vec<_>, _> = items.iter().map(|item| self.convert(evaluator, item)).collect();
        unify::unify(self, evaluator, converted?)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Any | Self::Other(_) => "a value",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Object(_) => "an object",
            Self::Tuple(_) => "a tuple",
        }
    }
}

impl Field {
    fn read(name: String, expr: &Expr, value: &dyn Fn(&Expr) -> Result<Value, Fault>) -> Result<Self, Fault> {
        if let ExprKind::Call(call) = &expr.kind
            && call.name == "optional"
            && let Some(of) = call.arguments.first()
        {
            let default = call.arguments.get(1).map_or_else(|| Ok(Value::made(Kind::Null)), value)?;
            return Ok(Self { name, of: Type::read(of, value)?, default: Some(default) });
        }
        Ok(Self { name, of: Type::read(expr, value)?, default: None })
    }

    /// The attribute as an object of this type has it. An optional one that is null counts as missing.
    fn take(&self, evaluator: &Evaluator<'_>, map: &Map) -> Result<Value, Fault> {
        let value = match (map.entries.get(&self.name), &map.open, &self.default) {
            (Some(value), _, Some(default)) if value.is_null() => default.clone(),
            (Some(value), _, _) => value.clone(),
            (None, Some(reason), _) => Value::unknown(reason.clone()),
            (None, None, Some(default)) => default.clone(),
            (None, None, None) => return Err(Fault::new(format!("the attribute `{}` is missing", self.name))),
        };
        self.of.convert(evaluator, &value)
    }
}

fn misfit(wanted: &str, value: &Value) -> Fault {
    Fault::new(format!("{wanted} is needed, this is {}", value.kind_name()))
}

/// The value as a string. One that was none is not the literal that it came from.
pub(super) fn text(value: &Value) -> Option<Value> {
    if value.as_str().is_some() {
        return Some(value.clone());
    }
    let origin = match value.origin.first() {
        Origin::Literal(span) => Origin::Computed { span: span.clone(), inputs: Rc::new([]) },
        origin => origin.clone(),
    };
    Some(Value { kind: Kind::String(operators::text(value)?), origin })
}

fn set(mut items: Vec<Value>) -> Kind {
    if items.iter().any(|item| item.as_str().is_none()) {
        return Kind::Unknown(Rc::from("a set of anything but strings is not worked out"));
    }
    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    items.dedup_by(|a, b| a.as_str() == b.as_str());
    Kind::Set(Rc::new(items))
}
