//! ECS, ECR and Lambda, as far as xtask asks them, by the protocols that AWS documents: what is asked for in JSON is answered
//! in JSON.

mod ecr;
mod ecs;
mod lambda;

use serde_json::{Value, json};

use crate::keys::Keys;
use crate::refusal::Refusal;
use crate::sts::http::{Request, Response};
use crate::world::World;

/// A request to one of the services.
pub(crate) struct Call<'a> {
    world: &'a World,
    keys: Keys,
    region: String,
    operation: String,
    input: Value,
}

impl Call<'_> {
    /// A text of the input; empty if there is none.
    fn text(&self, name: &str) -> &str {
        self.input[name].as_str().unwrap_or_default()
    }

    /// The texts of a list of the input.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.input[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// What a service answers in place of a document.
#[derive(Debug)]
pub(crate) struct Fault {
    code: String,
    message: String,
}

impl Fault {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// Whatever goes wrong with the rehearsal itself is a fault of AWS to those who ask.
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::new("ServerException", refusal.text)
    }
}

type Answer = Result<Value, Fault>;

const FUNCTIONS: &str = "/2015-03-31/functions/";

/// Whether a request is for one of these services.
pub(crate) fn is_for(request: &Request) -> bool {
    request.header("x-amz-target").is_some() || request.target.starts_with(FUNCTIONS)
}

/// Answers a request. The signature isn't checked, but key and session token must be those that were handed out.
pub(crate) fn answer(world: &World, request: &Request) -> Response {
    let is_lambda = request.target.starts_with(FUNCTIONS);
    match call(world, request).and_then(|call| asked(&call)) {
        Ok(document) => Response { status: 200, error: None, body: document.to_string() },
        // Lambda has the code in a header.
        Err(Fault { code, message }) if is_lambda => {
            let status = if code == "ResourceNotFoundException" { 404 } else { 403 };
            Response { status, error: Some(code), body: json!({ "Type": "User", "Message": message }).to_string() }
        }
        Err(Fault { code, message }) => {
            let body = json!({ "__type": format!("com.amazonaws#{code}"), "message": message }).to_string();
            Response { status: if code == "ServerException" { 500 } else { 400 }, error: None, body }
        }
    }
}

fn call<'a>(world: &'a World, request: &Request) -> Result<Call<'a>, Fault> {
    let (service, operation, input) = match (request.header("x-amz-target"), request.method.as_str()) {
        (Some(target), "POST") => {
            let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
            let service = match prefix {
                "AmazonEC2ContainerRegistry_V20150921" => "ecr",
                "AmazonEC2ContainerServiceV20141113" => "ecs",
                _ => return Err(Fault::new("UnknownOperationException", target)),
            };
            if request.header("content-type") != Some("application/x-amz-json-1.1") {
                return Err(Fault::new("SerializationException", "the content is not JSON 1.1"));
            }
            let input = serde_json::from_str(&request.body);
            (service, operation, input.map_err(|error| Fault::new("SerializationException", error.to_string()))?)
        }
        (None, "GET") => {
            let name = request.target.strip_prefix(FUNCTIONS).and_then(|rest| rest.strip_suffix("/configuration"));
            let name = name.ok_or_else(|| Fault::new("UnknownOperationException", request.target.as_str()))?;
            ("lambda", "GetFunctionConfiguration", json!({ "FunctionName": name.replace("%3A", ":") }))
        }
        _ => return Err(Fault::new("UnknownOperationException", request.method.as_str())),
    };
    let (keys, region) = request.signed_by(world, service).map_err(|code| {
        let code = if code == "InvalidClientTokenId" { "UnrecognizedClientException" } else { code };
        Fault::new(code, "The security token included in the request is invalid.")
    })?;
    // A log that can't be written is no reason to leave a client without an answer.
    let _ = world.log(json!({
        "event": "asked",
        "service": service,
        "operation": operation,
        "account": keys.account,
        "region": region,
        "input": input,
    }));
    Ok(Call { world, keys, region, operation: operation.to_owned(), input })
}

fn asked(call: &Call<'_>) -> Answer {
    match call.operation.as_str() {
        "DescribeImages" => ecr::describe_images(call),
        "GetRepositoryPolicy" => ecr::repository_policy(call),
        "GetRegistryPolicy" => {
            Err(Fault::new("RegistryPolicyNotFoundException", "Registry policy does not exist in the registry"))
        }
        "GetAuthorizationToken" => Ok(ecr::token(call)),
        "DescribeTaskDefinition" => ecs::describe_task_definition(call),
        "DescribeClusters" => ecs::describe_clusters(call),
        "DescribeTasks" => ecs::describe_tasks(call),
        "GetFunctionConfiguration" => lambda::get_function_configuration(call),
        other => Err(Fault::new("UnknownOperationException", other)),
    }
}
