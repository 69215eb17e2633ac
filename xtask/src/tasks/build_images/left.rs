//! Tasks of earlier builds that nobody has seen the end of: while one is at work, the same image is not built again.

use std::ffi::OsString;
use std::fs;

use crate::model::{Account, Failure, Failures, Region};
use crate::repo::Repository;
use crate::run::event::StepResult;
use crate::run::executor::OnFailure;
use crate::run::folder::RunFolder;
use crate::run::task::LeftTask;
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::queue::Queue;
use crate::tasks::build_images::words;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::aws;
use crate::tools::deployer::sign::TaskArn;

/// A task, and where to ask for it.
#[derive(Clone, Debug)]
pub struct Left<'r> {
    pub(super) task: LeftTask,
    pub(super) account: &'r Account,
    pub(super) region: Region,
}

impl Left<'_> {
    /// The arguments that ask for it.
    pub(super) fn question(&self) -> Vec<OsString> {
        let arn = &self.task.arn;
        let task = TaskArn::parse(arn).expect("only whole ARNs are taken");
        aws::describe_task(arn, &task)
    }
}

/// The tasks of earlier builds of these images, in the accounts that build them now.
pub fn of<'r>(run: &RunFolder, repo: &'r Repository, planned: &[Planned<'r>]) -> Vec<Left<'r>> {
    let is_planned = |task: &LeftTask| planned.iter().any(|planned| planned.build.image == task.image);
    let left = LeftTask::all(run).into_iter().filter(is_planned).filter_map(|task| {
        let region = TaskArn::parse(&task.arn)?.region.parse().ok()?;
        let id = task.arn.split(':').nth(4)?.to_owned();
        let account = repo.accounts.iter().find(|account| account.id.as_str() == id)?;
        Some(Left { task, account, region })
    });
    left.collect()
}

/// Asks ECS for them: what is over is settled, what is at work keeps everything from being built.
pub(super) fn check(session: &Session<'_>, ready: &Ready<'_>, queue: &Queue<'_, '_>) -> Result<(), Failures> {
    if queue.left.is_empty() {
        return Ok(());
    }
    let outcomes = session.side_by_side(&queue.tasks, OnFailure::GoOn);
    session.check_interrupt()?;
    let mut problems = Vec::new();
    for ((left, step), outcome) in queue.left.iter().zip(queue.tasks.lanes.iter().flatten()).zip(&outcomes) {
        let output = step.output.as_ref().expect("a question has its answer in a file");
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let answered = output.stdout.as_ref().map(read).unwrap_or_default();
        let is_good = outcome.result == StepResult::Succeeded;
        let task = &left.task;
        match aws::task_status(is_good, &answered, &read(&output.log)) {
            Ok(None) => task.settle(),
            Ok(Some(status)) if status == "STOPPED" => task.settle(),
            Ok(Some(status)) => problems.push(
                Failure::refused(format!("an earlier build of image `{}` is still at work", task.image))
                    .detail(format!("task  {}, {status}", task.arn))
                    .detail(format!("run   {}", task.run))
                    .hint("wait until it has ended, then run this again: nothing is built twice")
                    .hint(format!("to stop it: {}", words::stop(ready, left.account, &task.arn))),
            ),
            Err(no_answer) => problems.push(
                Failure::refused(format!(
                    "cannot find out whether an earlier build of image `{}` is still at work",
                    task.image
                ))
                .detail(format!("task  {}", task.arn))
                .detail(words::no_answer(&no_answer, outcome.cause.as_deref())),
            ),
        }
    }
    Failures::check(problems)
}
