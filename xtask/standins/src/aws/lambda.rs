//! `aws lambda get-function-configuration`, for the invoker that the module makes with a runner.

use serde_json::{Value, json};

use super::args::Call;
use super::{keys, service_error};
use crate::cloud::ecs;
use crate::refusal::Outcome;
use crate::store;
use crate::world::World;

/// Describes the invoker of a runner that is deployed. Its environment is what `accounts/ID/lambda.json` says, if there
/// is such a file.
pub(super) fn get_function_configuration(world: &World, call: &Call) -> Outcome<Value> {
    let operation = "GetFunctionConfiguration";
    let region = call.region()?;
    let keys = keys(world, operation)?;
    let name = call.value("function-name").unwrap_or_default();
    let arn = format!("arn:aws:lambda:{region}:{}:function:{name}", keys.account);
    let all = ecs::read(world, &keys.account)?;
    let deployed = name.strip_suffix("-invoker").and_then(|runner| ecs::newest_of(&all, &region, runner));
    let Some(deployed) = deployed else {
        let message = format!("Function not found: {arn}");
        return Err(service_error(operation, "ResourceNotFoundException", &message));
    };
    let variables: Option<Value> = store::read_if_there(&world.service(&keys.account, "lambda"))?;
    let mut function = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "LastModified": deployed,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    });
    if let Some(variables) = variables {
        function["Environment"] = json!({ "Variables": variables });
    }
    Ok(function)
}
