//! The values of a module's variables, in Terraform's own order: default, environment, `terraform.tfvars`, its JSON, then
//! `*.auto.tfvars` and their JSON by name. See <https://developer.hashicorp.com/terraform/language/values/variables>.

use std::sync::Arc;

use super::folder::{Tfvars, json_objects};
use super::module::Module;
use super::types::Type;
use crate::repo::hcl::functions::decode::decoded;
use crate::repo::hcl::{Evaluator, Fault, Kind, Value};

/// Where the values of variables come from.
pub(super) enum Given<'f> {
    /// To the module that Terraform is started in: from files, a later one wins, and from the environment.
    Files {
        files: &'f [Tfvars],
        /// Names of variables that the environment keeps; one may end in `*`.
        environment: &'f [String],
    },
    /// To any other: the arguments of its call.
    Call(Value),
}

impl Module<'_> {
    pub(super) fn variable(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Value, Fault> {
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
            Given::Files { .. } => format!("the variable `{name}` has no default, and no tfvars file sets it"),
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
        let (files, environment) = match &self.given {
            Given::Files { files, environment } => (files, environment),
            Given::Call(arguments) => {
                let Kind::Map(map) = &arguments.kind else { return Ok(Some(arguments.clone())) };
                let open = || map.open.clone().map(Value::unknown);
                return Ok(map.entries.get(name).cloned().or_else(open));
            }
        };
        for file in files.iter().rev() {
            let value = match file {
                Tfvars::Hcl(frame) => {
                    let attribute = frame.source.body.attributes.get(name);
                    attribute.map(|it| self.plain(|| evaluator.value(&it.value, frame))).transpose()?
                }
                Tfvars::Json((file, node)) => {
                    // As in Go, the last of several equal keys wins.
                    let entry = json_objects(node).filter(|entry| entry.key == name).last();
                    entry.map(|entry| decoded(&entry.node, Some(&Arc::clone(file))))
                }
            };
            if value.is_some() {
                return Ok(value);
            }
        }
        let variable = format!("TF_VAR_{name}");
        let passes = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => variable.starts_with(prefix),
            None => *pattern == variable,
        };
        let passed = environment.iter().any(passes);
        Ok(passed.then(|| Value::unknown(format!("it depends on the environment variable `{variable}`"))))
    }
}
