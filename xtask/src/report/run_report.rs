//! `report.json`: how a run went, for programs. Its units are told in the words of terragrunt's own report
//! (<https://docs.terragrunt.com/features/run-report>), with ours beside them. A pure function of the journal.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::run::journal::story::{Story, UnitStory};
use crate::run::journal::{Consented, Ended, Program};
use crate::run::step::StepKind;
use crate::tools::proof::{Proof, Verdict};

/// The report, always the same bytes for the same records.
pub fn json(story: &Story) -> String {
    let mut text = Vec::new();
    // Memory takes everything.
    let _ = write(story, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes the same.
pub fn write(story: &Story, mut to: impl Write) -> io::Result<()> {
    let begun = &story.begun;
    let (ended, finished) = story.finished.as_ref().map(|(time, finished)| (time, finished)).unzip();
    let run = json!({
        "Id": begun.run, "Command": begun.command, "Arguments": begun.argv, "Version": begun.version,
        "Who": begun.who, "Reason": begun.reason, "Allowed": begun.allowances, "Resumes": begun.resumes,
        "Branch": begun.branch, "Commit": begun.commit, "ChangedFiles": begun.n_changed_files,
        "Started": story.time, "Ended": ended, "Result": story.result(false),
        "ExitCode": finished.map(|finished| finished.exit),
        "Seconds": finished.map(|finished| seconds(finished.millis)),
        "Failures": finished.map(|finished| &finished.failures),
        "Tools": story.tools.iter().map(|tool| (tool.name.clone(), json!(tool.version))).collect::<serde_json::Map<_, _>>(),
        "Consents": story.consents.iter().map(|(time, consented)| consent(time, consented)).collect::<Vec<_>>(),
        "Files": story.edits.iter().flat_map(|edits| &edits.files).collect::<Vec<_>>(),
    });
    let identities = Each(|| proofs(story).map(proof));
    let units = Each(|| story.units().into_iter().map(|unit| row(story, &unit)));
    serde_json::to_writer_pretty(&mut to, &Report { identities, run, schema: 1, units })?;
    to.write_all(b"\n")
}

#[derive(Serialize)]
struct Report<P, U> {
    identities: P,
    run: Value,
    schema: u32,
    units: U,
}

/// A list whose items are made one by one as it is written: those of a thousand units take ten megabytes.
struct Each<F>(F);

impl<I: Iterator<Item = Value>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The identities that were verified for each account, in order: each account and ARN once.
pub fn proofs(story: &Story) -> impl Iterator<Item = &Proof> {
    let mut seen = std::collections::BTreeSet::new();
    let ended = story.steps.iter().filter_map(|step| step.ended.as_deref());
    let all = ended.flat_map(|(_, Ended { of, proofs, .. })| {
        proofs.iter().filter(move |proof| of.step == StepKind::Identity || proof.verdict != Verdict::Proven)
    });
    all.filter(move |proof| seen.insert((proof.expected.to_string(), proof.account.clone(), proof.arn.clone())))
}

fn proof(proof: &Proof) -> Value {
    json!({
        "Expected": proof.expected, "Verdict": proof.verdict, "AccountId": proof.account, "Arn": proof.arn,
        "Endpoint": proof.endpoint, "Time": proof.time, "Reason": proof.reason,
    })
}

fn consent(time: &str, consented: &Consented) -> Value {
    json!({
        "Time": time, "Who": consented.who, "How": consented.how, "Digest": consented.digest_sha256,
        "Units": consented.plans.iter().map(|plan| &plan.unit).collect::<Vec<_>>(),
        "Programs": consented.programs.iter().map(program).collect::<Vec<_>>(),
    })
}

fn program(program: &Program) -> Value {
    json!({ "Path": program.path, "Sha256": program.sha256 })
}

fn row(story: &Story, unit: &UnitStory<'_>) -> Value {
    let ended = unit.step.and_then(|step| step.ended.as_deref()).map(|(_, ended)| ended);
    json!({
        "Name": unit.of.path, "Started": unit.step.map(|step| &step.started), "Ended": unit.step.and_then(|step| step.end()),
        "Result": unit.result, "Reason": unit.reason, "Cause": unit.cause,
        "Unit": unit.of.label, "Account": unit.of.account, "AccountId": unit.of.account_id, "Region": unit.of.region,
        "Run": story.begun.run, "Seconds": ended.map(|ended| seconds(ended.millis)),
        "Step": unit.step.map(|step| step.of.step), "ExitCode": ended.and_then(|ended| ended.exit),
        "Task": unit.step.and_then(|step| step.task.as_ref()),
        "Log": unit.step.and_then(|step| step.log.as_ref()), "Command": unit.step.map(|step| &step.command),
        "Changes": unit.planned.map(|planned| &planned.changes),
        "ChangesSha256": unit.planned.map(|planned| &planned.changes_sha256),
        "PlanSha256": unit.planned.map(|planned| &planned.plan_sha256),
    })
}

#[expect(clippy::cast_precision_loss, reason = "no run takes a hundred thousand years")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}
