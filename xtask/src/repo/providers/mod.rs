//! The provider blocks of the configuration that a plan was made from, and its backend: what in them would act with other
//! credentials than those that were proven, or send requests elsewhere than to AWS.
//!
//! A plan's JSON leaves out `dynamic` blocks and what `endpoints` say, so the files themselves are read. Of a provider for
//! AWS only arguments that are known to stay in the account are taken for granted.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{AccountId, Place, Reach, Remedy};
use crate::repo::hcl::parse;
use crate::repo::hcl::syntax::{Block, Body, Expr, ExprKind};
use crate::repo::hcl::{Fault, Source};
use crate::repo::json::{self, Node, Value};
use crate::repo::redirect::{CREDENTIALS, ROLES, account_of, same_address};

/// One configuration file of a module.
#[derive(Clone, Copy, Debug)]
pub struct ConfigText<'a> {
    /// The module that it belongs to.
    pub module: &'a str,
    /// The path for messages.
    pub path: &'a str,
    /// The whole content.
    pub bytes: &'a [u8],
}

/// What the settings declare, and the account that was proven.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Roles that providers may assume.
    pub roles: &'a [String],
    /// The endpoint in place of AWS's own.
    pub endpoint: Option<&'a str>,
}

/// Arguments of a provider for AWS that change neither the credentials nor where requests go
/// (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs>).
const HARMLESS: [&str; 23] = [
    "alias",
    "allowed_account_ids",
    "default_tags",
    "for_each",
    "forbidden_account_ids",
    "ignore_tags",
    "max_retries",
    "region",
    "retry_mode",
    "s3_force_path_style",
    "s3_us_east_1_regional_endpoint",
    "s3_use_path_style",
    "skip_credentials_validation",
    "skip_get_ec2_platforms",
    "skip_metadata_api_check",
    "skip_region_validation",
    "skip_requesting_account_id",
    "sts_region",
    "tag_policy_compliance",
    "token_bucket_rate_limiter_capacity",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "version",
];

/// The same of the backend `s3` (<https://developer.hashicorp.com/terraform/language/backend/s3>).
const HARMLESS_OF_S3: [&str; 31] = [
    "acl",
    "allowed_account_ids",
    "assume_role_duration_seconds",
    "assume_role_policy",
    "assume_role_policy_arns",
    "assume_role_tags",
    "assume_role_transitive_tag_keys",
    "bucket",
    "dynamodb_table",
    "encrypt",
    "external_id",
    "forbidden_account_ids",
    "force_path_style",
    "key",
    "kms_key_id",
    "max_retries",
    "region",
    "retry_mode",
    "session_name",
    "skip_credentials_validation",
    "skip_metadata_api_check",
    "skip_region_validation",
    "skip_requesting_account_id",
    "skip_s3_checksum",
    "sse_customer_key",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "use_legacy_workflow",
    "use_lockfile",
    "use_path_style",
    "workspace_key_prefix",
];

/// The service whose requests an argument of the backend `s3` sends elsewhere.
pub(super) fn service_of_endpoint(argument: &str) -> Option<&'static str> {
    match argument {
        "dynamodb_endpoint" => Some("dynamodb"),
        "endpoint" => Some("s3"),
        "iam_endpoint" => Some("iam"),
        "sts_endpoint" => Some("sts"),
        _ => None,
    }
}

/// Arguments by which a provider for AWS or a backend reaches AWS in another way than every other program.
pub(super) const OTHER_WAYS: [&str; 7] = [
    "custom_ca_bundle",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "http_proxy",
    "https_proxy",
    "insecure",
    "no_proxy",
];

/// The types of the providers for AWS.
const AWS: [&str; 2] = ["aws", "awscc"];

/// The data source that reads the outputs of another state.
const REMOTE_STATE: &str = "terraform_remote_state";

/// The argument of a variable that no plan and no state keeps.
const EPHEMERAL: &str = "ephemeral";

/// An argument or block of a provider.
#[derive(Debug)]
struct Entry {
    name: String,
    line: usize,
    says: Says,
}

/// What an argument says, as far as it is written out.
#[derive(Debug)]
enum Says {
    /// `null`, or an empty text or list.
    Nothing,
    Text(String),
    /// Something that only Terraform works out.
    Computed,
    /// A block, or a map.
    Entries(Vec<Entry>),
}

/// A provider block, or the backend.
#[derive(Debug)]
struct Provider {
    name: String,
    line: usize,
    entries: Vec<Entry>,
}

/// The blocks of one file that decide about providers, and about the states of others that are read.
#[derive(Debug, Default)]
struct Parts {
    providers: Vec<Provider>,
    /// What `terraform_remote_state` reads with the backend `s3`, or one that is not written out.
    states: Vec<Provider>,
    /// Variables that are ephemeral, or may be.
    ephemeral: Vec<String>,
    /// Local names of providers with their sources, as far as they are written out.
    sources: Vec<(String, Option<String>)>,
}

/// Files with what is in them, by whether they are JSON and by their bytes.
type Known = HashMap<(bool, Vec<u8>), Arc<Parts>>;

/// What was read of files already: the units of a run have most of them in common.
#[derive(Debug, Default)]
pub struct Memo(Mutex<Known>);

impl Memo {
    fn parts(&self, file: &ConfigText<'_>) -> Result<Arc<Parts>, Fault> {
        let is_json = file.path.ends_with(".json");
        // Blocks are named by plain words, so where these letters are missing there is none of interest.
        let has = |word: &str| file.bytes.windows(word.len()).any(|it| it == word.as_bytes());
        if !is_json && !has("provider") && !has(REMOTE_STATE) && !has(EPHEMERAL) {
            return Ok(Arc::default());
        }
        let key = (is_json, file.bytes.to_vec());
        if let Some(known) = self.known().get(&key) {
            return Ok(known.clone());
        }
        let parts = Arc::new(if is_json { of_json(file)? } else { of_hcl(file)? });
        self.known().insert(key, parts.clone());
        Ok(parts)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything in these files by which a provider would act elsewhere. A file that can't be read counts as such.
pub fn elsewhere(files: &[ConfigText<'_>], declared: Declared<'_>, memo: &Memo) -> Vec<Reach> {
    let mut found = BTreeSet::new();
    let mut read = Vec::new();
    for file in files {
        match memo.parts(file) {
            Ok(parts) => read.push((file, parts)),
            Err(fault) => {
                found.insert(Reach::new(format!("nobody can tell what its providers do: {}", fault.in_one_line())));
            }
        }
    }
    // A provider may be declared in one file of a module and configured in another.
    let names_of_aws: BTreeSet<_> = read
        .iter()
        .flat_map(|(file, parts)| parts.sources.iter().map(move |source| (file.module, source)))
        .filter(|(_, (_, source))| source.as_deref().is_none_or(is_aws))
        .map(|(module, (name, _))| (module, name.as_str()))
        .collect();
    for (file, parts) in &read {
        for state in &parts.states {
            let title = format!("data `{REMOTE_STATE}.{}`", state.name);
            found.extend(judge(file.path, &title, &state.entries, Some(&HARMLESS_OF_S3), declared));
        }
        for provider in &parts.providers {
            let is_aws =
                AWS.contains(&provider.name.as_str()) || names_of_aws.contains(&(file.module, provider.name.as_str()));
            let title = format!("provider `{}`", provider.name);
            let (harmless, is_named) = (is_aws.then_some(&HARMLESS[..]), !provider.name.is_empty());
            if !is_named {
                found.insert(Reach::new(format!(
                    "a provider without a name ({})",
                    Place::line(file.path, provider.line)
                )));
            }
            found.extend(judge(file.path, &title, &provider.entries, harmless, declared));
        }
    }
    found.into_iter().collect()
}

/// The variables of the root module that an apply takes from the environment again. Of a file that can't be read there are
/// none: [`elsewhere`] refuses it.
pub fn ephemeral(files: &[ConfigText<'_>], memo: &Memo) -> Vec<String> {
    let of_root = files.iter().filter(|file| file.module.is_empty() || file.module == ".");
    of_root.filter_map(|file| memo.parts(file).ok()).flat_map(|parts| parts.ephemeral.clone()).collect()
}

/// Whether a source such as `registry.terraform.io/hashicorp/aws` is a provider for AWS.
fn is_aws(source: &str) -> bool {
    AWS.contains(&source.rsplit('/').next().unwrap_or_default().to_ascii_lowercase().as_str())
}

/// Everything by which the backend would act elsewhere, by the record that Terraform keeps of it in its data folder after
/// `init`: there all of it is worked out.
pub fn backend_elsewhere(path: &str, record: &str, declared: Declared<'_>) -> Result<Vec<Reach>, String> {
    let node = json::parse(record).map_err(|error| format!("{path}:{}: {}", error.line, error.what))?;
    let inner = |node: &Node, name: &str| objects(node).find(|(key, _)| *key == name).map(|(_, node)| node.clone());
    let Some(backend) = inner(&node, "backend") else { return Ok(Vec::new()) };
    let is_s3 = inner(&backend, "type").is_some_and(|kind| matches!(kind.value, Value::String(kind) if kind == "s3"));
    let Some(config) = inner(&backend, "config").filter(|_| is_s3) else { return Ok(Vec::new()) };
    let entry = |(name, node): (&str, &Node)| Entry { name: name.to_owned(), line: node.line, says: says_json(node) };
    let entries: Vec<_> = objects(&config).map(entry).collect();
    Ok(judge(path, "the backend `s3`", &entries, Some(&HARMLESS_OF_S3), declared))
}

/// Where the backend keeps the state, by the same record.
pub fn place_of_state(record: &str) -> Option<String> {
    let node = json::parse(record).ok()?;
    let inner = |node: &Node, name: &str| objects(node).find(|(key, _)| *key == name).map(|(_, node)| node.clone());
    let backend = inner(&node, "backend")?;
    let text = |node: Option<Node>| match node?.value {
        Value::String(text) => Some(text),
        _ => None,
    };
    let config = inner(&backend, "config")?;
    let parts = ["hostname", "organization", "address", "bucket", "prefix", "key", "path"];
    let parts: Vec<_> = parts.into_iter().filter_map(|name| text(inner(&config, name))).collect();
    Some(format!("{} {}", text(inner(&backend, "type"))?, parts.join("/")).trim_end().to_owned())
}

/// What in a block would act elsewhere. `harmless` are the arguments that may be there, where it is one for AWS.
fn judge(file: &str, title: &str, entries: &[Entry], harmless: Option<&[&str]>, declared: Declared<'_>) -> Vec<Reach> {
    let mut found = Vec::new();
    let is_aws = harmless.is_some();
    let is_known = |name: &str| harmless.is_none_or(|harmless| harmless.contains(&name));
    for entry in entries {
        let name = entry.name.as_str();
        let reach = |what: &str| Reach::new(format!("{title} {what} ({})", Place::line(file, entry.line)));
        match name {
            _ if matches!(entry.says, Says::Nothing) => {}
            // Other providers than that of AWS have tokens too, which lead into no account.
            "token" if !is_aws => {}
            "assume_role" => {
                found.extend(assumed(&entry.says, declared).map(|what| reach(&what).unless(Remedy::DeclareRole)))
            }
            // Of a backend alone.
            "role_arn" => {
                let role = assumed_by(&entry.says, declared);
                found.extend(role.map(|what| reach(&what).unless(Remedy::DeclareRole)));
            }
            _ if ROLES.contains(&name) || CREDENTIALS.contains(&name) => {
                found.push(reach(&format!("has credentials of its own: `{name}`")));
            }
            "dynamic" => {
                let labels = inner(&entry.says).iter().map(|label| label.name.as_str());
                let is_harmless = |label: &str| if is_aws { is_known(label) } else { !decides(label) };
                let dynamic = labels.filter(|label| !is_harmless(label));
                found.extend(
                    dynamic.map(|label| reach(&format!("has a `dynamic \"{label}\"` block, which may say anything"))),
                );
            }
            _ if !is_aws => found.extend(with_keys_of_aws(&entry.says, name, declared).map(|what| reach(&what))),
            _ if is_known(name) => {}
            "endpoints" => {
                let (says, entries) = (&entry.says, inner(&entry.says));
                let foreign = entries.iter().filter_map(|it| endpoint(&it.name, &it.says, declared.endpoint));
                let foreign: Vec<_> = match says {
                    Says::Entries(_) => foreign.collect(),
                    _ => vec!["has `endpoints` that are not written out".to_owned()],
                };
                found.extend(foreign.iter().map(|what| reach(what).unless(Remedy::NameEndpoint)));
            }
            _ if let Some(service) = service_of_endpoint(name) => {
                let foreign = endpoint(service, &entry.says, declared.endpoint);
                found.extend(foreign.map(|what| reach(&what).unless(Remedy::NameEndpoint)));
            }
            _ if OTHER_WAYS.contains(&name) => {
                found.push(reach(&format!("reaches AWS in a way of its own: `{name}`")).unless(Remedy::SetInShell));
            }
            _ => found.push(reach(&format!("has an argument that is not known: `{name}`")).unless(Remedy::Allow)),
        }
    }
    found
}

/// What in an argument of a provider for something else, at any depth, would act in AWS as somebody else.
fn with_keys_of_aws(says: &Says, name: &str, declared: Declared<'_>) -> Option<String> {
    match says {
        Says::Entries(entries) => entries.iter().find_map(|it| with_keys_of_aws(&it.says, &it.name, declared)),
        Says::Text(arn) if arn.starts_with("arn:") && arn.contains(":role/") => assumed_by(says, declared),
        Says::Text(_) | Says::Computed => {
            let of_aws = name.strip_prefix("aws_").is_some_and(|name| decides(name) || name.ends_with("role_arn"));
            of_aws.then(|| format!("has credentials for AWS of its own: `{name}`"))
        }
        Says::Nothing => None,
    }
}

/// Whether a block of this name decides whose credentials are used.
fn decides(name: &str) -> bool {
    ROLES.contains(&name) || CREDENTIALS.contains(&name)
}

fn inner(says: &Says) -> &[Entry] {
    match says {
        Says::Entries(entries) => entries,
        _ => &[],
    }
}

/// What is wrong with a role that is assumed, if anything is.
fn assumed(says: &Says, declared: Declared<'_>) -> Option<String> {
    let Says::Entries(entries) = says else { return assumed_by(&Says::Computed, declared) };
    entries.iter().find_map(|entry| match entry.name.as_str() {
        "role_arn" => assumed_by(&entry.says, declared),
        "dynamic" => assumed_by(&Says::Computed, declared),
        _ => None,
    })
}

/// What is wrong with the role of this ARN, if anything is.
fn assumed_by(arn: &Says, declared: Declared<'_>) -> Option<String> {
    match arn {
        Says::Nothing => None,
        Says::Text(arn) => {
            let is_own = account_of(arn).as_ref() == Some(declared.account);
            let is_foreign = !is_own && !declared.roles.contains(arn);
            is_foreign.then(|| format!("assumes {arn}, a role of another account"))
        }
        _ => Some("assumes a role that is not written out".to_owned()),
    }
}

/// What is wrong with an endpoint, if anything is.
fn endpoint(service: &str, says: &Says, named: Option<&str>) -> Option<String> {
    match says {
        Says::Nothing => None,
        Says::Text(url) if named.is_some_and(|named| same_address(url, named)) => None,
        Says::Text(url) => Some(format!("sends requests for `{service}` to {url}")),
        _ => Some(format!("sends requests for `{service}` to an endpoint that is not written out")),
    }
}

fn of_hcl(file: &ConfigText<'_>) -> Result<Parts, Fault> {
    let source = &*parse::parse(file.path, Path::new(file.path), file.bytes.into())?;
    let provider = |block: &Block| Provider {
        name: block.labels.first().cloned().unwrap_or_default(),
        line: source.line(block.span.start),
        entries: entries_of(&block.body, source),
    };
    let settings = source.body.blocks_named("terraform");
    let required = settings.flat_map(|block| block.body.blocks_named("required_providers"));
    let sources = required.flat_map(|block| &block.body.attributes).map(|(name, attribute)| {
        let says = says(&attribute.value, source);
        (name.clone(), source_in(name, &says))
    });
    let data =
        source.body.blocks_named("data").filter(|block| block.labels.first().is_some_and(|it| it == REMOTE_STATE));
    let states = data.filter_map(|block| {
        let name = block.labels.get(1).cloned().unwrap_or_default();
        remote_state(name, source.line(block.span.start), entries_of(&block.body, source))
    });
    Ok(Parts {
        providers: source.body.blocks_named("provider").map(provider).collect(),
        states: states.collect(),
        ephemeral: source
            .body
            .blocks_named("variable")
            .filter_map(|block| {
                let says = says(&block.body.attributes.get(EPHEMERAL)?.value, source);
                block.labels.first().filter(|_| !matches!(says, Says::Nothing)).cloned()
            })
            .collect(),
        sources: sources.collect(),
    })
}

/// What a `terraform_remote_state` says of its backend, where that may be `s3`.
fn remote_state(name: String, line: usize, entries: Vec<Entry>) -> Option<Provider> {
    let (mut is_s3, mut config) = (true, Vec::new());
    for entry in entries {
        match (entry.name.as_str(), entry.says) {
            ("backend", Says::Text(kind)) => is_s3 = kind == "s3",
            ("config" | "dynamic", Says::Entries(entries)) => config.extend(entries),
            ("config", says @ Says::Computed) => config.push(Entry { name: entry.name, line: entry.line, says }),
            _ => {}
        }
    }
    is_s3.then_some(Provider { name, line, entries: config })
}

/// The source in an entry of `required_providers`; one that only has a version is HashiCorp's provider of that name.
fn source_in(name: &str, says: &Says) -> Option<String> {
    match says {
        Says::Entries(entries) => match entries.iter().find(|entry| entry.name == "source").map(|entry| &entry.says) {
            Some(Says::Text(source)) => Some(source.clone()),
            Some(_) => None,
            None => Some(name.to_owned()),
        },
        Says::Text(_) => Some(name.to_owned()),
        _ => None,
    }
}

fn entries_of(body: &Body, source: &Source) -> Vec<Entry> {
    let attributes = body.attributes.iter().map(|(name, attribute)| Entry {
        name: name.clone(),
        line: source.line(attribute.key.start),
        says: says(&attribute.value, source),
    });
    let blocks = body.blocks.iter().map(|block| {
        let line = source.line(block.span.start);
        let label = |name: &String| Entry { name: name.clone(), line, says: Says::Computed };
        let says = match block.kind.as_str() {
            "dynamic" => block.labels.iter().map(label).collect(),
            _ => entries_of(&block.body, source),
        };
        Entry { name: block.kind.clone(), line, says: Says::Entries(says) }
    });
    attributes.chain(blocks).collect()
}

fn says(expr: &Expr, source: &Source) -> Says {
    match &expr.kind {
        ExprKind::Null | ExprKind::Bool(false) => Says::Nothing,
        ExprKind::String(text) if text.is_empty() => Says::Nothing,
        ExprKind::String(text) => Says::Text(text.to_string()),
        ExprKind::Parens(inner) => says(inner, source),
        ExprKind::List(items) => joined(items.iter().map(|item| says(item, source))),
        ExprKind::Object(items) => Says::Entries(
            items
                .iter()
                .map(|item| {
                    // A name that only Terraform works out may be any.
                    let name = item.key.written().unwrap_or("dynamic").to_owned();
                    Entry { name, line: source.line(item.value.span.start), says: says(&item.value, source) }
                })
                .collect(),
        ),
        _ => Says::Computed,
    }
}

/// A list of blocks is as good as one with all their entries.
fn joined(items: impl Iterator<Item = Says>) -> Says {
    let mut entries = Vec::new();
    let mut n = 0;
    for item in items {
        n += 1;
        match item {
            Says::Entries(more) => entries.extend(more),
            Says::Nothing => {}
            Says::Text(_) | Says::Computed => return Says::Computed,
        }
    }
    if n == 0 || entries.is_empty() { Says::Nothing } else { Says::Entries(entries) }
}

fn of_json(file: &ConfigText<'_>) -> Result<Parts, Fault> {
    let broken = |what: String, line: usize| {
        Fault::new(format!("cannot parse `{}`: {what}", file.path)).at(Place::line(file.path, line)).fatal()
    };
    let text = std::str::from_utf8(file.bytes).map_err(|_| broken("it is not UTF-8".to_owned(), 1))?;
    let node = json::parse(text).map_err(|error| broken(error.what, error.line))?;
    let mut parts = Parts::default();
    for (kind, kinds) in objects(&node) {
        for (name, node) in objects(kinds) {
            match (kind, name) {
                ("provider", name) => {
                    let entries = objects(node).map(|(name, node)| Entry {
                        name: name.to_owned(),
                        line: node.line,
                        says: says_json(node),
                    });
                    let entries = entries.filter(|entry| entry.name != "//").collect();
                    parts.providers.push(Provider { name: name.to_owned(), line: node.line, entries });
                }
                ("variable", name) => {
                    let is_ephemeral =
                        |(key, node): (&str, &Node)| key == EPHEMERAL && !matches!(says_json(node), Says::Nothing);
                    parts.ephemeral.extend(objects(node).any(is_ephemeral).then(|| name.to_owned()));
                }
                ("data", REMOTE_STATE) => {
                    let of_state = |(name, node): (&str, &Node)| {
                        let entries = objects(node).map(|(name, node)| Entry {
                            name: name.to_owned(),
                            line: node.line,
                            says: says_json(node),
                        });
                        remote_state(name.to_owned(), node.line, entries.collect())
                    };
                    parts.states.extend(objects(node).filter_map(of_state));
                }
                ("terraform", "required_providers") => {
                    let sources =
                        objects(node).map(|(name, node)| (name.to_owned(), source_in(name, &says_json(node))));
                    parts.sources.extend(sources);
                }
                _ => {}
            }
        }
    }
    Ok(parts)
}

/// The entries of an object, or of all objects in a list: Terraform takes either where there may be several.
fn objects(node: &Node) -> Box<dyn Iterator<Item = (&str, &Node)> + '_> {
    match &node.value {
        Value::Object(entries) => Box::new(entries.iter().map(|entry| (entry.key.as_str(), &entry.node))),
        Value::Array(items) => Box::new(items.iter().flat_map(objects)),
        _ => Box::new(std::iter::empty()),
    }
}

/// Texts are templates in JSON, so one with a `${` or `%{` is not written out.
fn says_json(node: &Node) -> Says {
    match &node.value {
        Value::Null | Value::Bool(false) => Says::Nothing,
        Value::String(text) if text.is_empty() => Says::Nothing,
        Value::String(text) if text.contains("${") || text.contains("%{") => Says::Computed,
        Value::String(text) => Says::Text(text.clone()),
        Value::Bool(true) | Value::Number(_) => Says::Computed,
        Value::Array(items) => joined(items.iter().map(says_json)),
        Value::Object(entries) => {
            let entry = |entry: &json::Entry| Entry {
                name: if entry.key.contains("${") { "dynamic".to_owned() } else { entry.key.clone() },
                line: entry.line,
                says: says_json(&entry.node),
            };
            Says::Entries(entries.iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests;
