//! Modules from git: asked for once, in the foreground, before anything runs side by side.

use std::fs;

use super::cloud::Cloud;
use super::live::Live;
use super::shape::Shape;
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags};

/// Turns the catalog into a git repository, and the units' source into one of it.
pub(super) fn from_git(live: &Live) -> String {
    let catalog = live.root().with_file_name("catalog");
    for words in [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "Begin"]] {
        let status = live.command("git").args(words).current_dir(&catalog).status().expect("git starts");
        assert!(status.success(), "git {words:?}");
    }
    let plain = catalog.display().to_string();
    let remote = format!("file://{plain}");
    live.edit("_envcommon/mgmt/ecs-deploy-runner.hcl", |text| text.replace(&plain, &format!("git::{remote}")));
    remote
}

#[test]
fn git_source_of_six_units_is_asked_for_once_and_then_used() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let remote = from_git(&live);
    let told = ends_with(&live, &["apply-all", "--yes"], 0);
    assert!(told.contains("1 git repository readable"), "{told}");
    assert_eq!(tags(&cloud, "100000000004").len(), 2, "dev was applied");
    let queue = live.command(env!("CARGO_BIN_EXE_xtask")).args(["apply-all", "--dry-run", "--verbose"]).output();
    let queue = String::from_utf8(queue.expect("xtask starts").stdout).expect("it is text");
    assert_eq!(queue.matches(&format!("git ls-remote --exit-code {remote} HEAD")).count(), 1, "{queue}");
}

#[test]
fn source_that_git_cannot_read_is_refused_before_anything_is_planned() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    from_git(&live);
    fs::rename(live.root().with_file_name("catalog"), live.root().with_file_name("gone")).expect("the folder is there");
    let told = ends_with(&live, &["apply-all", "--yes", "--account", "dev"], 3);
    assert!(told.contains("git can't read the module source `file://"), "{told}");
    assert!(!live.unit("dev").join(".terragrunt-cache").exists(), "nothing was planned");
}
