//! The files of values in the folder that Terraform runs in: the module's own where its source lies on this disk, over them
//! those beside the unit, which Terragrunt copies there, and over them what `generate` writes. Modules from elsewhere are
//! taken to have none: what a `terraform.tfvars` in a module that is released would give, it could give by defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::text::Text;
use crate::repo::files::{Files, clean};
use crate::repo::hcl::syntax::{Block, Expr, ExprKind, Item};
use crate::repo::hcl::terraform::layer::{self, Layer};
use crate::repo::hcl::{Evaluator, Fault, Frame, Kind, operators};

/// The folder that Terraform runs in, as far as it has files of values.
pub(super) struct Working {
    /// By name.
    files: BTreeMap<String, File>,
    /// The folders whose files come together there: the strongest first.
    folders: Vec<PathBuf>,
}

enum File {
    /// One that lies on this disk.
    There(PathBuf),
    /// One that is written when the unit is run.
    Generated(Text),
    /// The same, worked out already.
    Values(crate::repo::hcl::Value),
    /// One whose content is unknown, with the reason.
    Unknown(Rc<str>),
}

impl Working {
    pub(super) fn of(files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Self, Fault> {
        let module = super::module_folder(evaluator, frame).filter(|dir| dir != frame.dir());
        let has_source = frame.terraform_source(evaluator)?.is_some();
        let mut working = Self { files: BTreeMap::new(), folders: vec![frame.dir().to_owned()] };
        if let Some(dir) = module {
            working.take(&files.real(&dir), |name| !name.starts_with('.'));
            working.folders.push(dir);
        }
        working.take(&files.real(frame.dir()), |name| !name.starts_with('.'));
        working.without_copies(evaluator, frame)?;
        if !has_source {
            for name in layer::values_in(&files.real(frame.dir())).into_iter().filter(|name| name.starts_with('.')) {
                let reason =
                    format!("terragrunt's versions differ in whether they leave out hidden files such as `{name}`");
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
        for frame in frame.with_includes(evaluator)? {
            let blocks = frame.source.body.blocks_named("terraform");
            if blocks.into_iter().any(|block| block.body.attributes.contains_key("exclude_from_copy")) {
                for (name, file) in &mut self.files {
                    let reason =
                        format!("whether `{name}` is copied depends on `exclude_from_copy`, which is not worked out");
                    *file = File::Unknown(Rc::from(reason));
                }
            }
        }
        Ok(())
    }

    fn generated(&mut self, files: &Files, evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<(), Fault> {
        let mut labels: Vec<String> = Vec::new();
        for frame in frame.with_includes(evaluator)? {
            // A block with the same label in the including file replaces the included one.
            let blocks = frame.source.body.blocks_named("generate").map(Written::of_block);
            let map = frame.source.body.attributes.get("generate").map(|attribute| &attribute.value.kind);
            let items = match map {
                Some(ExprKind::Object(items)) => &items[..],
                _ => &[],
            };
            for written in blocks.chain(items.iter().filter_map(Written::of_item)) {
                if !labels.contains(&written.label) {
                    labels.push(written.label.clone());
                    self.write(files, evaluator, &frame, &written)?;
                }
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        files: &Files,
        evaluator: &Evaluator<'_>,
        frame: &Rc<Frame>,
        written: &Written<'_>,
    ) -> Result<(), Fault> {
        let (Some(path), Some(contents)) = (written.get("path"), written.get("contents")) else { return Ok(()) };
        // Most blocks write a provider.
        let text = frame.source.text(&path.span);
        if matches!(path.kind, ExprKind::String(_)) && !text.contains(".tfvars") {
            return Ok(());
        }
        let value = evaluator.value(path, frame)?;
        let Some(name) = value.as_str().map(|path| path.trim_start_matches("./").to_owned()) else {
            if text.contains("tfvars") {
                let reason = format!("which file of values is generated is not known: {text}");
                self.files.insert("\u{10ffff}.auto.tfvars".to_owned(), File::Unknown(Rc::from(reason)));
            }
            return Ok(());
        };
        if !layer::is_values(&name) {
            return Ok(());
        }
        let setting = |name: &str| written.get(name).map(|expr| evaluator.value(expr, frame)).transpose();
        let is_disabled = setting("disable")?.map(|value| operators::truth(&value)).transpose()?.flatten();
        if is_disabled == Some(true) {
            return Ok(());
        }
        let is_kept = setting("if_exists")?.is_some_and(|value| value.as_str() == Some("skip"));
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
        if is_kept && self.files.contains_key(&name) {
            return Ok(());
        }
        let file = match (&contents.kind, Text::read(evaluator, frame, contents)?) {
            (ExprKind::Call(call), _) if call.name == "jsonencode" && call.arguments.len() == 1 => {
                let value = evaluator.value(&call.arguments[0], frame)?;
                File::Values(evaluator.whole(&value)?)
            }
            (_, Ok(text)) => match text.file(files) {
                Some(path) => File::There(path),
                None => File::Generated(text),
            },
            (_, Err(reason)) => {
                File::Unknown(Rc::from(format!("what is generated as `{name}` is not known: {reason}")))
            }
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

/// What says that a file is to be written: a block, or an entry of the map `generate`.
struct Written<'b> {
    label: String,
    attributes: BTreeMap<&'b str, &'b Expr>,
}

impl<'b> Written<'b> {
    fn of_block(block: &'b Block) -> Self {
        let attributes = block.body.attributes.iter().map(|(name, attribute)| (name.as_str(), &attribute.value));
        Self { label: block.labels.first().cloned().unwrap_or_default(), attributes: attributes.collect() }
    }

    fn of_item(item: &'b Item) -> Option<Self> {
        let ExprKind::Object(items) = &item.value.kind else { return None };
        let attributes = items.iter().filter_map(|item| Some((item.key.written()?, &item.value))).collect();
        Some(Self { label: item.key.written()?.to_owned(), attributes })
    }

    fn get(&self, name: &str) -> Option<&'b Expr> {
        self.attributes.get(name).copied()
    }
}
