//! A question in the protocol of its service.

use serde_json::{Value, json};

use super::place::Service;
use crate::model::Region;
use crate::tools::env::Env;
use crate::tools::question::Question;

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
}

impl Request {
    /// The request for a question. `vars` choose the endpoint.
    pub(super) fn of(question: &Question, vars: &Env) -> Self {
        match question {
            Question::TaskDefinition { region, family } => {
                let target = "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition";
                Self::post(Service::Ecs, region, target, &json!({ "taskDefinition": family }), vars)
            }
            Question::Cluster { region, name } => {
                let target = "AmazonEC2ContainerServiceV20141113.DescribeClusters";
                Self::post(Service::Ecs, region, target, &json!({ "clusters": [name] }), vars)
            }
            Question::Task { region, cluster, arn } => {
                let mut input = json!({ "tasks": [arn] });
                if !cluster.is_empty() {
                    input["cluster"] = cluster.as_str().into();
                }
                Self::post(Service::Ecs, region, "AmazonEC2ContainerServiceV20141113.DescribeTasks", &input, vars)
            }
            // What is asked for by name is never on a second page.
            Question::Image { uri, tag } => {
                let target = "AmazonEC2ContainerRegistry_V20150921.DescribeImages";
                let input = json!({
                    "registryId": uri.account(),
                    "repositoryName": uri.repository(),
                    "imageIds": [{ "imageTag": tag }],
                });
                Self::post(Service::Ecr, uri.region(), target, &input, vars)
            }
            Question::RepositoryPolicy { uri } => {
                let target = "AmazonEC2ContainerRegistry_V20150921.GetRepositoryPolicy";
                let input = json!({ "registryId": uri.account(), "repositoryName": uri.repository() });
                Self::post(Service::Ecr, uri.region(), target, &input, vars)
            }
            Question::RegistryPolicy { region } => {
                let target = "AmazonEC2ContainerRegistry_V20150921.GetRegistryPolicy";
                Self::post(Service::Ecr, region, target, &json!({}), vars)
            }
            Question::Function { region, name } => Self {
                method: "GET",
                path: format!("/2015-03-31/functions/{}/configuration", encoded(name, "")),
                target: None,
                body: String::new(),
                ..Self::post(Service::Lambda, region, "", &json!({}), vars)
            },
        }
    }

    /// The request for the password of the registries in a region
    /// (<https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html>).
    pub(super) fn registry_token(region: &Region, vars: &Env) -> Self {
        let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
        Self::post(Service::Ecr, region, target, &json!({}), vars)
    }

    fn post(service: Service, region: &Region, target: &'static str, input: &Value, vars: &Env) -> Self {
        Self {
            method: "POST",
            endpoint: service.endpoint(region, vars),
            path: "/".to_owned(),
            target: Some(target),
            body: input.to_string(),
            service: service.name(),
            region: region.to_string(),
        }
    }

    /// The host, with its port if there is one.
    pub(super) fn host(&self) -> &str {
        self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, host)| host)
    }
}

/// A text as a part of a path, in which the letters of `safe` stand as they are.
pub(super) fn encoded(text: &str, safe: &str) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() || safe.as_bytes().contains(&byte) => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

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
                Question::Task { region: region(), cluster: String::new(), arn: "arn:x".to_owned() },
                "POST https://ecs.cn-north-1.amazonaws.com.cn/",
                r#"{"tasks":["arn:x"]}"#,
            ),
            (
                Question::Function { region: region(), name: "edr-invoker".to_owned() },
                "GET https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/edr-invoker/configuration",
                "",
            ),
            (
                Question::Function { region: region(), name: "arn:aws-cn:lambda:x".to_owned() },
                "GET https://lambda.cn-north-1.amazonaws.com.cn/2015-03-31/functions/arn%3Aaws-cn%3Alambda%3Ax/configuration",
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
            let request = Request::of(&question, &Env::new());
            let found = format!("{} {}{}", request.method, request.endpoint, request.path);
            assert_eq!((found.as_str(), request.body.as_str()), (address, body));
        }
    }
}
