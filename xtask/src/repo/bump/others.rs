//! Units that are no runners and get another module with a change, since the same line decides the `ref` of theirs.

use std::collections::BTreeMap;

use crate::model::{Failure, UnitPath};
use crate::repo::hcl::{Evaluator, Frame, stack};
use crate::repo::walk::{self, TERRAGRUNT};
use crate::repo::{Files, Module, Repository, find_settings, parallel};

/// How many units are named.
const MOST_NAMES: usize = 5;

/// A failure for all units that would get the same, in a stable order.
pub(super) fn of(repo: &Repository, after: &Files) -> Vec<Failure> {
    let (_, exclude) = find_settings(&repo.root, &mut Vec::new());
    let (before, after) = (repo.files.aside(), after.aside());
    let module = |files: &Files, dir: &std::path::Path| {
        let file = dir.join(TERRAGRUNT);
        let evaluator = Evaluator::new(files, file.clone());
        Some(Module::of(&evaluator, &Frame::read(&evaluator, &file).ok()?))
    };
    let mut dirs = walk::all(&repo.root, &exclude).terragrunt;
    let is_unit = |path: &UnitPath| repo.units.binary_search_by(|unit| unit.path.cmp(path)).is_ok();
    dirs.retain(|dir| dir.strip_prefix(&repo.root).ok().and_then(UnitPath::new).is_some_and(|path| !is_unit(&path)));
    let both = parallel::map(&dirs, |dir| stack::deep(|| Some((module(&before, dir)?, module(&after, dir)?))));
    let mut moved: BTreeMap<(String, String), Vec<(String, Module)>> = BTreeMap::new();
    for (dir, (was, is)) in dirs.iter().zip(both).filter_map(|(dir, both)| Some((dir, both?))) {
        if was.source != is.source {
            let shown = |module: &Module| module.reference().unwrap_or("unknown").to_owned();
            moved.entry((shown(&was), shown(&is))).or_default().push((repo.files.name(dir), was));
        }
    }
    let failure = |((from, to), units): ((String, String), Vec<(String, Module)>)| {
        let what = format!(
            "the change would also move the module of {} from {from} to {to}",
            if units.len() == 1 {
                "a unit that is no runner".to_owned()
            } else {
                format!("{} units that are no runners", units.len())
            }
        );
        let place = units.iter().find_map(|(_, module)| module.pin.as_ref());
        let failure = place.into_iter().fold(Failure::refused(what), |failure, pin| failure.at(pin.place()));
        let failure =
            units.iter().take(MOST_NAMES).fold(failure, |failure, (name, _)| failure.detail(format!("in {name}")));
        let more = units.len().saturating_sub(MOST_NAMES);
        let failure = if more > 0 { failure.detail(format!("and {more} more")) } else { failure };
        failure.hint("give the runner a local of its own; if they may move with it: --allow other-modules")
    };
    moved.into_iter().map(failure).collect()
}
