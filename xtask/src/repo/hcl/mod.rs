//! HCL as Terragrunt reads it: one small syntax tree with spans, an evaluator that resolves meaning on it, and a splice
//! that edits text at the same spans.
//!
//! Three outcomes are never mixed up: a value, a [`Fault`] that terragrunt would raise too, and *unknown for a reason*.

mod attempt;
mod conditional;
pub mod evaluate;
pub mod fault;
pub mod frame;
pub(super) mod functions;
pub mod handed;
mod include;
pub mod literals;
mod loops;
pub mod lower;
pub mod names;
pub(super) mod operators;
pub mod parse;
pub mod source;
pub mod splice;
pub mod stack;
pub mod syntax;
mod template;
mod traverse;
mod unify;
pub mod value;

pub use evaluate::{Evaluator, Remark};
pub use fault::Fault;
pub use frame::Frame;
pub use functions::terragrunt::OWN as FUNCTIONS_OF_TERRAGRUNT;
pub use names::Names;
pub use source::{Source, Span};
pub use value::{Kind, Origin, Value};
