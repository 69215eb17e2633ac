//! A question in the protocol of its service, made from the words for the AWS CLI.

use serde_json::{Value, json};

/// A request that is not signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// Scheme and host.
    pub(super) endpoint: String,
    pub(super) path: String,
    /// `X-Amz-Target`, where the service has one address for everything.
    pub(super) target: Option<&'static str>,
    pub(super) body: String,
    /// The name of the service and the region, as they are signed.
    pub(super) service: &'static str,
    pub(super) region: String,
    /// The operation, as errors name it.
    pub(super) operation: &'static str,
}

impl Request {
    /// The request for these words; `None` for words and places that are not known here. `endpoint` stands for AWS if the
    /// settings name one.
    pub(super) fn of(words: &[String], endpoint: Option<&str>) -> Option<Self> {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let ["--region", region, "--output", "json", service, operation, options @ ..] = &words[..] else {
            return None;
        };
        let ecs = |target, operation, body: Value| Some(("ecs", Some(target), operation, body));
        let (service, target, operation, body) = match (*service, *operation, options) {
            ("ecs", "describe-task-definition", ["--task-definition", family]) => ecs(
                "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition",
                "DescribeTaskDefinition",
                json!({ "taskDefinition": family }),
            ),
            ("ecs", "describe-clusters", ["--clusters", name]) => ecs(
                "AmazonEC2ContainerServiceV20141113.DescribeClusters",
                "DescribeClusters",
                json!({ "clusters": [name] }),
            ),
            ("ecs", "describe-tasks", ["--cluster", cluster, "--tasks", arn]) => ecs(
                "AmazonEC2ContainerServiceV20141113.DescribeTasks",
                "DescribeTasks",
                json!({ "cluster": cluster, "tasks": [arn] }),
            ),
            ("ecr", "get-repository-policy", ["--registry-id", id, "--repository-name", repository]) => Some((
                "ecr",
                Some("AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy"),
                "GetRepositoryPolicy",
                json!({ "registryId": id, "repositoryName": repository }),
            )),
            ("ecr", "get-registry-policy", []) => Some((
                "ecr",
                Some("AmazonEC2ContainerRegistry_V20150921.GetRegistryPolicy"),
                "GetRegistryPolicy",
                json!({}),
            )),
            ("lambda", "get-function-configuration", ["--function-name", name]) if is_plain(name) => {
                Some(("lambda", None, "GetFunctionConfiguration", json!(name)))
            }
            (
                "ecr",
                "describe-images",
                ["--registry-id", id, "--repository-name", repository, "--image-ids", image],
            ) => Some((
                "ecr",
                Some("AmazonEC2ContainerRegistry_V20150921.DescribeImages"),
                "DescribeImages",
                json!({
                    "registryId": id,
                    "repositoryName": repository,
                    "imageIds": [{ "imageTag": image.strip_prefix("imageTag=")? }],
                }),
            )),
            _ => None,
        }?;
        let host = if service == "ecr" { "api.ecr" } else { service };
        let endpoint = match endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://{host}.{region}.{}", domain(region)?),
        };
        let (method, path, body) = match (target, body) {
            (None, Value::String(name)) => {
                ("GET", format!("/2015-03-31/functions/{name}/configuration"), String::new())
            }
            (_, body) => ("POST", "/".to_owned(), body.to_string()),
        };
        let region = (*region).to_owned();
        Some(Self { method, endpoint, path, target, body, service, region, operation })
    }

    /// The host, with its port if there is one.
    pub(super) fn host(&self) -> &str {
        self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, host)| host)
    }
}

/// The domain of a region's services (<https://docs.aws.amazon.com/general/latest/gr/rande.html>); none for partitions that
/// are closed or too new to be known here.
fn domain(region: &str) -> Option<&'static str> {
    match region.split('-').next()? {
        "cn" => Some("amazonaws.com.cn"),
        "us" if region.starts_with("us-iso") => None,
        "eusc" => None,
        "us" | "eu" | "ap" | "sa" | "ca" | "me" | "af" | "il" | "mx" => Some("amazonaws.com"),
        _ => None,
    }
}

/// Whether a name stands in a path as it is.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::question::Question;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn every_question_has_its_request() {
        let region = || "cn-north-1".parse().unwrap();
        let uri: crate::model::ImageUri = "100000000002.dkr.ecr.us-gov-west-1.amazonaws.com/a/kaniko".parse().unwrap();
        for (question, address, body) in [
            (
                Question::TaskDefinition { region: region(), family: "edr-x".to_owned() },
                "POST https://ecs.cn-north-1.amazonaws.com.cn/",
                r#"{"taskDefinition":"edr-x"}"#,
            ),
            (
                Question::Cluster { region: region(), name: "edr".to_owned() },
                "POST https://ecs.cn-north-1.amazonaws.com.cn/",
                r#"{"clusters":["edr"]}"#,
            ),
            (
                Question::Task { region: region(), cluster: "edr".to_owned(), arn: "arn:x".to_owned() },
                "POST https://ecs.cn-north-1.amazonaws.com.cn/",
                r#"{"cluster":"edr","tasks":["arn:x"]}"#,
            ),
            (
                Question::Function { region: region(), name: "edr-invoker".to_owned() },
                "GET https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/edr-invoker/configuration",
                "",
            ),
            (
                Question::RepositoryPolicy { uri: uri.clone() },
                "POST https://api.ecr.us-gov-west-1.amazonaws.com/",
                r#"{"registryId":"100000000002","repositoryName":"a/kaniko"}"#,
            ),
            (Question::RegistryPolicy { region: region() }, "POST https://api.ecr.cn-north-1.amazonaws.com.cn/", "{}"),
            (
                Question::Image { uri, tag: "v1.3.0".parse().unwrap() },
                "POST https://api.ecr.us-gov-west-1.amazonaws.com/",
                r#"{"imageIds":[{"imageTag":"v1.3.0"}],"registryId":"100000000002","repositoryName":"a/kaniko"}"#,
            ),
        ] {
            let request = Request::of(&question.words(), None).unwrap();
            let found = format!("{} {}{}", request.method, request.endpoint, request.path);
            assert_eq!((found.as_str(), request.body.as_str()), (address, body));
        }
    }

    #[test]
    fn what_is_not_known_here_is_left_to_the_cli() {
        for line in [
            "--region us-iso-east-1 --output json ecs describe-clusters --clusters x",
            "--region us-east-1 --output json ecs stop-task --task x",
            "--region us-east-1 --output json lambda get-function-configuration --function-name arn:aws:lambda:x",
            "--version",
        ] {
            assert_eq!(Request::of(&words(line), None), None, "{line}");
        }
        let here = "--region us-iso-east-1 --output json ecs describe-clusters --clusters x";
        let request = Request::of(&words(here), Some("http://127.0.0.1:5000/")).unwrap();
        assert_eq!((request.endpoint.as_str(), request.host()), ("http://127.0.0.1:5000", "127.0.0.1:5000"));
    }
}
