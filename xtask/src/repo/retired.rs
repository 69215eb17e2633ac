//! Attributes that terragrunt no longer parses: a repository that has them works until somebody updates terragrunt, and
//! then not at all.

use super::{Repository, hcl::Source};
use crate::model::{Place, Version};

/// The release of terragrunt that took them away (<https://github.com/gruntwork-io/terragrunt/pull/5033>).
pub const SINCE: Version = Version::new(0, 93, 0);

/// Each with what takes its place.
const RETIRED: [(&str, &str); 4] = [
    ("retry_max_attempts", "an `errors` block"),
    ("retry_sleep_interval_sec", "an `errors` block"),
    ("retryable_errors", "an `errors` block"),
    ("skip", "an `exclude` block"),
];

/// An attribute that is no longer parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Its name.
    pub name: &'static str,
    /// What takes its place.
    pub instead: &'static str,
    /// Where it stands.
    pub place: Place,
}

impl Repository {
    /// The attributes in the files of all units that terragrunt no longer parses, by name, file and line.
    pub fn retired_attributes(&self) -> Vec<Retired> {
        let sources = self.files.sources();
        let configurations = sources.iter().filter(|source| source.path.extension().is_some_and(|it| it == "hcl"));
        let mut retired: Vec<_> = configurations.flat_map(|source| of(source)).collect();
        retired.sort_by(|a, b| (a.name, &a.place).cmp(&(b.name, &b.place)));
        retired
    }
}

fn of(source: &Source) -> impl Iterator<Item = Retired> {
    RETIRED.into_iter().filter_map(|(name, instead)| {
        let attribute = source.body.attributes.get(name)?;
        Some(Retired { name, instead, place: source.place(attribute.key.start) })
    })
}
