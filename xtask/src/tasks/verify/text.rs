//! The verification as a table for people: alike units together, then what is not as it has to be.

use super::proof::{Check, Proof, Subject, Verdict};
use crate::report::screen::count;
use crate::report::table;

/// The table, and what needs a look below it.
pub(super) fn table(proofs: &[Proof], columns: Option<usize>) -> String {
    const INDENT: &str = "  ";
    let groups = groups(proofs);
    let headings = ["", "wanted", "running", "verified by"].map(str::to_owned);
    // One table, so that columns begin below each other in all groups.
    let rows: Vec<_> = std::iter::once(headings).chain(groups.iter().flat_map(|group| rows(group))).collect();
    let texts = table::row_texts(&rows, columns.map(|columns| columns.saturating_sub(INDENT.len())));
    let mut texts = texts.iter().map(|text| text.lines().map(|line| format!("{INDENT}{line}\n")).collect::<String>());
    let mut text = texts.next().unwrap_or_default();
    for group in &groups {
        let labels: Vec<_> = group.iter().map(|proof| proof.label.as_str()).collect();
        text += &match labels[..] {
            [only] => format!("{only}\n"),
            _ => format!("{}   {}\n", count(labels.len(), "unit"), labels.join(" ")),
        };
        text.extend(texts.by_ref().take(group[0].checks.len()));
    }
    text + &notes(&groups)
}

/// A row for each check of units whose checks ended alike.
fn rows<'g>(group: &'g [&Proof]) -> impl Iterator<Item = [String; 4]> + 'g {
    group[0].checks.iter().enumerate().map(move |(n, check)| {
        let proof = match check.verdict {
            Verdict::Proven => evidence(check, group.iter().map(|proof| &proof.checks[n]), group.len()),
            Verdict::Differs => "!".to_owned(),
            Verdict::NotProven => "?".to_owned(),
        };
        [check.name.clone(), wanted(check).to_owned(), running(check).to_owned(), proof]
    })
}

/// Units whose checks ended alike.
fn groups(proofs: &[Proof]) -> Vec<Vec<&Proof>> {
    let mut groups: Vec<Vec<&Proof>> = Vec::new();
    for proof in proofs {
        let alike = |group: &&mut Vec<&Proof>| {
            let other = group[0];
            other.checks.len() == proof.checks.len()
                && other.checks.iter().zip(&proof.checks).all(|(one, other)| key(one) == key(other))
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(proof),
            None => groups.push(vec![proof]),
        }
    }
    groups
}

/// What makes two checks alike: not a revision or a time, which no two units share.
fn key(check: &Check) -> impl PartialEq {
    let Check { name, wanted, running, digest, plan, verdict, why, .. } = check.clone();
    (name, wanted, running, digest, plan, verdict, why)
}

fn wanted(check: &Check) -> &str {
    check.wanted.as_deref().unwrap_or("?")
}

fn running(check: &Check) -> &str {
    check.running.as_deref().unwrap_or(if check.verdict == Verdict::NotProven { "?" } else { "-" })
}

fn evidence<'c>(check: &Check, alike: impl Iterator<Item = &'c Check>, n: usize) -> String {
    match (check.subject, &check.digest) {
        (Subject::TaskDefinition, Some(digest)) => short(digest).to_owned(),
        (Subject::Start, _) => check.plan.unwrap_or_default().to_owned(),
        (Subject::Invoker, _) => {
            let first = alike.filter_map(|check| check.updated.as_deref()).min().unwrap_or_default();
            format!("updated {first} UTC{}", if n > 1 { " or later" } else { "" })
        }
        _ => String::new(),
    }
}

/// As much of a digest as people compare.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..19).unwrap_or(digest)
}

/// Checks that say the same of the same units.
struct Note<'c> {
    labels: String,
    /// The first of them.
    check: &'c Check,
    /// What each is about.
    names: Vec<&'c str>,
}

/// What is not as it has to be: alike things once, with all that they are said of.
fn notes(groups: &[Vec<&Proof>]) -> String {
    let mut notes: Vec<Note<'_>> = Vec::new();
    for group in groups {
        let labels = group.iter().map(|proof| proof.label.as_str()).collect::<Vec<_>>().join(" ");
        for check in group[0].checks.iter().filter(|check| check.verdict != Verdict::Proven) {
            let name = check.task.as_deref().or(check.aws_name.as_deref()).unwrap_or(&check.name);
            match notes.iter_mut().find(|note| note.labels == labels && note.check.why == check.why) {
                Some(note) => note.names.push(name),
                None => notes.push(Note { labels: labels.clone(), check, names: vec![name] }),
            }
        }
    }
    let mut text = String::new();
    for Note { labels, check, names } in notes {
        let mark = if check.verdict == Verdict::Differs { '!' } else { '?' };
        text += if text.is_empty() { "\n" } else { "" };
        text += &format!("{mark}  {labels}: {}\n", check.why.as_deref().unwrap_or_default());
        names.iter().for_each(|name| text += &format!("   {name}\n"));
        check.to_do.iter().for_each(|to_do| text += &format!("   to do: {to_do}\n"));
    }
    text
}
