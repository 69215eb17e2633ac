//! What the doctor found: one thing each, with what to do about it.

use serde::Serialize;

use crate::model::{Failure, Place};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Warn,
    /// To be settled before anything is changed.
    Fail,
    /// Not looked at, because of something that is said.
    Skip,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub grade: Grade,
    /// What was looked at, in a word or two.
    pub name: String,
    /// What was found.
    pub text: String,
    /// Where.
    pub places: Vec<String>,
    /// Further lines.
    pub details: Vec<String>,
    /// What to do, step by step.
    #[serde(rename = "do")]
    pub to_do: Vec<String>,
}

impl Finding {
    fn new(grade: Grade, name: &str, text: impl Into<String>) -> Self {
        let (places, details, to_do) = (Vec::new(), Vec::new(), Vec::new());
        Self { grade, name: name.to_owned(), text: text.into(), places, details, to_do }
    }

    /// As it should be.
    pub fn ok(name: &str, text: impl Into<String>) -> Self {
        Self::new(Grade::Ok, name, text)
    }

    /// Worth knowing.
    pub fn warn(name: &str, text: impl Into<String>) -> Self {
        Self::new(Grade::Warn, name, text)
    }

    /// To be settled first.
    pub fn fail(name: &str, text: impl Into<String>) -> Self {
        Self::new(Grade::Fail, name, text)
    }

    /// Not looked at, because of this.
    pub fn skip(name: &str, because: impl Into<String>) -> Self {
        Self::new(Grade::Skip, name, because)
    }

    /// What would be refused in a run.
    pub fn refusal(name: &str, failure: &Failure) -> Self {
        let causes = failure.source.iter().flat_map(|source| source.chain()).map(|cause| format!("caused by: {cause}"));
        Self {
            places: failure.at.iter().map(ToString::to_string).collect(),
            details: failure.details.iter().cloned().chain(causes).collect(),
            to_do: failure.hints.clone(),
            ..Self::fail(name, failure.what.clone())
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.places.push(place.to_string());
        self
    }

    /// Adds places.
    #[must_use]
    pub fn at_all<'p>(self, places: impl IntoIterator<Item = &'p Place>) -> Self {
        places.into_iter().fold(self, Self::at)
    }

    /// Adds a line.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn to_do(mut self, step: impl Into<String>) -> Self {
        self.to_do.push(step.into());
        self
    }
}

/// How many ended so.
pub(super) fn n_with(findings: &[Finding], grade: Grade) -> usize {
    findings.iter().filter(|finding| finding.grade == grade).count()
}
