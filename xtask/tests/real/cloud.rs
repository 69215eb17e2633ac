//! An AWS of a test's own: moto on loopback, and what a test asks of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::{Api, ECR, ECS};
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
    api: Api,
    /// Certificates that the proxy makes, and what the server has to complain of.
    _folder: TempDir,
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
        Self { tools, server, http_port, proxy_port, api: Api::at(http_port), _folder: folder }
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

    /// How many requests a service was sent through the proxy so far.
    pub(crate) fn n_asked(&self, service: &str) -> usize {
        let asked = fs::read_to_string(self._folder.path().join("asked")).unwrap_or_default();
        asked.lines().filter(|host| host.split('.').any(|part| part == service)).count()
    }

    /// The host of every request through the proxy so far.
    pub(crate) fn hosts_asked(&self) -> Vec<String> {
        self.noted("asked")
    }

    /// From now on a role takes an MFA code, and each code is accepted once.
    pub(crate) fn ask_for_codes(&self) {
        self.steer("mfa");
    }

    /// What became of the MFA codes so far: `accepted 000001 AssumeRole`, `refused 999999`.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.noted("codes")
    }

    /// Ends every session of the identity center.
    pub(crate) fn sign_out(&self) {
        self.steer("sign-out");
    }

    /// How often somebody has signed in to the identity center.
    pub(crate) fn n_sign_ins(&self) -> usize {
        self.noted("sign-ins").len()
    }

    fn steer(&self, name: &str) {
        fs::write(self._folder.path().join(name), "").expect("the file can be written");
    }

    fn noted(&self, name: &str) -> Vec<String> {
        let noted = fs::read_to_string(self._folder.path().join(name)).unwrap_or_default();
        noted.lines().map(str::to_owned).collect()
    }

    /// The same AWS without proxy and TLS, for `AWS_ENDPOINT_URL`.
    pub(crate) fn http_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// The newest task definition of each family in this account: family to image.
    pub(crate) fn task_images(&self, account_id: &str) -> BTreeMap<String, String> {
        let ask = |operation, input: Value| self.api.ask(account_id, &ECS, operation, &input).expect("moto answers");
        let listed = ask("ListTaskDefinitionFamilies", json!({}));
        let families = listed["families"].as_array().expect("a list").iter().filter_map(Value::as_str);
        let image = |family: &str| {
            let found = ask("DescribeTaskDefinition", json!({"taskDefinition": family}));
            found["taskDefinition"]["containerDefinitions"][0]["image"].as_str().expect("it has an image").to_owned()
        };
        families.map(|family| (family.to_owned(), image(family))).collect()
    }

    pub(crate) fn create_repository(&self, account_id: &str, name: &str) {
        let input = json!({"repositoryName": name});
        self.api.ask(account_id, &ECR, "CreateRepository", &input).expect("the repository is new");
        // As the Reference Architecture lets all of its accounts pull.
        let actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        let statement = json!({"Sid": "pull", "Effect": "Allow", "Principal": "*", "Action": actions});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let input = json!({"repositoryName": name, "policyText": policy});
        self.api.ask(account_id, &ECR, "SetRepositoryPolicy", &input).expect("the policy is valid");
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
        let input = json!({"repositoryName": repository, "imageTag": tag, "imageManifest": manifest.to_string()});
        self.api.ask(account_id, &ECR, "PutImage", &input).expect("the image is new");
    }

    /// The repositories of the account that builds, with the images that the repository's tags name; once.
    pub(crate) fn create_images(&self) {
        let shared = "100000000002";
        let exists =
            |name: &str| self.api.ask(shared, &ECR, "DescribeImages", &json!({"repositoryName": name})).is_ok();
        for name in ["ecs-deploy-runner", "kaniko"] {
            if !exists(name) {
                self.create_repository(shared, name);
                self.put_image(shared, name, "v0.52.1");
            }
        }
    }

    /// Tag to digest of every image in a repository.
    pub(crate) fn images(&self, account_id: &str, repository: &str) -> BTreeMap<String, String> {
        let input = json!({"repositoryName": repository});
        let found = self.api.ask(account_id, &ECR, "DescribeImages", &input).expect("the repository exists");
        let mut images = BTreeMap::new();
        for image in found["imageDetails"].as_array().expect("a list") {
            let digest = image["imageDigest"].as_str().expect("an image has a digest");
            for tag in image["imageTags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                images.insert(tag.to_owned(), digest.to_owned());
            }
        }
        images
    }

    /// What comes with a runner beside its task definitions: the cluster and the invoker, as the module calls them.
    pub(crate) fn runner(&self, account_id: &str, invoker_environment: &str) {
        let zip = self._folder.path().join(format!("{account_id}.zip"));
        // The end of a zip file, without any file before it.
        fs::write(&zip, [&b"PK\x05\x06"[..], &[0; 18]].concat()).expect("the file can be written");
        let input = json!({"clusterName": "ecs-deploy-runner"});
        self.api.ask(account_id, &ECS, "CreateCluster", &input).expect("the cluster is new");
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let role = ["iam", "create-role", "--role-name", "invoker", "--assume-role-policy-document", policy];
        self.aws(account_id, &role).expect("the role is new");
        let (role, zip) = (format!("arn:aws:iam::{account_id}:role/invoker"), format!("fileb://{}", zip.display()));
        let function = ["lambda", "create-function", "--function-name", "ecs-deploy-runner-invoker", "--role", &role];
        let rest = ["--runtime", "python3.12", "--handler", "index.handler", "--zip-file", &zip];
        let environment = ["--environment", invoker_environment];
        let words: Vec<_> = function.into_iter().chain(rest).chain(environment).collect();
        self.aws(account_id, &words).expect("the function is new");
    }

    /// Registers a task definition by hand, as somebody would who breaks a runner.
    pub(crate) fn register_task(&self, account_id: &str, family: &str, image: &str) {
        let container = json!({"name": "ecs-deploy-runner", "image": image, "memory": 512});
        let input = json!({"family": family, "containerDefinitions": [container]});
        self.api.ask(account_id, &ECS, "RegisterTaskDefinition", &input).expect("moto answers");
    }

    /// What the real AWS CLI prints for somebody in this account, or its complaint.
    pub(crate) fn aws(&self, account_id: &str, args: &[&str]) -> Result<Value, String> {
        let keys = self.api.keys(account_id);
        let mut aws = Command::new(&self.tools.aws);
        aws.args(args).args(["--region", REGION, "--output", "json"]).env_clear().stdin(Stdio::null());
        aws.env("AWS_ENDPOINT_URL", self.http_endpoint()).env("AWS_CONFIG_FILE", "/dev/null");
        aws.env("AWS_ACCESS_KEY_ID", keys.id).env("AWS_SECRET_ACCESS_KEY", keys.secret);
        aws.env("AWS_SESSION_TOKEN", keys.token);
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
