//! Terragrunt's log lines: `16:33:17.807 STDOUT terraform: …`, one per line, empty ones left out.

use crate::clock::Moment;
use crate::out;
use crate::refusal::Refusal;

/// Something that terragrunt says itself, on stderr.
pub(super) fn info(text: &str) {
    out::err(&format!("{} INFO   {text}", now()));
}

/// A warning, on stderr.
pub(super) fn warn(text: &str) {
    out::err(&format!("{} WARN   {text}", now()));
}

/// A failure of terragrunt's own: exit code 1.
pub(super) fn error(text: &str) -> Refusal {
    Refusal::new(1, format!("{} ERROR  {text}", now()))
}

/// A line of Terraform's stdout.
pub(super) fn stdout(program: &str, line: &str) {
    if !line.trim().is_empty() {
        out::line(&format!("{} STDOUT {program}: {line}", now()));
    }
}

/// A line of Terraform's stderr.
pub(super) fn stderr(program: &str, line: &str) {
    if !line.trim().is_empty() {
        out::err(&format!("{} STDERR {program}: {line}", now()));
    }
}

/// A line of an `init` that nobody asked for.
pub(super) fn auto_init(program: &str, line: &str) {
    if !line.trim().is_empty() {
        info(&format!("{program}: {line}"));
    }
}

fn now() -> String {
    Moment::now().time_of_day()
}
