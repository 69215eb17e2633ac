//! Every change of every unit with all that differs, for whoever wants to see more than the digest.

use std::fmt::Write as _;

use super::attributes::sides;
use super::must_be_looked_at;
use crate::model::one_line;
use crate::report::screen::count;
use crate::report::wrap::{chunked, shown_width, wrapped};
use crate::run::digest::UnitPlan;

/// The column that attributes begin at.
const INDENT: usize = 12;

/// What each plan would do, unit by unit. What is sensitive is not in it, as it is not in the digest. A value is broken behind
/// spaces alone, so that it can be copied.
pub fn details(plans: &[UnitPlan], width: usize) -> String {
    let mut text = String::new();
    for unit in plans.iter().filter(|unit| !unit.plan.is_empty()) {
        let changes = &unit.plan.changes;
        let _ = writeln!(text, "\n  {}   {}   {}", unit.label, unit.own.account_id, count(changes.len(), "change"));
        for change in changes {
            let mark = if must_be_looked_at(change) { '!' } else { ' ' };
            let why = change.expected.map(|why| why.as_str()).filter(|why| !why.is_empty());
            let notes = why.into_iter().chain(change.notes.iter().map(String::as_str));
            let notes = notes.map(|note| format!("   {note}")).collect::<String>();
            let head = format!("  {mark} {:<7} ", change.action.as_str());
            text += &wrapped(&head, INDENT, &format!("{}{notes}", change.address), width);
            for difference in &change.differences {
                let (path, sides) = (one_line(&difference.path), sides(difference));
                let line = format!("{:INDENT$}{path}  {}", "", sides.join(" -> "));
                if shown_width(&line) <= width {
                    let _ = writeln!(text, "{}", one_line(&line));
                    continue;
                }
                text += &chunked(&format!("{:INDENT$}", ""), &path, width);
                for (n, side) in sides.iter().enumerate() {
                    text += &chunked(&format!("{:INDENT$}{} ", "", if n == 0 { "  " } else { "->" }), side, width);
                }
            }
        }
    }
    text.push('\n');
    text
}
