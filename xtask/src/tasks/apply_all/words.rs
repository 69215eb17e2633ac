//! What `apply-all` says: at its beginning, and before the consent.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::ImageName;
use crate::repo::Unit;
use crate::report::screen::{Screen, Tone, count};
use crate::report::summary::Row;
use crate::report::wrap::{shown_width, wrapped};
use crate::run::event::Outcome;
use crate::run::folder::RunFolder;
use crate::run::journal::{self, Journal};
use crate::run::unfinished::Unfinished;
use crate::tasks::apply_all::Work;
use crate::tasks::apply_all::gather::IN_DOUBT;
use crate::tasks::apply_all::queue::Wave;
use crate::tasks::context::Context;
use crate::tasks::ready::{Ready, Workable};
use crate::tasks::record;
use crate::tasks::session::{self, Session};
use crate::tools::process;

pub(super) fn say_what_this_is(context: &Context, ready: &Ready<'_>, work: &Work<'_>, unfinished: &[Unfinished]) {
    session::say_repository(context, ready.repo);
    session::say_settings(context, ready.repo);
    let units = &work.units;
    let accounts = units.iter().map(|unit| &unit.account.id).collect::<BTreeSet<_>>().len();
    let regions = distinct(units.iter().map(|unit| unit.region.as_str()));
    let n = units.len();
    context.screen.say(Tone::Plain, "Units", format!("{n} in {}, {regions}", count(accounts, "account")));
    context.screen.say(Tone::Plain, "Tags", tags(units));
    say_left_out(&context.screen, &work.left_out);
    for left in unfinished {
        let is_selected = units.iter().any(|unit| left.is_of(&unit.unit.path));
        say_unfinished(&context.screen, left, is_selected);
    }
}

/// Names the units that their own configuration leaves out.
pub(in crate::tasks) fn say_left_out(screen: &Screen, units: &[&Unit]) {
    for unit in units {
        if let Some(exclusion) = unit.left_out() {
            let about = format!("{}   by {}, {}", unit.path, exclusion.by, exclusion.place);
            screen.insist(Tone::Warning, "Left out", about);
        } else {
            screen.insist(Tone::Warning, "Left out", format!("{}   {IN_DOUBT}", unit.path));
        }
    }
}

/// Tells of an apply whose run was killed, whether this run is about its unit or not.
fn say_unfinished(screen: &Screen, left: &Unfinished, is_selected: bool) {
    let end = match (left.is_running, left.says_complete, is_selected) {
        (true, ..) => "it is still at work",
        (false, true, _) => "it finished by itself, its log says that the apply is complete",
        (false, false, true) => "its end was not seen; the plan below shows what is left to do",
        (false, false, false) => "its end was not seen, and this run is not about it",
    };
    let about = format!("{}   apply of run {}, which was killed: {end}", left.started.subject, left.run);
    screen.insist(Tone::Warning, "Found", about);
    if let Some(log) = &left.started.log {
        screen.lines(&format!("  log: {}", log.display()));
    }
}

/// Tells of journals that can't be relied on: what those runs did may not be all that is known of them.
pub(super) fn say_damaged(screen: &Screen, run: &RunFolder) {
    for (run, damage) in journal::damaged(run) {
        let line = damage.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let about = format!("journal of run {run}{line}: {}; the plans below show what is left to do", damage.why);
        screen.insist(Tone::Warning, "Damaged", about);
    }
}

/// What will be run; not asked before every account is proven.
pub(super) fn say_tools(session: &Session<'_>, ready: &Ready<'_>, units: &[Workable<'_>]) {
    let context = session.context;
    let has_terragrunt = units.iter().any(|unit| unit.standalone.is_none());
    let terragrunt = has_terragrunt.then(|| terragrunt_version(&session.journal, ready));
    let programs = distinct(units.iter().filter_map(|unit| unit.terraform.file_name()?.to_str()));
    let said: Vec<_> = terragrunt.into_iter().chain([programs]).collect();
    context.screen.say(Tone::Plain, "Tools", said.join(", "));
}

/// What of the checkout nobody else can see.
pub(super) fn say_unseen(screen: &Screen, unseen: &[String]) {
    if !unseen.is_empty() {
        screen.lines(wrapped("  Checkout     ", 15, &unseen.join(", "), screen.width()).trim_end());
    }
}

/// Which units come when: on one line, or a line for each wave.
pub(in crate::tasks) fn say_waves(screen: &Screen, waves: &[Vec<&Workable<'_>>]) {
    let labels = |wave: &[&Workable<'_>]| wave.iter().map(|unit| unit.label.as_str()).collect::<Vec<_>>().join(" ");
    let words: Vec<_> = waves.iter().enumerate().map(|(k, wave)| format!("{} {}", k + 1, labels(wave))).collect();
    let line = format!("  Waves        {}", words.join("    "));
    if shown_width(&line) <= screen.width() {
        return screen.lines(&format!("{line}\n "));
    }
    let head = |k: usize| if k == 0 { "  Waves        " } else { "" };
    let waves = words.iter().enumerate().map(|(k, wave)| wrapped(head(k), 15, wave, screen.width()));
    screen.lines(&format!("{} ", waves.collect::<String>()));
}

/// How to see the new runners start: after the wave that comes first, and after the one that comes last, which has
/// production.
pub(super) fn offer_smoke(screen: &Screen, wave: &Wave<'_, '_>) {
    let (k, n) = wave.turn;
    let accounts = distinct(wave.applies.iter().map(|(unit, _)| unit.account.name.as_str()));
    let accounts: Vec<_> =
        accounts.split(' ').map(|account| format!(" --account {}", process::quoted(account))).collect();
    let command = format!("cargo xtask verify --smoke{}", accounts.concat());
    if k == n {
        let them = if wave.applies.len() == 1 { "it" } else { "them" };
        screen.lines(&format!("             to see {them} start: {command}"));
    } else if k == 1 {
        screen.lines(&format!("             to see it start, once this run has ended: {command}"));
    }
}

/// The tags that the units get, by what the repository says: each once, with the units that get it.
fn tags(units: &[Workable<'_>]) -> String {
    let mut parts: BTreeMap<(ImageName, String), Vec<&str>> = BTreeMap::new();
    for unit in units {
        for image in ImageName::ALL {
            if let Some(image_use) = unit.unit.image(image) {
                let known: Vec<_> = image_use.tags().iter().map(ToString::to_string).collect();
                let tag = image_use.tag.reason().map_or_else(|| known.join(" and "), |_| "unknown".to_owned());
                parts.entry((image, tag)).or_default().push(&unit.label);
            }
        }
    }
    let who = |labels: &[&str]| if labels.len() == units.len() { "all units".to_owned() } else { labels.join(" ") };
    let parts: Vec<_> = parts.iter().map(|((image, tag), labels)| format!("{image} {tag} ({})", who(labels))).collect();
    parts.join("   ")
}

fn terragrunt_version(journal: &Journal, ready: &Ready<'_>) -> String {
    let version = ready.terragrunt_version();
    record::tool(journal, "terragrunt", version);
    format!("terragrunt {}", version.unwrap_or("of unknown version"))
}

fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

/// The row of a unit in which something was run.
pub(super) fn row(session: &Session<'_>, unit: &Workable<'_>, outcome: &Outcome) -> Row {
    Row::of(&unit.label, unit.unit.path.as_str(), outcome, &session.root).of_account(unit.account)
}
