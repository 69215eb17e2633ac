//! What ECS says of task definitions, clusters and tasks, as far as it proves what a runner runs.

use serde::Deserialize;

use crate::tools::question::Answer;

/// A task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Its number within the family.
    pub revision: u64,
    /// The image of each container, as it stands there: `URI:TAG` or `URI@DIGEST`.
    pub images: Vec<String>,
}

/// A task that runs or ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// `PENDING`, `RUNNING`, `STOPPED` and the like.
    pub status: String,
    /// Why ECS stopped it, in ECS's words; empty while it runs.
    pub stopped_reason: String,
    /// Whether a container of it was ever started.
    pub has_started: bool,
    /// Why a container could not be started, in ECS's words.
    pub container_reasons: Vec<String>,
}

/// Reads a task definition; `None` if ECS says that there is none that is active.
pub fn task_definition(answer: &Answer) -> anyhow::Result<Option<TaskDefinition>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        task_definition: Definition,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Definition {
        revision: u64,
        container_definitions: Vec<Container>,
    }
    #[derive(Deserialize)]
    struct Container {
        image: String,
    }
    let Some(said) = answer.read::<Said>()? else { return Ok(None) };
    let Definition { revision, container_definitions } = said.task_definition;
    let images = container_definitions.into_iter().map(|container| container.image).collect();
    Ok(Some(TaskDefinition { revision, images }))
}

/// Reads whether a cluster is active; `None` if there is none.
pub fn cluster_status(answer: &Answer) -> anyhow::Result<Option<String>> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        clusters: Vec<Cluster>,
    }
    #[derive(Deserialize)]
    struct Cluster {
        status: String,
    }
    let cluster = answer.read::<Said>()?.and_then(|said| said.clusters.into_iter().next());
    Ok(cluster.map(|cluster| cluster.status))
}

/// Reads a task; `None` if ECS has forgotten it, as it does an hour after the end, or its cluster is gone.
pub fn task(answer: &Answer) -> anyhow::Result<Option<Task>> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        tasks: Vec<One>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct One {
        last_status: String,
        #[serde(default)]
        stopped_reason: String,
        started_at: Option<serde_json::Value>,
        #[serde(default)]
        containers: Vec<Container>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Container {
        reason: Option<String>,
        exit_code: Option<i32>,
    }
    let task = answer.read::<Said>()?.and_then(|said| said.tasks.into_iter().next());
    Ok(task.map(|task| Task {
        has_started: task.started_at.is_some() || task.containers.iter().any(|container| container.exit_code.is_some()),
        status: task.last_status,
        stopped_reason: task.stopped_reason,
        container_reasons: task.containers.into_iter().filter_map(|container| container.reason).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::aws_error::AwsError;

    fn found(document: &str) -> Answer {
        Answer::Found(serde_json::from_str(document).unwrap())
    }

    fn denied() -> Answer {
        Answer::Failed(AwsError::answered("AccessDeniedException", "no"))
    }

    #[test]
    fn a_task_definition_is_there_missing_or_in_doubt() {
        let there = found(r#"{"taskDefinition":{"revision":7,"containerDefinitions":[{"image":"x:v1","name":"y"}]}}"#);
        let expected = TaskDefinition { revision: 7, images: vec!["x:v1".to_owned()] };
        assert_eq!(task_definition(&there).unwrap(), Some(expected));
        assert_eq!(task_definition(&Answer::Absent).unwrap(), None);
        assert!(task_definition(&denied()).is_err());
        assert!(task_definition(&found("[]")).is_err());
    }

    #[test]
    fn a_cluster_that_is_missing_is_no_error_to_ecs() {
        let there = found(r#"{"clusters":[{"status":"ACTIVE"}]}"#);
        assert_eq!(cluster_status(&there).unwrap().as_deref(), Some("ACTIVE"));
        let missing = found(r#"{"clusters":[],"failures":[{"reason":"MISSING"}]}"#);
        assert_eq!(cluster_status(&missing).unwrap(), None);
    }

    #[test]
    fn a_task_tells_whether_its_container_ever_started() {
        let failed = found(
            r#"{"tasks":[{"lastStatus":"STOPPED","stoppedReason":"Task failed to start","containers":[{"reason":"CannotPullContainerError: not found"}]}]}"#,
        );
        let task = task(&failed).unwrap().unwrap();
        assert!(!task.has_started && task.container_reasons == ["CannotPullContainerError: not found"]);
        let ended = found(r#"{"tasks":[{"lastStatus":"STOPPED","containers":[{"exitCode":1}]}]}"#);
        assert!(super::task(&ended).unwrap().unwrap().has_started);
        for forgotten in [found(r#"{"tasks":[],"failures":[{"reason":"MISSING"}]}"#), Answer::Absent] {
            assert_eq!(super::task(&forgotten).unwrap(), None);
        }
        assert!(super::task(&denied()).is_err());
    }
}
