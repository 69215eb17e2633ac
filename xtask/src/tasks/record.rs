//! What a task tells the journal of its run, and the report that is made of it at the end.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

use crate::model::{Account, Exit, Failure, Failures, Kind, Region};
use crate::repo::bump::{Bump, FileEdit};
use crate::repo::{Repository, Unit};
use crate::report::screen::{Tone, VERBS};
use crate::report::{region, run_report, stays};
use crate::run::digest::UnitPlan;
use crate::run::event::StepResult;
use crate::run::folder::RunFolder;
use crate::run::interrupt;
use crate::run::journal::story::Story;
use crate::run::journal::{
    self, Begun, Consented, Edited, EditedFile, Finished, Found, Journal, Left, Origin, Planned, Program, Record,
    SCHEMA, Selected, Tool, millis,
};
use crate::tasks::build_images::{Built, Verdict};
use crate::tasks::context::{Conclusion, Context, VERSION};
use crate::tasks::images::Wanted;
use crate::tasks::ready::Workable;
use crate::tasks::select;
use crate::tools::attempt::private_folder;
use crate::tools::hash::sha256;
use crate::tools::{env, git, operator, state, tty};

/// Begins the journal of a run. `secrets` must not get into it.
pub fn begin(
    context: &Context,
    repo: &Repository,
    run: &RunFolder,
    command: &str,
    secrets: impl IntoIterator<Item = String>,
) -> crate::model::Result<Journal> {
    let checkout = git::checkout(&repo.root);
    let begun = Begun {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: run.id.clone(),
        order: 1 + run.all().iter().filter_map(journal::begun).map(|begun| begun.order).max().unwrap_or(0),
        command: command.to_owned(),
        argv: context.argv.clone(),
        folder: select::below(run.root(), &context.start()?).unwrap_or_default(),
        who: operator::who(&context.vars),
        pid: std::process::id(),
        reason: context.globals.reason.clone(),
        allowances: context.globals.allow.iter().map(ToString::to_string).collect(),
        commit: git::commit(&repo.root),
        n_changed_files: checkout.as_ref().map(|checkout| checkout.n_changed),
        branch: checkout.map(|checkout| checkout.branch),
        release: env::text(&context.vars, VERSION).map(str::to_owned),
        resumes: context.resumed.as_ref().map(|resumed| resumed.run.clone()),
        origin: Some(Origin::here(run.root())),
    };
    let journal = Journal::begin(&run.journal(), begun, secrets)?;
    context.begun(&journal, run);
    Ok(journal)
}

/// Begins the journal of a run that changes files and nothing else.
pub fn begin_edits(context: &Context, repo: &Repository, run: &RunFolder) -> crate::model::Result<Journal> {
    private_folder(&run.dir).map_err(|error| {
        Failure::refused("cannot make the folder of this run, so nothing was changed")
            .in_file(run.dir.display().to_string())
            .because(error)
    })?;
    begin(context, repo, run, "bump-tags", [])
}

/// Changes files, which is on disk before the first one is changed.
pub fn edit(journal: &Journal, bump: &Bump, write: impl FnOnce() -> Result<(), Failures>) -> Result<(), Failures> {
    let file = |edit: &FileEdit| EditedFile {
        file: edit.file.clone(),
        before: sha256(&edit.before),
        after: sha256(&edit.after),
    };
    let editing = Record::Editing(bump.edits.iter().map(file).collect());
    journal.durable(&editing).map_err(|error| {
        Failure::refused("the change could not be written down, so nothing was changed").because(error)
    })?;
    let done = write();
    let (result, cause) = match &done {
        Ok(()) => (StepResult::Succeeded, None),
        Err(failures) => (StepResult::Failed, failures.iter().next().map(ToString::to_string)),
    };
    journal.note(&Record::Edited(Edited { result: result.as_str().to_owned(), cause }));
    done
}

/// Tells which units a run is about.
pub fn selected(journal: &Journal, units: &[Workable<'_>]) {
    selected_as(journal, units.iter().map(unit).collect());
}

/// Tells what a run is about.
pub fn selected_as(journal: &Journal, selected: Vec<Selected>) {
    journal.note(&Record::Selected(selected));
}

/// Tells which images a run is about.
pub fn selected_images(journal: &Journal, wanted: &[Wanted<'_, String>]) {
    let image = |wanted: &Wanted<'_, String>| Selected {
        label: wanted.image.clone(),
        path: format!("{}:{}", wanted.uri, wanted.tag),
        account: wanted.account.name.clone(),
        account_id: wanted.account.id.to_string(),
        region: wanted.uri.region().to_string(),
    };
    selected_as(journal, wanted.iter().map(image).collect());
}

/// Tells what became of images, by what is in ECR.
pub fn built(journal: &Journal, built: &[Built<'_>]) {
    for built in built {
        let (result, reason) = match built.verdict {
            Verdict::Built => (StepResult::Succeeded, "built"),
            Verdict::WasThere => (StepResult::Succeeded, "was there already"),
            Verdict::Missing => (StepResult::Failed, "not in ECR after the build"),
            // The step itself tells.
            Verdict::Failed | Verdict::NotStarted | Verdict::Unproven => continue,
        };
        found(journal, &format!("{}:{}", built.uri, built.tag), result, reason, None);
    }
}

/// Tells what something came out as that was selected with this path.
pub fn found(journal: &Journal, path: &str, result: StepResult, reason: &str, cause: Option<String>) {
    let (path, result, reason) = (path.to_owned(), result.as_str().to_owned(), reason.to_owned());
    journal.note(&Record::Found(Found { path, result, reason, cause }));
}

/// A unit, with what tells it from all others.
pub fn unit(unit: &Workable<'_>) -> Selected {
    selected_unit(&unit.label, unit.unit, unit.account, &unit.region)
}

/// The same, of a unit that isn't worked in.
pub fn selected_unit(label: &str, unit: &Unit, account: &Account, region: &Region) -> Selected {
    Selected {
        label: label.to_owned(),
        path: unit.path.to_string(),
        account: account.name.clone(),
        account_id: account.id.to_string(),
        region: region.to_string(),
    }
}

/// Tells of a program and its version.
pub fn tool(journal: &Journal, name: &str, version: Option<&str>) {
    journal.note(&Record::Tool(Tool { name: name.to_owned(), version: version.map(str::to_owned) }));
}

/// Tells what the plans would do.
pub fn planned(journal: &Journal, plans: &[UnitPlan]) {
    plans.iter().map(plan).for_each(|planned| journal.note(&Record::Planned(planned)));
}

/// Writes down, durably, that somebody agreed to the plans that change anything, and what they were made with.
pub fn consented(
    context: &Context,
    journal: &Journal,
    how: &str,
    plans: &[UnitPlan],
    programs: Vec<Program>,
) -> std::io::Result<()> {
    let plans: Vec<_> = plans.iter().filter(|plan| !plan.plan.is_empty()).map(plan).collect();
    let hashes: Vec<_> = plans.iter().map(|plan| format!("{} {}\n", plan.unit, plan.changes_sha256)).collect();
    let digest_sha256 = sha256(hashes.concat());
    let who = operator::who(&context.vars);
    journal.durable(&Record::Consented(Consented { how: how.to_owned(), who, digest_sha256, plans, programs }))
}

fn plan(plan: &UnitPlan) -> Planned {
    Planned {
        unit: plan.label.clone(),
        changes: plan.shown(),
        changes_sha256: plan.plan.values_sha256.clone(),
        plan_sha256: plan.sha256.clone(),
    }
}

/// The changes that were agreed to in an earlier run, by the label of the unit.
pub fn agreed(story: &Story) -> BTreeMap<String, Planned> {
    let plans = story.consents.iter().flat_map(|(_, consented)| &consented.plans);
    plans.map(|planned| (planned.unit.clone(), planned.clone())).collect()
}

/// Writes down how the command ended in every run that it began, and makes their reports.
pub fn close(context: &Context, ended: Result<Exit, &Failures>) {
    let failures = ended.err().map(|failures| failures.iter().map(ToString::to_string).collect()).unwrap_or_default();
    let exit = ended.unwrap_or_else(Failures::exit).0;
    let is_cancelled = ended.is_err_and(|failures| failures.iter().all(|failure| failure.kind == Kind::Cancelled));
    for (journal, run) in context.begun_runs() {
        // A run that only asked has removed its folder.
        if journal::exists(journal.path()) {
            let millis = millis(journal.age());
            let failures = Vec::clone(&failures);
            journal.note(&Record::Finished(Finished { exit, is_cancelled, failures, millis }));
            report(&run);
            if exit != Exit::DONE.0 {
                let (stays, screen) = (stays(&run), &context.screen);
                for (n, line) in stays.iter().enumerate() {
                    match n {
                        0 => screen.insist(Tone::Warning, "Stays", line),
                        _ => screen.insist_line(&format!("{:VERBS$}{line}", "")),
                    }
                }
            }
        }
    }
}

/// What a run has changed, and how to go on or back.
fn stays(run: &RunFolder) -> Vec<String> {
    Story::read(&run.journal()).0.map(|story| stays::stays(&story, run.word())).unwrap_or_default()
}

/// Writes down that the runner leaves, and says how to go on. Called in the middle of anything; what still runs goes on.
pub fn left(journal: &Journal, run: &RunFolder, conclusion: &Conclusion, signal: i32, is_at_work: bool) {
    region::paint(Vec::new());
    tty::restore();
    journal.note(&Record::Left(Left { signal }));
    report(run);
    let what = match is_at_work {
        true => "what still runs finishes by itself, and its end is unknown until somebody looks",
        false => "nothing runs any more",
    };
    let next = format!("to go on from here: cargo xtask runs resume {}", run.word());
    region::interject(&format!("{:VERBS$}{what}\n{:VERBS$}{next}", "Leaving", ""));
    let stays = stays(run);
    if !stays.is_empty() {
        let indent = format!("\n{:VERBS$}", "");
        region::interject(&format!("{:VERBS$}{}", "Stays", stays.join(&indent)));
    }
    let why = interrupt::reason(signal).detail(what).hint(next);
    let exit = why.kind.into();
    conclusion.print(exit, Some(&why.into()), Some(&run.id), &[]);
}

/// Makes the report of a run from its journal. If it can't be written it can be made again at any time.
pub fn report(run: &RunFolder) {
    let (Some(story), Ok(_)) = Story::read(&run.journal()) else { return };
    let new = run.dir.join("report.json.new");
    let written = state::private_file(&new).and_then(|mut file| {
        let mut buffered = std::io::BufWriter::new(&mut file);
        run_report::write(&story, &mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        fs::rename(&new, run.report())
    });
    if written.is_err() {
        let _ = state::remove_file(&run.report());
    }
}
