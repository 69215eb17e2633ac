//! Asks an AWS on loopback by its own protocols, as briefly as that goes.
//!
//! Only for what a test wants to know or lay out: every start of the AWS CLI costs
//! the better part of a second, and a look at six accounts takes two dozen calls.
//! moto checks no signatures; whose account a call is in follows from the key id.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::cloud::REGION;

/// The keys of somebody in an account.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: String,
}

/// A service that speaks JSON, with what its operations' names begin with.
pub(super) struct Service {
    name: &'static str,
    target: &'static str,
}

pub(super) const ECR: Service = Service { name: "ecr", target: "AmazonEC2ContainerRegistry_V20150921" };
pub(super) const ECS: Service = Service { name: "ecs", target: "AmazonEC2ContainerServiceV20141113" };

/// The way to one AWS.
pub(super) struct Api {
    port: u16,
    keys: Mutex<BTreeMap<String, Keys>>,
}

impl Api {
    pub(super) fn at(port: u16) -> Self {
        Self { port, keys: Mutex::default() }
    }

    /// What a service answers to somebody in this account, or its error.
    pub(super) fn ask(
        &self,
        account_id: &str,
        service: &Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, String> {
        let target =
            format!("X-Amz-Target: {}.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n", service.target);
        let answer = self.post(&self.keys(account_id).id, service.name, &target, &input.to_string())?;
        Ok(serde_json::from_str(&answer).expect("these services answer in JSON"))
    }

    /// Keys of a role in this account. moto lets anybody assume any role, and makes
    /// the keys in the account of the role.
    pub(super) fn keys(&self, account_id: &str) -> Keys {
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(account_id) {
            return keys.clone();
        }
        let role = format!("arn:aws:iam::{account_id}:role/inspector");
        let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=inspector&RoleArn={role}");
        let content_type = "Content-Type: application/x-www-form-urlencoded\r\n";
        let answer = self.post("anybody", "sts", content_type, &form).expect("anybody may assume a role");
        let [id, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"].map(|name| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).expect("the answer has keys");
            rest.split('<').next().expect("split gives one part at least").to_owned()
        });
        let keys = Keys { id, secret, token };
        known.insert(account_id.to_owned(), keys.clone());
        keys
    }

    fn post(&self, key_id: &str, service: &str, headers: &str, body: &str) -> Result<String, String> {
        let scope = format!("Credential={key_id}/20260101/{REGION}/{service}/aws4_request");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {service}.{REGION}.amazonaws.com\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=unchecked\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the server listens");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers in text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let is_good = head.split(' ').nth(1) == Some("200");
        if is_good { Ok(body.to_owned()) } else { Err(body.to_owned()) }
    }
}
