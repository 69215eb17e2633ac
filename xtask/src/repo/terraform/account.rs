//! What the providers of a root module say about account and region, and what of it would act as somebody else.

use super::runner::Provider;
use crate::model::{AccountId, Known, Place};
use crate::repo::hcl::syntax::Block;
use crate::repo::hcl::terraform::folder::is_overriding;
use crate::repo::hcl::terraform::{Merged, Module};
use crate::repo::hcl::{Evaluator, Frame, Kind, Value};
use crate::repo::redirect::{self, Actor, CREDENTIALS, ROLES, Redirection};
use crate::repo::unit::known_text;
use std::rc::Rc;

/// What the AWS provider that a runner uses says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stated {
    /// The region.
    pub(super) region: Option<(Known<String>, Place)>,
    /// `allowed_account_ids`.
    pub(super) allowed: Option<(Vec<Known<String>>, Place)>,
    /// What would act as somebody else.
    pub(super) redirections: Vec<Redirection>,
}

impl Stated {
    /// Reads the provider; `None` if there is none, or nobody can tell which it is.
    pub(super) fn by(module: &Module<'_>, evaluator: &Evaluator<'_>, provider: &Provider) -> Option<Self> {
        let alias = match provider {
            Provider::Default => None,
            Provider::Alias(alias) => Some(alias.as_str()),
            Provider::Own(stated) => return Some((**stated).clone()),
            Provider::Unknown => return None,
        };
        let block = module.providers.get(&alias)?;
        // Another file that isn't there to override has a provider with an alias.
        if let Some(file) = module.in_json("provider", "aws").filter(|file| overrides(file)) {
            let reason = format!("`{file}` overrides the provider, and JSON is not worked out");
            let region = Some((Known::Unknown(reason), block.place.clone()));
            return Some(Self { region, allowed: None, redirections: of_provider(block, evaluator) });
        }
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
            redirections: of_own_provider(block, evaluator),
        })
    }

    /// The account of the role that it assumes.
    pub(super) fn of_role(&self) -> Option<(AccountId, Place)> {
        self.redirections.iter().cloned().find_map(Redirection::into_own_account)
    }

    /// The only account that the provider allows, or that of the role that it assumes.
    pub(super) fn account(&self) -> Option<(AccountId, Place)> {
        if let Some((ids, place)) = &self.allowed
            && let [Known::Value(id)] = &ids[..]
        {
            return AccountId::parse(id).ok().map(|id| (id, place.clone()));
        }
        self.of_role()
    }
}

fn overrides(file: &str) -> bool {
    is_overriding(file.rsplit('/').next().unwrap_or(file))
}

/// An id as text: written as a number it loses leading zeros, so it has to be twelve digits long.
fn id_text(value: &Value) -> Known<String> {
    match &value.kind {
        Kind::Number(number) => Known::Value(format!("{number}")),
        _ => known_text(value),
    }
}

/// What would act as somebody else in any AWS provider: all of them act in the same plan. `own` are those of the runners.
pub(super) fn redirections(module: &Module<'_>, evaluator: &Evaluator<'_>, own: &[&Provider]) -> Vec<Redirection> {
    let is_own = |alias: Option<&str>| {
        own.iter().any(|provider| match provider {
            Provider::Default => alias.is_none(),
            Provider::Alias(name) => alias == Some(name.as_str()),
            Provider::Own(_) | Provider::Unknown => false,
        })
    };
    let found = module.providers.iter().map(|(alias, block)| match is_own(*alias) {
        true => of_own_provider(block, evaluator),
        false => of_provider(block, evaluator),
    });
    let below = own.iter().filter_map(|provider| match provider {
        Provider::Own(stated) => Some(stated.redirections.clone()),
        _ => None,
    });
    found.chain(below).flatten().collect()
}

fn of_own_provider(block: &Merged<'_>, evaluator: &Evaluator<'_>) -> Vec<Redirection> {
    let mut found = of_provider(block, evaluator);
    redirect::mark_own(&mut found);
    found
}

fn of_provider(block: &Merged<'_>, evaluator: &Evaluator<'_>) -> Vec<Redirection> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: Value, place: Place| {
        let what = format!("`{name}` of provider `aws`");
        found.extend(Redirection::by(what, Actor::Provider, &value, place));
    };
    for name in CREDENTIALS.into_iter().chain(ROLES) {
        if let Some(definition) = block.get(name) {
            let value = definition.value(evaluator).unwrap_or_else(|fault| Value::unknown(fault.in_one_line()));
            add(name, value, definition.place());
        }
    }
    for (frame, inner) in &block.blocks {
        let place = || frame.source.place(inner.span.start);
        if ROLES.contains(&inner.kind.as_str()) {
            let (value, place) = role(evaluator, frame, inner);
            add(&inner.kind, value, place);
        } else if let ("dynamic", Some(name)) = (inner.kind.as_str(), inner.labels.first())
            && ROLES.contains(&name.as_str())
        {
            add(name, Value::unknown("it is in a `dynamic` block"), place());
        }
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
