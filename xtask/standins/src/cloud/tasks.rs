//! Tasks that run or ran, as ECS keeps them for a while.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest;
use crate::partition;
use crate::refusal::Outcome;
use crate::store;
use crate::world::World;

/// `tasks.json`: each task, by ARN.
pub(crate) type Tasks = BTreeMap<String, Task>;

/// A task with its one container.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub(crate) status: String,
    /// When its container started, if it did.
    pub(crate) started_at: Option<String>,
    /// How its container ended.
    pub(crate) exit_code: Option<i32>,
    /// Why it was stopped.
    pub(crate) stopped_reason: Option<String>,
}

impl Task {
    pub(crate) fn pending() -> Self {
        Self { status: "PENDING".to_owned(), started_at: None, exit_code: None, stopped_reason: None }
    }

    pub(crate) fn running() -> Self {
        Self { status: "RUNNING".to_owned(), started_at: Some(Moment::now().aws_cli()), ..Self::pending() }
    }

    pub(crate) fn not_started(reason: &str) -> Self {
        Self { status: "STOPPED".to_owned(), stopped_reason: Some(reason.to_owned()), ..Self::pending() }
    }
}

/// The ARN of a new task of the runner.
pub(crate) fn arn(region: &str, account: &str, about: &str) -> String {
    let id = digest::hex(&format!("{about} {}", std::process::id()), 32);
    format!("arn:{}:ecs:{region}:{account}:task/ecs-deploy-runner/{id}", partition::of(region))
}

/// Reads all of an account.
pub(crate) fn read(world: &World, account: &str) -> Outcome<Tasks> {
    store::read(&world.service(account, "tasks"))
}

/// Makes a task be like this.
pub(crate) fn set(world: &World, account: &str, arn: &str, task: Task) -> Outcome {
    store::update(&world.service(account, "tasks"), |tasks: &mut Tasks| {
        tasks.insert(arn.to_owned(), task);
        Ok(())
    })
}

/// Ends a task; only one whose container started has an exit code.
pub(crate) fn end(world: &World, account: &str, arn: &str, exit_code: i32) -> Outcome {
    store::update(&world.service(account, "tasks"), |tasks: &mut Tasks| {
        if let Some(task) = tasks.get_mut(arn) {
            task.status = "STOPPED".to_owned();
            task.exit_code = task.started_at.is_some().then_some(exit_code);
            task.stopped_reason.get_or_insert_with(|| "Essential container in task exited".to_owned());
        }
        Ok(())
    })
}
