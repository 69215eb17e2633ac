//! What the configuration that a plan was made from runs and the plan's JSON doesn't tell of: provisioners of `removed`
//! blocks (<https://developer.hashicorp.com/terraform/language/block/removed>), the `exec` of providers, and the programs
//! that encrypt states (<https://opentofu.org/docs/language/state/encryption/>).

use std::path::Path;

use super::hcl::parse;
use super::hcl::syntax::{Block, Body, Expr, ExprKind};
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
pub fn of_removed_blocks(files: &[ConfigText<'_>]) -> Vec<RemovedCommand> {
    let has_block = |file: &&ConfigText<'_>| has_word(file.bytes, "removed");
    let of_file = |file: &ConfigText<'_>| {
        let is_json = file.path.ends_with(".json");
        if is_json { of_json(file.bytes) } else { of_hcl(file).unwrap_or_default() }
    };
    files.iter().filter(has_block).flat_map(of_file).collect()
}

/// The programs that providers run for their credentials, and those that encrypt states.
pub fn of_providers_and_encryption(files: &[ConfigText<'_>]) -> Vec<String> {
    let of_file = |file: &ConfigText<'_>| {
        let mut found = Vec::new();
        if file.path.ends_with(".json") {
            let node = std::str::from_utf8(file.bytes).ok().and_then(|text| json::parse(text).ok());
            node.iter().for_each(|node| in_node(node, "", &mut found));
        } else if let Ok(source) = parse::parse(file.path, Path::new(file.path), file.bytes.into()) {
            let is_settings = |block: &&Block| ["provider", "terraform"].contains(&block.kind.as_str());
            let blocks = source.body.blocks.iter().filter(is_settings);
            blocks.for_each(|block| in_body(&block.body, &source, &mut found));
        }
        found
    };
    let has_any = |file: &&ConfigText<'_>| [EXEC, EXTERNAL].iter().any(|word| has_word(file.bytes, word));
    files.iter().filter(has_any).flat_map(of_file).collect()
}

/// Whether a text has this word, and not only as a part of a longer one. Most files have none, and aren't parsed.
fn has_word(text: &[u8], word: &str) -> bool {
    let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memchr::memmem::find_iter(text, word.as_bytes())
        .any(|at| !is_inside(text[..at].last()) && !is_inside(text.get(at + word.len())))
}

/// The block of a provider that runs a program.
const EXEC: &str = "exec";
/// The label of what encrypts by a program.
const EXTERNAL: &str = "external";

fn in_body(body: &Body, source: &Source, found: &mut Vec<String>) {
    for block in &body.blocks {
        let is_external = block.labels.first().is_some_and(|label| label == EXTERNAL);
        if block.kind == EXEC || is_external {
            let command = block.body.attributes.get("command").map(|it| source.text(&it.value.span));
            found.push(with_words(&block.kind, command.unwrap_or_default().trim_matches('"')));
        }
        in_body(&block.body, source, found);
    }
    body.attributes.iter().for_each(|(name, attribute)| in_expr(name, &attribute.value, source, found));
}

fn in_expr(name: &str, expr: &Expr, source: &Source, found: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Object(entries) if name == EXEC => {
            let command = entries.iter().find(|entry| entry.key.written() == Some("command"));
            let words = command.map_or("", |command| source.text(&command.value.span).trim_matches('"'));
            found.push(with_words(EXEC, words));
        }
        ExprKind::Object(entries) => {
            // A key that only Terraform works out may be any.
            entries.iter().for_each(|entry| {
                let has_command = || matches!(&entry.value.kind, ExprKind::Object(inner) if inner.iter().any(|it| it.key.written() == Some("command")));
                let name = entry.key.written().unwrap_or_else(|| if has_command() { EXEC } else { "" });
                in_expr(name, &entry.value, source, found);
            });
        }
        ExprKind::List(items) => items.iter().for_each(|item| in_expr(name, item, source, found)),
        // What it comes to is not worked out.
        _ => {
            let text = source.text(&expr.span);
            if text != "null" && (name == EXEC || has_word(text.as_bytes(), EXEC)) {
                found.push(with_words(EXEC, text));
            }
        }
    }
}

fn in_node(node: &Node, name: &str, found: &mut Vec<String>) {
    for item in items(node) {
        if [EXEC, EXTERNAL].contains(&name) {
            let commands = named(item, "command").map(|it| items(it).filter_map(text).collect::<Vec<_>>().join(" "));
            found.extend(commands.map(|words| with_words(name, &words)));
        }
        entries(item).for_each(|(key, inner)| in_node(inner, key, found));
    }
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
        of_removed_blocks(&[file]).into_iter().map(|it| format!("{} of {}", it.text, it.from)).collect()
    }

    #[test]
    fn programs_of_providers_and_of_encryption_are_found_at_any_depth() {
        let told = |path: &str, text: &str| {
            of_providers_and_encryption(&[ConfigText { module: ".", path, bytes: text.as_bytes() }])
        };
        let exec = "exec {\n command = \"aws\"\n args = [\"eks\"]\n}";
        assert_eq!(told("a.tf", &format!("provider \"kubernetes\" {{\n{exec}\n}}\n")), ["exec `aws`"]);
        assert_eq!(told("a.tf", &format!("provider \"helm\" {{\nkubernetes {{\n{exec}\n}}\n}}\n")), ["exec `aws`"]);
        let aligned = "provider \"helm\" {\n kubernetes = {\n host   = \"x\"\n exec   = { command = \"aws\" }\n}\n}\n";
        assert_eq!(told("a.tf", aligned), ["exec `aws`"]);
        let worked_out = "provider \"helm\" {\n kubernetes = var.on ? { exec = { command = \"aws\" } } : null\n}\n";
        assert_eq!(told("a.tf", worked_out), ["exec `var.on ? { exec = { command = \"aws\" } } : null`"]);
        assert_eq!(told("a.tf", "provider \"kubernetes\" {\n exec\t{\n}\n}\n"), ["exec"]);
        assert!(told("a.tf", "provider \"x\" {\n execute = 1\n exec = null\n}\n").is_empty());
        let helm = "provider \"helm\" {\n kubernetes = { exec = { command = \"aws\" } }\n}\n";
        assert_eq!(told("a.tf", helm), ["exec `aws`"]);
        for key in ["\"exec\"", "(\"exec\")", "(local.exec)"] {
            let helm = format!(
                "provider \"helm\" {{\n kubernetes = {{ {key} = {{ \"command\" = \"aws\" }} }}\n}}\nlocals {{\n exec = \"exec\"\n}}\n"
            );
            assert_eq!(told("a.tf", &helm), ["exec `aws`"], "{key}");
        }
        let encryption =
            "terraform {\n encryption {\n key_provider \"external\" \"x\" {\n command = [\"/x.sh\"]\n}\n}\n}\n";
        assert_eq!(told("a.tf", encryption), ["key_provider `[\"/x.sh\"]`"]);
        let json = r#"{"provider": {"kubernetes": [{"exec": [{"command": "aws"}]}]}}"#;
        assert_eq!(told("a.tf.json", json), ["exec `aws`"]);
        assert!(told("a.tf", "resource \"a\" \"exec\" {\n x = { exec = 1 }\n}\n").is_empty());
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
