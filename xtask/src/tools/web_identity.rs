//! A web identity: the token of an identity provider, such as that of a CI system, for which STS gives out a role's keys. The
//! request carries no signature, so it needs nothing but the token.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::model::{Failure, Region, regular};
use crate::tools::aws_error::AwsError;
use crate::tools::env::{self, Env};
use crate::tools::keys::Keys;
use crate::tools::sts;

/// A role, and where the token for it lies
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/access-assume-role-web.html>).
#[derive(Debug)]
pub struct WebIdentity {
    role: String,
    session: String,
    token_file: PathBuf,
}

impl WebIdentity {
    /// The web identity that the environment names, unless it names a profile as well: which of them counts differs from
    /// program to program, and is left to the AWS CLI.
    pub fn in_environment(vars: &Env) -> Option<Self> {
        if ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().any(|name| env::text(vars, name).is_some()) {
            return None;
        }
        Some(Self {
            role: env::text(vars, "AWS_ROLE_ARN")?.to_owned(),
            session: env::text(vars, "AWS_ROLE_SESSION_NAME").unwrap_or("xtask").to_owned(),
            token_file: env::text(vars, "AWS_WEB_IDENTITY_TOKEN_FILE")?.into(),
        })
    }

    /// The keys of the role.
    pub fn keys(&self, region: &Region, endpoint: Option<&str>, vars: &Env) -> Result<Keys, Failure> {
        self.assume(region, endpoint, vars).map_err(|error| {
            let remedy = error.downcast_ref::<AwsError>().and_then(AwsError::remedy);
            let other = "the job has to be allowed to fetch a token, and the role's trust policy to name its issuer";
            Failure::refused(format!("the web identity gives no keys of role `{}`", self.role))
                .in_file(self.token_file.display().to_string())
                .because(error)
                .hint(remedy.unwrap_or(other))
        })
    }

    fn assume(&self, region: &Region, endpoint: Option<&str>, vars: &Env) -> anyhow::Result<Keys> {
        let token = regular::text(&self.token_file).context("cannot read the file of AWS_WEB_IDENTITY_TOKEN_FILE")?;
        sts::assume_role_with_web_identity(&self.role, &self.session, token.trim(), region, endpoint, vars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_beside_it_is_left_to_the_aws_cli() {
        let vars = |names: &[&str]| names.iter().map(|name| (name.into(), "x".into())).collect::<Env>();
        let both = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
        assert!(WebIdentity::in_environment(&vars(&both)).is_some());
        assert!(WebIdentity::in_environment(&vars(&both[..1])).is_none());
        assert!(WebIdentity::in_environment(&vars(&[both[0], both[1], "AWS_PROFILE"])).is_none());
    }
}
