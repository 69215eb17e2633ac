//! Journals that are cut off, damaged, of another version, or on a full disk.

mod damage;

use std::fs;
use std::io;
use std::path::PathBuf;

use super::*;

/// What goes wrong while a test writes a journal, and how many effects before that go well. A line has two: before it is
/// written, and after.
#[derive(Debug, Default)]
pub(in crate::run) struct Fault {
    /// From then on nothing has any effect, as after a kill.
    dead_after: Option<usize>,
    seen: usize,
}

impl Fault {
    pub(super) fn step(&mut self) -> io::Result<()> {
        self.seen += 1;
        match self.dead_after {
            Some(n) if self.seen > n => Err(io::Error::other("killed")),
            _ => Ok(()),
        }
    }
}

impl Journal {
    /// After `n` more effects nothing has any effect any more.
    pub(in crate::run) fn dead_after(&self, n: usize) {
        let fault = &mut self.writer().fault;
        *fault = Fault { dead_after: Some(n), seen: 0 };
    }

    /// Whether that has come.
    pub(in crate::run) fn is_dead(&self) -> bool {
        let fault = &self.writer().fault;
        fault.dead_after.is_some_and(|n| fault.seen > n)
    }
}

pub(in crate::run) fn begun(run: &str) -> Begun {
    let (schema, version) = (SCHEMA, "0.1.0".to_owned());
    Begun { schema, version, run: run.to_owned(), order: 1, command: "apply-all".to_owned(), ..Begun::default() }
}

fn started(attempt: &str) -> Record {
    Record::Started(Started {
        of: of(attempt),
        command: "terragrunt apply".to_owned(),
        log: Some("dev.apply.log".to_owned()),
    })
}

fn of(attempt: &str) -> StepRef {
    let (subject, unit) = ("dev".to_owned(), Some("dev/runner".to_owned()));
    StepRef { step: StepKind::Apply, subject, unit, attempt: Some(attempt.to_owned()) }
}

fn ended(attempt: &str, result: &str) -> Record {
    let (result, cause, millis, exit) = (result.to_owned(), None, 1200, Some(0));
    Record::Ended(Ended { of: of(attempt), result, cause, millis, exit, proofs: Vec::new(), memory: None })
}

/// What a journal tells, and whether it is whole.
fn told(input: impl io::BufRead) -> (Vec<Entry>, Result<Whole, read::Bad>) {
    let mut entries = Vec::new();
    let whole = read::parse(input, &mut |entry| entries.push(entry));
    (entries, whole)
}

fn entries_of(path: &Path) -> Vec<Entry> {
    let (entries, whole) = told(io::BufReader::new(File::open(path).unwrap()));
    whole.unwrap();
    entries
}

/// The story of a journal that is whole.
pub(in crate::run) fn story_of(path: &Path) -> story::Story {
    let (story, whole) = story::Story::read(path);
    whole.unwrap();
    story.unwrap()
}

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
    journal: Journal,
}

fn written() -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let journal = Journal::begin(&path, begun("r"), []).unwrap();
    journal.durable(&started("dev.apply")).unwrap();
    journal.note(&ended("dev.apply", "succeeded"));
    Written { _folder: folder, path, journal }
}

#[test]
fn what_was_written_is_read_again() {
    let written = written();
    let records: Vec<_> = entries_of(&written.path).into_iter().map(|entry| entry.record).collect();
    assert_eq!(records, [Record::Begun(begun("r")), started("dev.apply"), ended("dev.apply", "succeeded")]);
    assert!(Journal::begin(&written.path, begun("r"), []).is_err(), "a journal is never begun twice");
}

#[test]
fn what_cannot_be_written_down_is_told_before_it_starts() {
    let written = written();
    written.journal.dead_after(0);
    assert!(written.journal.durable(&started("dev.apply.2")).is_err() && written.journal.is_dead());
    written.journal.dead_after(1);
    assert!(written.journal.durable(&started("dev.apply.2")).is_err(), "it is there, and nobody was told so");
    assert_eq!(entries_of(&written.path).len(), 4);
}

#[test]
fn on_a_full_disk_nothing_starts_and_nothing_follows_half_a_line() {
    let Ok(full) = fs::OpenOptions::new().append(true).open("/dev/full") else { return };
    let journal = Journal::on(Path::new("/dev/full"), full, Whole::default(), Redactor::default());
    let error = journal.durable(&started("dev.apply")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(journal.durable(&started("dev.apply")).unwrap_err().to_string().contains("only be written in part"));
}

#[test]
fn a_thousand_units_are_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let journal = Journal::begin(&path, begun("r"), []).unwrap();
    for n in 0..1000 {
        let attempt = format!("unit-{n}.apply");
        journal.durable(&started(&attempt)).unwrap();
        journal.note(&ended(&attempt, "succeeded"));
    }
    let story = story_of(&path);
    assert_eq!(story.steps.iter().filter(|step| step.ended.is_some()).count(), 1000);
}

#[test]
fn a_clock_that_jumps_changes_no_duration_and_no_order() {
    let mut entries = entries_of(&written().path);
    for (entry, time) in
        entries.iter_mut().zip(["2026-01-01T00:00:00Z", "2031-01-01T00:00:00Z", "1999-01-01T00:00:00Z"])
    {
        entry.time = time.to_owned();
    }
    let mut story = None;
    entries.into_iter().for_each(|entry| story::Story::go_on(&mut story, entry));
    let story = story.unwrap();
    let ended = story.steps[0].ended.as_deref().unwrap();
    assert_eq!((ended.0.as_str(), ended.1.millis), ("1999-01-01T00:00:00Z", 1200));
}

#[test]
fn every_kind_is_known_by_its_name() {
    let text = |value: &str| value.to_owned();
    let (settled, planned) = (
        Settled { attempt: text("a"), result: text("unknown"), cause: None, by: text("s") },
        Planned { unit: text("dev"), changes: Vec::new(), changes_sha256: text(""), plan_sha256: text("") },
    );
    let found = Found { path: text("x:v1"), result: text("succeeded"), reason: text("built"), cause: None };
    let consented = Consented {
        how: text("--yes"),
        who: text("me"),
        digest_sha256: text(""),
        plans: vec![planned.clone()],
        programs: Vec::new(),
    };
    let records = [
        Record::Begun(begun("r")),
        Record::Selected(Vec::new()),
        Record::Tool(Tool { name: text("terragrunt"), version: None }),
        started("a"),
        ended("a", "failed"),
        Record::Planned(planned),
        Record::Consented(consented),
        Record::Editing(Vec::new()),
        Record::Edited(Edited { result: text("succeeded"), cause: None }),
        Record::Task(Task { attempt: text("a"), arn: text("arn") }),
        Record::Found(found),
        Record::Settled(settled),
        Record::Left(Left { signal: 2 }),
        Record::Note(text("n")),
        Record::Finished(Finished { exit: 0, is_cancelled: false, failures: Vec::new(), millis: 1 }),
    ];
    let kind = |record: &Record| serde_json::to_value(record).unwrap()["kind"].as_str().unwrap().to_owned();
    assert_eq!(records.each_ref().map(kind), Record::KINDS);
    let written = written();
    records[1..].iter().for_each(|record| written.journal.note(record));
    assert_eq!(entries_of(&written.path).len(), 3 + records.len() - 1);
}

#[test]
fn secrets_do_not_get_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let journal = Journal::begin(&path, begun("r"), ["hunter2hunter2".to_owned()]).unwrap();
    journal.note(&Record::Note("it said\nhunter2hunter2 and ghp_0123456789012345678901234567890123456789".to_owned()));
    journal.keep_out(["swordfish".to_owned()]);
    journal.note(&Record::Note("swordfish".to_owned()));
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("swordfish") && !text.contains("0123456789"), "{text}");
    assert!(each(&path, drop).is_ok());
}

#[test]
fn a_journal_of_schema_1_is_read_as_it_always_was() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/run/journal/tests/fixtures/schema-1.jsonl");
    let story = story_of(&path);
    assert_eq!((story.begun.run.as_str(), story.begun.schema), ("2026-11-25-k3f", 1));
    let units: Vec<_> = story.units().iter().map(|unit| (unit.of.label.clone(), unit.result.to_owned())).collect();
    let expected = [("dev", "succeeded"), ("stage", "unknown"), ("prod", "early exit")];
    assert_eq!(units, expected.map(|(label, result)| (label.to_owned(), result.to_owned())));
    assert_eq!(story.consents[0].1.how, "terminal");
    assert_eq!(story.result(false), "unknown");
}
