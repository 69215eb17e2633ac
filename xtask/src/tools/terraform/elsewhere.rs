//! What in a plan would act in another account than the one that was proven, and what an apply has made there: neither guard
//! can see it, since it happens inside a provider.

use serde_json::Value;

use super::state::{Resource, State};
use crate::model::{AccountId, Reach, Remedy};

/// Types, by how they end, that name another account or a thing in it by these attributes without being there themselves:
/// the target of a rule, a subscription, which is its topic's, and what an organisation has of its members.
const OF_OTHERS: [&str; 6] = [
    "aws_cloudwatch_event_target",
    "aws_sns_topic_subscription",
    "_member",
    "_member_association",
    "_admin_account",
    "_delegated_administrator",
];

/// Attributes by which a resource tells in which account it is.
const TELLING: [&str; 4] = ["arn", "id", "owner_id", "account_id"];

/// The accounts in which a unit may have resources: its own, and those of the declared roles.
#[derive(Clone, Copy)]
struct Own<'a> {
    account: &'a AccountId,
    declared: &'a [String],
}

impl Own<'_> {
    fn has(self, id: &str) -> bool {
        id == self.account.as_str() || self.declared.iter().any(|role| account_of(role) == Some(id))
    }

    /// What a resource says of itself by this attribute, if that is in another account.
    fn foreign<'r>(self, resource: &'r Resource, key: &str) -> Option<&'r str> {
        let is_of_others = OF_OTHERS.iter().any(|ending| resource.kind.ends_with(ending));
        let value = resource.values[key].as_str().filter(|_| !is_of_others)?;
        // Other providers have ids of other kinds.
        let is_id = key != "arn" && resource.kind.starts_with("aws") && AccountId::parse(value).is_ok();
        let account = if is_id { Some(value) } else { account_of(value) };
        account.is_some_and(|id| !self.has(id)).then_some(value)
    }
}

/// The unit's own resources in the state that a plan was made from: one that lies in another account says that the state is
/// not this unit's.
pub(super) fn in_state(prior_state: &Value, account: &AccountId, declared: &[String]) -> Vec<Reach> {
    let (state, own) = (State::of(&prior_state["values"]), Own { account, declared });
    let foreign = state.resources.iter().filter_map(|resource| {
        let (key, value) = TELLING.iter().find_map(|key| Some((key, own.foreign(resource, key)?)))?;
        let is = if *key == "arn" { "is".to_owned() } else { format!("has the {key}") };
        let what = format!("{} {is} {value} in the state, which is another account", resource.address);
        Some(Reach::new(what).unless(Remedy::DeclareItsRole))
    });
    foreign.collect()
}

/// What an apply has made in another account, by the state after it: managed resources whose own ARN or id, or whose owner,
/// is in an account that is neither this one nor that of a declared role. What was there before is not the apply's, and what
/// a resource merely refers to (policies, images, roles that it trusts) may be anywhere.
pub fn made_by_apply(before: &State, after: &State, account: &AccountId, declared: &[String]) -> Vec<String> {
    let own = Own { account, declared };
    let was_there = |address: &str, key: &str, value: &str| {
        before.resources.iter().any(|known| known.address == address && known.values[key] == *value)
    };
    let mut found = Vec::new();
    for resource in &after.resources {
        for key in TELLING {
            let Some(value) = own.foreign(resource, key) else { continue };
            if !was_there(&resource.address, key, value) {
                found.push(format!("{}: {key} {value}", resource.address));
                break;
            }
        }
    }
    found
}

/// Looks through the configuration of a plan. `declared` are the roles that the settings know of.
pub(super) fn in_providers(configuration: &Value, account: &AccountId, declared: &[String]) -> Vec<Reach> {
    let mut found = Vec::new();
    // One with an alias may be for a part of what the module makes, which a declared role explains.
    let own = |name: &str| !name.contains('.') && makes_runner(&configuration["root_module"], name);
    foreign_providers(&configuration["provider_config"], account, declared, &own, &mut found);
    found
}

/// Whether this provider makes the tasks of a runner, in a module or in what it calls.
fn makes_runner(module: &Value, provider: &str) -> bool {
    let is_made = |resource: &Value| {
        resource["type"] == "aws_ecs_task_definition" && resource["provider_config_key"].as_str() == Some(provider)
    };
    module["resources"].as_array().into_iter().flatten().any(is_made)
        || module["module_calls"]
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, call)| makes_runner(&call["module"], provider))
}

/// The account in an ARN, if it names one; AWS's own resources name none.
fn account_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(3).filter(|id| is_arn && AccountId::parse(id).is_ok())
}

/// Providers that act with other credentials than those that were proven.
fn foreign_providers(
    providers: &Value,
    account: &AccountId,
    declared: &[String],
    is_own: &dyn Fn(&str) -> bool,
    found: &mut Vec<Reach>,
) {
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
                // The runner itself would be made there, under this account's name.
                Some(arn) if is_own(name) => {
                    let what = format!(
                        "provider `{name}`, by which the runner is made, assumes {arn}, a role of another account"
                    );
                    found.push(Reach::new(what));
                    continue;
                }
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
        let declared = ["arn:aws:iam::100000000009:role/known".to_owned()];
        let resource = |mode: &str, arn: &str| json!({ "address": "m.r", "mode": mode, "values": { "arn": arn } });
        let elsewhere = |resource: Value| {
            let root = json!({ "child_modules": [{ "resources": [resource] }] });
            in_state(&json!({ "values": { "root_module": root } }), &dev(), &declared).len()
        };
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::100000000006:role/x")), 1);
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::100000000004:role/x")), 0);
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::aws:policy/x")), 0);
        assert_eq!(elsewhere(resource("managed", "arn:aws:iam::100000000009:role/x")), 0, "a declared role made it");
        for (kind, values, n) in [
            ("aws_cloudwatch_event_target", json!({ "arn": "arn:aws:sns:us-east-1:100000000006:x" }), 0),
            ("aws_sns_topic_subscription", json!({ "arn": "arn:aws:sns:us-east-1:100000000006:x:1" }), 0),
            ("aws_guardduty_member", json!({ "account_id": "100000000006" }), 0),
            ("aws_security_group", json!({ "id": "sg-1", "owner_id": "100000000006" }), 1),
            ("aws_ecs_service", json!({ "id": "arn:aws:ecs:us-east-1:100000000006:service/b" }), 1),
        ] {
            let found = json!({ "address": "m.r", "mode": "managed", "type": kind, "values": values });
            assert_eq!(elsewhere(found), n, "{kind}");
        }
        assert_eq!(elsewhere(resource("data", "arn:aws:iam::100000000006:role/x")), 0);
    }

    #[test]
    fn resource_that_an_apply_made_in_another_account_is_found_and_what_it_refers_to_is_not() {
        let state = |kind: &str, values: Value| {
            let resource = json!({ "address": "x.y", "mode": "managed", "type": kind, "values": values });
            State::of(&json!({ "root_module": { "resources": [resource] } }))
        };
        let declared = ["arn:aws:iam::100000000009:role/known".to_owned()];
        let made =
            |kind: &str, values: Value| made_by_apply(&State::default(), &state(kind, values), &dev(), &declared);
        let prod = "arn:aws:ecs:us-east-1:100000000006:task-definition/x:1";
        for (kind, values) in [
            ("aws_ecs_task_definition", json!({ "arn": prod, "id": "x" })),
            ("awscc_thing", json!({ "arn": prod })),
            ("aws_ecs_service", json!({ "id": prod })),
            ("aws_security_group", json!({ "id": "sg-1", "owner_id": "100000000006" })),
            ("aws_s3_account_public_access_block", json!({ "id": "100000000006", "account_id": "100000000006" })),
        ] {
            assert_eq!(made(kind, values.clone()).len(), 1, "{values}");
            let there = state(kind, values);
            assert_eq!(made_by_apply(&there, &there, &dev(), &declared), Vec::<String>::new(), "it was there before");
        }
        for (kind, values) in [
            ("aws_iam_role", json!({ "arn": "arn:aws:iam::100000000004:role/x", "id": "x" })),
            ("aws_iam_policy", json!({ "arn": "arn:aws:iam::100000000004:policy/x", "policy": prod })),
            ("aws_lambda_permission", json!({ "id": "x", "principal": "arn:aws:iam::100000000006:root" })),
            ("aws_iam_role", json!({ "arn": "arn:aws:iam::100000000009:role/x" })),
            ("aws_iam_role_policy_attachment", json!({ "policy_arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" })),
            ("random_integer", json!({ "id": "100000000006" })),
            ("terraform_data", json!({ "id": "a", "input": { "arn": prod } })),
        ] {
            assert_eq!(made(kind, values.clone()), Vec::<String>::new(), "{values}");
        }
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

    #[test]
    fn no_declared_role_explains_that_the_runner_itself_is_made_in_another_account() {
        let role = "arn:aws:iam::100000000009:role/known";
        let expressions = json!({ "assume_role": [{ "role_arn": { "constant_value": role } }] });
        let reaches = |made_by: &str, provider: &str| {
            let task = json!({ "type": "aws_ecs_task_definition", "provider_config_key": made_by });
            let module = json!({ "module_calls": { "runner": { "module": { "resources": [task] } } } });
            let configuration = json!({
                "provider_config": { provider: { "name": "aws", "expressions": expressions } },
                "root_module": module,
            });
            in_providers(&configuration, &dev(), &[role.to_owned()]).len()
        };
        assert_eq!(reaches("aws", "aws.shared"), 0, "it is declared, and for something else");
        assert_eq!(reaches("aws", "aws"), 1);
        assert_eq!(reaches("aws.shared", "aws.shared"), 0, "it has an alias");
    }
}
