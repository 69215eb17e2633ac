//! The keys that the stand-in for aws-vault hands out, and which account they belong to.
//!
//! A key id carries its account in the open, so that every stand-in can tell whose keys it was given, as AWS could.

use std::env;

use crate::digest;
use crate::partition;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

/// A set of temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The account that they belong to.
    pub(crate) account: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

impl Keys {
    /// Hands out the keys of a role in `account`. The same each time: nothing here expires.
    pub(crate) fn of(account: &str) -> Self {
        let id = format!("ASIA{account}SHAM");
        let secret = format!("rehearsal/{}", digest::hex(&format!("secret of {id}"), 30));
        let token = format!("rehearsal/{}", digest::hex(&format!("token of {id}"), 120));
        Self { account: account.to_owned(), id, secret, token }
    }

    /// The keys of a key id, if we have ever handed it out.
    pub(crate) fn of_id(id: &str, world: &World) -> Option<Self> {
        let account = id.strip_prefix("ASIA")?.strip_suffix("SHAM")?;
        world.knows(account).then(|| Self::of(account))
    }

    /// The keys in the environment.
    pub(crate) fn from_env(world: &World) -> Result<Self, NoKeys> {
        let get = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let (Some(id), Some(secret)) = (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) else {
            return Err(NoKeys::Missing);
        };
        let keys = Self::of_id(&id, world).ok_or(NoKeys::Unknown)?;
        let whole = keys.secret == secret && get("AWS_SESSION_TOKEN").as_ref() == Some(&keys.token);
        whole.then_some(keys).ok_or(NoKeys::Unknown)
    }

    /// The ARN of who uses them.
    pub(crate) fn arn(&self, world: &World) -> String {
        let partition = partition::of(&world.settings.region);
        format!("arn:{partition}:sts::{}:assumed-role/allow-full-access-from-other-accounts/rehearsal", self.account)
    }

    /// The id of who uses them.
    pub(crate) fn user_id(&self) -> String {
        format!("AROA{}SHAM:rehearsal", self.account)
    }
}

/// Why the environment has no keys that work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKeys {
    /// There are none.
    Missing,
    /// AWS doesn't know them.
    Unknown,
}

impl NoKeys {
    /// The text that AWS' own tools give, without the part before.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Missing => {
                "no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded"
            }
            Self::Unknown => {
                "operation error STS: GetCallerIdentity, https response error StatusCode: 403, api error \
                 InvalidClientTokenId: The security token included in the request is invalid."
            }
        }
    }
}

/// The account in an ARN, its fifth field.
pub(crate) fn account_of_arn(arn: &str) -> Outcome<&str> {
    arn.split(':')
        .nth(4)
        .filter(|account| is_account(account))
        .ok_or_else(|| Refusal::new(1, format!("rehearsal: no account in the ARN `{arn}`")))
}

/// Whether a text is an account id: twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
