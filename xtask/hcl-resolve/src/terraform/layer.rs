//! What gives variables their values, layer by layer, and what the layers give together. The order is the caller's: it is
//! Terraform's own, <https://developer.hashicorp.com/terraform/language/values/variables>.

use std::fmt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::folder::{Json, json_objects, read_json};
use crate::files::Files;
use crate::functions::decode::decoded;
use crate::json;
use crate::value::Map;
use crate::{Evaluator, Fault, Frame, Kind, Names, Value};

/// Something that gives variables values; of several layers the last one that gives a variable a value wins.
#[derive(Debug)]
pub enum Layer {
    /// A file of values.
    Hcl(Rc<Frame>),
    /// The same in JSON.
    Json(Json),
    /// Values by name, worked out already.
    Values(Value),
    /// Values by name that are passed as texts: arguments and variables of the environment. The type of a variable tells how
    /// its text is read; where that is not known, they are these.
    Passed(Value, Reader),
    /// Variables `TF_VAR_…` that the environment of the person keeps, by name or by the beginning of it.
    Environment(Vec<String>),
    /// What may give any variable any value, with the reason why that can't be known.
    Unknown(Rc<str>),
}

/// How the text of a variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Text,
    /// As an expression.
    Expression,
}

/// Reads the texts that a layer passes.
pub struct Reader(pub Box<Read>);

/// Reads the text in this form; the value is what the layer gives the variable.
pub type Read = dyn Fn(&Files, &Value, Form) -> Result<Value, Fault>;

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

/// Names in a file of values: it may refer to nothing.
struct Nothing;

impl Names for Nothing {
    fn value(&self, _: &Evaluator<'_>, path: &[&str]) -> Result<Value, Fault> {
        Err(Fault::new(format!("the value of a variable may not refer to `{}`", path.join("."))).fatal())
    }
}

impl Layer {
    /// A file of values, HCL or JSON by its name.
    pub fn file(files: &Files, path: &Path) -> Result<Self, Fault> {
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        Ok(match is_json {
            true => Self::Json(read_json(files, path)?),
            false => Self::Hcl(Frame::of(files.hcl(path)?, path.to_owned(), false)),
        })
    }

    /// The value that the layer gives a variable, if it does.
    pub fn get(&self, files: &Files, name: &str) -> Result<Option<Value>, Fault> {
        match self {
            Self::Hcl(frame) => {
                let evaluator = Evaluator::with_names(files, frame.config_path.clone(), &Nothing);
                let attribute = frame.source.body.attributes.get(name);
                attribute.map(|attribute| evaluator.value(&attribute.value, frame)).transpose()
            }
            Self::Json((file, node)) => {
                // As in Go, the last of several equal keys wins.
                let entry = json_objects(node).filter(|entry| entry.key == name).last();
                Ok(entry.map(|entry| decoded(&entry.node, Some(file))))
            }
            Self::Values(values) | Self::Passed(values, _) => Ok(match &values.kind {
                Kind::Map(map) => map.entries.get(name).cloned().or_else(|| map.open.clone().map(Value::unknown)),
                Kind::Unknown(_) => Some(values.clone()),
                _ => None,
            }),
            Self::Environment(patterns) => {
                let variable = format!("TF_VAR_{name}");
                let passes = |pattern: &String| match pattern.strip_suffix('*') {
                    Some(prefix) => variable.starts_with(prefix),
                    None => *pattern == variable,
                };
                let is_passed = patterns.iter().any(passes) && files.may_be_set(&variable);
                let unknown = || Value::unknown(format!("it depends on the environment variable `{variable}`"));
                Ok(is_passed.then(unknown))
            }
            Self::Unknown(reason) => Ok(Some(Value::unknown(reason.clone()))),
        }
    }

    /// The variables that the layer gives a value by name.
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Hcl(frame) => frame.source.body.attributes.keys().map(String::as_str).collect(),
            Self::Json((_, node)) => json_objects(node).map(|entry: &json::Entry| entry.key.as_str()).collect(),
            Self::Values(Value { kind: Kind::Map(map), .. }) | Self::Passed(Value { kind: Kind::Map(map), .. }, _) => {
                map.entries.keys().map(String::as_str).collect()
            }
            Self::Values(_) | Self::Passed(..) | Self::Environment(_) | Self::Unknown(_) => Vec::new(),
        }
    }

    /// Why the layer may give a value to variables that it doesn't name.
    fn open(&self) -> Option<&Rc<str>> {
        match self {
            Self::Values(Value { kind: Kind::Map(map), .. }) | Self::Passed(Value { kind: Kind::Map(map), .. }, _) => {
                map.open.as_ref()
            }
            Self::Values(Value { kind: Kind::Unknown(reason), .. })
            | Self::Passed(Value { kind: Kind::Unknown(reason), .. }, _)
            | Self::Unknown(reason) => Some(reason),
            _ => None,
        }
    }
}

/// The value of a variable by the last layer that gives it one, with that layer.
pub fn given<'l>(layers: &'l [Layer], files: &Files, name: &str) -> Result<Option<(Value, &'l Layer)>, Fault> {
    let get = |layer: &'l Layer| Some(layer.get(files, name).transpose()?.map(|value| (value, layer)));
    layers.iter().rev().find_map(get).transpose()
}

/// What all layers give together, as a map.
pub fn joined(layers: &[Layer], files: &Files) -> Result<Value, Fault> {
    let mut map = Map { open: layers.iter().rev().find_map(Layer::open).cloned(), ..Map::default() };
    for name in layers.iter().flat_map(Layer::names) {
        if !map.entries.contains_key(name)
            && let Some((value, _)) = given(layers, files, name)?
        {
            map.entries.insert(name.to_owned(), value);
        }
    }
    Ok(Value::made(Kind::Map(Rc::new(map))))
}

/// The files with values in a folder that Terraform takes without being told, in its order; `names` are all its files.
pub fn automatic<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let is_first = |name: &&str| name.starts_with("terraform.tfvars");
    let mut all: Vec<_> = names.filter(|name| is_automatic(name)).collect();
    all.sort_unstable();
    let (mut ordered, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(is_first);
    ordered.extend(rest);
    ordered
}

/// Whether a file's values are taken without being named.
fn is_automatic(name: &str) -> bool {
    let plain = name.strip_suffix(".json").unwrap_or(name);
    plain == "terraform.tfvars" || plain.ends_with(".auto.tfvars")
}

/// Whether a name is that of a file of values.
pub fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

/// The names of the files with values in a folder, hidden ones too: Terraform takes those as well.
pub fn values_in(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| is_values(name)).collect()
}

/// A text of JSON that lies in no file, under the name of the file that it comes from.
pub fn json_text(name: &str, text: &str) -> Option<Layer> {
    json::parse(text).ok().map(|node| Layer::Json((Arc::from(name), node)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_tfvars_comes_first_and_the_rest_by_name() {
        let names = ["b.auto.tfvars.json", "x.tfvars", "terraform.tfvars.json", "B.auto.tfvars", "terraform.tfvars"];
        let expected = ["terraform.tfvars", "terraform.tfvars.json", "B.auto.tfvars", "b.auto.tfvars.json"];
        assert_eq!(automatic(names.into_iter()), expected);
    }
}
