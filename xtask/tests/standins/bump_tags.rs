//! `bump-tags`: the literals move, and nothing else in the repository does.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::sandbox::{ACCOUNTS, Sandbox, files_below, unit};

/// A sandbox in whose ECR `v1.3.0` of both images is.
fn built() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.xtask(["build-images", "v1.3.0"]).run().exits(0);
    sandbox.clear_log();
    sandbox
}

fn moved(text: &str) -> String {
    text.replace(r#""v0.52.1""#, r#""v1.3.0""#)
}

/// When a file was last written, and which file it is.
fn stamp(path: &Path) -> (i64, i64, u64) {
    let file = fs::metadata(path).unwrap();
    (file.mtime(), file.mtime_nsec(), file.ino())
}

#[test]
fn diff_is_printed_and_only_the_literals_change() {
    let sandbox = built();
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(0).is("bump-tags");
    assert_eq!(sandbox.read("common.hcl"), moved(&before));
    // The images are asked for in the account of their registry alone.
    let log = sandbox.log();
    assert_eq!(log.n_asked("DescribeImages"), 2);
    assert!(log.asked().iter().all(|asked| asked.account() == "100000000002"), "{log:?}");
}

#[test]
fn line_ends_and_byte_order_mark_stay_as_they_are() {
    for (bom, end) in [("", "\r\n"), ("\u{feff}", "\n"), ("\u{feff}", "\r\n")] {
        let sandbox = Sandbox::new();
        let before = format!("{bom}{}", sandbox.read("common.hcl").replace('\n', end));
        sandbox.write("common.hcl", &before);
        sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
        assert_eq!(sandbox.read("common.hcl"), moved(&before), "{bom:?} {end:?}");
    }
}

#[test]
fn mode_of_the_file_is_kept_and_nothing_is_left_beside_it() {
    let sandbox = Sandbox::new();
    let file = sandbox.repo().join("common.hcl");
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    // Our own folder, which git ignores, holds the lock.
    let theirs =
        || files_below(&sandbox.repo()).into_iter().filter(|path| !path.to_string_lossy().contains("/.xtask/"));
    let before: Vec<_> = theirs().collect();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(theirs().collect::<Vec<_>>(), before);
}

#[test]
fn linked_file_stays_a_link() {
    let sandbox = Sandbox::new();
    let (link, real) = (sandbox.repo().join("common.hcl"), sandbox.repo().join("_envcommon/common.hcl"));
    let before = sandbox.read("common.hcl");
    fs::rename(&link, &real).unwrap();
    symlink("_envcommon/common.hcl", &link).unwrap();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("_envcommon/common.hcl"));
    assert_eq!(fs::read_to_string(real).unwrap(), moved(&before));
}

#[test]
fn second_run_says_already_at_and_writes_nothing() {
    let sandbox = built();
    sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(0);
    let before = stamp(&sandbox.repo().join("common.hcl"));
    sandbox.xtask(["bump-tags", "v1.3.0"]).run().exits(0).is("bump-tags-again");
    assert_eq!(stamp(&sandbox.repo().join("common.hcl")), before);
}

#[test]
fn check_exits_five_and_writes_nothing() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("common.hcl");
    sandbox.xtask(["bump-tags", "v1.3.0", "--check"]).run().exits(5).is("bump-tags-check");
    assert_eq!(sandbox.read("common.hcl"), before);
    assert!(sandbox.log().calls().is_empty());
    sandbox.xtask(["bump-tags", "v0.52.1", "--check"]).run().exits(0).prints_nothing();
}

#[test]
fn images_can_get_different_tags() {
    let sandbox = Sandbox::new();
    let args = ["bump-tags", "v1.3.0", "--set", "kaniko=v1.2.0", "--offline"];
    sandbox.xtask(args).run().exits(0);
    let text = sandbox.read("common.hcl");
    assert!(text.contains(r#"deploy_runner_container_image_tag = "v1.3.0""#), "{text}");
    assert!(text.contains(r#"kaniko_container_image_tag        = "v1.2.0" # only"#), "{text}");
    sandbox.xtask(["bump-tags", "--set=kaniko=v1", "--set=kaniko=v2", "--offline"]).run().exits(2);
}

#[test]
fn tag_that_is_no_known_release_is_named_and_moved() {
    for (tag, told) in [("v9.9.9", "v9.9.9 is not among the releases"), ("1.3.0", "perhaps v1.3.0 was meant")] {
        let sandbox = Sandbox::new();
        let said = sandbox.xtask(["bump-tags", tag, "--offline"]).run().exits(0).says(told);
        said.says("see above: No release");
        sandbox.xtask(["bump-tags", tag, "--offline"]).run().exits(0).says_nothing_of("No release");
    }
    Sandbox::new().xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0).says_nothing_of("No release");
}

#[test]
fn only_the_named_image_moves() {
    for args in [["--set", "kaniko=v1.3.0"], ["v1.3.0", "--image=kaniko"]] {
        let sandbox = Sandbox::new();
        let before = sandbox.read("common.hcl");
        sandbox.xtask(["bump-tags", "--offline"]).args(args).run().exits(0);
        let kaniko = |tag: &str| format!(r#"kaniko_container_image_tag        = "{tag}""#);
        assert_eq!(sandbox.read("common.hcl"), before.replace(&kaniko("v0.52.1"), &kaniko("v1.3.0")));
    }
}

#[test]
fn offline_asks_nobody() {
    let sandbox = Sandbox::new();
    sandbox.xtask(["bump-tags", "v1.3.0", "--offline"]).run().exits(0);
    assert!(sandbox.log().calls().is_empty());
}

#[test]
fn json_tells_what_changed_and_where() {
    let sandbox = Sandbox::new();
    let json = sandbox.xtask(["bump-tags", "v1.3.0", "--offline", "--format=json"]).run().exits(0).json();
    let all: Vec<_> = ACCOUNTS.iter().map(|(name, _)| unit(name)).collect();
    let change = |line: u32, key: &str, image: &str, decides: &[String]| {
        serde_json::json!({
            "file": "common.hcl", "line": line, "key": key, "from": "v0.52.1", "to": "v1.3.0", "images": [image],
            "decides": decides,
        })
    };
    let changes = [
        change(23, "deploy_runner_container_image_tag", "deploy-runner", &all),
        change(25, "kaniko_container_image_tag", "kaniko", &[unit("shared")]),
    ];
    let none: [u8; 0] = [];
    let expected = serde_json::json!({
        "schema": 1, "changes": changes, "already": none, "also": none, "left": none, "allowed": none, "unverified": none, "unread": none, "outside": none,
        "modules": none,
    });
    assert_eq!(json, expected);
}
