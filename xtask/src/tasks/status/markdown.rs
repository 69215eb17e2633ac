//! The status as a page for a merge request or a ticket.

use super::Status;
use crate::report::markdown::{code, escaped, sentence};

/// A table and a list.
pub(super) fn page(status: &Status<'_>) -> String {
    let mut head = vec!["units".to_owned()];
    head.extend(status.images.iter().map(|image| escaped(image.as_str())));
    head.extend(["module".to_owned(), "decided by".to_owned()]);
    let mut page = row(&head);
    page += &row(&vec!["---".to_owned(); head.len()]);
    for it in &status.rows {
        let mut cells = vec![it.labels.join(", ")];
        let mark = |tag: &super::rows::Cell| {
            if tag.stands_out { format!("**{}**", escaped(&tag.text)) } else { escaped(&tag.text) }
        };
        cells[0] = escaped(&cells[0]);
        cells.extend(it.tags.iter().map(mark));
        cells.extend([escaped(&it.module), code(&it.decided_by)]);
        page += &row(&cells);
    }
    if !status.notes.is_empty() {
        page.push('\n');
    }
    for note in &status.notes {
        let places: Vec<_> = note.places.iter().map(|place| code(&place.to_string())).collect();
        let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
        page += &format!("- {}{places}\n", sentence(&note.text));
    }
    page
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
