//! The values of a module's variables: what is given to them, else their defaults, converted to their types.

use super::layer::{self, Form, Layer, Reader};
use super::module::Module;
use super::types::{self, Type};
use crate::functions::encode;
use crate::{Evaluator, Fault, Kind, Value};

/// Where the values of variables come from.
pub enum Given<'f> {
    /// To the module that Terraform is started in: from the environment, from files and from arguments; a later one wins.
    Layers(&'f [Layer]),
    /// To any other: the arguments of its call.
    Call(Value),
}

impl Module<'_> {
    /// The value of a variable, converted to its type; a variable that nothing gives a value is unknown.
    pub fn variable(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Value, Fault> {
        let Some(declared) = self.variables.get(name) else {
            return Err(Fault::new(format!("there is no variable `{name}`")).fatal());
        };
        let place = || declared.place.clone();
        self.once(format!("var.{name}"), place, || {
            let plain = |expr: &_| self.plain(|| evaluator.value(expr, declared.attributes["type"].frame));
            let constraint = declared.get("type").map(|it| Type::read(&it.attribute.value, &plain)).transpose()?;
            let nullable = declared.get("nullable").map(|it| self.plain(|| it.value(evaluator))).transpose()?;
            let is_nullable = !matches!(nullable.map(|value| value.kind), Some(Kind::Bool(false)));
            let given =
                self.given(evaluator, name, constraint.as_ref())?.filter(|value| is_nullable || !value.is_null());
            let value = match (given, declared.get("default")) {
                (Some(value), _) => value,
                (None, Some(default)) => self.plain(|| default.value(evaluator))?,
                (None, None) => return Ok(Value::unknown(self.without_value(name))),
            };
            let converted = constraint.map_or(Ok(value.clone()), |it| it.convert(evaluator, &value));
            let fits = |fault: Fault| {
                let what = format!("the value of variable `{name}` does not fit its type: {}", fault.what());
                value.origin.place().into_iter().fold(Fault::new(what), Fault::at).at(declared.place.clone())
            };
            converted.map_err(fits)
        })
    }

    fn without_value(&self, name: &str) -> String {
        match &self.given {
            Given::Layers(_) => format!("the variable `{name}` has no default, and no tfvars file sets it"),
            Given::Call(_) => format!("the variable `{name}` has no default, and the module's call does not set it"),
        }
    }

    /// Evaluates what may refer to nothing.
    fn plain<T>(&self, work: impl FnOnce() -> T) -> T {
        let outer = self.is_plain.replace(true);
        let result = work();
        self.is_plain.set(outer);
        result
    }

    /// The value that a variable is given, if it is given one.
    fn given(&self, evaluator: &Evaluator<'_>, name: &str, constraint: Option<&Type>) -> Result<Option<Value>, Fault> {
        match &self.given {
            Given::Layers(layers) => match layer::given(layers, evaluator.files, name)? {
                Some((value, Layer::Passed(_, reader))) => passed(evaluator, reader, constraint, value).map(Some),
                given => Ok(given.map(|(value, _)| value)),
            },
            Given::Call(arguments) => {
                let Kind::Map(map) = &arguments.kind else { return Ok(Some(arguments.clone())) };
                let open = || map.open.clone().map(Value::unknown);
                Ok(map.entries.get(name).cloned().or_else(open))
            }
        }
    }
}

/// What a variable makes of a text: one whose type is simple takes it as it is, any other takes it for an expression. What is
/// no text is passed as its JSON.
fn passed(evaluator: &Evaluator<'_>, reader: &Reader, constraint: Option<&Type>, value: Value) -> Result<Value, Fault> {
    let form = match constraint {
        None | Some(Type::String | Type::Number | Type::Bool) => Form::Text,
        Some(_) => Form::Expression,
    };
    let is_given_so = form == Form::Expression && value.as_str().is_none();
    if is_given_so || value.is_null() || value.unknown_reason().is_some() {
        return Ok(value);
    }
    let value = (reader.0)(evaluator.files, &value, form)?;
    match (&value.kind, constraint) {
        (Kind::Number(_) | Kind::Bool(_), None) => Ok(types::text(&value).unwrap_or(value)),
        (Kind::List(_) | Kind::Set(_) | Kind::Map(_), _) if form == Form::Text => encode::as_json(evaluator, &value),
        _ => Ok(value),
    }
}
