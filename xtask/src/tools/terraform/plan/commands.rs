//! What an apply runs besides the providers' own work, as the configuration in the plan tells: provisioners, and programs
//! behind `external` data sources.

use serde_json::Value;

/// Something that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The resource in the configuration, without keys of instances.
    pub(super) address: String,
    /// What it is and, where it is written out, what it runs.
    pub(super) text: String,
    /// Whether it is a provisioner, which runs when the resource is made, made anew or destroyed.
    pub(super) is_provisioner: bool,
}

/// Everything that the configuration of a plan may run.
pub(super) fn of(configuration: &Value) -> Vec<Command> {
    let mut found = Vec::new();
    in_module(&configuration["root_module"], "", &mut found);
    found
}

fn in_module(module: &Value, prefix: &str, found: &mut Vec<Command>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        let Some(address) = resource["address"].as_str() else { continue };
        let address = format!("{prefix}{address}");
        for provisioner in resource["provisioners"].as_array().into_iter().flatten() {
            let kind = provisioner["type"].as_str().unwrap_or("provisioner");
            let text = with_words(kind, &provisioner["expressions"], &["command", "inline", "script"]);
            found.push(Command { address: address.clone(), text, is_provisioner: true });
        }
        if resource["mode"] == "data" && resource["type"] == "external" {
            let text = with_words("program", &resource["expressions"], &["program"]);
            found.push(Command { address, text, is_provisioner: false });
        }
    }
    for (name, call) in module["module_calls"].as_object().into_iter().flatten() {
        in_module(&call["module"], &format!("{prefix}module.{name}."), found);
    }
}

/// What is run, as far as it is written out and not put together.
fn with_words(kind: &str, expressions: &Value, names: &[&str]) -> String {
    let constants = names.iter().map(|name| &expressions[*name]["constant_value"]);
    let words = constants.flat_map(|value| match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        value => value.as_str().into_iter().collect(),
    });
    let words = words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { kind.to_owned() } else { format!("{kind} `{words}`") }
}

/// An address without the keys of instances, as the configuration has it.
pub(super) fn without_keys(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    let (mut is_key, mut is_text, mut is_escaped) = (false, false, false);
    for letter in address.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' if is_key => is_text = !is_text,
            '[' if !is_text => is_key = true,
            ']' if !is_text => is_key = false,
            letter if !is_key => plain.push(letter),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn provisioners_and_external_programs_are_found_in_every_module() {
        let exec = |command: Value| json!([{ "type": "local-exec", "expressions": { "command": command } }]);
        let written = exec(json!({ "constant_value": "echo \\\n  hello" }));
        let external = json!({ "program": { "constant_value": ["python3", "who.py"] } });
        let inner = json!({ "resources": [
            { "address": "null_resource.x", "mode": "managed", "type": "null_resource", "provisioners": exec(json!({ "references": ["var.x"] })) },
            { "address": "data.external.who", "mode": "data", "type": "external", "expressions": external },
            { "address": "aws_iam_role.x", "mode": "managed", "type": "aws_iam_role" },
        ] });
        let root = json!({
            "resources": [{ "address": "terraform_data.x", "mode": "managed", "type": "terraform_data", "provisioners": written }],
            "module_calls": { "inner": { "module": inner } },
        });
        let found = of(&json!({ "root_module": root }));
        let told: Vec<_> = found.iter().map(|it| format!("{} {} {}", it.address, it.text, it.is_provisioner)).collect();
        assert_eq!(
            told,
            [
                "terraform_data.x local-exec `echo \\ hello` true",
                "module.inner.null_resource.x local-exec true",
                "module.inner.data.external.who program `python3 who.py` false",
            ]
        );
    }

    #[test]
    fn keys_of_instances_are_left_out_whatever_is_in_them() {
        for (address, plain) in [
            ("module.a[0].aws_x.b[1]", "module.a.aws_x.b"),
            ("aws_x.b[\"a.b\"]", "aws_x.b"),
            ("aws_x.b[\"]\\\"[\"].c", "aws_x.b.c"),
            ("aws_x.b", "aws_x.b"),
        ] {
            assert_eq!(without_keys(address), plain, "{address}");
        }
    }
}
