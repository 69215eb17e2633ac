//! Places that nobody can write to: nothing is started, and what is wrong is said with its path.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::bump_killed::as_nobody;
use super::full_disk::Disk;
use super::interrupted::apply;
use super::sandbox::Sandbox;

/// Every command that leaves something in `.xtask`.
const COMMANDS: [&[&str]; 4] = [
    &["apply-all", "--yes", "--account=dev"],
    &["build-images", "v1.3.0"],
    &["bump-tags", "v1.3.1", "--offline"],
    &["update", "v1.3.1", "--yes"],
];

fn refused_everywhere(sandbox: &Sandbox, why: &str) {
    let before = sandbox.read("common.hcl");
    for command in COMMANDS {
        let said = sandbox.xtask(command.iter().copied()).run();
        assert_eq!(said.code, Some(3), "{command:?}: {}", said.screen());
        said.says(why).says(".xtask").says_nothing_of("panicked");
    }
    assert_eq!(sandbox.read("common.hcl"), before);
    assert!(sandbox.log().applies().is_empty() && sandbox.log().of("infrastructure-deployer").is_empty());
}

#[test]
fn file_in_the_place_of_the_folder_is_named_and_left_alone() {
    let sandbox = Sandbox::bumped();
    sandbox.write(".xtask", "somebody's own");
    refused_everywhere(&sandbox, "error: cannot");
    assert_eq!(sandbox.read(".xtask"), "somebody's own");
}

#[test]
fn folder_on_a_read_only_disk_keeps_everything_from_being_started() {
    let sandbox = Sandbox::bumped();
    let Some(disk) = Disk::mount(sandbox.repo().join(".xtask"), 256 << 20) else { return };
    disk.read_only();
    refused_everywhere(&sandbox, "Read-only file system");
}

#[test]
fn folder_for_temporary_files_that_is_full_or_read_only_or_missing_is_named_with_what_to_do() {
    let sandbox = Sandbox::bumped();
    let place = sandbox.top().join("tiny");
    let missing = sandbox.top().join("missing");
    let refused = |folder: &std::path::Path, why: &str| {
        for command in [COMMANDS[0], COMMANDS[1], COMMANDS[3], &["verify"]] {
            let said = sandbox.xtask(command.iter().copied()).env("TMPDIR", folder).run();
            assert_eq!(said.code, Some(3), "{command:?}: {}", said.screen());
            said.says("to the folder for temporary files, so nothing was started")
                .says(&format!("  --> [top]/{}", folder.file_name().unwrap().to_str().unwrap()))
                .says(why)
                .says("hint: make room there, or name another folder by the variable TMPDIR");
        }
        let said = sandbox.xtask(["rehearse"]).env("TMPDIR", folder).without("XTASK_REHEARSAL").run();
        said.says("cannot make a folder for the rehearsal").says(why).says("variable TMPDIR");
    };
    refused(&missing, "No such file or directory");
    let Some(disk) = Disk::mount(place.clone(), 1 << 20) else { return };
    disk.read_only();
    refused(&place, "Read-only file system");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn full_folder_for_temporary_files_is_named_with_what_to_do() {
    let sandbox = Sandbox::bumped();
    let place = sandbox.top().join("tiny");
    let Some(disk) = Disk::mount(place.clone(), 1 << 20) else { return };
    disk.fill();
    let said = apply(&sandbox, &["dev"]).env("TMPDIR", place).run().exits(3);
    said.says("--> [top]/tiny").says("No space left on device").says("variable TMPDIR");
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn folder_of_earlier_runs_that_became_read_only_can_still_be_read() {
    let sandbox = Sandbox::bumped();
    let Some(disk) = Disk::mount(sandbox.repo().join(".xtask"), 256 << 20) else { return };
    apply(&sandbox, &["dev"]).run().exits(0);
    disk.read_only();
    let listed = sandbox.xtask(["runs"]).run().exits(0);
    let run = listed.raw_out.split_whitespace().find(|word| word.starts_with("20")).unwrap();
    let shown = sandbox.xtask(["runs", "show", run]).run().exits(0);
    assert!(shown.out.contains("succeeded"), "{}", shown.screen());
    sandbox.xtask(["runs", "logs", run, "dev"]).run().exits(0);
    apply(&sandbox, &["stage"]).run().exits(3).says("Read-only file system");
}

#[test]
fn folder_without_the_right_to_write_keeps_everything_from_being_started() {
    let sandbox = Sandbox::bumped();
    let folder = sandbox.repo().join(".xtask");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    as_nobody(&sandbox, ["apply-all", "--yes", "--account=dev"])
        .run()
        .exits(3)
        .says("Permission denied")
        .says(".xtask");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(sandbox.log().applies().is_empty());
}
