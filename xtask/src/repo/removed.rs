//! The `removed` blocks of the configuration that a plan was made from: what they run when a resource is destroyed. A
//! plan's JSON doesn't tell of them (<https://developer.hashicorp.com/terraform/language/block/removed>).

use std::path::Path;

use super::hcl::parse;
use super::hcl::syntax::{Block, ExprKind};
use super::hcl::{Fault, Source};
use super::json::{self, Node, Value};
use super::providers::ConfigText;

/// A command that runs when a resource is destroyed because the configuration has removed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedCommand {
    /// The resource or module, as the block names it from within its own module.
    pub from: String,
    /// What it is and what it runs, as far as that is written out.
    pub text: String,
}

/// Everything that `removed` blocks of these files run. A file that can't be parsed is named by who looks at providers.
pub fn commands(files: &[ConfigText<'_>]) -> Vec<RemovedCommand> {
    let has_block = |file: &&ConfigText<'_>| file.bytes.windows(7).any(|word| word == b"removed");
    let of_file = |file: &ConfigText<'_>| {
        let is_json = file.path.ends_with(".json");
        if is_json { of_json(file.bytes) } else { of_hcl(file).unwrap_or_default() }
    };
    files.iter().filter(has_block).flat_map(of_file).collect()
}

fn of_hcl(file: &ConfigText<'_>) -> Result<Vec<RemovedCommand>, Fault> {
    let source = &*parse::parse(file.path, Path::new(file.path), file.bytes.into())?;
    let of_block = |block: &Block| {
        let from = block.body.attributes.get("from").map(|from| source.text(&from.value.span)).unwrap_or_default();
        let provisioners = block.body.blocks_named("provisioner").map(|it| text_of(it, source)).collect::<Vec<_>>();
        provisioners.into_iter().map(|text| RemovedCommand { from: from.trim().to_owned(), text })
    };
    Ok(source.body.blocks_named("removed").flat_map(of_block).collect())
}

fn text_of(provisioner: &Block, source: &Source) -> String {
    let kind = provisioner.labels.first().map_or("provisioner", String::as_str);
    let command = ["command", "inline", "script"].iter().find_map(|name| provisioner.body.attributes.get(*name));
    let words = command.map(|command| match &command.value.kind {
        ExprKind::String(text) => text.to_string(),
        _ => source.text(&command.value.span).to_owned(),
    });
    with_words(kind, &words.unwrap_or_default())
}

fn with_words(kind: &str, words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { kind.to_owned() } else { format!("{kind} `{words}`") }
}

fn of_json(bytes: &[u8]) -> Vec<RemovedCommand> {
    let node = std::str::from_utf8(bytes).ok().and_then(|text| json::parse(text).ok());
    let mut found = Vec::new();
    for block in node.iter().flat_map(|node| named(node, "removed")).flat_map(items) {
        let from = named(block, "from").find_map(text).unwrap_or_default();
        for (kind, body) in named(block, "provisioner").flat_map(items).flat_map(entries) {
            let command = ["command", "inline", "script"]
                .iter()
                .find_map(|name| items(body).flat_map(|it| named(it, name)).next());
            let words = command.map(|node| items(node).filter_map(text).collect::<Vec<_>>().join(" "));
            found.push(RemovedCommand { from: from.clone(), text: with_words(kind, &words.unwrap_or_default()) });
        }
    }
    found
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = if let Value::Object(entries) = &node.value { &entries[..] } else { &[] };
    entries.iter().map(|entry| (entry.key.as_str(), &entry.node))
}

fn named<'n>(node: &'n Node, name: &'n str) -> impl Iterator<Item = &'n Node> {
    entries(node).filter(move |(key, _)| *key == name).map(|(_, node)| node)
}

/// The parts of a list, or what stands in the place of one.
fn items(node: &Node) -> impl Iterator<Item = &Node> {
    match &node.value {
        Value::Array(items) => items.iter(),
        _ => std::slice::from_ref(node).iter(),
    }
}

fn text(node: &Node) -> Option<String> {
    if let Value::String(text) = &node.value { Some(text.clone()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Vec<String> {
        let file = ConfigText { module: ".", path, bytes: text.as_bytes() };
        commands(&[file]).into_iter().map(|it| format!("{} of {}", it.text, it.from)).collect()
    }

    #[test]
    fn provisioners_of_removed_blocks_are_found_in_hcl_and_json() {
        let block = |command: &str| {
            format!(
                "removed {{\n  from = module.m.terraform_data.old\n  provisioner \"local-exec\" {{\n    when = destroy\n    {command}\n  }}\n}}\n"
            )
        };
        let of = "of module.m.terraform_data.old";
        assert_eq!(told("a.tf", &block("command = \"echo  evil\"")), [format!("local-exec `echo evil` {of}")]);
        assert_eq!(
            told("a.tf", &block("command = \"rm ${self.id}\"")),
            [format!("local-exec `\"rm ${{self.id}}\"` {of}")]
        );
        assert_eq!(told("a.tf", &block("")), [format!("local-exec {of}")]);
        assert!(told("a.tf", "removed {\n  from = a.b\n}\n").is_empty());
        let json = r#"{"removed": [{"from": "a.b", "provisioner": [{"local-exec": {"when": "destroy", "command": "echo"}}]}, {"from": "c.d"}]}"#;
        assert_eq!(told("a.tf.json", json), ["local-exec `echo` of a.b"]);
        let json = r#"{"removed": {"from": "a.b", "provisioner": {"remote-exec": [{"inline": ["one", "two"]}]}}}"#;
        assert_eq!(told("a.tf.json", json), ["remote-exec `one two` of a.b"]);
    }
}
