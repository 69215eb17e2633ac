//! A disk that gets full in the middle of a run. Needs to mount a file system of its own, which only root may; elsewhere the
//! journal's own tests stand for it.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use super::interrupted::{apply, wait_until_unlocked};
use super::program::XTASK;
use super::sandbox::{Sandbox, unit};

/// A small file system, gone when dropped.
pub(super) struct Disk(PathBuf);

impl Disk {
    /// With room for a run and `spare` bytes; `None` where nothing can be mounted.
    fn for_runs(path: PathBuf, spare: u64) -> Option<Self> {
        Self::mount(path, fs::metadata(XTASK).unwrap().len() + spare)
    }

    /// Of this size; `None` where nothing can be mounted.
    pub(super) fn mount(path: PathBuf, size: u64) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"])
            .arg(&path)
            .output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(path))
    }

    /// Lets nobody write to it any more.
    pub(super) fn read_only(&self) {
        let status = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status().unwrap();
        assert!(status.success());
    }

    /// Takes all the room that is left.
    pub(super) fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_while_an_apply_runs_stops_the_next_one_and_loses_nothing() {
    let sandbox = Sandbox::bumped();
    let Some(disk) = Disk::for_runs(sandbox.repo().join(".xtask"), 8 << 20) else { return };
    let gate = sandbox.gate();
    let running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    assert_eq!(held.account(), "dev");
    let filler = disk.fill();
    held.let_go();
    // The plan that was used up leaves some room, so a guard may be the first that can't write.
    running.finish().exits(1).says("1 done");
    assert_eq!(sandbox.tags_in_state("stage"), ["v0.52.1"]);
    assert_eq!(sandbox.log().applied(), ["100000000004"], "the one that ran has finished");
    sandbox.no_gate();
    fs::remove_file(filler).unwrap();
    wait_until_unlocked(&sandbox, "dev");
    sandbox.xtask(["runs", "resume", "--yes"]).run().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"], "each is applied once");
    apply(&sandbox, &["dev", "stage"]).run().exits(0).says("nothing to apply in 2 units");
}

#[test]
fn a_disk_that_is_full_from_the_beginning_keeps_everything_from_being_started() {
    let sandbox = Sandbox::bumped();
    let Some(disk) = Disk::for_runs(sandbox.repo().join(".xtask"), 1 << 20) else { return };
    disk.fill();
    apply(&sandbox, &["dev"]).run().exits(3).says("there is too little room on the disk: 0 MiB free");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn disk_with_too_little_room_for_a_cache_is_refused_before_anything_is_planned() {
    let sandbox = Sandbox::bumped();
    let cache = |account| sandbox.repo().join(unit(account)).join(".terragrunt-cache");
    // What is there of stage tells how much dev will take.
    fs::create_dir(cache("stage")).unwrap();
    fs::write(cache("stage").join("provider"), vec![1; 8 << 20]).unwrap();
    let Some(_disk) = Disk::mount(cache("dev"), 4 << 20) else { return };
    let said = apply(&sandbox, &["dev", "stage"]).run().exits(3);
    said.says("there is too little room on the disk: 4 MiB free, about 8 MiB needed").says("--allow full-disk");
    assert!(sandbox.log().calls().is_empty());
    let said = apply(&sandbox, &["dev", "stage"]).args(["--allow=full-disk"]).run().exits(0);
    said.says("Disk         4 MiB free, about 8 MiB needed");
}
