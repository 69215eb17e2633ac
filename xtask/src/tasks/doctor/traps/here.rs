//! Traps in this checkout and on this machine: uncommitted files, a branch that is behind, a full disk.

use std::path::Path;

use crate::repo::Repository;
use crate::report::screen::count;
use crate::tasks::doctor::finding::Finding;
use crate::tools::{disk, git};

/// What one run takes at most: a cache of a module and its providers per unit.
const TIGHT: u64 = 2 << 30;
/// With less than this not even logs can be counted on.
const FULL: u64 = 200 << 20;

/// Whether what will be applied is what everybody has.
pub(in crate::tasks::doctor) fn checkout(repo: &Repository) -> Finding {
    const NAME: &str = "checkout";
    let Some(checkout) = git::checkout(&repo.root) else {
        return Finding::skip(NAME, "this is no checkout of git, or git isn't there");
    };
    let n_behind = git::n_behind(&repo.root);
    let changed = count(checkout.n_changed, "file");
    match (checkout.n_changed, n_behind) {
        (0, None) => Finding::ok(NAME, format!("{}, clean; it follows no remote branch", checkout.branch)),
        (0, Some(0)) => Finding::ok(NAME, format!("{}, clean, not behind what was last fetched", checkout.branch)),
        (0, Some(n)) => {
            Finding::warn(NAME, format!("{} is {} behind its remote branch", checkout.branch, count(n, "commit")))
                .to_do("git pull, or somebody else's change is taken back by the next apply")
        }
        (_, None | Some(0)) => {
            Finding::warn(NAME, format!("{}: {changed} not committed, which will be applied as well", checkout.branch))
                .to_do("git status, then commit or stash")
        }
        (_, Some(n)) => Finding::warn(
            NAME,
            format!(
                "{}: {changed} not committed, and {} behind its remote branch",
                checkout.branch,
                count(n, "commit")
            ),
        )
        .to_do("git status and git pull"),
    }
}

/// Whether there is room for caches, plans and logs.
pub(in crate::tasks::doctor) fn space(root: &Path) -> Finding {
    const NAME: &str = "disk";
    match disk::free_bytes(root) {
        Err(error) => Finding::skip(NAME, format!("the system doesn't say how much is free: {error}")),
        Ok(free) => judged(free),
    }
}

fn judged(free: u64) -> Finding {
    const NAME: &str = "disk";
    let said = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
    match free {
        ..FULL => Finding::fail(NAME, format!("{said}: not even logs can be counted on"))
            .to_do("make room; folders `.terragrunt-cache` and `.terraform` can go"),
        FULL..TIGHT => Finding::warn(NAME, format!("{said}: modules and providers may not fit"))
            .to_do("make room; folders `.terragrunt-cache` and `.terraform` can go"),
        _ => Finding::ok(NAME, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::doctor::finding::Grade;

    #[test]
    fn a_disk_is_full_tight_or_fine() {
        let grades: Vec<_> = [1 << 20, 1 << 30, 10 << 30].map(|free| judged(free).grade).into();
        assert_eq!(grades, [Grade::Fail, Grade::Warn, Grade::Ok]);
        assert_eq!(judged(3 << 29).text, "1.5 GiB free: modules and providers may not fit");
    }
}
