//! `rehearse`: the whole update on a sample or a copy, which a machine without any of the tools can do.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::command::Xtask;
use super::log::Log;
use super::sandbox::{ACCOUNTS, Sandbox, files_below};

/// `rehearse` with what cargo needs to find its compiler; the stand-ins are up to date, so that nothing is built.
pub(super) fn rehearse(sandbox: &Sandbox) -> Xtask<'_> {
    let home = env::var("HOME").unwrap();
    let folder = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| format!("{home}/{default}"));
    let command = sandbox.xtask(["rehearse", "v1.3.0"]).without("XTASK_REHEARSAL").cwd(sandbox.top().join("home"));
    let command = command.env("CARGO", env!("CARGO")).env("PATH", env::var("PATH").unwrap());
    let command = command.env("CARGO_HOME", folder("CARGO_HOME", ".cargo"));
    let command = command.env("RUSTUP_HOME", folder("RUSTUP_HOME", ".rustup"));
    let passed = ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_NET_OFFLINE"];
    passed
        .into_iter()
        .filter_map(|name| Some((name, env::var(name).ok()?)))
        .fold(command, |command, (name, value)| command.env(name, value))
}

/// Where the one rehearsal took place.
fn place(sandbox: &Sandbox) -> PathBuf {
    let mut folders = fs::read_dir(sandbox.top().join("tmp")).unwrap().map(|entry| entry.unwrap().path());
    let place = folders.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("xtask-rehearsal-"));
    place.unwrap()
}

fn log(place: &Path) -> Log {
    Log::parse(&fs::read_to_string(place.join("world/log.jsonl")).unwrap())
}

#[test]
fn sample_of_six_accounts_is_updated() {
    let sandbox = Sandbox::new();
    let said = rehearse(&sandbox).run().exits(0);
    said.says("a sample of six accounts").says("6 of 6 units").says("Rehearsed    the update to v1.3.0");
    let mut applied: Vec<_> = log(&place(&sandbox)).applied().iter().map(ToString::to_string).collect();
    assert_eq!(applied.last().unwrap(), "100000000006", "production comes last");
    applied.sort_unstable();
    let mut ids = ACCOUNTS.map(|(_, id)| id.to_owned());
    ids.sort_unstable();
    assert_eq!(applied, ids);
}

#[test]
fn wrong_account_ends_it_before_anything_ran_anywhere() {
    let sandbox = Sandbox::new();
    rehearse(&sandbox).args(["--inject", "wrong-account:dev"]).run().exits(3).is("rehearse-wrong-account");
    let log = log(&place(&sandbox));
    assert!(log.nothing_worked() && log.asked().is_empty(), "{log:?}");
}

#[test]
fn failure_shows_as_it_would_in_earnest() {
    let sandbox = Sandbox::new();
    rehearse(&sandbox).args(["--inject", "fail:prod"]).run().exits(1).says("Failed       prod").says("exit code 1");
}

/// The commands that hints name, as they stand there.
fn hinted(sandbox: &Sandbox, text: &str) -> Vec<String> {
    let commands = text.lines().filter_map(|line| Some(&line[line.find("cargo xtask ")?..]));
    let place = place(sandbox).display().to_string();
    let told =
        commands.filter(|line| line.contains(" --in ")).map(|line| line.replace("[top]/tmp/[rehearsal]", &place));
    told.collect()
}

#[test]
fn hints_of_a_failed_rehearsal_work_where_the_user_stands() {
    for (fault, hint, says) in [
        ("fail:prod", "runs resume ", "Applied      prod"),
        (
            "wrong-tag-running:dev",
            "aws-vault exec your-dev -- aws ecs deregister-task-definition ",
            "\"status\": \"INACTIVE\"",
        ),
    ] {
        let sandbox = Sandbox::new();
        let failed = rehearse(&sandbox).args(["--inject", fault]).run().exits(1);
        let place = place(&sandbox);
        let commands = hinted(&sandbox, &failed.err);
        let command = commands.iter().find(|it| it.contains(&format!(" --in {} -- {hint}", place.display())));
        let command = command.unwrap_or_else(|| panic!("{hint} {commands:?}\n{}", failed.screen()));
        let runs =
            fs::read_dir(place.join("infrastructure-live/.xtask/runs")).unwrap().map(|entry| entry.unwrap().path());
        let run = runs
            .filter(|run| run.join("dev.apply.log").is_file())
            .find_map(|run| run.file_name()?.to_str()?.rsplit('-').next().map(str::to_owned));
        let line = command.replace("cargo xtask ", "\"$1\" ").replace("[run]", &run.unwrap());
        // Nobody is there to be asked about what the failed apply has left.
        let yes = if hint.starts_with("runs") { " --yes --allow unexpected" } else { "" };
        let pasted = rehearse(&sandbox).alone().through(["bash", "-c", &format!("{line}{yes}"), "bash"]).run().exits(0);
        assert!(pasted.screen().contains(says), "{}", pasted.screen());
        assert!(sandbox.log().calls().is_empty(), "the stand-ins around are not asked");
    }
}

#[test]
fn nothing_is_claimed_that_was_not_rehearsed() {
    let sandbox = Sandbox::new();
    let said = rehearse(&sandbox).args(["--inject", "wrong-account:dev"]).run().exits(3);
    said.says("rehearsed until it ended with exit code 3: identity\n")
        .says("not rehearsed: build-images, bump-tags, apply-all, the questions")
        .says_nothing_of("proven: the order");
    let sandbox = Sandbox::new();
    let said = rehearse(&sandbox).run().exits(0);
    said.says("rehearsed: identity, build-images, bump-tags, apply-all on the sample")
        .says("not rehearsed: the questions\n");
    let sandbox = Sandbox::new();
    rehearse(&sandbox).args(["--in", "/nowhere", "--", "units"]).run().exits(2);
    let gone = rehearse(&sandbox).alone().args(["rehearse", "--in", "/nowhere", "--", "units"]);
    gone.run().exits(3).says("there is no rehearsal in this folder");
    let elsewhere =
        rehearse(&sandbox).alone().args(["rehearse", "--in", "/nowhere", "--", "units", "--repo=/somewhere"]);
    elsewhere.run().exits(2).says("a rehearsal is about its own copy");
}

#[test]
fn what_is_allowed_is_allowed_in_the_rehearsal() {
    let sandbox = Sandbox::new();
    rehearse(&sandbox).alone().args(["rehearse", "latest", "--yes"]).run().exits(3).says("--allow unknown-release");
    let sandbox = Sandbox::new();
    rehearse(&sandbox)
        .alone()
        .args(["rehearse", "latest", "--yes", "--allow", "unknown-release"])
        .run()
        .exits(0)
        .says("Rehearsed    the update to latest");
}

#[test]
fn known_trouble_with_images_can_be_rehearsed() {
    for (fault, code, said) in [
        ("no-secret", 1, "the deployed runner can't hand the GitHub token to the build"),
        ("old-kaniko", 3, "hint: a runner from before v0.50.6 can't be taught: build this one image by hand"),
        ("wrong-tag-running:dev", 1, "what the repository says does not run in `dev`"),
        ("idempotent", 0, "was there already, not built"),
    ] {
        let sandbox = Sandbox::new();
        rehearse(&sandbox).args(["--inject", fault]).run().exits(code).says(said);
    }
}

#[test]
fn in_a_repository_a_copy_is_rehearsed_and_the_original_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let contents = || -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&sandbox.repo()).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let before = contents();
    let said = rehearse(&sandbox).cwd(sandbox.repo().join("dev")).run().exits(0);
    said.says("a copy of [repo]").says("not rehearsed: the questions, your HCL in the real programs");
    assert_eq!(contents(), before);
    assert!(sandbox.log().calls().is_empty(), "the stand-ins around the original are not asked");
    assert_eq!(log(&place(&sandbox)).applied().len(), 6);
}

#[test]
fn folder_inside_a_repository_is_refused() {
    let sandbox = Sandbox::new();
    let inside = sandbox.repo().join("rehearsal");
    rehearse(&sandbox).args(["--into".into(), inside]).run().exits(3).is("rehearse-inside-a-repository");
}

#[test]
fn folder_that_is_not_empty_is_refused() {
    let sandbox = Sandbox::new();
    let full = sandbox.top().join("home/full");
    fs::create_dir_all(full.join("something")).unwrap();
    rehearse(&sandbox).args(["--into".into(), full]).run().exits(3).says("this folder is not empty");
}

#[test]
fn fault_that_does_not_exist_is_told() {
    let sandbox = Sandbox::new();
    for fault in ["wrong-acount:dev", "fail", "fail:", "no-image:dev"] {
        rehearse(&sandbox).args(["--inject", fault]).run().exits(2).says(fault);
    }
    let said = rehearse(&sandbox).args(["--inject", "fail:nowhere"]).run();
    assert_ne!(said.code, Some(0), "{said:?}");
    said.says("`--inject` names `nowhere`, and the accounts are dev, logs, prod, security, shared, stage");
}

#[test]
fn links_within_a_repository_are_rehearsed_and_those_that_lead_out_are_named() {
    let sandbox = Sandbox::new();
    let region = sandbox.repo().join("dev/us-east-1/region.hcl");
    fs::create_dir(sandbox.repo().join("regions")).unwrap();
    fs::rename(&region, sandbox.repo().join("regions/us-east-1.hcl")).unwrap();
    std::os::unix::fs::symlink("../../regions/us-east-1.hcl", &region).unwrap();
    std::os::unix::fs::symlink("/etc", sandbox.repo().join("outside")).unwrap();
    let said = rehearse(&sandbox).cwd(sandbox.repo()).run().exits(0);
    said.says("Left out     outside   a link that leads out of the repository").says("6 of 6 units");
}
