//! The folder of a run below `.xtask/`, and the paths in it. Making the paths touches nothing, so a dry run has them too.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::{Failure, UnitPath, file_name};
use crate::run::step::StepKind;
use crate::tools::attempt::{Attempt, new_private_folder, private_folder, random_word};
use crate::tools::process::Output;
use crate::tools::proof;
use crate::tools::state;
pub use crate::tools::state::STATE;

/// The paths of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// The run's id: the day and three characters.
    pub id: String,
    /// Its folder.
    pub dir: PathBuf,
    state: PathBuf,
}

impl RunFolder {
    /// The paths of a new run in the repository at `root`; nothing is made yet.
    pub fn new(root: &Path) -> Self {
        let state = root.join(STATE);
        let draw = || format!("{}-{}", &proof::now()[..10], random_word(3));
        // Three characters are easy to say, and in the course of a day may come twice.
        let drawn = std::iter::repeat_with(draw).take(100);
        let id = drawn.into_iter().find(|id| !state.join("runs").join(id).exists()).unwrap_or_else(draw);
        Self { dir: state.join("runs").join(&id), state, id }
    }

    /// What people call the run: the end of its id.
    pub fn word(&self) -> &str {
        self.id.rsplit('-').next().unwrap_or(&self.id)
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        self.state.parent().unwrap_or(&self.state)
    }

    /// The paths of another run in the same repository.
    pub fn other(&self, dir: PathBuf) -> Self {
        let id = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { id, dir, state: self.state.clone() }
    }

    /// The folders of all runs in this repository, this one's own included if it is there.
    pub fn all(&self) -> Vec<Self> {
        state::entries(&self.all_runs()).unwrap_or_default().into_iter().map(|dir| self.other(dir)).collect()
    }

    /// Makes the folder, and puts a copy of our own binary into it: a rebuild in the middle of a run changes nothing. A
    /// folder that can't be used is removed again; one that is there already belongs to another run, and is left alone.
    pub fn create(&self) -> Result<PathBuf, Failure> {
        let made = private_folder(&self.all_runs()).and_then(|()| new_private_folder(&self.dir));
        let made = made.and_then(|()| self.make().inspect_err(|_| self.discard()));
        made.map_err(|error| {
            Failure::refused("cannot make the folder of this run, so nothing was started")
                .in_file(self.dir.display().to_string())
                .because(error)
        })
    }

    fn make(&self) -> io::Result<PathBuf> {
        private_folder(&self.plans())?;
        private_folder(&self.dir.join("attempts"))?;
        let binary = self.binary();
        state::copy_program(&std::env::current_exe()?, &binary)?;
        Ok(binary)
    }

    /// The copy of our own binary.
    pub fn binary(&self) -> PathBuf {
        self.dir.join("xtask")
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal.jsonl")
    }

    /// The report that is made of the journal.
    pub fn report(&self) -> PathBuf {
        self.dir.join("report.json")
    }

    /// The folder of plan files, for this user's eyes only.
    pub fn plans(&self) -> PathBuf {
        self.dir.join("plans")
    }

    /// The plan file of a unit.
    pub fn plan(&self, label: &str) -> PathBuf {
        self.plans().join(format!("{}.tfplan", file_name(label)))
    }

    /// The file with the hash of the plan that was consented to, as `sha256sum` writes it.
    pub fn consent(&self, label: &str) -> PathBuf {
        self.plans().join(format!("{}.consent", file_name(label)))
    }

    /// Where a state is kept that terraform could not save.
    pub fn lost_state(&self, label: &str) -> PathBuf {
        self.dir.join(format!("{}.errored.tfstate", file_name(label)))
    }

    /// What was shown of the plan of a unit.
    pub fn shown(&self, label: &str) -> PathBuf {
        self.product(label, StepKind::Show)
    }

    /// What Terraform answers to a step: a plan, a state or outputs as JSON.
    pub fn product(&self, label: &str, kind: StepKind) -> PathBuf {
        self.plans().join(format!("{}.{kind}.json", file_name(label)))
    }

    /// What there is to know of plans that are kept for later.
    pub fn kept(&self) -> PathBuf {
        self.dir.join("kept.json")
    }

    /// The folder of one attempt.
    pub fn attempt(&self, label: &str, kind: StepKind) -> Attempt {
        Attempt { dir: self.dir.join("attempts").join(format!("{}.{kind}", file_name(label))), nonce: random_word(26) }
    }

    /// The log of a step; stdout goes to a file beside the plans where it may have secrets in it.
    pub fn output(&self, label: &str, kind: StepKind) -> Output {
        let stdout = match kind {
            StepKind::Lookup => Some(self.product(label, kind)),
            // The answer itself lies beside it; what a terragrunt in between prints may have the same secrets.
            StepKind::Show | StepKind::State | StepKind::Output => {
                Some(self.product(label, kind).with_extension("printed"))
            }
            _ => None,
        };
        Output { log: self.dir.join(format!("{}.{kind}.log", file_name(label))), stdout }
    }

    /// The lock of a unit, which every run shares.
    pub fn unit_lock(&self, unit: &UnitPath) -> PathBuf {
        self.lock_of(&unit.slug())
    }

    /// The lock of a unit, and those by which other roots know it that it lies in: a folder with accounts of its own may be
    /// worked on by itself and as a part of what is around it.
    pub fn unit_locks(&self, unit: &UnitPath) -> Vec<PathBuf> {
        let folder = unit.in_root(self.root());
        // Whoever makes orders later than the other run sees that one's lock, and takes both.
        let others = folder.ancestors().filter(|root| *root != self.root()).filter_map(|root| {
            let other = Self { state: root.join(STATE), ..self.clone() };
            let path = UnitPath::new(folder.strip_prefix(root).ok()?)?;
            other.run_lock().exists().then(|| other.unit_lock(&path))
        });
        std::iter::once(self.unit_lock(unit)).chain(others).collect()
    }

    /// The lock of something else that only one program may work on, by a name without slashes.
    pub fn lock_of(&self, name: &str) -> PathBuf {
        self.state.join("locks").join(format!("{name}.lock"))
    }

    /// The lock of the repository.
    pub fn run_lock(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// The folder of all runs.
    pub fn all_runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// Removes the whole folder, for a run that did nothing but ask.
    pub fn discard(&self) {
        // What can't be removed costs nothing but space.
        let _ = state::remove_folder(&self.dir);
    }

    /// Removes our own binary and its links, once nothing runs any more that could need it.
    pub fn remove_binaries(&self) {
        let _ = state::remove_file(&self.binary());
        for attempt in state::entries(&self.dir.join("attempts")).unwrap_or_default() {
            for name in ["terraform", "tofu"] {
                let _ = state::remove_file(&attempt.join(name));
            }
        }
    }

    /// Whether there are plan files, what was read from them, or our own binary.
    pub fn has_leftovers(&self) -> bool {
        state::exists(&self.binary()) || state::entries(&self.plans()).is_ok_and(|found| !found.is_empty())
    }

    /// Removes plan files and what was read from them: they hold secrets, and nobody may apply them any more.
    pub fn remove_plans(&self) -> io::Result<()> {
        let entries = match state::entries(&self.plans()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        entries.iter().try_for_each(|path| state::remove_file(path))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_run_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        assert!(!root.path().join(STATE).exists(), "paths alone touch nothing");
        run.create().unwrap();
        let mode = fs::metadata(run.plans()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn unit_is_locked_in_every_root_that_it_is_worked_on_from() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("live");
        fs::create_dir(&inner).unwrap();
        let [from_top, from_inner] = [top.path(), &inner].map(RunFolder::new);
        let unit = |path: &str| UnitPath::new(Path::new(path)).unwrap();
        let alone = from_top.unit_locks(&unit("live/dev/x"));
        assert_eq!(alone, [from_top.unit_lock(&unit("live/dev/x"))], "nobody has worked from the inner one yet");
        for run in [&from_top, &from_inner] {
            private_folder(run.run_lock().parent().unwrap()).unwrap();
            fs::write(run.run_lock(), "").unwrap();
        }
        let mut outer = from_top.unit_locks(&unit("live/dev/x"));
        let mut inner = from_inner.unit_locks(&unit("dev/x"));
        assert_eq!(outer[0], alone[0]);
        outer.sort();
        inner.sort();
        assert_eq!(outer, inner);
        assert_eq!(outer.len(), 2);
        assert_eq!(from_top.unit_locks(&unit("dev/x")).len(), 1, "this one lies in no other root");
    }
}
