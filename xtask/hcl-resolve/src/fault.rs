//! What is wrong with a file or an expression, in a form that can be kept and told again for every unit that meets it.

use std::fmt;

use crate::Place;

/// An error that terragrunt would raise too: a missing file, a syntax error, an attribute that isn't there.
#[derive(Clone, Debug)]
pub struct Fault(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    what: String,
    at: Vec<Place>,
    details: Vec<String>,
    hints: Vec<String>,
    grade: Grade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Caught,
    BreaksFile,
    Limit,
}

impl Fault {
    /// A fault that `try` and `can` would catch.
    pub fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            what: what.into(),
            at: Vec::new(),
            details: Vec::new(),
            hints: Vec::new(),
            grade: Grade::Caught,
        }))
    }

    /// Makes it one that `try` and `can` don't catch, since it breaks the whole file.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.0.grade = self.0.grade.max(Grade::BreaksFile);
        self
    }

    /// Makes it a limit of ours, which nothing catches.
    #[must_use]
    pub fn limit(mut self) -> Self {
        self.0.grade = Grade::Limit;
        self
    }

    /// Makes what broke another file one that `try` and `can` catch, for whoever only reads that file.
    #[must_use]
    pub fn of_another_file(mut self) -> Self {
        if self.0.grade == Grade::BreaksFile {
            self.0.grade = Grade::Caught;
        }
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        if self.0.at.len() < 4 && !self.0.at.contains(&place) {
            self.0.at.push(place);
        }
        self
    }

    /// Adds the place unless there is one already, which is nearer to the cause.
    #[must_use]
    pub fn near(self, place: impl FnOnce() -> Place) -> Self {
        if self.0.at.is_empty() { self.at(place()) } else { self }
    }

    /// Adds a line of detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.0.details.push(line.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Whether `try` and `can` let it through.
    pub fn is_fatal(&self) -> bool {
        self.0.grade > Grade::Caught
    }

    /// Whether it is a limit of ours.
    pub fn is_limit(&self) -> bool {
        self.0.grade == Grade::Limit
    }

    /// What is wrong, without the place.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The places, the nearest first.
    pub fn places(&self) -> &[Place] {
        &self.0.at
    }

    /// What is wrong and where, in one line.
    pub fn in_one_line(&self) -> String {
        match self.0.at.first() {
            Some(place) => format!("{} ({place})", self.0.what),
            None => self.0.what.clone(),
        }
    }

    /// Lines of detail.
    pub fn details(&self) -> &[String] {
        &self.0.details
    }

    /// What to do.
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }
}

impl fmt::Display for Fault {
    /// The message, its places, details and hints: several lines, without a final line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        self.places().iter().try_for_each(|place| write!(f, "\n  --> {place}"))?;
        let mut details = self.details().iter().flat_map(|detail| detail.lines());
        details.try_for_each(|line| write!(f, "\n  {line}"))?;
        self.hints().iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Fault {}
