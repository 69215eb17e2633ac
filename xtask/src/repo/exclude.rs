//! What keeps terragrunt from planning or applying a unit: an `exclude` block, `skip`, or arguments that don't go with a
//! saved plan. All of it is known before anything starts.

use std::rc::Rc;

use super::hcl::syntax::{Block, Body};
use super::hcl::{Evaluator, Fault, Frame, Kind, Value};
use crate::model::{Failure, Place};

/// A unit that its own configuration leaves out of plans or applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// What leaves it out: `exclude` with its actions, or `skip`.
    pub by: String,
    /// The place in the file that leaves it out.
    pub place: Place,
    /// Why it is not known whether it holds, if it isn't.
    pub doubt: Option<String>,
}

impl Exclusion {
    /// What it means for the unit, without its name.
    pub fn what(&self) -> String {
        match &self.doubt {
            None => format!("left out of plans and applies, by {}", self.by),
            Some(reason) => {
                format!("perhaps left out of plans and applies, by {}, which is unknown: {reason}", self.by)
            }
        }
    }
}

/// The actions that a unit must take part in to be planned and applied; the last two stand for several.
const ACTIONS: [&str; 4] = ["plan", "apply", "all", "all_except_output"];
/// Options that may be followed by their value as an argument of its own.
const WITH_VALUE: [&str; 6] = ["-lock-timeout", "-parallelism", "-state", "-state-out", "-backup", "-target"];

/// Whether the unit is left out. The nearest `exclude` block decides; `skip` counts in the unit's own file alone.
pub(super) fn exclusion(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<Option<Exclusion>, Fault> {
    if let Some(skip) = frame.source.body.attributes.get("skip") {
        let place = frame.source.place(skip.key.start);
        let holds = evaluator.truth_of(&skip.value, frame)?;
        if let Some(exclusion) = excluded("`skip`".to_owned(), place, holds) {
            return Ok(Some(exclusion));
        }
    }
    for frame in frame.with_includes(evaluator)? {
        if let Some(block) = frame.source.body.blocks_named("exclude").next() {
            return by_block(evaluator, &frame, block);
        }
    }
    Ok(None)
}

fn by_block(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, block: &Block) -> Result<Option<Exclusion>, Fault> {
    let attribute = |name: &str| block.body.attributes.get(name);
    let holds = match attribute("if") {
        Some(condition) => evaluator.truth_of(&condition.value, frame)?,
        None => Ok(false),
    };
    let place = frame.source.place(attribute("if").map_or(block.span.start, |condition| condition.key.start));
    let Some(actions) = attribute("actions") else { return Ok(None) };
    let actions = match texts(&evaluator.value(&actions.value, frame)?) {
        Ok(actions) => actions,
        Err(reason) => return Ok(excluded("`exclude`".to_owned(), place, holds.and(Err(reason)))),
    };
    if !actions.iter().any(|action| ACTIONS.contains(&action.to_lowercase().as_str())) {
        return Ok(None);
    }
    Ok(excluded(format!("`exclude` with the actions {}", actions.join(", ")), place, holds))
}

fn excluded(by: String, place: Place, holds: Result<bool, String>) -> Option<Exclusion> {
    match holds {
        Ok(false) => None,
        Ok(true) => Some(Exclusion { by, place, doubt: None }),
        Err(reason) => Some(Exclusion { by, place, doubt: Some(reason) }),
    }
}

/// What `extra_arguments` add to the apply of a saved plan.
#[derive(Default)]
pub(super) struct ApplyArguments {
    /// Those that terraform would take for the plan.
    pub(super) misplaced: Vec<Failure>,
    /// The options, as far as they are known.
    pub(super) options: Vec<String>,
}

/// The arguments that terragrunt would add to the apply of a saved plan.
pub(super) fn apply_arguments(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Result<ApplyArguments, Fault> {
    let mut found = ApplyArguments::default();
    let mut labels: Vec<&str> = Vec::new();
    let frames = frame.with_includes(evaluator)?;
    for frame in &frames {
        for block in extra_arguments(&frame.source.body) {
            // A block with the same label in the including file replaces the included one.
            let label = block.labels.first().map_or("", String::as_str);
            if labels.contains(&label) {
                continue;
            }
            labels.push(label);
            let list = |name: &str| -> Result<Vec<String>, Fault> {
                let Some(attribute) = block.body.attributes.get(name) else { return Ok(Vec::new()) };
                // What is not known is judged by the guard when terraform is started.
                Ok(texts(&evaluator.value(&attribute.value, frame)?).unwrap_or_default())
            };
            if !list("commands")?.iter().any(|command| command == "apply") {
                continue;
            }
            let arguments = list("arguments")?;
            if let Some(failure) = misplaced(&arguments, label) {
                let at = block.body.attributes.get("arguments").map_or(block.span.start, |it| it.key.start);
                found.misplaced.push(failure.at(frame.source.place(at)));
            }
            found.options.extend(arguments.into_iter().filter(|argument| argument.starts_with('-')));
        }
    }
    Ok(found)
}

fn extra_arguments(body: &Body) -> impl Iterator<Item = &Block> {
    body.blocks_named("terraform").flat_map(|block| block.body.blocks_named("extra_arguments"))
}

fn misplaced(arguments: &[String], label: &str) -> Option<Failure> {
    let mut before = "";
    for argument in arguments {
        let is_value = WITH_VALUE.contains(&before);
        if !argument.starts_with('-') && !is_value {
            let what = format!("`extra_arguments \"{label}\"` passes `{argument}` to the apply of a saved plan");
            let failure = Failure::refused(what);
            return Some(match before {
                "-var" | "-var-file" => failure
                    .detail(format!(
                        "terragrunt leaves out `{before}` there, and terraform takes its value for the plan"
                    ))
                    .hint(format!("write both as one argument: \"{before}={argument}\"")),
                _ => failure
                    .detail("terraform takes it for the plan")
                    .hint("leave it out for `apply`: the plan that was shown is passed already"),
            });
        }
        before = argument;
    }
    None
}

/// The strings of a list, or why they are unknown.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    match &value.kind {
        Kind::List(items) | Kind::Set(items) => items
            .iter()
            .map(|item| match (item.as_str(), item.unknown_reason()) {
                (Some(text), _) => Ok(text.to_owned()),
                (None, Some(reason)) => Err(reason.to_string()),
                (None, None) => Err(format!("{} stands where a string belongs", item.kind_name())),
            })
            .collect(),
        Kind::Unknown(reason) => Err(reason.to_string()),
        _ => Err(format!("{} stands where a list belongs", value.kind_name())),
    }
}
