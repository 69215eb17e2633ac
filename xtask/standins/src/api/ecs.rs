//! Task definitions, clusters and tasks of ECS.

use serde_json::{Value, json};

use super::{Answer, Call, Fault};
use crate::cloud::ecs::{self, TaskDefinition};
use crate::cloud::tasks::{self, Task};
use crate::partition;

/// Describes a task definition: by family the newest active one, by revision or ARN any.
pub(super) fn describe_task_definition(call: &Call<'_>) -> Answer {
    let (region, keys) = (&call.region, &call.keys);
    let asked = call.text("taskDefinition");
    let prefix = format!("arn:{}:ecs:{region}:{}:task-definition/", partition::of(region), keys.account);
    let name = asked.strip_prefix(&prefix).unwrap_or(asked);
    let (family, revision) = name.split_once(':').map_or((name, None), |(family, revision)| (family, Some(revision)));
    let all = ecs::read(call.world, &keys.account)?;
    let revisions = all.get(region).and_then(|region| region.get(family)).map(Vec::as_slice).unwrap_or_default();
    let found = revisions.iter().rev().find(|known| match revision {
        Some(revision) => known.revision.to_string() == revision,
        None => known.status == "ACTIVE",
    });
    match found {
        Some(found) => Ok(json!({ "taskDefinition": describe(&keys.account, region, family, found), "tags": [] })),
        None => Err(Fault::new("ClientException", "Unable to describe task definition.")),
    }
}

fn describe(account: &str, region: &str, family: &str, known: &TaskDefinition) -> Value {
    json!({
        "taskDefinitionArn": ecs::arn(account, region, family, known.revision),
        "containerDefinitions": [{ "name": "ecs-deploy-runner", "image": known.image, "essential": true }],
        "family": family,
        "networkMode": "awsvpc",
        "revision": known.revision,
        "status": known.status,
        "requiresCompatibilities": ["EC2", "FARGATE"],
        "cpu": "1024",
        "memory": "8192",
    })
}

/// Describes clusters. The module makes a cluster with a runner, and calls it as the runner is called.
pub(super) fn describe_clusters(call: &Call<'_>) -> Answer {
    let (region, keys) = (&call.region, &call.keys);
    let all = ecs::read(call.world, &keys.account)?;
    let asked = call.texts("clusters").into_iter();
    let (there, missing): (Vec<_>, Vec<_>) = asked.partition(|name| ecs::has_runner(&all, region, name));
    let arn = |name: &str| format!("arn:{}:ecs:{region}:{}:cluster/{name}", partition::of(region), keys.account);
    let clusters = there.iter().map(
        |name| json!({ "clusterArn": arn(name), "clusterName": name, "status": "ACTIVE", "runningTasksCount": 0 }),
    );
    let failures = missing.iter().map(|name| json!({ "arn": arn(name), "reason": "MISSING" }));
    Ok(json!({ "clusters": clusters.collect::<Vec<_>>(), "failures": failures.collect::<Vec<_>>() }))
}

/// Describes tasks that infrastructure-deployer started; one that isn't known is among the failures.
pub(super) fn describe_tasks(call: &Call<'_>) -> Answer {
    let all = tasks::read(call.world, &call.keys.account)?;
    let found = |arn: &str| all.get(arn).map(|task| describe_task(arn, task));
    let (there, missing): (Vec<_>, Vec<_>) = call.texts("tasks").into_iter().partition(|arn| found(arn).is_some());
    let tasks: Vec<_> = there.into_iter().filter_map(found).collect();
    let failures: Vec<_> = missing.iter().map(|arn| json!({ "arn": arn, "reason": "MISSING" })).collect();
    Ok(json!({ "tasks": tasks, "failures": failures }))
}

/// ECS leaves out what there isn't.
fn describe_task(arn: &str, task: &Task) -> Value {
    let mut container = json!({ "name": "ecs-deploy-runner", "lastStatus": task.status });
    let mut described = json!({ "taskArn": arn, "lastStatus": task.status });
    if let Some(code) = task.exit_code {
        container["exitCode"] = code.into();
    }
    if let Some(started) = &task.started_at {
        described["startedAt"] = started.as_str().into();
    }
    if let Some(reason) = &task.stopped_reason {
        let stop_code = if task.started_at.is_some() { "EssentialContainerExited" } else { "TaskFailedToStart" };
        described["stopCode"] = stop_code.into();
        described["stoppedReason"] = reason.as_str().into();
    }
    described["containers"] = json!([container]);
    described
}
