//! A file in the light in which it is read: its locals, worked out when asked for, and what its includes add to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::evaluate::Scope;
use super::handed::{Locals, through_json};
use super::include::{Include, Merge, deep, shallow};
use super::place::Place;
use super::syntax::ExprKind;
use super::value::Map;
use super::{Evaluator, Fault, Kind, Source, Value};

/// A file as some unit sees it. An included file is seen from the one that includes it.
#[derive(Debug)]
pub struct Frame {
    /// The file.
    pub source: Arc<Source>,
    /// What functions such as `get_terragrunt_dir` take as the configuration: the including file, where there is one.
    pub config_path: PathBuf,
    /// Whether the file is read because another one includes it.
    pub is_included: bool,
    locals: RefCell<HashMap<String, Thunk<Value>>>,
    /// The locals that others have asked for, as they come to them.
    pub(super) handed_out: RefCell<HashMap<String, Value>>,
    includes: RefCell<Thunk<Rc<Vec<Include>>>>,
    inputs: RefCell<Thunk<Value>>,
    module_source: RefCell<Option<Answer>>,
    values: RefCell<Thunk<Option<Value>>>,
}

/// The file beside a unit that gives it the variable `values`.
pub const VALUES: &str = "terragrunt.values.hcl";

/// A value that may not be there.
type Answer = Result<Option<Value>, Fault>;

#[derive(Debug, Default)]
enum Thunk<T> {
    #[default]
    Pending,
    Running,
    Done(Result<T, Fault>),
}

impl Frame {
    /// Reads a file by itself: a unit, or what `read_terragrunt_config` names.
    pub fn read(evaluator: &Evaluator<'_>, path: &Path) -> Result<Rc<Self>, Fault> {
        if let Some(frame) = evaluator.frames.borrow().get(path.as_os_str()) {
            return Ok(frame.clone());
        }
        let frame = Self::of(evaluator.files.hcl(path)?, path.to_owned(), false);
        evaluator.frames.borrow_mut().insert(path.into(), frame.clone());
        Ok(frame)
    }

    /// Puts a frame around a file that is already read.
    pub fn of(source: Arc<Source>, config_path: PathBuf, is_included: bool) -> Rc<Self> {
        Rc::new(Self {
            source,
            config_path,
            is_included,
            locals: RefCell::default(),
            handed_out: RefCell::default(),
            includes: RefCell::default(),
            inputs: RefCell::default(),
            module_source: RefCell::default(),
            values: RefCell::default(),
        })
    }

    /// The folder of the configuration.
    pub fn dir(&self) -> &Path {
        self.config_path.parent().unwrap_or(&self.config_path)
    }

    /// A local by name; `None` if there is none.
    pub fn local(self: &Rc<Self>, evaluator: &Evaluator<'_>, name: &str) -> Answer {
        let Some(attribute) = self.source.body.local(name) else { return Ok(None) };
        match self.locals.borrow().get(name) {
            Some(Thunk::Done(result)) => return result.clone().map(Some),
            Some(_) => {
                let fault = Fault::new(format!("the local `{name}` refers to itself"));
                return Err(fault.at(self.source.place(attribute.key.start)).fatal());
            }
            None => {}
        }
        let mut blocks = self.source.body.blocks_named("locals");
        if let (Some(_), Some(second)) = (blocks.next(), blocks.next()) {
            let fault = Fault::new("a file may have only one `locals` block");
            return Err(fault.at(self.source.place(second.span.start)).fatal());
        }
        self.locals.borrow_mut().insert(name.to_owned(), Thunk::Running);
        // A local is worked out before any `try` that uses it.
        let result = evaluator.outside_try(|| evaluator.eval(&attribute.value, Scope::of(self))).map_err(Fault::fatal);
        self.locals.borrow_mut().insert(name.to_owned(), Thunk::Done(result.clone()));
        result.map(Some)
    }

    /// An attribute of the file as `read_terragrunt_config` and exposed includes give it.
    pub(super) fn attribute(self: &Rc<Self>, evaluator: &Evaluator<'_>, name: &str) -> Result<Value, Fault> {
        match name {
            "locals" => Ok(Value::made(Kind::Locals(Locals::handed_out(self)))),
            "inputs" => through_json(evaluator, self.inputs(evaluator)?),
            "terraform" => {
                let source = self.terraform_source(evaluator)?.map(|source| ("source".to_owned(), source));
                let open = Rc::from("only `source` of a `terraform` block is worked out");
                let map = Map { entries: source.into_iter().collect(), open: Some(open) };
                Ok(Value::made(Kind::Map(Rc::new(map))))
            }
            "iam_role" | "terraform_binary" => Ok(self.setting(evaluator, name)?.unwrap_or_else(|| Value::string(""))),
            _ => Ok(Value::unknown(format!("`{name}` of another file is not worked out"))),
        }
    }

    /// All attributes of the file that are worked out, as an open map.
    pub(super) fn all_attributes(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Kind, Fault> {
        let mut map = Map { open: Some(Rc::from("not all of another file is worked out")), ..Map::default() };
        let locals = Value::made(Locals::handed_out(self).all(evaluator)?);
        map.entries.insert("locals".to_owned(), locals);
        map.entries.insert("inputs".to_owned(), self.attribute(evaluator, "inputs")?);
        Ok(Kind::Map(Rc::new(map)))
    }

    /// What the file includes, in its order.
    pub fn includes(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Rc<Vec<Include>>, Fault> {
        match &*self.includes.borrow() {
            Thunk::Done(result) => return result.clone(),
            Thunk::Running => {
                let fault = Fault::new(format!("what `{}` includes depends on itself", self.source.name));
                return Err(fault.fatal());
            }
            Thunk::Pending => {}
        }
        *self.includes.borrow_mut() = Thunk::Running;
        let blocks = self.source.body.blocks_named("include");
        let result: Result<Vec<_>, _> = blocks.map(|block| Include::read(self, block, evaluator)).collect();
        let result = result.map(Rc::new).map_err(Fault::fatal);
        *self.includes.borrow_mut() = Thunk::Done(result.clone());
        result
    }

    /// The variable `include`: the only one if it has no label, otherwise all that are exposed by label.
    pub(super) fn exposed_includes(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        let includes = self.includes(evaluator)?;
        if let [only] = &includes[..]
            && only.label.is_empty()
        {
            return only.exposed().ok_or_else(|| Fault::new("the include is not exposed: it lacks `expose = true`"));
        }
        let exposed = includes.iter().filter_map(|include| Some((include.label.clone(), include.exposed()?)));
        Ok(Value::map(exposed.collect()))
    }

    /// What the unit passes to its module, includes merged in. An entry that is at fault is unknown, and noticed.
    pub fn inputs(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        match &*self.inputs.borrow() {
            Thunk::Done(result) => return result.clone(),
            Thunk::Running => {
                return Err(Fault::new(format!("the inputs of `{}` refer to themselves", self.source.name)).fatal());
            }
            Thunk::Pending => {}
        }
        *self.inputs.borrow_mut() = Thunk::Running;
        let result = self.merged_inputs(evaluator).map_err(Fault::fatal);
        *self.inputs.borrow_mut() = Thunk::Done(result.clone());
        result
    }

    fn merged_inputs(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        let mut merged = self.own_inputs(evaluator)?;
        // The file itself wins, then its last include, then the one before.
        for include in self.includes(evaluator)?.iter().rev() {
            let below = match (&include.frame, include.merge) {
                (_, Merge::No) => continue,
                (Ok(frame), _) => frame.inputs(evaluator)?,
                (Err(reason), _) => Value::unknown(reason.clone()),
            };
            merged =
                if include.merge == Merge::Deep { deep(evaluator, &merged, &below)? } else { shallow(&merged, &below) };
        }
        Ok(merged)
    }

    fn own_inputs(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        let Some(attribute) = self.source.body.attributes.get("inputs") else {
            return Ok(Value::map(BTreeMap::new()));
        };
        let scope = Scope::of(self);
        let ExprKind::Object(items) = &attribute.value.kind else {
            let value = evaluator.eval(&attribute.value, scope)?;
            return evaluator.whole(&value);
        };
        let mut map = Map::default();
        for item in items {
            let key = match evaluator.key(&item.key, scope)? {
                Ok(key) => key,
                Err(reason) => {
                    map.open = Some(reason);
                    continue;
                }
            };
            let value = match evaluator.eval(&item.value, scope) {
                Ok(value) => value,
                Err(fault) => {
                    evaluator.notice(&fault);
                    Value::unknown(fault.in_one_line()).made_at(|| scope.span(&item.value))
                }
            };
            map.entries.insert(key, value);
        }
        Ok(Value::made(Kind::Map(Rc::new(map))).made_at(|| scope.span(&attribute.value)))
    }

    /// The module's source, from the file or its includes.
    pub fn terraform_source(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Answer {
        if let Some(answer) = &*self.module_source.borrow() {
            return answer.clone();
        }
        let answer = self.nearest(evaluator, &|frame| {
            let attribute = frame.source.body.blocks_named("terraform").find_map(|it| it.body.attributes.get("source"));
            attribute.map(|attribute| evaluator.eval(&attribute.value, Scope::of(frame))).transpose()
        });
        *self.module_source.borrow_mut() = Some(answer.clone());
        answer
    }

    /// A plain attribute of the file such as `iam_role`, from the file or its includes; an empty one counts as none.
    pub fn setting(self: &Rc<Self>, evaluator: &Evaluator<'_>, name: &str) -> Answer {
        self.nearest(evaluator, &|frame| {
            let attribute = frame.source.body.attributes.get(name);
            let value = attribute.map(|attribute| evaluator.eval(&attribute.value, Scope::of(frame))).transpose()?;
            Ok(value.filter(|value| value.as_str() != Some("") && !value.is_null()))
        })
    }

    /// The first answer among the file itself, its last include, the one before…
    pub(super) fn nearest(self: &Rc<Self>, evaluator: &Evaluator<'_>, ask: &dyn Fn(&Rc<Self>) -> Answer) -> Answer {
        if let Some(value) = ask(self)? {
            return Ok(Some(value));
        }
        for include in self.includes(evaluator)?.iter().rev().filter(|include| include.merge != Merge::No) {
            let value = match &include.frame {
                Ok(frame) => ask(frame)?,
                Err(reason) => Some(Value::unknown(reason.clone())),
            };
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }
}

impl Frame {
    /// The variable `feature`: the defaults of all `feature` blocks, the file's own before included ones. No override from
    /// outside reaches terragrunt.
    pub(super) fn features(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        let mut features: BTreeMap<String, Value> = BTreeMap::new();
        for (frame, is_deep) in self.with_merged(evaluator)? {
            let mut own = BTreeMap::new();
            for block in frame.source.body.blocks_named("feature") {
                let Some(name) = block.labels.first().filter(|name| !own.contains_key(*name)) else { continue };
                let place = || frame.source.place(block.span.start);
                let value = match features.get(name) {
                    Some(value) if !is_deep => value.clone(),
                    known => {
                        let default = block.body.attributes.get("default");
                        let default = default.ok_or_else(|| Fault::new("a feature needs a `default`").at(place()))?;
                        let value = evaluator.eval(&default.value, Scope::of(&frame))?;
                        known.map_or(Ok(value.clone()), |known| merged_feature(evaluator, known, &value, place))?
                    }
                };
                own.insert(name.clone(), value);
            }
            features.append(&mut own);
        }
        let feature = |(name, value): (String, Value)| {
            (name.clone(), Value::map([("name".to_owned(), Value::string(name)), ("value".to_owned(), value)].into()))
        };
        Ok(Value::map(features.into_iter().map(feature).collect()))
    }

    /// The variable `values`: the attributes of the `terragrunt.values.hcl` beside the file; `None` if there is none.
    pub(super) fn values(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Answer {
        match &*self.values.borrow() {
            Thunk::Done(result) => return result.clone(),
            Thunk::Running => {
                return Err(Fault::new(format!("the values of `{}` refer to themselves", self.source.name)).fatal());
            }
            Thunk::Pending => {}
        }
        *self.values.borrow_mut() = Thunk::Running;
        let result = values_in(evaluator, self.source.path.parent().unwrap_or(&self.source.path));
        *self.values.borrow_mut() = Thunk::Done(result.clone());
        result
    }

    /// The file itself and what it merges in, the strongest first; includes that are unknown are left out.
    pub fn with_includes(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Vec<Rc<Self>>, Fault> {
        Ok(self.with_merged(evaluator)?.into_iter().map(|(frame, _)| frame).collect())
    }

    /// The same, each with whether it is merged deeply into those before it.
    pub fn with_merged(self: &Rc<Self>, evaluator: &Evaluator<'_>) -> Result<Vec<(Rc<Self>, bool)>, Fault> {
        let includes = self.includes(evaluator)?;
        let merged = includes.iter().rev().filter(|include| include.merge != Merge::No);
        let merged = merged.filter_map(|include| Some((include.frame.clone().ok()?, include.merge == Merge::Deep)));
        Ok(std::iter::once((self.clone(), false)).chain(merged).collect())
    }
}

/// The default of a feature over that of an include that is merged deeply: terragrunt merges maps, and fails on anything else.
fn merged_feature(
    evaluator: &Evaluator<'_>,
    known: &Value,
    below: &Value,
    place: impl Fn() -> Place,
) -> Result<Value, Fault> {
    let is_map = |value: &Value| matches!(value.kind, Kind::Map(_) | Kind::Unknown(_));
    if !is_map(known) || !is_map(below) {
        let what = "terragrunt fails where an include that is merged deeply has a feature of this name, too";
        return Err(Fault::new(what).at(place()));
    }
    deep(evaluator, known, below)
}

/// The values of the folder: what the stack file says that generates it, or its `terragrunt.values.hcl`.
pub(super) fn values_in(evaluator: &Evaluator<'_>, dir: &Path) -> Answer {
    if let Some(origin) = evaluator.files.origin(dir)
        && let Some(values) = origin.block.values(evaluator.files)?
    {
        return Ok(Some(values));
    }
    let path = dir.join(VALUES);
    if !evaluator.files.exists(&path) {
        return Ok(None);
    }
    let frame = Frame::read(evaluator, &path)?;
    let mut values = BTreeMap::new();
    for (name, attribute) in &frame.source.body.attributes {
        values.insert(name.clone(), evaluator.eval(&attribute.value, Scope::of(&frame))?);
    }
    Ok(Some(Value::map(values)))
}
