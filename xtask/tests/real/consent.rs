//! What was shown and agreed to is what is applied: on the real terragrunt and terraform, at both ends of what is supported.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::by_hand::text;
use super::cloud::Cloud;
use super::killed::{signal, start, wait_until_ended};
use super::live::Live;
use super::operator::script;
use super::shape::{Apply, Shape, Terragrunt};
use super::toolbox::Toolbox;
use super::typed::{ends_with, tags, xtask};

const DEV: &str = "100000000004";

/// A repository for each terragrunt, with an AWS of its own.
fn both(apply: Apply, test: impl Fn(&Cloud, &Live)) {
    let Some(tools) = Toolbox::get() else { return };
    for terragrunt in [Terragrunt::V0, Terragrunt::V1] {
        let cloud = Cloud::start(tools);
        let live = Live::new(tools, &cloud, Shape { terragrunt, apply, ..Shape::default() });
        test(&cloud, &live);
    }
}

/// The module of all units, which lies outside the repository, with a script beside it that each apply runs.
fn module_with_a_script(live: &Live) -> PathBuf {
    let module = live.root().with_file_name("catalog").join("modules/ecs-deploy-runner");
    let main = fs::read_to_string(module.join("main.tf")).expect("it is there");
    let resource = r#"
resource "terraform_data" "script" {
  triggers_replace = [local.images]
  depends_on       = [terraform_data.gate]
  provisioner "local-exec" {
    command = "sh ${path.module}/register.sh"
  }
}
"#;
    fs::write(module.join("main.tf"), main + resource).expect("it can be written");
    fs::write(module.join("register.sh"), "true\n").expect("it can be written");
    module
}

/// A script that tells by a file that it ran.
fn other_script(live: &Live) -> (PathBuf, String) {
    let ran = live.root().with_file_name("ran");
    let text = format!("echo ran > {}\n", ran.display());
    (ran, text)
}

/// The copies of a file in the cache of dev's unit.
fn copies(live: &Live, name: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![live.unit("dev").join(".terragrunt-cache")]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|it| it == name) {
                found.push(path);
            }
        }
    }
    found
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn state_in_git_or_behind_a_link_is_refused_and_a_real_run_leaves_all_of_it_private() {
    both(Apply::Plain, |cloud, live| {
        let state = live.root().join(".xtask");
        let outside = live.root().with_file_name("outside");
        fs::create_dir(&outside).expect("it can be made");
        symlink(&outside, &state).expect("it can be linked");
        let told = ends_with(live, &["apply-all", "--yes", "--account", "dev"], 3);
        assert!(told.contains("`.xtask` is a symbolic link"), "{told}");
        assert_eq!(fs::read_dir(&outside).expect("it is there").count(), 0);
        fs::remove_file(&state).expect("it is a link");

        let mut under_umask = live.command("/bin/sh");
        let xtask = env!("CARGO_BIN_EXE_xtask");
        under_umask.args([
            "-c",
            "umask 000; exec \"$0\" \"$@\"",
            xtask,
            "apply-all",
            "--yes",
            "--allow=unexpected",
            "--account",
            "dev",
        ]);
        let output = under_umask.output().expect("it starts");
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(tags(cloud, DEV).len(), 2);
        let mut folders = vec![state.clone()];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
            for entry in fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.path()) {
                match entry.is_dir() {
                    true => folders.push(entry),
                    false => assert_eq!(mode(&entry), 0o600, "{}", entry.display()),
                }
            }
        }

        let add = live.command("git").args(["add", "--force", ".xtask/runs"]).status().expect("git starts");
        assert!(add.success());
        for words in [&["runs", "resume"][..], &["apply-all", "--yes", "--account", "dev"]] {
            let told = ends_with(live, words, 3);
            assert!(told.contains("git tracks files in `.xtask`"), "{told}");
        }
    });
}

const YES: [&str; 5] = ["--yes", "--allow", "unexpected", "--account", "dev"];

#[test]
fn script_beside_a_module_that_changes_after_the_plan_is_not_run() {
    const CHANGED: &str = "a module that the plan was made from has changed since";
    both(Apply::Plain, |cloud, live| {
        let module = module_with_a_script(live);
        let (ran, other) = other_script(live);
        let told = ends_with(live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        let (_, run) = told.split_once("apply-all --from ").expect("it says how to go on");
        let run = run.split_whitespace().next().expect("it names the run").to_owned();
        let from = ["apply-all", "--yes", "--allow", "unexpected", "--from", &run];
        let copies = copies(live, "register.sh");
        assert!(!copies.is_empty());
        for place in copies.iter().chain([&module.join("register.sh")]) {
            fs::write(place, &other).expect("it can be written");
            let told = ends_with(live, &from, 3);
            assert!(told.contains(CHANGED), "{}: {told}", place.display());
            fs::write(place, "true\n").expect("it can be written");
        }
        ends_with(live, &from, 0);
        assert_eq!(tags(cloud, DEV).len(), 2);

        // Terragrunt itself changes it, when everything has been looked at.
        fs::write(module.join("other.sh"), &other).expect("it can be written");
        let hook = r#"terraform {
  before_hook "other" {
    commands = ["apply"]
    execute  = ["sh", "-c", "cat other.sh > register.sh"]
  }
"#;
        live.edit(live.unit("dev").join("terragrunt.hcl"), |text| text.replacen("terraform {", hook, 1));
        fs::write(module.join("register.sh"), "true # again\n").expect("it can be written");
        live.edit("common.hcl", |text| text.replace("v0.52.1", "v0.52.0"));
        let output = xtask(live, &["apply-all", "--allow", "unverified-image"]).args(YES).output().expect("it starts");
        let told = text(&output);
        assert!(!output.status.success() && told.contains(CHANGED), "{told}");
        assert!(!ran.exists(), "the other script was run: {told}");
    });
}

/// Adds a hook to the unit of an account.
fn hook(live: &Live, account: &str, hook: &str) {
    let hook = format!("terraform {{\n  {hook}\n");
    live.edit(live.unit(account).join("terragrunt.hcl"), |text| text.replacen("terraform {\n", &hook, 1));
}

#[test]
fn checkout_that_changes_after_the_plan_is_refused_whatever_runs_its_files() {
    both(Apply::Plain, |cloud, live| {
        let (ran, other) = other_script(live);
        let scripts = live.root().join("scripts");
        fs::create_dir(&scripts).expect("it is new");
        fs::write(scripts.join("hook.sh"), "true\n").expect("it can be written");
        let execute = r#"execute = ["sh", "${get_repo_root()}/scripts/hook.sh"]"#;
        hook(live, "dev", &format!("before_hook \"script\" {{\n    commands = [\"apply\"]\n    {execute}\n  }}"));
        for words in [&["add", "--all"][..], &["commit", "--quiet", "--message", "Scripts"]] {
            assert!(live.command("git").args(words).status().expect("git starts").success());
        }
        let told = ends_with(live, &["apply-all", "--plan-only", "--account", "dev"], 0);
        let (_, run) = told.split_once("apply-all --from ").expect("it says how to go on");
        let run = run.split_whitespace().next().expect("it names the run").to_owned();
        let from = ["apply-all", "--yes", "--allow", "unexpected", "--from", &run];
        let evil = format!(
            "terraform {{\n  before_hook \"new\" {{\n    commands = [\"apply\"]\n    execute = [\"sh\", \"-c\", \"{}\"]\n  }}\n}}\n",
            other.trim()
        );
        let nearer = fs::read_to_string(live.root().join("terragrunt.hcl")).expect("it is there") + &evil;
        for (file, text) in [("scripts/hook.sh", &other), (".hooks/new.sh", &other), ("dev/terragrunt.hcl", &nearer)] {
            let path = live.root().join(file);
            let earlier = fs::read(&path).ok();
            fs::create_dir_all(path.parent().expect("it lies somewhere")).expect("it can be made");
            fs::write(&path, text).expect("it can be written");
            let told = ends_with(live, &from, 3);
            assert!(told.contains("the checkout has changed since the plan was made"), "{file}: {told}");
            assert!(told.contains(file), "{file}: {told}");
            match earlier {
                Some(bytes) => fs::write(&path, bytes).expect("it can be written"),
                None => fs::remove_file(&path).expect("it is there"),
            }
        }
        assert!(!ran.exists());
        // Another unit may change meanwhile.
        live.edit(live.unit("logs").join("terragrunt.hcl"), |text| format!("{text}# later\n"));
        ends_with(live, &from, 0);
        assert_eq!(tags(cloud, DEV).len(), 2);
    });
}

#[test]
fn what_changes_between_two_waves_is_refused_before_terragrunt_runs_any_of_it() {
    both(Apply::Plain, |cloud, live| {
        let (ran, other) = other_script(live);
        let prod = live.unit("prod").join("terragrunt.hcl");
        let changed = live.root().with_file_name("changed.hcl");
        let evil = format!(
            "terraform {{\n  before_hook \"new\" {{\n    commands = [\"apply\"]\n    execute = [\"sh\", \"-c\", \"{}\"]\n  }}\n",
            other.trim()
        );
        let text = fs::read_to_string(&prod).expect("it is there");
        fs::write(&changed, text.replacen("terraform {\n", &evil, 1)).expect("it can be written");
        let execute = format!("execute = [\"/bin/cp\", \"{}\", \"{}\"]", changed.display(), prod.display());
        hook(live, "dev", &format!("after_hook \"change\" {{\n    commands = [\"apply\"]\n    {execute}\n  }}"));
        let told = ends_with(live, &["apply-all", "--yes", "--account=dev", "--account=prod"], 1);
        assert!(told.contains("a file that the plan was made from has changed since"), "{told}");
        assert!(!ran.exists(), "the new hook was run: {told}");
        assert_eq!((tags(cloud, DEV).len(), tags(cloud, "100000000006").len()), (2, 0));
    });
}

#[test]
fn consent_is_not_carried_over_to_another_script_and_is_to_the_same() {
    both(Apply::WaitsAtGate, |_, live| {
        let module = module_with_a_script(live);
        let (ran, other) = other_script(live);
        let mut words = vec!["apply-all", "--jobs", "1", "--account", "stage"];
        words.extend(YES);
        let mut runner = start(live, &words);
        let held = live.gate().next();
        signal(&runner, "KILL");
        runner.wait().expect("it was killed");
        held.let_go();
        wait_until_ended(live);
        let run = fs::read_dir(live.root().join(".xtask/runs")).expect("it is there").flatten().next().expect("one");
        let run = run.file_name().to_str().expect("it is text").to_owned();

        for change in [&other, "true\n"] {
            let is_same = change == "true\n";
            fs::write(module.join("register.sh"), change).expect("it can be written");
            if is_same {
                let again = start(live, &["runs", "resume", &run]);
                live.gate().next().let_go();
                let output = again.wait_with_output().expect("it ends");
                let told = text(&output);
                assert!(output.status.success() && told.contains("carried over from run"), "{told}");
            } else {
                let told = ends_with(live, &["runs", "resume", &run], 3);
                assert!(told.contains("with other values, commands or files"), "{told}");
            }
        }
        assert!(!ran.exists());
    });
}

#[test]
fn branch_that_is_switched_while_an_update_proves_accounts_is_refused_before_anything_is_moved() {
    both(Apply::Plain, |cloud, live| {
        let mfa = live.root().with_file_name("home").join("mfa.sh");
        let text = fs::read_to_string(&mfa).expect("it is there");
        let commit = format!("git -C '{}' commit --quiet --allow-empty --message Other >&2\n", live.root().display());
        script(&mfa, &text.replace("echo 123456", &format!("{commit}echo 123456")));
        let before = fs::read(live.root().join("common.hcl")).expect("it is there");
        let told = ends_with(live, &["update", "v1.3.0", "--yes", "--account", "dev"], 3);
        assert!(told.contains("another commit is checked out than when this update began"), "{told}");
        assert_eq!(fs::read(live.root().join("common.hcl")).expect("it is there"), before);
        assert!(tags(cloud, DEV).is_empty());
    });
}

#[test]
fn settings_that_decide_what_runs_are_named_and_marked_where_nobody_else_has_them() {
    let Some(tools) = Toolbox::get() else { return };
    let cloud = Cloud::start(tools);
    let live = Live::new(tools, &cloud, Shape::default());
    let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
    assert!(!told.contains("Settings"), "all of them are the defaults: {told}");

    let settings = "[workspace]\nmembers = []\n[workspace.metadata.xtask]\npass-environment = [\"GIT_*\"]\n";
    let file = live.root().join("Cargo.toml");
    fs::write(&file, settings.to_owned() + "require-clean = \"production\"\n").expect("it can be written");
    let git = |words: &[&str]| assert!(live.command("git").args(words).status().expect("git starts").success());
    git(&["add", "Cargo.toml"]);
    git(&["commit", "--quiet", "--message", "Settings"]);
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let told = ends_with(&live, &["apply-all", "--plan-only", "--account", "dev"], 0);
    assert!(told.contains("\nSettings     pass-environment GIT_*\n"), "{told}");

    let tool = live.root().join("tools/give");
    fs::create_dir(live.root().join("tools")).expect("it can be made");
    script(&tool, "#!/bin/bash\nprofile=$1; shift; exec aws-vault exec \"$profile\" -- \"$@\"\n");
    let settings = settings.to_owned()
        + "credentials = [\"./tools/give\", \"{profile}\"]\nenvironments = { prod = \"development\" }\n";
    fs::write(&file, settings).expect("it can be written");
    let line = format!(
        "\nSettings     credentials {} {{profile}} (not so on origin/main)   environments.prod development (not so on origin/main)   \
         pass-environment GIT_*   no require-clean (production on origin/main)\n",
        tool.display()
    );
    let told = ends_with(&live, &["--quiet", "apply-all", "--plan-only", "--account", "dev"], 0);
    assert!(format!("\n{told}").contains(&line), "{told}");
    let output = xtask(&live, &["doctor", "--offline"]).output().expect("it starts");
    assert!(text(&output).contains(&line), "{}", text(&output));
}

#[test]
fn what_a_failed_apply_left_tainted_is_named_with_its_run_and_made_anew_when_that_is_resumed() {
    both(Apply::Plain, |cloud, live| {
        let module = module_with_a_script(live);
        let works = live.root().with_file_name("works");
        fs::write(module.join("register.sh"), format!("test -e {}\n", works.display())).expect("it can be written");
        let words: Vec<_> = ["apply-all"].into_iter().chain(YES).collect();
        let told = ends_with(live, &words, 1);
        let (_, run) = told.split_once("runs resume ").expect("it says how to go on");
        let run = run.split_whitespace().next().expect("it names the run").to_owned();
        // Everything but the script's resource was made.
        assert_eq!(tags(cloud, DEV).len(), 2, "{told}");

        fs::write(&works, "").expect("it can be written");
        let told = ends_with(live, &["runs", "resume", "--yes", &run], 0);
        let row = told.lines().find(|line| line.contains("replace") && line.contains("terraform_data.script"));
        assert!(row.is_some() && told.contains("tainted by run ") && told.contains(", whose apply failed"), "{told}");
        assert!(told.contains("1 change") && told.contains("Finished     1 of 1 unit"), "{told}");
        assert_eq!(tags(cloud, DEV).len(), 2, "nothing else was made once more");
        assert!(ends_with(live, &words, 0).contains("nothing to apply in 1 unit"));
    });
}
