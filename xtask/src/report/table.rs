//! Tables whose columns begin below each other, and which fit the terminal.

use crate::report::wrap::shown_width;

/// Rows of cells, of which the first has the headings.
pub fn table<const N: usize>(rows: &[[String; N]], columns: Option<usize>) -> String {
    row_texts(rows, columns).concat()
}

/// The text of each row. In a terminal that is narrower, the first cell stands on a line of its own; in one that is narrower
/// still, so does each other one with its heading, and the row of the headings has no text.
pub fn row_texts<const N: usize>(rows: &[[String; N]], columns: Option<usize>) -> Vec<String> {
    let cells: Vec<&[String]> = rows.iter().map(|row| &row[..]).collect();
    let fits = |lines: &[String]| columns.is_none_or(|columns| lines.iter().all(|line| shown_width(line) <= columns));
    let lines = aligned(&cells);
    if fits(&lines) {
        return lines.into_iter().map(|line| line + "\n").collect();
    }
    let head = |row: &[String; N]| if row[0].is_empty() { String::new() } else { format!("{}\n", row[0]) };
    let rest: Vec<&[String]> = rows.iter().map(|row| &row[1..]).collect();
    let lines: Vec<_> = aligned(&rest).into_iter().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    if fits(&lines) {
        let text = |(row, line): (&[String; N], String)| head(row) + &line + if line.is_empty() { "" } else { "\n" };
        return rows.iter().zip(lines).map(text).collect();
    }
    let headings = rest.first().copied().unwrap_or_default();
    let record = |row: &[String; N]| {
        let cells = headings.iter().zip(&row[1..]).filter(|(_, cell)| !cell.is_empty());
        let cells: Vec<_> = cells.map(|(heading, cell)| [heading.clone(), cell.clone()]).collect();
        let cells: Vec<&[String]> = cells.iter().map(|cell| &cell[..]).collect();
        head(row) + &aligned(&cells).into_iter().map(|line| format!("  {line}\n")).collect::<String>()
    };
    let no_headings = rows.iter().take(1).map(|_| String::new());
    no_headings.chain(rows.iter().skip(1).map(record)).collect()
}

fn aligned(rows: &[&[String]]) -> Vec<String> {
    let width = |at: usize| rows.iter().map(|row| shown_width(&row[at])).max().unwrap_or_default();
    let widths: Vec<_> = (0..rows.first().map_or(0, |row| row.len())).map(width).collect();
    let line = |row: &&[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn table_that_is_too_wide_has_the_first_cells_on_lines_of_their_own() {
        let rows = [["unit", "tag", "by"], ["dev/us-east-1", "v1", "common.hcl"]].map(|row| row.map(str::to_owned));
        let wide = "unit           tag  by\ndev/us-east-1  v1   common.hcl\n";
        for columns in [None, Some(80), Some(30)] {
            assert_eq!(table(&rows, columns), wide, "{columns:?}");
        }
        assert_eq!(table(&rows, Some(29)), "unit\n  tag  by\ndev/us-east-1\n  v1   common.hcl\n");
        assert_eq!(table(&rows, Some(16)), "dev/us-east-1\n  tag  v1\n  by   common.hcl\n");
        assert_eq!(table::<3>(&[], Some(1)), "");
    }
}
