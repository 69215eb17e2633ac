//! The digest as text, as wide as there is room.

mod attributes;
mod details;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use details::details;

use crate::model::{Version, one_line};
use crate::report::screen::count;
use crate::report::screen::{Marked, Tone};
use crate::report::wrap::{WIDTH, shown_width, wrapped};
use crate::run::digest::{Digest, Group, TagMove, must_be_looked_at};
use crate::tools::terraform::plan::{Action, Change, OUTPUT};

/// Where what stands after the word at the left begins.
const INDENT: usize = 15;

/// How wide lines may be, and where that ends which stands at the right.
#[derive(Clone, Copy)]
struct Page {
    width: usize,
    edge: usize,
}

/// What all plans would do, as it is shown before the consent.
pub fn text(digest: &Digest, width: usize) -> String {
    let page = Page { width, edge: longest(digest).max(WIDTH).min(width) };
    let mut text = String::new();
    if !digest.tags.is_empty() {
        let n_units = digest.n_changing();
        text.push('\n');
        tags(&mut text, &digest.tags, n_units, width);
    }
    for group in &digest.groups {
        text.push('\n');
        group_text(&mut text, group, page);
    }
    if !digest.unchanged.is_empty() {
        text.push('\n');
        let head = format!("  {:<13}", count(digest.unchanged.len(), "unit"));
        with_aside(&mut text, &head, &digest.unchanged, "nothing to change", page);
    }
    text.push('\n');
    look_here(&mut text, digest, width);
    text
}

/// How wide the widest row of a change is, with what stands at its right.
fn longest(digest: &Digest) -> usize {
    let widths = digest.groups.iter().map(|group| {
        let mut module = "";
        let rows = group.changes.iter().map(|change| {
            let (head, address, what) = parts(change, &mut module);
            shown_width(&head) + shown_width(&address) + 2 + shown_width(&what)
        });
        rows.max().unwrap_or_default()
    });
    widths.max().unwrap_or_default()
}

/// What has a colour in a line of the digest: the action of a change, as Terraform has it.
pub fn ink(line: &str) -> Option<Marked> {
    let row = line.strip_prefix("    ").or_else(|| line.strip_prefix("  ! "))?;
    let word = row.split(' ').next().filter(|word| !word.is_empty())?;
    let tone = Action::ALL.into_iter().find(|action| action.as_str() == word).map(|action| match action {
        Action::Add => Tone::Good,
        Action::Destroy | Action::Replace | Action::Forget => Tone::Bad,
        _ => Tone::Warning,
    })?;
    let from = if line.starts_with("  !") { 2 } else { 4 };
    Some((from..4 + word.len(), tone))
}

/// Each move of tags on a line, with the images and whose they are.
fn tags(text: &mut String, tags: &BTreeMap<TagMove, Vec<String>>, n_units: usize, width: usize) {
    let mut moves: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (tag, labels) in tags {
        let TagMove { before, after, image } = tag;
        let way = before.as_ref().map_or_else(|| after.clone(), |before| format!("{before} -> {after}"));
        let who = if labels.len() == n_units { "all units".to_owned() } else { labels.join(" ") };
        moves.entry(way).or_default().push(format!("{image} ({who})"));
    }
    for (way, images) in moves {
        let head = format!("  {way}   ");
        text.push_str(&wrapped(&head, head.chars().count(), &images.join(", "), width));
    }
}

fn group_text(text: &mut String, group: &Group, page: Page) {
    let n = group.changes.len();
    let same = if group.labels.len() == 1 { count(n, "change") } else { format!("the same {}", count(n, "change")) };
    with_aside(text, &format!("  {:<13}", count(group.labels.len(), "unit")), &group.labels, &same, page);
    let mut module = "";
    let is_quiet = |change: &&Change| change.kind == OUTPUT && !must_be_looked_at(change);
    for change in group.changes.iter().filter(|change| !is_quiet(change)) {
        row(text, change, &mut module, page);
    }
    let n_outputs = group.changes.iter().filter(is_quiet).count();
    if n_outputs > 0 {
        let _ = writeln!(text, "    {:<7} {}", "change", count(n_outputs, "output"));
    }
}

/// Labels, and something to be said of them at the right edge, or below where there is no room.
fn with_aside(text: &mut String, head: &str, labels: &[String], aside: &str, Page { width, edge }: Page) {
    let lines = wrapped(head, INDENT, &labels.join(" "), width);
    let last = lines.trim_end().rsplit('\n').next().unwrap_or_default();
    let room = edge.saturating_sub(shown_width(last));
    match room >= aside.len() + 2 {
        true => {
            let _ = writeln!(text, "{}{aside:>room$}", lines.trim_end());
        }
        false => {
            let _ = writeln!(text, "{}\n{aside:>edge$}", lines.trim_end());
        }
    }
}

/// A change's mark and action, its address, and why it is there. The module is named where it is another than that of the
/// row above.
fn parts<'c>(change: &'c Change, module: &mut &'c str) -> (String, String, String) {
    let mark = if must_be_looked_at(change) { '!' } else { ' ' };
    let (inside, name) = split(&change.address);
    let address = if *module == inside && !inside.is_empty() { format!("…{name}") } else { change.address.clone() };
    *module = inside;
    let why = change.expected.map(|why| why.as_str()).filter(|why| !why.is_empty());
    let what = why.into_iter().chain(change.notes.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
    let head = format!("  {mark} {:<7} ", change.action.as_str());
    (head, one_line(&address).into_owned(), one_line(&what).into_owned())
}

/// One change.
fn row<'c>(text: &mut String, change: &'c Change, module: &mut &'c str, Page { width, edge }: Page) {
    let (head, address, what) = parts(change, module);
    let room = edge.saturating_sub(shown_width(&head) + shown_width(&address));
    if !what.is_empty() && room >= shown_width(&what) + 2 {
        let _ = writeln!(text, "{head}{address}{what:>room$}");
    } else {
        text.push_str(&wrapped(&head, 12, &address, width));
        match shown_width(&what) {
            0 => {}
            n if n <= edge => {
                let _ = writeln!(text, "{what:>edge$}");
            }
            _ => text.push_str(&wrapped("", 12, &what, width)),
        }
    }
    if must_be_looked_at(change) {
        text.push_str(&attributes::attributes(change, width));
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

/// The tags that go back to an older release.
fn downgrades(digest: &Digest) -> Vec<String> {
    let line = |(tag, labels): (&TagMove, &Vec<String>)| {
        let TagMove { before, after, image } = tag;
        let before = before.as_ref().filter(|before| Version::parse(after) < Version::parse(before))?;
        Version::parse(after)?;
        let who = if labels.len() == digest.n_changing() { "all units".to_owned() } else { labels.join(" ") };
        Some(format!("a downgrade of {image}: {before} -> {after} ({who})"))
    };
    digest.tags.iter().filter_map(line).collect()
}

fn look_here(text: &mut String, digest: &Digest, width: usize) {
    let (n, n_losing) = digest.n_to_look_at();
    let mut units: Vec<_> = digest.unexpected.iter().chain(&digest.losing).map(String::as_str).collect();
    units.sort_unstable();
    units.dedup();
    let looks = match n {
        0 => "no unexpected changes".to_owned(),
        1 => format!("one change that an update does not make, marked with !: {}", units.join(" ")),
        n => format!("{n} changes that an update does not make, marked with !: {}", units.join(" ")),
    };
    let back = downgrades(digest);
    let looks = if back.is_empty() || n > 0 { looks } else { format!("otherwise {looks}") };
    for (n, line) in back.iter().chain([&looks]).enumerate() {
        text.push_str(&wrapped(if n == 0 { "  Review       " } else { "" }, INDENT, line, width));
    }
    if n_losing > 0 {
        let loses = if n_losing == 1 { "one of them may lose" } else { "some of them may lose" };
        text.push_str(&wrapped("", INDENT, &format!("{loses} something for good: {}", digest.losing.join(" ")), width));
    }
    for (what, labels) in &digest.notes {
        text.push_str(&wrapped("", INDENT, &format!("{what} ({})", labels.join(" ")), width));
    }
    let mut head = "  Runs         ";
    for (what, labels) in &digest.runs {
        let who = if labels.len() == digest.n_changing() { "all units".to_owned() } else { labels.join(" ") };
        text.push_str(&wrapped(head, INDENT, &format!("{what} ({who})"), width));
        head = "";
    }
    for (what, labels) in &digest.unchecked {
        text.push_str(&wrapped("  Not checked  ", INDENT, &format!("{what} ({})", labels.join(" ")), width));
    }
    if digest.has_unseen() {
        text.push_str(&wrapped(
            "  *            ",
            INDENT,
            "the new text is known after the apply only; before, it names a task definition that gets another revision",
            width,
        ));
    }
}

#[cfg(test)]
mod tests;
