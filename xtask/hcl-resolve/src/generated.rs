//! Folders that terragrunt will generate from a stack, and that need not be there yet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::handed::written_out;
use crate::syntax::Block;
use crate::{Evaluator, Fault, Files, Frame, Source, Value};

/// A folder that terragrunt generates: its files are those of another one, and its values are in a stack file.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The folder that is copied.
    pub source: PathBuf,
    /// The block that generates it.
    pub block: Generator,
    /// Why it may turn out otherwise.
    pub doubt: Option<Fault>,
}

/// A block of a stack file.
#[derive(Clone, Debug)]
pub struct Generator {
    /// The stack file.
    pub stack: PathBuf,
    /// `unit` or `stack`.
    pub kind: &'static str,
    /// Its label.
    pub label: String,
}

impl Generator {
    /// The values that the block passes on; `None` if it has none.
    pub fn values(&self, files: &Files) -> Result<Option<Value>, Fault> {
        // In a stack file all functions take that file for the unit.
        let evaluator = Evaluator::new(files, self.stack.clone());
        let frame = Frame::read(&evaluator, &self.stack)?;
        let Some(attribute) = self.block_in(&frame.source).and_then(|block| block.body.attributes.get("values")) else {
            return Ok(None);
        };
        let value = evaluator.value(&attribute.value, &frame)?;
        if value.is_null() { Ok(None) } else { written_out(&evaluator, &value).map(Some) }
    }

    /// The block in the stack file as it was parsed.
    pub fn block_in<'s>(&self, source: &'s Source) -> Option<&'s Block> {
        source.body.blocks_named(self.kind).find(|block| block.labels.first() == Some(&self.label))
    }
}

/// The folders that are generated, by their path.
pub type Generated = BTreeMap<PathBuf, Origin>;
