//! The server that answers for AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ExitStatus, Stdio};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The server; it ends with its stdin.
pub(crate) struct Cloud {
    child: Child,
    port: u16,
}

impl Cloud {
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        let mut child = sandbox.sts().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.strip_prefix("ready ").unwrap().trim().parse().unwrap();
        Self { child, port }
    }

    pub(crate) fn end(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().unwrap()
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        connection.write_all(bytes).unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        response
    }

    /// A question to STS with keys.
    pub(crate) fn identity(&self, id: &str, token: &str, body: &str) -> String {
        self.post(id, token, "sts", "Content-Type: application/x-www-form-urlencoded", body)
    }

    fn post(&self, id: &str, token: &str, service: &str, headers: &str, body: &str) -> String {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\nContent-Length: {}\r\n\
             X-Amz-Security-Token: {token}\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential={id}/20261123/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n",
            body.len()
        );
        self.send(format!("{head}{body}").as_bytes())
    }
}

/// What ECR or ECS answers to the keys of an account: the document, or the code of the error.
pub(crate) fn ask(sandbox: &Sandbox, account: &str, operation: &str, input: &Value) -> Result<Value, String> {
    let keys = sandbox.run(account, "aws", &["configure", "export-credentials", "--format", "process"]).json();
    let (id, token) = (keys["AccessKeyId"].as_str().unwrap(), keys["SessionToken"].as_str().unwrap());
    let (service, prefix) = match operation {
        "DescribeImages" => ("ecr", "AmazonEC2ContainerRegistry_V20150921"),
        _ => ("ecs", "AmazonEC2ContainerServiceV20141113"),
    };
    let headers = format!("Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {prefix}.{operation}");
    let cloud = Cloud::start(sandbox);
    let answer = cloud.post(id, token, service, &headers, &input.to_string());
    assert!(cloud.end().success());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let document: Value = serde_json::from_str(body).unwrap();
    match head.starts_with("HTTP/1.1 200 ") {
        true => Ok(document),
        false => Err(document["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned()),
    }
}
