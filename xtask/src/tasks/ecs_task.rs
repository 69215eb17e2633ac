//! Tasks of ECS that infrastructure-deployer starts: each is written down as soon as its name is known, and should somebody
//! leave, they hear that it lives on and how to stop it.

use std::ffi::OsString;

use crate::model::{Account, Region};
use crate::run::event::Event;
use crate::run::step::Stage;
use crate::run::task;
use crate::tasks::ready::Ready;
use crate::tasks::session::Session;
use crate::tools::deployer::sign::{Sign, TaskArn};
use crate::tools::{aws, process};

/// Follows the steps of a stage; `words` is what somebody hears who leaves while the task of a subject is at work.
pub fn follow(session: &Session<'_>, stage: &Stage, event: &Event, words: impl Fn(&str, &str) -> Option<String>) {
    let (name, line) = match event {
        Event::Line(name, line) => (name, line),
        Event::Finished(name, _) => return session.on_leaving(&name.subject, None),
        _ => return,
    };
    let Some(arn) = Sign::of(line).and_then(|sign| sign.task().map(str::to_owned)) else { return };
    let step = stage.lanes.iter().flatten().find(|step| step.subject == name.subject);
    if let Some((step, attempt)) = step.and_then(|step| Some((step, step.attempt.as_ref()?)))
        // Where it can't be written down, the log has it too.
        && task::note(attempt, &arn).unwrap_or(true)
    {
        session.journal.task(step, &arn);
    }
    session.on_leaving(&name.subject, words(&name.subject, &arn));
}

/// A command of the AWS CLI in an account, for people to type.
pub fn typed(ready: &Ready<'_>, account: &Account, region: &Region, words: Vec<OsString>) -> String {
    let wrapper = ready.wrapper.argv(account, ready.profile(account, region), region);
    let words = wrapper.unwrap_or_default().into_iter().chain(words);
    words.map(|word| process::quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// The command that stops a task.
pub fn stop(ready: &Ready<'_>, account: &Account, arn: &str) -> String {
    let task = TaskArn::parse(arn);
    let Some((task, region)) = task.and_then(|task| Some((task.clone(), task.region.parse().ok()?))) else {
        return format!("aws ecs stop-task --task {}", process::quoted(arn));
    };
    typed(ready, account, &region, aws::stop_task(arn, &task))
}

/// That a task may live on, and how to stop it.
pub fn left(ready: &Ready<'_>, account: &Account, of: &str, arn: &str) -> String {
    let stop = stop(ready, account, arn);
    format!("Left         the ECS task of {of} may still be at work: {arn}\n  to stop it: {stop}")
}
