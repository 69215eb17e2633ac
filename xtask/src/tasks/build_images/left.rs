//! Tasks of earlier builds that nobody has seen the end of: while one is at work, the same image is not built again.

use crate::model::{Account, Failure, Failures, Region};
use crate::repo::Repository;
use crate::run::folder::RunFolder;
use crate::run::task::{self, LeftTask};
use crate::tasks::build_images::gather::Planned;
use crate::tasks::build_images::queue::Queue;
use crate::tasks::ecs_task;
use crate::tasks::images::Wanted;
use crate::tasks::inquiry::Inquiry;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::aws::Image;
use crate::tools::ecs;
use crate::tools::question::Question;

/// A task, and where to ask for it.
#[derive(Clone, Debug)]
pub struct Left<'r> {
    pub(super) task: LeftTask,
    pub(super) account: &'r Account,
    pub(super) region: Region,
    question: Question,
}

impl<'r> Left<'r> {
    /// The account and the region in which it was started.
    pub fn session(&self) -> (&'r Account, Region) {
        (self.account, self.region.clone())
    }
}

/// The tasks of earlier builds of these images, in the accounts that build them now.
pub fn of<'r>(run: &RunFolder, repo: &'r Repository, planned: &[Planned<'r>]) -> Vec<Left<'r>> {
    let is_planned = |task: &LeftTask| planned.iter().any(|planned| planned.build.image == task.image);
    let left = LeftTask::all(run).into_iter().filter(is_planned).filter_map(|task| {
        let (region, question) = Question::task(&task.arn)?;
        let id = task.arn.split(':').nth(4)?.to_owned();
        let account = repo.accounts.iter().find(|account| account.id.as_str() == id)?;
        Some(Left { task, account, region, question })
    });
    left.collect()
}

/// The questions whether they are still at work.
pub(super) fn inquiry<'r>(left: &[Left<'r>]) -> Inquiry<'r> {
    let mut inquiry = Inquiry::default();
    left.iter().for_each(|left| inquiry.add(left.account, &left.region, left.question.clone()));
    inquiry
}

/// Asks ECS for them: what is over is settled, what is at work keeps everything from being built.
pub(super) fn check(session: &Session<'_>, ready: &Ready<'_>, queue: &Queue<'_, '_>) -> Result<(), Failures> {
    if queue.left.is_empty() {
        return Ok(());
    }
    let answers = inquiry(&queue.left).ask(session, &queue.tasks);
    session.check_interrupt()?;
    let mut problems = Vec::new();
    for left in &queue.left {
        let task = &left.task;
        match answers.read(&left.account.id, &left.question, ecs::task) {
            Ok(None) => task.settle(),
            Ok(Some(said)) if said.status == "STOPPED" => task.settle(),
            Ok(Some(said)) => problems.push(
                Failure::refused(format!("an earlier build of image `{}` is still at work", task.image))
                    .detail(format!("task  {}, {}", task.arn, said.status))
                    .detail(format!("run   {}", task.run))
                    .hint("wait until it has ended, then run this again: nothing is built twice")
                    .hint(format!("to stop it: {}", ecs_task::stop(ready, left.account, &task.arn))),
            ),
            Err(why) => problems.push(
                Failure::refused(format!(
                    "cannot find out whether an earlier build of image `{}` is still at work",
                    task.image
                ))
                .detail(format!("task  {}", task.arn))
                .detail(why),
            ),
        }
    }
    Failures::check(problems)
}

/// Tells the journals of killed runs what became of their builds, now that no task of theirs is at work and ECR was asked.
pub(super) fn settle(session: &Session<'_>, wanted: &[Wanted<'_, String>], found: &[Option<Image>]) {
    for (wanted, found) in wanted.iter().zip(found) {
        let address = format!("{}:{}", wanted.uri, wanted.tag);
        task::settle_builds(session.run, &wanted.image, &address, found.is_some());
    }
}
