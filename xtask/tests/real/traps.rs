//! Traps that only the real git can show: a checkout that isn't what everybody has, and sources that can't be read.

use std::fs;

use serde_json::Value;

use super::by_hand::text;
use super::cloud::Cloud;
use super::live::Live;
use super::shape::Shape;
use super::sources::from_git;
use super::toolbox::Toolbox;
use super::typed::xtask;

fn word<'v>(finding: &'v Value, key: &str) -> &'v str {
    finding[key].as_str().expect("it is text")
}

/// What the doctor says of one thing: its grade, its text and its details.
fn says(live: &Live, words: &[&str], name: &str) -> String {
    let output = xtask(live, &[&["doctor", "v1.3.0", "--format=json"], words].concat()).output().expect("xtask starts");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    let findings = report["findings"].as_array().expect("a list").iter().filter(|finding| finding["name"] == name);
    findings.map(|it| format!("{}: {} {}", word(it, "grade"), word(it, "text"), it["details"])).collect()
}

#[track_caller]
fn git(live: &Live, words: &[&str]) {
    let output = live.command("git").args(words).output().expect("git starts");
    assert!(output.status.success(), "{words:?}: {}", text(&output));
}

#[test]
fn checkout_that_is_dirty_or_behind_its_remote_is_found() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let checkout = || says(&live, &["--offline"], "checkout");
    assert_eq!(checkout(), "ok: main, clean; it follows no remote branch []");

    let remote = live.root().with_file_name("remote.git").display().to_string();
    git(&live, &["clone", "--quiet", "--bare", ".", &remote]);
    git(&live, &["remote", "add", "origin", &remote]);
    git(&live, &["fetch", "--quiet", "origin"]);
    git(&live, &["branch", "--quiet", "--set-upstream-to=origin/main"]);
    assert_eq!(checkout(), "ok: main, clean, not behind what was last fetched []");

    git(&live, &["commit", "--quiet", "--allow-empty", "--message=Somebody else's"]);
    git(&live, &["push", "--quiet"]);
    git(&live, &["reset", "--quiet", "--hard", "HEAD~1"]);
    assert_eq!(checkout(), "warn: main is 1 commit behind its remote branch []");

    live.edit("common.hcl", |text| format!("{text}# mine\n"));
    assert_eq!(checkout(), "warn: main: 1 file not committed, and 1 commit behind its remote branch []");
    git(&live, &["rebase", "--quiet", "--autostash", "origin/main"]);
    assert_eq!(checkout(), "warn: main: 1 file not committed, which will be applied as well []");
}

#[test]
fn source_that_git_cannot_read_is_found() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let remote = from_git(&live);
    assert_eq!(says(&live, &[], "sources"), "ok: 1 git repository readable []");
    let (catalog, gone) = (live.root().with_file_name("catalog"), live.root().with_file_name("gone"));
    fs::rename(catalog, gone).expect("the folder is there");
    let said = says(&live, &[], "sources");
    assert!(said.starts_with(&format!("fail: git can't read `{remote}` without asking somebody [")), "{said}");
    assert!(said.contains("fatal: '") && said.contains("does not appear to be a git repository"), "{said}");
}
