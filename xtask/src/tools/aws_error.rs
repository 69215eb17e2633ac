//! What went wrong between us and AWS, by kind: the code and message that AWS answered with, or why no answer came. One table
//! gives the kind of each code, and one gives what a kind means and what helps against it whichever credential tool is used.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use crate::model::acts;
use crate::tools::http;
use crate::tools::sts::Limits;

/// Longer messages are cut: that of a wrong signature repeats the whole request.
const LONGEST: usize = 400;

/// The kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Temporary credentials have ended.
    Expired,
    /// The credential tool has no credentials, or none that are valid.
    NoCredentials,
    /// The profile is not set up so that the AWS CLI could turn it into keys.
    Setup,
    /// The role is not assigned to this user of IAM Identity Center, or there is none of that name.
    NotAssigned,
    /// The MFA device that the profile names is none of this user's.
    MfaDevice,
    /// The session would last longer than AWS allows.
    Duration,
    /// The AWS CLI is of version 1, which can't turn a profile into keys.
    OldCli,
    /// The key id is unknown.
    UnknownKeys,
    /// The secret key does not belong to the key id.
    Signature,
    /// The clock of this machine is wrong.
    Clock,
    /// The MFA code is wrong, or was used before.
    CodeRefused,
    /// A policy denies the question.
    Denied,
    /// The region is not enabled.
    RegionOff,
    /// Too many requests.
    Throttled,
    /// AWS has a fault of its own.
    Unavailable,
    /// The proxy did not let the request through.
    Proxy,
    /// The name of the host has no address.
    Dns,
    /// The certificate is not trusted, or the other side does not speak TLS.
    Tls,
    /// The certificates of the authorities that are trusted are not there.
    Authorities,
    /// No connection.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The answer is not one of AWS.
    NotAws,
    /// Anything else.
    Other,
}

/// What AWS answered, or why nothing was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsError {
    /// Its kind.
    pub cause: Cause,
    /// AWS's code, such as `ExpiredToken`.
    pub code: Option<String>,
    /// The message of AWS, of the network, or of the program that was asked: one line of plain text.
    pub message: String,
}

impl AwsError {
    /// An error without a code.
    pub fn new(cause: Cause, message: &str) -> Self {
        Self { cause, code: None, message: plain(message) }
    }

    /// An answer with a code.
    pub fn answered(code: &str, message: &str) -> Self {
        let cause = match of_code(code) {
            // https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
            Cause::Signature if ["expired", "not yet current"].iter().any(|words| message.contains(words)) => {
                Cause::Clock
            }
            _ if is_refused_code(&message.to_lowercase()) => Cause::CodeRefused,
            Cause::Denied if message.contains("verify your MFA serial number") => Cause::MfaDevice,
            Cause::Other if ["DurationSeconds", "session limit"].iter().any(|words| message.contains(words)) => {
                Cause::Duration
            }
            cause => cause,
        };
        Self { cause, code: Some(plain(code)), message: plain(message) }
    }

    /// What the SDK returned.
    pub fn of_sdk<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, Response>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match error {
            SdkError::ServiceError(answered) => match (answered.err().code(), answered.err().message()) {
                (Some(code), message) => Self::answered(code, message.unwrap_or_default()),
                (None, _) => Self::not_aws(status.unwrap_or_default()),
            },
            SdkError::ResponseError(_) => Self::not_aws(status.unwrap_or_default()),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error().and_then(http::told) {
                Some(error) => error.clone(),
                None => Self::new(Cause::Other, "the request could not be sent"),
            },
            other => Self::new(Cause::Other, &root(other)),
        }
    }

    /// That an answer did not come in time.
    pub fn no_answer(limits: &Limits) -> Self {
        Self::new(Cause::Timeout, &format!("no answer within {} s", limits.answer.as_secs_f32()))
    }

    /// An HTTP status without AWS's document.
    pub fn not_aws(status: u16) -> Self {
        let cause = match status {
            407 => Cause::Proxy,
            429 => Cause::Throttled,
            500.. => Cause::Unavailable,
            _ => Cause::NotAws,
        };
        Self::new(cause, &format!("HTTP status {status}, without a code of AWS"))
    }

    /// What a program wrote that asked AWS for us: `An error occurred (CODE) when calling the X operation: MESSAGE`, `api error
    /// CODE: MESSAGE`, or the words of the network.
    pub fn of_text(text: &str) -> Self {
        let answered = text.split_once("An error occurred (").and_then(|(_, rest)| rest.split_once(") when calling "));
        if let Some((code, rest)) = answered.filter(|(code, _)| code.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            let message = rest.split_once("operation").map_or(rest, |(_, rest)| rest);
            // `(reached max retries: 2)` may stand in between.
            let message = message.split_once("): ").or_else(|| message.split_once(": ")).map_or(message, |(_, it)| it);
            return Self::answered(code, message);
        }
        // The SDK for Go, of which aws-vault is made.
        if let Some((code, message)) = text.split_once("api error ").and_then(|(_, rest)| rest.split_once(": ")) {
            return Self::answered(code, message);
        }
        let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Self::new(of_words(&text.to_lowercase()), line)
    }

    /// `ExpiredToken: The security token included in the request is expired`.
    pub fn words(&self) -> String {
        match (&self.code, self.message.as_str()) {
            (Some(code), "") => code.clone(),
            (Some(code), message) => format!("{code}: {message}"),
            (None, message) => message.to_owned(),
        }
    }

    /// What it means, in one sentence without a full stop.
    pub fn meaning(&self) -> &'static str {
        match self.cause {
            Cause::Expired => "the session has expired",
            Cause::NoCredentials => "there are no valid credentials",
            Cause::Setup => "the AWS CLI cannot turn the profile into keys",
            Cause::NotAssigned => "the role is not assigned to you in IAM Identity Center, or its name is wrong",
            Cause::MfaDevice => "the MFA device that the profile names is none of yours",
            Cause::Duration => "the session would last longer than AWS allows",
            Cause::OldCli => "this AWS CLI is too old to turn a profile into keys",
            Cause::UnknownKeys => {
                "AWS does not know the access key: it was deleted or deactivated, or this region is not enabled"
            }
            Cause::Signature => "the secret key does not belong to the access key",
            Cause::Clock => "the clock of this machine differs from that of AWS",
            Cause::CodeRefused => "AWS refused the MFA code",
            Cause::Denied => "a policy denies these credentials the request",
            Cause::RegionOff => "the region is not enabled in this account",
            Cause::Throttled => "AWS limits the rate of requests",
            Cause::Unavailable => "AWS has a fault of its own",
            Cause::Proxy => "the proxy did not let the request through",
            Cause::Dns => "the address of AWS could not be found",
            Cause::Tls => "the connection to AWS is not secure",
            Cause::Authorities => "nobody is trusted to vouch for AWS",
            Cause::Unreachable => "AWS could not be reached",
            Cause::Timeout => "AWS did not answer in time",
            Cause::NotAws => "something other than AWS answered",
            Cause::Other => "AWS refused the request",
        }
    }

    /// What helps whichever credential tool is used; nothing where that is the credential tool's to mend.
    pub fn remedy(&self) -> Option<&'static str> {
        match self.cause {
            Cause::Expired | Cause::NoCredentials | Cause::UnknownKeys | Cause::Signature => None,
            Cause::Setup => Some(
                "correct the profile as this says: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html",
            ),
            Cause::NotAssigned => Some(
                "name a profile with a role that you have there (the access portal lists them), or have it assigned",
            ),
            Cause::MfaDevice => Some("correct `mfa_serial` of the profile: `aws iam list-mfa-devices` shows yours"),
            Cause::Duration => {
                Some("lower `duration_seconds` of the profile; where one role assumes another, an hour is the most")
            }
            Cause::OldCli => {
                Some("install version 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html")
            }
            Cause::Clock => Some("set the clock (`date -u` shows it), and run the command again"),
            Cause::CodeRefused => Some(
                "AWS accepts each code once: wait for the next one; if it is refused too, `mfa_serial` may be another device",
            ),
            Cause::Denied => {
                Some("compare the policies of the role or user, and the service control policies of the account")
            }
            Cause::RegionOff => Some("enable the region in the account, or correct the region of the unit"),
            Cause::Throttled => Some("run the command again in a minute, with `--jobs 2` if it happens again"),
            Cause::Unavailable => {
                Some("run the command again in a few minutes; https://health.aws.amazon.com tells more")
            }
            Cause::Proxy if self.message.contains("407") || self.message.contains("authorization") => {
                Some("the proxy wants a user and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT")
            }
            Cause::Proxy => Some("check HTTPS_PROXY and NO_PROXY in this shell"),
            Cause::Dns if self.message.contains("-fips.") => Some(
                "AWS has no such endpoint in some regions: unset AWS_USE_FIPS_ENDPOINT, and `use_fips_endpoint` in the AWS config",
            ),
            Cause::Dns if self.message.contains(".api.aws") => Some(
                "AWS has no such endpoint in some regions: unset AWS_USE_DUALSTACK_ENDPOINT, and `use_dualstack_endpoint` in the AWS config",
            ),
            Cause::Dns => Some("check the network, the VPN and the region of the unit; behind a proxy set HTTPS_PROXY"),
            Cause::Tls => Some("where a proxy inspects TLS, name its certificate: AWS_CA_BUNDLE=/path/to/ca.pem"),
            Cause::Authorities => {
                Some("correct the variable or unset it; a slim container needs its package ca-certificates")
            }
            Cause::Unreachable | Cause::Timeout => {
                Some("check the network, the VPN and the firewall; behind a proxy set HTTPS_PROXY")
            }
            Cause::NotAws => {
                Some("check the proxy and the network: a page that asks to sign in answers for everything")
            }
            Cause::Other => {
                Some("the code is explained in https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html")
            }
        }
    }

    /// Whether this is what AWS answered.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether AWS was not reached, so that whatever else is asked there will not be answered either.
    pub fn is_of_the_way(&self) -> bool {
        matches!(
            self.cause,
            Cause::Proxy | Cause::Dns | Cause::Tls | Cause::Authorities | Cause::Unreachable | Cause::Timeout
        )
    }

    /// Whether the same request may well be answered a little later.
    pub fn may_pass(&self) -> bool {
        matches!(self.cause, Cause::Throttled | Cause::Unavailable)
    }

    /// Whether new credentials are what is missing.
    pub fn is_mended_by_a_new_session(&self) -> bool {
        matches!(self.cause, Cause::Expired | Cause::NoCredentials)
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.meaning(), self.words())
    }
}

impl Error for AwsError {}

/// The kind of a code, of STS and of the services
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>).
fn of_code(code: &str) -> Cause {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "ExpiredToken" | "TokenRefreshRequired" | "Unauthorized" | "InvalidGrant" => Cause::Expired,
        "Forbidden" => Cause::NotAssigned,
        "InvalidClientTokenId" | "UnrecognizedClient" | "InvalidAccessKeyId" | "AuthFailure" => Cause::UnknownKeys,
        "MissingAuthenticationToken" | "IncompleteSignature" => Cause::NoCredentials,
        "SignatureDoesNotMatch" | "InvalidSignature" => Cause::Signature,
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => Cause::Clock,
        "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" => Cause::Denied,
        "RegionDisabled" | "OptInRequired" => Cause::RegionOff,
        "Throttling"
        | "ThrottledRequest"
        | "ThrottlingError"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "SlowDown" => Cause::Throttled,
        "ServiceUnavailable" | "InternalFailure" | "InternalError" | "InternalServer" | "Server" | "Service" => {
            Cause::Unavailable
        }
        _ => Cause::Other,
    }
}

/// Whether this, in lower case, is about a code: one that is wrong or was used, or one of another length than AWS's.
fn is_refused_code(text: &str) -> bool {
    text.contains("invalid mfa one time pass code") || text.contains("tokencode")
}

/// The kind of a failure that has no code, by the words of hyper, rustls, the system, and Python's botocore.
pub(super) fn of_words(text: &str) -> Cause {
    if is_refused_code(text) {
        return Cause::CodeRefused;
    }
    let rules: [(Cause, &[&str]); 7] = [
        // A connection that was lost, which rustls tells in words of TLS.
        (Cause::Unreachable, &["close_notify", "unexpected-eof"]),
        (Cause::Proxy, &["tunnel error", "proxy authentication", "proxy authorization", "connect to proxy", "407"]),
        (
            Cause::Dns,
            &["dns error", "failed to lookup address", "name resolution", "name or service not known", "no such host"],
        ),
        (Cause::Tls, &["certificate", "tls", "ssl", "invalidcontenttype"]),
        (
            Cause::NoCredentials,
            &[
                "sso session",
                "sso token",
                "sso login",
                "aws login",
                "token has expired",
                "custom-process",
                "no credentials",
                "unable to locate credentials",
            ],
        ),
        (Cause::Timeout, &["timed out", "timeout"]),
        (
            Cause::Unreachable,
            &["connection refused", "unreachable", "connection reset", "could not connect", "no route"],
        ),
    ];
    let known = rules.iter().find(|(_, any)| any.iter().any(|words| text.contains(words)));
    known.map_or(Cause::Other, |(cause, _)| *cause)
}

/// The message of what an error goes back to.
fn root(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// One line that can move no cursor, and not a long one.
fn plain(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line: String = line.chars().filter(|letter| !acts(*letter)).collect();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_kind() {
        for (code, message, cause) in [
            ("ExpiredToken", "", Cause::Expired),
            ("ExpiredTokenException", "", Cause::Expired),
            ("InvalidClientTokenId", "", Cause::UnknownKeys),
            ("UnrecognizedClientException", "", Cause::UnknownKeys),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", Cause::Signature),
            ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than", Cause::Clock),
            ("SignatureDoesNotMatch", "Signature not yet current: 2026", Cause::Clock),
            ("AccessDenied", "", Cause::Denied),
            ("AccessDeniedException", "", Cause::Denied),
            ("Throttling", "", Cause::Throttled),
            ("ThrottlingException", "", Cause::Throttled),
            ("RegionDisabledException", "", Cause::RegionOff),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
                Cause::CodeRefused,
            ),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
                Cause::Denied,
            ),
            ("ValidationError", "Value '12' at 'tokenCode' failed to satisfy constraint", Cause::CodeRefused),
            ("ServiceUnavailable", "", Cause::Unavailable),
            ("Wonderful", "", Cause::Other),
        ] {
            assert_eq!(AwsError::answered(code, message).cause, cause, "{code}: {message}");
        }
    }

    #[test]
    fn words_of_programs_and_networks_have_their_kind() {
        for (text, cause) in [
            (
                "An error occurred (ExpiredTokenException) when calling the DescribeImages operation: is expired",
                Cause::Expired,
            ),
            (
                "An error occurred (AccessDenied) when calling the X operation (reached max retries: 2): no",
                Cause::Denied,
            ),
            (
                "aws-vault: error: exec: Failed to get credentials for dev: operation error STS: AssumeRole, https response \
                 error StatusCode: 403, RequestID: x, api error AccessDenied: MultiFactorAuthentication failed with invalid \
                 MFA one time pass code. \n",
                Cause::CodeRefused,
            ),
            (
                "Parameter validation failed:\nInvalid length for parameter TokenCode, value: 3, valid min length: 6",
                Cause::CodeRefused,
            ),
            ("Error loading SSO Token: Token for x does not exist", Cause::NoCredentials),
            ("The SSO session associated with this profile has expired or is otherwise invalid.", Cause::NoCredentials),
            ("Could not connect to the endpoint URL: \"https://sts\"", Cause::Unreachable),
            ("SSL validation failed for https://sts [SSL: CERTIFICATE_VERIFY_FAILED]", Cause::Tls),
            ("Failed to connect to proxy URL: \"http://127.0.0.1:1\"", Cause::Proxy),
            (
                "client error (Connect): dns error: failed to lookup address information: Name or service not known",
                Cause::Dns,
            ),
            (
                "client error (SendRequest): connection error: peer closed connection without sending TLS close_notify: \
                 https://docs.rs/rustls/latest/rustls/manual/_03_howto/index.html#unexpected-eof",
                Cause::Unreachable,
            ),
            ("Connect timeout on endpoint URL: \"https://sts\"", Cause::Timeout),
        ] {
            assert_eq!(AwsError::of_text(text).cause, cause, "{text}");
        }
        let error = AwsError::of_text(
            "An error occurred (AccessDenied) when calling the X operation (reached max retries: 2): no\nmore",
        );
        assert_eq!(error.words(), "AccessDenied: no");
    }

    #[test]
    fn messages_are_one_line_of_plain_text() {
        let error = AwsError::answered(
            "SignatureDoesNotMatch",
            &format!("\u{1b}[31mno{}\n\nThe Canonical String", "x".repeat(500)),
        );
        assert!(error.message.chars().count() <= LONGEST + 1 && error.message.starts_with("[31mnoxx"), "{error}");
    }
}
