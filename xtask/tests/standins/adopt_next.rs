//! `adopt --git` asks for the tag before it writes, and what `adopt` says comes next works as it stands there.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::adopt::{adopt, contents, plain};
use super::command::Xtask;
use super::sandbox::Sandbox;

/// Real git, with the answers of nobody else's configuration.
fn git(sandbox: &Sandbox, folder: &str, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(args);
    let done = command.current_dir(sandbox.top().join(folder)).env("HOME", sandbox.top()).output().unwrap();
    assert!(done.status.success(), "{args:?} {done:?}");
}

/// `adopt --git` of a repository with the tag `v0.1.0`, with real git.
fn adopts<'a>(sandbox: &'a Sandbox, url: &str, tag: &str) -> Xtask<'a> {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", sandbox.world().join("bin").display());
    adopt(sandbox).args(["--yes", "--git", url, "--tag", tag]).without("XTASK_REHEARSAL").env("PATH", path)
}

fn with_upstream(sandbox: &Sandbox) -> String {
    fs::create_dir_all(sandbox.top().join("upstream")).unwrap();
    git(sandbox, "upstream", &["init", "--quiet"]);
    git(sandbox, "upstream", &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    git(sandbox, "upstream", &["tag", "v0.1.0"]);
    git(sandbox, "upstream", &["branch", "v0.2.0"]);
    format!("file://{}", sandbox.top().join("upstream").display())
}

#[test]
fn address_and_tag_are_asked_for_before_anything_is_written() {
    let sandbox = plain();
    let url = with_upstream(&sandbox);
    let before = contents(&sandbox);
    let gone = url.replace("upstream", "nowhere");
    for (url, tag, told) in [
        (url.as_str(), "v9.9.9", "has no tag `v9.9.9`"),
        (url.as_str(), "v0.2.0", "has no tag `v0.2.0`"),
        (gone.as_str(), "v0.1.0", "git can't tell whether"),
        ("git@example.com:x.git", "v0.1.0", "hint: --git ssh://git@example.com/x.git"),
        ("https://me:secret@example.com/x.git", "v0.1.0", "the address of `--git` has a user or a password in it"),
    ] {
        adopts(&sandbox, url, tag).run().exits(3).says(told).says_nothing_of("secret");
        assert_eq!(contents(&sandbox), before, "{url} {tag}");
    }
    let dry = adopts(&sandbox, &gone, "v0.1.0").args(["--dry-run"]).run().exits(0);
    dry.says("Not checked  whether there is a tag `v0.1.0`: only asked before something is written");
    assert_eq!(contents(&sandbox), before);
    let said = adopts(&sandbox, &url, "v0.1.0").run().exits(0);
    said.says_nothing_of("Not checked")
        .says("Versions     of dependencies are not pinned: no Cargo.lock comes with it");
    assert!(sandbox.read("xtask/Cargo.toml").contains("tag = \"v0.1.0\""));
}

#[test]
fn lock_file_that_comes_with_it_or_is_there_already_is_not_missed() {
    let sandbox = plain();
    adopt(&sandbox).args(["--yes"]).run().exits(0).says_nothing_of("Versions ");
    let lock = sandbox.read("Cargo.lock");
    let sandbox = plain();
    sandbox.write("Cargo.lock", "version = 4\n");
    adopt(&sandbox).args(["--yes"]).run().exits(0).says("Versions     of what Cargo.lock lacks are not pinned");
    sandbox.write("Cargo.lock", lock);
    adopt(&sandbox).args(["--yes"]).run().exits(0).says_nothing_of("Versions ");
}

/// `cargo xtask` as cargo has it by the alias, with the program that is built already; the rest goes to cargo itself.
const CARGO: &str = r#"#!/bin/sh
top=$(pwd)
while [ ! -f "$top/.cargo/config.toml" ]; do [ "$top" = / ] && exit 101; top=$(dirname "$top"); done
[ "$1" = xtask ] || exec "$CARGO" "$@"
grep -q '^xtask = "run ' "$top/.cargo/config.toml" || exit 102
[ -f "$top/Cargo.lock" ] || echo 'version = 4' > "$top/Cargo.lock"
shift
[ "$1" = rehearse ] && unset XTASK_REHEARSAL
exec "$XTASK" "$@"
"#;

/// A shell that reads these lines, and tells how each ended.
fn pasted<'a>(sandbox: &'a Sandbox, lines: &[&str]) -> Xtask<'a> {
    let cargo = sandbox.top().join("bin/cargo");
    fs::create_dir_all(cargo.parent().unwrap()).unwrap();
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let script = lines.iter().map(|line| format!("{line}\necho \"[$?] {line}\"\n")).collect::<String>();
    let script = format!("XTASK=$1; export XTASK\n{script}");
    let (own, world) = (sandbox.top().join("bin"), sandbox.world().join("bin"));
    let path = format!("{}:{}:{}", own.display(), world.display(), env::var("PATH").unwrap());
    let rehearse = super::rehearse::rehearse(sandbox).env("XTASK_REHEARSAL", sandbox.world()).env("PATH", path);
    rehearse.alone().through(["bash", "-c", &script, "bash"]).cwd(sandbox.top().join("home"))
}

#[test]
fn lines_under_next_work_if_they_are_pasted_in_order() {
    for by_git in [false, true] {
        let sandbox = Sandbox::new();
        fs::remove_dir_all(sandbox.repo().join(".git")).unwrap();
        git(&sandbox, "infrastructure-live", &["init", "--quiet"]);
        let adopted = match by_git {
            true => adopts(&sandbox, &with_upstream(&sandbox), "v0.1.0").run().exits(0),
            false => adopt(&sandbox).args(["--yes"]).run().exits(0),
        };
        let (_, next) = adopted.err.split_once("\nNext\n").unwrap();
        let next = next.replace("[repo]", sandbox.repo().to_str().unwrap());
        let lines: Vec<_> = next.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert!(lines.len() == 5, "{lines:?}");
        let said = pasted(&sandbox, &lines).run().exits(0);
        for line in &lines {
            assert!(
                said.out.contains(&format!("[0] {line}").replace(sandbox.repo().to_str().unwrap(), "[repo]")),
                "{line}\n{}",
                said.screen()
            );
        }
        assert!(said.err.contains("Rehearsed    the update to v1.3.0"), "{}", said.screen());
        let status = Command::new("git")
            .args(["status", "--porcelain"])
            .current_dir(sandbox.repo())
            .env("HOME", sandbox.top())
            .output();
        let status = String::from_utf8(status.unwrap().stdout).unwrap();
        for staged in
            ["A  .cargo/config.toml", "A  Cargo.lock", "A  Cargo.toml", "A  xtask/Cargo.toml", "A  xtask/src/main.rs"]
        {
            assert!(status.lines().any(|line| line == staged), "{staged}\n{status}");
        }
        assert!(!status.contains("?? xtask") && !status.contains(".xtask"), "{status}");
    }
}
