//! The files of values in the folder that Terraform runs in: the module's own where its source lies on this disk, over them
//! those beside the unit, which Terragrunt copies there, and over them what `generate` writes. Modules from elsewhere are
//! taken to have none: what a `terraform.tfvars` in a module that is released would give, it could give by defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::text::Text;
use crate::repo::files::{Files, clean};
use crate::repo::generated::{self, Given, Written};
use crate::repo::hcl::syntax::{Expr, ExprKind};
use crate::repo::hcl::terraform::layer::{self, Layer};
use crate::repo::hcl::{Evaluator, Fault, Frame, Kind, Value};

/// The folder that Terraform runs in, as far as it has files of values.
pub(super) struct Working {
    /// By name.
    files: BTreeMap<String, File>,
    /// The names of those that are generated.
    generated: BTreeSet<String>,
    /// The folders whose files come together there: the strongest first.
    folders: Vec<PathBuf>,
}

enum File {
    /// One that lies on this disk.
    There(PathBuf),
    /// One that is written when the unit is run.
    Generated(Text),
    /// The same, worked out already.
    Values(Value),
    /// One whose content is unknown, with the reason.
    Unknown(Rc<str>),
}

impl Working {
    pub(super) fn of(files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Self, Fault> {
        let module = super::module_folder(evaluator, frame).filter(|dir| dir != frame.dir());
        let has_source = frame.terraform_source(evaluator)?.is_some();
        let folders = vec![frame.dir().to_owned()];
        let mut working = Self { files: BTreeMap::new(), generated: BTreeSet::new(), folders };
        if let Some(dir) = module {
            working.take(&files.real(&dir), |name| !name.starts_with('.'));
            working.folders.push(dir);
        }
        working.take(&files.real(frame.dir()), |name| !name.starts_with('.'));
        working.without_copies(evaluator, frame)?;
        let includes_hidden = sets(evaluator, frame, "include_in_copy")?;
        if !has_source || includes_hidden {
            let hidden = working.folders.iter().flat_map(|dir| layer::values_in(&files.real(dir)));
            for name in hidden.filter(|name| name.starts_with('.')).collect::<Vec<_>>() {
                let reason = match includes_hidden {
                    true => format!("whether `{name}` is copied depends on `include_in_copy`, which is not worked out"),
                    false => {
                        format!("terragrunt's versions differ in whether they leave out hidden files such as `{name}`")
                    }
                };
                working.files.insert(name, File::Unknown(Rc::from(reason)));
            }
        }
        working.generated(files, evaluator, frame)?;
        Ok(working)
    }

    fn take(&mut self, dir: &Path, is_copied: impl Fn(&str) -> bool) {
        let names = layer::values_in(dir).into_iter().filter(|name| is_copied(name));
        self.files.extend(names.map(|name| (name.clone(), File::There(dir.join(name)))));
    }

    /// What `exclude_from_copy` says may concern any of the files.
    fn without_copies(&mut self, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<(), Fault> {
        if sets(evaluator, frame, "exclude_from_copy")? {
            for (name, file) in &mut self.files {
                let reason =
                    format!("whether `{name}` is copied depends on `exclude_from_copy`, which is not worked out");
                *file = File::Unknown(Rc::from(reason));
            }
        }
        Ok(())
    }

    fn generated(&mut self, files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<(), Fault> {
        generated::each_written(evaluator, frame, &mut |written| match written {
            Ok(written) => self.write(files, evaluator, written),
            Err(reason) => {
                self.any(format!("which files are generated is not known: {reason}"));
                Ok(())
            }
        })
    }

    /// A file of values may be there, of which nothing is known.
    fn any(&mut self, reason: String) {
        self.files.insert("\u{10ffff}.auto.tfvars".to_owned(), File::Unknown(Rc::from(reason)));
    }

    fn write(&mut self, files: &Files, evaluator: &Evaluator<'_>, written: &Written<'_>) -> Result<(), Fault> {
        let frame = written.frame;
        let (Some(path), Some(contents)) = (written.get("path"), written.get("contents")) else { return Ok(()) };
        // Most blocks write a provider.
        let text = match path {
            Given::Expr(path) => frame.source.text(&path.span),
            Given::Value(_) => ".tfvars",
        };
        if matches!(path, Given::Expr(Expr { kind: ExprKind::String(_), .. })) && !text.contains(".tfvars") {
            return Ok(());
        }
        let Some(value) = written.value(evaluator, "path")? else { return Ok(()) };
        let Some(name) = value.as_str().map(|path| path.trim_start_matches("./").to_owned()) else {
            if text.contains("tfvars") {
                self.any(format!("which file of values is generated is not known: {text}"));
            }
            return Ok(());
        };
        if !layer::is_values(&name) {
            return Ok(());
        }
        if let Some(reason) = written.value(evaluator, "disable")?.as_ref().and_then(Value::unknown_reason) {
            let reason = format!("whether `{name}` is generated is not known: {reason}");
            self.files.insert(name, File::Unknown(Rc::from(reason)));
            return Ok(());
        }
        if written.is_disabled(evaluator)? {
            let removes = written.value(evaluator, "if_disabled")?.is_some_and(|value| value.as_str() != Some("skip"));
            if removes && self.files.contains_key(&name) {
                let reason =
                    format!("whether `{name}` is removed, as `if_disabled` says, depends on terragrunt's version");
                self.files.insert(name, File::Unknown(Rc::from(reason)));
            }
            return Ok(());
        }
        let is_kept = written.is_kept(evaluator)?;
        let file_name =
            Path::new(&name).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.contains('/') {
            let is_beside = Path::new(&name).parent() == Some(frame.dir());
            if is_beside {
                let reason = format!("`{file_name}` is generated beside the unit, and copied by the run after that");
                self.files.insert(file_name, File::Unknown(Rc::from(reason)));
            }
            return Ok(());
        }
        if !self.generated.insert(name.clone()) {
            self.files.insert(name.clone(), File::Unknown(Rc::from(generated::either(&name))));
            return Ok(());
        }
        if is_kept && self.files.contains_key(&name) {
            return Ok(());
        }
        let text = match contents {
            Given::Expr(Expr { kind: ExprKind::Call(call), .. })
                if call.name == "jsonencode" && call.arguments.len() == 1 =>
            {
                let value = evaluator.value(&call.arguments[0], frame)?;
                self.files.insert(name, File::Values(evaluator.whole(&value)?));
                return Ok(());
            }
            Given::Expr(contents) => Text::read(evaluator, frame, contents)?,
            Given::Value(value) => Text::of(value),
        };
        let file = match text {
            Ok(text) => match text.file(files) {
                Some(path) => File::There(path),
                None => File::Generated(text),
            },
            Err(reason) => File::Unknown(Rc::from(format!("what is generated as `{name}` is not known: {reason}"))),
        };
        self.files.insert(name, file);
        Ok(())
    }

    /// The names of the files that Terraform takes without being told, in its order.
    pub(super) fn automatic(&self) -> Vec<&str> {
        layer::automatic(self.files.keys().map(String::as_str))
    }

    /// The values in one of the files that Terraform reads.
    pub(super) fn layer(&self, files: &Files, name: &str) -> Result<Option<Layer>, Fault> {
        Ok(Some(match self.files.get(name) {
            None => return Ok(None),
            Some(File::There(path)) => Layer::file(files, path)?,
            Some(File::Generated(text)) => text.layer(files, name),
            Some(File::Values(values)) => match &values.kind {
                Kind::Map(_) | Kind::Unknown(_) => Layer::Values(values.clone()),
                _ => Layer::Unknown(Rc::from(format!("what is generated as `{name}` is no map"))),
            },
            Some(File::Unknown(reason)) => Layer::Unknown(reason.clone()),
        }))
    }

    /// What a file that an argument names gives; a relative one is looked for in the folder that Terraform runs in.
    pub(super) fn named(&self, files: &Files, path: &str) -> Result<Layer, Fault> {
        let plain = path.trim_start_matches("./");
        if let Some(layer) = self.layer(files, plain)? {
            return Ok(layer);
        }
        let leads_out = || clean(Path::new(path)).starts_with("..");
        let candidates: Vec<_> = match Path::new(path).is_absolute() {
            true => vec![PathBuf::from(path)],
            false if leads_out() => Vec::new(),
            false => self.folders.iter().map(|dir| clean(&dir.join(path))).collect(),
        };
        match candidates.iter().find(|path| files.is_file(path)) {
            Some(path) => Layer::file(files, path),
            None if !candidates.is_empty() => {
                Ok(Layer::Unknown(Rc::from(format!("the file of values `{path}` that is passed on is missing"))))
            }
            None => {
                let reason = format!("the file of values `{path}` lies outside the folder that terraform runs in");
                Ok(Layer::Unknown(Rc::from(reason)))
            }
        }
    }
}

/// Whether the `terraform` block of the unit, or of what it includes, has this attribute.
fn sets(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, attribute: &str) -> Result<bool, Fault> {
    let frames = frame.with_includes(evaluator)?;
    let mut blocks = frames.iter().flat_map(|frame| frame.source.body.blocks_named("terraform"));
    Ok(blocks.any(|block| block.body.attributes.contains_key(attribute)))
}
