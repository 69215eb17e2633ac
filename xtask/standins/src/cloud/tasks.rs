//! Tasks that run or ran, as ECS keeps them for a while.

use std::collections::BTreeMap;

use crate::refusal::Outcome;
use crate::store;
use crate::world::World;

/// `tasks.json`: the status of each task, by ARN.
pub(crate) type Tasks = BTreeMap<String, String>;

/// Reads all of an account.
pub(crate) fn read(world: &World, account: &str) -> Outcome<Tasks> {
    store::read(&world.service(account, "tasks"))
}

/// Gives a task a status.
pub(crate) fn set(world: &World, account: &str, arn: &str, status: &str) -> Outcome {
    store::update(&world.service(account, "tasks"), |tasks: &mut Tasks| {
        tasks.insert(arn.to_owned(), status.to_owned());
        Ok(())
    })
}
