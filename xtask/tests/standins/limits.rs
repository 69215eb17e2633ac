//! Limits of the machine and unusual files: no threads left, FIFOs in the place of files.

use std::fs;
use std::process::Command;

use super::sandbox::{Sandbox, unit};

fn fifo(sandbox: &Sandbox, file: &str) {
    let path = sandbox.repo().join(file);
    let _ = fs::remove_file(&path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn fifos_in_the_place_of_files_are_named_and_never_waited_for() {
    let own = format!("{}/terragrunt.hcl", unit("dev"));
    for file in ["accounts.json", "common.hcl", "Cargo.toml", "terragrunt.hcl", "dev/account.hcl", &own] {
        let sandbox = Sandbox::bumped();
        fifo(&sandbox, file);
        let said = sandbox.xtask(["status"]).run();
        assert_eq!(said.code, Some(3), "{file}: {}", said.screen());
        assert!(said.screen().contains("only regular files are read"), "{file}: {}", said.screen());
    }
}

#[test]
fn files_above_the_largest_size_are_unknown_because_of_it_and_the_largest_is_read() {
    const LARGEST: usize = 2 << 20;
    for file in ["accounts.json", "common.hcl"] {
        let sandbox = Sandbox::bumped();
        let path = sandbox.repo().join(file);
        let mut text = fs::read(&path).unwrap();
        text.resize(LARGEST, b'\n');
        fs::write(&path, &text).unwrap();
        let said = sandbox.xtask(["status"]).run();
        assert_eq!(said.code, Some(0), "{file}: {}", said.screen());
        text.push(b'\n');
        fs::write(&path, &text).unwrap();
        let said = sandbox.xtask(["status"]).run();
        assert_eq!(said.code, Some(3), "{file}: {}", said.screen());
        let reason = format!("`{file}` is too large to be read: it has 2097153 bytes, and at most 2097152 are read");
        assert!(said.screen().contains(&reason), "{file}: {}", said.screen());
    }
}

#[test]
fn accounts_file_of_the_largest_size_is_read_with_all_its_accounts() {
    let sandbox = Sandbox::bumped();
    let path = sandbox.repo().join("accounts.json");
    let text = fs::read_to_string(&path).unwrap();
    let others: String = (0..45_000).map(|n| format!(",\n\"other-{n}\": {{\"id\": \"2{n:011}\"}}")).collect();
    let end = text.trim_end().strip_suffix('}').unwrap();
    fs::write(&path, format!("{}{others}}}\n", end.trim_end())).unwrap();
    let said = sandbox.xtask(["status"]).run().exits(0);
    assert!(said.screen().lines().count() < 100, "{}", said.screen());
    assert!(said.screen().contains("and 44988 more"), "{}", said.screen());
}

#[test]
#[cfg(target_os = "linux")]
fn lack_of_threads_and_memory_is_told_in_words_or_makes_no_difference() {
    let sandbox = Sandbox::bumped();
    for kilobytes in [180_000, 240_000, 300_000, 400_000, 700_000] {
        for command in [&["status"][..], &["doctor", "v1.3.0", "--offline"], &["apply-all", "--yes", "--account=dev"]] {
            let limited = format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"");
            let said = sandbox.xtask(command.iter().copied()).through(["/bin/sh", "-c", &limited]).run();
            let screen = said.screen();
            assert!(
                !screen.contains("panicked") && !screen.contains("bug in xtask"),
                "{kilobytes} {command:?}: {screen}"
            );
            assert!(matches!(said.code, Some(0 | 1 | 3)), "{kilobytes} {command:?}: {screen}");
        }
    }
}
