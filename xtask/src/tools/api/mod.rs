//! Questions to ECS, ECR and Lambda, asked in our own process by their documented JSON protocols: one request each, in the
//! account of the keys that the environment has.
//!
//! What AWS answers is told as it is, and so is the network's reason for no answer.

mod place;
mod request;
mod sign;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use serde_json::Value;
use ureq::http;

use crate::model::Region;
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::env::Env;
use crate::tools::http::Http;
use crate::tools::keys::Keys;
use crate::tools::question::{Answer, Question};
use crate::tools::sts::{self, Limits};
use request::Request;

/// How often a question is asked in all while AWS is busy.
pub const N_TRIES: u32 = 6;

const LIMITS: Limits = Limits { n_tries: N_TRIES, ..sts::LIMITS };

/// How many questions are asked side by side in one account.
const AT_ONCE: usize = 4;

/// Asks all of these with the keys in `vars`, and gives the answers in their order. `AWS_ENDPOINT_URL` stands for AWS if it is
/// set; FIPS and dual-stack endpoints, proxies and authorities are those that STS is asked with.
pub fn ask_all(questions: Vec<Question>, vars: &Env) -> Vec<Answer> {
    let api = match Api::new(vars, LIMITS) {
        Ok(api) => api,
        Err(error) => return vec![Answer::Failed(error); questions.len()],
    };
    let next = AtomicUsize::new(0);
    let not_asked = Answer::Failed(AwsError::new(Cause::Other, "the question was not asked"));
    let mut answers = vec![not_asked; questions.len()];
    let worker = || {
        let mut answers = Vec::new();
        while let Some((n, question)) = questions.iter().enumerate().nth(next.fetch_add(1, Ordering::SeqCst)) {
            answers.push((n, api.ask(question)));
        }
        answers
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(questions.len())).map(|_| scope.spawn(worker)).collect();
        for (n, answer) in workers.into_iter().filter_map(|worker| worker.join().ok()).flatten() {
            answers[n] = answer;
        }
    });
    answers
}

/// The password with which docker signs in to the registries in a region, as `AWS`.
pub fn registry_password(region: &Region, vars: &Env) -> anyhow::Result<String> {
    let api = Api::new(vars, LIMITS)?;
    let document = api.send(&Request::registry_token(region, vars))?;
    let token = document["authorizationData"][0]["authorizationToken"].as_str().context("ECR answered without one")?;
    let pair = aws_smithy_types::base64::decode(token).ok().and_then(|pair| String::from_utf8(pair).ok());
    let pair = pair.context("the password that ECR answered with is no text")?;
    let password = pair.strip_prefix("AWS:").context("the password that ECR answered with is not for `AWS`")?;
    Ok(password.to_owned())
}

/// The services, as they are reached from here.
#[derive(Debug)]
struct Api {
    vars: Env,
    limits: Limits,
    http: Http,
    /// Where nobody was reached: each further try would cost the whole patience.
    unreached: Mutex<BTreeMap<String, AwsError>>,
}

impl Api {
    /// The services for the keys in this environment.
    fn new(vars: &Env, limits: Limits) -> Result<Self, AwsError> {
        let http = Http::new(vars, &limits)?;
        Ok(Self { vars: vars.clone(), limits, http, unreached: Mutex::default() })
    }

    fn ask(&self, question: &Question) -> Answer {
        match self.send(&Request::of(question, &self.vars)) {
            Ok(document) => Answer::Found(document),
            Err(error) if question.is_absence(&error) => Answer::Absent,
            Err(error) => Answer::Failed(error),
        }
    }

    /// Sends a request until there is an answer that will stay: again while AWS is busy, each time later, and once more where
    /// a connection was lost, as it may be for no reason of its own.
    fn send(&self, request: &Request) -> Result<Value, AwsError> {
        let unreached = || self.unreached.lock().unwrap_or_else(PoisonError::into_inner);
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            if let Some(error) = unreached().get(&request.endpoint) {
                return Err(error.clone());
            }
            match self.send_once(request) {
                Err(error) if error.cause == Cause::Unreachable && n_tries == 1 => {}
                Err(error) if error.may_pass() && n_tries < self.limits.n_tries => {
                    std::thread::sleep(pause(n_tries, SystemTime::now()));
                }
                answered => {
                    if let Err(error) = answered.as_ref()
                        && error.is_of_the_way()
                    {
                        unreached().insert(request.endpoint.clone(), error.clone());
                    }
                    return answered;
                }
            }
        }
    }

    fn send_once(&self, request: &Request) -> Result<Value, AwsError> {
        let keys = Keys::in_environment(&self.vars);
        let keys = keys.ok_or_else(|| AwsError::new(Cause::NoCredentials, "no keys in the environment"))?;
        let signed = request.signed(&keys, SystemTime::now());
        let signed = signed.map_err(|error| AwsError::new(Cause::Other, &format!("{error:#}")))?;
        let response = self.http.send(signed)?;
        let code = response.headers().get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        answer(response.status().as_u16(), code, &String::from_utf8_lossy(response.body()))
    }
}

/// How long to wait after so many tries: twice as long each time, and not as long as others who began at the same moment.
fn pause(n_tries: u32, now: SystemTime) -> Duration {
    let longest = Duration::from_millis(250) * 2_u32.pow(n_tries.clamp(1, 6) - 1);
    let part = now.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_micros() % 1000;
    longest / 2 + longest / 2 * part / 1000
}

/// Lambda has the code of an error in a header, the others have it in the document.
fn answer(status: u16, code: Option<&str>, body: &str) -> Result<Value, AwsError> {
    let Ok(document) = serde_json::from_str::<Value>(body) else { return Err(AwsError::not_aws(status)) };
    if status == 200 {
        return Ok(document);
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
    fn signed(&self, keys: &Keys, now: SystemTime) -> anyhow::Result<http::Request<Vec<u8>>> {
        let mut request = http::Request::builder().method(self.method).uri(format!("{}{}", self.endpoint, self.path));
        for (name, value) in sign::headers(self, keys, now)? {
            request = request.header(name, value);
        }
        Ok(request.body(self.body.clone().into_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::Arc;

    use super::*;

    fn question() -> Question {
        Question::Cluster { region: "us-east-1".parse().unwrap(), name: "x".to_owned() }
    }

    fn failed(answers: &[Answer]) -> &AwsError {
        match answers.last() {
            Some(Answer::Failed(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    fn vars(name: &str, value: &str) -> Env {
        let vars = [("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "x"), (name, value)];
        vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn every_answer_of_aws_is_a_document_or_its_error() {
        let document = r#"{"taskDefinition":{}}"#;
        assert_eq!(answer(200, None, document).unwrap().to_string(), document);
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
        let api = Api::new(&vars, Limits { answer: Duration::from_millis(250), ..LIMITS }).unwrap();
        for _ in 0..3 {
            let answer = api.ask(&question());
            assert_eq!(failed(&[answer]).to_string(), "AWS did not answer in time (no answer within 0.25 s)");
        }
        assert_eq!(n_asked.load(Ordering::SeqCst), 1);
    }

    fn http(status: &str, body: &str) -> Option<&'static str> {
        Some(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).leak())
    }

    #[test]
    fn refusal_is_told_without_being_asked_for_again() {
        let (vars, n_asked) =
            standing_in(http("400 Bad Request", r#"{"__type":"AccessDeniedException","message":"no"}"#));
        let answers = ask_all(vec![question()], &vars);
        assert_eq!((failed(&answers).cause, n_asked.load(Ordering::SeqCst)), (Cause::Denied, 1));
    }

    #[test]
    fn lost_connection_is_tried_once_more() {
        let (vars, n_asked) = standing_in(Some(""));
        let answers = ask_all(vec![question()], &vars);
        assert_eq!((failed(&answers).cause, n_asked.load(Ordering::SeqCst)), (Cause::Unreachable, 2));
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let (vars, n_asked) = standing_in(http("200 OK", r#"{"clusters":[]}"#));
        let mut questions = vec![question(); 9];
        let name = "x".to_owned();
        questions[4] = Question::Cluster { region: "eu-west-1".parse().unwrap(), name };
        let answers = ask_all(questions, &vars);
        assert_eq!(answers, vec![Answer::Found(serde_json::json!({ "clusters": [] })); 9]);
        assert_eq!(n_asked.load(Ordering::SeqCst), 9);
        assert!(ask_all(Vec::new(), &vars).is_empty());
    }

    #[test]
    fn busy_service_is_asked_later_and_later_and_not_for_ever() {
        let now = UNIX_EPOCH + Duration::from_micros(999);
        let longest: Vec<_> = (1..N_TRIES).map(|n| pause(n, now).as_millis()).collect();
        assert_eq!(longest, [249, 499, 999, 1999, 3998]);
        assert_eq!(pause(1, UNIX_EPOCH), Duration::from_millis(125));

        let (mut vars, n_asked) = standing_in(http("400 Bad Request", r#"{"__type":"ThrottlingException"}"#));
        let api = Api::new(&vars, Limits { n_tries: 2, ..LIMITS }).unwrap();
        let answer = api.ask(&question());
        assert_eq!((failed(&[answer]).cause, n_asked.load(Ordering::SeqCst)), (Cause::Throttled, 2));

        vars.remove(std::ffi::OsStr::new("AWS_ACCESS_KEY_ID"));
        assert_eq!(failed(&ask_all(vec![question()], &vars)).cause, Cause::NoCredentials);
    }
}
