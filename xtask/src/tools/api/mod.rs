//! The few questions to ECS, ECR and Lambda, asked in our own process by their documented JSON protocols: the AWS CLI takes
//! half a second of a processor to start, and `doctor` asks six accounts some twenty questions.
//!
//! Only a plain answer counts: what is there, or that it isn't. Whatever else comes back, or doesn't, the AWS CLI is asked
//! in our place, with its own retries and in the words that people know.

mod request;
mod sign;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use crate::tools::answer::Answer;
use crate::tools::env::{self, Env};
use crate::tools::keys::Keys;
use crate::tools::sts;
use request::Request;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What says that something is not there.
const NOT_THERE: [&str; 5] = [
    "ClientException",
    "ClusterNotFoundException",
    "ImageNotFoundException",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
];

/// What the AWS CLI would answer to these words; `None` if it has to be asked itself, an error if nobody was reached.
pub fn ask(words: &[String], vars: &Env) -> anyhow::Result<Option<Answer>> {
    if has_own_addresses(vars) {
        return Ok(None);
    }
    let request = Request::of(words, env::text(vars, "AWS_ENDPOINT_URL"));
    let (Some(request), Some(keys)) = (request, Keys::in_environment(vars)) else { return Ok(None) };
    let (status, body) = send(&request, &keys, vars)?;
    Ok(answer(&request, status, &body))
}

/// Whether services have addresses here that only the CLI knows how to find
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>).
fn has_own_addresses(vars: &Env) -> bool {
    let is_one =
        |name: &str| name.starts_with("AWS_ENDPOINT_URL_") || [env::USE_FIPS, env::USE_DUALSTACK].contains(&name);
    vars.keys().filter_map(|name| name.to_str()).any(is_one)
}

fn send(request: &Request, keys: &Keys, vars: &Env) -> anyhow::Result<(u16, String)> {
    let connector = sts::connector(vars)?;
    let signed = request.signed(keys, SystemTime::now())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answered = async {
        let response: HttpResponse = connector.call(signed).await?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await?;
        anyhow::Ok((status, String::from_utf8(body.to_vec())?))
    };
    runtime.block_on(async { tokio::time::timeout(PATIENCE, answered).await }).context("no answer in time")?
}

/// As the CLI puts it: the document on standard output, or the error on standard error.
fn answer(request: &Request, status: u16, body: &str) -> Option<Answer> {
    let document: Value = serde_json::from_str(body).ok()?;
    if status == 200 {
        return Some(Answer { code: Some(0), stdout: body.to_owned(), stderr: String::new() });
    }
    // `com.amazonaws.ecs#ClientException`, or the name alone; Lambda has it in a header, and a type of the caller's fault.
    let code = document["__type"].as_str().and_then(|code| code.rsplit('#').next());
    let is_missing = status == 404 && document["Type"] == "User";
    let code = code.or(is_missing.then_some("ResourceNotFoundException"))?;
    let message = ["message", "Message"].iter().find_map(|key| document[*key].as_str()).unwrap_or_default();
    let stderr = format!("An error occurred ({code}) when calling the {} operation: {message}", request.operation);
    NOT_THERE.contains(&code).then(|| Answer { code: Some(254), stdout: String::new(), stderr })
}

impl Request {
    fn signed(&self, keys: &Keys, now: SystemTime) -> anyhow::Result<HttpRequest> {
        let mut request = HttpRequest::new(SdkBody::from(self.body.as_str()));
        request.set_method(self.method)?;
        request.set_uri(format!("{}{}", self.endpoint, self.path))?;
        for (name, value) in sign::headers(self, keys, now)? {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;
    use crate::tools::question::Question;

    #[test]
    fn addresses_that_only_the_cli_finds_are_left_to_it() {
        let words = Question::Cluster { region: "us-east-1".parse().unwrap(), name: "x".to_owned() }.words();
        for name in ["AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL_ECS"] {
            let vars = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x"), (name, "x")];
            let vars = vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            assert_eq!(ask(&words, &vars).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn only_plain_answers_count() {
        let region: Region = "us-east-1".parse().unwrap();
        let question = Question::TaskDefinition { region, family: "x".to_owned() };
        let request = Request::of(&question.words(), None).unwrap();
        let said = |status, body| answer(&request, status, body);
        let there = said(200, r#"{"taskDefinition":{}}"#).unwrap();
        assert_eq!((there.code, there.stdout.as_str()), (Some(0), r#"{"taskDefinition":{}}"#));
        let missing = said(400, r#"{"__type":"com.amazonaws.ecs#ClientException","message":"Unable to describe"}"#);
        assert_eq!(
            missing.unwrap().stderr,
            "An error occurred (ClientException) when calling the DescribeTaskDefinition operation: Unable to describe"
        );
        assert!(said(404, r#"{"Type":"User","Message":"Function not found"}"#).is_some());
        for (status, body) in [
            (400, r#"{"__type":"ThrottlingException"}"#),
            (400, r#"{"__type":"AccessDeniedException","message":"no"}"#),
            (403, r#"{"message":"The security token is expired"}"#),
            (200, "<html>a proxy</html>"),
            (502, "{}"),
            (404, r#"{"message":"no route matched"}"#),
        ] {
            assert_eq!(said(status, body), None, "{status} {body}");
        }
    }
}
