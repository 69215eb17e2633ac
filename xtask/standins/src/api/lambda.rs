//! `GetFunctionConfiguration` of Lambda, for the invoker that the module makes with a runner.

use serde_json::{Value, json};

use super::{Answer, Call, Fault};
use crate::cloud::ecs;
use crate::partition;
use crate::store;
use crate::world::Inject;

/// The configuration of a runner of today, and of one from before v0.50.6: JSON in gzip in base64, as
/// `BASE64GZ_CONFIG_DATA_JSON` has it.
const CONFIG: &str = "H4sIAAAAAAACA31Qy27DIBD8F06tauK7T/2PJKrWsLZRgUXLuk2U+t+LwaqqHnrZx6CdGeahLJl3ZO0CzKjH1XmLrIaHqqP+/bqj\
    4D19on2jJI5iVsNZac2YSHV1mGrPC9RuKAreRCeQpQKNbnIe/2KHAYG5gk0duG0YP3RGwyjq2v142GVzqTPedh9Pi0jKQ99/zU5e\
    n0tZ1vFyORkK56G/nl722wXYGrLlunAf9p3FkEgwFvZt65QgM0zEQScPMbY4XJwYsvBqZGXUFpOnu86GXZJ/gml5jC4C349IQoBo\
    288bSU2iKG/fStGU8Y0BAAA=";
const OLD_CONFIG: &str = "H4sIAAAAAAACA31QMW7DMAz8i6YWteLdU/6RGAUt0bZQSRQoGkmQ+u+xJaMoOnQhiSN4x7unsmS+kLULMKEeFuctsuqeqoz693ZH\
    wXu6of2kJI5iVt1Fac2YSDVlGEvPM5RuKAreRSeQuQCVbnQe/2LHAwJTAas68KT65kd018lbnfC+C7/NIil3bfs9OTm/b2Vehuv1\
    ZChcurY/fey3M7A1ZLfrjez411kMiQSjqH5dGyXIDCNx0MlDjNW/iyNDFl6MLIzaYvL00NmwS/JPEjWAwUXgx5FBCBBttVpJivVN\
    eX0BusafFX4BAAA=";

/// Describes the invoker of a runner that is deployed. Its environment is what `accounts/ID/lambda.json` says; without such
/// a file it lets through what the documented builds pass, unless the runner is to be an old one.
pub(super) fn get_function_configuration(call: &Call<'_>) -> Answer {
    let (world, region, keys, name) = (call.world, &call.region, &call.keys, call.text("FunctionName"));
    let arn = format!("arn:{}:lambda:{region}:{}:function:{name}", partition::of(region), keys.account);
    let all = ecs::read(world, &keys.account)?;
    let deployed = name.strip_suffix("-invoker").and_then(|runner| ecs::newest_of(&all, region, runner));
    let Some(deployed) = deployed else {
        return Err(Fault::new("ResourceNotFoundException", format!("Function not found: {arn}")));
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
    let config = if world.injects(&Inject::OldKaniko) { OLD_CONFIG } else { CONFIG };
    let variables = variables.unwrap_or_else(|| json!({ "BASE64GZ_CONFIG_DATA_JSON": config }));
    function["Environment"] = json!({ "Variables": variables });
    Ok(function)
}
