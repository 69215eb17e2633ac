//! What in a plan would act in another account than the one that was proven: neither guard can see it, since it happens
//! inside a provider.

use serde_json::Value;

use crate::model::{AccountId, Reach, Remedy};

/// Looks through the prior state of a plan.
pub(super) fn in_state(prior_state: &Value, account: &AccountId) -> Vec<Reach> {
    let mut found = Vec::new();
    foreign_arns(&prior_state["values"]["root_module"], account, &mut found);
    found
}

/// Looks through the configuration of a plan. `declared` are the roles that the settings know of.
pub(super) fn in_providers(configuration: &Value, account: &AccountId, declared: &[String]) -> Vec<Reach> {
    let mut found = Vec::new();
    foreign_providers(&configuration["provider_config"], account, declared, &mut found);
    found
}

/// The unit's own resources in the state: one that lies in another account says that the state is not this unit's.
fn foreign_arns(module: &Value, account: &AccountId, found: &mut Vec<Reach>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        let managed = resource["mode"] == "managed";
        let arn = resource["values"]["arn"].as_str();
        if let Some(arn) = arn.filter(|arn| managed && account_of(arn).is_some_and(|id| id != account.as_str())) {
            let address = resource["address"].as_str().unwrap_or("a resource");
            found.push(Reach::new(format!("{address} is {arn} in the state, which is another account")));
        }
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        foreign_arns(child, account, found);
    }
}

/// The account in an ARN, if it names one; AWS's own resources name none.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(3).filter(|id| is_arn && AccountId::parse(id).is_ok())
}

/// Providers that act with other credentials than those that were proven.
fn foreign_providers(providers: &Value, account: &AccountId, declared: &[String], found: &mut Vec<Reach>) {
    const OTHER_CREDENTIALS: [&str; 6] = [
        "profile",
        "access_key",
        "shared_credentials_file",
        "shared_credentials_files",
        "shared_config_files",
        "assume_role_with_web_identity",
    ];
    for (name, provider) in providers.as_object().into_iter().flatten() {
        let expressions = &provider["expressions"];
        for key in OTHER_CREDENTIALS {
            if is_set(&expressions[key]) {
                found.push(Reach::new(format!("provider `{name}` has credentials of its own: `{key}`")));
            }
        }
        for role in roles(&expressions["assume_role"]) {
            let what = match role["role_arn"]["constant_value"].as_str() {
                Some(arn) if account_of(arn) == Some(account.as_str()) => continue,
                Some(arn) if declared.iter().any(|role| role == arn) => continue,
                Some(arn) => format!("provider `{name}` assumes {arn}, a role of another account"),
                None => format!("provider `{name}` assumes a role that the plan doesn't name"),
            };
            found.push(Reach::new(what).unless(Remedy::DeclareRole));
        }
    }
}

/// Terraform writes the blocks of a provider as a list, and an attribute of the same name as one object.
fn roles(assume_role: &Value) -> Vec<&Value> {
    match assume_role {
        Value::Array(blocks) => blocks.iter().collect(),
        other if is_set(other) => vec![other],
        _ => Vec::new(),
    }
}

/// Whether an expression may give a value. Only a `null` that is written out gives none: a call of a function without
/// references is an empty object, and what it gives is not told.
fn is_set(expression: &Value) -> bool {
    match expression {
        Value::Null => false,
        Value::Object(parts) => parts.get("constant_value") != Some(&Value::Null),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dev() -> AccountId {
        AccountId::parse("100000000004").unwrap()
    }

    #[test]
    fn a_state_with_resources_of_another_account_is_found() {
        let resource = |mode: &str, arn: &str| json!({ "address": "m.r", "mode": mode, "values": { "arn": arn } });
        let elsewhere = |resource: Value| {
            let root = json!({ "child_modules": [{ "resources": [resource] }] });
            in_state(&json!({ "values": { "root_module": root } }), &dev()).len()
        };
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::100000000006:role/x")), 1);
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::100000000004:role/x")), 0);
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::aws:policy/x")), 0);
        assert_eq!(elsewhere(resource("data", "arn:aws:iam::100000000006:role/x")), 0);
    }

    #[test]
    fn a_provider_with_credentials_of_its_own_is_found_unless_the_settings_declare_the_role() {
        let declared = ["arn:aws:iam::100000000009:role/known".to_owned()];
        let elsewhere = |expressions: Value| {
            let configuration = json!({ "provider_config": { "aws": { "name": "aws", "expressions": expressions } } });
            in_providers(&configuration, &dev(), &declared).len()
        };
        let role = |arn: &str| json!({ "assume_role": [{ "role_arn": { "constant_value": arn } }] });
        assert_eq!(elsewhere(json!({ "region": { "constant_value": "us-east-1" } })), 0);
        assert_eq!(elsewhere(json!({ "profile": { "constant_value": "prod" } })), 1);
        assert_eq!(elsewhere(json!({ "profile": { "references": ["var.profile"] } })), 1);
        assert_eq!(elsewhere(role("arn:aws:iam::100000000006:role/x")), 1);
        assert_eq!(elsewhere(role("arn:aws:iam::100000000004:role/x")), 0);
        assert_eq!(elsewhere(role("arn:aws:iam::100000000009:role/known")), 0);
        // A function call without references is an empty object in a plan: measured with terraform 1.11.4.
        for role in [json!({ "references": ["var.role"] }), json!({})] {
            assert_eq!(elsewhere(json!({ "assume_role": [{ "role_arn": role }] })), 1);
        }
        assert_eq!(elsewhere(json!({ "assume_role": {} })), 1, "an attribute whose value is not told");
        assert_eq!(elsewhere(json!({ "profile": {} })), 1);
        assert_eq!(elsewhere(json!({ "profile": { "constant_value": null } })), 0);
    }
}
