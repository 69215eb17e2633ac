//! Questions to AWS, in the words of the AWS CLI: each reads something and changes nothing. Several of one account are asked
//! inside one guard, so that they share a session.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::model::{ImageUri, Region, Tag, threads};
use crate::tools::answer::{self, Answer};
use crate::tools::api::Api;
use crate::tools::deployer::sign::TaskArn;
use crate::tools::env::Env;
use crate::tools::sts::LIMITS;
use crate::tools::{aws, process, programs};

/// How long an answer may take; the CLI tries again by itself when AWS is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many questions are asked side by side in one account.
const AT_ONCE: usize = 4;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The newest active task definition of a family, or the one of a revision (`FAMILY:REVISION`).
    TaskDefinition {
        /// Where.
        region: Region,
        /// Which.
        family: String,
    },
    /// An ECS cluster.
    Cluster {
        /// Where.
        region: Region,
        /// Which.
        name: String,
    },
    /// The configuration of a lambda function.
    Function {
        /// Where.
        region: Region,
        /// Which.
        name: String,
    },
    /// An image in ECR.
    Image {
        /// Where.
        uri: ImageUri,
        /// With which tag.
        tag: Tag,
    },
    /// The policy of an ECR repository.
    RepositoryPolicy {
        /// Which.
        uri: ImageUri,
    },
    /// The policy of all of an account's ECR in a region.
    RegistryPolicy {
        /// Where.
        region: Region,
    },
    /// A task that runs or ran.
    Task {
        /// Where.
        region: Region,
        /// Its cluster; empty in the short form of the ARN.
        cluster: String,
        /// Its ARN.
        arn: String,
    },
}

impl Question {
    /// The question for a task, and its region; `None` if that is no ARN of one.
    pub fn task(arn: &str) -> Option<(Region, Self)> {
        let task = TaskArn::parse(arn)?;
        let region: Region = task.region.parse().ok()?;
        Some((region.clone(), Self::Task { region, cluster: task.cluster.to_owned(), arn: arn.to_owned() }))
    }

    /// The arguments for the AWS CLI
    /// (<https://docs.aws.amazon.com/cli/latest/reference/>).
    pub fn arguments(&self) -> Vec<OsString> {
        let in_region = |region: &Region, words: &[&str]| {
            let first = ["--region", region.as_str(), "--output", "json"];
            first.iter().chain(words).map(OsString::from).collect()
        };
        match self {
            Self::TaskDefinition { region, family } => {
                in_region(region, &["ecs", "describe-task-definition", "--task-definition", family])
            }
            Self::Cluster { region, name } => in_region(region, &["ecs", "describe-clusters", "--clusters", name]),
            Self::Function { region, name } => {
                in_region(region, &["lambda", "get-function-configuration", "--function-name", name])
            }
            Self::Image { uri, tag } => aws::describe_image(uri, tag),
            Self::RepositoryPolicy { uri } => in_region(
                uri.region(),
                &[
                    "ecr",
                    "get-repository-policy",
                    "--registry-id",
                    uri.account().as_str(),
                    "--repository-name",
                    uri.repository(),
                ],
            ),
            Self::RegistryPolicy { region } => in_region(region, &["ecr", "get-registry-policy"]),
            Self::Task { region, cluster, arn } if cluster.is_empty() => {
                in_region(region, &["ecs", "describe-tasks", "--tasks", arn])
            }
            Self::Task { region, cluster, arn } => {
                in_region(region, &["ecs", "describe-tasks", "--cluster", cluster, "--tasks", arn])
            }
        }
    }

    /// The same as text.
    pub fn words(&self) -> Vec<String> {
        self.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// The question as one word, which [`ask_all`] takes apart again.
    pub fn word(&self) -> String {
        let words: Vec<_> = self.words().iter().map(|word| process::quoted(word)).collect();
        words.join(" ")
    }
}

/// Asks all of these, a few side by side, and gives the answers in their order: AWS itself, and the CLI for what only that
/// can ask. A stand-in for the CLI is always asked itself.
pub fn ask_all(aws: &Path, questions: &[String], vars: &Env) -> Vec<Answer> {
    let next = AtomicUsize::new(0);
    let api = programs::world_of(aws).is_none().then(|| Api::new(vars, LIMITS));
    let answers = Mutex::new(vec![Answer::default(); questions.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(questions.len()) {
            threads::begin(scope, || {
                while let Some((n, question)) = questions.iter().enumerate().nth(next.fetch_add(1, Ordering::SeqCst)) {
                    let answer = ask(aws, question, vars, api.as_ref());
                    let answer =
                        answer.unwrap_or_else(|error| Answer { stderr: format!("{error:#}"), ..Answer::default() });
                    answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[n] = answer;
                }
            });
        }
    });
    answers.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The reason of AWS or of the network is an answer, too. Only while AWS is busy the CLI asks again, with its waits.
fn ask(aws: &Path, question: &str, vars: &Env, api: Option<&Api<'_>>) -> anyhow::Result<Answer> {
    let words = shlex::split(question).ok_or_else(|| anyhow::anyhow!("`{question}` is no command line"))?;
    let answered = api.and_then(|api| api.ask(&words));
    let ask_cli = || answer::ask(aws, &words, Path::new("."), vars, PATIENCE).map(Answer::of_cli);
    match answered {
        None => ask_cli(),
        Some(Err(error)) if error.may_pass() => Ok(ask_cli().unwrap_or_else(|_| Answer::of_aws(Err(error)))),
        Some(answered) => Ok(Answer::of_aws(answered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_survives_being_one_word() {
        let region: Region = "us-east-1".parse().unwrap();
        let question = Question::TaskDefinition { region, family: "it's a 'family'".to_owned() };
        let words: Vec<_> = shlex::split(&question.word()).unwrap().into_iter().map(OsString::from).collect();
        assert_eq!(words, question.arguments());
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let vars = Env::from([("PATH".into(), std::env::var_os("PATH").unwrap())]);
        let questions: Vec<_> = (0..9).map(|n| format!("-c 'echo {n}; exit {n}'")).collect();
        let answers = ask_all(Path::new("/bin/sh"), &questions, &vars);
        let expected: Vec<_> = (0..9).map(|n| (Some(n), format!("{n}\n"))).collect();
        assert_eq!(answers.into_iter().map(|answer| (answer.code, answer.stdout)).collect::<Vec<_>>(), expected);
        let missing = ask_all(Path::new("/no/such/program"), &questions[..1], &vars);
        assert_eq!((missing[0].code, missing[0].stderr.contains("cannot start")), (None, true));
    }
}
