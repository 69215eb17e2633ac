//! What names mean: Terragrunt's meaning is the evaluator's own, any other is a [`Names`].

use super::{Evaluator, Fault, Value};

/// What names mean in files that Terragrunt doesn't read.
pub trait Names {
    /// The value of the first two parts of a path such as `var.image.tag`, or of its only part. What is unknown may be said
    /// with the whole path.
    fn value(&self, evaluator: &Evaluator<'_>, path: &[&str]) -> Result<Value, Fault>;
}
