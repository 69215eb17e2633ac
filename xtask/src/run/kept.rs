//! Plans that are kept for later: what they are, what they were made from, and where and until when they may be applied.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::model::Failure;
use crate::run::folder::RunFolder;
use crate::run::journal;
use crate::tools::bound::Bound;
use crate::tools::call;
use crate::tools::clock;
use crate::tools::hash::sha256_of;
use crate::tools::process::private_file;
use crate::tools::state;

/// How long plans are kept: as long as somebody's working day and the night after it.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The version of the file.
const SCHEMA: u32 = 1;

/// The plans of a run that stopped there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    schema: u32,
    /// When, in seconds since 1970.
    seconds: u64,
    /// The machine.
    machine: String,
    /// The root of the repository.
    root: PathBuf,
    /// The commit that was checked out, if git knows it.
    commit: Option<String>,
    /// The plans.
    pub units: Vec<KeptUnit>,
}

/// One plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptUnit {
    /// The unit's label, which names its files.
    pub label: String,
    /// The unit.
    pub path: String,
    /// Its account.
    pub account: String,
    /// The hash of the plan file.
    pub plan_sha256: String,
    /// The hash of what was shown of it.
    pub shown_sha256: String,
    /// What it was made from.
    pub bound: Vec<Bound>,
}

/// Where a run's plans would be applied.
#[derive(Debug)]
pub struct Here<'a> {
    /// The root of the repository.
    pub root: &'a Path,
    /// The commit that is checked out.
    pub commit: Option<String>,
}

impl Kept {
    /// Writes down what is kept, so that the run leaves its plans where they are.
    pub fn write(run: &RunFolder, here: Here<'_>, units: Vec<KeptUnit>) -> anyhow::Result<()> {
        let Here { root, commit } = here;
        let kept = Self { schema: SCHEMA, seconds: now(), machine: machine(), root: root.to_owned(), commit, units };
        let mut file = private_file(&run.kept())?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        Ok(file.sync_all()?)
    }

    /// Reads what a run has kept, and refuses if it can't be applied here and now.
    pub fn read(run: &RunFolder, here: &Here<'_>) -> Result<Self, Failure> {
        if let Some(begun) = journal::begun(run) {
            begun.check_origin(here.root)?;
        }
        let no = |why: String| {
            Failure::refused(format!("the plans of run {} can't be applied: {why}", run.id))
                .hint("plan again: cargo xtask apply-all")
        };
        let text = match state::read(&run.kept()) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(no("it kept none, or they have been applied or removed".to_owned()));
            }
            Err(error) => return Err(no("they can't be read".to_owned()).because(error)),
        };
        let kept: Self =
            serde_json::from_slice(&text).map_err(|error| no("they can't be read".to_owned()).because(error))?;
        let age = now().checked_sub(kept.seconds);
        match () {
            () if kept.schema != SCHEMA => {
                Err(no(format!("another version of this program kept them ({})", kept.schema)))
            }
            () if kept.machine != machine() => Err(no(format!("they were made on another machine, {}", kept.machine))),
            () if kept.root != here.root => {
                Err(no(format!("they were made in another checkout, {}", kept.root.display())))
            }
            () if kept.commit != here.commit => Err(no(format!(
                "they were made at another commit, {}",
                kept.commit.as_deref().unwrap_or("unknown to git")
            ))),
            () if age.is_none() => Err(no("the clock was put back since they were made".to_owned())),
            () if age.is_some_and(|age| age > KEPT_FOR.as_secs()) => Err(no("they are older than a day".to_owned())),
            () => Ok(kept),
        }
    }

    /// Whether a run has plans that may still be applied.
    pub fn is_alive(run: &RunFolder) -> bool {
        let seconds = state::read(&run.kept())
            .ok()
            .and_then(|text| serde_json::from_slice::<Self>(&text).ok())
            .map(|it| it.seconds);
        seconds.and_then(|seconds| now().checked_sub(seconds)).is_some_and(|age| age <= KEPT_FOR.as_secs())
    }

    /// What of it is not what it was any more.
    pub fn changes(&self, run: &RunFolder) -> Vec<String> {
        let mut changed = Vec::new();
        for unit in &self.units {
            let is = |path: &Path, sha256: &str| sha256_of(path).is_ok_and(|now| now == sha256);
            if !is(&run.plan(&unit.label), &unit.plan_sha256) || !is(&run.shown(&unit.label), &unit.shown_sha256) {
                changed.push(format!("the plan of {} is not the one that was shown", unit.label));
            }
        }
        let others = Bound::changed(self.units.iter().flat_map(|unit| &unit.bound)).into_iter();
        changed
            .extend(others.map(|bound| format!("{}: {}", bound.what_changed(), bound.file_that_changed().display())));
        changed.sort();
        changed.dedup();
        changed
    }

    /// Copies the plans into the folder of a run that goes on with them.
    pub fn take_over(&self, from: &RunFolder, to: &RunFolder) -> anyhow::Result<()> {
        for (from, to) in self.copies(from, to) {
            std::io::copy(&mut state::open(&from)?, &mut private_file(&to)?)?;
        }
        Ok(())
    }

    /// What is copied where, to go on with these plans in another run.
    pub fn copies(&self, from: &RunFolder, to: &RunFolder) -> Vec<(PathBuf, PathBuf)> {
        let copies = |unit: &KeptUnit| {
            let label = &unit.label;
            let plans = [from, to].map(|run| run.plan(label));
            let [proof, to_proof] = plans.each_ref().map(|plan| call::beside(plan));
            let [plan, to_plan] = plans;
            [(plan, to_plan), (proof, to_proof), (from.shown(label), to.shown(label))]
        };
        self.units.iter().flat_map(copies).collect()
    }

    /// Removes what a run has kept: it has been used up.
    pub fn forget(run: &RunFolder) -> std::io::Result<()> {
        run.remove_plans()?;
        state::remove_file(&run.kept())
    }
}

/// The run that is meant: its id, or how that ends.
pub fn find(run: &RunFolder, name: &str) -> Result<RunFolder, Failure> {
    state::check(run.root())?;
    let mut runs: Vec<_> = run.all().into_iter().filter(|it| !name.is_empty() && it.id.ends_with(name)).collect();
    if let Some(exactly) = runs.iter().position(|it| it.id == name) {
        return Ok(runs.swap_remove(exactly));
    }
    match runs.len() {
        1 => Ok(runs.remove(0)),
        0 => Err(Failure::refused(format!("there is no run `{name}` in this repository"))),
        _ => Err(Failure::refused(format!("`{name}` may be any of {} runs", runs.len()))
            .hint("give the whole id of the run")),
    }
}

fn now() -> u64 {
    clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The name of the machine, which is as much as has to be told apart: paths and inodes must be the same as well.
fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn kept(root: &Path) -> RunFolder {
        let run = RunFolder::new(root);
        run.create().unwrap();
        fs::write(run.plan("dev"), "a plan").unwrap();
        fs::write(run.shown("dev"), "{}").unwrap();
        fs::write(root.join("common.hcl"), "one").unwrap();
        let unit = KeptUnit {
            label: "dev".to_owned(),
            path: "dev".to_owned(),
            account: "100000000004".to_owned(),
            plan_sha256: sha256_of(&run.plan("dev")).unwrap(),
            shown_sha256: sha256_of(&run.shown("dev")).unwrap(),
            bound: vec![Bound::file(root.join("common.hcl")).unwrap()],
        };
        Kept::write(&run, here(root), vec![unit]).unwrap();
        run
    }

    fn here(root: &Path) -> Here<'_> {
        Here { root, commit: Some("c".to_owned()) }
    }

    fn edited(run: &RunFolder, field: &str, value: serde_json::Value) {
        let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(run.kept()).unwrap()).unwrap();
        kept[field] = value;
        fs::write(run.kept(), kept.to_string()).unwrap();
    }

    #[test]
    fn plans_are_applied_where_they_were_made_and_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let run = kept(root);
        assert!(Kept::is_alive(&run));
        assert!(Kept::read(&run, &here(root)).unwrap().changes(&run).is_empty());
        let refused = |run: &RunFolder, here: &Here<'_>| Kept::read(run, here).unwrap_err().what;
        assert!(refused(&run, &here(Path::new("/elsewhere"))).contains("in another checkout"));
        assert!(refused(&run, &Here { root, commit: None }).contains("at another commit, c"));
        edited(&run, "machine", "another".into());
        assert!(refused(&run, &here(root)).contains("on another machine, another"));
        let run = kept(root);
        edited(&run, "seconds", (now() - KEPT_FOR.as_secs() - 1).into());
        assert!(refused(&run, &here(root)).contains("older than a day"));
        assert!(!Kept::is_alive(&run));
        edited(&run, "seconds", (now() + 60).into());
        assert!(refused(&run, &here(root)).contains("the clock was put back"), "a clock that jumped proves nothing");
    }

    #[test]
    fn whatever_is_not_what_it_was_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let run = kept(folder.path());
        let kept = Kept::read(&run, &here(folder.path())).unwrap();
        fs::write(folder.path().join("common.hcl"), "two").unwrap();
        fs::write(run.shown("dev"), "{ }").unwrap();
        let changes = kept.changes(&run);
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert!(changes[0].starts_with("a file that the plan was made from has changed since: "), "{changes:?}");
        assert_eq!(changes[1], "the plan of dev is not the one that was shown");
    }

    #[test]
    fn a_run_is_found_by_how_its_id_ends() {
        let folder = tempfile::tempdir().unwrap();
        let run = kept(folder.path());
        let id = run.id.clone();
        assert_eq!(find(&run, &id[id.len() - 3..]).unwrap().id, id);
        assert_eq!(find(&run, &id).unwrap().id, id);
        assert!(find(&run, "").is_err() && find(&run, "nowhere").is_err());
    }
}
