//! Traps in this checkout and on this machine: uncommitted files, a branch that is behind, a full disk.

use crate::repo::Repository;
use crate::report::screen::count;
use crate::tasks::doctor::finding::Finding;
use crate::tools::disk::Disk;
use crate::tools::git;

/// Whether what will be applied is what everybody has.
pub(in crate::tasks::doctor) fn checkout(repo: &Repository) -> Finding {
    const NAME: &str = "checkout";
    let Some(checkout) = git::checkout(&repo.root) else {
        return match git::refusal(&repo.root) {
            Some(refusal) => {
                let finding = Finding::warn(NAME, format!("git refuses to look at it: {}", refusal.what));
                refusal.to_do.into_iter().fold(finding, Finding::to_do)
            }
            None => Finding::skip(NAME, "this is no checkout of git, or git isn't there"),
        };
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

/// Whether there is room for what planning all units writes.
pub(in crate::tasks::doctor) fn room(disks: &[Disk]) -> Finding {
    const NAME: &str = "disk";
    const TO_DO: &str =
        "make room; folders `.terragrunt-cache` and `.terraform` can go in which no `errored.tfstate` lies";
    let words = |disk: &Disk| {
        let place = disk.needs.first().map(|need| need.place.display().to_string()).unwrap_or_default();
        format!("{}, for {place}", disk.words())
    };
    let worst = disks.iter().min_by_key(|disk| disk.free.saturating_sub(disk.needed()));
    match worst {
        None => Finding::skip(NAME, "the system doesn't say how much is free"),
        Some(disk) if disk.is_too_small() => Finding::fail(NAME, words(disk)).to_do(TO_DO),
        Some(disk) if disk.is_tight() => Finding::warn(NAME, words(disk)).to_do(TO_DO),
        Some(disk) => Finding::ok(NAME, disk.words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::doctor::finding::Grade;
    use crate::tools::disk::{MIB, Need};

    #[test]
    fn disk_is_too_small_or_tight_or_fine_for_what_is_planned() {
        let needs = vec![Need { what: "caches".to_owned(), place: "/repo/dev".into(), bytes: 1024 * MIB }];
        let disk = |mib| Disk { free: mib * MIB, needs: needs.clone() };
        let grades: Vec<_> = [1023, 2047, 2048].map(|mib| room(&[disk(9999), disk(mib)]).grade).into();
        assert_eq!(grades, [Grade::Fail, Grade::Warn, Grade::Ok]);
        assert_eq!(room(&[disk(1536)]).text, "1.5 GiB free, about 1.0 GiB needed, for /repo/dev");
        assert_eq!(room(&[]).grade, Grade::Skip);
    }
}
