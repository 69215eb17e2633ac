//! The few questions to ECS, ECR and Lambda, asked in our own process by their documented JSON protocols: the AWS CLI takes
//! half a second of a processor to start, and `doctor` asks six accounts some twenty questions.
//!
//! What AWS answers is told as it is, and so is the network's reason for no answer. Only what is not known here, places and
//! operations, is left to the AWS CLI.

mod request;
mod sign;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::env::{self, Env};
use crate::tools::keys::Keys;
use crate::tools::sts::{self, Limits};
use request::Request;

/// The services, as they are reached from here.
#[derive(Debug)]
pub struct Api<'e> {
    vars: &'e Env,
    limits: Limits,
    /// Where nobody was reached: each further try would cost the whole patience.
    unreached: Mutex<BTreeMap<String, AwsError>>,
}

impl<'e> Api<'e> {
    /// The services for the keys in this environment.
    pub fn new(vars: &'e Env, limits: Limits) -> Self {
        Self { vars, limits, unreached: Mutex::default() }
    }

    /// The document that the AWS CLI would print for these words, or why there is none; `None` if only the CLI can ask.
    pub fn ask(&self, words: &[String]) -> Option<Result<String, AwsError>> {
        if has_own_addresses(self.vars) {
            return None;
        }
        let request = Request::of(words, env::text(self.vars, "AWS_ENDPOINT_URL"))?;
        let keys = Keys::in_environment(self.vars)?;
        let unreached = || self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = unreached().get(&request.endpoint) {
            return Some(Err(error.clone()));
        }
        let answered = match self.send(&request, &keys).ok()? {
            // A connection may be lost for no reason of its own.
            Err(error) if error.cause == Cause::Unreachable => self.send(&request, &keys).ok()?,
            answered => answered,
        };
        if let Err(error) = &answered
            && error.is_of_the_way()
        {
            unreached().insert(request.endpoint, error.clone());
        }
        Some(answered)
    }

    /// Outside: that no request could be made.
    fn send(&self, request: &Request, keys: &Keys) -> anyhow::Result<Result<String, AwsError>> {
        let connector = sts::connector(self.vars, &self.limits)?;
        let signed = request.signed(keys, SystemTime::now())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answered = async {
            let response: HttpResponse =
                connector.call(signed).await.map_err(|error| AwsError::of_connector(&error, &self.limits))?;
            let status = response.status().as_u16();
            let code = response.headers().get("x-amzn-errortype").map(str::to_owned);
            let body = ByteStream::new(response.into_body()).collect().await;
            let body =
                body.map_err(|error| AwsError::new(Cause::Unreachable, &format!("the answer broke off: {error}")))?;
            answer(status, code.as_deref(), &String::from_utf8_lossy(&body.to_vec()))
        };
        let in_time = runtime.block_on(async { tokio::time::timeout(self.limits.answer, answered).await });
        Ok(in_time.unwrap_or_else(|_| Err(AwsError::no_answer(&self.limits))))
    }
}

/// Whether services have addresses here that only the CLI knows how to find
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>).
fn has_own_addresses(vars: &Env) -> bool {
    let is_one =
        |name: &str| name.starts_with("AWS_ENDPOINT_URL_") || [env::USE_FIPS, env::USE_DUALSTACK].contains(&name);
    vars.keys().filter_map(|name| name.to_str()).any(is_one)
}

/// Lambda has the code of an error in a header, the others have it in the document.
fn answer(status: u16, code: Option<&str>, body: &str) -> Result<String, AwsError> {
    let Ok(document) = serde_json::from_str::<Value>(body) else { return Err(AwsError::not_aws(status)) };
    if status == 200 {
        return Ok(body.to_owned());
    }
    // `com.amazonaws.ecs#ClientException`, `ClientException:http://…`, or the name alone.
    let bare = |code: &str| code.rsplit('#').next().and_then(|code| code.split(':').next()).map(str::to_owned);
    let is_missing = status == 404 && document["Type"] == "User";
    let code = code.or(document["__type"].as_str()).and_then(bare);
    let Some(code) = code.or(is_missing.then(|| "ResourceNotFoundException".to_owned())) else {
        return Err(AwsError::not_aws(status));
    };
    let message = ["message", "Message"].iter().find_map(|key| document[*key].as_str()).unwrap_or_default();
    Err(AwsError::answered(&code, message))
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
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::tools::question::Question;
    use crate::tools::sts::LIMITS;

    fn words() -> Vec<String> {
        Question::Cluster { region: "us-east-1".parse().unwrap(), name: "x".to_owned() }.words()
    }

    fn vars(name: &str, value: &str) -> Env {
        let vars = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x"), (name, value)];
        vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn addresses_that_only_the_cli_finds_are_left_to_it() {
        for name in ["AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL_ECS"] {
            assert_eq!(Api::new(&vars(name, "x"), LIMITS).ask(&words()), None, "{name}");
        }
    }

    #[test]
    fn every_answer_of_aws_is_a_document_or_its_error() {
        let document = r#"{"taskDefinition":{}}"#;
        assert_eq!(answer(200, None, document).unwrap(), document);
        for (status, header, body, cause, words) in [
            (
                400,
                None,
                r#"{"__type":"com.amazonaws.ecs#ClientException","message":"Unable to describe"}"#,
                Cause::Other,
                "ClientException: Unable to describe",
            ),
            (
                404,
                Some("ResourceNotFoundException:http://internal.amazon.com/"),
                r#"{"Type":"User","Message":"Function not found"}"#,
                Cause::Other,
                "ResourceNotFoundException: Function not found",
            ),
            (404, None, r#"{"Type":"User","Message":"no"}"#, Cause::Other, "ResourceNotFoundException: no"),
            (400, None, r#"{"__type":"ThrottlingException"}"#, Cause::Throttled, "ThrottlingException"),
            (
                403,
                Some("ExpiredTokenException"),
                r#"{"message":"The security token is expired"}"#,
                Cause::Expired,
                "ExpiredTokenException: The security token is expired",
            ),
            (400, None, r#"{"__type":"AccessDeniedException"}"#, Cause::Denied, "AccessDeniedException"),
            (200, None, "<html>a proxy</html>", Cause::NotAws, "HTTP status 200, without a code of AWS"),
            (502, None, "{}", Cause::Unavailable, "HTTP status 502, without a code of AWS"),
            (407, None, "", Cause::Proxy, "HTTP status 407, without a code of AWS"),
            (404, None, r#"{"message":"no route matched"}"#, Cause::NotAws, "HTTP status 404, without a code of AWS"),
        ] {
            let error = answer(status, header, body).unwrap_err();
            assert_eq!((error.cause, error.words().as_str()), (cause, words), "{status} {body}");
        }
    }

    /// Takes connections, counts them, and answers each with `answer`, or never if there is none.
    fn standing_in(answer: Option<&'static str>) -> (Env, Arc<AtomicUsize>) {
        let (listener, n_asked) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicUsize::new(0)));
        let vars = vars("AWS_ENDPOINT_URL", &format!("http://{}", listener.local_addr().unwrap()));
        let counted = Arc::clone(&n_asked);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut connection in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                match answer {
                    Some(answer) => {
                        let _ = connection.read(&mut [0; 8192]);
                        let _ = connection.write_all(answer.as_bytes());
                    }
                    None => held.push(connection),
                }
            }
        });
        (vars, n_asked)
    }

    #[test]
    fn who_accepts_and_never_answers_is_asked_once_and_told_as_a_timeout() {
        let (vars, n_asked) = standing_in(None);
        let api = Api::new(&vars, Limits { answer: Duration::from_millis(250), ..LIMITS });
        for _ in 0..3 {
            let error = api.ask(&words()).unwrap().unwrap_err();
            assert_eq!(error.to_string(), "AWS did not answer in time (no answer within 0.25 s)");
        }
        assert_eq!(n_asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn refusal_is_told_without_being_asked_for_again() {
        let body = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let answer = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let (vars, n_asked) = standing_in(Some(answer.leak()));
        let error = Api::new(&vars, LIMITS).ask(&words()).unwrap().unwrap_err();
        assert_eq!((error.cause, n_asked.load(Ordering::SeqCst)), (Cause::Denied, 1));
    }

    #[test]
    fn lost_connection_is_tried_once_more() {
        let (vars, n_asked) = standing_in(Some(""));
        let error = Api::new(&vars, LIMITS).ask(&words()).unwrap().unwrap_err();
        assert_eq!((error.cause, n_asked.load(Ordering::SeqCst)), (Cause::Unreachable, 2));
    }
}
