//! Expressions to values: lazily, with *unknown for a reason* as a value, and never for longer or deeper than is sane.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::attempt::Attempts;
use super::handed::Locals;
use super::syntax::{Expr, ExprKind, Item, Key, Part};
use super::value::Map;
use super::{Fault, Frame, Kind, Names, Origin, Source, Span, Value, functions, operators};
use crate::Place;
use crate::cache::QuickMap;
use crate::files::Files;
use crate::printable::literal;

/// How deep expressions, locals and files may refer to each other.
const DEEPEST: usize = 4000;
/// How many steps the evaluation of one unit may take; a real one takes some hundreds.
const LONGEST: u64 = 5_000_000;
/// How long a string may become.
const LONGEST_STRING: usize = 1 << 20;

/// What an evaluation came across that is no fault, and that the user may not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// `get_env` gives its default, although the variable is set in the user's shell.
    Withheld {
        /// The variable.
        variable: String,
        /// The default.
        place: Place,
    },
}

impl Remark {
    /// The remark in a sentence.
    pub fn text(&self) -> String {
        let Self::Withheld { variable, .. } = self;
        format!("the default of `get_env` is used: {}", withheld(variable))
    }
}

/// Why a variable of the user's shell is not what `get_env` gives, and the setting by which it would be.
pub(super) fn withheld(variable: &str) -> String {
    format!("{variable} is set in this shell, and is not passed on; if it is meant: {}", passed_on(variable))
}

/// The setting that passes a variable on.
pub(super) fn passed_on(variable: &str) -> String {
    format!("pass-environment = [{}]", literal(variable))
}

/// Evaluates for one unit. Files are parsed once for the whole repository, but mean something else in each unit.
pub struct Evaluator<'a> {
    /// The files of the repository.
    pub files: &'a Files,
    /// The unit's own configuration file.
    pub original: PathBuf,
    /// Faults in inputs, each of which only made that input unknown.
    pub noticed: RefCell<Vec<Fault>>,
    /// What is worth to be told beside the values, each once.
    pub remarks: RefCell<Vec<Remark>>,
    /// A folder whose files are laid over those of another one before Terraform runs there: that one, and the folder.
    pub laid_over: Option<(PathBuf, PathBuf)>,
    /// What names mean where it is not Terragrunt that reads the files.
    pub(super) names: Option<&'a dyn Names>,
    pub(super) attempts: Cell<Attempts>,
    pub(super) frames: RefCell<QuickMap<OsString, Rc<Frame>>>,
    depth: Cell<usize>,
    steps: Cell<u64>,
}

/// What names mean at some point: the file, and the variables of the `for` expressions around.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub(super) frame: &'s Rc<Frame>,
    pub(super) variables: Option<&'s Variable<'s>>,
}

pub(super) struct Variable<'s> {
    pub(super) name: &'s str,
    pub(super) value: Value,
    pub(super) outer: Option<&'s Variable<'s>>,
}

impl<'s> Scope<'s> {
    /// The scope of a file's own attributes.
    pub(super) fn of(frame: &'s Rc<Frame>) -> Self {
        Self { frame, variables: None }
    }

    pub(super) fn source(&self) -> &'s std::sync::Arc<Source> {
        &self.frame.source
    }

    pub(super) fn span(&self, expr: &Expr) -> Span {
        Span { source: self.source().clone(), range: expr.span.clone() }
    }

    pub(super) fn variable(&self, name: &str) -> Option<Value> {
        let mut next = self.variables;
        while let Some(variable) = next {
            if variable.name == name {
                return Some(variable.value.clone());
            }
            next = variable.outer;
        }
        None
    }
}

/// Whether an expression may give a value that was made elsewhere.
fn passes_on(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Variable(_) | ExprKind::Traversal(..) | ExprKind::Call(_) | ExprKind::Conditional(_))
}

struct Deeper<'e>(&'e Cell<usize>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'a> Evaluator<'a> {
    /// An evaluator for the unit whose configuration file this is.
    pub fn new(files: &'a Files, original: PathBuf) -> Self {
        Self {
            files,
            original,
            noticed: RefCell::default(),
            remarks: RefCell::default(),
            laid_over: None,
            names: None,
            attempts: Cell::default(),
            frames: RefCell::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// An evaluator for files in which names mean something else than in Terragrunt's.
    pub fn with_names(files: &'a Files, original: PathBuf, names: &'a dyn Names) -> Self {
        Self { names: Some(names), ..Self::new(files, original) }
    }

    /// The same, where the files of `unit` are laid over those of `module`.
    #[must_use]
    pub fn over(self, module: &Path, unit: &Path) -> Self {
        let laid_over = (module != unit).then(|| (module.to_owned(), unit.to_owned()));
        Self { laid_over, ..self }
    }

    /// Notes a fault that only made a part unknown, once.
    pub fn notice(&self, fault: &Fault) {
        let mut noticed = self.noticed.borrow_mut();
        let same = |known: &Fault| known.what() == fault.what() && known.places() == fault.places();
        if !noticed.iter().any(same) {
            noticed.push(fault.clone());
        }
    }

    /// Remembers a remark, once.
    pub(super) fn remark(&self, remark: Remark) {
        let mut remarks = self.remarks.borrow_mut();
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }

    /// Accounts for work that grows with the size of values.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Fault> {
        self.steps.set(self.steps.get().saturating_add(steps as u64));
        if self.steps.get() > LONGEST {
            return Err(Fault::new("working this out takes more steps than any real configuration needs").limit());
        }
        Ok(())
    }

    /// Evaluates an expression of the frame's file.
    pub fn value(&self, expr: &Expr, frame: &Rc<Frame>) -> Result<Value, Fault> {
        self.eval(expr, Scope::of(frame))
    }

    /// Whether a condition of the frame's file holds; the inner error is why that is unknown.
    pub fn truth_of(&self, expr: &Expr, frame: &Rc<Frame>) -> Result<Result<bool, String>, Fault> {
        let value = self.value(expr, frame)?;
        let truth = operators::truth(&value).map_err(|fault| fault.near(|| frame.source.place(expr.span.start)))?;
        Ok(truth.ok_or_else(|| value.unknown_reason().map(ToString::to_string).unwrap_or_default()))
    }

    pub(super) fn eval(&self, expr: &Expr, scope: Scope<'_>) -> Result<Value, Fault> {
        self.spend(1)?;
        let place = || scope.source().place(expr.span.start);
        if self.depth.get() >= DEEPEST {
            let what = format!("references are nested more than {DEEPEST} deep");
            return Err(Fault::new(what).at(place()).limit());
        }
        self.depth.set(self.depth.get() + 1);
        let _deeper = Deeper(&self.depth);
        match self.eval_kind(expr, scope) {
            Ok(value) => {
                if value.is_beyond_us() {
                    self.note_unsure();
                }
                let value = value.made_at(|| scope.span(expr));
                Ok(if passes_on(expr) { value.passed_on_at(scope.span(expr)) } else { value })
            }
            Err(fault) => Err(fault.near(place)),
        }
    }

    fn eval_kind(&self, expr: &Expr, scope: Scope<'_>) -> Result<Value, Fault> {
        let literal = |kind| Ok(Value { kind, origin: Origin::Literal(scope.span(expr)) });
        match &expr.kind {
            ExprKind::Null => literal(Kind::Null),
            ExprKind::Bool(value) => literal(Kind::Bool(*value)),
            ExprKind::Number(value) => literal(Kind::Number(*value)),
            ExprKind::String(text) => literal(Kind::String(Rc::from(&**text))),
            ExprKind::List(items) => self.list(items, scope),
            ExprKind::Object(items) => self.object(items, scope),
            ExprKind::Template(parts) => self.template(expr, parts, scope),
            ExprKind::Parens(inner) => self.eval(inner, scope),
            ExprKind::Variable(name) => self.variable(name, scope),
            ExprKind::Traversal(start, steps) => self.traversal(start, steps, scope),
            ExprKind::Conditional(parts) => self.conditional(parts, scope),
            ExprKind::Call(call) => functions::call(self, call, expr, scope),
            ExprKind::Unary(operator, operand) => operators::unary(*operator, &self.eval(operand, scope)?),
            ExprKind::Binary(operator, operands) => operators::binary(self, *operator, operands, scope),
            ExprKind::For(it) => self.for_expr(it, scope),
            ExprKind::Unsupported(reason) => Ok(Value::unknown(reason.as_str())),
        }
    }

    fn variable(&self, name: &str, scope: Scope<'_>) -> Result<Value, Fault> {
        if let Some(value) = scope.variable(name) {
            return Ok(value);
        }
        if let Some(names) = self.names {
            return names.value(self, &[name]);
        }
        match name {
            "local" => Ok(Value::made(Kind::Locals(Locals::own(scope.frame)))),
            "include" => scope.frame.exposed_includes(self),
            "dependency" => Ok(Value::unknown("it is an output of another unit")),
            "unit" | "stack" if scope.source().path.ends_with("terragrunt.stack.hcl") => {
                Ok(Value::unknown("where a stack generates to is not worked out"))
            }
            "feature" => scope.frame.features(self),
            "values" => scope.frame.values(self)?.ok_or_else(|| {
                Fault::new("there is no variable named `values` here: no `terragrunt.values.hcl` lies beside the file")
            }),
            _ => Err(Fault::new(format!("there is no variable named `{name}` here"))),
        }
    }

    fn list(&self, items: &[Expr], scope: Scope<'_>) -> Result<Value, Fault> {
        let items: Result<_, _> = items.iter().map(|item| self.eval(item, scope)).collect();
        Ok(Value::list(items?))
    }

    fn object(&self, items: &[Item], scope: Scope<'_>) -> Result<Value, Fault> {
        let mut map = Map::default();
        for item in items {
            match self.key(&item.key, scope)? {
                Ok(key) => map.entries.insert(key, self.eval(&item.value, scope)?),
                Err(reason) => return Ok(Value::unknown(format!("one of the keys of this map is unknown: {reason}"))),
            };
        }
        Ok(Value::made(Kind::Map(Rc::new(map))))
    }

    /// The key of an entry, or why it can't be known.
    pub(super) fn key(&self, key: &Key, scope: Scope<'_>) -> Result<Result<String, Rc<str>>, Fault> {
        match key {
            Key::Word(word) => Ok(Ok(word.clone())),
            Key::Expr(expr) => match self.eval(expr, scope)? {
                Value { kind: Kind::Unknown(reason), .. } => Ok(Err(reason)),
                value => match operators::text(&value) {
                    Some(text) => Ok(Ok(text.to_string())),
                    None => Err(Fault::new(format!("{} cannot be a key", value.kind_name()))),
                },
            },
        }
    }

    fn template(&self, expr: &Expr, parts: &[Part], scope: Scope<'_>) -> Result<Value, Fault> {
        if let [Part::Expr(only)] = parts {
            return self.eval(only, scope);
        }
        let mut text = String::new();
        let mut inputs = Vec::new();
        let mut unknown = None;
        for part in parts {
            match part {
                Part::Text(piece) => text.push_str(piece),
                Part::Join(each) => match self.joined(each, scope)? {
                    Ok(piece) => text.push_str(&piece),
                    Err(reason) => unknown = unknown.or(Some(reason)),
                },
                Part::Expr(inner) => {
                    let value = self.eval(inner, scope)?;
                    match (operators::text(&value), value.unknown_reason()) {
                        (Some(piece), _) => text.push_str(&piece),
                        (None, Some(reason)) => unknown = unknown.or(Some(reason.clone())),
                        (None, None) => {
                            return Err(Fault::new(format!("{} cannot be put into a string", value.kind_name())));
                        }
                    }
                    inputs.push(value.origin);
                }
            }
            if text.len() > LONGEST_STRING {
                return Ok(Value::unknown("the string becomes longer than any real one"));
            }
        }
        self.spend(text.len() / 64)?;
        let kind = unknown.map_or_else(|| Kind::String(Rc::from(text)), Kind::Unknown);
        Ok(Value { kind, origin: Origin::Computed { span: scope.span(expr), inputs: Rc::from(inputs) } })
    }

    /// The elements of a list as one text, or why it can't be known.
    fn joined(&self, each: &Expr, scope: Scope<'_>) -> Result<Result<String, Rc<str>>, Fault> {
        let entries = match self.entries(&self.eval(each, scope)?)? {
            Ok(entries) => entries,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut text = String::new();
        for (_, value) in entries {
            match (operators::text(&value), value.unknown_reason()) {
                (Some(piece), _) => text.push_str(&piece),
                (None, Some(reason)) => return Ok(Err(reason.clone())),
                (None, None) => return Err(Fault::new(format!("{} cannot be put into a string", value.kind_name()))),
            }
            if text.len() > LONGEST_STRING {
                return Ok(Err(Rc::from("the string becomes longer than any real one")));
            }
        }
        Ok(Ok(text))
    }
}
