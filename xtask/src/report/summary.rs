//! The end of a run: each unit's result, and last of all what failed, with the end of its log and where the whole is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::model::Account;
use crate::report::live::state::without_prefix;
use crate::report::plain::plain;
use crate::report::screen::{Screen, Tone, count, duration};
use crate::report::wrap::shown_width;
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
    /// The name of its account; `None` where that is not of interest.
    pub account: Option<String>,
    /// The account's id.
    pub account_id: Option<String>,
    /// How it ended: a word of terragrunt's, `unknown` or `interrupted`.
    pub result: &'static str,
    /// How many changes its plan has, if there is one.
    pub changes: Option<usize>,
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
            account: None,
            account_id: None,
            result: outcome.as_str(),
            changes: None,
            note: None,
            cause: outcome.cause.clone(),
            seconds: (outcome.took.as_secs_f64() * 1000.0).round() / 1000.0,
            log: log.map(|log| log.strip_prefix(root).unwrap_or(log).to_owned()),
            tail: log.filter(|_| ended_badly).map(last_lines).unwrap_or_default(),
        }
    }

    /// A unit for which there was nothing to do.
    pub fn unchanged(name: &str, path: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            account: None,
            account_id: None,
            result: StepResult::Succeeded.as_str(),
            changes: None,
            note: Some("no changes".to_owned()),
            cause: None,
            seconds: 0.0,
            log: None,
            tail: Vec::new(),
        }
    }

    /// The same, which says in which account.
    pub fn of_account(self, account: &Account) -> Self {
        Self { account: Some(account.name.clone()), account_id: Some(account.id.to_string()), ..self }
    }

    /// The account, by its name too where that is not the name of the unit.
    fn in_account(&self) -> String {
        let name = self.account.iter().filter(|account| **account != self.name);
        self.account_id.iter().chain(name).map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    fn in_changes(&self) -> String {
        self.changes.filter(|n| *n > 0).map(|n| count(n, "change")).unwrap_or_default()
    }

    fn is_bad(&self) -> bool {
        [StepResult::Failed, StepResult::Unknown].iter().any(|bad| bad.as_str() == self.result)
    }
}

/// What a log says of the failure, without what it would do to a terminal: Terraform's errors if it has any, which
/// terragrunt tells once more, else its last lines.
fn last_lines(log: &Path) -> Vec<String> {
    let text = tail::end(log);
    let lines: Vec<_> = text.lines().map(plain).filter(|line| !line.trim().is_empty()).collect();
    let errors = errors(&lines);
    if errors.is_empty() { lines[lines.len().saturating_sub(TAIL)..].to_vec() } else { errors }
}

/// The lines from Terraform's first error on, each once and without terragrunt's own.
fn errors(lines: &[String]) -> Vec<String> {
    let mut told: Vec<&str> = Vec::new();
    let bare = lines.iter().map(|line| without_prefix(line.trim()));
    for line in bare.skip_while(|line| !line.starts_with("Error: ")).take_while(|line| *line != "error occurred:") {
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told.into_iter().take(TAIL).map(str::to_owned).collect()
}

/// Prints a row per unit: unit, result, account, changes, duration; failures last, with their causes.
pub fn show(screen: &Screen, rows: &[Row]) {
    let took =
        |row: &Row| if row.seconds > 0.0 { duration(Duration::from_secs_f64(row.seconds)) } else { String::new() };
    let good: Vec<_> = rows.iter().filter(|row| !row.is_bad()).collect();
    let cells = good.iter().map(|row| {
        let said = row.note.clone().unwrap_or_else(|| took(row));
        let result = if row.result == StepResult::EarlyExit.as_str() { "not started" } else { row.result };
        [row.name.clone(), result.to_owned(), row.in_account(), row.in_changes(), said]
    });
    table(&cells.collect::<Vec<_>>()).iter().for_each(|line| screen.lines(line));
    for row in rows.iter().filter(|row| row.is_bad()) {
        let cause = row.cause.as_deref().unwrap_or("no reason is known");
        let (first, rest) = cause.split_once('\n').unwrap_or((cause, ""));
        screen.insist(
            Tone::Bad,
            if row.result == StepResult::Unknown.as_str() { "Unknown" } else { "Failed" },
            format_args!("{}   {first}", row.name),
        );
        let facts = [row.in_account(), row.in_changes(), took(row)];
        let facts = facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join("   ");
        let mut lines: Vec<_> = Some(facts).filter(|facts| !facts.is_empty()).into_iter().collect();
        lines.extend(rest.lines().map(str::to_owned));
        lines.extend(row.tail.iter().map(|line| format!("| {line}")));
        lines.extend(row.log.iter().map(|log| format!("log: {}", log.display())));
        for line in lines {
            screen.lines(&format!("  {line}"));
        }
    }
}

/// Rows whose columns begin below each other; a column that is empty in all of them takes no room.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |n: usize| rows.iter().map(|row| shown_width(&row[n])).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let cells: String = cells.map(|(cell, width)| format!("  {cell:<width$}")).collect();
        cells.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_begin_below_each_other_and_empty_ones_take_no_room() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned);
        let rows = [row(["dev", "succeeded", "", "0.9 s"]), row(["größer", "not started", "", ""])];
        assert_eq!(table(&rows), ["  dev     succeeded    0.9 s", "  größer  not started"]);
        assert!(table::<4>(&[]).is_empty());
    }

    #[test]
    fn error_of_terraform_comes_first_and_once() {
        let log = "\
12:00:00.000 STDOUT terraform: aws_x.y: Creating...
12:00:00.001 STDERR terraform: Error: creating X: Rate exceeded
12:00:00.001 STDERR terraform:   with aws_x.y,
12:00:00.002 ERROR  error occurred:
* Failed to execute \"terraform apply\"
  Error: creating X: Rate exceeded
  exit status 1";
        let lines: Vec<_> = log.lines().map(str::to_owned).collect();
        assert_eq!(errors(&lines), ["Error: creating X: Rate exceeded", "with aws_x.y,"]);
        assert!(errors(&lines[..1]).is_empty(), "without an error the end of the log is shown");
    }

    #[test]
    fn account_is_told_by_its_name_only_where_the_unit_has_another() {
        let row = Row {
            account: Some("dev".to_owned()),
            account_id: Some("100000000004".to_owned()),
            ..Row::unchanged("dev", "dev/runner")
        };
        assert_eq!(row.in_account(), "100000000004");
        assert_eq!(Row { name: "dev/us-east-1".to_owned(), ..row }.in_account(), "100000000004 dev");
    }
}
