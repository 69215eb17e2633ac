//! AWS STS by its SDK: whose credentials are these? Asked in our own process, so that no wrapper can answer for it.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{
    AsyncSleep, BehaviorVersion, Credentials, SharedCredentialsProvider, SharedHttpClient, Sleep,
    StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use aws_smithy_types::date_time::Format;

use crate::model::{AccountId, Region};
use crate::tools::aws_error::AwsError;
use crate::tools::env::{self, Env};
use crate::tools::http::Http;
use crate::tools::keys::Keys;

/// How long AWS is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until a request is answered, the connection included.
    pub answer: Duration,
    /// How often STS is asked in all, while AWS is busy or out of reach.
    pub n_tries: u32,
}

/// The limits that apply to every request of ours.
pub const LIMITS: Limits = Limits { connect: Duration::from_secs(5), answer: Duration::from_secs(10), n_tries: 3 };

/// What STS says about a set of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account that the keys belong to.
    pub account: AccountId,
    /// The ARN of the user or the assumed role.
    pub arn: String,
}

/// Asks STS in `region`, or at `endpoint` if the settings name one, whose keys these are
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
///
/// FIPS and dual-stack endpoints are used where the environment turns them on, as the programs will do.
/// Proxies are taken from this process's environment, a private authority from `SSL_CERT_FILE` and `AWS_CA_BUNDLE`.
/// Gives up after the tries that [`LIMITS`] allows. What AWS answered instead is an [`AwsError`].
pub fn caller_identity(keys: &Keys, region: &Region, endpoint: Option<&str>, vars: &Env) -> anyhow::Result<Identity> {
    caller_identity_within(&LIMITS, keys, region, endpoint, vars)
}

fn caller_identity_within(
    limits: &Limits,
    keys: &Keys,
    region: &Region,
    endpoint: Option<&str>,
    vars: &Env,
) -> anyhow::Result<Identity> {
    let client = client(Some(keys), region, endpoint, vars, limits, http(vars, limits)?);
    let answer = pollster::block_on(client.get_caller_identity().send());
    let answer = answer.map_err(|error| AwsError::of_sdk(&error))?;
    let account = answer.account().context("STS answered without an account")?;
    Ok(Identity { account: account.parse()?, arn: answer.arn().unwrap_or_default().to_owned() })
}

/// The keys of a role for the token of an identity provider
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>), asked for as above.
pub fn assume_role_with_web_identity(
    role: &str,
    session: &str,
    token: &str,
    region: &Region,
    endpoint: Option<&str>,
    vars: &Env,
) -> anyhow::Result<Keys> {
    let client = client(None, region, endpoint, vars, &LIMITS, http(vars, &LIMITS)?);
    let request = client.assume_role_with_web_identity().role_arn(role).role_session_name(session);
    let answer = pollster::block_on(request.web_identity_token(token).send());
    let answer = answer.map_err(|error| AwsError::of_sdk(&error))?;
    let keys = answer.credentials().context("STS answered without keys")?;
    Ok(Keys {
        access_key_id: keys.access_key_id().to_owned(),
        secret_access_key: keys.secret_access_key().to_owned(),
        session_token: Some(keys.session_token().to_owned()),
        expires: Some(keys.expiration().fmt(Format::DateTime)?),
    })
}

/// Pauses between tries: nothing else waits on this thread.
#[derive(Debug)]
struct Pauses;

impl AsyncSleep for Pauses {
    fn sleep(&self, pause: Duration) -> Sleep {
        Sleep::new(async move { std::thread::sleep(pause) })
    }
}

fn client(
    keys: Option<&Keys>,
    region: &Region,
    endpoint: Option<&str>,
    vars: &Env,
    limits: &Limits,
    http: SharedHttpClient,
) -> aws_sdk_sts::Client {
    let credentials = keys.map(|keys| {
        let Keys { access_key_id, secret_access_key, session_token, .. } = keys;
        let keys = Credentials::new(access_key_id, secret_access_key, session_token.clone(), None, "environment");
        SharedCredentialsProvider::new(keys)
    });
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(aws_sdk_sts::config::Region::new(region.to_string()))
        .retry_config(RetryConfig::standard().with_max_attempts(limits.n_tries))
        // The way there has its own.
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .sleep_impl(Pauses)
        .http_client(http);
    config.set_credentials_provider(credentials);
    match endpoint {
        Some(url) => config.set_endpoint_url(Some(url.to_owned())),
        None => config
            .set_use_fips(Some(env::is_true(vars, env::USE_FIPS)))
            .set_use_dual_stack(Some(env::is_true(vars, env::USE_DUALSTACK))),
    };
    aws_sdk_sts::Client::from_conf(config.build())
}

fn http(vars: &Env, limits: &Limits) -> anyhow::Result<SharedHttpClient> {
    let connector = SharedHttpConnector::new(Http::new(vars, limits)?);
    Ok(http_client_fn(move |_, _| connector.clone()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::tools::aws_error::Cause;

    /// Remembers where requests go, and answers none.
    #[derive(Clone, Debug, Default)]
    struct Asked(Arc<Mutex<Vec<String>>>);

    impl HttpConnector for Asked {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.0.lock().expect("nothing panics").push(request.uri().to_owned());
            HttpConnectorFuture::ready(Err(ConnectorError::user("nobody is there".into())))
        }
    }

    fn keys() -> Keys {
        let vars = Env::from([
            ("AWS_ACCESS_KEY_ID".into(), "AKIAEXAMPLE".into()),
            ("AWS_SECRET_ACCESS_KEY".into(), "secret".into()),
        ]);
        Keys::in_environment(&vars).expect("both halves are there")
    }

    fn asked(vars: &[(&str, &str)], endpoint: Option<&str>) -> String {
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let asked = Asked::default();
        let connector = SharedHttpConnector::new(asked.clone());
        let http = http_client_fn(move |_, _| connector.clone());
        let region = "us-east-1".parse().expect("a region");
        let client = client(Some(&keys()), &region, endpoint, &vars, &LIMITS, http);
        assert!(pollster::block_on(client.get_caller_identity().send()).is_err());
        let asked = asked.0.lock().expect("nothing panics");
        asked.first().cloned().unwrap_or_default()
    }

    #[test]
    fn sts_is_asked_at_the_kind_of_endpoint_that_the_programs_will_use() {
        assert_eq!(asked(&[], None), "https://sts.us-east-1.amazonaws.com/");
        assert_eq!(asked(&[(env::USE_FIPS, "false")], None), "https://sts.us-east-1.amazonaws.com/");
        assert_eq!(asked(&[(env::USE_FIPS, "true")], None), "https://sts-fips.us-east-1.amazonaws.com/");
        assert_eq!(asked(&[(env::USE_DUALSTACK, "True")], None), "https://sts.us-east-1.api.aws/");
        let own = Some("http://127.0.0.1:1");
        assert_eq!(asked(&[(env::USE_FIPS, "true")], own), "http://127.0.0.1:1/");
    }

    #[test]
    fn who_accepts_and_never_answers_is_told_as_a_timeout() {
        let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
        let endpoint = format!("http://{}", silent.local_addr().expect("it is bound"));
        let limits = Limits { answer: Duration::from_millis(250), n_tries: 1, ..LIMITS };
        let region = "us-east-1".parse().expect("a region");
        let error = caller_identity_within(&limits, &keys(), &region, Some(&endpoint), &Env::new()).unwrap_err();
        assert_eq!(error.to_string(), "AWS did not answer in time (no answer within 0.25 s)");
        assert_eq!(error.downcast_ref::<AwsError>().map(|error| error.cause), Some(Cause::Timeout));
    }
}
