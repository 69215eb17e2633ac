//! `why`: which line decides the tag of an image in a unit, and how the tag comes from there to the unit.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{self, Format};
use crate::model::{Exit, Failure, Failures, ImageName, Kind, Place, Tag, literal};
use crate::repo::image::Decider;
use crate::repo::{Hop, Idle, Remark, Repository, Trail, Unit};
use crate::report::screen::count;
use crate::report::wrap::shown_width;
use crate::tasks::context::Context;
use crate::tasks::schema::{self, Detail};
use crate::tasks::select::{find_unit, labels};
use crate::tools::process::quoted;

/// Prints the way of every tag of a unit.
pub fn run(context: &Context, args: &cli::Why) -> Result<Exit, Failures> {
    let mut repo = context.repository()?;
    let start = context.start()?;
    let found = find_unit(&repo, &start, &args.unit);
    let path = found.map_err(|failure| file_of_pins(&repo, &start, &args.unit).unwrap_or(failure))?.path.clone();
    let at = repo.units.iter().position(|unit| unit.path == path).unwrap_or_default();
    let unit = &repo.units[at];
    let answers = answers(&repo, unit, args.image);
    if answers.is_empty() {
        let what = args.image.map_or_else(|| "no image".to_owned(), |image| format!("no image {image}"));
        let failure = Failure::new(Kind::NothingSelected, format!("`{}` uses {what}", unit.path));
        Failures::check(std::mem::take(&mut repo.units[at].problems))?;
        return Err(failure.into());
    }
    let columns = context.screen.result_columns();
    context.page(&match context.globals.format {
        Format::Text => {
            let module = args.image.is_none().then(|| module_text(unit, columns)).flatten();
            let remarks = remarks_text(unit, columns);
            answers
                .iter()
                .map(|answer| answer.text(unit, columns))
                .chain(module)
                .chain(remarks)
                .collect::<Vec<_>>()
                .join("\n")
        }
        Format::Json | Format::Markdown => format!("{:#}\n", json(&repo, unit, args.image)),
    })?;
    Failures::check(std::mem::take(&mut repo.units[at].problems))?;
    Ok(Exit::DONE)
}

/// What is said of a file that is no unit and holds pins; `None` for all others.
fn file_of_pins(repo: &Repository, start: &Path, name: &str) -> Option<Failure> {
    let root = fs::canonicalize(&repo.root).ok()?;
    let of_path = |path: PathBuf| Some(fs::canonicalize(path).ok()?.strip_prefix(&root).ok()?.to_str()?.to_owned());
    let pins = schema::pins(repo, &ImageName::ALL);
    let is_pinned = |file: &String| pins.iter().any(|pin| pin.file == file);
    let file = [repo.root.join(name), start.join(name)].into_iter().filter_map(of_path).find(is_pinned)?;
    let units: Vec<_> = repo.units.iter().collect();
    let labels: BTreeMap<_, _> = units.iter().map(|unit| unit.path.as_str()).zip(labels(&units)).collect();
    let failure = Failure::new(Kind::NothingSelected, format!("`{file}` is no unit; it has tags that units get"));
    let of_file = || pins.iter().filter(|pin| pin.file == file);
    let failure = of_file().fold(failure, |failure, pin| {
        let names: Vec<_> = pin.decides.iter().filter_map(|path| labels.get(path).map(String::as_str)).collect();
        let place = Place::line(pin.file, pin.line);
        let n = count(names.len(), "unit");
        failure.detail(format!("{place}   {} {} in {n}: {}", pin.image, pin.tag, names.join(" ")))
    });
    let failure = failure.hint("every tag and the line that decides it: cargo xtask status");
    let unit = of_file().find_map(|pin| labels.get(pin.decides.first()?));
    Some(match unit {
        Some(unit) => failure.hint(format!("the way of a tag to a unit: cargo xtask why {}", quoted(unit))),
        None => failure,
    })
}

/// Which line decides the `ref` of the module; `None` where there is none.
fn module_text(unit: &Unit, columns: Option<usize>) -> Option<String> {
    let (reference, pin) = (unit.module.reference()?, unit.module.pin.as_ref());
    let mut lines = Lines::default();
    let source = unit.module.place.as_ref().map(ToString::to_string).unwrap_or_default();
    lines.add("  source", source);
    match pin {
        Some(pin) => lines.add(format!("  {} = {reference}", pin.key), format!("{}   <- ref", pin.place())),
        None => lines.add("  no single plain text decides the ref", ""),
    }
    Some(format!("{}  module  {reference}\n{}", unit.path, lines.aligned(columns)))
}

/// Variables of the user's shell in whose place a default is used; `None` where there are none.
fn remarks_text(unit: &Unit, columns: Option<usize>) -> Option<String> {
    let mut lines = Lines::default();
    for Remark::Withheld { variable, place } in &unit.remarks {
        lines.add(format!("  {variable} is set in this shell, and is not passed on"), place.to_string());
    }
    (!unit.remarks.is_empty()).then(|| format!("{}  default of get_env used\n{}", unit.path, lines.aligned(columns)))
}

/// What there is to say about one image of a unit.
struct Answer<'u> {
    name: String,
    tag: Option<&'u Tag>,
    unknown: Option<&'u str>,
    ways: Vec<Way<'u>>,
    overridden: Vec<Idle>,
}

/// One way, and the inputs that a tag takes it to.
struct Way<'u> {
    inputs: Vec<&'u Decider>,
    trail: &'u Trail,
}

fn answers<'u>(repo: &Repository, unit: &'u Unit, only: Option<ImageName>) -> Vec<Answer<'u>> {
    let overridden = repo.overridden_pins(unit);
    let mut answers = Vec::new();
    for image in ImageName::ALL.into_iter().filter(|image| only.is_none_or(|only| only == *image)) {
        let Some(uses) = unit.image(image) else { continue };
        let overridden = overridden.iter().filter(|idle| idle.image == Some(image)).cloned().collect();
        answers.push(Answer {
            name: image.to_string(),
            tag: uses.tag.value(),
            unknown: uses.tag.reason(),
            ways: ways(&uses.deciders),
            overridden,
        });
    }
    for other in unit.others.iter().filter(|_| only.is_none()) {
        let ways = ways(std::slice::from_ref(other));
        answers.push(Answer {
            name: other.configuration.clone(),
            tag: other.tag.value(),
            unknown: other.tag.reason(),
            ways,
            overridden: Vec::new(),
        });
    }
    answers
}

/// Inputs whose tags come the same way are told together; where each of them stands may differ.
fn ways(deciders: &[Decider]) -> Vec<Way<'_>> {
    let mut ways: Vec<Way<'_>> = Vec::new();
    for decider in deciders {
        match ways.iter_mut().find(|way| same_way(way.trail, &decider.trail) && way.inputs[0].tag == decider.tag) {
            Some(way) => way.inputs.push(decider),
            None => ways.push(Way { inputs: vec![decider], trail: &decider.trail }),
        }
    }
    ways
}

fn same_way(a: &Trail, b: &Trail) -> bool {
    match (&a.hops[..], &b.hops[..]) {
        ([first, rest @ ..], [other, others @ ..]) if !rest.is_empty() => {
            first.expression == other.expression && rest == others && a.from == b.from
        }
        _ => a == b,
    }
}

/// Lines with a place, which is put into a column of its own.
#[derive(Default)]
struct Lines(Vec<(String, String)>);

impl Lines {
    fn add(&mut self, text: impl Into<String>, place: impl Into<String>) {
        self.0.push((text.into(), place.into()));
    }

    /// Where a terminal has no room for a place beside its text, the place stands below it.
    fn aligned(self, columns: Option<usize>) -> String {
        /// Where the column of places starts at the latest; what is longer pushes only its own place away.
        const LATEST: usize = 58;
        const GAP: &str = "   ";
        let room = columns.unwrap_or(usize::MAX);
        let fits = |at: usize, place: &str| at + GAP.len() + shown_width(place) <= room;
        let with_place = || self.0.iter().filter(|(_, place)| !place.is_empty());
        let widest = with_place().map(|(text, _)| shown_width(text)).filter(|width| *width <= LATEST).max();
        let all_fit = |width: &usize| with_place().all(|(text, place)| fits(shown_width(text).max(*width), place));
        // In a column, or each behind its own text.
        let width = widest.filter(all_fit).unwrap_or_default();
        self.0.iter().fold(String::new(), |mut all, (text, place)| {
            let own = text.len() - text.trim_start().len();
            let line = match fits(shown_width(text).max(width), place) || place.is_empty() {
                true => format!("{text:width$}{GAP}{place}"),
                false => format!("{text}\n{:own$}  {place}", ""),
            };
            let _ = writeln!(all, "{}", line.trim_end());
            all
        })
    }
}

impl Answer<'_> {
    fn text(&self, unit: &Unit, columns: Option<usize>) -> String {
        let tag = self.tag.map_or(if self.unknown.is_some() { "unknown" } else { "differs" }, Tag::as_str);
        let mut lines = Lines::default();
        for way in &self.ways {
            way.lines(&mut lines);
        }
        if let (true, Some(reason)) = (self.ways.is_empty(), self.unknown) {
            lines.add(format!("  <- unknown: {reason}"), "");
        }
        for idle in &self.overridden {
            lines.add(format!("  not used here: {} = {}", idle.key, literal(&idle.value)), idle.place.to_string());
        }
        format!("{}  {}  {tag}\n{}", unit.path, self.name, lines.aligned(columns))
    }
}

impl Way<'_> {
    fn lines(&self, lines: &mut Lines) {
        for decider in &self.inputs {
            let place = decider.trail.hops.first().map(|hop| hop.place.to_string());
            lines.add(format!("  {}", decider.input), place.unwrap_or_default());
        }
        let decider = self.inputs[0];
        let end = match (&decider.pin, decider.tag.reason()) {
            (_, Some(reason)) => format!("   <- unknown: {reason}"),
            (Some(_), None) => "   <- pin".to_owned(),
            (None, None) if self.trail.from.is_empty() => String::new(),
            (None, None) => "   <- worked out from".to_owned(),
        };
        if self.trail.hops.is_empty() {
            lines.add(format!("  {}", end.trim_start()), "");
        }
        // The place of the first is said with the input itself.
        trail_lines(self.trail, 2, true, &end, lines);
    }
}

fn trail_lines(trail: &Trail, indent: usize, first_has_place: bool, end: &str, lines: &mut Lines) {
    let last = trail.hops.len().saturating_sub(1);
    for (at, Hop { place, expression }) in trail.hops.iter().enumerate() {
        let place = if at == 0 && first_has_place { String::new() } else { place.to_string() };
        let end = if at == last { end } else { "" };
        lines.add(format!("{:indent$}= {expression}", ""), format!("{place}{end}"));
    }
    for from in &trail.from {
        trail_lines(from, indent + 4, false, "", lines);
    }
}

/// The unit as `units` and `status` write it, with the way of each tag.
fn json(repo: &Repository, unit: &Unit, only: Option<ImageName>) -> Value {
    let images: Vec<_> = ImageName::ALL.into_iter().filter(|image| only.is_none_or(|only| only == *image)).collect();
    let overridden = repo.overridden_pins(unit);
    let mut pins = schema::pins(repo, &images);
    pins.retain(|pin| pin.decides.contains(&unit.path.as_str()));
    let root = repo.root.display().to_string();
    let units = [schema::unit(unit, &images, Detail::Way(&overridden))];
    json!({ "schema": schema::SCHEMA, "root": root, "units": units, "pins": pins })
}
