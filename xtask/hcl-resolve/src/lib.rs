//! Resolves Terragrunt and Terraform configuration offline: one small syntax tree with spans, an evaluator that resolves
//! meaning on it, and splices that edit text at the same spans.
//!
//! Three outcomes are never mixed up: a value, a [`Fault`] that the real tool would raise too, and *unknown for a reason*.
//!
//! [`Files`] are what is read, each file once. An [`Evaluator`] works for one unit, a [`Frame`] is a file in that unit, and
//! a [`Value`] keeps its [`Origin`]. [`terraform`] has root modules and what gives variables their values; [`splice`] and
//! [`data`] put another string in the place of one.
#![cfg(unix)]
#![deny(missing_docs)]
#![doc = include_str!("../README.md")]

mod attempt;
pub mod cache;
mod conditional;
pub mod data;
pub mod evaluate;
pub mod fault;
pub mod files;
pub mod frame;
pub mod functions;
pub mod generated;
pub mod handed;
pub mod include;
pub mod json;
pub mod literals;
mod loops;
pub mod lower;
pub mod names;
pub mod operators;
pub mod parse;
pub mod place;
pub mod printable;
pub mod regular;
pub mod source;
pub mod splice;
pub mod stack;
pub mod syntax;
mod template;
pub mod terraform;
mod traverse;
mod unify;
pub mod value;
pub mod yaml;

#[cfg(test)]
mod tests;

pub use evaluate::{Evaluator, Remark};
pub use fault::Fault;
pub use files::{Environment, Files};
pub use frame::Frame;
pub use functions::terragrunt::OWN as FUNCTIONS_OF_TERRAGRUNT;
pub use names::Names;
pub use place::Place;
pub use source::{Source, Span};
pub use value::{Kind, Origin, Value};
