//! The environment of Terraform, compared with what the outer guard passed on: HCL (`env_vars` of `extra_arguments`) may put
//! back what was left out, or change what was checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ShimConfig;
use crate::model::Failure;
use crate::tools::env::{self, Env};
use crate::tools::hash::sha256;
use crate::tools::provider_cache;

/// The variables that the outer guard passed on: their names, with a hash of each value that is good for one attempt.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct PassedOn(BTreeMap<String, String>);

impl PassedOn {
    pub(super) fn of(vars: &Env, nonce: &str) -> Self {
        let hashes = vars.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
            let (name, value) = (name.to_string_lossy().into_owned(), value.to_string_lossy());
            let hash = sha256([nonce, &name, &value].join("\0"));
            (name, hash)
        });
        Self(hashes.collect())
    }

    /// The names of those that are other ones now. A variable without a value is as good as none.
    fn changed(&self, vars: &Env, nonce: &str) -> BTreeSet<String> {
        let now = Self::of(vars, nonce);
        let names = self.0.keys().chain(now.0.keys());
        names.filter(|name| self.0.get(*name) != now.0.get(*name)).cloned().collect()
    }
}

/// What a variable of Terraform may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// Whose credentials are used.
    Credentials,
    /// What programs do, and which code they load.
    Programs,
    /// Who answers for AWS.
    Network,
    /// Nothing that was decided before.
    Other,
    /// What terragrunt is there to set.
    Ordinary,
}

/// Variables by which terragrunt hands over its inputs, what it tells of itself, and the keys that are proven here.
const ORDINARY: &[&str] = &[
    "TF_VAR_*",
    "TG_*",
    "TERRAGRUNT_*",
    "TRACEPARENT",
    "TF_INPUT",
    "TF_IN_AUTOMATION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_*",
];

/// Variables of the AWS SDKs that change neither credentials nor endpoints; every other one may.
const HARMLESS_OF_AWS: &[&str] = &[
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_DEFAULT_OUTPUT",
    "AWS_PAGER",
    "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_SDK_UA_APP_ID",
    "AWS_EXECUTION_ENV",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
];

/// The same of Terraform and OpenTofu.
const HARMLESS_OF_TERRAFORM: &[&str] = &[
    "TF_APPEND_USER_AGENT",
    "TF_ENCRYPTION",
    "TF_LOG*",
    "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
    "TF_REGISTRY_*",
    "TF_STATE_PERSIST_INTERVAL",
    "TF_TOKEN_*",
];

/// Variables beside Terraform's own that change what it does, or load code into it and what it starts.
const PROGRAMS: &[&str] = &[
    "TERRAFORM_CONFIG",
    "LD_*",
    "DYLD_*",
    "GCONV_PATH",
    "PATH",
    "HOME",
    "XDG_*",
    "GIT_*",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
    "SHELL",
    "BASH_ENV",
    "ENV",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PERL5LIB",
    "PERL5OPT",
    "RUBYLIB",
    "RUBYOPT",
    "NODE_OPTIONS",
];

fn effect(name: &str) -> Effect {
    let is_one_of = |patterns: &[&str]| patterns.iter().any(|pattern| env::matches(pattern, name));
    match () {
        () if is_one_of(ORDINARY) => Effect::Ordinary,
        // The last one steers the TLS of every program that is written in Go.
        () if is_one_of(env::NETWORK) || name == "GODEBUG" => Effect::Network,
        () if is_one_of(PROGRAMS) => Effect::Programs,
        () if name.starts_with("TF_") && !is_one_of(HARMLESS_OF_TERRAFORM) => Effect::Programs,
        () if name.starts_with("AWS_") && !is_one_of(HARMLESS_OF_AWS) => Effect::Credentials,
        () => Effect::Other,
    }
}

/// Refuses what may change a decision or load code, and gives the names of whatever else is another. What `pass-environment`
/// names may be set; but for proxies and authorities, since STS is asked through them.
pub(super) fn check(config: &ShimConfig, command: &str, vars: &Env) -> Result<Vec<String>, Failure> {
    let is_passed = |name: &str| config.pass_environment.iter().any(|pattern| env::matches(pattern, name));
    let (mut refused, mut told) = (Vec::new(), Vec::new());
    for name in config.passed_on.changed(vars, &config.nonce) {
        match effect(&name) {
            Effect::Ordinary => {}
            _ if is_terragrunts_own(config, command, &name, vars) => {}
            Effect::Network => refused.push((name, "which decides who answers for AWS")),
            Effect::Credentials if !is_passed(&name) => {
                refused.push((name, "another source of credentials than the one that was verified"));
            }
            Effect::Programs if !is_passed(&name) => refused.push((name, "which may change what Terraform does")),
            Effect::Credentials | Effect::Programs | Effect::Other => told.push(name),
        }
    }
    if refused.is_empty() {
        return Ok(told);
    }
    let failure = Failure::refused("terragrunt changed the environment of terraform, so nothing was started");
    let failure = refused.iter().fold(failure, |failure, (name, why)| failure.detail(format!("`{name}`, {why}")));
    let of_network = |(name, _): &&(String, _)| effect(name) == Effect::Network;
    let (network, others): (Vec<_>, Vec<_>) = refused.iter().partition(of_network);
    let mut failure = failure.hint("look for `env_vars` in the HCL");
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        failure =
            failure.hint(format!("if it is meant, add it to `pass-environment` in Cargo.toml: {}", names.join(", ")));
    }
    if !network.is_empty() {
        failure = failure.hint("set proxies and certificates in this shell instead, where every program gets them");
    }
    Err(failure)
}

/// What terragrunt sets by itself where it has a cache of providers: its own file of settings while it prepares, and the
/// folder of the cache. Measured with 1.1.3.
fn is_terragrunts_own(config: &ShimConfig, command: &str, name: &str, vars: &Env) -> bool {
    let value = env::text(vars, name).unwrap_or_default();
    match name {
        "TF_CLI_CONFIG_FILE" => {
            let own = std::env::current_dir().map(|folder| folder.join(".terraformrc"));
            config.provider_cache && command == "init" && own.is_ok_and(|own| own.as_os_str() == value)
        }
        "TF_PLUGIN_CACHE_DIR" => provider_cache::folder(vars).is_some_and(|folder| folder.as_os_str() == value),
        _ => config.provider_cache && name.starts_with("TF_TOKEN_"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;
    use crate::tools::terragrunt::Action;

    /// What is said where the outer guard passed on `before` and Terraform gets `after`.
    fn judged(pass: &[&str], before: &[(&str, &str)], after: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let vars = |pairs: &[(&str, &str)]| -> Env { pairs.iter().map(|(a, b)| (a.into(), b.into())).collect() };
        let config = ShimConfig {
            pass_environment: pass.iter().map(|&name| name.to_owned()).collect(),
            passed_on: PassedOn::of(&vars(before), "n"),
            ..config(Action::Plan, None)
        };
        check(&config, "plan", &vars(after)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn variable_that_may_change_a_decision_is_refused_by_name() {
        for name in [
            "TF_CLI_ARGS",
            "TF_CLI_ARGS_apply",
            "TF_WORKSPACE",
            "TF_REATTACH_PROVIDERS",
            "TF_CLI_CONFIG_FILE",
            "TF_DATA_DIR",
            "TF_PLUGIN_CACHE_DIR",
            "TF_HTTP_ADDRESS",
            "TF_SOMETHING_NEW",
            "LD_PRELOAD",
            "LD_AUDIT",
            "DYLD_INSERT_LIBRARIES",
            "HTTPS_PROXY",
            "no_proxy",
            "AWS_CA_BUNDLE",
            "SSL_CERT_FILE",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_S3",
            "AWS_PROFILE",
            "AWS_ROLE_ARN",
            "AWS_CONFIG_FILE",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_SOMETHING_NEW",
            "PATH",
            "HOME",
            "GIT_SSH_COMMAND",
            "BASH_ENV",
        ] {
            for before in [&[][..], &[(name, "before")]] {
                let told = judged(&[], before, &[(name, "after")]).unwrap_err();
                assert!(told.contains(&format!("`{name}`, ")), "{told}");
            }
            assert_eq!(judged(&[], &[(name, "same")], &[(name, "same")]), Ok(Vec::new()), "{name}");
            assert_eq!(judged(&[], &[], &[(name, "")]), Ok(Vec::new()), "{name} without a value");
        }
    }

    #[test]
    fn what_the_guard_passed_on_must_not_be_taken_away() {
        assert!(judged(&[], &[("HTTPS_PROXY", "http://p")], &[]).is_err());
        assert!(judged(&[], &[("AWS_CONFIG_FILE", "/dev/null")], &[("AWS_CONFIG_FILE", "")]).is_err());
    }

    #[test]
    fn settings_name_exceptions_but_none_for_the_way_to_sts() {
        let set = |pass: &[&str], name: &str| judged(pass, &[], &[(name, "x")]);
        assert_eq!(set(&["TF_WORKSPACE"], "TF_WORKSPACE"), Ok(vec!["TF_WORKSPACE".to_owned()]));
        assert_eq!(set(&["TF_*"], "TF_CLI_ARGS_plan"), Ok(vec!["TF_CLI_ARGS_plan".to_owned()]));
        let told = set(&["HTTPS_PROXY", "AWS_*"], "HTTPS_PROXY").unwrap_err();
        assert!(
            told.contains("set proxies and certificates in this shell instead") && !told.contains("pass-environment")
        );
        assert!(set(&["AWS_*"], "AWS_CA_BUNDLE").is_err());
    }

    #[test]
    fn inputs_and_keys_of_a_role_are_ordinary_and_the_rest_is_told() {
        let after =
            [("TF_VAR_a", "1"), ("AWS_ACCESS_KEY_ID", "ASIA"), ("TG_LOG_LEVEL", "x"), ("FOO", "1"), ("TF_LOG", "x")];
        assert_eq!(judged(&[], &[], &after), Ok(vec!["FOO".to_owned(), "TF_LOG".to_owned()]));
    }

    #[test]
    fn cache_of_providers_that_terragrunt_turns_on_by_itself_is_no_surprise() {
        let own = [("HOME", "/h"), ("TF_PLUGIN_CACHE_DIR", "/h/.cache/terragrunt/providers")];
        assert_eq!(judged(&[], &own[..1], &own), Ok(Vec::new()));
        assert!(judged(&[], &own[..1], &[own[0], ("TF_PLUGIN_CACHE_DIR", "/elsewhere")]).is_err());
        let here = std::env::current_dir().unwrap().join(".terraformrc");
        let vars = |path: &std::path::Path| Env::from([("TF_CLI_CONFIG_FILE".into(), path.into())]);
        let with_cache = ShimConfig { provider_cache: true, ..config(Action::Plan, None) };
        assert!(check(&with_cache, "init", &vars(&here)).is_ok());
        assert!(check(&with_cache, "plan", &vars(&here)).is_err());
        assert!(check(&with_cache, "init", &vars(std::path::Path::new("/elsewhere"))).is_err());
        assert!(check(&config(Action::Plan, None), "init", &vars(&here)).is_err());
    }
}
