//! What a killed run left behind: applies that went on without it, whose end nobody has seen yet, and its plans.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::UnitPath;
use crate::run::executor::{Ended, Started, write_ended};
use crate::run::folder::RunFolder;
use crate::run::judge::APPLY_COMPLETE;
use crate::run::kept::Kept;
use crate::run::step::StepKind;
use crate::run::tail;
use crate::tools::attempt::Attempt;
use crate::tools::lock::{self, WorkLock};
use crate::tools::proof;

/// A step whose end nobody saw.
#[derive(Debug)]
pub struct Unfinished {
    /// The run that started it.
    pub run: String,
    /// What was written down before it started.
    pub started: Started,
    /// Whether terragrunt or something that it started is still at work in the unit.
    pub is_running: bool,
    /// Whether its log says that the apply is complete.
    pub says_complete: bool,
    attempt: Attempt,
    lock: PathBuf,
}

impl Unfinished {
    /// All applies among them in this repository, oldest first.
    pub fn all(run: &RunFolder) -> Vec<Self> {
        let mut found: Vec<_> = folders(&run.all_runs())
            .into_iter()
            .flat_map(|run_dir| folders(&run_dir.join("attempts")))
            .filter_map(|dir| Self::read(run, dir))
            .filter(|left| left.started.kind == StepKind::Apply)
            .collect();
        found.sort_by(|a, b| a.started.time.cmp(&b.started.time));
        found
    }

    fn read(run: &RunFolder, dir: PathBuf) -> Option<Self> {
        let attempt = Attempt { dir, nonce: String::new() };
        if attempt.ended().exists() {
            return None;
        }
        let started: Started = serde_json::from_slice(&fs::read(attempt.started()).ok()?).ok()?;
        let unit = UnitPath::new(Path::new(started.unit.as_deref()?))?;
        let run_name = attempt.dir.parent()?.parent()?.file_name()?.to_string_lossy().into_owned();
        let says_complete = started.log.as_deref().is_some_and(|log| tail::end(log).contains(APPLY_COMPLETE));
        let lock = run.unit_lock(&unit);
        Some(Self { run: run_name, is_running: lock::is_held(&lock), says_complete, started, attempt, lock })
    }

    /// Whether it is of this unit.
    pub fn is_of(&self, unit: &UnitPath) -> bool {
        self.started.unit.as_deref() == Some(unit.as_str())
    }

    /// Writes down that somebody has been told and has looked at a fresh plan since. Nothing may start meanwhile: a guard
    /// that comes late finds what is written here.
    pub fn settle(&self) {
        let Ok(_lock) = WorkLock::take(&self.lock) else { return };
        let result = if self.says_complete { "succeeded" } else { "unknown" };
        let cause = Some("its run was killed; the end was found by a later run".to_owned());
        // If this can't be written the next run tells of it once more.
        let _ = write_ended(&self.attempt, &Ended { result: result.to_owned(), cause, time: proof::now() });
    }
}

/// Removes the plans and binaries of runs that were killed. One of which something is still at work keeps them.
pub fn remove_leftovers(run: &RunFolder) {
    for dir in folders(&run.all_runs()).into_iter().filter(|dir| *dir != run.dir) {
        let left = folders(&dir.join("attempts")).into_iter().filter_map(|dir| Unfinished::read(run, dir));
        if !left.into_iter().any(|left| left.is_running) {
            let other = run.other(dir);
            // What can't be removed now, the next run tries again.
            if !Kept::is_alive(&other) {
                let _ = other.remove_plans();
            }
            other.remove_binaries();
        }
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
