//! How much memory the steps of earlier runs took, by their journals: what decides how many run side by side.

use crate::run::event::StepResult;
use crate::run::folder::RunFolder;
use crate::run::journal::{self, Ended, Record};
use crate::run::step::StepKind;

/// So many runs count, the latest ones that tell: modules and providers change.
const N_RUNS: usize = 5;

/// The most that a plan or an apply took in the latest runs, in bytes; `None` if none of them tells.
pub fn peak(run: &RunFolder) -> Option<u64> {
    let mut runs: Vec<_> = run.all().into_iter().filter_map(|run| Some((journal::begun(&run)?.order, run))).collect();
    runs.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
    runs.iter().filter_map(|(_, run)| of(run)).take(N_RUNS).max()
}

fn of(run: &RunFolder) -> Option<u64> {
    let mut peak = None;
    let read = journal::each(&run.journal(), |entry| match entry.record {
        Record::Ended(ended) if is_worth_counting(&ended) => peak = peak.max(ended.memory),
        _ => {}
    });
    read.ok().and(peak)
}

/// What failed may have done so before it took much.
fn is_worth_counting(ended: &Ended) -> bool {
    matches!(ended.of.step, StepKind::Plan | StepKind::Apply) && ended.result == StepResult::Succeeded.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::{Begun, Journal, SCHEMA, StepRef};

    fn ended(step: StepKind, memory: Option<u64>) -> Record {
        let of = StepRef { step, subject: "dev".to_owned(), unit: None, attempt: None };
        let result = "succeeded".to_owned();
        Record::Ended(Ended { of, result, cause: None, millis: 1, exit: Some(0), proofs: Vec::new(), memory })
    }

    #[test]
    fn largest_plan_or_apply_of_the_latest_runs_counts() {
        let folder = tempfile::tempdir().unwrap();
        let any = RunFolder::new(folder.path());
        assert_eq!(peak(&any), None);
        // The names of runs of one day are in no order; their numbers are.
        for (order, name, memory) in
            [(1, "z", 900), (2, "y", 10), (3, "x", 40), (4, "w", 20), (5, "v", 10), (6, "u", 30)]
        {
            let run = any.other(any.all_runs().join(name));
            std::fs::create_dir_all(&run.dir).unwrap();
            let begun =
                Begun { schema: SCHEMA, version: "0.1.0".to_owned(), run: name.to_owned(), order, ..Begun::default() };
            let journal = Journal::begin(&run.journal(), begun, []).unwrap();
            journal.note(&ended(StepKind::Plan, Some(memory)));
            journal.note(&ended(StepKind::Apply, None));
            journal.note(&ended(StepKind::Build, Some(5000)));
        }
        assert_eq!(peak(&any), Some(40), "the first run is too long ago");
    }
}
