//! The machine image of the runner's own workers: it is built from the service catalog and picked by a filter that names
//! the release, which nothing keeps in step with the module's.

use super::hcl::literals::literals;
use super::{Repository, Unit};
use crate::model::{Place, UnitPath, Version};

/// What the name of such an image has in front of its release.
const WORKER: &str = "deploy-runner-worker-";
/// The module that such images are built with.
const SERVICE_CATALOG: &str = "modules/mgmt/ecs-deploy-runner";

/// A filter for images of workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerFilter {
    /// Where it stands.
    pub place: Place,
    /// What it says: `ecs-deploy-runner-worker-v0.90.3-*`.
    pub filter: String,
    /// The release in it, as it is written; `None` if it names none.
    pub release: Option<String>,
}

impl WorkerFilter {
    /// The units whose module is of another release. A filter in a unit's own folder is about that unit alone.
    pub fn behind<'r>(&self, repo: &'r Repository) -> Vec<(&'r UnitPath, &'r str)> {
        let Some(release) = self.release.as_deref().and_then(Version::parse) else { return Vec::new() };
        let inside = |unit: &Unit| Some(self.place.file.strip_prefix(unit.path.as_str())?.starts_with('/'));
        let is_own = |unit: &Unit| inside(unit) == Some(true);
        let is_about_one = repo.units.iter().any(is_own);
        let units = repo.units.iter().filter(|unit| !is_about_one || is_own(unit));
        let differs = |unit: &'r Unit| {
            let version = unit.module.reference().filter(|_| unit.module.folder() == Some(SERVICE_CATALOG))?;
            Version::parse(version).filter(|version| *version != release).map(|_| (&unit.path, version))
        };
        units.filter_map(differs).collect()
    }
}

impl Repository {
    /// The filters for images of workers in the files of all units, by file and line.
    pub fn worker_filters(&self) -> Vec<WorkerFilter> {
        let mut filters = Vec::new();
        for source in self.files.sources() {
            let found = literals(&source.body).into_iter().filter(|literal| literal.text.contains(WORKER));
            filters.extend(found.map(|literal| WorkerFilter {
                place: source.place(literal.span.start),
                filter: literal.text.to_owned(),
                release: release(literal.text),
            }));
        }
        filters
    }
}

/// The release in the name of an image, without what follows it.
fn release(name: &str) -> Option<String> {
    let (_, rest) = name.split_once(WORKER)?;
    let version = rest.split(['-', '*', '?']).next()?;
    Version::parse(version).map(|_| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::release;
    use crate::repo::tests::fixture;

    #[test]
    fn the_release_stands_behind_the_word_worker() {
        for (name, expected) in [
            ("ecs-deploy-runner-worker-v0.90.3-*", Some("v0.90.3")),
            ("ecs-deploy-runner-worker-v0.90.3*", Some("v0.90.3")),
            ("acme-ecs-deploy-runner-worker-0.90.3-20260101", Some("0.90.3")),
            ("ecs-deploy-runner-worker-*", None),
            ("ecs-deploy-runner-worker-v1-*", None),
        ] {
            assert_eq!(release(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_filter_in_a_units_folder_is_compared_with_that_units_module() {
        let tree = fixture("drifted");
        let repo = tree.open();
        let filters = repo.worker_filters();
        assert_eq!(filters.len(), 1);
        assert_eq!(filters[0].release.as_deref(), Some("v0.90.3"));
        assert_eq!(filters[0].behind(&repo), []);
        let older = super::WorkerFilter { release: Some("v0.90.2".to_owned()), ..filters[0].clone() };
        assert_eq!(older.behind(&repo).iter().map(|(_, version)| *version).collect::<Vec<_>>(), ["v0.90.3"]);
    }
}
