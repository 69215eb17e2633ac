//! `extra_arguments` of a unit and of what it includes, as Terragrunt orders them: those of the first include come first,
//! the unit's own last, and one with a name that is there already takes its place. For each command that names it, a block
//! adds its `arguments`, its `required_var_files`, and those of its `optional_var_files` that exist.

use std::rc::Rc;

use super::COMMAND;
use super::text::Text;
use super::working::Working;
use crate::repo::files::{Files, clean};
use crate::repo::hcl::syntax::{Block, Body, Expr, ExprKind, Key};
use crate::repo::hcl::terraform::layer::Layer;
use crate::repo::hcl::{Evaluator, Fault, Frame, Kind, Value};

/// What all `extra_arguments` give.
#[derive(Default)]
pub(super) struct Extra {
    /// Variables by `TF_VAR_…` in `env_vars`, weakest first.
    pub(super) environment: Vec<(String, Part)>,
    /// Arguments that give variables a value, weakest first.
    pub(super) arguments: Vec<Argument>,
}

/// An argument.
pub(super) enum Argument {
    /// `-var NAME=TEXT`
    Variable(String, Text),
    /// `-var-file PATH`
    File(Text),
    /// One that nobody can know, with the reason.
    Unknown(Rc<str>),
}

impl Argument {
    pub(super) fn layer(self, files: &Files, working: &Working) -> Result<Layer, Fault> {
        match self {
            Self::Variable(name, text) => Ok(text.variable(files, &name)),
            Self::File(path) => match path.hole_in(path.text()) {
                None => working.named(files, path.text()),
                Some(reason) => {
                    Ok(Layer::Unknown(Rc::from(format!("which file of values is passed is not known: {reason}"))))
                }
            },
            Self::Unknown(reason) => Ok(Layer::Unknown(reason)),
        }
    }
}

impl Extra {
    pub(super) fn of(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Self, Fault> {
        let mut blocks: Vec<(Rc<Frame>, &str)> = Vec::new();
        let frames = frame.with_includes(evaluator)?;
        for frame in frames.iter().rev() {
            for name in named(&frame.source.body).filter_map(|block| block.labels.first()) {
                match blocks.iter_mut().find(|(_, known)| known == name) {
                    Some((by, _)) => *by = frame.clone(),
                    None => blocks.push((frame.clone(), name)),
                }
            }
        }
        let mut extra = Self::default();
        for (frame, name) in &blocks {
            let block =
                named(&frame.source.body).filter(|block| block.labels.first().is_some_and(|it| it == name)).last();
            if let Some(block) = block {
                extra.take(evaluator, frame, block)?;
            }
        }
        Ok(extra)
    }

    fn take(&mut self, evaluator: &Evaluator<'_>, frame: &Rc<Frame>, block: &Block) -> Result<(), Fault> {
        let value = |name: &str| -> Result<Option<Value>, Fault> {
            let attribute = block.body.attributes.get(name);
            let value = attribute.map(|attribute| evaluator.value(&attribute.value, frame)).transpose()?;
            value.filter(|value| !value.is_null()).map(|value| evaluator.whole(&value)).transpose()
        };
        let Some(commands) = value("commands")? else { return Ok(()) };
        let applies = match &commands.kind {
            Kind::List(items) | Kind::Set(items) => {
                let unknown = items.iter().find_map(Value::unknown_reason);
                let is_named = items.iter().any(|item| item.as_str() == Some(COMMAND));
                if is_named { Ok(true) } else { unknown.map_or(Ok(false), |reason| Err(reason.clone())) }
            }
            Kind::Unknown(reason) => Err(reason.clone()),
            _ => Ok(false),
        };
        let texts = |name: &str| -> Result<Option<List>, Fault> {
            let attribute = block.body.attributes.get(name);
            Ok(attribute.map(|attribute| list(evaluator, frame, &attribute.value)).transpose()?.flatten())
        };
        let (arguments, required) = (texts("arguments")?, texts("required_var_files")?);
        let optional = texts("optional_var_files")?;
        let variables = block.body.attributes.get("env_vars");
        let variables = variables.map(|attribute| map(evaluator, frame, &attribute.value)).transpose()?;
        let variables = variables.unwrap_or(Ok(Vec::new()));
        match applies {
            Ok(false) => {}
            Ok(true) => {
                match variables {
                    Ok(variables) => self.variables(variables),
                    Err(reason) => self.unknown("a variable in `env_vars`", &reason),
                }
                self.arguments(arguments.as_ref());
                self.files(required.as_ref(), |_| true);
                self.files(optional.as_ref(), |file| {
                    file.hole_in(file.text()).is_some()
                        || evaluator.files.exists(&clean(&frame.dir().join(file.text())))
                });
            }
            Err(reason) => {
                if [arguments, required, optional].iter().any(Option::is_some) {
                    self.unknown("an argument", &reason);
                }
                let names = variables.into_iter().flatten().map(|(name, _)| name);
                let names = names.filter_map(|name| name.strip_prefix("TF_VAR_").map(str::to_owned));
                self.environment.extend(names.map(|name| (name, Err(reason.clone()))));
            }
        }
        Ok(())
    }

    fn arguments(&mut self, list: Option<&List>) {
        let Some(items) = self.items(list) else { return };
        let mut items = items.iter();
        while let Some(item) = items.next() {
            let text = match item {
                Ok(text) => text,
                Err(reason) => {
                    self.unknown("an argument", reason);
                    continue;
                }
            };
            let flag = text.before('=').unwrap_or_else(|| text.text());
            if let Some(reason) = text.hole_in(flag) {
                self.unknown("an argument", &reason);
            }
            let from = text.before('=').map(|flag| flag.len() + 1);
            let flag = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-')).unwrap_or_default();
            if !["var", "var-file"].contains(&flag) {
                continue;
            }
            let value = match from {
                Some(from) => text.ending(from),
                None => match items.next() {
                    Some(Ok(next)) => next.clone(),
                    Some(Err(reason)) => {
                        self.unknown("an argument", reason);
                        continue;
                    }
                    None => continue,
                },
            };
            match value.before('=') {
                _ if flag == "var-file" => self.arguments.push(Argument::File(value)),
                Some(name) => match value.hole_in(name) {
                    Some(reason) => self.unknown("an argument", &reason),
                    None => {
                        self.arguments.push(Argument::Variable(name.trim().to_owned(), value.ending(name.len() + 1)))
                    }
                },
                None => {
                    if let Some(reason) = value.hole_in(value.text()) {
                        self.unknown("an argument", &reason);
                    }
                }
            }
        }
    }

    fn unknown(&mut self, what: &str, reason: &Rc<str>) {
        let reason = format!("{what} that is passed to `{COMMAND}` is not known: {reason}");
        self.arguments.push(Argument::Unknown(Rc::from(reason)));
    }

    /// A list of files, each once, where it stands last.
    fn files(&mut self, list: Option<&List>, is_passed: impl Fn(&Text) -> bool) {
        let Some(items) = self.items(list) else { return };
        for (at, item) in items.iter().enumerate() {
            match item {
                Err(reason) => self.unknown("a file of values", reason),
                Ok(file) => {
                    let is_repeated = items[at + 1..].iter().flatten().any(|later| later.text() == file.text());
                    if !is_repeated && is_passed(file) {
                        self.arguments.push(Argument::File(file.clone()));
                    }
                }
            }
        }
    }

    /// The items of a list; one that isn't known is an argument that isn't.
    fn items<'l>(&mut self, list: Option<&'l List>) -> Option<&'l [Part]> {
        match list? {
            Ok(items) => Some(items),
            Err(reason) => {
                self.unknown("a list of arguments", reason);
                None
            }
        }
    }

    fn variables(&mut self, variables: Vec<(String, Part)>) {
        for (name, value) in variables {
            if let Some(variable) = name.strip_prefix("TF_VAR_") {
                self.environment.push((variable.to_owned(), value));
            } else if ["TF_CLI_ARGS", "TF_CLI_ARGS_plan"].contains(&name.as_str())
                && value.is_ok_and(|text| text.text().contains("-var") || text.hole_in(text.text()).is_some())
            {
                // They come before all other arguments.
                let reason = format!("what `{name}` in `env_vars` passes on is not worked out");
                self.arguments.insert(0, Argument::Unknown(Rc::from(reason)));
            }
        }
    }
}

/// A text, or why it isn't known.
type Part = Result<Text, Rc<str>>;
/// A list of texts, or why it isn't known.
type List = Result<Vec<Part>, Rc<str>>;
/// Texts by name, or why they aren't known.
type Variables = Result<Vec<(String, Part)>, Rc<str>>;

/// The texts of a list, each from its own expression where the list is written out.
fn list(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, expr: &Expr) -> Result<Option<List>, Fault> {
    if let ExprKind::List(items) = &expr.kind {
        let items: Result<_, Fault> = items.iter().map(|item| Text::read(evaluator, frame, item)).collect();
        return Ok(Some(Ok(items?)));
    }
    let value = evaluator.value(expr, frame)?;
    Ok(match &evaluator.whole(&value)?.kind {
        Kind::Null => None,
        Kind::List(items) | Kind::Set(items) => Some(Ok(items.iter().map(Text::of).collect())),
        Kind::Unknown(reason) => Some(Err(reason.clone())),
        _ => Some(Err(Rc::from("it is no list"))),
    })
}

/// The texts of a map by name.
fn map(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, expr: &Expr) -> Result<Variables, Fault> {
    if let ExprKind::Object(items) = &expr.kind {
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            let name = match &item.key {
                Key::Word(word) => word.clone(),
                Key::Expr(key) => match Text::read(evaluator, frame, key)? {
                    Ok(text) if text.hole_in(text.text()).is_none() => text.text().to_owned(),
                    Ok(_) => return Ok(Err(Rc::from("a name in it is not known"))),
                    Err(reason) => return Ok(Err(reason)),
                },
            };
            entries.push((name, Text::read(evaluator, frame, &item.value)?));
        }
        return Ok(Ok(entries));
    }
    let value = evaluator.value(expr, frame)?;
    Ok(match &evaluator.whole(&value)?.kind {
        Kind::Map(map) if map.open.is_none() => {
            Ok(map.entries.iter().map(|(name, value)| (name.clone(), Text::of(value))).collect())
        }
        Kind::Map(map) => Err(map.open.clone().unwrap_or_default()),
        Kind::Unknown(reason) => Err(reason.clone()),
        _ => Ok(Vec::new()),
    })
}

fn named(body: &Body) -> impl Iterator<Item = &Block> {
    body.blocks_named("terraform").flat_map(|block| block.body.blocks_named("extra_arguments"))
}
