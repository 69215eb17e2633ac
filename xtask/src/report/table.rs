//! Tables whose columns begin below each other, and which fit the terminal.

use crate::report::wrap::shown_width;

/// Rows of cells. In a terminal that is narrower, the first cell of each row stands on a line of its own.
pub fn table<const N: usize>(rows: &[[String; N]], columns: Option<usize>) -> String {
    let cells: Vec<&[String]> = rows.iter().map(|row| &row[..]).collect();
    let lines = aligned(&cells);
    if columns.is_none_or(|columns| lines.iter().all(|line| shown_width(line) <= columns)) {
        return lines.into_iter().map(|line| line + "\n").collect();
    }
    let rest: Vec<&[String]> = rows.iter().map(|row| &row[1..]).collect();
    rows.iter().zip(aligned(&rest)).map(|(row, rest)| format!("{}\n  {rest}\n", row[0])).collect()
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
    }
}
