//! Functions that look at folders and files. The rules are those of
//! <https://github.com/gruntwork-io/terragrunt/blob/main/pkg/config/config_helpers.go>.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::{Arguments, Stop, Value, text_of, unknown};
use crate::Place;
use crate::evaluate::{passed_on, withheld};
use crate::files::{Variable, clean, relative};
use crate::frame::{VALUES, values_in};
use crate::{Fault, Frame, Kind, Origin, Remark, operators};

/// Terragrunt's own limit.
const MOST_FOLDERS: usize = 100;

fn path_value(path: &Path) -> Result<Value, Stop> {
    match path.to_str() {
        Some(text) => Ok(Value::string(text)),
        None => Err(unknown("a path on the way is not UTF-8")),
    }
}

impl Arguments<'_, '_> {
    /// A path as Terragrunt's own functions take it: from the folder of the unit.
    pub(super) fn path(&self, at: usize) -> Result<PathBuf, Stop> {
        self.path_from(self.scope.frame.dir(), at)
    }

    /// A path as Terraform's functions take it: in a file that is included from that file's folder, else from the unit's.
    pub(super) fn path_of_file(&self, at: usize) -> Result<PathBuf, Stop> {
        let frame = self.scope.frame;
        let included = frame.source.path.parent().filter(|_| frame.is_included);
        let path = self.path_from(included.unwrap_or(frame.dir()), at)?;
        let covering = self.evaluator.laid_over.as_ref().and_then(|(module, unit)| {
            let rest = path.strip_prefix(module).ok()?;
            // Hidden files aren't copied.
            let is_hidden = |part: &OsStr| part.as_encoded_bytes().starts_with(b".");
            let over = unit.join(rest);
            (!rest.iter().any(is_hidden) && self.evaluator.files.is_file(&over)).then_some(over)
        });
        Ok(covering.unwrap_or(path))
    }

    fn path_from(&self, dir: &Path, at: usize) -> Result<PathBuf, Stop> {
        if self.text(at)?.starts_with('~') {
            return Err(unknown("a path in somebody's home is not worked out"));
        }
        Ok(clean(&dir.join(&*self.text(at)?)))
    }

    fn unit_dir(&self) -> &Path {
        let original = &self.evaluator.original;
        original.parent().unwrap_or(original)
    }

    fn repo_root(&self) -> Result<PathBuf, Stop> {
        let found = self.unit_dir().ancestors().find(|dir| self.evaluator.files.exists(&dir.join(".git")));
        found.map(Path::to_owned).ok_or_else(|| Stop::Fault(Fault::new("the unit is in no git repository")))
    }

    /// The file of the include that paths are relative to, if there is one.
    fn selected_include(&self) -> Result<Option<PathBuf>, Stop> {
        let frame = self.scope.frame;
        if frame.is_included {
            return Ok(Some(frame.source.path.clone()));
        }
        let includes = frame.includes(self.evaluator)?;
        let include = match (&includes[..], self.values.first()) {
            ([], _) => return Ok(None),
            ([only], _) => only,
            (several, Some(_)) => {
                let label = self.text(0)?;
                several
                    .iter()
                    .find(|include| *include.label == *label)
                    .ok_or_else(|| Stop::Fault(Fault::new(format!("there is no include with the label `{label}`"))))?
            }
            (_, None) => return Err(Stop::Fault(Fault::new("with several includes, say which by its label"))),
        };
        match &include.frame {
            Ok(included) => Ok(Some(included.source.path.clone())),
            Err(reason) => Err(Stop::Unknown(reason.clone())),
        }
    }
}

pub(super) fn find_in_parent_folders(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let name = if call.values.is_empty() { Rc::from("") } else { call.text(0)? };
    let names: &[&str] = if name.is_empty() { &["terragrunt.hcl", "terragrunt.hcl.json"] } else { &[&name] };
    for dir in call.scope.frame.dir().ancestors().skip(1).take(MOST_FOLDERS) {
        for name in names {
            let candidate = clean(&dir.join(name));
            if call.evaluator.files.exists(&candidate) {
                return path_value(&candidate);
            }
        }
    }
    match call.values.get(1) {
        Some(fallback) => Ok(fallback.clone()),
        None => Err(Stop::Fault(Fault::new(format!("there is no `{}` in any parent folder", names[0])))),
    }
}

pub(super) fn get_terragrunt_dir(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    path_value(call.scope.frame.dir())
}

pub(super) fn get_original_terragrunt_dir(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    path_value(call.unit_dir())
}

pub(super) fn get_parent_terragrunt_dir(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match call.selected_include()? {
        Some(include) => path_value(include.parent().unwrap_or(&include)),
        None => path_value(call.scope.frame.dir()),
    }
}

pub(super) fn path_relative_to_include(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match call.selected_include()? {
        Some(include) => path_value(&relative(include.parent().unwrap_or(&include), call.scope.frame.dir())),
        None => Ok(Value::string(".")),
    }
}

pub(super) fn path_relative_from_include(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    match call.selected_include()? {
        Some(include) => path_value(&relative(call.scope.frame.dir(), include.parent().unwrap_or(&include))),
        None => Ok(Value::string(".")),
    }
}

pub(super) fn get_repo_root(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    path_value(&call.repo_root()?)
}

pub(super) fn get_path_from_repo_root(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    path_value(&relative(&call.repo_root()?, call.unit_dir()))
}

pub(super) fn get_path_to_repo_root(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    path_value(&relative(call.unit_dir(), &call.repo_root()?))
}

/// `get_env(name)` or `get_env(name, default)`, of the environment that terragrunt will have.
pub(super) fn get_env(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let name = call.text(0)?;
    if name.is_empty() {
        return Err(Stop::Fault(Fault::new("`get_env` needs the name of a variable")));
    }
    match (call.evaluator.files.variable(&name), call.values.get(1)) {
        (Variable::Unknown, _) => Err(unknown(&format!("it depends on the environment variable `{name}`"))),
        (Variable::Is(text), _) if operators::is_composed(&text) => Ok(Value::string(text)),
        (Variable::Is(_), _) => Err(unknown("a string with combining characters is not worked out")),
        (variable @ (Variable::Unset | Variable::Withheld), Some(default)) => {
            if variable == Variable::Withheld {
                let place = default.origin.place().unwrap_or_else(|| Place::file(&call.scope.source().name));
                call.evaluator.remark(Remark::Withheld { variable: name.to_string(), place });
            }
            let text = text_of(default)?;
            Ok(Value { kind: Kind::String(text), origin: default.origin.clone() })
        }
        (Variable::Withheld, None) => {
            if call.evaluator.is_in_try() {
                let place = Place::file(&call.scope.source().name);
                call.evaluator.remark(Remark::Withheld { variable: name.to_string(), place });
            }
            Err(Stop::Fault(Fault::new(format!("`get_env` has no default: {}", withheld(&name)))))
        }
        (Variable::Unset, None) => {
            let fault =
                Fault::new(format!("the environment variable `{name}` is not set, and `get_env` has no default"));
            let hint = format!(
                "give `get_env` a default; or set {name} in the shell and pass it on: {} in [workspace.metadata.xtask]",
                passed_on(&name)
            );
            Err(Stop::Fault(fault.hint(hint)))
        }
    }
}

pub(super) fn read_terragrunt_config(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let mut path = call.path(0)?;
    let files = call.evaluator.files;
    if !files.exists(&path) {
        return match call.values.get(1) {
            Some(default) => Ok(default.clone()),
            None => Err(Stop::Fault(Fault::new(format!("there is no file `{}`", files.name(&path))))),
        };
    }
    if files.is_folder(&path) {
        path.push("terragrunt.hcl");
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.ends_with(".stack.hcl") {
        return Err(unknown("what a stack file says is not worked out where another file reads it"));
    }
    if name.ends_with(VALUES) {
        let values = values_in(call.evaluator, path.parent().unwrap_or(&path)).map_err(Fault::of_another_file)?;
        return Ok(values.unwrap_or_else(|| Value::map(BTreeMap::new())));
    }
    if files.exists(&path.with_file_name("terragrunt.autoinclude.hcl")) {
        return Err(unknown("a file that a stack generates overrides what is read"));
    }
    if name.ends_with(".json") {
        return Err(unknown("configuration written in JSON is not worked out"));
    }
    let frame = Frame::read(call.evaluator, &path).map_err(Fault::of_another_file)?;
    let value = Value::made(Kind::Config(frame));
    if call.evaluator.is_in_try() {
        // Terragrunt reads the whole file at once: whatever is wrong in it is what `try` catches.
        call.evaluator.whole(&value).map_err(Fault::of_another_file)?;
    }
    Ok(value)
}

pub(super) fn file(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let path = call.path_of_file(0)?;
    let bytes = match call.evaluator.files.bytes(&path) {
        Err(fault) if fault.is_limit() => return Err(unknown(fault.what())),
        read => read?,
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) if !operators::is_composed(text) => {
            Err(unknown("a string with combining characters is not worked out"))
        }
        Ok(text) => {
            let origin = Origin::Data { file: Arc::from(call.evaluator.files.name(&path)), line: None };
            Ok(Value { kind: Kind::String(Rc::from(text)), origin })
        }
        Err(_) => Err(Stop::Fault(Fault::new(format!("`{}` is not UTF-8", call.evaluator.files.name(&path))))),
    }
}

pub(super) fn fileexists(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let path = call.path_of_file(0)?;
    let (files, is_file) = (call.evaluator.files, call.evaluator.files.is_file(&path));
    if !is_file && files.exists(&path) {
        return Err(Stop::Fault(Fault::new(format!("`{}` is no regular file", files.name(&path)))));
    }
    Ok(Value::made(Kind::Bool(is_file)))
}

pub(super) fn abspath(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    // Relative paths would be relative to wherever terragrunt was started.
    let text = call.text(0)?;
    if text.starts_with('/') {
        return path_value(&clean(Path::new(&*text)));
    }
    Err(unknown("`abspath` of a relative path depends on where terragrunt is started"))
}

pub(super) fn dirname(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let Some((dir, _)) = text.rsplit_once('/') else { return Ok(Value::string(".")) };
    if dir.is_empty() && text.starts_with('/') {
        return Ok(Value::string("/"));
    }
    path_value(&clean(Path::new(dir)))
}

pub(super) fn basename(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    let trimmed = text.trim_end_matches('/');
    Ok(match (trimmed.is_empty(), text.is_empty()) {
        (true, true) => Value::string("."),
        (true, false) => Value::string("/"),
        _ => Value::string(trimmed.rsplit('/').next().unwrap_or_default()),
    })
}

/// A home is somebody's own; any other path stays what it is.
pub(super) fn pathexpand(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    let text = call.text(0)?;
    if text.starts_with('~') {
        return Err(unknown("a path in somebody's home is not worked out"));
    }
    Ok(call.values[0].clone())
}

pub(super) fn get_platform(_: &Arguments<'_, '_>) -> Result<Value, Stop> {
    Ok(Value::string(if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS }))
}

/// Only tells terragrunt that the file matters.
pub(super) fn mark_as_read(call: &Arguments<'_, '_>) -> Result<Value, Stop> {
    Ok(call.values[0].clone())
}
