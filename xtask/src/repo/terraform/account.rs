//! What the providers of a root module say about account and region, and what of it would act as somebody else.

use super::module::{Merged, Module};
use super::runner::Provider;
use crate::model::{AccountId, Failure, Known, Place};
use crate::repo::hcl::syntax::Block;
use crate::repo::hcl::{Evaluator, Frame, Kind, Value};
use crate::repo::unit::known_text;
use std::rc::Rc;

/// What makes a provider act as somebody else than who started Terraform.
const REDIRECTIONS: [&str; 5] =
    ["profile", "role_arn", "access_key", "shared_credentials_files", "shared_credentials_file"];

/// What the AWS provider that a runner uses says.
#[derive(Debug)]
pub(super) struct Stated {
    /// The region.
    pub(super) region: Option<(Known<String>, Place)>,
    /// `allowed_account_ids`.
    pub(super) allowed: Option<(Vec<Known<String>>, Place)>,
    /// What would act as somebody else: its name, the role or profile, and where it is written.
    pub(super) redirections: Vec<(String, Known<String>, Place)>,
}

impl Stated {
    /// Reads the provider; `None` if there is none, or nobody can tell which it is.
    pub(super) fn by(module: &Module<'_>, evaluator: &Evaluator<'_>, provider: &Provider) -> Option<Self> {
        let alias = match provider {
            Provider::Default => None,
            Provider::Alias(alias) => Some(alias.as_str()),
            Provider::Unknown => return None,
        };
        let block = module.providers.get(&alias)?;
        let value = |name: &str| {
            let definition = block.get(name)?;
            let value = definition.value(evaluator).unwrap_or_else(|fault| {
                evaluator.notice(&fault);
                Value::unknown(fault.in_one_line())
            });
            (!value.is_null()).then(|| (value, definition.place()))
        };
        let texts = |value: &Value| match &value.kind {
            Kind::List(items) | Kind::Set(items) => items.iter().map(id_text).collect(),
            _ => vec![known_text(value)],
        };
        Some(Self {
            region: value("region").map(|(value, place)| (known_text(&value), place)),
            allowed: value("allowed_account_ids").map(|(value, place)| (texts(&value), place)),
            redirections: redirections(block, evaluator),
        })
    }

    /// The only account that the provider allows, or that of the role that it assumes.
    pub(super) fn account(&self) -> Option<(AccountId, Place)> {
        if let Some((ids, place)) = &self.allowed
            && let [Known::Value(id)] = &ids[..]
        {
            return AccountId::parse(id).ok().map(|id| (id, place.clone()));
        }
        let mut roles = self.redirections.iter().filter(|(name, ..)| name == "assume_role.role_arn");
        let (_, role, place) = roles.next()?;
        AccountId::parse(role.value()?.split(':').nth(4)?).ok().map(|id| (id, place.clone()))
    }
}

/// An id as text: written as a number it loses leading zeros, so it has to be twelve digits long.
fn id_text(value: &Value) -> Known<String> {
    match &value.kind {
        Kind::Number(number) => Known::Value(format!("{number}")),
        _ => known_text(value),
    }
}

fn redirections(block: &Merged<'_>, evaluator: &Evaluator<'_>) -> Vec<(String, Known<String>, Place)> {
    let mut found = Vec::new();
    let mut add = |name: String, value: Value, place: Place| {
        if !value.is_null() && value.as_str() != Some("") {
            found.push((name, known_text(&value), place));
        }
    };
    for name in REDIRECTIONS {
        if let Some(definition) = block.get(name) {
            let value = definition.value(evaluator).unwrap_or_else(|fault| Value::unknown(fault.in_one_line()));
            add(name.to_owned(), value, definition.place());
        }
    }
    for (frame, inner) in block.blocks.iter().filter(|(_, inner)| inner.kind.starts_with("assume_role")) {
        let (value, place) = role(evaluator, frame, inner);
        add(format!("{}.role_arn", inner.kind), value, place);
    }
    found
}

fn role(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, block: &Block) -> (Value, Place) {
    match block.body.attributes.get("role_arn") {
        Some(attribute) => {
            let value = evaluator.value(&attribute.value, frame);
            let value = value.unwrap_or_else(|fault| Value::unknown(fault.in_one_line()));
            (value, frame.source.place(attribute.key.start))
        }
        None => (Value::unknown("its `role_arn` is not set"), frame.source.place(block.span.start)),
    }
}

/// A note for everything that acts as somebody else.
pub(super) fn redirection_notes(stated: &Stated) -> impl Iterator<Item = Failure> {
    stated.redirections.iter().map(|(name, value, place)| {
        let value = value.as_result().map_or_else(|why| format!("unknown: {why}"), |value| format!("`{value}`"));
        Failure::refused(format!("the AWS provider acts by its own `{name}`, {value}")).at(place.clone())
    })
}
