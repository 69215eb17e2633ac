//! A throw-away repository with a world of stand-ins around it, outside the checkout and gone when dropped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::command::Xtask;
use super::log::Log;
use super::partitions;
use super::program::{XTASK, link, own, standin};
use super::sts::Sts;
use crate::real::gate::Gate;

/// The sample's accounts; the profile of each is `your-NAME`.
pub(super) const ACCOUNTS: [(&str, &str); 6] = [
    ("dev", "100000000004"),
    ("logs", "100000000001"),
    ("prod", "100000000006"),
    ("security", "100000000003"),
    ("shared", "100000000002"),
    ("stage", "100000000005"),
];

/// The sample repository, a world in which it is deployed at `v0.52.1`, and STS.
#[must_use]
pub(super) struct Sandbox {
    sts: Sts,
    top: PathBuf,
    settings: BTreeMap<&'static str, String>,
    _folder: TempDir,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        Self::in_region("us-east-1")
    }

    /// The same in another region, which decides the partition.
    pub(super) fn in_region(region: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("xtask-sandbox-").tempdir().unwrap();
        // Programs print the path that the system knows, not the one through a link.
        let top = folder.path().canonicalize().unwrap();
        let (repo, world) = (top.join("infrastructure-live"), top.join("world"));
        for name in ["home", "tmp", "infrastructure-live/.git"] {
            fs::create_dir_all(top.join(name)).unwrap();
        }
        let (repo, world) = (repo.to_str().unwrap(), world.to_str().unwrap());
        own(&["sample", "--into", repo]);
        partitions::move_to(&top.join("infrastructure-live"), region);
        let profiles: Vec<_> = ACCOUNTS.iter().map(|(name, id)| format!("--profile=your-{name}={id}")).collect();
        let args = ["world", "--into", world, "--repo", repo, "--region", region];
        own(&args.into_iter().chain(profiles.iter().map(String::as_str)).collect::<Vec<_>>());
        let sts = Sts::start(world);
        let settings = [
            ("profile", r#""your-{account}""#.to_owned()),
            ("terraform-binary", r#""terraform""#.to_owned()),
            ("endpoint-url", format!(r#""http://127.0.0.1:{}""#, sts.port)),
        ];
        let sandbox = Self { sts, top, settings: settings.into(), _folder: folder };
        for tool in ["aws", "aws-vault", "infrastructure-deployer", "terraform", "terragrunt"] {
            link(standin(), &sandbox.tool(tool));
        }
        sandbox.write_settings();
        sandbox
    }

    /// The same, where the repository is at `v1.3.0` already, and ECR has it: every unit has something to apply.
    pub(super) fn bumped() -> Self {
        let sandbox = Self::new();
        sandbox.push("ecs-deploy-runner", "v1.3.0");
        sandbox.push("kaniko", "v1.3.0");
        sandbox.edit("common.hcl", r#""v0.52.1""#, r#""v1.3.0""#);
        sandbox
    }

    /// Sets a key of `[workspace.metadata.xtask]` to a value of TOML.
    pub(super) fn setting(mut self, key: &'static str, value: &str) -> Self {
        self.settings.insert(key, value.to_owned());
        self.write_settings();
        self
    }

    /// Leaves a key out of the settings.
    pub(super) fn without_setting(mut self, key: &str) -> Self {
        self.settings.remove(key);
        self.write_settings();
        self
    }

    /// Makes something go wrong: `wrong-account:NAME`, `fail:NAME`, `no-image`.
    pub(super) fn fault(self, what: &str) -> Self {
        self.change_world(|world| world["inject"].as_array_mut().unwrap().push(what.into()));
        self
    }

    /// Makes something go wrong from now on.
    pub(super) fn inject(&self, what: &str) {
        self.change_world(|world| world["inject"].as_array_mut().unwrap().push(what.into()));
    }

    /// Puts an image into a repository of the account that builds, as somebody did who built it before.
    pub(super) fn push(&self, repository: &str, tag: &str) {
        self.change_images(repository, |images| {
            let digest = format!("sha256:{}{:0>32}", "ab".repeat(16), images.len());
            images.push(json!({ "imageTags": [tag], "imageDigest": digest, "imagePushedAt": 1_767_323_045.678, "imageSizeInBytes": 412_345_678 }));
        });
    }

    /// Changes what ECR has in a repository of the account that builds.
    pub(super) fn change_images(&self, repository: &str, change: impl FnOnce(&mut Vec<Value>)) {
        let file = self.world().join("accounts/100000000002/ecr.json");
        let mut all: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        change(all["us-east-1"][repository].as_array_mut().unwrap());
        fs::write(file, all.to_string()).unwrap();
    }

    /// A further repository for images, in the account that builds.
    pub(super) fn create_repository(&self, name: &str) {
        let file = self.world().join("accounts/100000000002/ecr.json");
        let mut all: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        all["us-east-1"][name] = json!([]);
        fs::write(file, all.to_string()).unwrap();
    }

    /// From now on all goes well.
    pub(super) fn no_faults(self) -> Self {
        self.change_world(|world| world["inject"] = json!([]));
        self
    }

    /// Holds every build in the middle, or no longer.
    pub(super) fn build_gate(&self, port: Option<u16>) {
        self.change_world(|world| world["build_gate"] = json!(port));
    }

    /// Gives aws-vault another profile.
    pub(super) fn vault_profile(self, name: &str, account: &str) -> Self {
        self.change_world(|world| world["profiles"][name] = account.into());
        self
    }

    /// Holds every apply in the middle.
    pub(super) fn gate(&self) -> Gate {
        let gate = Gate::open();
        self.change_world(|world| world["gate"] = json!(gate.port()));
        gate
    }

    /// Has all of aws-vault's sessions end so many seconds from now; then a new one is asked for at the terminal.
    pub(super) fn session_ends_in(&self, seconds: u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        fs::write(self.world().join("session.json"), (now + seconds).to_string()).unwrap();
    }

    /// Takes the gate away again.
    pub(super) fn no_gate(&self) {
        self.change_world(|world| world["gate"] = Value::Null);
    }

    /// `xtask ARGS` at the root of the repository.
    pub(super) fn xtask<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Xtask<'_> {
        Xtask::new(self).args(args)
    }

    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.top.join("infrastructure-live")
    }

    pub(super) fn world(&self) -> PathBuf {
        self.top.join("world")
    }

    /// A stand-in.
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.world().join("bin").join(name)
    }

    /// The text of a file of the repository.
    pub(super) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.repo().join(file)).unwrap()
    }

    pub(super) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.repo().join(file), text).unwrap();
    }

    /// Replaces a text that must be there, everywhere in a file of the repository.
    #[track_caller]
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "`{from}` is not in {file}");
        self.write(file, text.replace(from, to));
    }

    /// Gives an account another name, everywhere in the repository.
    pub(super) fn rename_account(&self, from: &str, to: &str) {
        fs::rename(self.repo().join(from), self.repo().join(to)).unwrap();
        self.edit("accounts.json", &format!("\"{from}\""), &format!("\"{to}\""));
        self.edit(&format!("{to}/account.hcl"), &format!("\"{from}\""), &format!("\"{to}\""));
    }

    /// What was asked so far.
    pub(super) fn log(&self) -> Log {
        Log::parse(&fs::read_to_string(self.world().join("log.jsonl")).unwrap_or_default())
    }

    /// Forgets what was asked so far.
    pub(super) fn clear_log(&self) {
        fs::write(self.world().join("log.jsonl"), "").unwrap();
    }

    /// The tags that the state of an account's unit has, each once.
    pub(super) fn tags_in_state(&self, account: &str) -> Vec<String> {
        let (_, id) = ACCOUNTS.iter().find(|(name, _)| *name == account).unwrap();
        let path = format!("state/{id}/{}.tfstate", unit(account));
        let text = fs::read_to_string(self.world().join(path)).unwrap();
        let mut tags: Vec<_> = ["v0.52.1", "v1.3.0"].into_iter().filter(|tag| text.contains(tag)).collect();
        tags.sort_unstable();
        tags.into_iter().map(str::to_owned).collect()
    }

    /// Every regular file below `.xtask`.
    pub(super) fn state_files(&self) -> Vec<PathBuf> {
        files_below(&self.repo().join(".xtask"))
    }

    /// What differs from sandbox to sandbox, with what stands for it.
    pub(super) fn known(&self) -> Vec<(String, &'static str)> {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![
            (text(self.repo()), "[repo]"),
            (text(self.world()), "[world]"),
            (text(self.top.clone()), "[top]"),
            (XTASK.to_owned(), "[xtask]"),
            (format!("127.0.0.1:{}", self.sts.port), "127.0.0.1:[port]"),
        ]
    }

    fn write_settings(&self) {
        let lines = self.settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
        self.write("Cargo.toml", format!("[workspace.metadata.xtask]\n{}", lines.collect::<String>()));
    }

    fn change_world(&self, change: impl FnOnce(&mut Value)) {
        let file = self.world().join("world.json");
        let mut world = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        change(&mut world);
        // Whoever reads it meanwhile reads the old one or the new one.
        let new = file.with_extension("new");
        fs::write(&new, world.to_string()).and_then(|()| fs::rename(new, file)).unwrap();
    }
}

/// The path of an account's unit.
pub(super) fn unit(account: &str) -> String {
    format!("{account}/us-east-1/mgmt/ecs-deploy-runner")
}

/// Every regular file below a folder, sorted.
pub(super) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(files_below(&entry.path())),
            // A pipe is nobody's file, and reading it would wait for its writer.
            kind if kind.is_fifo() => {}
            _ => files.push(entry.path()),
        }
    }
    files.sort();
    files
}
