//! `bump-tags` that is killed, or can't write: afterwards all files are old or all are new.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use super::command::Xtask;
use super::program::XTASK;
use super::sandbox::{Sandbox, files_below, unit};

/// A bump of five files: that of all, and those of four units with tags of their own.
struct Five {
    sandbox: Sandbox,
    before: Vec<(String, String)>,
}

impl Five {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let image = "docker_image = \"100000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner\"";
        let config = format!("{{ container_image = {{ {image}, docker_tag = \"v0.52.1\" }} }}");
        let inputs = format!(
            "\ninputs = {{\n  terraform_planner_config = {config}\n  terraform_applier_config = {config}\n}}\n"
        );
        let mut files = vec!["common.hcl".to_owned()];
        for account in ["dev", "logs", "prod", "stage"] {
            let file = format!("{}/terragrunt.hcl", unit(account));
            sandbox.write(&file, sandbox.read(&file) + &inputs);
            files.push(file);
        }
        let before = files.into_iter().map(|file| (file.clone(), sandbox.read(&file))).collect();
        Self { sandbox, before }
    }

    /// Killed before it does the step after `n`; whether it was.
    fn killed_after(&self, n: usize) -> bool {
        let command = self.sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]);
        command.env("XTASK_TEST_KILL_AT_EDIT_STEP", n.to_string()).run().code.is_none()
    }

    /// How many of the files are new; panics if one is neither.
    #[track_caller]
    fn n_new(&self) -> usize {
        let is_new = |(file, before): &&(String, String)| {
            let now = self.sandbox.read(file);
            assert!(now == *before || now == before.replace(r#""v0.52.1""#, r#""v1.3.0""#), "{file}: {now}");
            now != *before
        };
        self.before.iter().filter(is_new).count()
    }

    fn put_back(&self) {
        self.before.iter().for_each(|(file, text)| self.sandbox.write(file, text));
    }

    /// Whatever lies in the repository beside our own folder.
    fn files(&self) -> Vec<PathBuf> {
        let all = files_below(&self.sandbox.repo());
        all.into_iter().filter(|path| !path.to_string_lossy().contains("/.xtask/")).collect()
    }

    /// A command that edits or plans, and has nothing to do.
    #[track_caller]
    fn settle(&self) {
        self.sandbox.xtask(["apply-all", "--account", "nowhere"]).run().exits(4);
        assert!(!self.sandbox.repo().join(".xtask/edit").exists());
    }
}

#[test]
fn killed_at_any_point_the_next_call_leaves_all_files_old_or_new() {
    let five = Five::new();
    let files = five.files();
    let (mut n_mixed, mut n_old, mut n_new) = (0, 0, 0);
    for step in (0..).step_by(3) {
        let was_killed = five.killed_after(step);
        n_mixed += usize::from((1..5).contains(&five.n_new()));
        five.settle();
        match five.n_new() {
            0 => n_old += 1,
            5 => n_new += 1,
            n => panic!("killed after step {step}, {n} of 5 files are new"),
        }
        assert_eq!(five.files(), files, "step {step}: something is left");
        if !was_killed {
            break;
        }
        five.put_back();
    }
    assert!(n_mixed >= 2 && n_old >= 2 && n_new >= 3, "{n_mixed} mixed, then {n_old} old, {n_new} new");
}

/// Killed when some of the files are new and some are not.
fn half_way() -> Five {
    let five = Five::new();
    for step in 0.. {
        assert!(five.killed_after(step), "it was never half way");
        if (1..5).contains(&five.n_new()) {
            return five;
        }
        five.settle();
        five.put_back();
    }
    five
}

#[test]
fn half_done_change_is_told_by_all_and_finished_by_what_edits_or_plans() {
    let five = half_way();
    let sandbox = &five.sandbox;
    sandbox.xtask(["units"]).run().exits(0).says("Unfinished   `bump-tags v1.3.0` was killed in the middle");
    sandbox.xtask(["apply-all", "--dry-run", "--verbose"]).run().is("bump-killed-dry-run");
    sandbox.xtask(["bump-tags", "v1.3.0", "--check"]).run().exits(3).says("was killed in the middle");
    assert!((1..5).contains(&five.n_new()), "they only looked");
    let said = sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
    said.is("bump-killed-again");
    assert_eq!(five.n_new(), 5);
}

#[test]
fn apply_all_finishes_the_change_before_it_reads_anything() {
    let five = half_way();
    five.sandbox.push("ecs-deploy-runner", "v1.3.0");
    five.sandbox.push("kaniko", "v1.3.0");
    let said = five.sandbox.xtask(["apply-all", "--yes"]).run().exits(0);
    said.says("Completed    5 files of `bump-tags v1.3.0`, which was killed in the middle\n");
    assert_eq!(five.n_new(), 5);
    assert_eq!(five.sandbox.tags_in_state("stage"), ["v1.3.0"]);
}

#[test]
fn full_disk_changes_nothing() {
    let five = Five::new();
    let files = five.files();
    // Whoever ignores the signal is told that a file may not become any larger, as a full disk tells.
    let shell = ["/bin/sh", "-c", "trap '' 25; ulimit -f 2; exec \"$@\"", "sh"];
    let said = five.sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).through(shell).run().exits(3);
    said.says("so nothing was changed").says("File too large");
    assert_eq!((five.n_new(), five.files()), (0, files));
    five.settle();
    five.sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
}

#[test]
fn folder_that_cannot_be_written_keeps_all_as_they_are() {
    let five = Five::new();
    let files = five.files();
    let folder = five.sandbox.repo().join(unit("logs"));
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    let said = as_nobody(&five.sandbox, ["bump-tags", "v1.3.0", "--offline"]).run().exits(3);
    said.says("cannot prepare the new text of a file, so nothing was changed").says("Permission denied");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    assert_eq!((five.n_new(), five.files()), (0, files));
}

/// A command of somebody who may not write everywhere, as root may: another user, who owns the whole sandbox.
pub(super) fn as_nobody<'s, const N: usize>(sandbox: &'s Sandbox, args: [&str; N]) -> Xtask<'s> {
    const NOBODY: u32 = 65534;
    let command = sandbox.xtask(args);
    if !rustix::process::geteuid().is_root() {
        return command;
    }
    let copy = sandbox.top().join("xtask-for-all");
    fs::copy(XTASK, &copy).unwrap();
    own_all(sandbox.top(), NOBODY);
    // What `sh` is given as its name is the copy; the original is shifted away.
    let shell: [OsString; 4] = ["/bin/sh".into(), "-c".into(), "shift; exec \"$0\" \"$@\"".into(), copy.into()];
    command.through(shell).by_user(NOBODY)
}

fn own_all(folder: &std::path::Path, uid: u32) {
    chown(folder, Some(uid), Some(uid)).unwrap();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => own_all(&entry.path(), uid),
            kind if kind.is_file() => chown(entry.path(), Some(uid), Some(uid)).unwrap(),
            _ => {}
        }
    }
}

#[test]
fn file_that_somebody_changes_meanwhile_keeps_all_as_they_are() {
    let five = Five::new();
    let sandbox = &five.sandbox;
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    // Somebody saves a file while ECR is asked.
    let (vault, aside) = (sandbox.tool("aws-vault"), sandbox.world().join("aside"));
    fs::create_dir(&aside).unwrap();
    fs::rename(&vault, aside.join("aws-vault")).unwrap();
    let changed = sandbox.repo().join(&five.before[2].0);
    let (changed, aside) = (changed.to_str().unwrap(), aside.to_str().unwrap());
    let save = format!("case \"$*\" in *' ask '*) echo '# mine' >> '{changed}' ;; esac");
    fs::write(&vault, format!("#!/bin/sh\n{save}\nexec '{aside}/aws-vault' \"$@\"\n")).unwrap();
    fs::set_permissions(&vault, Permissions::from_mode(0o755)).unwrap();
    let said = sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(3);
    said.says("a file was changed by somebody else in the meantime").says(&five.before[2].0);
    let text = sandbox.read(&five.before[2].0);
    assert!(text.ends_with("# mine\n"), "{text}");
    sandbox.write(&five.before[2].0, &five.before[2].1);
    assert_eq!(five.n_new(), 0);
}

#[test]
fn half_done_change_is_seen_from_a_nested_root_too() {
    let five = half_way();
    let nested = five.sandbox.repo().join("dev");
    fs::write(nested.join("accounts.json"), r#"{"dev": "100000000004"}"#).unwrap();
    let said = five.sandbox.xtask(["units"]).cwd(nested.clone()).run();
    said.says("Unfinished   `bump-tags v1.3.0` was killed in the middle");
    let said = five.sandbox.xtask(["apply-all", "--account", "nowhere"]).cwd(nested).run();
    said.says("Completed    5 files of `bump-tags v1.3.0`");
    assert_eq!(five.n_new(), 5);
}
