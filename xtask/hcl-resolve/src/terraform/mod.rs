//! Root modules and modules of Terraform: what their files define together, and what gives variables their values.

mod engine;
pub mod folder;
pub mod layer;
mod module;
mod types;
mod unify;
mod variables;

pub use engine::{Engine, Engines};
pub use folder::{Folder, Listing};
pub use layer::Layer;
pub use module::{Definition, KnownOutputs, Merged, Module, Outputs};
pub use variables::Given;
