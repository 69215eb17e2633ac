//! The digest as text, 80 columns wide.

mod attributes;
mod details;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use details::details;

use crate::model::one_line;
use crate::report::screen::count;
use crate::report::wrap::{WIDTH, shown_width, wrapped};
use crate::run::digest::{Digest, Group, TagMove, must_be_looked_at};
use crate::tools::terraform::plan::{Change, OUTPUT};

/// Where what stands after the word at the left begins.
const INDENT: usize = 15;

/// What all plans would do, as it is shown before the consent.
pub fn text(digest: &Digest) -> String {
    let mut text = String::new();
    if !digest.tags.is_empty() {
        let n_units = digest.n_changing();
        text.push('\n');
        tags(&mut text, &digest.tags, n_units);
    }
    for group in &digest.groups {
        text.push('\n');
        group_text(&mut text, group);
    }
    if !digest.unchanged.is_empty() {
        text.push('\n');
        let head = format!("  {:<13}", count(digest.unchanged.len(), "unit"));
        with_aside(&mut text, &head, &digest.unchanged, "nothing to change");
    }
    text.push('\n');
    look_here(&mut text, digest);
    text
}

/// Each move of tags on a line, with the images and whose they are.
fn tags(text: &mut String, tags: &BTreeMap<TagMove, Vec<String>>, n_units: usize) {
    let mut moves: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tag, labels) in tags {
        let TagMove { before, after, image } = tag;
        let way = before.as_ref().map_or_else(|| after.clone(), |before| format!("{before} -> {after}"));
        let who = if labels.len() == n_units { "all units".to_owned() } else { labels.join(" ") };
        moves.entry(way).or_default().push(format!("{image} ({who})"));
    }
    for (way, images) in moves {
        let head = format!("  {way}   ");
        text.push_str(&wrapped(&head, head.chars().count(), &images.join(", ")));
    }
}

fn group_text(text: &mut String, group: &Group) {
    let n = group.changes.len();
    let same = if group.labels.len() == 1 { count(n, "change") } else { format!("the same {}", count(n, "change")) };
    with_aside(text, &format!("  {:<13}", count(group.labels.len(), "unit")), &group.labels, &same);
    let mut module = "";
    let is_quiet = |change: &&Change| change.kind == OUTPUT && !must_be_looked_at(change);
    for change in group.changes.iter().filter(|change| !is_quiet(change)) {
        row(text, change, &mut module);
    }
    let n_outputs = group.changes.iter().filter(is_quiet).count();
    if n_outputs > 0 {
        let _ = writeln!(text, "    {:<7} {}", "change", count(n_outputs, "output"));
    }
}

/// Labels, and something to be said of them at the right edge, or below where there is no room.
fn with_aside(text: &mut String, head: &str, labels: &[String], aside: &str) {
    let lines = wrapped(head, INDENT, &labels.join(" "));
    let last = lines.trim_end().rsplit('\n').next().unwrap_or_default();
    let room = WIDTH.saturating_sub(shown_width(last));
    match room >= aside.len() + 2 {
        true => {
            let _ = writeln!(text, "{}{aside:>room$}", lines.trim_end());
        }
        false => {
            let _ = writeln!(text, "{}\n{aside:>WIDTH$}", lines.trim_end());
        }
    }
}

/// One change. The module is named where it is another than that of the row above.
fn row<'c>(text: &mut String, change: &'c Change, module: &mut &'c str) {
    let mark = if must_be_looked_at(change) { '!' } else { ' ' };
    let (inside, name) = split(&change.address);
    let address = if *module == inside && !inside.is_empty() { format!("…{name}") } else { change.address.clone() };
    *module = inside;
    let why = change.expected.map(|why| why.as_str()).filter(|why| !why.is_empty());
    let what = why.into_iter().chain(change.notes.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
    let left = one_line(&format!("  {mark} {:<7} {address}", change.action.as_str())).into_owned();
    let what = one_line(&what);
    let room = WIDTH.saturating_sub(shown_width(&left));
    if what.is_empty() {
        text.push_str(&wrapped(&left, 12, ""));
    } else if room >= shown_width(&what) + 2 {
        let _ = writeln!(text, "{left}{what:>room$}");
    } else if shown_width(&what) <= WIDTH {
        let _ = writeln!(text, "{}{what:>WIDTH$}", wrapped(&left, 12, ""));
    } else {
        text.push_str(&wrapped(&left, 12, ""));
        text.push_str(&wrapped("", 12, &what));
    }
    if mark == '!' {
        text.push_str(&attributes::attributes(change));
    }
}

/// The modules of an address, with the dot after them, and the rest; a key may have dots in it.
fn split(address: &str) -> (&str, &str) {
    let mut end = 0;
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let mut depth = 0;
        let dot = after.char_indices().find(|(_, letter)| {
            match letter {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            *letter == '.' && depth == 0
        });
        let Some((dot, _)) = dot else { break };
        end += "module.".len() + dot + 1;
        rest = &address[end..];
    }
    address.split_at(end)
}

fn look_here(text: &mut String, digest: &Digest) {
    let (n, n_losing) = digest.n_to_look_at();
    let mut units: Vec<_> = digest.unexpected.iter().chain(&digest.losing).map(String::as_str).collect();
    units.sort_unstable();
    units.dedup();
    let looks = match n {
        0 => "nothing".to_owned(),
        1 => format!("one change that an update does not make, marked with !: {}", units.join(" ")),
        n => format!("{n} changes that an update does not make, marked with !: {}", units.join(" ")),
    };
    text.push_str(&wrapped("  Look here    ", INDENT, &looks));
    if n_losing > 0 {
        let loses = if n_losing == 1 { "one of them may lose" } else { "some of them may lose" };
        text.push_str(&wrapped("", INDENT, &format!("{loses} something for good: {}", digest.losing.join(" "))));
    }
    for (what, labels) in &digest.notes {
        text.push_str(&wrapped("", INDENT, &format!("{what} ({})", labels.join(" "))));
    }
    let mut head = "  Runs         ";
    for (what, labels) in &digest.runs {
        let who = if labels.len() == digest.n_changing() { "all units".to_owned() } else { labels.join(" ") };
        text.push_str(&wrapped(head, INDENT, &format!("{what} ({who})")));
        head = "";
    }
    for (what, labels) in &digest.unchecked {
        text.push_str(&wrapped("  Not checked  ", INDENT, &format!("{what} ({})", labels.join(" "))));
    }
    if digest.has_unseen() {
        text.push_str(&wrapped(
            "  *            ",
            INDENT,
            "the new text is known after the apply only; before, it names a task definition that gets another revision",
        ));
    }
}

#[cfg(test)]
mod tests;
