//! What a change that somebody has to look at does, attribute by attribute: all of them, and each in full.

use crate::model::one_line;
use crate::report::wrap::{chunked, shown_width, wrapped};
use crate::tools::terraform::plan::{Action, Change, Difference, Side, is_image_path, is_private, split_image};

/// The column that attributes begin at.
const INDENT: usize = 12;

/// How many characters of one side are shown.
const MOST: usize = 1000;

/// How many characters that both sides have in common are shown before what differs in a longer value.
const BEFORE: usize = 60;

/// What names the resource itself, which another one has otherwise.
const IDENTITY: [&str; 4] = ["arn", "arn_without_revision", "id", "revision"];

/// All attributes of a change.
pub(super) fn attributes(change: &Change, width: usize) -> String {
    let is_made_up = |it: &&Difference| {
        let is_identity = change.action == Action::Replace && IDENTITY.contains(&it.path.as_str());
        // It repeats the input.
        let is_output = change.kind == "terraform_data" && it.path == "output";
        it.after == Side::Unknown && (it.before == Side::Nothing || is_identity || is_output)
    };
    let (made_up, told): (Vec<_>, Vec<_>) = change.differences.iter().partition(is_made_up);
    // What is known says more than what the apply alone will tell.
    let (unknown, known): (Vec<_>, Vec<_>) = told.into_iter().partition(|it| it.after == Side::Unknown);
    let mut text: String = known.into_iter().chain(unknown).map(|it| attribute(it, change.action, width)).collect();
    if !made_up.is_empty() {
        let paths: Vec<_> = made_up.iter().map(|it| it.path.as_str()).collect();
        let head = format!("{:INDENT$}known after apply:", "");
        text.push_str(&wrapped(&format!("{head} "), INDENT + 2, &paths.join(", "), width));
    }
    text
}

/// One attribute: on a line, or its sides below its name.
fn attribute(difference: &Difference, action: Action, width: usize) -> String {
    let path = one_line(&difference.path);
    let gap = if path.is_empty() { "" } else { "  " };
    let head = format!("{:INDENT$}{path}{gap}", "");
    let mut sides = sides(difference);
    // What is added was nothing before, all of it.
    if action == Action::Add && difference.before == Side::Nothing && sides.len() == 2 {
        sides.remove(0);
    }
    let line = sides.join(" -> ");
    if shown_width(&head) + shown_width(&line) <= width && !line.contains('\n') {
        return chunked(&head, &line, width);
    }
    let name = if path.is_empty() { String::new() } else { chunked(&format!("{:INDENT$}", ""), &path, width) };
    let (cut, n_left_out) = cut_to_what_differs(&sides);
    let labels: &[&str] = if sides.len() == 2 { &["before  ", "after   "] } else { &[""] };
    let lines =
        labels.iter().zip(&cut).map(|(label, side)| chunked(&format!("{:1$}{label}", "", INDENT + 2), side, width));
    let mut text = name + &lines.collect::<String>();
    if n_left_out > 0 {
        let words = format!(
            "({n_left_out} characters are left out here; all of it: `d` at the question, or cargo xtask runs logs RUN UNIT plan)"
        );
        text.push_str(&wrapped("", INDENT + 2, &words, width));
    }
    text
}

/// What an attribute is before and after; one side where neither is shown.
pub(super) fn sides(difference: &Difference) -> Vec<String> {
    let side = |side: &Side| match side {
        Side::Nothing => "(nothing)".to_owned(),
        Side::Value(text) => text.clone(),
        Side::Sensitive => "(sensitive)".to_owned(),
        Side::Unknown => "(known after apply)".to_owned(),
    };
    let Difference { path, before, after } = difference;
    let images = before.value().and_then(split_image).zip(after.value().and_then(split_image));
    match images {
        _ if *before == Side::Sensitive || *after == Side::Sensitive => vec!["(sensitive)".to_owned()],
        _ if is_private(path) => vec!["(not shown)".to_owned()],
        Some(((old, before), (new, after))) if old == new && is_image_path(path) => {
            vec![before.to_owned(), after.to_owned()]
        }
        _ => vec![side(before), side(after)],
    }
}

/// Long texts from a little before the first place where they differ on, and how many characters that differ are left out.
/// What both have in common at their beginning and end is replaced by `…`.
fn cut_to_what_differs(sides: &[String]) -> (Vec<String>, usize) {
    let letters: Vec<Vec<char>> = sides.iter().map(|side| side.chars().collect()).collect();
    if letters.iter().all(|side| side.len() <= MOST) {
        return (sides.to_vec(), 0);
    }
    let (n_first, n_last) = match &letters[..] {
        [before, after] => {
            let shorter = before.len().min(after.len());
            let n_first = before.iter().zip(after).take_while(|(a, b)| a == b).count();
            let last = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
            (n_first, last.min(shorter - n_first))
        }
        _ => (0, 0),
    };
    let from = n_first.saturating_sub(BEFORE);
    let mut n_left_out = 0;
    let cut = |side: &Vec<char>| {
        let to = (side.len() - n_last + BEFORE).min(side.len()).min(from + MOST);
        n_left_out += (side.len() - n_last).saturating_sub(to);
        let mark = |is_cut| if is_cut { "…" } else { "" };
        format!("{}{}{}", mark(from > 0), side[from..to].iter().collect::<String>(), mark(to < side.len()))
    };
    (letters.iter().map(cut).collect(), n_left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_around_what_differs_and_say_so_where_a_part_of_that_is_left_out() {
        let common = "0123456789".repeat(150);
        let sides =
            |before: &str, after: &str| [format!("{common}{before}{common}"), format!("{common}{after}{common}")];
        let (cut, n_left_out) = cut_to_what_differs(&sides("old", "new"));
        assert_eq!(n_left_out, 0, "what differs is all there");
        let around = |it: &str| format!("…{}{it}{}…", &common[common.len() - BEFORE..], &common[..BEFORE]);
        assert_eq!(cut, [around("old"), around("new")]);
        let (cut, n_left_out) = cut_to_what_differs(&sides("", &"x".repeat(2000)));
        assert!(cut[1].ends_with("x…") && cut[1].chars().count() == MOST + 2, "{cut:?}");
        assert_eq!(n_left_out, 2000 - (MOST - BEFORE));
        let (cut, n_left_out) = cut_to_what_differs(&["x".repeat(1500)]);
        assert_eq!((cut[0].chars().count(), n_left_out), (MOST + 1, 500));
    }
}
