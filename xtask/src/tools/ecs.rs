//! What ECS says of task definitions, clusters and tasks, as far as it proves what a runner runs.

use serde::Deserialize;

use crate::tools::answer::Answer;
use crate::tools::aws_error::AwsError;

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
    // ECS has no error of its own for a family that isn't there.
    let is_missing = |error: &AwsError| {
        error.is("ClientException") && error.message.to_lowercase().contains("unable to describe task definition")
    };
    if answer.error.as_ref().is_some_and(is_missing) {
        return Ok(None);
    }
    let said: Said = serde_json::from_str(answer.text()?)?;
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
    let said: Said = serde_json::from_str(answer.text()?)?;
    Ok(said.clusters.into_iter().next().map(|cluster| cluster.status))
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
    if answer.is_error("ClusterNotFoundException") {
        return Ok(None);
    }
    let said: Said = serde_json::from_str(answer.text()?)?;
    Ok(said.tasks.into_iter().next().map(|task| Task {
        has_started: task.started_at.is_some() || task.containers.iter().any(|container| container.exit_code.is_some()),
        status: task.last_status,
        stopped_reason: task.stopped_reason,
        container_reasons: task.containers.into_iter().filter_map(|container| container.reason).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stdout: &str) -> Answer {
        Answer { code: Some(0), stdout: stdout.to_owned(), ..Answer::default() }
    }

    fn complained(stderr: &str) -> Answer {
        Answer { code: Some(254), stderr: stderr.to_owned(), ..Answer::default() }.of_cli()
    }

    #[test]
    fn a_task_definition_is_there_missing_or_in_doubt() {
        let there = said(r#"{"taskDefinition":{"revision":7,"containerDefinitions":[{"image":"x:v1","name":"y"}]}}"#);
        let expected = TaskDefinition { revision: 7, images: vec!["x:v1".to_owned()] };
        assert_eq!(task_definition(&there).unwrap(), Some(expected));
        let prefix = "An error occurred (ClientException) when calling the DescribeTaskDefinition operation:";
        assert_eq!(
            task_definition(&complained(&format!("{prefix} Unable to describe task definition."))).unwrap(),
            None
        );
        assert!(task_definition(&complained(&format!("{prefix} Family contains invalid characters."))).is_err());
        assert!(task_definition(&complained("An error occurred (AccessDeniedException)")).is_err());
        assert!(task_definition(&said("not json")).is_err());
    }

    #[test]
    fn a_cluster_that_is_missing_is_no_error_to_ecs() {
        assert_eq!(cluster_status(&said(r#"{"clusters":[{"status":"ACTIVE"}]}"#)).unwrap().as_deref(), Some("ACTIVE"));
        let missing = said(r#"{"clusters":[],"failures":[{"reason":"MISSING"}]}"#);
        assert_eq!(cluster_status(&missing).unwrap(), None);
    }

    #[test]
    fn a_task_tells_whether_its_container_ever_started() {
        let failed = said(
            r#"{"tasks":[{"lastStatus":"STOPPED","stoppedReason":"Task failed to start","containers":[{"reason":"CannotPullContainerError: not found"}]}]}"#,
        );
        let task = task(&failed).unwrap().unwrap();
        assert!(!task.has_started && task.container_reasons == ["CannotPullContainerError: not found"]);
        let ended = said(r#"{"tasks":[{"lastStatus":"STOPPED","containers":[{"exitCode":1}]}]}"#);
        assert!(super::task(&ended).unwrap().unwrap().has_started);
        for forgotten in [
            said(r#"{"tasks":[],"failures":[{"reason":"MISSING"}]}"#),
            complained("An error occurred (ClusterNotFoundException) when calling the DescribeTasks operation"),
        ] {
            assert_eq!(super::task(&forgotten).unwrap(), None);
        }
        assert!(super::task(&complained("An error occurred (AccessDeniedException)")).is_err());
    }
}
