//! Finding runs: all of them, newest first, or the one that a shortened id means.

use std::path::{Path, PathBuf};

use crate::model::{Failure, Kind, Result, distance};
use crate::run::folder::{RunFolder, STATE};
use crate::run::journal::story::Story;
use crate::run::journal::{self, Damage};
use crate::run::lock;
use crate::tasks::context::Context;
use crate::tools::state;

/// A run that was begun here once.
pub(super) struct Known {
    /// Its paths.
    pub(super) folder: RunFolder,
    /// What its journal says; nothing if it has none, as runs of version 0.1.0 and those that were killed as they began.
    pub(super) story: Result<Option<Story>, Damage>,
    /// Whether its runner is at work now.
    pub(super) is_alive: bool,
}

impl Known {
    /// What its journal says, or why nothing can be said.
    pub(super) fn story(&self) -> Result<&Story> {
        let id = &self.folder.id;
        match &self.story {
            Ok(Some(story)) => Ok(story),
            Ok(None) => Err(Failure::refused(format!("run {id} has kept no journal"))
                .in_file(self.folder.dir.display().to_string())
                .detail("it was killed as it began, or version 0.1.0 made it; its logs are in that folder")),
            Err(damage) => Err(damage.failure(id)),
        }
    }

    /// The word for how it came out.
    pub(super) fn result(&self) -> &'static str {
        match &self.story {
            Ok(Some(story)) => story.result(self.is_alive),
            Ok(None) => "no journal",
            Err(_) => "damaged",
        }
    }

    fn order(&self) -> u64 {
        match &self.story {
            Ok(story) => story.as_ref().map_or(0, |story| story.begun.order),
            Err(_) => journal::begun(&self.folder).map_or(u64::MAX, |begun| begun.order),
        }
    }
}

/// The nearest folder, upwards, in which something was run.
pub(super) fn root(context: &Context) -> Result<PathBuf> {
    let start = context.start()?;
    let start = start.canonicalize().unwrap_or(start);
    let root = nearest(&start).ok_or_else(|| {
        Failure::new(Kind::NothingSelected, "there has been no run in this repository yet")
            .in_file(start.display().to_string())
    })?;
    state::check(&root)?;
    Ok(root)
}

/// The same, whatever it looks like there.
pub(super) fn nearest(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|dir| state::exists(&dir.join(STATE).join("runs"))).map(Path::to_owned)
}

/// All runs, newest first.
pub(super) fn all(root: &Path) -> Vec<Known> {
    let any = RunFolder::new(root);
    let holder = lock::holder(&any.run_lock());
    let known = |folder: RunFolder| {
        let read = || match Story::read(&folder.journal()) {
            (story, Ok(_)) => Ok(story),
            (_, Err(damage)) => Err(damage),
        };
        let story = if journal::exists(&folder.journal()) { read() } else { Ok(None) };
        let is_alive = holder.as_deref().is_some_and(|holder| holder.starts_with(&format!("run {} ", folder.id)));
        Known { folder, story, is_alive }
    };
    let mut runs: Vec<_> = any.all().into_iter().map(known).collect();
    // Clocks jump; the order in which runs began was written down.
    runs.sort_by(|a, b| b.order().cmp(&a.order()).then_with(|| b.folder.id.cmp(&a.folder.id)));
    runs
}

/// The run that an id means: the whole, its last part, or a beginning of either.
pub(super) fn one(root: &Path, id: &str) -> Result<Known> {
    let mut runs = all(root);
    let whole = |run: &Known| run.folder.id == id || word(run) == id;
    let begins = |run: &Known| !id.is_empty() && (run.folder.id.starts_with(id) || word(run).starts_with(id));
    let found: Vec<_> = match runs.iter().position(whole) {
        Some(at) if runs.iter().filter(|run| whole(run)).count() == 1 => vec![at],
        _ => (0..runs.len()).filter(|at| begins(&runs[*at])).collect(),
    };
    match found[..] {
        [at] => Ok(runs.swap_remove(at)),
        [] => {
            let failure = Failure::new(Kind::NothingSelected, format!("there is no run `{id}` here"));
            let failure = similar(&runs, id).iter().fold(failure, |it, id| it.hint(format!("did you mean `{id}`?")));
            Err(failure.hint("all that there are: cargo xtask runs"))
        }
        _ => {
            let failure = Failure::usage(format!("several runs begin with `{id}`"));
            Err(found.iter().fold(failure, |failure, at| failure.detail(runs[*at].folder.id.clone())))
        }
    }
}

/// The run whose name comes near: one character is another one, or the names of files do.
fn similar(runs: &[Known], id: &str) -> Option<String> {
    let names = |run: &Known| [run.folder.id.clone(), word(run).to_owned()];
    runs.iter().flat_map(names).find(|name| distance(name, id) == 1)
}

/// The characters of an id behind its day.
fn word(run: &Known) -> &str {
    run.folder.id.rsplit('-').next().unwrap_or_default()
}
