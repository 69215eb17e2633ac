//! What went wrong, where, and what to do; and the exit code that follows from it.

use std::collections::HashSet;
use std::fmt;

use super::Place;

/// What a task gives back: a value, or everything that is wrong.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// The kinds of failure, which differ by exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The user answered a question with no.
    Cancelled,
    /// A step failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Refused before any change.
    Refused,
    /// Nothing was selected.
    NothingSelected,
    /// Something differs (`--check`, `verify`).
    Differs,
    /// A bug of ours.
    Internal,
    /// The user interrupted.
    Interrupted,
    /// Somebody asked the process to end.
    Terminated,
}

/// The exit code of the process. 0 done, 1 a step failed, 2 usage, 3 refused before any change, 4 nothing selected,
/// 5 differs, 70 our bug, 130 interrupted, 143 terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// Everything that was asked for is done.
    pub const DONE: Self = Self(0);
    /// Something differs from what was asked about.
    pub const DIFFERS: Self = Self(5);
}

impl From<Kind> for Exit {
    fn from(kind: Kind) -> Self {
        Self(match kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Cancelled | Kind::Refused => 3,
            Kind::NothingSelected => 4,
            Kind::Differs => 5,
            Kind::Internal => 70,
            Kind::Interrupted => 130,
            Kind::Terminated => 143,
        })
    }
}

/// One thing that is wrong. Built in the order in which it is read: what, where, details, what to do.
#[derive(Debug)]
pub struct Failure {
    /// Which exit code follows.
    pub kind: Kind,
    /// What is wrong: lowercase, no final period, values in backticks.
    pub what: String,
    /// Where: each is printed after `-->`.
    pub at: Vec<Place>,
    /// Further lines, printed as they are, such as expected and found.
    pub details: Vec<String>,
    /// What to do; each is printed after `hint:`.
    pub hints: Vec<String>,
    /// The error underneath, whose chain is printed.
    pub source: Option<anyhow::Error>,
}

impl From<&hcl_resolve::Fault> for Failure {
    /// A refusal.
    fn from(fault: &hcl_resolve::Fault) -> Self {
        let (at, details, hints) = (fault.places().to_vec(), fault.details().to_vec(), fault.hints().to_vec());
        Self { at, details, hints, ..Self::refused(fault.what()) }
    }
}

impl Failure {
    /// A failure of the given kind.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), at: Vec::new(), details: Vec::new(), hints: Vec::new(), source: None }
    }

    /// A step that was started and failed.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what)
    }

    /// A refusal before any change.
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(Kind::Refused, what)
    }

    /// Something that the user answered with no; `not_done` is what is not done therefore, such as `nothing was applied`.
    pub fn cancelled(not_done: &str) -> Self {
        Self::new(Kind::Cancelled, not_done)
    }

    /// The same, where no answer could be had.
    pub fn unconfirmed(not_done: &str) -> Self {
        Self::refused(format!("{not_done}: it was not confirmed"))
    }

    /// A mistake on the command line.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, what)
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.at.push(place);
        self
    }

    /// Adds a whole file as the place.
    #[must_use]
    pub fn in_file(self, file: impl Into<String>) -> Self {
        self.at(Place::file(file))
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same once more. The errors underneath become lines of detail.
    #[must_use]
    pub fn again(&self) -> Self {
        let causes = self.source.iter().flat_map(|source| source.chain()).map(|cause| format!("caused by: {cause}"));
        Self {
            kind: self.kind,
            what: self.what.clone(),
            at: self.at.clone(),
            details: self.details.iter().cloned().chain(causes).collect(),
            hints: self.hints.clone(),
            source: None,
        }
    }

    /// Adds the error underneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    /// The message without its heading word, which the printer colours: several lines, without a final line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for place in &self.at {
            write!(f, "\n  --> {place}")?;
        }
        for line in self.details.iter().flat_map(|detail| detail.lines()) {
            write!(f, "\n  {line}")?;
        }
        for cause in self.source.iter().flat_map(|source| source.chain()) {
            write!(f, "\n  caused by: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Everything that is wrong, reported together. Never empty.
#[derive(Debug)]
pub struct Failures(Vec<Failure>);

impl Failures {
    /// `Ok` if there is nothing wrong. What is wrong with many units in the same words is said once.
    pub fn check(mut failures: Vec<Failure>) -> Result<(), Self> {
        let mut seen = HashSet::new();
        failures.retain(|failure| seen.insert(failure.to_string()));
        if failures.is_empty() { Ok(()) } else { Err(Self(failures)) }
    }

    /// The failures, at least one.
    pub fn iter(&self) -> impl Iterator<Item = &Failure> {
        self.0.iter()
    }

    /// The failures as a list, to be joined with others.
    pub fn into_vec(self) -> Vec<Failure> {
        self.0
    }

    /// The exit code: that of the gravest kind, where a refusal weighs more than a failed step,
    /// and a bug of ours more than anything.
    pub fn exit(&self) -> Exit {
        self.0.iter().map(|failure| failure.kind).max().unwrap_or(Kind::Internal).into()
    }
}

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Self {
        Self(vec![failure])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_what_where_details_cause_and_remedy() {
        let failure = Failure::refused("cannot read the accounts file")
            .at(Place::line("accounts.json", 5))
            .detail("expected  a string")
            .because(anyhow::anyhow!("inner").context("outer"))
            .hint("write the id in quotes");
        assert_eq!(
            failure.to_string(),
            "cannot read the accounts file\n  --> accounts.json:5\n  expected  a string\n  caused by: outer\n  caused by: inner\nhint: write the id in quotes"
        );
    }

    #[test]
    fn the_gravest_kind_decides_the_exit_code() {
        let failures = Failures(vec![Failure::refused("a"), Failure::usage("b")]);
        assert_eq!(failures.exit(), Exit(3));
    }
}
