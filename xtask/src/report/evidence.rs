//! The evidence of a run, for people: who did what, when, on which commit, what was agreed to, the identity in every
//! account, and how each unit came out.

use crate::model::one_line;
use crate::report::markdown::escaped;
use crate::report::run_report::proofs;
use crate::report::screen::{count, duration};
use crate::run::journal::story::{StepStory, Story, UnitStory};
use std::collections::BTreeSet;
use std::time::Duration;

/// One line of evidence: what it is about, and what there is to say.
type Fact = (&'static str, String);

/// For a terminal; `result` is the word for the whole run.
pub fn text(story: &Story, result: &str) -> String {
    let facts = facts(story, result).into_iter().map(|(name, fact)| format!("{name:<12} {}\n", one_line(&fact)));
    let units = story.units();
    let width = units.iter().map(|unit| unit.of.label.chars().count()).max().unwrap_or_default();
    let rows = units.iter().map(|unit| {
        let (result, said) = (story.shown(unit), said(story, unit));
        let line = format!("  {:<width$}  {result:<11}  {:<9}  {said}", unit.of.label, took(unit));
        format!("{}\n", one_line(line.trim_end()))
    });
    facts.chain(rows).collect()
}

/// For a change ticket; `result` is the word for the whole run.
pub fn markdown(story: &Story, result: &str) -> String {
    let mut page = format!("### Run {}: {result}\n\n", escaped(&story.begun.run));
    for (name, fact) in facts(story, result).iter().skip(1) {
        page.push_str(&format!("- **{name}**: {}\n", escaped(fact)));
    }
    if !story.selected.is_empty() {
        page.push_str(
            "\n| unit | account | result | took | changes | plan (SHA-256) | |\n|---|---|---|---|---|---|---|\n",
        );
    }
    for unit in story.units() {
        let plan = unit.planned.map_or("", |planned| planned.plan_sha256.get(..12).unwrap_or_default());
        let changes = unit.planned.map_or(String::new(), |planned| {
            planned.changes.iter().map(|change| escaped(change)).collect::<Vec<_>>().join("<br>")
        });
        let cells = [
            escaped(&unit.of.path),
            escaped(&format!("{} {}", unit.of.account_id, unit.of.account)),
            story.shown(&unit).to_owned(),
            took(&unit),
            changes,
            escaped(plan),
            escaped(&said(story, &unit)),
        ];
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    page
}

fn facts(story: &Story, result: &str) -> Vec<Fact> {
    let begun = &story.begun;
    let mut facts = vec![
        ("Run", format!("{}   {result}", begun.run)),
        ("Command", begun.typed()),
        ("Who", begun.who.clone()),
        ("Began", story.time.clone()),
    ];
    if let Some((time, finished)) = &story.finished {
        let took = duration(Duration::from_millis(finished.millis));
        facts.push(("Ended", format!("{time}   after {took}, exit code {}", finished.exit)));
    }
    facts.extend(begun.resumes.as_ref().map(|run| ("Resumes", format!("run {run}"))));
    facts.extend(begun.reason.as_ref().map(|reason| ("Why", reason.clone())));
    if let Some(commit) = &begun.commit {
        let branch = begun.branch.as_deref().unwrap_or("no branch");
        let changed = begun.n_changed_files.unwrap_or_default();
        let state = if changed == 0 { "clean".to_owned() } else { format!("{} changed", count(changed, "file")) };
        facts.push(("Commit", format!("{commit} ({branch}, {state})")));
    }
    let tools = story.tools.iter().map(|tool| format!("{} {}", tool.name, tool.version.as_deref().unwrap_or("?")));
    let tools: Vec<_> = std::iter::once(format!("xtask {}", begun.version)).chain(tools).collect();
    facts.push(("Tools", tools.join(", ")));
    facts.extend((!begun.allowances.is_empty()).then(|| ("Allowed", begun.allowances.join(", "))));
    for proof in proofs(story) {
        let account = story.selected.iter().find(|selected| selected.account_id == proof.expected.as_str());
        let name = account.map(|selected| format!(" {}", selected.account)).unwrap_or_default();
        let verdict = match (&proof.account, &proof.arn) {
            (Some(found), Some(arn)) if *found == proof.expected => format!("verified   {arn}   {}", proof.time),
            (Some(_), Some(arn)) => format!("refused: these credentials are {arn}"),
            _ => format!("refused: {}", proof.reason.as_deref().unwrap_or_default().lines().next().unwrap_or_default()),
        };
        facts.push(("Account", format!("{}{name}   {verdict}", proof.expected)));
    }
    for (time, consented) in &story.consents {
        let units: Vec<_> = consented.plans.iter().map(|plan| plan.unit.as_str()).collect();
        let (who, how, digest) =
            (&consented.who, &consented.how, consented.digest_sha256.get(..12).unwrap_or_default());
        facts.push(("Consent", format!("{who} ({how}) at {time} to digest {digest}: {}", units.join(" "))));
    }
    let programs: BTreeSet<_> = story.consents.iter().flat_map(|(_, consented)| &consented.programs).collect();
    for program in programs {
        let hash = program.sha256.as_deref().unwrap_or("unknown");
        facts.push(("Program", format!("{}   SHA-256 {hash}", program.path.display())));
    }
    for file in story.edits.iter().flat_map(|edits| &edits.files) {
        let short = |sha256: &str| sha256.get(..12).unwrap_or_default().to_owned();
        facts.push(("Changed", format!("{}   {} -> {}", file.file, short(&file.before), short(&file.after))));
    }
    let task = |step: &StepStory| Some(("Task", format!("{}   {}", step.of.subject, step.task.as_ref()?)));
    facts.extend(story.steps.iter().filter_map(task));
    let failures = story.finished.iter().flat_map(|(_, finished)| &finished.failures);
    facts.extend(failures.map(|failure| ("Failure", failure.lines().next().unwrap_or_default().to_owned())));
    facts
}

fn took(unit: &UnitStory<'_>) -> String {
    let ended = unit.step.and_then(|step| step.ended.as_deref());
    ended.map(|(_, ended)| duration(Duration::from_millis(ended.millis))).unwrap_or_default()
}

/// Why it came out so, in one line.
fn said(story: &Story, unit: &UnitStory<'_>) -> String {
    if story.shown(unit) == "planned" {
        return "kept, not applied".to_owned();
    }
    let first = unit.cause.map(|cause| cause.lines().next().unwrap_or_default());
    first.or(unit.reason).unwrap_or_default().to_owned()
}
