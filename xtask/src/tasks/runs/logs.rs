//! The log of a step of a run.

use std::path::Path;

use super::find;
use crate::model::{Exit, Failure, Failures, Kind, did_you_mean};
use crate::run::journal::story::StepStory;
use crate::run::step::StepKind;
use crate::tasks::context::Context;
use crate::tools::state;

/// Prints the log of a unit's or an image's last step, or of the one that is named.
pub(super) fn run(context: &Context, root: &Path, id: &str, unit: &str, step: Option<&str>) -> Result<Exit, Failures> {
    let known = find::one(root, id)?;
    let story = known.story()?;
    let accounts: Vec<_> =
        story.selected.iter().filter(|selected| selected.account == unit).map(|selected| &selected.path).collect();
    let is_its = |step: &&StepStory| {
        let of = &step.of;
        of.subject == unit
            || of.unit.as_deref() == Some(unit)
            || of.unit.as_ref().is_some_and(|it| accounts.contains(&it))
    };
    let steps: Vec<_> = story.steps.iter().filter(is_its).filter(|step| step.log.is_some()).collect();
    // A state that was read after an apply is nobody's last word.
    let is_default = |kind: StepKind| kind != StepKind::State;
    let named = |it: &&&StepStory| step.map_or(is_default(it.of.step), |step| it.of.step.to_string() == step);
    let Some(log) = steps.iter().rfind(named).and_then(|step| step.log.as_ref()) else {
        let what = step.map(|step| format!("{step} of ")).unwrap_or_default();
        let failure =
            Failure::new(Kind::NothingSelected, format!("run {} has no log of {what}`{unit}`", known.folder.id));
        let mut there: Vec<_> = story
            .steps
            .iter()
            .filter(|step| step.log.is_some())
            .map(|step| format!("{} {}", step.of.subject, step.of.step))
            .collect();
        there.dedup();
        let names = story.steps.iter().flat_map(|step| [Some(step.of.subject.as_str()), step.of.unit.as_deref()]);
        let meant = did_you_mean(names.flatten().filter(|name| *name != unit), unit);
        let failure = meant.into_iter().fold(failure, Failure::hint);
        return Err(there
            .into_iter()
            .fold(failure, |failure, line| failure.detail(format!("there is  {line}")))
            .into());
    };
    let path = known.folder.dir.join(log);
    let bytes = state::read(&path)
        .map_err(|error| Failure::failed("the log can't be read").in_file(path.display().to_string()).because(error))?;
    context.exact(&bytes)?;
    Ok(Exit::DONE)
}
