//! All that `xtask` said, and how it ended.

use serde_json::Value;

use super::redact::redact;

/// What a command said, with what differs from run to run masked.
#[derive(Debug)]
pub(super) struct Said {
    /// The exit code; none if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
    /// Standard output as it was.
    pub(super) raw_out: String,
}

/// What only Rust's debug representations and panics have.
const DEBUG: [&str; 13] = [
    "ConnectorError",
    "Custom {",
    "DispatchFailure",
    "Err(",
    "Error {",
    "ErrorKind",
    "None,",
    "Os {",
    "SdkError",
    "ServiceError",
    "Some(",
    "Unhandled",
    "panicked at",
];

impl Said {
    /// Whatever is run, no debug representation reaches the person.
    pub(super) fn new(code: Option<i32>, out: &str, err: &str, known: &[(String, &str)]) -> Self {
        let said = Self { code, out: redact(out, known), err: redact(err, known), raw_out: out.to_owned() };
        for word in DEBUG {
            assert!(!out.contains(word) && !err.contains(word), "`{word}` is said:\n{}", said.screen());
        }
        said
    }

    #[track_caller]
    pub(super) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.screen());
        self
    }

    /// Has this text on standard error.
    #[track_caller]
    pub(super) fn says(self, text: &str) -> Self {
        assert!(self.err.contains(text), "`{text}` is not said:\n{}", self.screen());
        self
    }

    /// Does not have this text on standard error.
    #[track_caller]
    pub(super) fn says_nothing_of(self, text: &str) -> Self {
        assert!(!self.err.contains(text), "`{text}` is said:\n{}", self.screen());
        self
    }

    /// Has nothing on standard output.
    #[track_caller]
    pub(super) fn prints_nothing(self) -> Self {
        assert_eq!(self.out, "", "{}", self.screen());
        self
    }

    /// Standard output as JSON, unmasked.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.raw_out).unwrap_or_else(|error| panic!("{error}:\n{}", self.screen()))
    }

    /// Is all of it, exit code and both streams, what the snapshot of this name has.
    #[track_caller]
    pub(super) fn is(self, name: &str) -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, self.screen()));
        self
    }

    /// The same without the ends of logs, in which lines of two streams come in any order.
    pub(super) fn without_tails(mut self) -> Self {
        self.err = self.err.lines().filter(|line| !line.starts_with("  | ")).map(|line| format!("{line}\n")).collect();
        self
    }

    /// The same without how full the disk is, and without versions that are not a stand-in's.
    pub(super) fn without_disk(mut self) -> Self {
        self.out = self.out.lines().filter(|line| !line.contains("  disk ")).map(|line| format!("{line}\n")).collect();
        self
    }

    /// Exit code and both streams as one text; a stream without a word is left out.
    pub(super) fn screen(&self) -> String {
        let code = self.code.map_or("killed by a signal".to_owned(), |code| format!("exit {code}"));
        let stream = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {name}\n{text}"),
        };
        format!("{code}\n{}{}", stream("stdout", &self.out), stream("stderr", &self.err))
    }
}
