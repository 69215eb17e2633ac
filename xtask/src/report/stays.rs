//! What a run that ended early has changed and leaves so: images in ECR, files of the repository; and how to go on or back.

use crate::report::screen::count;
use crate::run::event::StepResult;
use crate::run::journal::story::{StepStory, Story, UnitStory};
use crate::run::step::StepKind;
use crate::tools::process::quoted;

/// The lines, the first of which follows a verb; none if nothing stays changed. `word` is what people call the run.
pub fn stays(story: &Story, word: &str) -> Vec<String> {
    let units = story.units();
    let built = |in_ecr: bool| -> Vec<&str> {
        let images = units.iter().filter(|unit| is_built(unit) && (unit.reason == Some("built")) == in_ecr);
        images.map(|unit| unit.of.path.split_once('/').map_or(unit.of.path.as_str(), |(_, name)| name)).collect()
    };
    let is_done = |edits: &&crate::run::journal::story::Edits| {
        edits.ended.as_ref().is_some_and(|ended| ended.result == StepResult::Succeeded.as_str())
    };
    let mut files: Vec<_> =
        story.edits.iter().filter(is_done).flat_map(|edits| &edits.files).map(|it| &it.file).collect();
    files.sort();
    files.dedup();
    let mut lines = Vec::new();
    for (images, place) in [(built(true), "in ECR"), (built(false), "built, not looked up in ECR")] {
        if !images.is_empty() {
            lines.push(format!("{} {place}: {}", count(images.len(), "image"), images.join(", ")));
        }
    }
    let files: Vec<_> = files.into_iter().map(|file| quoted(file)).collect();
    if !files.is_empty() {
        lines.push(format!("{} changed: {}", count(files.len(), "file"), files.join(", ")));
    }
    // What was applied needs the files as they are now, and has its own words.
    let has_applied = story.steps.iter().any(|step| step.of.step == StepKind::Apply);
    let is_interrupted = story.finished.as_ref().is_some_and(|(_, finished)| matches!(finished.exit, 130 | 143));
    let has_changed = !story.edits.is_empty() || story.steps.iter().any(StepStory::changes_something);
    if is_interrupted && !has_changed {
        return vec!["as it was: nothing was built, changed or applied".to_owned()];
    }
    if lines.is_empty() || has_applied {
        return lines;
    }
    lines.push(format!("to go on: cargo xtask runs resume {word}"));
    if !files.is_empty() {
        let files = files.join(" ");
        // What else was changed in them would be lost.
        lines.extend(story.begun.n_changed_files.map(|n_changed| match n_changed {
            0 => format!("to go back: git restore {files}"),
            _ => format!("to see what to take back: git diff {files}"),
        }));
    }
    lines
}

fn is_built(unit: &UnitStory<'_>) -> bool {
    let has_ended_well =
        unit.step.is_some_and(|step| step.of.step == StepKind::Build) && unit.result == StepResult::Succeeded.as_str();
    unit.reason == Some("built") || has_ended_well && unit.reason.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::story::Edits;
    use crate::run::journal::{Begun, Edited, EditedFile};

    #[test]
    fn git_is_named_only_in_a_checkout_and_restores_only_what_was_clean() {
        let file = EditedFile { file: "common.hcl".to_owned(), before: String::new(), after: String::new() };
        let ended = Some(Edited { result: StepResult::Succeeded.as_str().to_owned(), cause: None });
        let edits = vec![Edits { started: String::new(), files: vec![file], ended }];
        for (n_changed_files, last) in [
            (None, "to go on: cargo xtask runs resume k3f"),
            (Some(0), "to go back: git restore common.hcl"),
            (Some(1), "to see what to take back: git diff common.hcl"),
        ] {
            let begun = Begun { n_changed_files, ..Begun::default() };
            let story = Story { begun, edits: edits.clone(), ..Story::default() };
            assert_eq!(stays(&story, "k3f").last().map(String::as_str), Some(last));
        }
    }
}
