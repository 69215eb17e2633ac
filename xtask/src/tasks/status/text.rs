//! The status as a table for people.

use super::Status;
use super::notes::{Note, Topic};
use super::rows::Row;
use crate::report::fill::filled;
use crate::report::screen::count;

/// The table, and the notes below it.
pub(super) fn table(status: &Status<'_>, columns: usize) -> String {
    let mut head = vec!["unit".to_owned()];
    head.extend(status.images.iter().map(ToString::to_string));
    head.push("module".to_owned());
    let rows: Vec<_> = status.rows.iter().map(|row| (cells(row), row)).collect();
    let width = |at: usize| {
        let all = rows.iter().map(|(cells, _)| &cells[at]).chain([&head[at]]);
        all.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let before = widths.iter().map(|width| width + 2).sum::<usize>();
    let longest = status.rows.iter().map(|row| row.decided_by.chars().count()).max().unwrap_or_default();
    // What decides gets a line of its own in every row if it doesn't fit into one.
    let fits = before + longest <= columns;
    let line = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ")
    };
    let mut text = line(&head) + if fits { "  decided by" } else { "" };
    text = text.trim_end().to_owned() + "\n";
    for (cells, row) in &rows {
        let first = line(cells);
        text += &if fits { format!("{first}  {}\n", row.decided_by) } else { format!("{}\n", first.trim_end()) };
        if !fits {
            text += &filled(&format!("decided by {}", row.decided_by), "  ", "    ", columns);
        }
        if !row.module_by.is_empty() {
            text += &filled(&format!("module by {}", row.module_by), "  ", "    ", columns);
        }
        if row.labels.len() > 1 {
            text += &filled(&row.labels.join(" "), "  ", "  ", columns);
        }
    }
    text + &notes(&status.notes, columns)
}

fn cells(row: &Row<'_>) -> Vec<String> {
    let name = match &row.labels[..] {
        [only] => only.clone(),
        several => count(several.len(), "unit"),
    };
    let tags = row.tags.iter().map(|tag| if tag.stands_out { format!("{} !", tag.text) } else { tag.text.clone() });
    std::iter::once(name).chain(tags).chain([row.module.clone()]).collect()
}

fn notes(notes: &[Note], columns: usize) -> String {
    let mut text = String::new();
    for note in notes {
        text += if text.is_empty() { "\n" } else { "" };
        text += &filled(&note.text, "!  ", "   ", columns);
        for place in &note.places {
            text += &format!("   --> {place}\n");
        }
        // Where a single unit is meant, or the table tells, the place says enough.
        let names_units = note.kind != Topic::Drift && (note.places.is_empty() || note.units.len() > 1);
        if let ([first, rest @ ..], true) = (&note.units[..], names_units) {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            text += &format!("       {first}{more}\n");
        }
    }
    text
}
