//! Which AWS a process talks to: AWS's own endpoints, or the one that the settings name.
//!
//! An identity is worth nothing if the question went elsewhere than the changes will go.

use crate::model::Failure;
use crate::tools::env::Env;

/// Refuses every override of an endpoint in `vars` that isn't the one of the settings, and every one that covers a
/// single service (`AWS_ENDPOINT_URL_STS` and the like), whatever its value
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
pub fn check(vars: &Env, allowed: Option<&str>) -> Result<(), Failure> {
    for (name, value) in vars {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if !name.starts_with("AWS_ENDPOINT_URL") || value.is_empty() {
            continue;
        }
        if name != "AWS_ENDPOINT_URL" {
            return Err(Failure::refused(format!(
                "`{name}` sends one service elsewhere than the others, so a verified identity would say nothing of it"
            ))
            .hint(format!("unset `{name}`")));
        }
        if allowed != Some(value) {
            return Err(Failure::refused(format!("`{name}` is `{value}`, which is not AWS")).hint(format!(
                "unset it, or if it is meant: add `endpoint-url = \"{value}\"` to [workspace.metadata.xtask] in Cargo.toml"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Env {
        Env::from([(name.into(), value.into())])
    }

    #[test]
    fn an_endpoint_that_the_settings_do_not_name_is_refused() {
        assert!(check(&env("AWS_ENDPOINT_URL", "http://localhost:4566"), None).is_err());
        assert!(check(&env("AWS_ENDPOINT_URL", "http://localhost:4566"), Some("http://other")).is_err());
        assert!(check(&env("AWS_ENDPOINT_URL", "http://localhost:4566"), Some("http://localhost:4566")).is_ok());
        assert!(check(&env("AWS_ENDPOINT_URL", ""), None).is_ok());
    }

    #[test]
    fn an_endpoint_for_sts_alone_is_always_refused() {
        assert!(check(&env("AWS_ENDPOINT_URL_STS", "http://a"), Some("http://a")).is_err());
        assert!(check(&env("AWS_ENDPOINT_URL_ECS", "http://a"), Some("http://a")).is_err());
    }
}
