//! What an expression evaluates to, and where it came from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::handed::Locals;
use super::{Frame, Span};
use crate::Place;

/// A value with its origin.
#[derive(Clone, Debug)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it came from.
    pub origin: Origin,
}

/// The kinds of value.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that a double holds exactly.
    Number(f64),
    /// A string.
    String(Rc<str>),
    /// A list or tuple.
    List(Rc<Vec<Value>>),
    /// A set, sorted.
    Set(Rc<Vec<Value>>),
    /// A map or object.
    Map(Rc<Map>),
    /// Another file, as `read_terragrunt_config` or an exposed include gives it; its attributes are worked out when asked for.
    Config(Rc<Frame>),
    /// The locals of a file, each worked out when asked for.
    Locals(Locals),
    /// What can't be known offline, with the reason: the end of the sentence "unknown, because …".
    Unknown(Rc<str>),
}

/// A map, sorted by key. An *open* one may have more keys than those listed.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// The entries that are known.
    pub entries: BTreeMap<String, Value>,
    /// Why there may be more of them.
    pub open: Option<Rc<str>>,
}

/// Where a value came from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A literal in a file: a plain string with this origin is a pin.
    Literal(Span),
    /// A file of data, such as JSON.
    Data {
        /// The file as people should read it.
        file: Arc<str>,
        /// The line, from 1; `None` is the whole file.
        line: Option<usize>,
    },
    /// A value in a file of data.
    Datum {
        /// The file as people should read it.
        file: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// The bytes of it in the file, with its quotes if it has some: a string with this origin may be a pin too.
        span: Range<usize>,
    },
    /// Worked out by this expression from those inputs.
    Computed {
        /// The expression.
        span: Span,
        /// Where its operands came from, as far as they matter.
        inputs: Rc<[Origin]>,
    },
    /// Passed on unchanged by a reference, a call or a choice: what stands there, and where it got the value from.
    Via {
        /// The expression that passes it on.
        span: Span,
        /// Where it got it from.
        of: Rc<Origin>,
    },
    /// Made by a function; the call that it stands in gives it a place.
    Made,
}

impl Origin {
    /// Where the value was made, whatever has passed it on since.
    pub fn first(&self) -> &Self {
        let mut origin = self;
        while let Self::Via { of, .. } = origin {
            origin = of;
        }
        origin
    }

    /// What has passed the value on, from the expression that was asked for down to the last before [`Origin::first`].
    pub fn hops(&self) -> impl Iterator<Item = &Span> {
        let mut origin = self;
        std::iter::from_fn(move || {
            let Self::Via { span, of } = origin else { return None };
            origin = of;
            Some(span)
        })
    }

    /// The same way down to another start.
    #[must_use]
    pub fn with_first(&self, first: Self) -> Self {
        match self {
            Self::Via { span, of } => Self::Via { span: span.clone(), of: Rc::new(of.with_first(first)) },
            _ => first,
        }
    }

    /// The origin of what was worked out from a value with this one.
    #[must_use]
    pub fn computed(&self) -> Self {
        match self.first() {
            Self::Literal(span) => self.with_first(Self::Computed { span: span.clone(), inputs: Rc::new([]) }),
            Self::Datum { file, line, .. } => self.with_first(Self::Data { file: file.clone(), line: Some(*line) }),
            _ => self.clone(),
        }
    }

    /// Remembers that an expression passed the value on.
    #[must_use]
    pub fn passed_on_at(self, span: &Span) -> Self {
        Self::Via { span: span.clone(), of: Rc::new(self) }
    }

    /// The place where the value was made, if there is one.
    pub fn place(&self) -> Option<Place> {
        match self.first() {
            Self::Literal(span) | Self::Computed { span, .. } => Some(span.place()),
            Self::Data { file, line } => Some(Place { line: *line, ..Place::file(&**file) }),
            Self::Datum { file, line, .. } => Some(Place::line(&**file, *line)),
            Self::Via { .. } | Self::Made => None,
        }
    }
}

impl Value {
    /// A value without a place yet.
    pub fn made(kind: Kind) -> Self {
        Self { kind, origin: Origin::Made }
    }

    /// A string without a place yet.
    pub fn string(text: impl Into<Rc<str>>) -> Self {
        Self::made(Kind::String(text.into()))
    }

    /// A list without a place yet.
    pub fn list(items: Vec<Self>) -> Self {
        Self::made(Kind::List(Rc::new(items)))
    }

    /// A map without a place yet.
    pub fn map(entries: BTreeMap<String, Self>) -> Self {
        Self::made(Kind::Map(Rc::new(Map { entries, open: None })))
    }

    /// Something that can't be known; `reason` ends the sentence "unknown, because …".
    pub fn unknown(reason: impl Into<Rc<str>>) -> Self {
        Self::made(Kind::Unknown(reason.into()))
    }

    /// Gives the value a place, unless it has one.
    #[must_use]
    pub fn made_at(mut self, span: impl FnOnce() -> Span) -> Self {
        if matches!(self.origin, Origin::Made) {
            self.origin = Origin::Computed { span: span(), inputs: Rc::new([]) };
        }
        self
    }

    /// Remembers that an expression passed the value on, unless it was made there.
    #[must_use]
    pub fn passed_on_at(mut self, span: Span) -> Self {
        let made_there = match &self.origin {
            Origin::Literal(at) | Origin::Computed { span: at, .. } | Origin::Via { span: at, .. } => {
                at.range == span.range && Arc::ptr_eq(&at.source, &span.source)
            }
            Origin::Data { .. } | Origin::Datum { .. } | Origin::Made => false,
        };
        if !made_there {
            self.origin = Origin::Via { span, of: Rc::new(self.origin) };
        }
        self
    }

    /// The reason, if it is unknown.
    pub fn unknown_reason(&self) -> Option<&Rc<str>> {
        match &self.kind {
            Kind::Unknown(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether it is unknown because it isn't worked out here, not because nobody could know it offline. The reasons for
    /// that say so.
    pub fn is_beyond_us(&self) -> bool {
        self.unknown_reason()
            .is_some_and(|reason| ["worked out", "versions differ"].iter().any(|it| reason.contains(it)))
    }

    /// Whether it is a list, set or map without elements that may have a type of its elements all the same: one that is
    /// not written as `[]` or `{}`.
    pub(super) fn is_empty_of_a_type(&self) -> bool {
        let is_empty = match &self.kind {
            Kind::List(items) | Kind::Set(items) => items.is_empty(),
            Kind::Map(map) => map.entries.is_empty() && map.open.is_none(),
            _ => false,
        };
        is_empty && !self.is_written()
    }

    /// Whether it is written as `[…]` or `{…}`, so that each of its elements has a type of its own.
    pub(super) fn is_written(&self) -> bool {
        match self.origin.first() {
            Origin::Computed { span, .. } | Origin::Literal(span) => {
                span.source.bytes.get(span.range.start).is_some_and(|byte| matches!(byte, b'[' | b'{'))
            }
            _ => false,
        }
    }

    /// Whether it is null, and may have got a type on its way: from a function or from the other arm of a conditional.
    pub(super) fn may_be_null_of_a_type(&self) -> bool {
        let gives_type = |span: &Span| span.source.text(&span.range).contains(['?', '(']);
        self.is_null() && (self.origin.hops().any(gives_type) || matches!(self.origin.first(), Origin::Computed { .. }))
    }

    /// Whether something in it is unknown because it isn't worked out here.
    pub(super) fn has_beyond_us(&self) -> bool {
        match &self.kind {
            Kind::List(items) | Kind::Set(items) => items.iter().any(Self::has_beyond_us),
            Kind::Map(map) => map.entries.values().any(Self::has_beyond_us),
            _ => self.is_beyond_us(),
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a string, a number or a bool.
    pub(super) fn is_scalar(&self) -> bool {
        matches!(self.kind, Kind::String(_) | Kind::Number(_) | Kind::Bool(_))
    }

    /// Whether it has parts: a list, a set, a map, or what another file gives.
    pub(super) fn is_compound(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Set(_) | Kind::Map(_) | Kind::Config(_) | Kind::Locals(_))
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What it is, in a word for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a bool",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Set(_) => "a set",
            Kind::Map(_) | Kind::Config(_) | Kind::Locals(_) => "a map",
            Kind::Unknown(_) => "unknown",
        }
    }
}
