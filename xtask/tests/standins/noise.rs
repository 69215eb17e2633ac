//! Programs that print too much, and what is no text: the result is right, the log is whole and redacted, what reaches the
//! person is text, and memory stays small. What the programs take themselves is written down.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::command::Xtask;
use super::sandbox::Sandbox;

const TOKEN: &str = "ghp_a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

/// More than any run of one unit needs, and much less than what is printed here.
const MEGABYTES: u64 = 60;

/// Has the stand-in for terragrunt print something before it applies.
fn noisy(sandbox: &Sandbox, script: &str) {
    let program = sandbox.tool("terragrunt");
    let real = sandbox.world().join("real/terragrunt");
    fs::create_dir(real.parent().unwrap()).unwrap();
    fs::rename(&program, &real).unwrap();
    // The stand-ins know their world by where they lie: a folder beside `bin` will do.
    let text = format!("#!/bin/sh\ncase \"$*\" in *apply*)\n{script}\n;; esac\nexec {} \"$@\"\n", real.display());
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

fn apply(sandbox: &Sandbox) -> Xtask<'_> {
    sandbox.xtask(["apply-all", "--yes", "--account", "dev"])
}

/// The log of the apply.
fn log(sandbox: &Sandbox) -> String {
    let file = sandbox.state_files().into_iter().find(|file| file.ends_with("dev.apply.log")).unwrap();
    fs::read_to_string(file).unwrap()
}

/// The most memory that a process ever had, in bytes; `None` where there is no `/proc`.
fn peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// The relay that writes the log of the apply.
fn relay(sandbox: &Sandbox) -> Option<u32> {
    let log = format!("{}", sandbox.repo().join(".xtask/runs").display());
    let all = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|id| {
        let words = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.contains("\0relay\0") && words.contains(&log) && words.contains("dev.apply.log")
    })
}

/// Applies, and looks at the memory of runner and relay once everything was printed, and the last of it told.
fn applied_in_little_memory(sandbox: &Sandbox, last: &str) {
    let gate = sandbox.gate();
    let mut running = apply(sandbox).args(["--verbose"]).start();
    let held = gate.next();
    running.wait_until_it_says(last);
    for (who, id) in [("runner", Some(running.id())), ("relay", relay(sandbox))] {
        if let Some(bytes) = id.and_then(peak) {
            assert!(bytes < MEGABYTES << 20, "the {who} had {} MB", bytes >> 20);
        }
    }
    held.let_go();
    running.finish().exits(0);
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn two_hundred_thousand_lines_at_once_are_all_in_the_log_and_need_little_memory() {
    let sandbox = Sandbox::bumped();
    noisy(&sandbox, "/usr/bin/seq -f 'aws_x.y: Still creating... [%06.0f]' 1 200000");
    applied_in_little_memory(&sandbox, "[200000]");
    let log = log(&sandbox);
    let lines = log.lines().filter(|line| line.starts_with("aws_x.y: Still creating... ["));
    assert!(lines.enumerate().all(|(n, line)| line.ends_with(&format!("[{:06}]", n + 1))), "each once and in order");
    assert!(log.contains("[200000]"));
}

#[test]
fn line_of_ten_megabytes_is_in_the_log_in_pieces_and_needs_little_memory() {
    let sandbox = Sandbox::bumped();
    noisy(&sandbox, &format!("/usr/bin/head -c 10000000 /dev/zero | /usr/bin/tr '\\0' x; echo ' {TOKEN} end'"));
    applied_in_little_memory(&sandbox, "ghp_[redacted] end");
    let log = log(&sandbox);
    assert_eq!(log.matches('x').count() / 1_000_000, 10);
    assert!(log.lines().all(|line| line.len() <= 65_536), "no line that nothing could read");
    assert!(log.contains("ghp_[redacted] end") && !log.contains(TOKEN));
}

/// What is no text, and what a terminal would act upon.
const NO_TEXT: &str =
    r"printf 'bad \377\376 bytes\n nul \000 byte\n\033[2J\033]0;title\007cleared\r\n\033[?1049h alternate\n'";

#[test]
fn what_is_no_text_changes_nothing_about_the_result() {
    let sandbox = Sandbox::bumped();
    noisy(&sandbox, &format!("{NO_TEXT}; echo token {TOKEN}"));
    apply(&sandbox).run().exits(0).says("1 of 1 unit");
    let log = log(&sandbox);
    assert!(log.contains("bad \u{fffd}\u{fffd} bytes") && log.contains("nul \0 byte"), "{log:?}");
    assert!(log.contains("token ghp_[redacted]") && !log.contains(TOKEN));
}

#[test]
fn what_a_program_would_do_to_a_terminal_is_not_done() {
    let sandbox = Sandbox::bumped();
    noisy(&sandbox, &format!("{NO_TEXT}; exit 1"));
    let failed = apply(&sandbox).run().exits(1);
    failed.says("| cleared").says("bad \u{fffd}\u{fffd} bytes").says_nothing_of("\u{1b}").says_nothing_of("\0");
    let verbose = apply(&sandbox).args(["--verbose"]).run().exits(1);
    verbose.says("dev | cleared").says_nothing_of("\u{1b}").says_nothing_of("\u{7}");
    let terminal = apply(&sandbox).env("NO_COLOR", "1").at_a_terminal(24, 80);
    let (_, text) = terminal.finish();
    assert!(text.contains("| cleared"), "{text}");
    for escape in ["\u{1b}[2J", "\u{1b}]0;", "\u{1b}[?1049h"] {
        assert!(!text.contains(escape), "{escape:?} in {text:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn memory_of_an_apply_is_in_the_journal_for_the_runs_to_come() {
    let sandbox = Sandbox::bumped();
    let go = sandbox.world().join("go");
    // Steps are looked at after three tenths of a second, by the thread that tells of their lines: whoever was told of
    // the second line knows that the look behind the first one has been taken.
    let wait = format!("until [ -e {} ]; do /bin/sleep 0.02; done", go.display());
    noisy(&sandbox, &format!("/bin/sleep 0.5; echo one is told; {wait}; echo two is told"));
    let gate = sandbox.gate();
    let mut running = apply(&sandbox).args(["--verbose"]).start();
    running.wait_until_it_says("one is told");
    fs::write(&go, "").unwrap();
    running.wait_until_it_says("two is told");
    gate.next().let_go();
    running.finish().exits(0);
    let journal = sandbox.state_files().into_iter().find(|file| file.ends_with("journal.jsonl")).unwrap();
    let lines = fs::read_to_string(journal).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let bodies = records.map(|line| line["record"]["body"].clone());
    let memory = bodies.filter(|body| body["attempt"] == "dev.apply").find_map(|body| body["memory"].as_u64());
    let memory = memory.expect("it was looked at");
    assert!((100_000..1 << 30).contains(&memory), "{memory} bytes for a few small programs");
}
