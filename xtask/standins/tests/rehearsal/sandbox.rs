//! A world with the sample repository in it, gone when dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_xtask-standin");

/// The sample's accounts, with the profile `your-NAME` each.
pub(crate) const ACCOUNTS: [(&str, &str); 6] = [
    ("logs", "100000000001"),
    ("shared", "100000000002"),
    ("security", "100000000003"),
    ("dev", "100000000004"),
    ("stage", "100000000005"),
    ("prod", "100000000006"),
];

/// A repository and a world.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// All that a program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32, why: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(why), "`{why}` is not in {self:?}");
        self
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Sandbox {
    /// The sample at its old tags, and a world where these things go wrong.
    pub(crate) fn new(inject: &[&str]) -> Self {
        let sandbox = Self { folder: TempDir::new().unwrap() };
        Said::from(command(BINARY).args(["sample", "--into"]).arg(sandbox.repo()).output().unwrap()).succeeds();
        let mut world = command(BINARY);
        world.args(["world", "--into"]).arg(sandbox.world()).arg("--repo").arg(sandbox.repo());
        for (name, id) in ACCOUNTS {
            world.args(["--profile", &format!("your-{name}={id}")]);
        }
        for what in inject {
            world.args(["--inject", what]);
        }
        Said::from(world.output().unwrap()).succeeds();
        for tool in ["aws-vault", "terragrunt", "terraform", "infrastructure-deployer", "aws"] {
            link(Path::new(BINARY), &sandbox.tool(tool));
        }
        sandbox
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn world(&self) -> PathBuf {
        self.folder.path().join("world")
    }

    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.world().join("bin").join(name)
    }

    pub(crate) fn unit(&self, account: &str) -> PathBuf {
        self.repo().join(account).join("us-east-1/mgmt/ecs-deploy-runner")
    }

    pub(crate) fn plan_file(&self, account: &str) -> PathBuf {
        self.folder.path().join(format!("{account}.tfplan"))
    }

    /// A tool of the world, with an environment of nothing but what is added here.
    pub(crate) fn command(&self, tool: &str) -> Command {
        let mut command = command(self.tool(tool));
        command.current_dir(self.repo());
        command
    }

    /// `tool ARGS` in a unit, in a profile's credentials, as the pipeline runs it.
    pub(crate) fn vaulted(&self, account: &str, tool: &str, args: &[&str]) -> Command {
        let mut command = self.command("aws-vault");
        command.args(["exec", &format!("your-{account}"), "--"]).arg(self.tool(tool)).args(args);
        command.current_dir(self.unit(account));
        for name in ["TG_TF_PATH", "TERRAGRUNT_TFPATH"] {
            command.env(name, self.tool("terraform"));
        }
        for name in ["NO_COLOR", "NO_AUTO_RETRY"] {
            command.env(format!("TG_{name}"), "true").env(format!("TERRAGRUNT_{name}"), "true");
        }
        command
    }

    pub(crate) fn run(&self, account: &str, tool: &str, args: &[&str]) -> Said {
        self.vaulted(account, tool, args).output().unwrap().into()
    }

    pub(crate) fn plan(&self, account: &str) -> Said {
        let out = format!("-out={}", self.plan_file(account).display());
        let mut plan = self.vaulted(account, "terragrunt", &["plan", "-input=false", "-lock-timeout=120s", &out]);
        plan.env("TG_SOURCE_UPDATE", "true").env("TERRAGRUNT_SOURCE_UPDATE", "true").output().unwrap().into()
    }

    pub(crate) fn show(&self, account: &str) -> Said {
        self.run(account, "terragrunt", &["show", "-json", self.plan_file(account).to_str().unwrap()])
    }

    pub(crate) fn apply_command(&self, account: &str) -> Command {
        let file = self.plan_file(account);
        let file = file.to_str().unwrap();
        self.vaulted(account, "terragrunt", &["apply", "-input=false", "-lock-timeout=120s", file])
    }

    pub(crate) fn apply(&self, account: &str) -> Said {
        self.apply_command(account).output().unwrap().into()
    }

    /// Builds and pushes an image from some account.
    pub(crate) fn build(&self, account: &str, image: &str, context: &str, tag: &str) -> Said {
        self.run(
            account,
            "infrastructure-deployer",
            &build_args(image, context, tag).iter().map(String::as_str).collect::<Vec<_>>(),
        )
    }

    /// Moves both tags of `common.hcl`.
    pub(crate) fn bump(&self, tag: &str) {
        let file = self.repo().join("common.hcl");
        let text = fs::read_to_string(&file).unwrap().replace("\"v0.52.1\"", &format!("\"{tag}\""));
        fs::write(file, text).unwrap();
    }

    /// A JSON file of the world.
    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.world().join(path)).unwrap()).unwrap()
    }

    /// The log, all of it.
    pub(crate) fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.world().join("log.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The binary under its own name.
    pub(crate) fn own(&self, args: &[&str]) -> Said {
        command(BINARY).args(args).output().unwrap().into()
    }

    /// The server that answers for STS.
    pub(crate) fn sts(&self) -> Command {
        let mut command = command(BINARY);
        command.args(["sts", "--world"]).arg(self.world());
        command
    }
}

/// The documented command line of a build.
pub(crate) fn build_args(image: &str, context: &str, tag: &str) -> Vec<String> {
    let context = format!("modules/ecs-deploy-runner/docker/{context}");
    let target = format!("100000000002.dkr.ecr.us-east-1.amazonaws.com/{image}:{tag}");
    let arg = format!("module_ci_tag={tag}");
    let line = [
        "--aws-region",
        "us-east-1",
        "--",
        "docker-image-builder",
        "build-docker-image",
        "--repo",
        "https://github.com/gruntwork-io/terraform-aws-ci.git",
        "--ref",
        tag,
        "--context-path",
        &context,
        "--env-secret",
        "github-token=GITHUB_OAUTH_TOKEN",
        "--docker-image-tag",
        &target,
        "--build-arg",
        &arg,
    ];
    line.map(str::to_owned).to_vec()
}

/// A program with an empty environment and no stdin.
#[expect(clippy::disallowed_methods, reason = "a test is no part of xtask, and starts what it tests itself")]
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// Links a program, or copies it where links don't reach.
pub(crate) fn link(from: &Path, to: &Path) {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).unwrap();
}
