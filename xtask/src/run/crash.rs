//! The crash table in one process: the runner dies before and after every line that it writes, what it has started lives on
//! or dies as well, and then the same is asked for again. The executor, the journal and what is found out about a killed run
//! are the real ones; terragrunt, the guards and the relay are scripts, and the order of a run is told here in brief. What a
//! kernel's kill does is proven with the built program (`tests/standins/crash.rs`) and with the real tools.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{AccountId, UnitPath};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::{Executor, OnFailure};
use crate::run::folder::RunFolder;
use crate::run::interrupt::Interrupt;
use crate::run::journal::story::Story;
use crate::run::journal::tests::{begun, story_of};
use crate::run::journal::{self, Journal, Record, Selected};
use crate::run::lifetime::Lifetimes;
use crate::run::step::{Lane, Stage, Step, StepKind};
use crate::run::unfinished::Unfinished;
use crate::tools::env::Env;
use crate::tools::process::{Invocation, Relay};
use crate::tools::proof::{Proof, Verdict};

const UNITS: [&str; 4] = ["dev", "stage", "logs", "prod"];

/// What becomes of an apply that has been started.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// It goes through, whatever becomes of the runner.
    Lives,
    /// It is cut off before it has done anything.
    DiesBefore,
    /// It is cut off after it has done everything, and before it could say so.
    DiesAfter,
}

/// An account for each unit: a tag that is deployed, and a list of what was applied.
struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

/// How far a run came.
struct Run {
    folder: RunFolder,
    told: Vec<String>,
    is_dead: bool,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_owned();
        fs::create_dir(root.join("cloud")).unwrap();
        UNITS.iter().for_each(|unit| fs::write(root.join("cloud").join(unit), "v1").unwrap());
        let relay = root.join("relay");
        fs::write(&relay, "#!/bin/sh\nexec cat >> \"$3\"\n").unwrap();
        fs::set_permissions(relay, fs::Permissions::from_mode(0o755)).unwrap();
        Self { _folder: folder, root }
    }

    /// How often something was applied to a unit.
    fn n_applied(&self, unit: &str) -> usize {
        let applied = fs::read_to_string(self.root.join("cloud/applied")).unwrap_or_default();
        applied.lines().filter(|line| *line == unit).count()
    }

    fn has_image(&self) -> bool {
        self.root.join("cloud/image").exists()
    }

    /// A run that dies after `n` effects of its journal.
    fn run(&self, n: usize, n_jobs: usize, fate: Fate) -> Run {
        let folder = RunFolder::new(&self.root);
        fs::create_dir_all(folder.plans()).unwrap();
        let journal = Journal::begin(&folder.journal(), begun(&folder.id), []).unwrap();
        journal.dead_after(n);
        let left = Unfinished::all(&folder);
        let mut told: Vec<_> = left.iter().map(|left| left.started.subject.clone()).collect();
        let selected = |unit: &&str| Selected {
            label: (*unit).to_owned(),
            path: path(unit).to_string(),
            account: (*unit).to_owned(),
            account_id: String::new(),
            region: String::new(),
        };
        journal.note(&Record::Selected(UNITS.iter().map(selected).collect()));
        let relay = Relay { program: self.root.join("relay"), secrets: Env::default() };
        let executor = Executor {
            relay,
            interrupt: Interrupt::default(),
            n_jobs,
            time_limit: std::time::Duration::from_secs(60),
            journal: journal.clone(),
            lifetimes: Lifetimes::default(),
            secrets: Arc::default(),
        };
        let act = |lanes: Vec<Lane>| -> Vec<Outcome> {
            let stage = Stage { title: String::new(), is_told: false, about: String::new(), lanes };
            executor.side_by_side(&stage, OnFailure::Stop, &mut |_| {})
        };
        // The image is looked up, never remembered.
        if !self.has_image() {
            act(vec![vec![self.step(&folder, "image", StepKind::Build, Fate::Lives)]]);
        }
        let plans = act(UNITS.map(|unit| vec![self.step(&folder, unit, StepKind::Plan, Fate::Lives)]).into());
        if plans.iter().all(|plan| plan.result == StepResult::Succeeded) && !journal.is_dead() {
            left.iter().for_each(|left| left.settle(&folder.id));
            let changing: Vec<_> =
                UNITS.into_iter().filter(|unit| fs::read_to_string(folder.plan(unit)).unwrap() != "v2").collect();
            let consented = journal.durable(&Record::Note("somebody agreed".to_owned()));
            if consented.is_ok() && !changing.is_empty() {
                act(changing.into_iter().map(|unit| vec![self.step(&folder, unit, StepKind::Apply, fate)]).collect());
            }
            journal.note(&Record::Finished(journal::Finished {
                exit: 0,
                is_cancelled: false,
                failures: Vec::new(),
                millis: 1,
            }));
        } else {
            told.clear();
        }
        Run { folder, told, is_dead: journal.is_dead() }
    }

    fn step(&self, folder: &RunFolder, unit: &str, kind: StepKind, fate: Fate) -> Arc<Step> {
        let attempt = folder.attempt(unit, kind);
        let proof = |command: &str| {
            let account = AccountId::parse("100000000004").unwrap();
            let proof = Proof { verdict: Verdict::Proven, ..Proof::blank(&attempt.nonce, &account, None, command) };
            serde_json::to_string(&proof).unwrap()
        };
        let (dir, cloud, plan) = (attempt.dir.display(), self.root.join("cloud"), folder.plan(unit));
        let (cloud, plan_text) = (cloud.display(), plan.display());
        // As the guard does: who comes after it was settled starts nothing.
        let guards =
            format!("test -e {dir}/ended.json && exit 3\nprintf %s '{}' > {dir}/outer.json\n", proof("terragrunt"));
        let inner = format!("printf %s '{}' > {dir}/inner.0.json\n", proof(&kind.to_string()));
        let done = format!("printf v2 > {cloud}/{unit}; echo {unit} >> {cloud}/applied\n");
        let work = match (kind, fate) {
            (StepKind::Build, _) => format!("touch {cloud}/image; echo image >> {cloud}/applied\n"),
            (StepKind::Plan, _) => format!("cp {cloud}/{unit} {plan_text}\n"),
            (_, Fate::Lives) => format!("{done}echo 'Apply complete!'\n"),
            (_, Fate::DiesBefore) => "kill -9 $$\n".to_owned(),
            (_, Fate::DiesAfter) => format!("{done}kill -9 $$\n"),
        };
        let script = format!("{guards}{inner}{work}");
        let argv = ["/bin/sh", "-c", &script].map(Into::into).to_vec();
        let vars = Arc::new([("PATH".into(), "/usr/bin:/bin".into())].into());
        Step {
            kind,
            subject: unit.to_owned(),
            unit: (kind != StepKind::Build).then(|| path(unit)),
            account: None,
            session: "".into(),
            invocation: Invocation { argv, missing: None, cwd: self.root.clone(), vars },
            attempt: Some(attempt),
            output: Some(folder.output(unit, kind)),
            plan: Some(plan),
            product: None,
            consent: None,
            lock: None,
        }
        .into()
    }
}

fn path(unit: &str) -> UnitPath {
    UnitPath::new(&Path::new(unit).join("runner")).unwrap()
}

fn story(run: &Run) -> Story {
    story_of(&run.folder.journal())
}

/// One case: a run that dies, the same asked for again, and once more when all is done.
fn case(n: usize, n_jobs: usize, fate: Fate) -> bool {
    let case = format!("dies after {n} effects, {n_jobs} side by side, {fate:?}");
    let world = World::new();
    let first = world.run(n, n_jobs, fate);
    let applied = UNITS.map(|unit| world.n_applied(unit));
    let said = story(&first);
    for (unit, n_applied) in said.units().iter().zip(applied) {
        // What has been done is never said not to have been; what is not known is never said to be done.
        assert!(n_applied == 0 || ["succeeded", "unknown"].contains(&unit.result), "{case}: {unit:?}");
        assert!(n_applied == 1 || unit.result != "succeeded", "{case}: {unit:?}");
    }
    let open = |story: &Story| -> Vec<String> {
        let open = story.steps.iter().filter(|step| step.is_unsettled() && step.of.step == StepKind::Apply);
        open.map(|step| step.of.subject.clone()).collect()
    };
    let second = world.run(usize::MAX, n_jobs, Fate::Lives);
    let mut expected = open(&said);
    let mut told = second.told.clone();
    expected.sort();
    told.sort();
    assert_eq!(told, expected, "{case}: what is unknown is told, and nothing else");
    assert!(open(&story(&first)).is_empty(), "{case}: it is settled");
    for unit in UNITS {
        assert_eq!(fs::read_to_string(world.root.join("cloud").join(unit)).unwrap(), "v2", "{case}: {unit}");
        assert_eq!(world.n_applied(unit), 1, "{case}: {unit} is applied once");
    }
    assert_eq!(world.n_applied("image"), 1, "{case}: the image is built once");
    let third = world.run(usize::MAX, n_jobs, Fate::Lives);
    assert!(third.told.is_empty(), "{case}: it is told once");
    assert_eq!(UNITS.map(|unit| world.n_applied(unit)), [1; 4], "{case}");
    first.is_dead
}

#[test]
fn a_runner_that_dies_at_any_moment_leaves_nothing_lost_and_nothing_done_twice_unseen() {
    let cases: Vec<_> = [Fate::Lives, Fate::DiesBefore, Fate::DiesAfter]
        .into_iter()
        .flat_map(|fate| [1, 3].map(|n_jobs| (n_jobs, fate)))
        .flat_map(|(n_jobs, fate)| (0..N_EFFECTS).map(move |n| (n, n_jobs, fate)))
        .collect();
    let died: usize = std::thread::scope(|scope| {
        let halves = cases.chunks(cases.len().div_ceil(2)).map(|cases| {
            scope.spawn(move || cases.iter().filter(|(n, n_jobs, fate)| case(*n, *n_jobs, *fate)).count())
        });
        halves.collect::<Vec<_>>().into_iter().map(|half| half.join().unwrap()).sum()
    });
    assert!(died >= 200, "{died} runners died");
    assert!(!case(usize::MAX, 1, Fate::Lives), "a run has no more effects than were tried");
    assert_eq!(n_effects(), N_EFFECTS, "every moment was tried");
}

/// The effects of a whole run in its journal behind its beginning: two for each line.
const N_EFFECTS: usize = 42;

fn n_effects() -> usize {
    let world = World::new();
    let run = world.run(usize::MAX, 1, Fate::Lives);
    let lines = fs::read_to_string(run.folder.journal()).unwrap().lines().count();
    (lines - 1) * 2
}
