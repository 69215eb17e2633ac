//! What our evaluator says about the inputs of a unit, in a form that can be laid beside JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use xtask::repo::hcl::{Evaluator, Frame, Kind, Value, stack};
use xtask::repo::{Environment, Files};

/// A value of ours.
#[derive(Clone, Debug)]
pub(super) enum Ours {
    /// Terragrunt should fail on it.
    Fault,
    Unknown(String),
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Ours>),
    /// One that is open may have more entries.
    Map(BTreeMap<String, Ours>, bool),
}

/// How an answer of ours stands to terragrunt's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Equal,
    /// Terragrunt fails, and so do we, or we don't know.
    BothFail,
    /// All or a part of it is unknown, for this reason, and the rest is equal.
    Unknown(String),
    Different(String),
}

/// The inputs of the unit below `root`, evaluated with these variables in the environment.
pub(super) fn inputs(root: &Path, unit: &Path, vars: &[(&str, &str)]) -> Result<BTreeMap<String, Ours>, String> {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let files = Files::new(root.to_owned()).in_environment(Environment::of(vars));
    let path = unit.join("terragrunt.hcl");
    stack::deep(|| {
        let evaluator = Evaluator::new(&files, path.clone());
        let inputs = Frame::read(&evaluator, &path).and_then(|frame| frame.inputs(&evaluator));
        let inputs = inputs.map_err(|fault| fault.in_one_line())?;
        let Kind::Map(map) = &inputs.kind else { return Err(format!("the inputs are {}", inputs.kind_name())) };
        let faults: Vec<_> = evaluator.noticed.borrow().iter().map(|fault| fault.in_one_line()).collect();
        let said = |value: &Value| match value.unknown_reason() {
            Some(reason) if faults.iter().any(|fault| **fault == **reason) => Ours::Fault,
            _ => taken(&evaluator, value),
        };
        Ok(map.entries.iter().map(|(name, value)| (name.clone(), said(value))).collect())
    })
}

fn taken(evaluator: &Evaluator<'_>, value: &Value) -> Ours {
    let value = match evaluator.whole(value) {
        Ok(value) => value,
        Err(_) => return Ours::Fault,
    };
    let all = |items: &[Value]| Ours::List(items.iter().map(|item| taken(evaluator, item)).collect());
    match &value.kind {
        Kind::Null => Ours::Null,
        Kind::Bool(value) => Ours::Bool(*value),
        Kind::Number(number) => Ours::Number(*number),
        Kind::String(text) => Ours::Text(text.to_string()),
        Kind::List(items) | Kind::Set(items) => all(items),
        Kind::Map(map) => {
            let entries = map.entries.iter().map(|(name, value)| (name.clone(), taken(evaluator, value)));
            Ours::Map(entries.collect(), map.open.is_some())
        }
        Kind::Unknown(reason) => Ours::Unknown(reason.to_string()),
        Kind::Config(_) | Kind::Locals(_) => Ours::Unknown("it is a file".to_owned()),
    }
}

impl Ours {
    /// Lays it beside what terragrunt says; `None` is a failure of terragrunt.
    pub(super) fn beside(&self, theirs: Option<&Json>) -> Verdict {
        let Some(theirs) = theirs else {
            return match self {
                Self::Fault => Verdict::BothFail,
                _ => match self.unknown() {
                    Some(_) => Verdict::BothFail,
                    None => Verdict::Different(format!("terragrunt fails, and we say {self:?}")),
                },
            };
        };
        if !self.fits(theirs) {
            return Verdict::Different(format!("terragrunt says {theirs}, and we say {self:?}"));
        }
        self.unknown().map_or(Verdict::Equal, Verdict::Unknown)
    }

    /// Why something in it is unknown.
    fn unknown(&self) -> Option<String> {
        match self {
            Self::Unknown(reason) => Some(reason.clone()),
            Self::List(items) => items.iter().find_map(Self::unknown),
            Self::Map(_, true) => Some("there may be more entries".to_owned()),
            Self::Map(entries, false) => entries.values().find_map(Self::unknown),
            _ => None,
        }
    }

    fn fits(&self, theirs: &Json) -> bool {
        match (self, theirs) {
            (Self::Unknown(_), _) | (Self::Null, Json::Null) => true,
            // A null that has a type is printed like this.
            (Self::Null, Json::String(text)) => text.is_empty(),
            (Self::Bool(ours), Json::Bool(theirs)) => ours == theirs,
            (Self::Number(ours), Json::Number(theirs)) => theirs.as_f64() == Some(*ours),
            (Self::Text(ours), Json::String(theirs)) => ours == theirs,
            (Self::List(ours), Json::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.fits(theirs))
            }
            (Self::Map(ours, open), Json::Object(theirs)) => {
                let fits = |(name, ours): (&String, &Self)| theirs.get(name).is_some_and(|theirs| ours.fits(theirs));
                ours.iter().all(fits) && (*open || ours.len() == theirs.len())
            }
            _ => false,
        }
    }
}
