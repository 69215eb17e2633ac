//! What would act with other credentials than those that were proven: roles, profiles and keys in the configuration. Of a
//! backend also what sends its requests elsewhere, since it is asked before anything is planned.

use std::rc::Rc;

use super::evidence;
use super::generated::{self, Extra, literal};
use super::hcl::syntax::{Attribute, Block, Body, Expr, ExprKind, Key};
use super::hcl::{Evaluator, Fault, Frame, Kind, Value};
use super::passed;
use super::providers::{OTHER_WAYS, service_of_endpoint};
use super::unit::known_text;
use crate::model::{Account, AccountId, Failure, Known, Place};

/// Attributes of a provider or backend that bring credentials of their own.
pub(super) const CREDENTIALS: [&str; 8] = [
    "access_key",
    "profile",
    "secret_key",
    "shared_config_files",
    "shared_credentials_file",
    "shared_credentials_files",
    "token",
    "web_identity_token",
];
/// Blocks, or attributes with a map, that name a role.
pub(super) const ROLES: [&str; 2] = ["assume_role", "assume_role_with_web_identity"];
/// The backend that signs requests to AWS.
const S3: &str = "s3";
/// Its addresses by service.
const ENDPOINTS: &str = "endpoints";
/// Variables that decide whose credentials the AWS SDK uses, or whom it asks.
const VARIABLES: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// Who acts with the other credentials, which decides who can notice it later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Terragrunt assumes a role before it starts terraform: the inner guard sees whose it is.
    Terragrunt,
    /// Whatever reads variables that terragrunt sets for terraform.
    Variables,
    /// A provider: the plan tells, as far as it names the role.
    Provider,
    /// The provider that the runner itself is made with: the account of its role is that of the unit.
    OwnProvider,
    /// The backend that keeps the state: nobody else sees it.
    Backend,
    /// Whoever answers the requests of the backend, which are signed with the credentials.
    Elsewhere,
}

/// One thing in the configuration that brings other credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirection {
    /// What it is, such as `iam_role` or `profile` of the provider.
    pub what: String,
    /// Who acts with them.
    pub actor: Actor,
    /// The role, profile, or whatever else stands there.
    pub value: Known<String>,
    /// Where it stands.
    pub place: Place,
    /// The account that it leads to, if it is the ARN of a role.
    pub account: Option<AccountId>,
}

impl Redirection {
    fn new(what: impl Into<String>, actor: Actor, value: Known<String>, place: Place) -> Self {
        let account = value.value().and_then(|value| account_of(value));
        Self { what: what.into(), actor, value, place, account }
    }

    /// A redirection by this value, unless it is none.
    pub(super) fn by(what: String, actor: Actor, value: &Value, place: Place) -> Option<Self> {
        let is_none = value.is_null() || value.as_str() == Some("") || matches!(value.kind, Kind::Bool(false));
        (!is_none).then(|| Self::new(what, actor, known_text(value), place))
    }

    /// The account of the role of the runner's own provider.
    pub(super) fn into_own_account(self) -> Option<(AccountId, Place)> {
        Some((self.account.filter(|_| self.actor == Actor::OwnProvider)?, self.place))
    }

    /// Why the unit of this account can't be worked on, if it can't: the redirection leads elsewhere, or nobody could
    /// notice if it did. `declared` are the roles and `endpoint` the address that the settings know of.
    pub fn refusal(&self, account: &Account, declared: &[String], endpoint: Option<&str>) -> Option<Failure> {
        let (says, what) = (self.value.value(), &self.what);
        if self.actor == Actor::Elsewhere {
            let is_named = says.is_some_and(|url| endpoint.is_some_and(|it| same_address(url, it)));
            return (!is_named).then(|| {
                let by = says.map_or("which is not written out", String::as_str);
                let failure = Failure::refused(format!("{what} sends the requests for the state elsewhere"));
                let failure = failure.detail(by.to_owned()).at(self.place.clone());
                failure.hint("leave it out; or set it for all programs: `endpoint-url` in [workspace.metadata.xtask], proxies and certificates in this shell")
            });
        }
        let is_declared = says.is_some_and(|value| declared.contains(value));
        let is_declared = is_declared && matches!(self.actor, Actor::Provider | Actor::Backend);
        let noticed_later = match self.actor {
            Actor::Terragrunt => self.account.is_none(),
            Actor::Variables | Actor::Provider | Actor::OwnProvider => says.is_none(),
            Actor::Backend | Actor::Elsewhere => false,
        };
        if self.account.as_ref() == Some(&account.id) || is_declared || noticed_later {
            return None;
        }
        let is_role = self.account.is_some() || self.value.value().is_none();
        let failure = match (&self.value, &self.account) {
            (Known::Value(role), Some(other)) => Failure::refused(format!("{what} leads into another account"))
                .detail(format!("expected  {account}"))
                .detail(format!("found     {other}, by {role}")),
            (Known::Value(_), None) => Failure::refused(format!("{what} brings credentials of its own"))
                .detail(format!("nobody could tell whether they are those of {account}")),
            (Known::Unknown(reason), _) => {
                Failure::refused(format!("{what} is not known, because {reason}")).detail("it may lead anywhere")
            }
        };
        let failure = failure.at(self.place.clone());
        Some(match (self.actor, is_role) {
            (Actor::Terragrunt | Actor::Variables | Actor::OwnProvider, true) => {
                failure.hint(format!("let it be a role in {}, or none", account.id))
            }
            (_, true) => failure
                .hint("if it is meant to: add the role to `assumed-roles` in [workspace.metadata.xtask] in Cargo.toml"),
            (_, false) => failure.hint("leave it out: terraform gets the credentials of the account by itself"),
        })
    }
}

/// The role that terragrunt assumes before it runs anything, and where it is written.
pub(super) fn iam_role(evaluator: &Evaluator<'_>, frame: &Rc<Frame>) -> Option<(Value, Place)> {
    let role = frame.setting(evaluator, "iam_role").ok()??;
    let place = role.origin.place().unwrap_or_else(|| Place::file(&frame.source.name));
    Some((role, place))
}

/// Everything that the unit's own configuration and what it includes redirect.
pub(super) fn find(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, extras: &[Extra]) -> Vec<Redirection> {
    let mut found = Vec::new();
    if let Some((role, place)) = iam_role(evaluator, frame) {
        found.push(Redirection::new("`iam_role`", Actor::Terragrunt, known_text(&role), place));
    }
    // What is at fault there is told by whoever needs it.
    let frames = frame.with_includes(evaluator).unwrap_or_default();
    for frame in &frames {
        let _ = of_extra_arguments(evaluator, frame, &mut found);
    }
    let remote_state = frames.iter().find_map(|frame| Some((frame, remote_state(&frame.source.body)?)));
    if let Some((frame, block)) = remote_state {
        let _ = of_remote_state(evaluator, frame, block, &mut found);
    } else if let Some(folder) = passed::module_folder(evaluator, frame) {
        let files = generated::beside(evaluator.files, &folder).into_iter();
        let sources = files.filter_map(|path| evaluator.files.hcl(&path).ok());
        sources.for_each(|source| in_backends(&Extra::file(source), &mut found));
    }
    for extra in extras {
        in_providers(extra, &mut found);
        in_backends(extra, &mut found);
    }
    found
}

fn remote_state(body: &Body) -> Option<&Block> {
    body.blocks_named("remote_state").next()
}

/// `config` of a `remote_state` block; an entry that can't be worked out is unknown.
fn of_remote_state(
    evaluator: &Evaluator<'_>,
    frame: &Rc<Frame>,
    block: &Block,
    found: &mut Vec<Redirection>,
) -> Result<(), Fault> {
    let attribute = |name: &str| block.body.attributes.get(name).map(|attribute| &attribute.value);
    let kind = attribute("backend").map(|kind| evaluator.value(kind, frame)).transpose()?;
    let is_s3 = kind.is_none_or(|kind| kind.as_str().is_none_or(|kind| kind == S3));
    let Some(config) = attribute("config") else { return Ok(()) };
    let mut entry = |name: &str, value: Value, place: Place| {
        let what = format!("`{name}` of the remote state");
        if is_s3 && leads_elsewhere(name) {
            found.extend(Redirection::by(what, Actor::Elsewhere, &value, place));
            return;
        }
        if is_s3 && name == ENDPOINTS {
            let services = match &value.kind {
                Kind::Map(map) if map.open.is_none() => map.entries.values().collect(),
                _ => vec![&value],
            };
            let by = |value| Redirection::by(what.clone(), Actor::Elsewhere, value, place.clone());
            found.extend(services.into_iter().filter_map(by));
            return;
        }
        if CREDENTIALS.contains(&name) || name == "role_arn" {
            found.extend(Redirection::by(what, Actor::Backend, &value, place));
        } else if ROLES.contains(&name) {
            let role = evaluator.member(&value, "role_arn").unwrap_or(value);
            found.extend(Redirection::by(what, Actor::Backend, &role, place));
        }
    };
    each_entry(evaluator, frame, config, &mut entry)
}

fn of_extra_arguments(evaluator: &Evaluator<'_>, frame: &Rc<Frame>, found: &mut Vec<Redirection>) -> Result<(), Fault> {
    let blocks =
        frame.source.body.blocks_named("terraform").flat_map(|block| block.body.blocks_named("extra_arguments"));
    for variables in blocks.filter_map(|block| block.body.attributes.get("env_vars")) {
        let mut entry = |name: &str, value: Value, place: Place| {
            if VARIABLES.contains(&name) || name.starts_with("AWS_ENDPOINT_URL_") {
                let what = format!("`{name}` in `env_vars`");
                found.extend(Redirection::by(what, Actor::Variables, &value, place));
            }
        };
        each_entry(evaluator, frame, &variables.value, &mut entry)?;
    }
    Ok(())
}

/// Calls `entry` for each entry of a map: one by one where it is written out, so that one at fault spoils no other.
fn each_entry(
    evaluator: &Evaluator<'_>,
    frame: &Rc<Frame>,
    map: &Expr,
    entry: &mut dyn FnMut(&str, Value, Place),
) -> Result<(), Fault> {
    let place = |expr: &Expr| frame.source.place(expr.span.start);
    if let ExprKind::Object(items) = &map.kind {
        for item in items {
            let key = match &item.key {
                Key::Word(word) => word.clone(),
                Key::Expr(expr) => match evaluator.value(expr, frame)?.as_str() {
                    Some(text) => text.to_owned(),
                    None => continue,
                },
            };
            let value = evaluator.value(&item.value, frame);
            let value = value.unwrap_or_else(|fault| Value::unknown(fault.in_one_line()));
            entry(&key, value, place(&item.value));
        }
        return Ok(());
    }
    let value = evaluator.value(map, frame)?;
    if let Kind::Map(map) = &value.kind {
        for (key, value) in &map.entries {
            let place = value.origin.place().unwrap_or_else(|| Place::file(&frame.source.name));
            entry(key, value.clone(), place);
        }
    }
    Ok(())
}

/// Providers in a file of Terraform, as far as they are written out.
fn in_providers(extra: &Extra, found: &mut Vec<Redirection>) {
    for provider in extra.body().blocks_named("provider") {
        let name = provider.labels.first().map_or("", String::as_str);
        let before = found.len();
        in_block(extra, provider, &format!("provider `{name}`"), Actor::Provider, found);
        if evidence::is_default(&provider) {
            mark_own(&mut found[before..]);
        }
    }
}

/// Of what the runner's own provider acts with, marks the role that decides where everything is made: that of several which are
/// assumed one after the other is the last.
pub(super) fn mark_own(found: &mut [Redirection]) {
    let of = |role: &str| found.iter().rposition(|it| it.what.starts_with(&format!("`{role}` ")));
    if let Some(at) = ROLES.into_iter().find_map(of) {
        found[at].actor = Actor::OwnProvider;
    }
}

/// The accounts that the roles of default AWS providers lead into, each with its place.
pub(super) fn own_accounts(extra: &Extra) -> Vec<(AccountId, Place)> {
    let mut found = Vec::new();
    in_providers(extra, &mut found);
    found.into_iter().filter_map(Redirection::into_own_account).collect()
}

/// Backends in a file of Terraform, where everything is written out.
pub(super) fn in_backends(extra: &Extra, found: &mut Vec<Redirection>) {
    let settings = extra.body().blocks_named("terraform");
    for backend in settings.flat_map(|block| block.body.blocks_named("backend")) {
        in_block(extra, backend, "the backend", Actor::Backend, found);
    }
}

/// Whether an argument of the backend `s3` decides who answers its requests.
fn leads_elsewhere(name: &str) -> bool {
    OTHER_WAYS.contains(&name) || service_of_endpoint(name).is_some()
}

/// Whether two addresses are the same one.
pub(super) fn same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn in_block(extra: &Extra, block: &Block, of: &str, actor: Actor, found: &mut Vec<Redirection>) {
    let is_s3 = actor == Actor::Backend && block.labels.first().is_some_and(|kind| kind == S3);
    let elsewhere = |name: &str, of_it: &str, attribute: &Attribute| {
        let value = literal(&attribute.value)?;
        let what = format!("`{name}` of {of}");
        Some(Redirection::new(what, Actor::Elsewhere, value, extra.place_of(of_it, attribute)))
    };
    let add = |name: &str, value: Option<Known<String>>, place: Place, found: &mut Vec<Redirection>| {
        found.extend(value.map(|value| Redirection::new(format!("`{name}` of {of}"), actor, value, place)));
    };
    for (name, attribute) in &block.body.attributes {
        let place = extra.place_of(name, attribute);
        let is_role = ROLES.contains(&name.as_str());
        let is_credential = CREDENTIALS.contains(&name.as_str()) && is_ours(&block.labels, name);
        if is_s3 && (leads_elsewhere(name) || name == ENDPOINTS) {
            match &attribute.value.kind {
                ExprKind::Bool(false) => {}
                ExprKind::Object(services) => {
                    let values = services.iter().filter_map(|service| literal(&service.value));
                    let by =
                        |value| Redirection::new(format!("`{name}` of {of}"), Actor::Elsewhere, value, place.clone());
                    found.extend(values.map(by));
                }
                _ => found.extend(elsewhere(name, name, attribute)),
            }
        } else if is_credential || (actor == Actor::Backend && name == "role_arn") {
            add(name, literal(&attribute.value), place, found);
        } else if is_role {
            let role = match &attribute.value.kind {
                ExprKind::Object(items) => {
                    let mut roles = items.iter().filter(|item| item.key.written() == Some("role_arn"));
                    roles.next().and_then(|item| literal(&item.value))
                }
                _ => literal(&attribute.value),
            };
            add(name, role, place, found);
        }
    }
    for inner in &block.body.blocks {
        let is_dynamic = inner.kind == "dynamic" && inner.labels.first().is_some_and(|it| ROLES.contains(&it.as_str()));
        let place = || extra.place(inner.span.start, &inner.kind);
        if is_s3 && inner.kind == ENDPOINTS {
            let services = inner.body.attributes.iter();
            found.extend(services.filter_map(|(name, attribute)| elsewhere(ENDPOINTS, name, attribute)));
        } else if ROLES.contains(&inner.kind.as_str()) {
            let role = inner.body.attributes.get("role_arn");
            let value = role.and_then(|role| literal(&role.value));
            add(&inner.kind, value, role.map_or_else(place, |role| extra.place_of("role_arn", role)), found);
        } else if is_dynamic {
            let reason = "it is in a `dynamic` block".to_owned();
            add(&inner.labels[0], Some(Known::Unknown(reason)), place(), found);
        }
    }
}

/// Other providers than that of AWS have tokens too, which lead into no account.
fn is_ours(labels: &[String], attribute: &str) -> bool {
    attribute != "token" || labels.first().is_some_and(|label| label == "aws" || label == "s3")
}

/// The account in the ARN of a role.
pub(super) fn account_of(arn: &str) -> Option<AccountId> {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(3).filter(|_| is_arn).and_then(|id| AccountId::parse(id).ok())
}
