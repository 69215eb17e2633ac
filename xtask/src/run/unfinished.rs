//! What a killed run left behind: applies that went on without it, whose end nobody has seen yet, and its plans.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::UnitPath;
use crate::run::folder::RunFolder;
use crate::run::journal::story::Story;
use crate::run::journal::{self, Journal, Record, Settled};
use crate::run::judge::APPLY_COMPLETE;
use crate::run::kept::Kept;
use crate::run::lock as lock_of_the_repository;
use crate::run::step::StepKind;
use crate::run::tail;
use crate::tools::attempt::Attempt;
use crate::tools::lock::{self, WorkLock};
use crate::tools::state;

/// A step whose end nobody saw.
#[derive(Debug)]
pub struct Unfinished {
    /// The run that started it.
    pub run: String,
    /// What was written down before it started.
    pub started: Start,
    /// Whether terragrunt or something that it started is still at work in the unit.
    pub is_running: bool,
    /// Whether its log says that the apply is complete.
    pub says_complete: bool,
    attempt: Attempt,
    lock: PathBuf,
    folder: RunFolder,
}

/// What was written down before a step started. So did version 0.1.0, in a file per attempt.
#[derive(Clone, Debug, Deserialize)]
pub struct Start {
    /// What the step does.
    pub kind: StepKind,
    /// What it does it to.
    pub subject: String,
    /// The unit that it works in.
    pub unit: Option<String>,
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// Its log.
    pub log: Option<PathBuf>,
}

impl Unfinished {
    /// All applies among them in this repository, oldest first.
    pub fn all(run: &RunFolder) -> Vec<Self> {
        let others = run.all().into_iter().filter(|folder| folder.dir != run.dir);
        let mut found: Vec<_> =
            others.flat_map(|folder| Self::of(&folder)).filter(|left| left.started.kind == StepKind::Apply).collect();
        found.sort_by(|a, b| a.started.time.cmp(&b.started.time));
        found
    }

    /// The steps of one run, in units, whose end nobody has seen; of a damaged journal those that it still tells of.
    pub fn of(folder: &RunFolder) -> Vec<Self> {
        if !journal::exists(&folder.journal()) {
            return Self::without_journal(folder);
        }
        let (story, whole) = Story::read(&folder.journal());
        let is_damaged = whole.is_err();
        let steps = story.map(|story| story.steps).unwrap_or_default();
        let unsettled = steps.into_iter().filter(|step| step.ended.is_none() && step.settled.is_none());
        let left = unsettled.filter_map(|step| {
            let log = step.log.map(|log| folder.dir.join(log));
            let started =
                Start { kind: step.of.step, subject: step.of.subject, unit: step.of.unit, time: step.started, log };
            Self::new(folder, &step.of.attempt?, started)
        });
        // To a damaged journal nothing can be added: what was found out is told by the file for the guard alone.
        left.filter(|left| !is_damaged || !state::exists(&left.attempt.settled())).collect()
    }

    /// The same, of a run of version 0.1.0.
    fn without_journal(folder: &RunFolder) -> Vec<Self> {
        let entries = state::entries(&folder.dir.join("attempts")).unwrap_or_default();
        let left = entries.into_iter().filter_map(|path| {
            let started: Start = serde_json::from_slice(&state::read(&path.join("started.json")).ok()?).ok()?;
            Self::new(folder, &path.file_name()?.to_string_lossy(), started)
        });
        left.filter(|left| !state::exists(&left.attempt.settled())).collect()
    }

    fn new(folder: &RunFolder, attempt: &str, started: Start) -> Option<Self> {
        let unit = UnitPath::new(Path::new(started.unit.as_deref()?))?;
        let attempt = Attempt { dir: folder.dir.join("attempts").join(attempt), nonce: String::new() };
        let says_complete = started.log.as_deref().is_some_and(|log| tail::end(log).contains(APPLY_COMPLETE));
        let lock = folder.unit_lock(&unit);
        let is_running = lock::is_held(&lock);
        Some(Self { run: folder.id.clone(), started, is_running, says_complete, attempt, lock, folder: folder.clone() })
    }

    /// Whether it is of this unit.
    pub fn is_of(&self, unit: &UnitPath) -> bool {
        self.started.unit.as_deref() == Some(unit.as_str())
    }

    /// Whether somebody is still at work in the unit, asked anew.
    pub fn runs_still(&self) -> bool {
        lock::is_held(&self.lock)
    }

    /// Writes down that `by`, a later run, has told of it and has looked at a fresh plan since. Nothing may start
    /// meanwhile: a guard that comes late finds what is written here.
    pub fn settle(&self, by: &str) {
        let Ok(_lock) = WorkLock::take(&self.lock) else { return };
        // If this can't be written the next run tells of it once more.
        let _ = self.write_down(by);
    }

    fn write_down(&self, by: &str) -> io::Result<()> {
        let result = if self.says_complete { "succeeded" } else { "unknown" };
        let settled = Settled {
            attempt: self.attempt.dir.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            result: result.to_owned(),
            cause: Some("its run was killed; the end was found by a later run".to_owned()),
            by: by.to_owned(),
        };
        match state::new_private_file(&self.attempt.settled()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => io::Write::write_all(&mut file?, &serde_json::to_vec(&settled)?)?,
        }
        match journal::each(&self.folder.journal(), drop) {
            Ok(whole) => Journal::go_on(&self.folder.journal(), whole)?.durable(&Record::Settled(settled)),
            // There is none, or none that could be gone on with.
            Err(_) => Ok(()),
        }
    }
}

/// Removes the plans and binaries of runs that have ended, for whoever doesn't hold the lock of the repository.
pub fn sweep(root: &Path) {
    let any = RunFolder::new(root);
    // A run that begins meanwhile is none of these, and has the lock before it has a folder.
    let left: Vec<_> = any.all().into_iter().filter(RunFolder::has_leftovers).collect();
    if !left.is_empty() && lock_of_the_repository::holder(&any.run_lock()).is_none() {
        remove_leftovers_of(left);
    }
}

/// Removes the plans and binaries of other runs than this one, which holds the lock of the repository.
pub fn remove_leftovers(run: &RunFolder) {
    remove_leftovers_of(run.all().into_iter().filter(|other| other.dir != run.dir && other.has_leftovers()));
}

/// One of which something is still at work keeps them.
fn remove_leftovers_of(runs: impl IntoIterator<Item = RunFolder>) {
    for other in runs {
        if !Unfinished::of(&other).iter().any(|left| left.is_running) {
            // What can't be removed now, the next run tries again.
            if !Kept::is_alive(&other) {
                let _ = other.remove_plans();
            }
            other.remove_binaries();
        }
    }
}
