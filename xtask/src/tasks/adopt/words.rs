//! What `adopt` says: every change beforehand, what else to know, and what to type next.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::there::{FOLDER, There};
use super::{Adoption, record, rust, suggest, texts, there};
use crate::cli::Format;
use crate::model::{Failure, literal};
use crate::repo::discover;
use crate::repo::settings::LOCAL;
use crate::report::screen::{Tone, count};
use crate::tasks::context::Context;
use crate::tools::process::quoted;

/// How many files of a folder change in which way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    new: usize,
    changed: usize,
    removed: usize,
}

impl Tally {
    fn words(&self) -> String {
        let parts = [(self.new, "new"), (self.changed, "changed"), (self.removed, "removed")];
        let parts = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Says what is adopted, and where.
pub(super) fn begin(context: &Context, root: &Path, version: &str, there: &There) {
    let root = root.display();
    let about = match &there.record {
        Some(record) if record.version != version => format!("{version} in place of {}   {root}", record.version),
        _ => format!("{version}   {root}"),
    };
    context.screen.say(Tone::Plain, "Adopting", about);
}

/// Shows all changes as one diff, on stdout; the crate's own files are counted.
pub(super) fn show(context: &Context, adoption: &Adoption) -> Result<(), Failure> {
    let screen = &context.screen;
    if adoption.is_nothing() {
        screen.say(Tone::Good, "Nothing", "to change: all of it is there already");
        return if context.globals.format == Format::Json { context.result(&report(adoption)) } else { Ok(()) };
    }
    if let Some(suggestion) = &adoption.suggested {
        for (key, value) in &suggestion.settings {
            screen.say(Tone::Plain, "Setting", format!("{key} = {}   in {LOCAL}, which git ignores", literal(value)));
        }
        screen.lines(&format!("  {}", suggestion.why));
    }
    if context.globals.format == Format::Json {
        return context.result(&report(adoption));
    }
    let mut shown: String = adoption.texts.iter().map(texts::Text::diff).collect();
    for (folder, tally) in folders(adoption) {
        shown += &format!("{folder}/  {}\n", tally.words());
    }
    context.diff(&shown)
}

/// The folders of the crate in which something changes, those of one room together.
fn folders(adoption: &Adoption) -> BTreeMap<String, Tally> {
    let mut folders: BTreeMap<String, Tally> = BTreeMap::new();
    let Some(new) = &adoption.new else { return folders };
    let there = &adoption.there.files;
    let mut count = |name: &str, add: fn(&mut Tally)| {
        let mut parts: Vec<_> = name.split('/').collect();
        parts.pop();
        parts.truncate(2);
        let folder = std::iter::once(FOLDER).chain(parts).collect::<Vec<_>>().join("/");
        add(folders.entry(folder).or_default());
    };
    for (name, bytes) in &new.files {
        match there.get(name) {
            None => count(name, |tally| tally.new += 1),
            Some(old) if !record::same(old, bytes) => count(name, |tally| tally.changed += 1),
            Some(_) => {}
        }
    }
    for name in there.keys().filter(|name| !new.files.contains_key(*name) && !new.kept.contains(*name)) {
        count(name, |tally| tally.removed += 1);
    }
    folders
}

/// `{"schema":1,"root":…,"version":…,"files":[{"file":…,"change":"new"|"changed"}],"folders":[…]}`.
fn report(adoption: &Adoption) -> String {
    let change = |text: &texts::Text| if text.before.is_some() { "changed" } else { "new" };
    let files = adoption.texts.iter().map(|text| json!({ "file": text.name, "change": change(text) }));
    let folders = folders(adoption).into_iter().map(|(folder, tally)| {
        json!({ "folder": folder, "new": tally.new, "changed": tally.changed, "removed": tally.removed })
    });
    let report = json!({
        "schema": 1, "root": adoption.root.display().to_string(), "version": adoption.source.version,
        "files": files.collect::<Vec<_>>(), "folders": folders.collect::<Vec<_>>(),
    });
    format!("{report:#}")
}

/// What else to know before anything can be built or committed.
pub(super) fn notes(context: &Context, adoption: &Adoption) {
    let screen = &context.screen;
    let warn = |verb: &str, text: String| {
        let mut lines = text.splitn(2, '\n');
        screen.insist(Tone::Warning, verb, lines.next().unwrap_or_default());
        lines.for_each(|rest| screen.lines(rest));
    };
    for name in there::listed(adoption.lost.iter()) {
        warn("Overwritten", format!("{name}, which was changed here (--allow local-changes)"));
    }
    if let Some(new) = adoption.new.as_ref().filter(|new| !new.kept.is_empty()) {
        screen.say(Tone::Plain, "Kept", there::listed(new.kept.iter()).join(", "));
    }
    for (place, file) in texts::left_out_by_git(&adoption.root, &adoption.source) {
        warn("Ignored", format!("{place} keeps git from taking {file}; add `!/{FOLDER}/**` below it"));
    }
    if let Some(text) = unpinned(adoption) {
        warn("Versions", text);
    }
    for text in rust::missing(context, &adoption.root) {
        warn("Rust", text);
    }
    let problems = adoption.repo.all_problems().count();
    if adoption.repo.units.is_empty() {
        warn("Units", "none was found in this repository".to_owned());
    } else if problems > 0 {
        let what = count(problems, "thing");
        warn("Repository", format!("{what} wrong in it; `cargo xtask units` tells"));
    }
    for unit in adoption.repo.units.iter().filter(|unit| unit.account.value().is_none()) {
        let line = adoption.repo.line_for_account(unit, "111122223333");
        let hint =
            "with its twelve digits in [workspace.metadata.xtask]; without them it is neither planned nor applied";
        warn("Account", format!("of {} is not known\n  {line}\n  {hint}", unit.path));
    }
    let unknown = suggest::without_profile(context, adoption);
    if !unknown.is_empty() {
        let from = match &adoption.source.address {
            Some(url) => format!(" in {url} at tag {}", adoption.source.version),
            None => String::new(),
        };
        let hint = format!("`cargo xtask doctor --fix` asks which are meant; see xtask/docs/credentials.md{from}");
        let what = format!("none known on this machine for {}\n  {hint}", unknown.join(", "));
        warn("Profiles", what);
    }
    if !adoption.repo.units.is_empty() && !suggest::builds_images(&adoption.repo) {
        warn("Images", "no unit has a `docker_image_builder_config`: images can't be built from here".to_owned());
    }
}

/// What is said where no lock file pins the versions that were tested together.
fn unpinned(adoption: &Adoption) -> Option<String> {
    let comes = adoption.texts.iter().any(|text| text.name == texts::LOCK);
    let is_there = adoption.root.join(texts::LOCK).exists();
    // An update finds those that the repository has committed.
    if comes || adoption.is_nothing() || (is_there && adoption.there.record.is_some()) {
        return None;
    }
    Some(match is_there {
        true => format!(
            "of what {} lacks are not pinned\n  the first build takes the newest that fit; commit it afterwards",
            texts::LOCK
        ),
        false => format!(
            "of dependencies are not pinned: no {} comes with it\n  the first build takes the newest that fit, and writes one; commit it",
            texts::LOCK
        ),
    })
}

/// What was done, and what to type next.
pub(super) fn conclude(context: &Context, adoption: &Adoption) {
    let screen = &context.screen;
    screen.say(Tone::Good, "Adopted", &adoption.source.version);
    notes(context, adoption);
    let root = quoted(&adoption.root.to_string_lossy());
    let mut paths: Vec<_> = adoption.texts.iter().map(|text| text.name).filter(|name| *name != LOCAL).collect();
    paths.extend([texts::LOCK, FOLDER]);
    paths.sort_unstable();
    paths.dedup();
    let mut next = vec![
        (format!("cd {root}"), ""),
        ("cargo xtask units".to_owned(), "# what is understood; compiles first, for a minute or two"),
        ("cargo xtask doctor --fix".to_owned(), "# your credentials: asks what can't be known, verifies every account"),
        ("cargo xtask rehearse".to_owned(), "# the whole update on a copy, with stand-ins"),
    ];
    if discover::git_root(&adoption.root).is_some() {
        next.push((format!("git add {}", paths.join(" ")), ""));
    }
    screen.lines("\nNext");
    for (command, about) in next {
        screen.lines(format!("  {command:<24}  {about}").trim_end());
    }
}
