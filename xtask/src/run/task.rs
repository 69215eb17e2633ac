//! ECS tasks that builds have started. A task lives on when nobody waits for it any more, so which one it is stands on disk
//! as soon as it is known: in the attempt's folder, in the journal, and in the log, which is written even when the runner is
//! gone.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::run::folder::RunFolder;
use crate::run::journal::story::Story;
use crate::run::journal::{Journal, Record, Settled};
use crate::run::step::StepKind;
use crate::tools::attempt::Attempt;
use crate::tools::deployer::sign::Sign;
use crate::tools::{lock, state};

/// The file in an attempt's folder with the ARN of its task.
const TASK: &str = "task";
/// The file that says that nobody has to look after it any more.
const SETTLED: &str = "task.settled";
/// So much of a log is looked at: a task is named in its first lines.
const HEAD: u64 = 256 * 1024;

/// Writes down, durably, which task an attempt has started. What is there already stays; whether it is new.
pub fn note(attempt: &Attempt, arn: &str) -> io::Result<bool> {
    match state::new_private_file(&attempt.dir.join(TASK)) {
        Ok(mut file) => {
            file.write_all(arn.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// A task of an earlier build that may still be at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftTask {
    /// The run that started it.
    pub run: String,
    /// The image that it builds.
    pub image: String,
    /// Its ARN.
    pub arn: String,
    attempt: PathBuf,
}

impl LeftTask {
    /// All of this repository whose end nobody has seen, by run.
    pub fn all(run: &RunFolder) -> Vec<Self> {
        let mut found = Vec::new();
        for dir in sorted(&run.all_runs()).into_iter().filter(|dir| *dir != run.dir) {
            let other = run.other(dir.clone());
            for log in sorted(&dir) {
                let suffix = format!(".{}.log", StepKind::Build);
                let name = log.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let Some(image) = name.strip_suffix(&suffix) else { continue };
                found.extend(Self::of(&other.id, image, &other.attempt(image, StepKind::Build).dir, &log));
            }
        }
        found
    }

    /// The task of a step that has ended without a word about the task's own end.
    pub fn of(run: &str, image: &str, attempt: &Path, log: &Path) -> Option<Self> {
        if state::exists(&attempt.join(SETTLED)) {
            return None;
        }
        let arn = arn(attempt, log)?;
        let said = crate::run::tail::end(log);
        let has_ended = said.lines().filter_map(Sign::of).any(|sign| matches!(sign, Sign::Succeeded | Sign::Failed));
        let (run, image) = (run.to_owned(), image.to_owned());
        (!has_ended).then(|| Self { run, image, arn, attempt: attempt.to_owned() })
    }

    /// Writes down that it is over.
    pub fn settle(&self) {
        settle(&self.attempt);
    }
}

/// The ARN of the task that an attempt has started, by what was written down or by its log.
pub fn arn(attempt: &Path, log: &Path) -> Option<String> {
    let noted = state::read_to_string(&attempt.join(TASK)).ok();
    let head = || head(log).unwrap_or_default();
    noted.or_else(|| head().lines().filter_map(Sign::of).find_map(|sign| sign.task().map(str::to_owned)))
}

/// Writes down that the task of an attempt, if it had one, is over.
pub fn settle(attempt: &Path) {
    // Without this file the next build asks once more.
    let _ = state::write(&attempt.join(SETTLED), "");
}

/// Tells the journals of killed runs what became of their builds of an image, which ECR has or hasn't. Who calls knows that
/// no task of theirs is at work, and holds the lock of the repository.
pub fn settle_builds(run: &RunFolder, image: &str, address: &str, is_there: bool) {
    let (result, cause) = match is_there {
        true => ("succeeded", "its run was killed; a later run found the image in ECR"),
        false => ("failed", "its run was killed; a later run found no image in ECR"),
    };
    if lock::is_held(&run.lock_of(&format!("image.{image}"))) {
        return;
    }
    for other in run.all().into_iter().filter(|other| other.dir != run.dir) {
        let (Some(story), Ok(whole)) = Story::read(&other.journal()) else { continue };
        let is_of = story.selected.iter().any(|selected| selected.label == image && selected.path == address);
        let builds = story.steps.iter().filter(|step| step.of.step == StepKind::Build && step.of.subject == image);
        let left = builds.filter(|step| is_of && step.is_unsettled()).filter_map(|step| step.of.attempt.clone());
        let left: Vec<_> = left.collect();
        if left.is_empty() {
            continue;
        }
        // What can't be written the next run tells once more.
        let Ok(journal) = Journal::go_on(&other.journal(), whole) else { continue };
        for attempt in left {
            let (result, cause, by) = (result.to_owned(), Some(cause.to_owned()), run.id.clone());
            journal.note(&Record::Settled(Settled { attempt, result, cause, by }));
        }
    }
}

fn head(log: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    state::open(log)?.take(HEAD).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    state::entries(folder).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TASK_ARN: &str = "arn:aws:ecs:us-east-1:100000000002:task/ecs-deploy-runner/0123";

    fn left(log: &str, settled: bool) -> Vec<LeftTask> {
        let root = tempfile::tempdir().unwrap();
        let run = RunFolder::new(root.path());
        let dir = run.all_runs().join("2026-01-02-abc");
        let attempt = dir.join("attempts/kaniko.build");
        fs::create_dir_all(&attempt).unwrap();
        fs::write(dir.join("kaniko.build.log"), log).unwrap();
        if settled {
            settle(&attempt);
        }
        LeftTask::all(&run)
    }

    #[test]
    fn a_task_is_left_behind_until_somebody_has_seen_its_end() {
        let waiting = format!("time=\"x\" level=info msg=\"Waiting for ECS task {TASK_ARN} to start\"\n");
        let found = left(&waiting, false);
        assert_eq!(
            found.iter().map(|task| (task.image.as_str(), task.arn.as_str())).collect::<Vec<_>>(),
            [("kaniko", TASK_ARN)]
        );
        assert_eq!(left(&waiting, true), []);
        assert_eq!(left(&format!("{waiting}ERROR: Deployment failed\n"), false), []);
        assert_eq!(left("Invoking Lambda function x to trigger deployment.\n", false), []);
    }

    #[test]
    fn the_first_task_that_is_written_down_stays() {
        let folder = tempfile::tempdir().unwrap();
        let attempt = Attempt { dir: folder.path().to_owned(), nonce: String::new() };
        assert!(note(&attempt, TASK_ARN).unwrap());
        assert!(!note(&attempt, "another").unwrap());
        let log = folder.path().join("log");
        assert_eq!(LeftTask::of("r", "kaniko", folder.path(), &log).map(|task| task.arn), Some(TASK_ARN.to_owned()));
    }
}
