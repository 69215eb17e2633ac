//! What a person should know of a change of tags before it is made, and what it leaves to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Failure, ImageName, Tag, UnitPath, Version};
use crate::repo::bump::{Bump, Direction};
use crate::repo::{OutsidePin, Repository, Unit};
use crate::report::fill::filled;
use crate::report::screen::{Tone, count};
use crate::tasks::changes;
use crate::tasks::context::Context;
use crate::tasks::select::labels;

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
        context.screen.lines(&filled(&names(&units), INDENT, INDENT, context.screen.width()));
    }
    let mut unproven: BTreeMap<ImageName, Vec<&UnitPath>> = BTreeMap::new();
    for (unit, image) in &bump.unproven {
        unproven.entry(*image).or_default().push(unit);
    }
    for (image, units) in unproven {
        let n = count(units.len(), "unit");
        warn("Unverified", format!("the tag of {image} in {n} is unknown also with `--pin`"));
        context.screen.lines(&filled(&names(&units), INDENT, INDENT, context.screen.width()));
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
    for other in &bump.other_modules {
        warn("Also", format!("{}   (--allow other-modules)", other.what));
        context.screen.lines(&filled(&other.details.join(" "), INDENT, INDENT, context.screen.width()));
    }
    for allowed in &bump.allowed {
        warn("Allowed", format!("{}   (--allow old-module)", allowed.what));
    }
}

/// Tags that look like releases and are none that this program knows of: newer ones, or mistyped.
pub fn say_unknown<'t>(context: &Context, tags: impl Iterator<Item = &'t Tag>) {
    let is_unknown = |tag: &&Tag| Version::parse(tag.as_str()).is_some() && !changes::is_known(tag);
    for tag in tags.filter(is_unknown).collect::<BTreeSet<_>>() {
        let with_v = Version::parse(tag.as_str()).filter(|_| !tag.as_str().starts_with('v'));
        let meant = with_v.map(|version| format!("; perhaps {version} was meant")).unwrap_or_default();
        let newest = changes::newest();
        let about = format!(
            "{tag} is not among the releases that this program knows of, the newest of which is {newest}{meant}"
        );
        context.screen.insist(Tone::Warning, "No release", about);
    }
}

/// Units that move by the same pins without being selected: what applies the selected ones leaves them as they are.
pub fn say_not_applied(context: &Context, repo: &Repository, bump: &Bump) {
    let units: BTreeSet<_> = bump.also.iter().map(|also| &also.unit).collect();
    if units.is_empty() {
        return;
    }
    let labels = by_path(repo);
    let names: Vec<_> = units.iter().map(|path| labels[*path].as_str()).collect();
    let about = format!("in {} that moved by the same pin: {}", count(units.len(), "unit"), names.join(" "));
    context.screen.insist(Tone::Plain, "Not applied", about);
    context.screen.lines(&format!("{INDENT}to apply all that is left: cargo xtask apply-all"));
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

fn indented(failure: &Failure) -> String {
    let text = failure.to_string();
    let lines = text.lines().filter(|line| !line.starts_with("hint: "));
    lines.map(|line| format!("  {line}\n")).collect()
}
