//! Mock outputs: what terragrunt passes on in place of the outputs of a unit that has not been applied. A plan that was
//! made with one of them must not be applied.

use std::rc::Rc;

use super::hcl::{Evaluator, Frame, Kind, Value};
use crate::model::Place;

/// A mock output that can be recognised where it turns up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mock {
    /// The `dependency` block, and the way to the value in it: `ecr.url`.
    pub output: String,
    /// The text.
    pub text: String,
    /// Where the block is.
    pub place: Place,
}

/// A text shorter than this may turn up anywhere.
const SHORTEST: usize = 8;

/// The mock outputs of a unit which a plan may be made with and which can be recognised. Those that are numbers, or
/// that nobody can know offline, can't be.
pub(super) fn find(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Vec<Mock> {
    let mut mocks = Vec::new();
    for frame in frame.with_includes(evaluator).unwrap_or_default() {
        for block in frame.source.body.blocks_named("dependency") {
            let attribute = |name: &str| {
                let attribute = block.body.attributes.get(name)?;
                evaluator.value(&attribute.value, &frame).ok()
            };
            if !attribute("mock_outputs_allowed_terraform_commands").is_none_or(|commands| may_plan(&commands)) {
                continue;
            }
            let Some(outputs) = attribute("mock_outputs") else { continue };
            let name = block.labels.first().map_or("dependency", String::as_str);
            let place = frame.source.place(block.span.start);
            texts(&outputs, name, &mut |output, text| {
                mocks.push(Mock { output, text: text.to_owned(), place: place.clone() });
            });
        }
    }
    mocks
}

/// Whether mocks are passed on to `plan`: unless a list of commands is known and has no `plan` in it.
fn may_plan(commands: &Value) -> bool {
    match &commands.kind {
        Kind::List(commands) | Kind::Set(commands) => {
            commands.is_empty() || commands.iter().any(|it| it.as_str().is_none_or(|command| command == "plan"))
        }
        _ => true,
    }
}

fn texts(value: &Value, path: &str, found: &mut dyn FnMut(String, &str)) {
    match &value.kind {
        Kind::String(text) if text.chars().count() >= SHORTEST => found(path.to_owned(), text),
        Kind::List(parts) | Kind::Set(parts) => {
            for (n, part) in parts.iter().enumerate() {
                texts(part, &format!("{path}[{n}]"), found);
            }
        }
        Kind::Map(map) => {
            for (name, part) in &map.entries {
                texts(part, &format!("{path}.{name}"), found);
            }
        }
        _ => {}
    }
}
