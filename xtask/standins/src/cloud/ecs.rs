//! Task definitions, as ECS keeps them: revisions of a family, of which the old ones become inactive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::partition;
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

/// The image of the last revision of a family, active or not.
pub(crate) fn newest_image(world: &World, account: &str, region: &str, family: &str) -> Outcome<Option<String>> {
    let all = read(world, account)?;
    let revisions = all.get(region).and_then(|region| region.get(family));
    Ok(revisions.and_then(|revisions| revisions.last()).map(|last| last.image.clone()))
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
    format!("arn:{}:ecs:{region}:{account}:task-definition/{family}:{revision}", partition::of(region))
}

/// Whether a runner of this name is deployed: one of its families has an active revision.
pub(crate) fn has_runner(all: &TaskDefinitions, region: &str, runner: &str) -> bool {
    newest_of(all, region, runner).is_some()
}

/// When a runner was last deployed.
pub(crate) fn newest_of<'a>(all: &'a TaskDefinitions, region: &str, runner: &str) -> Option<&'a str> {
    let families = all
        .get(region)?
        .iter()
        .filter(|(family, _)| family.strip_prefix(runner).is_some_and(|container| container.starts_with('-')));
    let active = families.flat_map(|(_, revisions)| revisions).filter(|known| known.status == "ACTIVE");
    active.map(|known| known.registered_at.as_str()).max()
}
