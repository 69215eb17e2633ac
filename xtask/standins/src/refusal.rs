//! How a stand-in fails: with the exit code of the tool that it stands in for, and a text for stderr.

use std::fmt::Display;
use std::process::ExitCode;

use crate::out;

/// What a stand-in gives back.
pub(crate) type Outcome<T = ()> = Result<T, Refusal>;

/// A refusal or failure: what goes to stderr, and the exit code.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u8,
    pub(crate) text: String,
}

impl Refusal {
    /// Makes a refusal of an exit code and the text as the tool words it.
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Makes a refusal that says nothing, because everything has been said.
    pub(crate) fn silent(code: u8) -> Self {
        Self::new(code, "")
    }

    /// Makes a failure of the rehearsal itself, in our own words.
    pub(crate) fn of_rehearsal(what: impl Display, cause: impl Display) -> Self {
        Self::new(1, format!("rehearsal: cannot {what}: {cause}"))
    }

    /// Says the text on stderr and turns into the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        if !self.text.is_empty() {
            out::err(&self.text);
        }
        ExitCode::from(self.code)
    }
}
