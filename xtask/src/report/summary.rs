//! The end of a run: each unit's result, and last of all what failed, with the end of its log and where the whole is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::report::screen::{Screen, Tone, duration};
use crate::run::event::{Outcome, StepResult};
use crate::run::tail;

/// How many of a failed log's last lines are shown.
const TAIL: usize = 12;

/// How one unit or image ended.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The label, or the image.
    pub name: String,
    /// The unit's path, or the image's address.
    pub path: String,
    /// Terragrunt's word for how it ended.
    pub result: &'static str,
    /// What there is to say about a good end, such as `no changes`.
    pub note: Option<String>,
    /// Why it did not end well.
    pub cause: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// Its log.
    pub log: Option<PathBuf>,
    /// The end of its log, where it did not end well.
    pub tail: Vec<String>,
}

impl Row {
    /// The row of a step that was run; its log is told relative to `root`.
    pub fn of(name: &str, path: &str, outcome: &Outcome, root: &Path) -> Self {
        let ended_badly = matches!(outcome.result, StepResult::Failed | StepResult::Unknown);
        let log = outcome.log.as_deref();
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            result: outcome.result.as_str(),
            note: None,
            cause: outcome.cause.clone(),
            seconds: (outcome.took.as_secs_f64() * 1000.0).round() / 1000.0,
            log: log.map(|log| log.strip_prefix(root).unwrap_or(log).to_owned()),
            tail: log.filter(|_| ended_badly).map(|log| tail::last_lines(log, TAIL)).unwrap_or_default(),
        }
    }

    /// A unit for which there was nothing to do.
    pub fn unchanged(name: &str, path: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            result: StepResult::Succeeded.as_str(),
            note: Some("no changes".to_owned()),
            cause: None,
            seconds: 0.0,
            log: None,
            tail: Vec::new(),
        }
    }

    fn is_bad(&self) -> bool {
        self.result == StepResult::Failed.as_str() || self.result == StepResult::Unknown.as_str()
    }
}

/// Prints a row per unit, failures last.
pub fn show(screen: &Screen, rows: &[Row]) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in rows.iter().filter(|row| !row.is_bad()) {
        let took = duration(Duration::from_secs_f64(row.seconds));
        let said = row.note.as_deref().unwrap_or(if row.seconds > 0.0 { took.as_str() } else { "" });
        screen.lines(format!("  {:<width$}  {:<10}  {said}", row.name, row.result).trim_end());
    }
    for row in rows.iter().filter(|row| row.is_bad()) {
        let cause = row.cause.as_deref().unwrap_or("no reason is known");
        let (first, rest) = cause.split_once('\n').unwrap_or((cause, ""));
        screen.insist(
            Tone::Bad,
            if row.result == "unknown" { "Unknown" } else { "Failed" },
            format_args!("{}   {first}", row.name),
        );
        let mut lines: Vec<_> = rest.lines().map(str::to_owned).collect();
        lines.extend(row.tail.iter().map(|line| format!("| {line}")));
        lines.extend(row.log.iter().map(|log| format!("log: {}", log.display())));
        for line in lines {
            screen.lines(&format!("  {line}"));
        }
    }
}
