//! The credentials of this process, as plain keys.

use std::fmt;
use std::path::Path;

use anyhow::anyhow;
use serde::Deserialize;

use crate::model::{Failure, Region, regular};
use crate::tools::aws_config::{self, AwsConfig};
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::env::{self, Env};
use crate::tools::hash::sha256;
use crate::tools::proof::moment;
use crate::tools::web_identity::WebIdentity;
use crate::tools::{clock, process, programs};

/// The variables in which credential tools tell when a session ends, as RFC 3339: aws-vault 7, saml2aws and granted; aws-vault 6;
/// aws-sso-cli.
const EXPIRATIONS: [&str; 3] = ["AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION", "AWS_SSO_SESSION_EXPIRATION"];

/// Plain keys, and when they end if that is known. Never printed.
#[derive(Clone)]
pub struct Keys {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, which temporary credentials have.
    pub session_token: Option<String>,
    /// The end as RFC 3339, as the credential tool reported it.
    pub expires: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// The `process` format of <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl Keys {
    /// The keys that are in the environment.
    pub fn in_environment(vars: &Env) -> Option<Self> {
        let session_token = env::text(vars, "AWS_SESSION_TOKEN").map(str::to_owned);
        // Whatever an earlier session has left behind, keys without a token don't end.
        let told = EXPIRATIONS.iter().filter(|_| session_token.is_some()).find_map(|name| env::text(vars, name));
        Some(Self {
            access_key_id: env::text(vars, "AWS_ACCESS_KEY_ID")?.to_owned(),
            secret_access_key: env::text(vars, "AWS_SECRET_ACCESS_KEY")?.to_owned(),
            expires: told.map(str::to_owned),
            session_token,
        })
    }

    /// The keys in the environment; or those of its web identity, by STS in `region` or at `endpoint`; or else those into
    /// which the AWS CLI turns whatever the environment points to: a profile, SSO, a container.
    pub fn find(vars: &Env, region: &Region, endpoint: Option<&str>) -> Result<Self, Failure> {
        if let Some(keys) = Self::in_environment(vars) {
            return Ok(keys);
        }
        if let Some(identity) = WebIdentity::in_environment(vars) {
            return identity.keys(region, endpoint, vars);
        }
        let root = Path::new("/");
        let cannot = |problem| {
            Failure::refused("there are no credentials in the environment, and the AWS CLI could not provide any")
                .because(problem)
                .hint("sign in with your credential tool; `cargo xtask doctor --offline` tells which one that is, and by what it is set")
                .hint("turning a profile into keys needs version 2 of the AWS CLI")
        };
        let aws = programs::locate("aws", root, vars).ok_or_else(|| cannot(anyhow!("`aws` not found on PATH")))?;
        let words = ["configure", "export-credentials", "--format", "process"];
        let exported = process::output(&aws, &words, root, vars).map_err(cannot)?;
        if !exported.status.success() {
            return Err(cannot(no_credentials(&String::from_utf8_lossy(&exported.stderr)).into()));
        }
        let exported: Exported = serde_json::from_slice(&exported.stdout).map_err(|error| {
            Failure::refused("`aws configure export-credentials` printed something else than credentials")
                .because(anyhow::anyhow!("line {}, column {}", error.line(), error.column()))
        })?;
        let is_session = exported.session_token.is_some();
        let expires =
            exported.expiration.or_else(|| told_in_file(&exported.access_key_id, vars).filter(|_| is_session));
        Ok(Self {
            access_key_id: exported.access_key_id,
            secret_access_key: exported.secret_access_key,
            session_token: exported.session_token,
            expires,
        })
    }

    /// Whether they are the keys of a user, which don't end.
    pub fn is_endless(&self) -> bool {
        self.session_token.is_none()
    }

    /// What tells these keys from all others within an attempt, and is no secret: the hash of all three words and the
    /// attempt's nonce.
    pub fn fingerprint(&self, nonce: &str) -> String {
        let token = self.session_token.as_deref().unwrap_or_default();
        let words = [nonce, &self.access_key_id, &self.secret_access_key, token];
        sha256(words.join("\0"))
    }

    /// Puts these keys, and nothing else, into a child's environment.
    pub fn put_into(&self, vars: &mut Env) {
        vars.insert("AWS_ACCESS_KEY_ID".into(), self.access_key_id.clone().into());
        vars.insert("AWS_SECRET_ACCESS_KEY".into(), self.secret_access_key.clone().into());
        if let Some(token) = &self.session_token {
            vars.insert("AWS_SESSION_TOKEN".into(), token.clone().into());
        }
        if let Some(expires) = &self.expires {
            vars.insert("AWS_CREDENTIAL_EXPIRATION".into(), expires.clone().into());
        }
        // With keys in the environment nothing has to look into the shared files; a provider that names a profile of
        // its own must fail rather than act with other credentials than those that were proven.
        vars.insert("AWS_CONFIG_FILE".into(), "/dev/null".into());
        vars.insert("AWS_SHARED_CREDENTIALS_FILE".into(), "/dev/null".into());
    }
}

/// When keys end, by the credentials file that they are in: the AWS CLI doesn't read that. An end that has passed was left
/// there by another tool, since AWS is asked about these keys right after.
fn told_in_file(access_key_id: &str, vars: &Env) -> Option<String> {
    let home = || Some(Path::new(env::text(vars, "HOME")?).join(".aws/credentials"));
    let path = aws_config::path(vars, aws_config::CREDENTIALS).or_else(home)?;
    let text = regular::text(&path).ok()?;
    let config = AwsConfig::default().with_credentials(&text, "");
    let end = config.end_of_keys(access_key_id)?;
    moment(end).filter(|end| *end > clock::now()).map(|_| end.to_owned())
}

/// What the AWS CLI wrote in place of credentials. What is none of its words for a sign-in, and not the network's, is about
/// how the profile is set up.
fn no_credentials(text: &str) -> AwsError {
    // Version 1 complains of a subcommand that it doesn't know, with all that it knows.
    if text.contains("Invalid choice") || text.contains("invalid choice") {
        return AwsError::new(Cause::OldCli, "`aws configure export-credentials` takes version 2");
    }
    if text.contains("EOF when reading a line") {
        return AwsError::new(Cause::NoCredentials, "the AWS CLI asked for an MFA code, and nobody could answer it");
    }
    match AwsError::of_text(text) {
        error if error.cause == Cause::Other && error.code.is_none() => {
            let cause = if error.message.is_empty() { Cause::NoCredentials } else { Cause::Setup };
            AwsError { cause, ..error }
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_never_printed() {
        let vars = Env::from([
            ("AWS_ACCESS_KEY_ID".into(), "ASIAEXAMPLE".into()),
            ("AWS_SECRET_ACCESS_KEY".into(), "very-secret".into()),
        ]);
        let keys = Keys::in_environment(&vars).expect("both halves are there");
        assert_eq!(format!("{keys:?}"), "Keys(..)");
    }

    #[test]
    fn what_the_aws_cli_says_in_place_of_keys_is_told_by_its_kind() {
        for (text, cause) in [
            ("Error when retrieving token from sso: Token has expired and refresh failed", Cause::NoCredentials),
            ("Error loading SSO Token: Token for acme does not exist", Cause::NoCredentials),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                Cause::NoCredentials,
            ),
            ("Error when retrieving credentials from custom-process: ERROR: login first", Cause::NoCredentials),
            ("Your session has expired. Please reauthenticate using 'aws login'.", Cause::NoCredentials),
            ("EOF when reading a line", Cause::NoCredentials),
            ("", Cause::NoCredentials),
            (
                "An error occurred (UnauthorizedException) when calling the GetRoleCredentials operation: Session token not found or invalid",
                Cause::Expired,
            ),
            ("An error occurred (InvalidGrantException) when calling the CreateToken operation: ", Cause::Expired),
            (
                "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access",
                Cause::NotAssigned,
            ),
            (
                "An error occurred (AccessDenied) when calling the AssumeRole operation: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
                Cause::MfaDevice,
            ),
            (
                "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                Cause::Duration,
            ),
            (
                "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                Cause::Duration,
            ),
            ("The config profile (acme-dev) could not be found", Cause::Setup),
            ("Partial credentials found in shared-credentials-file, missing: aws_secret_access_key", Cause::Setup),
            ("Infinite loop in credential configuration detected. Attempting to load from profile a", Cause::Setup),
            ("The source profile \"x\" must have credentials.", Cause::Setup),
            (
                "The profile \"acme-dev\" is configured to use SSO but is missing required configuration: sso_region, sso_start_url",
                Cause::Setup,
            ),
            (
                "Missing Dependency: Using the login credential provider requires an additional dependency. You will need to pip install \"botocore[crt]\"",
                Cause::Setup,
            ),
            (
                "You must specify a region. You can also configure your region by running \"aws configure\".",
                Cause::Setup,
            ),
        ] {
            assert_eq!(no_credentials(text).cause, cause, "{text}");
        }
    }

    #[test]
    fn only_the_very_same_keys_of_one_attempt_have_one_fingerprint() {
        let keys = |id: &str, secret: &str, token: Option<&str>| Keys {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: token.map(str::to_owned),
            expires: None,
        };
        let first = keys("ASIA", "s", Some("t")).fingerprint("n");
        assert_eq!(keys("ASIA", "s", Some("t")).fingerprint("n"), first);
        for other in [
            keys("ASIB", "s", Some("t")),
            keys("ASIA", "r", Some("t")),
            keys("ASIA", "s", Some("u")),
            keys("ASIA", "s", None),
        ] {
            assert_ne!(other.fingerprint("n"), first);
        }
        assert_ne!(keys("ASIA", "s", Some("t")).fingerprint("m"), first, "nor is it the same in another attempt");
    }

    #[test]
    fn end_of_a_session_is_read_from_the_variable_of_each_tool_and_plain_keys_have_none() {
        let keys = |more: &[(&str, &str)]| {
            let both = [("AWS_ACCESS_KEY_ID", "ASIA"), ("AWS_SECRET_ACCESS_KEY", "s")];
            let vars = both.iter().chain(more).map(|(name, value)| (name.into(), value.into())).collect();
            Keys::in_environment(&vars).expect("both halves are there")
        };
        let end = "2026-11-30T12:00:00Z";
        for name in EXPIRATIONS {
            let of_session = keys(&[("AWS_SESSION_TOKEN", "t"), (name, end)]);
            assert_eq!((of_session.expires.as_deref(), of_session.is_endless()), (Some(end), false), "{name}");
            let plain = keys(&[(name, end)]);
            assert_eq!((plain.expires, plain.session_token.is_none()), (None, true), "{name} of an earlier session");
        }
        assert_eq!(keys(&[("AWS_SESSION_TOKEN", "t")]).expires, None);
    }

    #[test]
    fn half_a_key_is_no_key() {
        assert!(Keys::in_environment(&Env::from([("AWS_ACCESS_KEY_ID".into(), "ASIA".into())])).is_none());
    }
}
