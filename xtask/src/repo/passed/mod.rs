//! What Terraform is given in a unit of Terragrunt. The inputs come as variables of the environment, which Terraform ranks
//! lowest: files of values in the folder that it runs in win over them, and arguments win over those. Tried with Terragrunt
//! 0.55.1 and 1.1.3.

mod arguments;
mod text;
mod working;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use arguments::Extra;
use text::Text;
use working::Working;

use super::files::{Files, clean};
use super::hcl::terraform::Engine;
use super::hcl::terraform::layer::{Form, Layer, Reader};
use super::hcl::value::Map;
use super::hcl::{Evaluator, Fault, Frame, Kind, Value};
use super::module::Module;
use super::shape::RUNNER_INPUTS;
use super::terraform::working::WorkingFolder;

/// The command whose arguments decide: an apply is one of a saved plan, to which terragrunt passes no values.
const COMMAND: &str = "plan";

/// Everything that gives the variables of the unit's module a value; a later layer wins.
pub(super) fn layers(
    files: &Files,
    environment: &[String],
    evaluator: &Evaluator<'_>,
    frame: &Rc<Frame>,
) -> Result<Vec<Layer>, Fault> {
    let inputs = frame.inputs(evaluator)?;
    let working = Working::of(files, evaluator, frame)?;
    let extra = Extra::of(evaluator, frame)?;
    let nulls = nulls(&inputs);
    let read = |files: &Files, value: &Value, form| match Text::of(value) {
        Ok(text) if form == Form::Expression => text.expression(files),
        _ => Ok(value.clone()),
    };
    let mut layers = vec![Layer::Passed(with_parsed(files, &inputs), Reader(Box::new(read)))];
    layers.push(Layer::Environment(environment.to_vec()));
    layers.extend(extra.environment.into_iter().map(|(name, value)| match value {
        Ok(text) => text.variable(files, &name),
        Err(reason) => Layer::Values(Value::map([(name, Value::unknown(reason))].into())),
    }));
    let automatic = working.automatic();
    let (first, rest): (Vec<_>, Vec<_>) = automatic.iter().partition(|name| name.starts_with("terraform.tfvars"));
    for name in first {
        layers.extend(working.layer(files, name)?);
    }
    layers.push(Layer::Values(nulls));
    for name in rest {
        layers.extend(working.layer(files, name)?);
    }
    for argument in extra.arguments {
        layers.push(argument.layer(files, &working)?);
    }
    Ok(layers)
}

/// The inputs as the runner's module takes them: its configurations are no strings, so Terraform takes the text of one for an
/// expression.
fn with_parsed(files: &Files, inputs: &Value) -> Value {
    let Kind::Map(map) = &inputs.kind else { return inputs.clone() };
    let mut map = Map { entries: map.entries.clone(), open: map.open.clone() };
    for (_, value) in map.entries.iter_mut().filter(|(name, _)| RUNNER_INPUTS.contains(&name.as_str())) {
        if value.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '[']))
            && let Ok(text) = Text::of(value)
            && let Ok(parsed) = text.expression(files)
        {
            *value = parsed;
        }
    }
    Value { kind: Kind::Map(Rc::new(map)), origin: inputs.origin.clone() }
}

/// What terragrunt passes on as null: by a file `.terragrunt-null-vars.auto.tfvars.json`, since no variable of the
/// environment can be null. An input that isn't known may be null.
fn nulls(inputs: &Value) -> Value {
    let Kind::Map(map) = &inputs.kind else { return Value::map(BTreeMap::new()) };
    let may_be_null = |value: &Value| value.is_null() || value.unknown_reason().is_some();
    let nulls = map.entries.iter().filter(|(_, value)| may_be_null(value));
    let entries = nulls.map(|(name, value)| (name.clone(), value.clone())).collect();
    Value::made(Kind::Map(Rc::new(Map { entries, open: None })))
}

/// The folder that Terraform runs in, if all of it lies on this disk but what is generated.
pub(super) fn working_folder(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Option<WorkingFolder> {
    let module = match frame.terraform_source(evaluator) {
        Ok(None) => None,
        _ => Some(module_folder(evaluator, frame)?),
    };
    WorkingFolder::of(evaluator.files, module.as_deref(), frame.dir(), engine(evaluator, frame))
}

/// The program that the configuration states.
fn engine(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Option<Engine> {
    let binary = frame.setting(evaluator, "terraform_binary").ok().flatten().filter(|value| !value.is_null())?;
    Some(binary.as_str().map_or(Engine::Unknown, Engine::of))
}

/// The folder of the unit's module if it lies on this disk.
pub(super) fn module_folder(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Option<PathBuf> {
    folder_of(&Module::of(evaluator, frame), frame)
}

/// The same of a module that is known already.
pub(super) fn folder_of(module: &Module, frame: &Frame) -> Option<PathBuf> {
    local_folder(frame.dir(), module.source.value()?)
}

/// The folder that a source names, as Terragrunt tells local ones from others; `//` parts what is copied from the folder in
/// it.
fn local_folder(from: &Path, source: &str) -> Option<PathBuf> {
    let path = source.strip_prefix("file://").unwrap_or(source);
    let path = path.split('?').next().unwrap_or(path);
    let elsewhere = ["git@", "github.com/", "gitlab.com/", "bitbucket.org/", "www.googleapis.com/"];
    let is_elsewhere = path.contains("::")
        || path.contains("://")
        || path.contains(".amazonaws.com/")
        || elsewhere.iter().any(|prefix| path.starts_with(prefix));
    (!is_elsewhere && !path.is_empty()).then(|| clean(&from.join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_on_this_disk_are_told_from_others() {
        let folder = |source: &str| local_folder(Path::new("/r/dev/unit"), source);
        for (source, path) in [
            ("../../modules//runner", "/r/modules/runner"),
            ("../../modules/runner?x=1", "/r/modules/runner"),
            ("/r/dev/unit/../..//modules/runner", "/r/modules/runner"),
            ("file:///m/x", "/m/x"),
            ("modules/x", "/r/dev/unit/modules/x"),
            (".", "/r/dev/unit"),
        ] {
            assert_eq!(folder(source).as_deref(), Some(Path::new(path)), "{source}");
        }
        for source in [
            "git::git@github.com:x/y.git//modules/x?ref=v1",
            "git@github.com:x/y.git//m",
            "github.com/x/y//m",
            "tfr:///x/y/aws?version=1.0.0",
            "https://x.example.com/m.zip",
            "s3::https://s3.amazonaws.com/b/m.zip",
            "b.s3.amazonaws.com/m.zip",
        ] {
            assert_eq!(folder(source), None, "{source}");
        }
    }
}
