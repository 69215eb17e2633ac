//! The environment of every child: built from nothing by one pure function, never inherited.
//!
//! A variable gets through because a line here says so, or because the settings name it in `pass-environment`. What is
//! left out and could have changed the outcome is reported, so that nobody wonders where it went.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Variables by name, in order.
pub type Env = BTreeMap<OsString, OsString>;

/// Who the child is, which decides what it may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Works without credentials: `git`, a question for a version.
    Plain,
    /// Hands out credentials: sees the AWS configuration and its own settings, and no credentials.
    Wrapper,
    /// Our own guard where no wrapper is configured: sees every source of credentials that the shell has.
    Ambient,
    /// Acts in an account: sees exactly the keys that were proven, which the caller adds.
    Program,
}

/// What a child is given, and what it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildEnv {
    /// Everything that the child sees.
    pub vars: Env,
    /// Names that were left out although they steer AWS, Terraform or terragrunt, in order.
    pub dropped: Vec<String>,
}

/// Turns on the endpoints that are validated by FIPS 140.
pub const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";

/// Turns on the endpoints that have an IPv6 address, too.
pub const USE_DUALSTACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";

/// Proxies and certificate authorities: they decide who answers for AWS.
pub(super) const NETWORK: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
];

/// What every program needs to find its way.
const EVERYBODY: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "TMPDIR",
    // The folder by its name, also through a link: terragrunt looks for files above it by that name.
    "PWD",
    "XDG_*",
    // Which of AWS's own endpoints are used: the question of the guard and the changes go to the same ones.
    USE_FIPS,
    USE_DUALSTACK,
    "GIT_SSL_CAINFO",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_CONFIG_*",
    "GIT_ASKPASS",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GNUPGHOME",
    "GITHUB_OAUTH_TOKEN",
    // Version managers: a shim on PATH stays a shim, and needs its own settings to find the real program.
    "ASDF_*",
    "MISE_*",
    "TENV_*",
    "TFENV_*",
    "TGENV_*",
    "TOFUENV_*",
    "PYENV_*",
];

/// What a credential wrapper needs: configuration, key store, prompts, a browser.
const WRAPPERS: &[&str] = &[
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_VAULT_*",
    "AWS_MIN_TTL",
    "AWS_SESSION_TOKEN_TTL",
    "AWS_CHAINED_SESSION_TOKEN_TTL",
    "AWS_ASSUME_ROLE_TTL",
    "AWS_FEDERATION_TOKEN_TTL",
    "AWS_MFA_SERIAL",
    "YKMAN_*",
    "AWS_SSO*",
    "AWS_OKTA_*",
    "AWS_LOGIN_CACHE_DIRECTORY",
    "AWS_AZURE_*",
    "AZURE_*",
    "NODE_EXTRA_CA_CERTS",
    "BW_SESSION",
    "GRANTED_*",
    "OKTA_AWSCLI_*",
    "SAML2AWS_*",
    "VAULT_*",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "DBUS_*",
    "DISPLAY",
    "WAYLAND_*",
    "XAUTHORITY",
    "DESKTOP_SESSION",
    "WSL*",
    "BROWSER",
    "GPG_TTY",
    "PINENTRY_USER_DATA",
    "PASSWORD_STORE_*",
    "OP_*",
];

/// What a wrapper must not see although it matches a pattern above: to aws-vault, `AWS_VAULT` means a session inside
/// another, and `AWS_VAULT_PROFILE_ENV` asks for the name of a profile instead of keys. When a session of this shell ends says
/// nothing of those that the wrapper opens.
const NEVER_FOR_WRAPPERS: &[&str] = &["AWS_VAULT", "AWS_VAULT_PROFILE_ENV", "AWS_SSO_SESSION_EXPIRATION"];

/// What nobody gets, whatever the settings say: terragrunt's cache lies in the unit, where a lost state is looked for.
const NEVER: &[&str] = &["TERRAGRUNT_DOWNLOAD", "TG_DOWNLOAD_DIR"];

/// Every place where the AWS SDKs look for credentials, for runs where the environment already has them.
const SOURCES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_SESSION_EXPIRATION",
    "AWS_SSO_SESSION_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_*",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
];

/// What Terraform and terragrunt may read without changing what they do to an account. Not `TF_PLUGIN_CACHE_DIR`, which
/// HashiCorp's Terraform can't share between processes, nor a download folder, where nobody would look for a lost state.
const PROGRAMS: &[&str] = &["TF_CLI_CONFIG_FILE", "TF_TOKEN_*", "CHECKPOINT_DISABLE"];

/// Prefixes of names whose absence somebody may notice.
const WORTH_SAYING: &[&str] = &[
    "AWS_",
    "TF_",
    "TG_",
    "TERRAGRUNT_",
    "GITHUB_",
    "GIT_",
    "TOFU_",
    "VAULT_",
    "LD_PRELOAD",
    "LD_AUDIT",
    "DYLD_INSERT_",
];

/// Builds a child's environment from `parent`. `pass` holds further names that the settings let through, a trailing `*`
/// standing for any ending.
pub fn build(parent: &Env, purpose: Purpose, pass: &[String]) -> ChildEnv {
    let mut vars = Env::new();
    let mut dropped = Vec::new();
    for (name, value) in parent {
        let Some(text) = name.to_str() else { continue };
        if gets_through(text, purpose, pass) {
            vars.insert(name.clone(), value.clone());
        } else if WORTH_SAYING.iter().any(|prefix| text.starts_with(prefix)) {
            dropped.push(text.to_owned());
        }
    }
    // Nobody may ask a question once things run in parallel, and nothing may fall back on the role of a machine.
    if purpose != Purpose::Plain {
        vars.insert("AWS_PAGER".into(), OsString::new());
    }
    if matches!(purpose, Purpose::Wrapper | Purpose::Program) {
        vars.insert("AWS_EC2_METADATA_DISABLED".into(), "true".into());
    }
    ChildEnv { vars, dropped }
}

/// Whether a variable of this name gets through.
pub fn gets_through(name: &str, purpose: Purpose, pass: &[String]) -> bool {
    let granted: &[&[&str]] = match purpose {
        Purpose::Plain => &[EVERYBODY, NETWORK],
        // What the programs get comes to our guard through the wrapper.
        Purpose::Wrapper => &[EVERYBODY, NETWORK, WRAPPERS, PROGRAMS],
        Purpose::Ambient => &[EVERYBODY, NETWORK, SOURCES, PROGRAMS],
        Purpose::Program => &[EVERYBODY, NETWORK, PROGRAMS],
    };
    let asked = pass.iter().any(|pattern| matches(pattern, name)) && !NEVER.contains(&name);
    let denied = purpose == Purpose::Wrapper && NEVER_FOR_WRAPPERS.contains(&name);
    asked || (granted.iter().copied().flatten().any(|pattern| matches(pattern, name)) && !denied)
}

/// Whether a variable steers Terraform's providers as well as credential tools: where only these see it, that is said.
pub fn steers_providers(name: &str) -> bool {
    name.starts_with("VAULT_")
}

/// Whether a variable is set to `true`, as the AWS SDKs read it.
pub fn is_true(vars: &Env, name: &str) -> bool {
    text(vars, name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Adds what makes aws-vault fail rather than open a window: it asks at the terminal, and a detached child has none.
pub fn forbid_windows(vars: &mut Env) {
    vars.insert("AWS_VAULT_PROMPT".into(), "terminal".into());
}

/// Adds what keeps git and ssh from asking questions that nobody would see.
pub fn forbid_prompts(vars: &mut Env) {
    vars.insert("GIT_TERMINAL_PROMPT".into(), "0".into());
    vars.entry("GIT_SSH_COMMAND".into()).or_insert_with(|| "ssh -o BatchMode=yes".into());
}

/// The environment of this process.
pub fn of_this_process() -> Env {
    std::env::vars_os().collect()
}

/// A variable as text, if it is there and not empty.
pub fn text<'a>(vars: &'a Env, name: &str) -> Option<&'a str> {
    vars.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
}

/// Whether a name is meant by a pattern, in which a trailing `*` stands for any ending.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(names: &[&str]) -> Env {
        names.iter().map(|name| (OsString::from(name), OsString::from("x"))).collect()
    }

    fn names(child: &ChildEnv) -> Vec<&str> {
        child.vars.keys().filter_map(|name| name.to_str()).collect()
    }

    #[test]
    fn what_redirects_a_role_never_reaches_a_wrapper() {
        let parent = env(&[
            "AWS_ROLE_ARN",
            "AWS_PROFILE",
            "AWS_ACCESS_KEY_ID",
            "AWS_SOURCE_IDENTITY",
            "AWS_VAULT",
            "AWS_VAULT_PROFILE_ENV",
            "AWS_VAULT_BACKEND",
            "AWS_CONFIG_FILE",
            "AWS_REGION",
            "HOME",
        ]);
        let child = build(&parent, Purpose::Wrapper, &[]);
        assert_eq!(
            names(&child),
            ["AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_PAGER", "AWS_VAULT_BACKEND", "HOME"]
        );
        assert!(child.dropped.contains(&"AWS_ROLE_ARN".to_owned()));
    }

    #[test]
    fn what_credential_tools_are_set_up_by_reaches_them_and_no_program() {
        for name in [
            "AWS_LOGIN_CACHE_DIRECTORY",
            "AWS_MFA_SERIAL",
            "AWS_OKTA_MFA_FACTOR_TYPE",
            "AZURE_TENANT_ID",
            "BW_SESSION",
            "AWS_SSO_CONFIG",
            "AWS_SSO",
            "DBUS_SESSION_BUS_ADDRESS",
            "DISPLAY",
            "KRB5CCNAME",
            "OKTA_AWSCLI_ORG_DOMAIN",
            "PINENTRY_USER_DATA",
            "SAML2AWS_IDP_ACCOUNT",
            "VAULT_ADDR",
            "WAYLAND_DISPLAY",
            "WSL_DISTRO_NAME",
        ] {
            assert!(gets_through(name, Purpose::Wrapper, &[]), "{name}");
            assert!(!gets_through(name, Purpose::Program, &[]), "{name}");
        }
    }

    #[test]
    fn a_program_sees_no_source_of_credentials_and_no_passphrase() {
        let parent = env(&[
            "AWS_ACCESS_KEY_ID",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONFIG_FILE",
            "AWS_VAULT_FILE_PASSPHRASE",
            "TG_FILTER",
            "TF_CLI_ARGS_apply",
            "TERRAGRUNT_SOURCE",
            "CARGO_MANIFEST_DIR",
            "SSH_AUTH_SOCK",
        ]);
        let child = build(&parent, Purpose::Program, &[]);
        assert_eq!(names(&child), ["AWS_EC2_METADATA_DISABLED", "AWS_PAGER", "SSH_AUTH_SOCK"]);
        assert!(
            !child.dropped.contains(&"CARGO_MANIFEST_DIR".to_owned()),
            "cargo's own variables are not worth a word"
        );
    }

    #[test]
    fn the_settings_let_a_variable_through_by_name_or_beginning() {
        let parent = env(&["TF_VAR_token", "TF_VAR_size", "TF_LOG"]);
        let child = build(&parent, Purpose::Program, &["TF_VAR_*".to_owned()]);
        assert!(
            child.vars.contains_key(OsStr::new("TF_VAR_token")) && child.vars.contains_key(OsStr::new("TF_VAR_size"))
        );
        assert_eq!(child.dropped, ["TF_LOG"]);
    }

    #[test]
    fn what_programs_may_see_gets_to_them_through_every_wrapper() {
        let parent = env(&["TF_CLI_CONFIG_FILE", "TF_TOKEN_app_terraform_io", "CHECKPOINT_DISABLE"]);
        for purpose in [Purpose::Wrapper, Purpose::Ambient] {
            let between = build(&parent, purpose, &[]);
            let child = build(&between.vars, Purpose::Program, &[]);
            assert!(parent.keys().all(|name| child.vars.contains_key(name)), "{purpose:?}");
            assert!(between.dropped.is_empty(), "{purpose:?}");
        }
        for pattern in EVERYBODY.iter().chain(PROGRAMS) {
            assert!(gets_through(pattern.trim_end_matches('*'), Purpose::Wrapper, &[]), "{pattern}");
        }
    }

    #[test]
    fn proxies_and_private_authorities_reach_everybody() {
        let parent = env(&["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "AWS_CA_BUNDLE", USE_FIPS, USE_DUALSTACK]);
        for purpose in [Purpose::Plain, Purpose::Wrapper, Purpose::Ambient, Purpose::Program] {
            let child = build(&parent, purpose, &[]);
            assert!(parent.keys().all(|name| child.vars.contains_key(name)), "{purpose:?}");
        }
    }
}
