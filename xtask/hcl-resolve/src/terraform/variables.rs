//! The values of a module's variables: what is given to them, else their defaults, converted to their types.

use super::layer::{self, Layer};
use super::module::Module;
use super::types::Type;
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
            let given = self.given(evaluator, name)?.filter(|value| is_nullable || !value.is_null());
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
    fn given(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Option<Value>, Fault> {
        match &self.given {
            Given::Layers(layers) => layer::given(layers, evaluator.files, name),
            Given::Call(arguments) => {
                let Kind::Map(map) = &arguments.kind else { return Ok(Some(arguments.clone())) };
                let open = || map.open.clone().map(Value::unknown);
                Ok(map.entries.get(name).cloned().or_else(open))
            }
        }
    }
}
