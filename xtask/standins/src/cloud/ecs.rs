//! Task definitions, as ECS keeps them: revisions of a family, of which the old ones become inactive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::refusal::Outcome;
use crate::store;
use crate::world::World;

/// `ecs.json`: revisions by family by region.
pub(crate) type TaskDefinitions = BTreeMap<String, BTreeMap<String, Vec<TaskDefinition>>>;

/// One revision of a family.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskDefinition {
    pub(crate) revision: u64,
    /// `URI:TAG`.
    pub(crate) image: String,
    /// `ACTIVE` or `INACTIVE`.
    pub(crate) status: String,
    pub(crate) registered_at: String,
}

/// Reads all of an account.
pub(crate) fn read(world: &World, account: &str) -> Outcome<TaskDefinitions> {
    store::read(&world.service(account, "ecs"))
}

/// Registers the next revision of a family, and says which.
pub(crate) fn register(world: &World, account: &str, region: &str, family: &str, image: &str) -> Outcome<u64> {
    store::update(&world.service(account, "ecs"), |all: &mut TaskDefinitions| {
        let revisions = all.entry(region.to_owned()).or_default().entry(family.to_owned()).or_default();
        let revision = revisions.last().map_or(0, |last| last.revision) + 1;
        revisions.push(TaskDefinition {
            revision,
            image: image.to_owned(),
            status: "ACTIVE".to_owned(),
            registered_at: Moment::now().aws_cli(),
        });
        Ok(revision)
    })
}

/// Makes a revision inactive.
pub(crate) fn deregister(world: &World, account: &str, region: &str, family: &str, revision: u64) -> Outcome {
    store::update(&world.service(account, "ecs"), |all: &mut TaskDefinitions| {
        let revisions = all.entry(region.to_owned()).or_default().entry(family.to_owned()).or_default();
        let gone = revisions.iter_mut().filter(|known| known.revision == revision);
        gone.for_each(|gone| gone.status = "INACTIVE".to_owned());
        Ok(())
    })
}

/// The ARN of a revision.
pub(crate) fn arn(account: &str, region: &str, family: &str, revision: u64) -> String {
    format!("arn:aws:ecs:{region}:{account}:task-definition/{family}:{revision}")
}
