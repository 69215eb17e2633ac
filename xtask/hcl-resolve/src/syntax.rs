//! The small syntax tree that everything else works on. It knows spans and nothing of hcl-edit.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The attributes and blocks of a file or of a block.
#[derive(Debug, Default)]
pub struct Body {
    /// Attributes by name; HCL allows each once. Boxed, since most bodies have one or two, and a map makes room for eleven.
    pub attributes: BTreeMap<String, Box<Attribute>>,
    /// Blocks in the order of the file.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The blocks of one kind.
    pub fn blocks_named<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }

    /// An attribute of one of the `locals` blocks.
    pub fn local(&self, name: &str) -> Option<&Attribute> {
        self.blocks_named("locals").find_map(|block| block.body.attributes.get(name)).map(AsRef::as_ref)
    }
}

/// `key = value`.
#[derive(Debug)]
pub struct Attribute {
    /// The bytes of the key.
    pub key: Range<usize>,
    /// The value.
    pub value: Expr,
}

/// `kind "label" { … }`.
#[derive(Debug)]
pub struct Block {
    /// The word before the labels.
    pub kind: String,
    /// The labels.
    pub labels: Vec<String>,
    /// The bytes of the whole block.
    pub span: Range<usize>,
    /// What is between the braces.
    pub body: Body,
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// The bytes of it; those of a plain string include the quotes.
    pub span: Range<usize>,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expression.
#[derive(Debug)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number that fits a double exactly.
    Number(f64),
    /// A quoted string without interpolation: what a pin is made of.
    String(Arc<str>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ a = 1 }`
    Object(Vec<Item>),
    /// A quoted string or heredoc with parts.
    Template(Vec<Part>),
    /// `(a)`
    Parens(Box<Expr>),
    /// A name by itself.
    Variable(String),
    /// `a.b[c].*.d`
    Traversal(Box<Expr>, Vec<Step>),
    /// `a ? b : c`
    Conditional(Box<[Expr; 3]>),
    /// `f(a, b...)`
    Call(Call),
    /// `!a`, `-a`
    Unary(Unary, Box<Expr>),
    /// `a + b`
    Binary(Binary, Box<[Expr; 2]>),
    /// `[for …]`, `{for …}`
    For(Box<For>),
    /// Something that isn't worked out, with the reason.
    Unsupported(String),
}

/// An entry of an object.
#[derive(Debug)]
pub struct Item {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Expr,
}

/// The key of an entry.
#[derive(Debug)]
pub enum Key {
    /// A bare word, which means itself.
    Word(String),
    /// Any expression.
    Expr(Expr),
}

impl Key {
    /// The key as it is written, with or without quotes; `None` where it is worked out.
    pub fn written(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Expr(Expr { kind: ExprKind::String(text), .. }) => Some(text),
            Self::Expr(_) => None,
        }
    }
}

/// A part of a template.
#[derive(Debug)]
pub enum Part {
    /// Text, unescaped.
    Text(Arc<str>),
    /// `${…}`
    Expr(Expr),
    /// `%{ for … }`: a list whose elements follow each other.
    Join(Expr),
}

/// One step of a traversal.
#[derive(Debug)]
pub enum Step {
    /// `.name`
    Attribute(String),
    /// `[a]`
    Index(Expr),
    /// `.0`
    LegacyIndex(u64),
    /// `.*`
    AttributeSplat,
    /// `[*]`
    FullSplat,
}

/// A call of a function.
#[derive(Debug)]
pub struct Call {
    /// The name; namespaced ones contain `::`.
    pub name: String,
    /// The arguments.
    pub arguments: Vec<Expr>,
    /// Whether the last argument is followed by `...`.
    pub expand: bool,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
}

/// A `for` expression.
#[derive(Debug)]
pub struct For {
    /// The first of two names.
    pub key_name: Option<String>,
    /// The only name, or the second.
    pub value_name: String,
    /// What is gone through.
    pub collection: Expr,
    /// The key, if the result is an object.
    pub key: Option<Expr>,
    /// The value.
    pub value: Expr,
    /// Whether values with the same key are grouped (`...`).
    pub grouping: bool,
    /// The condition.
    pub condition: Option<Expr>,
}
