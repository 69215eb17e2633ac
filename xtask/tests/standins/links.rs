//! Links, modes and journals in `.xtask`: nothing outside of it is read or written, whoever prepared it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::interrupted::apply;
use super::sandbox::{Sandbox, files_below};

/// Everything below a folder with its content, or the content of a file.
fn content(path: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = if path.is_file() { vec![path.to_owned()] } else { files_below(path) };
    files.into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[test]
fn link_in_the_state_is_named_and_nothing_is_read_or_written_through_it() {
    let sandbox = Sandbox::bumped();
    apply(&sandbox, &["dev"]).run().exits(0);
    sandbox.clear_log();
    for name in [".xtask", ".xtask/runs", ".xtask/locks", ".xtask/lock", ".xtask/.gitignore", ".xtask/edit"] {
        let (place, outside) = (sandbox.repo().join(name), sandbox.top().join("outside"));
        if fs::rename(&place, &outside).is_err() {
            fs::create_dir(&outside).unwrap();
        }
        symlink(&outside, &place).unwrap();
        let before = content(&outside);
        apply(&sandbox, &["stage"]).run().exits(3).says(&format!("`{name}` is a symbolic link"));
        if name == ".xtask/runs" {
            sandbox.xtask(["runs"]).run().exits(3).says("`.xtask/runs` is a symbolic link");
        }
        assert_eq!(content(&outside), before, "{name}");
        fs::remove_file(&place).unwrap();
        fs::rename(&outside, &place).unwrap();
    }
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn state_is_private_whatever_the_umask_and_whatever_was_there() {
    for umask in ["000", "0777"] {
        let sandbox = Sandbox::bumped();
        let state = sandbox.repo().join(".xtask");
        for folder in [&state, &state.join("runs"), &state.join("locks")] {
            fs::create_dir_all(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        }
        // What the programs write is theirs: a plan alone makes nothing of their own that has to be read again.
        let script = format!("umask {umask}; exec \"$@\"");
        apply(&sandbox, &["dev"]).through(["/bin/sh", "-c", &script, "sh"]).run().exits(0);
        let mut folders = vec![state];
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
            for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                match entry.is_dir() {
                    true => folders.push(entry),
                    false => assert_eq!(mode(&entry), 0o600, "{}", entry.display()),
                }
            }
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn log_of_a_step_is_a_file_of_its_run_whatever_the_journal_names() {
    let sandbox = Sandbox::bumped();
    apply(&sandbox, &["dev"]).run().exits(0);
    fs::write(sandbox.top().join("secret"), "swordfish").unwrap();
    let run = fs::read_dir(sandbox.repo().join(".xtask/runs")).unwrap().next().unwrap().unwrap().path();
    let id = run.file_name().unwrap().to_str().unwrap().to_owned();
    super::journal::rewrite(&run.join("journal.jsonl"), |record| {
        if record["body"]["log"].is_string() {
            record["body"]["log"] = "../../../../secret".into();
        }
    });
    let said = sandbox.xtask(["runs", "logs", &id, "dev"]).run().exits(3);
    said.says("it names `../../../../secret`, which is no file of this run").says_nothing_of("swordfish");
    symlink(sandbox.top().join("secret"), run.join("link")).unwrap();
    super::journal::rewrite(&run.join("journal.jsonl"), |record| {
        if record["body"]["log"].is_string() {
            record["body"]["log"] = "link".into();
        }
    });
    let said = sandbox.xtask(["runs", "logs", &id, "dev"]).run().exits(1);
    said.says("is a symbolic link").says_nothing_of("swordfish");
}
