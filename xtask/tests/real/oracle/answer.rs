//! What we say, laid beside what terragrunt says.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xtask::repo::hcl::parse::parse_bytes;
use xtask::repo::hcl::syntax::ExprKind;
use xtask::repo::{Decider, Unit};

/// What a comparison found: how much agreed, why the rest is unknown, and what is simply different.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How many answers are known and equal.
    pub(super) equal: usize,
    /// Why others are unknown, and how many of each.
    pub(super) unknown: BTreeMap<String, usize>,
    /// What is different: this must stay empty.
    pub(super) different: Vec<String>,
}

impl Tally {
    fn take(&mut self, of: &str, ours: Result<&str, &str>, theirs: Option<&str>) {
        match (ours, theirs) {
            (Ok(ours), Some(theirs)) if ours == theirs => self.equal += 1,
            (Err(reason), _) => *self.unknown.entry(reason.to_owned()).or_default() += 1,
            (Ok(ours), theirs) => self.different.push(format!("{of}: we say {ours}, terragrunt {theirs:?}")),
        }
    }

    /// Compares uri and tag of every image, the module's source, and the account with the ids that the provider allows.
    pub(super) fn unit(&mut self, unit: &Unit, config: &Json) {
        let of = |what: &str| format!("{} {what}", unit.path);
        let source = unit.module.source.as_result().map(String::as_str);
        self.take(&of("source"), source, config["terraform"]["source"].as_str());
        let deciders: Vec<_> =
            unit.images.values().flatten().flat_map(|uses| &uses.deciders).chain(&unit.others).collect();
        for decider in &deciders {
            self.image(&of(&decider.input), decider, &config["inputs"]);
        }
        let mut images = Vec::new();
        images_in(&config["inputs"], &mut Vec::new(), &mut images);
        for input in images {
            if !deciders.iter().any(|decider| decider.input == input) {
                self.different.push(of(&format!("{input}: we have not seen this image")));
            }
        }
        for ids in allowed(config) {
            let id = unit.account.as_result().map(|account| account.id.as_str());
            let allows = ids.iter().find(|allowed| id == Ok(allowed.as_str()));
            self.take(&of("allowed_account_ids"), id, allows.or(ids.first()).map(String::as_str));
        }
    }

    fn image(&mut self, of: &str, decider: &Decider, inputs: &Json) {
        let at = |way: &str| way.split('.').fold(inputs, |value, name| &value[name]).as_str();
        let uri_way =
            format!("{}docker_image", decider.input.strip_suffix("docker_tag").expect("it is the way to a tag"));
        let uri = decider.uri.as_result().map(ToString::to_string);
        self.take(of, decider.tag.as_result().map(|tag| tag.as_str()), at(&decider.input));
        self.take(of, uri.as_ref().map(String::as_str).map_err(|reason| *reason), at(&uri_way));
    }
}

/// The way to every tag of an image, wherever it is.
fn images_in(value: &Json, way: &mut Vec<String>, found: &mut Vec<String>) {
    let Json::Object(entries) = value else { return };
    if entries.contains_key("docker_tag") && entries.contains_key("docker_image") {
        found.push(format!("{}.docker_tag", way.join(".")));
    }
    for (name, value) in entries {
        way.push(name.clone());
        images_in(value, way, found);
        way.pop();
    }
}

/// The ids that each generated provider allows.
fn allowed(config: &Json) -> Vec<Vec<String>> {
    let contents = config["generate"].as_object().into_iter().flat_map(|blocks| blocks.values());
    let bodies = contents.filter_map(|block| parse_bytes("generated", block["contents"].as_str()?.as_bytes()).ok());
    let mut all = Vec::new();
    for body in bodies {
        for provider in body.blocks_named("provider") {
            let Some(ids) = provider.body.attributes.get("allowed_account_ids") else { continue };
            let ExprKind::List(items) = &ids.value.kind else { panic!("ids are a list") };
            let text = |item: &xtask::repo::hcl::syntax::Expr| match &item.kind {
                ExprKind::String(text) => text.to_string(),
                other => panic!("ids are strings, not {other:?}"),
            };
            all.push(items.iter().map(text).collect());
        }
    }
    all
}
