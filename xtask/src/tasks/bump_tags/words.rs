//! What a person should know of a change of tags before it is made, and what it leaves to them.

use std::collections::BTreeMap;

use crate::model::{Failure, ImageName, UnitPath};
use crate::repo::bump::{Bump, Direction};
use crate::repo::{OutsidePin, Repository, Unit};
use crate::report::screen::{Tone, count};
use crate::tasks::context::Context;
use crate::tasks::select::labels;

/// How wide a terminal is taken to be.
const WIDTH: usize = 80;
/// Where the text of a line begins.
const INDENT: &str = "             ";

/// Everything about a change that is not as usual: said before anything is changed, also where it is allowed.
pub fn say_what_to_know(context: &Context, repo: &Repository, bump: &Bump) {
    let labels = by_path(repo);
    let names = |units: &[&UnitPath]| units.iter().map(|path| labels[*path].as_str()).collect::<Vec<_>>().join(" ");
    let warn = |verb: &str, text: String| context.screen.insist(Tone::Warning, verb, text);
    for change in bump.changes() {
        let about = format!("{} -> {}   {} {}", change.from, change.to, change.pin.place(), change.pin.key);
        match change.direction() {
            Direction::Up => {}
            Direction::Down => warn("Downgrade", about),
            Direction::Unclear => warn("No release", about),
        }
    }
    let mut also: BTreeMap<(&str, &str, &str), Vec<&UnitPath>> = BTreeMap::new();
    for it in &bump.also {
        also.entry((&it.image, &it.from, it.to.as_str())).or_default().push(&it.unit);
    }
    for ((image, from, to), units) in also {
        let n = count(units.len(), "unit");
        warn("Also", format!("{image} {from} -> {to} in {n}, not selected, by the same pin"));
        context.screen.lines(&filled(&names(&units)));
    }
    let mut unproven: BTreeMap<ImageName, Vec<&UnitPath>> = BTreeMap::new();
    for (unit, image) in &bump.unproven {
        unproven.entry(*image).or_default().push(unit);
    }
    for (image, units) in unproven {
        let n = count(units.len(), "unit");
        warn("Unproven", format!("the tag of {image} in {n} is unknown also with `--pin`"));
        context.screen.lines(&filled(&names(&units)));
    }
    for left in &bump.left {
        let label = labels[&left.unit].as_str();
        let image = left.image.map_or("module", ImageName::as_str);
        warn("Left out", format!("{image} in {label}   (--allow partial-bump)"));
        context.screen.lines(&indented(&left.why));
    }
    for unread in &bump.unread {
        warn("Left out", "what can't be read   (--allow partial-bump)".to_owned());
        context.screen.lines(&indented(unread));
    }
    for allowed in &bump.allowed {
        warn("Allowed", format!("{}   (--allow old-module)", allowed.what));
    }
}

/// What the change has left behind outside HCL.
pub fn say_what_stays_behind(context: &Context, outside: &[OutsidePin]) {
    for pin in outside {
        let says = match &pin.value {
            Some(value) => format!("{value}   (moved by --scripts)"),
            None => "worked out when it runs".to_owned(),
        };
        let about = format!("{} {} {says}", pin.place(), pin.key);
        context.screen.say(Tone::Plain, "Also pinned", about);
    }
}

fn by_path(repo: &Repository) -> BTreeMap<UnitPath, String> {
    let units: Vec<&Unit> = repo.units.iter().collect();
    units.iter().map(|unit| unit.path.clone()).zip(labels(&units)).collect()
}

/// The words in lines that fit, below the text of a line.
fn filled(words: &str) -> String {
    let mut text = String::new();
    let mut line = INDENT.to_owned();
    for word in words.split(' ') {
        let is_empty = line.len() == INDENT.len();
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text += &format!("{line}\n");
            line = INDENT.to_owned();
        } else if !is_empty {
            line.push(' ');
        }
        line += word;
    }
    text + &line
}

fn indented(failure: &Failure) -> String {
    let text = failure.to_string();
    let lines = text.lines().filter(|line| !line.starts_with("hint: "));
    lines.map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_below_the_text() {
        let words = ["abcdefghij"; 7].join(" ");
        let line = ["abcdefghij"; 6].join(" ");
        assert_eq!(filled(&words), format!("{INDENT}{line}\n{INDENT}abcdefghij"));
        assert_eq!(filled("dev"), format!("{INDENT}dev"));
    }
}
