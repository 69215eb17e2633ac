//! An AWS of a test's own: moto on loopback, and what a test asks of it.
//!
//! Questions are put by the real AWS CLI with keys of the account that is asked.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::programs::here;
use super::toolbox::Toolbox;

/// The one region of the bench.
pub(crate) const REGION: &str = "us-east-1";

/// A running AWS; it ends with this value, and by itself should the test process die.
pub(crate) struct Cloud {
    tools: &'static Toolbox,
    server: Child,
    http_port: u16,
    proxy_port: u16,
    keys: Mutex<BTreeMap<String, Keys>>,
    /// Certificates that the proxy makes, and what the server has to complain of.
    _folder: TempDir,
}

#[derive(Clone)]
struct Keys {
    id: String,
    secret: String,
    token: String,
}

impl Cloud {
    pub(crate) fn start(tools: &'static Toolbox) -> Self {
        let folder = tempfile::Builder::new().prefix("xtask-cloud-").tempdir().expect("a temporary folder can be made");
        let log = folder.path().join("stderr");
        let mut server = Command::new(&tools.python)
            .arg(here().join("aws.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).expect("the log can be made"))
            .spawn()
            .expect("the Python of the toolbox starts");
        let mut ready = String::new();
        let stdout = server.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut ready).expect("the ready line is text");
        let words: Vec<_> = ready.split_whitespace().collect();
        let ["ready", "HTTP", http, "PROXY", proxy] = words[..] else {
            let _ = server.wait();
            panic!("the AWS stand-in did not get ready:\n{}", fs::read_to_string(&log).unwrap_or_default());
        };
        let [http_port, proxy_port] = [http, proxy].map(|port| port.parse().expect("a port is a number"));
        Self { tools, server, http_port, proxy_port, keys: Mutex::default(), _folder: folder }
    }

    /// What a program needs in its environment to take this for AWS.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        let ca_crt = self.tools.ca_crt.to_str().expect("the workspace's path is UTF-8");
        let proxy = format!("http://127.0.0.1:{}", self.proxy_port);
        [
            ("HTTPS_PROXY", proxy.as_str()),
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("SSL_CERT_FILE", ca_crt),
            ("AWS_CA_BUNDLE", ca_crt),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }

    /// The same AWS without proxy and TLS, for `AWS_ENDPOINT_URL`.
    pub(crate) fn http_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// What the AWS CLI answers to somebody in this account, or its error text.
    pub(crate) fn aws(&self, account_id: &str, args: &[&str]) -> Result<Value, String> {
        let keys = self.keys(account_id);
        self.cli(&keys, args)
    }

    /// The newest task definition of each family in this account: family to image.
    pub(crate) fn task_images(&self, account_id: &str) -> BTreeMap<String, String> {
        let families = self.aws(account_id, &["ecs", "list-task-definition-families"]).expect("listing works");
        let families = families["families"].as_array().expect("a list").iter().filter_map(Value::as_str);
        let image = |family: &str| {
            let args = ["ecs", "describe-task-definition", "--task-definition", family];
            let found = self.aws(account_id, &args).expect("it was listed");
            found["taskDefinition"]["containerDefinitions"][0]["image"].as_str().expect("it has an image").to_owned()
        };
        families.map(|family| (family.to_owned(), image(family))).collect()
    }

    pub(crate) fn create_repository(&self, account_id: &str, name: &str) {
        self.aws(account_id, &["ecr", "create-repository", "--repository-name", name]).expect("the repository is new");
    }

    /// Puts an image that consists of nothing but its name into a repository.
    pub(crate) fn put_image(&self, account_id: &str, repository: &str, tag: &str) {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 0, "digest": empty},
            "layers": [],
            "annotations": {"org.opencontainers.image.version": tag},
        });
        let args = [
            "ecr",
            "put-image",
            "--repository-name",
            repository,
            "--image-tag",
            tag,
            "--image-manifest",
            &manifest.to_string(),
        ];
        self.aws(account_id, &args).expect("the image can be put");
    }

    /// Tag to digest of every image in a repository.
    pub(crate) fn images(&self, account_id: &str, repository: &str) -> BTreeMap<String, String> {
        let found = self
            .aws(account_id, &["ecr", "describe-images", "--repository-name", repository])
            .expect("the repository exists");
        let mut images = BTreeMap::new();
        for image in found["imageDetails"].as_array().expect("a list") {
            let digest = image["imageDigest"].as_str().expect("an image has a digest");
            for tag in image["imageTags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                images.insert(tag.to_owned(), digest.to_owned());
            }
        }
        images
    }

    fn keys(&self, account_id: &str) -> Keys {
        let mut known = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = known.get(account_id) {
            return keys.clone();
        }
        // moto makes the keys of an assumed role in the account of the role, and
        // lets any key pair assume it.
        let anybody = Keys { id: "anybody".to_owned(), secret: "anything".to_owned(), token: String::new() };
        let role = format!("arn:aws:iam::{account_id}:role/inspector");
        let args = ["sts", "assume-role", "--role-arn", &role, "--role-session-name", "inspector"];
        let answer = self.cli(&anybody, &args).expect("moto lets anybody assume a role");
        let [id, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"]
            .map(|name| answer["Credentials"][name].as_str().expect("keys are strings").to_owned());
        let keys = Keys { id, secret, token };
        known.insert(account_id.to_owned(), keys.clone());
        keys
    }

    fn cli(&self, keys: &Keys, args: &[&str]) -> Result<Value, String> {
        let mut aws = Command::new(&self.tools.aws);
        aws.args(args).args(["--output", "json"]).env_clear().stdin(Stdio::null());
        aws.envs([
            ("AWS_ENDPOINT_URL", self.http_endpoint().as_str()),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_CONFIG_FILE", "/dev/null"),
        ]);
        aws.envs([("AWS_ACCESS_KEY_ID", &keys.id), ("AWS_SECRET_ACCESS_KEY", &keys.secret)]);
        if !keys.token.is_empty() {
            aws.env("AWS_SESSION_TOKEN", &keys.token);
        }
        let output = aws.output().expect("the AWS CLI starts");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        Ok(serde_json::from_slice(&output.stdout).unwrap_or(Value::Null))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}
