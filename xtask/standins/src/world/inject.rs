//! What can be made to go wrong in a rehearsal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that goes wrong on purpose; names are of accounts, or of profiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Inject {
    /// `wrong-account:NAME`: the profile of this account hands out another account's keys.
    WrongAccount(String),
    /// `fail:NAME`: the first apply in this account fails half-way.
    Fail(String),
    /// `busy:NAME`: the first plan in this account is throttled.
    Busy(String),
    /// `hang:NAME`: plans in this account never end by themselves.
    Hang(String),
    /// `wrong-tag-running:NAME`: an apply in this account goes well, and the old task definitions are active again right after.
    WrongTagRunning(String),
    /// `wider-policy:NAME`: an apply in this account goes well, and the policy that it changes allows every action afterwards.
    WiderPolicy(String),
    /// `no-image`: builds say that they succeeded and push nothing.
    NoImage,
    /// `idempotent`: whatever image is asked for is in ECR already, so that nothing is built.
    Idempotent,
    /// `no-secret`: the runner's task is not given the secret that the build needs.
    NoSecret,
    /// `old-kaniko`: the runner is too old to know `--env-secret`.
    OldKaniko,
    /// `build:NAME`: builds fail in one of the ways that are known by these names.
    Build(String),
    /// `start:NAME`: containers of runners that are to plan fail to start, or to plan, in one of the ways known by these names.
    Start(String),
    /// `sts:CODE`: STS refuses every question with this code.
    Sts(String),
    /// `expired-once:NAME`: STS says once of this account's keys that they have expired.
    ExpiredOnce(String),
    /// `terminal-log`: infrastructure-deployer writes its log as at a terminal.
    TerminalLog,
    /// `busy-ecr` and `always-busy-ecr`: ECR is throttled, for a few questions or for all.
    BusyEcr,
    AlwaysBusyEcr,
    /// `signed-out`: the AWS CLI has no session for any profile.
    SignedOut,
    /// `denied-ecr`: nobody may ask ECR for images.
    DeniedEcr,
}

impl Inject {
    /// The account or profile that it is about.
    pub(crate) fn name(&self) -> Option<&String> {
        match self {
            Self::WrongAccount(name)
            | Self::Fail(name)
            | Self::Busy(name)
            | Self::Hang(name)
            | Self::ExpiredOnce(name)
            | Self::WrongTagRunning(name)
            | Self::WiderPolicy(name) => Some(name),
            _ => None,
        }
    }
}

/// Those that are about no account.
const ALONE: [(&str, Inject); 9] = [
    ("signed-out", Inject::SignedOut),
    ("no-image", Inject::NoImage),
    ("idempotent", Inject::Idempotent),
    ("no-secret", Inject::NoSecret),
    ("old-kaniko", Inject::OldKaniko),
    ("terminal-log", Inject::TerminalLog),
    ("busy-ecr", Inject::BusyEcr),
    ("always-busy-ecr", Inject::AlwaysBusyEcr),
    ("denied-ecr", Inject::DeniedEcr),
];

fn unknown(text: &str) -> String {
    let alone: Vec<_> = ALONE.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!(
        "`{text}` is none of `wrong-account:NAME`, `fail:NAME`, `busy:NAME`, `hang:NAME`, `wrong-tag-running:NAME`, `wider-policy:NAME`, {}",
        alone.join(", ")
    )
}

impl TryFrom<String> for Inject {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("wrong-account", name)) if !name.is_empty() => Ok(Self::WrongAccount(name.to_owned())),
            Some(("fail", name)) if !name.is_empty() => Ok(Self::Fail(name.to_owned())),
            Some(("wrong-tag-running", name)) if !name.is_empty() => Ok(Self::WrongTagRunning(name.to_owned())),
            Some(("wider-policy", name)) if !name.is_empty() => Ok(Self::WiderPolicy(name.to_owned())),
            Some(("busy", name)) if !name.is_empty() => Ok(Self::Busy(name.to_owned())),
            Some(("hang", name)) if !name.is_empty() => Ok(Self::Hang(name.to_owned())),
            Some(("sts", code)) if !code.is_empty() => Ok(Self::Sts(code.to_owned())),
            Some(("expired-once", name)) if !name.is_empty() => Ok(Self::ExpiredOnce(name.to_owned())),
            Some(("start", name)) if !name.is_empty() => Ok(Self::Start(name.to_owned())),
            Some(("build", name)) if !name.is_empty() => Ok(Self::Build(name.to_owned())),
            None => {
                let known = ALONE.iter().find(|(name, _)| *name == text).map(|(_, inject)| inject.clone());
                known.ok_or_else(|| unknown(&text))
            }
            _ => Err(unknown(&text)),
        }
    }
}

impl From<Inject> for String {
    fn from(inject: Inject) -> Self {
        inject.to_string()
    }
}

impl fmt::Display for Inject {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongAccount(name) => write!(to, "wrong-account:{name}"),
            Self::Fail(name) => write!(to, "fail:{name}"),
            Self::Busy(name) => write!(to, "busy:{name}"),
            Self::Hang(name) => write!(to, "hang:{name}"),
            Self::WrongTagRunning(name) => write!(to, "wrong-tag-running:{name}"),
            Self::WiderPolicy(name) => write!(to, "wider-policy:{name}"),
            Self::Sts(code) => write!(to, "sts:{code}"),
            Self::ExpiredOnce(name) => write!(to, "expired-once:{name}"),
            Self::Build(name) => write!(to, "build:{name}"),
            Self::Start(name) => write!(to, "start:{name}"),
            alone => to.write_str(ALONE.iter().find(|(_, inject)| inject == alone).map_or("", |(name, _)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Inject;

    #[test]
    fn what_is_written_is_what_was_read() {
        for good in [
            "wrong-account:dev",
            "sts:AccessDenied",
            "expired-once:dev",
            "wider-policy:dev",
            "busy:dev",
            "hang:dev",
            "wrong-tag-running:dev",
            "no-image",
            "build:x",
            "start:x",
        ] {
            assert_eq!(Inject::try_from(good.to_owned()).unwrap().to_string(), good);
        }
        for bad in ["", "fail", "fail:", "no-image:x", "boom"] {
            assert!(Inject::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
