//! A module of Terraform: what its files define together, and what names mean in it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::folder::Folder;
use super::variables::Given;
use crate::Place;
use crate::syntax::{Attribute, Block, ExprKind};
use crate::{Evaluator, Fault, Frame, Names, Value};

/// Works out the outputs of the module that a call, given with its name, is of.
pub type Outputs = fn(&Evaluator<'_>, &str, &Merged<'_>) -> Result<Value, Fault>;

/// How the outputs of the module that a call is of are worked out without reading the module, where that is known.
pub type KnownOutputs = fn(&Merged<'_>) -> Option<Outputs>;

/// A module. Expressions are evaluated by an [`Evaluator`] that has it for its [`Names`].
pub struct Module<'f> {
    /// What `path.module` is.
    pub way: String,
    /// The variables, by name.
    pub variables: BTreeMap<&'f str, Merged<'f>>,
    /// The calls of other modules, by name.
    pub calls: BTreeMap<&'f str, Merged<'f>>,
    /// The AWS providers, by alias; the default one has none.
    pub providers: BTreeMap<Option<&'f str>, Merged<'f>>,
    /// What gives the variables their values.
    pub given: Given<'f>,
    known_outputs: KnownOutputs,
    /// Whether what is being evaluated may refer to nothing, as values of variables may not.
    pub is_plain: Cell<bool>,
    locals: BTreeMap<&'f str, Definition<'f>>,
    /// What files of JSON define: not worked out.
    json: [(&'static str, BTreeMap<&'f str, Arc<str>>); 4],
    /// `None` while a value is being worked out.
    done: RefCell<HashMap<String, Option<Result<Value, Fault>>>>,
}

/// An attribute and the file that it stands in.
#[derive(Clone, Copy)]
pub struct Definition<'f> {
    /// The file.
    pub frame: &'f Rc<Frame>,
    /// The attribute.
    pub attribute: &'f Attribute,
}

/// A block with what files that override it put in the place of its parts.
pub struct Merged<'f> {
    /// Where the block begins.
    pub place: Place,
    /// The attributes, by name.
    pub attributes: BTreeMap<&'f str, Definition<'f>>,
    /// The blocks inside, each with its file.
    pub blocks: Vec<(&'f Rc<Frame>, &'f Block)>,
}

impl Definition<'_> {
    /// Where the attribute stands.
    pub fn place(&self) -> Place {
        self.frame.source.place(self.attribute.key.start)
    }

    /// The value of the attribute.
    pub fn value(&self, evaluator: &Evaluator<'_>) -> Result<Value, Fault> {
        evaluator.value(&self.attribute.value, self.frame)
    }
}

impl<'f> Merged<'f> {
    fn of(frame: &'f Rc<Frame>, block: &'f Block) -> Self {
        let define = |(name, attribute): (&'f String, &'f Attribute)| (name.as_str(), Definition { frame, attribute });
        let attributes = block.body.attributes.iter().map(|(name, attribute)| (name, attribute.as_ref()));
        Self {
            place: frame.source.place(block.span.start),
            attributes: attributes.map(define).collect(),
            blocks: block.body.blocks.iter().map(|inner| (frame, inner)).collect(),
        }
    }

    /// Attributes replace attributes of the same name, and blocks all blocks of the same kind.
    fn overridden_by(&mut self, other: Self) {
        self.attributes.extend(other.attributes);
        self.blocks.retain(|(_, block)| other.blocks.iter().all(|(_, new)| new.kind != block.kind));
        self.blocks.extend(other.blocks);
    }

    /// An attribute, if it is there.
    pub fn get(&self, name: &str) -> Option<&Definition<'f>> {
        self.attributes.get(name)
    }

    /// The value of an attribute, if it is there.
    pub fn value(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Option<Value>, Fault> {
        self.get(name).map(|definition| definition.value(evaluator)).transpose()
    }
}

impl<'f> Module<'f> {
    /// Puts the files of a folder together.
    pub fn of(folder: &'f Folder, way: String, given: Given<'f>, known_outputs: KnownOutputs) -> Result<Self, Fault> {
        let mut module = Self {
            way,
            variables: BTreeMap::new(),
            calls: BTreeMap::new(),
            providers: BTreeMap::new(),
            given,
            known_outputs,
            is_plain: Cell::new(false),
            locals: BTreeMap::new(),
            json: ["variable", "locals", "module", "provider"].map(|kind| (kind, folder.in_json(kind))),
            done: RefCell::default(),
        };
        for (frames, overrides) in [(&folder.plain, false), (&folder.overriding, true)] {
            for frame in frames {
                frame.source.body.blocks.iter().try_for_each(|block| module.add(frame, block, overrides))?;
            }
        }
        Ok(module)
    }

    fn add(&mut self, frame: &'f Rc<Frame>, block: &'f Block, overrides: bool) -> Result<(), Fault> {
        let label = block.labels.first().map(String::as_str);
        let new = Merged::of(frame, block);
        let place = new.place.clone();
        match (block.kind.as_str(), label) {
            ("variable", Some(name)) => add(&mut self.variables, name, new, overrides),
            ("module", Some(name)) => add(&mut self.calls, name, new, overrides),
            ("provider", Some("aws")) => {
                let alias = block.body.attributes.get("alias").map(|alias| match &alias.value.kind {
                    ExprKind::String(text) => &**text,
                    _ => "",
                });
                add(&mut self.providers, alias, new, overrides)
            }
            ("locals", None) => new.attributes.into_iter().try_for_each(|(name, definition)| {
                match self.locals.insert(name, definition) {
                    Some(first) if !overrides => Err(twice(name, first.place(), definition.place())),
                    None if overrides => Err(overrides_nothing(name, definition.place())),
                    _ => Ok(()),
                }
            }),
            _ => return Ok(()),
        }
        .map_err(|fault| fault.near(|| place))
    }

    /// The file of JSON that defines or overrides something of this kind, by its name.
    pub fn in_json(&self, kind: &str, name: &str) -> Option<&str> {
        let (_, names) = self.json.iter().find(|(it, _)| *it == kind)?;
        names.get(name).map(AsRef::as_ref)
    }

    /// Works something out once.
    pub fn once(
        &self,
        name: String,
        place: impl FnOnce() -> Place,
        work: impl FnOnce() -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        match self.done.borrow().get(&name) {
            Some(Some(result)) => return result.clone(),
            Some(None) => return Err(Fault::new(format!("`{name}` refers to itself")).at(place()).fatal()),
            None => {}
        }
        self.done.borrow_mut().insert(name.clone(), None);
        let result = work().map_err(Fault::fatal);
        self.done.borrow_mut().insert(name, Some(result.clone()));
        result
    }

    fn local(&self, evaluator: &Evaluator<'_>, name: &str) -> Result<Value, Fault> {
        let Some(definition) = self.locals.get(name) else {
            return Err(Fault::new(format!("there is no local `{name}`")).fatal());
        };
        let place = || definition.place();
        self.once(format!("local.{name}"), place, || evaluator.outside_try(|| definition.value(evaluator)))
    }

    /// Works out every local; what is wrong with any is noticed.
    pub fn all_locals(&self, evaluator: &Evaluator<'_>) {
        for name in self.locals.keys() {
            if let Err(fault) = self.local(evaluator, name) {
                evaluator.notice(&fault);
            }
        }
    }
}

fn add<'f, K: Ord + Copy + Label>(
    all: &mut BTreeMap<K, Merged<'f>>,
    key: K,
    new: Merged<'f>,
    overrides: bool,
) -> Result<(), Fault> {
    match (all.get_mut(&key), overrides) {
        (Some(known), true) => known.overridden_by(new),
        (Some(known), false) => return Err(twice(key.label(), known.place.clone(), new.place)),
        (None, true) => return Err(overrides_nothing(key.label(), new.place)),
        (None, false) => {
            all.insert(key, new);
        }
    }
    Ok(())
}

/// What a definition is called in messages.
trait Label {
    fn label(&self) -> &str;
}

impl Label for &str {
    fn label(&self) -> &str {
        self
    }
}

impl Label for Option<&str> {
    fn label(&self) -> &str {
        self.unwrap_or("aws")
    }
}

fn twice(name: &str, first: Place, second: Place) -> Fault {
    Fault::new(format!("`{name}` is defined twice")).at(second).at(first).fatal()
}

fn overrides_nothing(name: &str, place: Place) -> Fault {
    Fault::new(format!("`{name}` is overridden here and defined nowhere")).at(place).fatal()
}

impl Names for Module<'_> {
    fn value(&self, evaluator: &Evaluator<'_>, path: &[&str]) -> Result<Value, Fault> {
        let whole = || path.join(".");
        if self.is_plain.get() {
            return Err(Fault::new(format!("the value of a variable may not refer to `{}`", whole())).fatal());
        }
        let kind = if path[0] == "var" {
            "variable"
        } else if path[0] == "local" {
            "locals"
        } else {
            path[0]
        };
        if let Some(file) = path.get(1).and_then(|name| self.in_json(kind, name)) {
            return Ok(Value::unknown(format!("`{}` is defined in `{file}`, and JSON is not worked out", whole())));
        }
        match path {
            ["var", name, ..] => self.variable(evaluator, name),
            ["local", name, ..] => self.local(evaluator, name),
            ["path", "module", ..] => Ok(Value::string(self.way.as_str())),
            ["path", "root", ..] => Ok(Value::string(".")),
            ["path", "cwd", ..] => Ok(Value::unknown("`path.cwd` depends on where terraform is started")),
            ["terraform", "workspace", ..] => Ok(Value::unknown("it depends on which workspace is selected")),
            ["each" | "count", _, ..] => Ok(Value::unknown(format!("`{}` differs from instance to instance", whole()))),
            ["module", name, ..] if self.calls.contains_key(name) => {
                let call = &self.calls[name];
                match (self.known_outputs)(call) {
                    Some(outputs) => {
                        let work = || outputs(evaluator, name, call);
                        self.once(format!("module.{name}"), || call.place.clone(), work)
                    }
                    None => Ok(Value::unknown(format!("`{}` is an output of another module", whole()))),
                }
            }
            ["module", name, ..] => Err(Fault::new(format!("there is no module `{name}`")).fatal()),
            ["data", _, ..] => Ok(Value::unknown(format!("`{}` is read from outside by a data source", whole()))),
            ["var" | "local" | "path" | "terraform" | "each" | "count" | "module" | "self"] | ["path", ..] => {
                Err(Fault::new(format!("there is no `{}` here", whole())).fatal())
            }
            [name] => Err(Fault::new(format!("there is no variable named `{name}` here")).fatal()),
            _ => Ok(Value::unknown(format!("`{}` is known only to Terraform", whole()))),
        }
    }
}
