//! Taking a run up again: the same command with the same selection, looked up afresh. What may still be going on is named
//! first and waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use clap::Parser;

use super::find::{self, Known};
use crate::cli::{Cli, Command};
use crate::model::{Exit, Failure, Failures, Kind, Result};
use crate::report::screen::Tone;
use crate::run::event::StepResult;
use crate::run::folder::RunFolder;
use crate::run::journal::story::{StepStory, Story};
use crate::run::lock::RunLock;
use crate::run::unfinished::Unfinished;
use crate::tasks::context::{Context, FailedApply, Resumed, VERSION};
use crate::tasks::{apply_all, build_images, bump_tags, record, update, verify};

/// Takes up the run of this id, or the last one.
pub(super) fn run(context: &Context, root: &Path, id: Option<&str>) -> Result<Exit, Failures> {
    let known = match id {
        Some(id) => find::one(root, id)?,
        None => last(root)?,
    };
    let story = known.story()?;
    let begun = &story.begun;
    if known.is_alive {
        return Err(Failure::refused(format!("run {} is going on", begun.run))
            .detail(format!("process  {}", begun.pid))
            .hint("wait until it has finished, or stop it with Ctrl-C where it was started")
            .into());
    }
    begun.check_origin(root)?;
    let cli = command_of(&known)?;
    let mut globals = cli.globals;
    // What a person answers for is answered anew; what they select is what they selected.
    let now = &context.globals;
    (globals.yes, globals.dry_run, globals.allow) = (now.yes, now.dry_run, now.allow.clone());
    (globals.quiet, globals.verbose, globals.color, globals.format) = (now.quiet, now.verbose, now.color, now.format);
    let folder = root.join(&begun.folder);
    globals.repo = Some(if folder.is_dir() { folder } else { root.to_owned() });
    globals.reason = now.reason.clone().or(globals.reason);
    let mut again = Context::new(globals, begun.argv.clone());
    again.resumed = Some(Resumed {
        run: begun.run.clone(),
        agreed: record::agreed(story),
        units: story.selected.clone(),
        failed: failed_applies(root, story),
    });
    // The release is the one of then, whatever this shell says now.
    match &begun.release {
        Some(release) => drop(again.vars.insert(VERSION.into(), release.into())),
        None => drop(again.vars.remove(std::ffi::OsStr::new(VERSION))),
    }
    let words = begun.typed();
    context.screen.say(Tone::Plain, "Resuming", format!("run {}   {words}", begun.run));
    if !context.globals.dry_run {
        wait(context, root)?;
    }
    let done = match &cli.command {
        Command::ApplyAll(args) => apply_all::run(&again, args),
        Command::BuildImages(args) => build_images::run(&again, args),
        Command::BumpTags(args) => bump_tags::run(&again, args),
        Command::Update(args) => update::run(&again, args),
        Command::Verify(args) => verify::run(&again, args),
        _ => Err(Failure::refused(format!("`{}` is nothing that can be taken up again", begun.command)).into()),
    };
    record::close(&again, done.as_ref().copied());
    context.concluded_by(&again);
    done
}

/// The last apply of each unit, in this run or in one that it took up, where that did not succeed.
fn failed_applies(root: &Path, story: &Story) -> BTreeMap<String, FailedApply> {
    let mut last = BTreeMap::new();
    note_applies(story, &mut last);
    let mut earlier = story.begun.resumes.clone();
    // A run takes up one that was begun before, but what is in a file may say anything.
    let mut seen = BTreeSet::from([story.begun.run.clone()]);
    while let Some(id) = earlier.take().filter(|id| seen.insert(id.clone())) {
        let known = find::one(root, &id);
        if let Some(story) = known.as_ref().ok().and_then(|known| known.story().ok()) {
            note_applies(story, &mut last);
            earlier = story.begun.resumes.clone();
        }
    }
    last.into_iter().filter_map(|(path, apply)| Some((path, apply?))).collect()
}

/// Adds the applies of a run, of units that a later run has not applied: `None` for those that went well.
fn note_applies(story: &Story, last: &mut BTreeMap<String, Option<FailedApply>>) {
    let agreed = record::agreed(story);
    for unit in story.units().into_iter().filter(|unit| unit.step.is_some_and(StepStory::changes_something)) {
        let changes = agreed.get(&unit.of.label).map(|planned| &planned.changes[..]).unwrap_or_default();
        let replaced = changes.iter().filter_map(|line| line.strip_prefix("replace ")).map(str::to_owned).collect();
        let (run, result) = (story.begun.run.clone(), unit.result.to_owned());
        let has_failed = result != StepResult::Succeeded.as_str();
        let apply = has_failed.then_some(FailedApply { run, result, replaced });
        last.entry(unit.of.path.clone()).or_insert(apply);
    }
}

/// The command that only looks: what it didn't get to see keeps no other run from being taken up.
const LOOKING: &str = "verify";

/// The last run that was to change something, unless nothing of it is left to be done.
fn last(root: &Path) -> Result<Known> {
    let nothing = |what: String| {
        Failure::new(Kind::NothingSelected, what).hint("to take up another one: cargo xtask runs resume RUN")
    };
    let looks = |known: &Known| known.story().is_ok_and(|story| story.begun.command == LOOKING);
    let Some(known) = find::all(root).into_iter().find(|known| !looks(known)) else {
        return Err(nothing("there is no run to be taken up".to_owned()));
    };
    match known.result() {
        "succeeded" => Err(nothing(format!("the last run, {}, did everything that it was to do", known.folder.id))),
        _ => Ok(known),
    }
}

/// What was typed then.
fn command_of(known: &Known) -> Result<Cli> {
    let argv = &known.story()?.begun.argv;
    let refuse = |what: &str| Failure::refused(format!("run {} can't be taken up: {what}", known.folder.id));
    if argv.iter().any(|word| word.contains("[redacted]")) {
        return Err(refuse("its command line holds a secret, which is not kept").hint("type the command again"));
    }
    let words = std::iter::once("xtask").chain(argv.iter().map(String::as_str));
    Cli::try_parse_from(words).map_err(|_| refuse("this version does not know its command line").detail(argv.join(" ")))
}

/// Waits for applies that go on without their runner. Whoever doesn't want to wait presses Ctrl-C; nothing is lost.
fn wait(context: &Context, root: &Path) -> Result<()> {
    let folder = RunFolder::new(root);
    let holder = format!("process {}, which waits for what an earlier run started", std::process::id());
    let _lock = RunLock::take(&folder.run_lock(), &holder)?;
    for left in Unfinished::all(&folder).into_iter().filter(|left| left.is_running) {
        let about = format!(
            "{}   is still being applied by run {}, which was killed; Ctrl-C stops waiting, not the apply",
            left.started.subject, left.run
        );
        context.screen.insist(Tone::Plain, "Waiting", about);
        while left.runs_still() {
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }
    Ok(())
}
