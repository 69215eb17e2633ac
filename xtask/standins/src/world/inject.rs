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
    /// `no-image`: builds say that they succeeded and push nothing.
    NoImage,
}

impl Inject {
    /// The account or profile that it is about.
    pub(crate) fn name(&self) -> Option<&String> {
        match self {
            Self::WrongAccount(name)
            | Self::Fail(name)
            | Self::Busy(name)
            | Self::Hang(name)
            | Self::WrongTagRunning(name) => Some(name),
            Self::NoImage => None,
        }
    }
}

impl TryFrom<String> for Inject {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("wrong-account", name)) if !name.is_empty() => Ok(Self::WrongAccount(name.to_owned())),
            Some(("fail", name)) if !name.is_empty() => Ok(Self::Fail(name.to_owned())),
            Some(("wrong-tag-running", name)) if !name.is_empty() => Ok(Self::WrongTagRunning(name.to_owned())),
            Some(("busy", name)) if !name.is_empty() => Ok(Self::Busy(name.to_owned())),
            Some(("hang", name)) if !name.is_empty() => Ok(Self::Hang(name.to_owned())),
            None if text == "no-image" => Ok(Self::NoImage),
            _ => Err(format!(
                "`{text}` is none of `wrong-account:NAME`, `fail:NAME`, `busy:NAME`, `hang:NAME`, `wrong-tag-running:NAME`, `no-image`"
            )),
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
            Self::NoImage => to.write_str("no-image"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Inject;

    #[test]
    fn what_is_written_is_what_was_read() {
        for good in ["wrong-account:dev", "fail:your-prod", "busy:dev", "hang:dev", "wrong-tag-running:dev", "no-image"]
        {
            assert_eq!(Inject::try_from(good.to_owned()).unwrap().to_string(), good);
        }
        for bad in ["", "fail", "fail:", "no-image:x", "boom"] {
            assert!(Inject::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
