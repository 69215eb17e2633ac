//! Journals that are not as they were written.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::run::journal::line::line;

#[test]
fn no_changed_byte_gives_a_wrong_answer() {
    let bytes = fs::read(written().path).unwrap();
    let lines = |upto: usize| bytes[..upto].iter().filter(|byte| **byte == b'\n').count() as u64;
    for at in 0..bytes.len() {
        for byte in [bytes[at] ^ 1, bytes[at] ^ 0x20, bytes[at] ^ 0x80, b'\n', b'"', 0] {
            if byte == bytes[at] {
                continue;
            }
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let (before, Err((line, _))) = told(&damaged[..]) else { panic!("byte {at} as {byte} is taken for good") };
            assert_eq!(line, Some(lines(at) + 1), "byte {at} as {byte}");
            assert_eq!(before.len() as u64, lines(at), "what comes before is still told");
        }
    }
}

#[test]
fn a_journal_that_is_cut_off_tells_what_it_has_in_full() {
    let bytes = fs::read(written().path).unwrap();
    let (whole, _) = told(&bytes[..]);
    for at in 0..bytes.len() {
        let (cut, so_far) = told(&bytes[..at]);
        assert_eq!(cut, whole[..cut.len()], "cut at {at}");
        assert_eq!(so_far.unwrap().n_lines, cut.len() as u64);
        assert_eq!(cut.len(), bytes[..at].iter().filter(|byte| **byte == b'\n').count());
    }
}

#[test]
fn a_line_that_is_missing_doubled_or_moved_is_found() {
    let text = fs::read_to_string(written().path).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for wrong in [vec![0, 2], vec![0, 1, 1, 2], vec![0, 2, 1], vec![1, 2]] {
        let text: String = wrong.iter().map(|n| lines[*n]).collect();
        assert!(told(text.as_bytes()).1.is_err(), "{wrong:?}");
    }
}

/// A journal of these kinds, with sums that fit.
fn of(records: &[(&str, bool, Value)]) -> Vec<u8> {
    let mut sum = String::new();
    let mut text = String::new();
    for (n, (kind, required, body)) in records.iter().enumerate() {
        let record = json!({ "line": n + 1, "time": "t", "required": required, "kind": kind, "body": body, "more": 1 });
        let (line, next) = line(&sum, &record.to_string());
        text.push_str(&line);
        sum = next;
    }
    text.into_bytes()
}

#[test]
fn what_is_not_known_is_skipped_only_if_that_is_allowed() {
    let begun = || ("begun", true, serde_json::to_value(begun("r")).unwrap());
    let with = |kind, required| told(&of(&[begun(), (kind, required, json!({})), ("note", false, json!("n"))])[..]);
    let (entries, whole) = with("later", false);
    assert_eq!((entries.len(), whole.is_ok()), (2, true));
    let (line, why) = with("later", true).1.unwrap_err();
    assert_eq!((line, why.as_str()), (Some(2), "a newer version wrote what this one must not skip (`later`)"));
    assert!(with("ended", true).1.is_err(), "a known kind in another shape is no more known");
    let mut newer = serde_json::to_value(super::begun("r")).unwrap();
    newer["schema"] = json!(SCHEMA + 1);
    let (_, why) = told(&of(&[("begun", true, newer)])[..]).1.unwrap_err();
    assert_eq!(why, "it has schema 2, and this version knows up to 1");
    assert!(told(&of(&[("note", false, json!("n"))])[..]).1.is_err(), "a journal begins with a beginning");
}

#[test]
fn a_journal_that_was_cut_off_can_be_gone_on_with() {
    let written = written();
    let bytes = fs::read(&written.path).unwrap();
    fs::write(&written.path, &bytes[..bytes.len() - 5]).unwrap();
    let whole = each(&written.path, drop).unwrap();
    let settled =
        Settled { attempt: "dev.apply".to_owned(), result: "unknown".to_owned(), cause: None, by: "s".to_owned() };
    Journal::go_on(&written.path, whole).unwrap().durable(&Record::Settled(settled)).unwrap();
    let story = story_of(&written.path);
    assert_eq!(story.steps[0].result().0, "unknown");
    assert!(!story.steps[0].is_unsettled());
}
