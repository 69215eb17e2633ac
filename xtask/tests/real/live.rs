//! A throw-away infrastructure-live repository with a shell environment around it.
//!
//! Six accounts in the shape of a Reference Architecture, a git repository of their
//! own, an operator's home with AWS profiles, keys in aws-vault and an MFA device
//! that counts. Nothing of the machine's own environment gets in: the PATH has the
//! programs that a test asked for and a few of the system.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::cloud::{Cloud, REGION};
use super::gate::Gate;
use super::operator::{fill_bin, fill_home};
use super::programs::here;
use super::shape::{Apply, Module, Shape};
use super::toolbox::Toolbox;

/// Every account with its id, in the order of `accounts.json`.
pub(crate) const ACCOUNTS: [(&str, &str); 6] = [
    ("logs", "100000000001"),
    ("shared", "100000000002"),
    ("security", "100000000003"),
    ("dev", "100000000004"),
    ("stage", "100000000005"),
    ("prod", "100000000006"),
];

/// The repository and the environment of somebody who works in it.
pub(crate) struct Live {
    folder: TempDir,
    root: PathBuf,
    env: BTreeMap<String, String>,
    gate: Option<Gate>,
}

impl Live {
    pub(crate) fn new(tools: &Toolbox, cloud: &Cloud, shape: Shape) -> Self {
        let folder = tempfile::Builder::new().prefix("xtask-live-").tempdir().expect("a temporary folder can be made");
        // Programs print the path that the system knows, not the one through a link.
        let top = folder.path().canonicalize().expect("the folder exists");
        let root = top.join("infrastructure-live");
        let gate = (shape.apply == Apply::WaitsAtGate).then(Gate::open);
        lay_out(tools, shape, gate.as_ref().map_or(0, Gate::port), &top);
        fill_home(&top.join("home"));
        fill_bin(tools, shape, &top.join("bin"));
        fs::create_dir(top.join("tmp")).expect("the folder is new");

        let mut env = cloud.env();
        let path = |name: &str| top.join(name).to_str().expect("temporary folders have plain names").to_owned();
        env.extend([
            ("PATH".to_owned(), path("bin")),
            ("HOME".to_owned(), path("home")),
            ("TMPDIR".to_owned(), path("tmp")),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("AWS_CONFIG_FILE".to_owned(), path("home/.aws/config")),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
            ("AWS_VAULT_BACKEND".to_owned(), "file".to_owned()),
            ("AWS_VAULT_FILE_DIR".to_owned(), path("home/.awsvault/keys")),
            ("AWS_VAULT_FILE_PASSPHRASE".to_owned(), "correct horse battery staple".to_owned()),
            ("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()),
        ]);
        cloud.create_images();
        let live = Self { folder, root, env, gate };
        live.run(live.command("git").args(["init", "--quiet"]));
        live.run(live.command("git").args(["add", "--all"]));
        live.run(live.command("git").args(["commit", "--quiet", "--message", "Begin"]));
        let mut add = live.command("aws-vault");
        add.args(["add", "--env", "--no-add-config", "ops"]);
        add.envs([("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "any-secret-will-do")]);
        live.run(&mut add);
        live
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The whole environment of the operator's shell.
    pub(crate) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// A command typed in that shell, in the repository's root.
    pub(crate) fn command(&self, program: &str) -> Command {
        // The search for a bare name would use the PATH of this process.
        let found = Path::new(&self.env["PATH"]).join(program);
        let mut command = Command::new(if found.exists() { found } else { PathBuf::from(program) });
        command.env_clear().envs(&self.env).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// The folder of an account's unit.
    pub(crate) fn unit(&self, account: &str) -> PathBuf {
        self.root.join(account).join(REGION).join("mgmt/ecs-deploy-runner")
    }

    /// Where an account's unit keeps its state, whether it has one yet or not.
    pub(crate) fn state_file(&self, account: &str) -> PathBuf {
        self.root.join(".state").join(account).join(REGION).join("mgmt/ecs-deploy-runner/terraform.tfstate")
    }

    /// How often somebody was asked for an MFA code.
    pub(crate) fn mfa_prompts(&self) -> usize {
        fs::read_to_string(self.folder.path().join("home/mfa-prompts")).map_or(0, |prompts| prompts.lines().count())
    }

    /// Where applies wait, in a repository with [`Apply::WaitsAtGate`].
    pub(crate) fn gate(&self) -> &Gate {
        self.gate.as_ref().expect("the shape has a gate")
    }

    /// Changes a file of the repository, which has to make a difference.
    pub(crate) fn edit(&self, path: impl AsRef<Path>, change: impl FnOnce(&str) -> String) {
        let path = self.root.join(path);
        let text = fs::read_to_string(&path).expect("the file exists");
        let changed = change(&text);
        assert_ne!(text, changed, "the edit of {} does nothing", path.display());
        fs::write(path, changed).expect("the file can be written");
    }

    /// The folder that the module is copied from, in a repository with [`Module::Catalog`].
    pub(crate) fn module(&self) -> PathBuf {
        self.root.with_file_name("catalog").join("modules/ecs-deploy-runner")
    }

    /// Lets Terraform and OpenTofu find the stand-in for the AWS provider where they look for `hashicorp/aws`.
    pub(crate) fn add_provider(&self, tools: &Toolbox) {
        let mirror = self.folder.path().join("mirror");
        let machine = if cfg!(target_arch = "aarch64") { "linux_arm64" } else { "linux_amd64" };
        for registry in ["registry.terraform.io", "registry.opentofu.org"] {
            let package = mirror.join(registry).join("hashicorp/aws/5.0.0").join(machine);
            fs::create_dir_all(&package).expect("the folder can be made");
            let program = package.join("terraform-provider-aws_v5.0.0");
            let linked = fs::hard_link(&tools.aws_provider, &program);
            linked.or_else(|_| fs::copy(&tools.aws_provider, &program).map(drop)).expect("it can be put there");
        }
        let config = format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n");
        fs::write(Path::new(&self.env["HOME"]).join(".terraformrc"), config).expect("the file can be written");
    }

    fn run(&self, command: &mut Command) {
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn lay_out(tools: &Toolbox, shape: Shape, gate_port: u16, top: &Path) {
    let root = top.join("infrastructure-live");
    let (catalog, module_source) = match shape.module {
        Module::Catalog => {
            (top.join("catalog"), format!("{}//modules/ecs-deploy-runner", top.join("catalog").display()))
        }
        Module::RepositoryRoot => {
            (root.clone(), r#"${dirname(find_in_parent_folders("common.hcl"))}//modules/ecs-deploy-runner"#.to_owned())
        }
    };
    let plan_hook = match shape.apply {
        Apply::Plain | Apply::WaitsAtGate => "",
        Apply::ReadsWhatPlanWrote => PLAN_HOOK,
    };
    let fill_in = |text: String, account: &str| {
        text.replace("@ACCOUNT@", account)
            .replace("@AWS@", &tools.aws.to_string_lossy())
            .replace("@PYTHON@", &tools.python.to_string_lossy())
            .replace("@GATE_PORT@", &gate_port.to_string())
            .replace("@READS_PACKAGE@", if shape.apply == Apply::ReadsWhatPlanWrote { "true" } else { "false" })
            .replace("@MODULE_SOURCE@", &module_source)
            .replace("@PLAN_HOOK@", plan_hook)
    };
    let tree = here().join("reference-architecture");
    let copy = |from: &Path, to: &Path, account: &str| {
        for file in files_below(from) {
            let text = fs::read_to_string(from.join(&file)).expect("templates are text");
            let to = to.join(file.with_extension(""));
            fs::create_dir_all(to.parent().expect("a file lies in a folder")).expect("the folder can be made");
            fs::write(to, fill_in(text, account)).expect("the file can be written");
        }
    };
    for (account, _) in ACCOUNTS {
        copy(&tree.join("ACCOUNT"), &root.join(account), account);
    }
    copy(&tree.join("root"), &root, "");
    copy(&tree.join("modules"), &catalog.join("modules"), "");
}

/// Terragrunt runs it in the folder that it copied the module to.
const PLAN_HOOK: &str = r#"
terraform {
  before_hook "package" {
    commands = ["plan"]
    execute  = ["sh", "-c", "echo packaged at plan > package.txt"]
  }
}
"#;

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the folder can be read").path();
        let name = PathBuf::from(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            files.extend(files_below(&path).into_iter().map(|file| name.join(file)));
        } else {
            files.push(name);
        }
    }
    files
}
