//! The journal of a run: an append-only file of records, by which a later run knows what this one did, whatever became of
//! it. Written by the runner alone; what starts is on disk before it starts, what ended is written after it ended.

mod finding;
mod line;
mod read;
mod record;
pub mod story;
#[cfg(test)]
pub(in crate::run) mod tests;

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use finding::{Found, Settled, Task};
pub use read::{Damage, Entry, Whole, each, exists};
pub use record::{
    Begun, Consented, Edited, EditedFile, Ended, Finished, Left, Origin, Planned, Program, Record, SCHEMA, Selected,
    Started, StepRef, Tool,
};

use crate::model::{Failure, UnitPath};
use crate::run::event::Outcome;
use crate::run::folder::RunFolder;
use crate::run::redact::Redactor;
use crate::run::step::{Step, StepKind};
use crate::tools::{proof, state};
use record::Envelope;

/// A journal that is being written; clones write the same one.
#[derive(Clone, Debug)]
pub struct Journal {
    writer: Arc<Mutex<Writer>>,
    path: PathBuf,
    began: Instant,
}

#[derive(Debug)]
struct Writer {
    file: File,
    n_bytes: u64,
    n_lines: u64,
    sum: String,
    redactor: Redactor,
    /// Whether a line that could only be written in part could not be taken away again: nothing may follow it.
    is_broken: bool,
    #[cfg(test)]
    fault: tests::Fault,
}

impl Journal {
    /// Begins the journal of a new run, on disk with its folder. `secrets` are values that must not get into it.
    pub fn begin(path: &Path, begun: Begun, secrets: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let refuse = |error: io::Error| {
            Failure::refused("the journal of this run can't be written, so nothing was started")
                .in_file(path.display().to_string())
                .because(error)
        };
        let file = state::new_private_file(path).map_err(refuse)?;
        let journal = Self::on(path, file, Whole::default(), Redactor::new(secrets));
        journal.durable(&Record::Begun(begun)).map_err(refuse)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()).map_err(refuse)?;
        Ok(journal)
    }

    /// Goes on with the journal of another run, of which something was found out. Whoever calls holds the lock of the
    /// repository. What was cut off at its end is taken away first.
    pub fn go_on(path: &Path, whole: Whole) -> io::Result<Self> {
        let file = state::appended(path)?;
        file.set_len(whole.n_bytes)?;
        Ok(Self::on(path, file, whole, Redactor::default()))
    }

    fn on(path: &Path, file: File, whole: Whole, redactor: Redactor) -> Self {
        let Whole { n_bytes, n_lines, sum } = whole;
        let writer = Writer {
            file,
            n_bytes,
            n_lines,
            sum,
            redactor,
            is_broken: false,
            #[cfg(test)]
            fault: tests::Fault::default(),
        };
        Self { writer: Arc::new(Mutex::new(writer)), path: path.to_owned(), began: Instant::now() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How long ago this run began, by a clock that does not jump.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Keeps further values out.
    pub fn keep_out(&self, secrets: impl IntoIterator<Item = String>) {
        self.writer().redactor = Redactor::new(secrets);
    }

    /// Writes down what starts, and waits until it is on disk.
    pub fn durable(&self, record: &Record) -> io::Result<()> {
        self.writer().write(record, true)
    }

    /// Writes down what has happened. If it can't be written the next run finds out by itself, so this is nobody's failure.
    pub fn note(&self, record: &Record) {
        let _ = self.writer().write(record, false);
    }

    /// Writes down that a step starts: durably where it can change anything.
    pub fn start(&self, step: &Step) -> io::Result<()> {
        let log = step.output.as_ref().map(|output| {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            output.log.strip_prefix(folder).unwrap_or(&output.log).to_string_lossy().into_owned()
        });
        let record = Record::Started(Started { of: reference(step), command: step.invocation.shell_line(), log });
        self.writer().write(&record, matches!(step.kind, StepKind::Build | StepKind::Apply))
    }

    /// Writes down which task of ECS a step has started.
    pub fn task(&self, step: &Step, arn: &str) {
        if let Some(attempt) = reference(step).attempt {
            self.note(&Record::Task(Task { attempt, arn: arn.to_owned() }));
        }
    }

    /// Writes down how a step ended, with what its guards found out.
    pub fn end(&self, step: &Step, outcome: &Outcome) {
        let proofs =
            step.attempt.iter().flat_map(|attempt| attempt.outer_proof().into_iter().chain(attempt.inner_proofs()));
        self.note(&Record::Ended(Ended {
            of: reference(step),
            result: outcome.as_str().to_owned(),
            cause: outcome.cause.clone(),
            millis: millis(outcome.took),
            exit: outcome.exit,
            proofs: proofs.collect(),
            memory: outcome.memory,
        }));
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn write(&mut self, record: &Record, durable: bool) -> io::Result<()> {
        #[cfg(test)]
        self.fault.step()?;
        #[cfg(debug_assertions)]
        killed_by_a_test();
        if self.is_broken {
            return Err(io::Error::other("an earlier line could only be written in part"));
        }
        let (line, sum) = line::line(&self.sum, &self.envelope(record)?);
        let written = self.file.write_all(line.as_bytes());
        // Before anything starts it has to be on disk, not only in the kernel.
        let written = written.and_then(|()| if durable && !cfg!(test) { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // A full disk may have taken the beginning of the line.
            self.is_broken = self.file.set_len(self.n_bytes).is_err();
            let _ = self.file.seek(SeekFrom::End(0));
            return Err(error);
        }
        self.n_bytes += line.len() as u64;
        self.n_lines += 1;
        self.sum = sum;
        #[cfg(test)]
        self.fault.step()?;
        #[cfg(debug_assertions)]
        killed_by_a_test();
        Ok(())
    }

    fn envelope(&self, record: &Record) -> io::Result<String> {
        let Value::Object(mut parts) = serde_json::to_value(record)? else {
            return Err(io::Error::other("a record is an object"));
        };
        let mut body = parts.remove("body").unwrap_or_default();
        redact(&mut body, &self.redactor);
        let kind = parts.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
        let (line, required) = (self.n_lines + 1, record.is_required());
        let envelope = Envelope { line, time: proof::now(), required, kind, body };
        Ok(serde_json::to_string(&envelope)?)
    }
}

/// Takes secrets out of every text in it.
fn redact(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.text(text),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, redactor)),
        Value::Object(values) => values.values_mut().for_each(|value| redact(value, redactor)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn reference(step: &Step) -> StepRef {
    let attempt = step.attempt.as_ref().and_then(|attempt| attempt.dir.file_name());
    StepRef {
        step: step.kind,
        subject: step.subject.clone(),
        unit: step.unit.as_ref().map(UnitPath::to_string),
        attempt: attempt.map(|name| name.to_string_lossy().into_owned()),
    }
}

/// The beginning of a run, without reading the rest.
pub fn begun(run: &RunFolder) -> Option<Begun> {
    let mut first = String::new();
    io::BufRead::read_line(&mut io::BufReader::new(state::open(&run.journal()).ok()?), &mut first).ok()?;
    let mut begun = None;
    read::parse(first.as_bytes(), &mut |entry| {
        if let Record::Begun(found) = entry.record {
            begun = Some(found);
        }
    })
    .ok()?;
    begun
}

/// The journals of other runs that can't be relied on, each with its run.
pub fn damaged(run: &RunFolder) -> Vec<(String, Damage)> {
    let others = run.all().into_iter().filter(|other| other.dir != run.dir && exists(&other.journal()));
    others.filter_map(|other| Some((other.id.clone(), each(&other.journal(), drop).err()?))).collect()
}

/// Milliseconds of a duration.
pub fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// A build for tests can be told to be killed between two effects of its journal, in a rehearsal alone: before line `n / 2`
/// is written if `n` is even, after it otherwise.
#[cfg(debug_assertions)]
fn killed_by_a_test() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    if std::env::var_os("XTASK_REHEARSAL").is_none() {
        return;
    }
    let wanted = std::env::var("XTASK_TEST_KILL_AT_JOURNAL_STEP").ok().and_then(|n| n.parse().ok());
    if wanted == Some(SEEN.fetch_add(1, Ordering::SeqCst)) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
