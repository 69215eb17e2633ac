//! What somebody at a terminal sees: the live region, the digest and the summary on a screen of 80 and of 200 columns, and
//! what whoever has no terminal hears.

use std::collections::BTreeSet;

use rustix::process::Signal;

use super::interrupted::apply;
use super::redact::redact;
use super::sandbox::{ACCOUNTS, Sandbox, unit};
use crate::real::terminal::Terminal;

/// What a screen shows after all of this was printed on it.
fn screen(text: &str, rows: u16, columns: u16) -> String {
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(text.as_bytes());
    let contents = parser.screen().contents();
    let lines = contents.lines().map(|line| format!("{}\n", without_time(line).trim_end()));
    lines.collect()
}

/// A row with no time gone by, and everything else where it was.
fn without_time(line: &str) -> String {
    let Some(at) = line.find(" s   ").filter(|_| line.contains("  applying  ")) else { return line.to_owned() };
    let digits = line[..at].chars().rev().take_while(char::is_ascii_digit).count();
    format!("{}{}0{}", &line[..at - digits], " ".repeat(digits - 1), &line[at..])
}

fn compare(sandbox: &Sandbox, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, redact(text, &sandbox.known())));
}

/// All that is printed ends with the terminal as it was: lines are wrapped, the cursor is there.
fn is_left_as_it_was(text: &str) -> bool {
    let wraps = text.rfind("\u{1b}[?7h") >= text.rfind("\u{1b}[?7l");
    wraps && !text.contains("\u{1b}[?25l") && text.matches("\u{1b}[?7h").count() == text.matches("\u{1b}[?7l").count()
}

/// Applies all units at once on a screen of this size, and gives what is seen while all of them are applied.
fn seen(sandbox: &Sandbox, rows: u16, columns: u16, n_seen: usize) -> (Terminal, String) {
    let gate = sandbox.gate();
    let command = sandbox.xtask(["apply-all", "--yes", "--waves=all", "--jobs=6"]).env("NO_COLOR", "1");
    let mut terminal = command.at_a_terminal(rows, columns);
    let mut held: Vec<_> = ACCOUNTS.iter().map(|_| gate.next()).collect();
    let region = |text: &str| {
        let screen = screen(text, rows, columns);
        screen.split_once("Applying     1 of 1").map(|(_, region)| region.to_owned()).unwrap_or_default()
    };
    terminal.wait_until("every unit waits in the middle of its apply", |text| {
        region(text).matches("planner: Destru").count() == n_seen
    });
    let region = region(&terminal.text());
    for (account, _) in ACCOUNTS {
        // They end one after the other, so that the lines come in one order.
        let at = held.iter().position(|held| held.account() == account).unwrap();
        held.swap_remove(at).let_go();
        terminal.wait_for(&format!("Applied      {account} "));
    }
    (terminal, region)
}

#[test]
fn all_that_is_seen_fits_a_screen_of_eighty_columns_and_uses_a_wider_one() {
    for columns in [80, 200] {
        let sandbox = Sandbox::bumped();
        let (terminal, region) = seen(&sandbox, 40, columns, 6);
        let before = format!("{:?}", terminal.settings());
        compare(&sandbox, &format!("seeing-region-{columns}"), &region);
        let after = format!("{:?}", terminal.settings());
        let (status, text) = terminal.finish();
        assert!(status.success(), "{text}");
        assert_eq!(before, after);
        assert!(is_left_as_it_was(&text), "{text:?}");
        // Everything that was printed, and nothing of the region.
        compare(&sandbox, &format!("seeing-{columns}"), &screen(&text, 100, columns));
    }
}

#[test]
fn where_there_is_no_room_for_every_unit_the_others_are_counted() {
    let sandbox = Sandbox::bumped();
    let (_, region) = seen(&sandbox, 10, 80, 3);
    compare(&sandbox, "seeing-region-small", &region);
}

#[test]
fn summary_has_each_unit_with_its_account_changes_and_time_and_failures_last_with_their_cause() {
    for columns in [80, 200] {
        let sandbox = Sandbox::bumped().fault("fail:stage");
        let args = ["apply-all", "--yes", "--waves=account", "--jobs=1"];
        let (status, text) = sandbox.xtask(args).env("NO_COLOR", "1").at_a_terminal(100, columns).finish();
        assert_eq!(status.code(), Some(1), "{text}");
        let seen = screen(&text, 100, columns);
        let (_, summary) = seen.split_once("Failed       stage   apply").unwrap();
        // The end of the log has lines of two streams, which come in any order.
        let lines = summary.lines().skip(1).filter(|line| !line.starts_with("  | ")).map(|line| format!("{line}\n"));
        compare(&sandbox, &format!("seeing-summary-{columns}"), &lines.collect::<String>());
        assert!(summary.contains("\n  | "), "{summary}");
    }
}

#[test]
fn without_a_terminal_a_signal_asks_where_things_are() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let mut running = apply(&sandbox, &["dev"]).start();
    let held = gate.next();
    running.signal(Signal::USR1);
    running.wait_until_it_says("Working      applying dev   0 of 1 done, the longest for ");
    held.let_go();
    running.finish().exits(0);
}

#[test]
fn colour_is_for_who_wants_it() {
    let sandbox = Sandbox::bumped();
    let bold = "\u{1b}[1m";
    let units = || sandbox.xtask(["apply-all", "--plan-only", "--account=dev"]);
    units().run().exits(0).says_nothing_of(bold);
    units().env("CLICOLOR_FORCE", "1").run().exits(0).says(bold);
    units().env("CLICOLOR_FORCE", "0").run().exits(0).says_nothing_of(bold);
    units().env("CLICOLOR_FORCE", "1").args(["--color=never"]).run().exits(0).says_nothing_of(bold);
    for (name, expected) in [("ANYTHING", true), ("NO_COLOR", false)] {
        let (status, text) = units().env(name, "1").at_a_terminal(24, 80).finish();
        assert!(status.success(), "{text}");
        assert_eq!(text.contains(bold), expected, "{name}");
    }
}

#[test]
fn terminal_that_can_only_be_printed_on_is_never_redrawn() {
    let sandbox = Sandbox::bumped();
    let command = sandbox.xtask(["apply-all", "--yes", "--account=dev"]).env("TERM", "dumb");
    let (status, text) = command.at_a_terminal(24, 80).finish();
    assert!(status.success() && text.contains("Applied      dev") && !text.contains('\u{1b}'), "{text:?}");
}

/// A sandbox in which the plan of `dev` has a change that an update does not make.
fn unexpected() -> Sandbox {
    let sandbox = Sandbox::bumped();
    let state = sandbox.world().join(format!("state/100000000004/{}.tfstate", unit("dev")));
    let text = std::fs::read_to_string(&state).unwrap();
    assert!(text.contains("8192"), "{text}");
    std::fs::write(&state, text.replace("8192", "512")).unwrap();
    sandbox
}

/// What a terminal of this width shows of these commands, one after the other, in colour or without.
fn shown(sandbox: &Sandbox, columns: u16, words: &[&str]) -> String {
    sandbox.xtask(words.iter().copied()).at_a_terminal(40, columns).finish().1
}

fn without_colour(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The digest and all that differs, as `d` at the question shows it.
fn details(sandbox: &Sandbox, columns: u16) -> String {
    let mut terminal = sandbox.xtask(["apply-all", "--account=dev"]).at_a_terminal(40, columns);
    let question = "d=details]";
    terminal.wait_for(question);
    terminal.types("d");
    terminal.wait_until("it is asked again", |text| text.matches(question).count() == 2);
    terminal.types("n");
    terminal.finish().1
}

/// What stays on a terminal: no colours, and no rows of what is at work.
fn lasting(text: &str) -> String {
    let mut parts = text.split("\u{1b}[?7l");
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| text + part.split_once("\u{1b}[?7h").map_or("", |(_, rest)| rest));
    // What takes such rows away ends with another letter than a colour.
    without_colour(&text.replace("A\r\u{1b}[J", "m"))
}

/// Words that are copied: paths, addresses, options and names, all of them longer than what a run alone has.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |word: &&str| word.chars().count() >= 12 && !word.starts_with(|first: char| first.is_ascii_digit());
    text.split_whitespace().filter(is_name).map(str::to_owned).collect()
}

#[test]
fn lines_fit_the_terminal_and_no_word_is_broken() {
    let sandbox = unexpected();
    let refused = Sandbox::bumped().fault("wrong-account:dev");
    let pages: [(&Sandbox, &[&str]); 11] = [
        (&sandbox, &["units"]),
        (&sandbox, &["status"]),
        (&sandbox, &["why", "shared"]),
        (&sandbox, &["why", "shared/nowhere"]),
        (&sandbox, &["changes", "v0.52.1", "v1.3.0"]),
        (&sandbox, &["doctor", "--offline"]),
        (&sandbox, &["verify"]),
        (&sandbox, &["apply-all", "--account=dev"]),
        (&refused, &["apply-all", "--yes"]),
        (&sandbox, &["runs"]),
        (&sandbox, &["update", "v1.3.0", "--until=bump", "--yes"]),
    ];
    for (sandbox, words) in pages {
        let text = |columns| match words {
            ["apply-all", "--account=dev"] => lasting(&details(sandbox, columns)),
            ["update", ..] => {
                let sandbox = Sandbox::bumped();
                sandbox.edit("common.hcl", "\"v1.3.0\"", "\"v0.52.1\"");
                // The diff before it is as it is.
                let text = lasting(&shown(&sandbox, columns, words));
                text.split_once("\nTags ").unwrap().1.to_owned()
            }
            _ => lasting(&shown(sandbox, columns, words)),
        };
        let narrow = [40, 60, 80].map(|columns| (columns, text(columns)));
        let wide = names(&text(999));
        for (columns, text) in narrow {
            assert!(text.len() > 60, "{words:?}: {text}");
            for line in text.lines().filter(|line| line.chars().count() > columns.into()) {
                // Such a word and such a command go over whole, so that they can be copied.
                let is_long = line.split(' ').any(|word| word.chars().count() > columns.into());
                let is_command = ["cargo xtask ", "git add "].iter().any(|command| line.contains(command));
                assert!(is_long || is_command, "{columns} columns, {words:?}: {line}");
            }
            let broken: Vec<_> = wide.difference(&names(&text)).cloned().collect();
            assert!(broken.is_empty(), "{columns} columns, {words:?}: {broken:?} in {text}");
        }
    }
}

#[test]
fn digest_is_as_wide_as_the_terminal_lets_it_be() {
    let sandbox = unexpected();
    let widest = |columns| {
        let text = shown(&sandbox, columns, &["apply-all", "--plan-only", "--account=dev"]);
        let digest = without_colour(&text);
        let (_, digest) = digest.split_once("Planned ").unwrap();
        digest.split_once("Kept ").unwrap().0.lines().map(|line| line.chars().count()).max().unwrap()
    };
    let (narrow, wide) = (widest(80), widest(200));
    assert!(narrow <= 80 && wide > 100, "{narrow} {wide}");
}

#[test]
fn actions_diffs_and_marks_have_colours_on_a_terminal_alone() {
    let sandbox = unexpected();
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["apply-all", "--plan-only", "--account=dev"],
            &["\u{1b}[31m! replace\u{1b}[0m", "\u{1b}[33mchange\u{1b}[0m"],
        ),
        (&["bump-tags", "v0.52.1", "--offline", "--dry-run"], &["\u{1b}[31m-  deploy", "\u{1b}[32m+  deploy"]),
        (&["doctor", "--offline"], &["\u{1b}[32mok\u{1b}[0m ", "\u{1b}[33mwarn\u{1b}[0m "]),
    ];
    for (words, colours) in cases {
        let text = shown(&sandbox, 80, words);
        colours.iter().for_each(|colour| assert!(text.contains(colour), "{colour:?} in {text:?}"));
        let (_, plain) = sandbox.xtask(words.iter().copied()).env("NO_COLOR", "1").at_a_terminal(40, 80).finish();
        colours.iter().for_each(|colour| assert!(!plain.contains(colour), "{colour:?} in {plain:?}"));
        let piped = sandbox.xtask(words.iter().copied()).run();
        assert!(!piped.raw_out.contains('\u{1b}'), "{}", piped.raw_out);
    }
}

#[test]
fn rows_name_images_and_accounts_and_no_steps_of_ours() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(["apply-all", "--yes", "--account=dev"]).run().exits(0);
    let journal = sandbox.state_files().into_iter().find(|file| file.ends_with("journal.jsonl")).unwrap();
    let journal = std::fs::read_to_string(journal).unwrap();
    let mut subjects: Vec<_> =
        journal.split("\"subject\":\"").skip(1).map(|it| it.split('"').next().unwrap()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects, ["AWS in dev", "AWS in shared", "dev", "shared"]);
}

#[test]
fn last_line_counts_the_warnings_above_it() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["update", "v1.3.0", "--yes"]).run().exits(0);
    let n = said.err.lines().filter(|line| line.starts_with("Breaking ")).count();
    let expected = if n == 1 { "see above: Breaking".to_owned() } else { format!("see above: Breaking ({n})") };
    assert!(
        n > 0 && said.err.lines().any(|line| line.starts_with("Finished ") && line.ends_with(&expected)),
        "{said:?}"
    );
    sandbox.xtask(["apply-all", "--yes"]).run().exits(0).says_nothing_of("see above");
}

#[test]
fn failure_shows_the_error_of_terraform_first_and_once() {
    let sandbox = Sandbox::bumped().fault("fail:stage");
    let said = sandbox.xtask(["apply-all", "--yes", "--account=stage"]).run().exits(1);
    let log: Vec<_> = said.err.lines().filter(|line| line.starts_with("  | ")).collect();
    assert!(log[0].starts_with("  | Error: "), "{log:#?}");
    assert_eq!(log.iter().filter(|line| line.contains("Rate exceeded")).count(), 1, "{log:#?}");
}
