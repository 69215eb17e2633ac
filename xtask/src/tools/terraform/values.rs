//! The hash of everything that a plan would change, values included: equal for two plans that would do exactly the same.

use serde_json::Value;

/// The SHA-256 of what the document of `show -json` changes, in lowercase hexadecimal; empty if it changes nothing.
pub(super) fn sha256(document: &Value) -> String {
    let resources =
        document["resource_changes"].as_array().into_iter().flatten().filter(|change| does_something(change));
    let outputs = document["output_changes"].as_object().into_iter().flatten();
    let outputs = outputs.filter(|(_, change)| change["actions"] != serde_json::json!(["no-op"]));
    let mut lines: Vec<_> = resources
        .map(|change| format!("{} {} {}", change["address"], change["previous_address"], change["change"]))
        .chain(outputs.map(|(name, change)| format!("output {name} {change}")))
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    lines.sort();
    let digest = ring::digest::digest(&ring::digest::SHA256, lines.join("\n").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn does_something(resource: &Value) -> bool {
    let actions = &resource["change"]["actions"];
    let is_quiet = [serde_json::json!(["no-op"]), serde_json::json!(["read"])].contains(actions);
    !is_quiet || !resource["previous_address"].is_null() || !resource["change"]["importing"].is_null()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(actions: &[&str], tag: &str) -> String {
        let change = json!({ "actions": actions, "before": null, "after": { "image": tag } });
        sha256(&json!({ "resource_changes": [{ "address": "a.b", "change": change }], "timestamp": tag }))
    }

    #[test]
    fn the_same_changes_with_other_values_have_another_hash() {
        assert_eq!(of(&["create"], "v1"), of(&["create"], "v1"));
        assert_ne!(of(&["create"], "v1"), of(&["create"], "v2"));
        assert_ne!(of(&["create"], "v1"), of(&["update"], "v1"));
    }

    #[test]
    fn what_changes_nothing_does_not_count() {
        assert_eq!(of(&["no-op"], "v1"), "");
        assert_eq!(of(&["read"], "v1"), "");
    }
}
