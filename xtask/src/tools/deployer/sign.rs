//! What `infrastructure-deployer` says about where a task is, in both forms of its log: `[infrastructure-deployer]
//! INFO[…] …` at a terminal, `time="…" level=info msg="…"` elsewhere.

/// A sign of life, or of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It asks the invoker.
    Invoking,
    /// The invoker has said yes.
    Invoked,
    /// The task exists and does not run yet.
    Waiting {
        /// The ARN of the task.
        task: String,
    },
    /// The task runs; from now on its log comes.
    Streaming {
        /// The ARN of the task.
        task: String,
    },
    /// The task has ended well.
    Succeeded,
    /// The task has failed.
    Failed,
}

impl Sign {
    /// The sign in a line; most lines have none.
    pub fn of(line: &str) -> Option<Self> {
        // What the task itself prints may say anything.
        if line.starts_with("[ecs-deploy-runner]") {
            return None;
        }
        let said = message(line)?;
        let task = || said.split_whitespace().find_map(task_arn);
        if said.starts_with("Invoking Lambda function") {
            Some(Self::Invoking)
        } else if said.starts_with("Successfully invoked Lambda function") {
            Some(Self::Invoked)
        } else if said.starts_with("Waiting for ECS task") {
            Some(Self::Waiting { task: task()? })
        } else if said.starts_with("Deployment ECS Task") && said.contains("has started") {
            Some(Self::Streaming { task: task()? })
        } else if said.starts_with("Deployment succeeded") {
            Some(Self::Succeeded)
        } else if said.starts_with("Deployment failed") || said.starts_with("ECS Task failed to start") {
            Some(Self::Failed)
        } else {
            None
        }
    }

    /// The task, once there is one.
    pub fn task(&self) -> Option<&str> {
        match self {
            Self::Waiting { task } | Self::Streaming { task } => Some(task),
            _ => None,
        }
    }

    /// Where the task is, in a word; `doing` is what it does while it runs.
    pub fn phase(&self, doing: &'static str) -> &'static str {
        match self {
            Self::Invoking => "invoking",
            Self::Invoked => "invoked",
            Self::Waiting { .. } => "waiting",
            Self::Streaming { .. } => doing,
            Self::Succeeded => "done",
            Self::Failed => "failed",
        }
    }

    /// What has happened, in a sentence; `does` is what the task is for.
    pub fn sentence(&self, does: &str) -> String {
        match self {
            Self::Invoking => "asking the runner's invoker".to_owned(),
            Self::Invoked => "the invoker has started a task".to_owned(),
            Self::Waiting { task } => format!("waiting for ECS task {task} to start"),
            Self::Streaming { .. } => format!("the task runs, and {does}"),
            Self::Succeeded => "the task has ended well".to_owned(),
            Self::Failed => "the task has failed".to_owned(),
        }
    }
}

/// The message of a line, whatever stands around it.
fn message(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some((_, rest)) = line.split_once(" msg=") {
        let Some(quoted) = rest.strip_prefix('"') else { return rest.split(' ').next() };
        return Some(quoted.split_once('"').map_or(quoted, |(said, _)| said));
    }
    if let Some(rest) = line.strip_prefix("[infrastructure-deployer]") {
        // `INFO[2022-01-04T20:12:14Z] …`
        return rest.split_once("] ").map(|(_, said)| said.trim());
    }
    line.strip_prefix("ERROR: ").or(Some(line))
}

/// The ARN of a task of ECS, in any partition.
fn task_arn(word: &str) -> Option<String> {
    let word = word.trim_end_matches(['.', ',', '"']);
    let parts: Vec<_> = word.splitn(6, ':').collect();
    let is_one = matches!(parts[..], ["arn", partition, "ecs", region, account, resource]
        if partition.starts_with("aws") && !region.is_empty() && account.len() == 12 && resource.starts_with("task/"));
    is_one.then(|| word.to_owned())
}

/// What a task's ARN says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskArn<'a> {
    /// The region that it runs in.
    pub region: &'a str,
    /// Its cluster; empty in the short form of the ARN.
    pub cluster: &'a str,
}

impl<'a> TaskArn<'a> {
    /// Takes an ARN apart.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(3);
        let (region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let path = resource.strip_prefix("task/")?;
        Some(Self { region, cluster: path.split_once('/').map_or("", |(cluster, _)| cluster) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "arn:aws:ecs:us-east-1:100000000002:task/ecs-deploy-runner/0123456789abcdef0123456789abcdef";

    #[test]
    fn both_forms_of_the_log_say_the_same() {
        let signs = [
            ("Invoking Lambda function ecs-deploy-runner-invoker to trigger deployment.".to_owned(), Sign::Invoking),
            ("Successfully invoked Lambda function ecs-deploy-runner-invoker".to_owned(), Sign::Invoked),
            (format!("Waiting for ECS task {TASK} to start"), Sign::Waiting { task: TASK.to_owned() }),
            (
                format!("Deployment ECS Task {TASK} has started. Streaming logs."),
                Sign::Streaming { task: TASK.to_owned() },
            ),
            ("Deployment failed".to_owned(), Sign::Failed),
        ];
        for (said, sign) in signs {
            for line in [
                format!("time=\"2026-01-02T03:04:05Z\" level=info msg=\"{said}\" name=infrastructure-deployer"),
                format!("[infrastructure-deployer] INFO[2026-01-02T03:04:05Z] {said}"),
                format!("[infrastructure-deployer] INFO[2026-01-02T03:04:05+01:00] {said}  \n"),
            ] {
                assert_eq!(Sign::of(&line), Some(sign.clone()), "{line}");
            }
        }
        assert_eq!(Sign::of("ERROR: Deployment failed"), Some(Sign::Failed));
    }

    #[test]
    fn what_the_task_prints_is_no_sign() {
        for line in [
            "",
            "[ecs-deploy-runner][2022-01-04T20:12:14+0000] Waiting for ECS task x to start",
            "[ecs-deploy-runner][2022-01-04T20:12:14+0000] Deployment failed",
            "time=\"x\" level=info msg=\"Waiting for ECS task to start\"",
            "time=\"x\" level=info msg=\"Waiting for ECS task arn:aws:s3:::x to start\"",
        ] {
            assert_eq!(Sign::of(line), None, "{line}");
        }
    }

    #[test]
    fn tasks_of_every_partition_are_known() {
        for partition in ["aws", "aws-us-gov", "aws-cn"] {
            let arn = TASK.replace("arn:aws:", &format!("arn:{partition}:"));
            let line = format!("[infrastructure-deployer] INFO[x] Waiting for ECS task {arn} to start");
            assert_eq!(Sign::of(&line).and_then(|sign| sign.task().map(str::to_owned)), Some(arn.clone()));
            assert_eq!(TaskArn::parse(&arn), Some(TaskArn { region: "us-east-1", cluster: "ecs-deploy-runner" }));
        }
        let short = "arn:aws:ecs:us-east-1:100000000002:task/0123";
        assert_eq!(TaskArn::parse(short), Some(TaskArn { region: "us-east-1", cluster: "" }));
    }
}
